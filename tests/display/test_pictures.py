"""Pictures and tables: they show what there is, escaped, and load only when something is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from xml.etree import ElementTree

import pytest

from crml_sdk import CleanRoomsML, Lineage, Page, models, show, to_records
from crml_sdk.lineage import LineageNode, build_lineage
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.untrusted import has_controls
from crml_sdk.waiting import Handle, Outcome, Outcomes

ARN = (
    "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/"
    "3e3b0000-0000-4000-8000-000000000001/trained-model/86eb142d-577a-41ea-8e8d-62101ae472a0"
)
NASTY = "<script>\"'&`"


@pytest.fixture
async def sdk() -> AsyncIterator[CleanRoomsML]:
    local = LocalCleanRoomsML()
    local.seed({"models": [{"name": "churn", "versions": 3}]})
    async with local.sdk(membership=local.world.membership_id) as client:
        yield client


async def lineage_of(sdk: CleanRoomsML) -> Lineage:
    row = await sdk.trained_models.by_name("churn")
    return await sdk.trained_models.lineage(row.trained_model_arn)


async def test_a_lineage_shows_every_version_with_status_and_time(sdk: CleanRoomsML) -> None:
    lineage = await lineage_of(sdk)
    picture = ElementTree.fromstring(lineage.to_svg())
    text = " ".join(picture.itertext())
    assert text.count("churn") == 3
    assert text.count("ACTIVE · 20") == 3
    space = "{http://www.w3.org/2000/svg}"
    assert len(picture.findall(f"{space}circle")) == 3
    assert len(picture.findall(f"{space}path")) == 2
    assert lineage._repr_html_() == lineage.to_svg()


async def test_a_mermaid_diagram_has_an_arrow_from_each_parent(sdk: CleanRoomsML) -> None:
    text = (await lineage_of(sdk)).to_mermaid()
    assert text.startswith("flowchart TD\n")
    assert "v0 --> v1" in text
    assert "v1 --> v2" in text


def test_names_from_the_service_are_escaped_everywhere() -> None:
    lineage = Lineage(ARN, (LineageNode(NASTY, None),))
    assert "<script>" not in lineage.to_svg()
    ElementTree.fromstring(lineage.to_svg())
    assert "<script>" not in lineage.to_mermaid()
    assert "#lt;script#gt;#quot;" in lineage.to_mermaid()
    assert "<script>" not in show([{"name": NASTY}])._repr_html_()
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    job = models.MLInputChannelSummary.model_construct(
        name=NASTY, status=models.MLInputChannelStatus("ACTIVE"), create_time=now, update_time=now
    )
    outcomes = Outcomes([Outcome(Handle("trained-model", ARN), job, None, 1.0)])
    ElementTree.fromstring(outcomes.to_svg())


@pytest.mark.parametrize(
    "hostile",
    ["\x1b]0;owned\x07", "\x1b[2J", "\x9b2J", "\u202egnp.exe", "\x00\uffff\ud800", "a\nb"],
)
def test_names_from_the_service_do_nothing_where_they_are_shown(hostile: str) -> None:
    row = models.MLInputChannelSummary.model_construct(
        name=hostile, status=models.MLInputChannelStatus(hostile), create_time=datetime.now()
    )
    node = LineageNode(hostile, hostile, None, (LineageNode(hostile, hostile),))
    lineage = Lineage(ARN, (node,))
    outcomes = Outcomes([Outcome(Handle("trained-model", ARN), row, None, 1.0)])
    ElementTree.fromstring(lineage.to_svg())
    ElementTree.fromstring(outcomes.to_svg())
    ElementTree.fromstring(show([row])._repr_html_())
    lines = str(lineage).splitlines() + lineage.to_mermaid().splitlines()
    assert len(lines) == 2 + 1 + 2 + 1 + 4
    for text in [*lines, outcomes.to_svg(), lineage.to_svg(), show([row])._repr_html_()]:
        assert not has_controls(text)


async def test_outcomes_of_a_wait_show_as_a_timeline(sdk: CleanRoomsML) -> None:
    row = await sdk.trained_models.by_name("churn")
    versions = await sdk.trained_models.versions(row.trained_model_arn)
    outcomes = Outcomes(
        Outcome(Handle.of(version), version, None, 1.0) for version in reversed(versions)
    )
    picture = ElementTree.fromstring(outcomes._repr_html_())
    assert len(picture.findall("{http://www.w3.org/2000/svg}rect")) == 3
    assert "ACTIVE after" in " ".join(picture.itertext())
    assert Outcomes([]).to_svg() == "<p><em>nothing was waited for</em></p>"


async def test_a_page_shows_itself_and_gives_plain_rows(sdk: CleanRoomsML) -> None:
    row = await sdk.trained_models.by_name("churn")
    pages = [page async for page in sdk.trained_models.versions(row.trained_model_arn).pages()]
    records = pages[0].to_records()
    assert [record["status"] for record in records] == ["ACTIVE"] * 3
    assert type(records[0]["status"]) is str
    assert isinstance(records[0]["create_time"], datetime)
    assert len({tuple(record) for record in records}) == 1
    html = pages[0]._repr_html_()
    assert html.index("name") < html.index("version_identifier") < html.index("create_time")
    assert ">base<" in html


def test_nested_structures_become_keys_with_a_dot() -> None:
    config = models.ResourceConfig(instance_type="ml.m5.large", volume_size_in_gb=3)
    records = to_records([{"name": "a", "resources": config.model_dump()}, {"name": "b"}])
    assert records[0]["resources.instance_type"] == "ml.m5.large"
    assert records[1]["resources.instance_type"] is None
    with pytest.raises(TypeError, match="no model"):
        to_records([1])


def test_an_empty_page_and_a_long_one_say_so() -> None:
    assert "no rows" in Page([])._repr_html_()
    assert "and 50 more rows" in show([{"name": str(n)} for n in range(250)])._repr_html_()


def test_an_empty_lineage_says_so() -> None:
    assert "no versions" in build_lineage(ARN, []).to_svg()


def test_nothing_of_it_is_loaded_before_something_is_shown() -> None:
    code = (
        "import sys, crml_sdk.client, crml_sdk.versions, crml_sdk.pagination, crml_sdk.waiting;"
        "print([name for name in sys.modules if name.startswith('crml_sdk.display')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
