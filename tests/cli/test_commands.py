"""The daily commands: what they print, for people and for programs, and how they end."""

from __future__ import annotations

import io
import json

import pytest
import yaml

from crml_sdk.local import LocalCleanRoomsML

from .conftest import Run


def test_whoami_tells_account_region_and_memberships(run: Run, local: LocalCleanRoomsML) -> None:
    assert local.world.membership_id in run("whoami").out
    found = run("whoami", "-o", "json").json
    assert (found["account"], found["region"]) == ("111122223333", "us-east-1")
    assert [row["id"] for row in found["memberships"]] == [local.world.membership_id]


def test_the_only_membership_need_not_be_named(run: Run) -> None:
    names = {row["name"] for row in run("models", "list", "-o", "json").json}
    assert names == {"churn", "broken"}


def test_a_membership_is_found_by_the_name_of_its_collaboration(run: Run) -> None:
    ran = run("models", "list", "--membership", "Local collaboration", "-o", "json")
    assert len(ran.json) == 2


def test_several_memberships_have_to_be_told_apart(run: Run, local: LocalCleanRoomsML) -> None:
    from crml_sdk.local import Collaboration, Member

    room = Collaboration(
        "c0110000-0000-4000-8000-000000000009", "Second", "111122223333", created=0, updated=0
    )
    local.world.add_collaboration(
        room, [Member("111122223333", "3e3b0000-0000-4000-8000-000000000009")]
    )
    ran = run("models", "list")
    assert ran.status == 2
    assert "--membership" in ran.err
    assert "Second" in ran.err


def test_the_members_of_a_collaboration(run: Run, local: LocalCleanRoomsML) -> None:
    from crml_sdk.cli.commands import LISTINGS
    from crml_sdk.local import Member
    from crml_sdk.models import MemberStatus

    guest = Member("999900001111", status="INVITED", display_name="Guest", abilities=[], pays=[])
    local.world.add_member(local.world.collaboration_id, guest)
    lines = run("collaborations", "members").out.splitlines()
    assert "Member two" in lines[2]
    assert "CAN_QUERY" in lines[2]
    assert "training" in lines[2]
    named = ("--collaboration", "Local collaboration")
    ran = run("collaborations", "members", *named, "--status", "invited", "-o", "json")
    assert ran.status == 0, ran.err
    (row,) = ran.json
    assert (row["accountId"], row["displayName"]) == ("999900001111", "Guest")
    (row,) = run("collaborations", "members", "--name", "Member t*", "-o", "json").json
    assert row["membershipId"] == local.world.other_membership_id
    assert run("collaborations", "members", "--status", "gone").status == 2
    (known,) = (each.statuses for each in LISTINGS if each.operation == "ListMembers")
    assert list(known) == [str(status) for status in MemberStatus]


def test_a_collaboration_is_named_bare_as_for_show(run: Run, local: LocalCleanRoomsML) -> None:
    """Found: `collaborations show NAME` worked, `collaborations members NAME` was refused."""
    bare = run("collaborations", "members", "Local collaboration", "-o", "json")
    named = run("collaborations", "members", "--collaboration", "Local collaboration", "-o", "json")
    assert bare.json == named.json
    assert bare.json
    twice = run("collaborations", "members", "Local collaboration", "--collaboration", "Other")
    assert twice.status == 2
    assert "two collaborations are given" in twice.err


def test_options_of_every_command_stand_before_or_behind_it(run: Run) -> None:
    before = run("--output", "json", "models", "list").json
    assert before == run("models", "list", "--output", "json").json
    behind_wins = run("--output", "json", "models", "list", "--output", "yaml").out
    assert yaml.safe_load(behind_wins) == before


def test_json_lines_are_one_row_each(run: Run) -> None:
    lines = run("models", "list", "-o", "jsonl").out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["broken", "churn"]


@pytest.mark.parametrize("form", ["name", "arn"])
def test_versions_are_listed_newest_first(run: Run, form: str) -> None:
    model = "churn"
    if form == "arn":
        rows = run("models", "list", "-o", "json").json
        model = next(row["trainedModelArn"] for row in rows if row["name"] == "churn")
    rows = run("models", "versions", model, "-o", "json").json
    assert [row.get("versionIdentifier") is None for row in rows] == [False, False, True]
    table = run("models", "versions", model).out.splitlines()
    assert table[-1].startswith("base")
    assert "churn@base" in table[-2]


def test_latest_prints_a_reference_that_other_commands_take(run: Run) -> None:
    ref = run("models", "latest", "churn").out.strip()
    newest = run("models", "versions", "churn", "-o", "json").json[0]
    assert ref.endswith("@" + newest["versionIdentifier"])
    shown = run("models", "show", ref, "-o", "json").json
    assert shown["versionIdentifier"] == newest["versionIdentifier"]


def test_latest_says_when_no_version_works(run: Run) -> None:
    ran = run("models", "latest", "broken")
    assert ran.status == 1
    assert "no version that is ACTIVE" in ran.err
    assert run("models", "latest", "broken", "--any-status").status == 0


@pytest.mark.parametrize("version", ["base", "latest", "latest-active"])
def test_a_selector_behind_a_name_picks_the_version(run: Run, version: str) -> None:
    shown = run("models", "show", f"churn@{version}", "-o", "json").json
    assert ("versionIdentifier" in shown) is (version != "base")


def test_show_says_why_a_job_failed(run: Run) -> None:
    out = run("jobs", "show", "august").out
    assert "AlgorithmError" in out
    assert "no column" in out


def test_diff_names_the_members_that_differ(run: Run) -> None:
    rows = run("models", "diff", "churn", "base", "latest", "-o", "json").json
    assert {row["member"] for row in rows} >= {"createTime"}
    out = run("models", "diff", "churn", "base").out
    assert out.splitlines()[0].split() == ["member", "base", "latest"]


def test_diff_takes_the_versions_as_they_are_written_elsewhere(run: Run) -> None:
    by_words = run("models", "diff", "churn", "base", "latest", "-o", "json").json
    assert run("models", "diff", "churn@base", "churn@latest", "-o", "json").json == by_words
    assert run("models", "diff", "churn@base", "-o", "json").json == by_words
    assert run("models", "diff", "churn", "-o", "json").json == by_words


def test_lineage_is_a_tree_for_people_and_nested_rows_for_programs(run: Run) -> None:
    tree = run("models", "lineage", "churn").out.splitlines()
    assert [line.count("── churn") for line in tree] == [0, 1, 1, 1]
    document = run("models", "lineage", "churn", "-o", "json").json
    assert len(document["roots"][0]["children"][0]["children"]) == 1


def test_jobs_are_listed_for_a_model_and_for_the_collaboration(
    run: Run, local: LocalCleanRoomsML
) -> None:
    names = {row["name"] for row in run("jobs", "list", "--model", "churn", "-o", "json").json}
    assert names == {"july", "august"}
    room = local.world.collaboration_id
    theirs = run("jobs", "list", "--collaboration", room, "-o", "json").json
    assert {row["creatorAccountId"] for row in theirs} == {"111122223333"}


def test_a_job_is_started_on_a_pinned_version(run: Run) -> None:
    newest = run("models", "versions", "churn", "-o", "json").json[0]["versionIdentifier"]
    ran = run("jobs", "start", "churn", "--name", "may", "--channel", "churn-data")
    assert ran.status == 0, ran.err
    job = run("jobs", "show", ran.out.strip(), "-o", "json").json
    assert job["trainedModelVersionIdentifier"] == newest
    assert job["outputConfiguration"]["members"] == [{"accountId": "111122223333"}]


def test_results_tell_where_they_are(run: Run, local: LocalCleanRoomsML) -> None:
    place = {"destination": {"s3Destination": {"s3Uri": "s3://bucket/ml"}}, "roleArn": ROLE}
    arguments = json.dumps({"defaultOutputLocation": place})
    unset = run("jobs", "results", "july")
    assert (unset.status, "no ML configuration" in unset.err) == (1, True)
    assert run("call", "PutMLConfiguration", "-a", arguments).status == 0
    address = run("jobs", "results", "july").out.strip()
    room = local.world.collaboration_id
    assert address == f"s3://bucket/ml/{room}/churn/111122223333/july/"
    failed = run("jobs", "results", "august")
    assert (failed.status, "CREATE_FAILED" in failed.err) == (1, True)


ROLE = "arn:aws:iam::111122223333:role/clean-rooms"


def test_channels_are_listed_shown_and_emptied(run: Run) -> None:
    name = run("channels", "list", "-o", "json").json[0]["name"]
    assert run("channels", "show", name, "-o", "json").json["status"] == "ACTIVE"
    assert run("channels", "delete-data", name).status == 0
    assert run("channels", "wait", name, "--deleted", "--poll", "1ms").status == 0


def test_nothing_found_is_said_and_is_no_error(run: Run) -> None:
    ran = run("models", "versions", "churn", "--status", "inactive")
    assert (ran.status, ran.out, ran.err.strip()) == (0, "", "nothing found")


def test_call_takes_documented_and_python_names(run: Run) -> None:
    documented = run("call", "ListTrainedModels", "-a", '{"maxResults": 1}')
    python = run("call", "list-trained-models", "-a", '{"max_results": 1}', "-o", "json").json
    assert [row["name"] for row in python["trainedModels"]] == ["broken"]
    assert "nextToken" in documented.out
    rest = run(
        "call",
        "ListTrainedModels",
        "-a",
        json.dumps({"nextToken": python["nextToken"]}),
        "-o",
        "json",
    ).json
    assert [row["name"] for row in rest["trainedModels"]] == ["churn"]


def test_call_reads_every_page_when_asked(run: Run) -> None:
    rows = run("call", "ListTrainedModels", "-a", '{"maxResults": 1}', "--all").json
    assert len(rows) == 2


def test_call_reads_files_and_standard_input(
    run: Run, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "arguments.json"
    file.write_text('{"maxResults": 1}')
    assert "nextToken" in run("call", "ListTrainedModels", "-a", f"@{file}").out
    monkeypatch.setattr("sys.stdin", io.StringIO('{"maxResults": 1}'))
    assert "nextToken" in run("call", "ListTrainedModels", "-a", "-").out


def test_call_checks_before_it_sends_and_names_every_fault(
    run: Run, local: LocalCleanRoomsML
) -> None:
    ran = run("call", "CreateConfiguredModelAlgorithm", "-a", f'{{"name": "{"n" * 64}"}}')
    assert ran.status == 2
    assert "name" in ran.err
    assert "roleArn: is required" in ran.err
    assert not local.calls("CreateConfiguredModelAlgorithm")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call", "ListTrainedModel"), "ListTrainedModels"),
        (("call", "ListTrainedModels", "-a", "{"), "not JSON"),
        (("call", "ListTrainedModels", "-a", "[]"), "JSON object"),
        (("call", "GetTrainedModel", "-a", '{"nope": 1}'), "nope"),
        (("models", "cancel", "churn"), "@latest"),
        (("models", "nope"), "--help"),
        (("models", "list", "--output", "xml"), "--help"),
        (("jobs", "wait", "july", "--timeout", "soon"), "90s"),
    ],
)
def test_faults_of_usage_end_with_status_2_and_say_what_to_do(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    ran = run(*arguments)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_an_unknown_name_comes_with_the_ones_that_are_near(run: Run) -> None:
    ran = run("models", "show", "chrun")
    assert ran.status == 1
    assert "'churn'" in ran.err


def test_a_refused_connection_is_one_line(run: Run) -> None:
    ran = run("models", "list", "--endpoint-url", "http://127.0.0.1:9", "--membership", MEMBERSHIP)
    assert ran.status == 1
    assert len(ran.err.strip().splitlines()) == 2
    assert "--endpoint-url" in ran.err


MEMBERSHIP = "3e3b0000-0000-4000-8000-000000000001"


def test_debug_shows_the_trace(run: Run) -> None:
    assert "Traceback" in run("models", "show", "chrun", "--debug").err


def test_without_a_region_the_next_step_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    ran = run("models", "list")
    assert ran.status == 2
    assert "--region" in ran.err


def test_operations_lists_all_of_them(run: Run) -> None:
    rows = run("operations", "-o", "json").json
    assert len(rows) == 59 + 5
    assert {
        "operation": "ListMLInputChannels",
        "command": "crml channels list",
        "call": "list-ml-input-channels",
    }.items() <= next(row for row in rows if row["operation"] == "ListMLInputChannels").items()
    assert "sdk.collaboration(id).trained_models.get" in run("operations").out


def test_the_version_is_told(run: Run) -> None:
    import crml_sdk

    assert run("--version").out.strip() == f"crml {crml_sdk.__version__}"
