"""The tutorial for AWS: its policies are made, and its commands for the AWS CLI are ones that it has."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .pages import ROOT, read_page

PAGE = read_page(ROOT / "docs" / "guides" / "on-aws.md")
AWS = """#!/bin/sh
shift 2 # --profile NAME
echo "$*" >> calls.txt
for word; do
    case $word in file://*) cat "${word#file://}" >> documents.txt ;; esac
done
"""


def test_its_shell_blocks_make_every_role_and_policy(tmp_path: Path) -> None:
    """With an `aws` that only keeps what it is given, and a `docker` that does nothing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("aws", AWS), ("docker", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tmp_path / "rehearsal" / "containers").mkdir(parents=True)
    arn = "arn:aws:cleanrooms:us-east-1:{}:membership/11111111-2222-3333-4444-555555555555"
    script = "\n".join(block.code for block in PAGE.of("sh") if "pip install" not in block.code)
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{tools}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
            "PUBLISHER_MEMBERSHIP": arn.format("444455556666"),
            "ADVERTISER_MEMBERSHIP": arn.format("111122223333"),
        },
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls.txt").read_text().splitlines()
    assert len([call for call in calls if call.startswith("iam create-role")]) == 6
    assert len([call for call in calls if call.startswith("iam delete-role ")]) == 6
    documents = list(all_json((tmp_path / "documents.txt").read_text()))
    assert len([each for each in documents if "Statement" in each]) == 2 + 2 * 6
    assert [each["Name"] for each in documents if "Name" in each] == ["customers", "contracts"]


def all_json(text: str) -> Iterator[dict[str, Any]]:
    """The JSON documents that stand in a row in a text."""
    while text := text.lstrip():
        document, end = json.JSONDecoder().raw_decode(text)
        yield document
        text = text[end:]


def test_the_role_it_shows_is_the_one_that_is_made() -> None:
    from crml_sdk import policies

    shown = next(block for block in PAGE.of("json") if "sts:AssumeRole" in block.code)
    roles = policies.ServiceRoles(region="us-east-1", account_id="111122223333")
    made = roles.ml_configuration(
        bucket="advertiser-results-111122223333",
        membership_identifier="<the advertiser's membership>",
    )
    assert json.loads(shown.code) == made.trust
