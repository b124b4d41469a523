"""Output keeps its word: nothing cut, nothing that acts, JSON that is JSON, filters, completion."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import unicodedata
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from crml_sdk.cli.columns import COLUMNS
from crml_sdk.cli.failures import Refused
from crml_sdk.cli.listing import parse_since
from crml_sdk.cli.models import differences
from crml_sdk.cli.writing import Column, json_text, members, moment, table, yaml_text
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.stepfunctions import state_machine
from crml_sdk.untrusted import has_controls

from .conftest import Run

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp\x9b2J"


def test_text_from_strangers_does_nothing_to_a_terminal(run: Run, local: LocalCleanRoomsML) -> None:
    local.seed(
        {
            "models": [
                {
                    "name": "evil",
                    "status": "CREATE_FAILED",
                    "description": "a\n\tb",
                    "statusDetails": {"statusCode": "AlgorithmError", "message": HOSTILE},
                }
            ]
        }
    )
    for arguments in (
        ("models", "show", "evil"),
        ("models", "list"),
        ("models", "lineage", "evil"),
        ("models", "wait", "evil"),
        ("models", "show", "evil", "-o", "json"),
        ("models", "show", "evil", "-o", "yaml"),
        ("models", "wait", "evil", "--debug"),
    ):
        ran = run(*arguments)
        assert not has_controls(ran.out + ran.err), arguments
    assert run("models", "show", "evil", "-o", "json").json["statusDetails"]["message"] == HOSTILE
    shown = yaml.safe_load(run("models", "show", "evil", "-o", "yaml").out)
    assert shown["statusDetails"]["message"] == HOSTILE
    assert "description  a\n" in re.sub(" +", "  ", run("models", "show", "evil").out)


def test_a_table_is_as_wide_as_it_has_to_be_where_there_is_no_terminal() -> None:
    rows = [{"a": "x" * 300, "b": "東京"}, {"a": "y\nz", "b": "e\u0301"}]
    columns = [Column("a", lambda row: row["a"]), Column("status", lambda row: row["b"])]
    lines = table(rows, columns, None).splitlines()
    assert len(lines) == 3
    assert "x" * 300 in lines[1]
    assert r"y\nz" in lines[2]


def test_rows_are_stacked_where_a_terminal_is_too_narrow() -> None:
    rows = [{"a": "x" * 60, "b": "y" * 30}] * 2
    columns = [Column("name", lambda row: row["a"]), Column("version", lambda row: row["b"])]
    text = table(rows, columns, 80)
    assert text.count("x" * 60) == text.count("y" * 30) == 2
    assert text.splitlines()[0] == "name     " + "x" * 60
    assert text.splitlines()[2] == ""
    assert len(table(rows, columns, 200).splitlines()) == 3


def test_blocks_keep_their_lines() -> None:
    assert members({"message": "a\n\tb", "n": 1}) == "message  a\n         \tb\nn        1"


def test_times_name_their_zone() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert re.fullmatch(r"2026-01-0\d \d\d:\d\d:05(Z|[+-]\d\d:\d\d)", moment(time))


@pytest.mark.parametrize("value", [HOSTILE, "a\u2028b", "東京", "\x7f", "a\x00b"])
def test_json_and_yaml_are_exact_and_harmless(value: str) -> None:
    for text, read in (
        (json_text({"a": value}), json.loads),
        (yaml_text({"a": value}), yaml.safe_load),
    ):
        assert read(text) == {"a": value}
        assert not has_controls(text)


def test_what_the_service_does_not_show_is_no_difference() -> None:
    class Row:
        def __init__(self, **values: Any) -> None:
            self.values = values

        model_fields: Any = ()

        def model_dump(self, **_: Any) -> dict[str, Any]:
            return self.values

    class Full(Row):
        model_fields = ("name", "hyperparameters", "tags")

    class Summary(Row):
        model_fields = ("name",)

    found = differences(Summary(name="a"), Full(name="b", hyperparameters={"e": "1"}, tags={}))
    assert [(row["member"], row.get("notShown")) for row in found] == [
        ("name", None),
        ("hyperparameters.e", ["old"]),
    ]


def test_lists_are_filtered(run: Run) -> None:
    def names(*arguments: str) -> list[str]:
        return [row["name"] for row in run("models", "list", *arguments, "-o", "json").json]

    assert names("--status", "active") == ["churn"]
    assert names("--name", "chu*") == ["churn"]
    assert names("--name", "chu") == []
    assert names("--since", "1h") == ["broken", "churn"]
    assert names("--since", "2100-01-01") == []
    assert names("--limit", "1") == ["broken"]
    assert names("--status", "ACTIVE", "--limit", "0") == []
    assert run("models", "list", "--since", "soon").status == 2


def test_since_is_so_long_ago_or_a_time() -> None:
    now = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert parse_since("36h", now) == now - timedelta(hours=36)
    assert parse_since("2026-01-01T00:00:00Z", now) == now - timedelta(days=1)
    assert parse_since("2026-01-01", now).utcoffset() is not None
    for text in ("", "yesterday", "9d9x", "1e999d"):
        with pytest.raises(Refused):
            parse_since(text, now)


def test_a_job_says_which_model_it_used(run: Run) -> None:
    assert "churn@base" in run("jobs", "list").out
    assert "model" in {column.title for column in COLUMNS.values()}


def test_watching_ends_when_all_have_ended(run: Run) -> None:
    ran = run("jobs", "list", "--watch", "-o", "jsonl")
    assert [json.loads(line)["name"] for line in ran.out.splitlines()] == ["august", "july"]


def completions(line: str, **environment: str) -> tuple[list[str], str]:
    done = subprocess.run(
        [sys.executable, "-m", "crml_sdk.cli"],
        env={
            **os.environ,
            "_CRML_COMPLETE": "bash_complete",
            "COMP_LINE": line,
            "COMP_WORDBREAKS": " \t\n\"'@><=;|&(:",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return [row.partition(",")[2] for row in done.stdout.splitlines() if row], done.stderr


def test_completion_knows_operations_values_profiles_and_names(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile data]\n[default]\n[sso-session x]\n")
    places = {"XDG_CACHE_HOME": str(tmp_path), "AWS_CONFIG_FILE": str(config)}
    assert completions("crml call list-trained-models", **places) == (["list-trained-models"], "")
    assert completions("crml models train --training-input-mode F", **places)[0] == [
        "File",
        "FastFile",
    ]
    assert completions("crml --profile d", **places)[0] == ["data", "default"]
    assert completions("crml models list --output=js", **places)[0] == ["json", "jsonl"]
    assert completions("crml models list --status CREATE_F", **places)[0] == ["CREATE_FAILED"]
    assert completions("crml models show c", **places) == (["churn"], "")
    (cached,) = (tmp_path / "crml").iterdir()
    cached.write_text('["cached"]')
    assert completions("crml models show c", **places) == (["cached"], "")


def test_bash_completes_behind_an_equals_sign_where_it_cuts_words(run: Run, tmp_path: Path) -> None:
    """Found: `--channel train=ju` was completed as if `ju` were the whole word, to nothing."""
    line = "crml models train fresh --channel train=churn"
    assert completions(line, XDG_CACHE_HOME=str(tmp_path)) == (["churn-data"], "")


def test_bash_gets_a_name_with_spaces_as_one_word(run: Run, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    (tmp_path / "crml").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m crml_sdk.cli "$@"\n')
    (tmp_path / "crml").chmod(0o755)
    asked = """
        eval "$(crml completion bash)"
        COMP_LINE="crml models list --collaboration Local\\ c"; COMP_POINT=${#COMP_LINE}
        _crml_completion crml; printf "%s\\n" "${COMPREPLY[@]}"
    """
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [bash, "--norc", "-c", asked],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("Local\\ collaboration\n", "")


def test_completion_is_silent_when_it_cannot_know(tmp_path: Path) -> None:
    places = {"XDG_CACHE_HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "none")}
    gone = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1"}
    assert completions("crml models show c", **places, **gone) == ([], "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.status, "_CRML_COMPLETE" in ran.out) == (0, True)


@pytest.mark.parametrize("kind", ["train", "infer"])
def test_a_state_machine_is_written_whole_and_only_json(run: Run, kind: Any) -> None:
    ran = run("stepfunctions", kind, "--partition", "aws-us-gov")
    assert (ran.status, ran.err) == (0, "")
    assert ran.json == state_machine(kind, partition="aws-us-gov")
    assert ran.json["States"]["Start"]["Resource"].startswith("arn:aws-us-gov:states:")


def test_a_state_machine_of_another_kind_is_a_fault_of_usage(run: Run) -> None:
    ran = run("stepfunctions", "predict")
    assert (ran.status, ran.out) == (2, "")
    assert "'train'" in ran.err


def test_a_terminal_of_eighty_columns_sees_whole_identifiers(run: Run) -> None:
    parent, child = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": ""}
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "crml_sdk.cli", "models", "versions", "churn"]
    process = subprocess.Popen(command, stdout=child, stderr=child, stdin=child, env=environment)
    os.close(child)
    seen = b""
    try:
        while chunk := os.read(parent, 4096):
            seen += chunk
    except OSError:
        pass  # Linux says so when the other end is closed
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode())
    assert len(re.findall(r"^version +[0-9a-f-]{36}\r?$", text, re.MULTILINE)) == 2
    assert all(unicodedata.category(character) != "Cc" for character in text.replace("\r\n", ""))
