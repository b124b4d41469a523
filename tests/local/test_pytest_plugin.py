"""The fixtures, as a user's own test run meets them."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

USERS_FILE = """
async def train(crml, crml_local):
    arns = crml_local.seed({"models": [{"name": "churn", "versions": 2}]})
    return arns["trained-model/churn"]

MARK
async def test_versions(crml, crml_local):
    arn = await train(crml, crml_local)
    versions = await crml.trained_models.versions(arn)
    assert len(versions) == 2
    assert versions[1].is_base
    assert crml_local.calls("ListTrainedModelVersions")[0].status == 200

def test_each_test_has_its_own(crml_local):
    assert crml_local.requests == ()

def test_server(crml_local_server):
    assert crml_local_server.url.startswith("http://127.0.0.1:")
    assert crml_local_server.environment["AWS_ACCESS_KEY_ID"] == crml_local_server.access_key
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_users_file_runs_in_both_modes_of_pytest_asyncio(
    pytester: pytest.Pytester, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = "" if mode == "auto" else "import pytest\n@pytest.mark.asyncio"
    pytester.makepyfile(USERS_FILE.replace("MARK", mark))
    pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    plugins = []
    if mode == "strict":  # one of the two comes by the entry points, the other loads what it needs
        plugins = by_hand(monkeypatch, "pytest_asyncio.plugin")
    result = pytester.runpytest_subprocess(f"--asyncio-mode={mode}", "-q", *plugins)
    result.assert_outcomes(passed=3)


def by_hand(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """Options that load only these plugins and ours: a tenth of the time of all that are there."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return [part for name in (*names, "crml_sdk.pytest_plugin") for part in ("-p", name)]


def test_without_a_plugin_for_async_the_fixture_says_so(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile("def test_it(crml): pass\n")
    result = pytester.runpytest_subprocess("-q", *by_hand(monkeypatch))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs pytest-asyncio or anyio*"])


def test_with_anyio_alone_the_fixture_works(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_it(crml):
            assert await crml.configured_model_algorithms.list() == []
        """
    )
    result = pytester.runpytest_subprocess("-q", *by_hand(monkeypatch, "anyio"))
    result.assert_outcomes(passed=1)


def test_a_run_that_does_not_use_the_plugin_pays_nothing_for_it() -> None:
    code = """
import sys
import crml_sdk.pytest_plugin
heavy = {"aiobotocore", "botocore", "aiohttp", "pydantic", "crml_sdk.local", "pytest_asyncio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


STUB = """
import sys, types
from crml_sdk.local import Results

class Stub:
    made, closed = [], []

    def __init__(self, workspace, **options):
        self.workspace = workspace
        Stub.made.append(workspace)

    def runs(self, job):
        return job.kind == "trained-model"

    def run(self, job, context):
        if job.name == "long":
            context.stopping.wait(60)
        return Results()

    def discard(self, arn, version): ...
    def close(self):
        Stub.closed.append(self.workspace)

running = "crml_sdk.local.running"
sys.modules[f"{running}.workspace"] = types.SimpleNamespace(load=lambda path: path.name)
sys.modules[f"{running}.runner"] = types.SimpleNamespace(ContainerRunner=Stub)
"""
WITH_A_WORKSPACE = """
import pytest
from conftest import Stub

async def train(crml, crml_local, name):
    arns = crml_local.seed({"channels": [{"name": "rows", "association": "a"}]})
    membership = crml_local.world.membership_id
    return await crml.trained_models.create(
        membership_identifier=membership,
        name=name,
        configured_model_algorithm_association_arn=arns["configured-model-algorithm-association/a"],
        resource_config={"instance_type": "ml.m5.large", "volume_size_in_gb": 1},
        data_channels=[
            {"ml_input_channel_arn": arns["ml-input-channel/rows"], "channel_name": "rows"}
        ],
    )

async def test_it_trains(crml, crml_local):
    made = await train(crml, crml_local, "short")
    model = await crml.trained_models.wait(made.trained_model_arn, timeout=60)
    assert model.status == "ACTIVE"
    assert Stub.made == ["all.toml"]

@pytest.mark.crml_workspace("mine.toml")
async def test_one_of_its_own(crml, crml_local):
    await train(crml, crml_local, "long")  # is ended when the test is
    assert Stub.closed == ["all.toml"]

@pytest.mark.crml_workspace(None)
def test_simulated(crml_local):
    assert crml_local.runner is None
    assert Stub.closed == ["all.toml", "mine.toml"]
"""


def test_jobs_are_really_run_with_a_workspace_and_ended_with_the_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(STUB)
    pytester.makepyfile(WITH_A_WORKSPACE)
    pytester.makeini(
        "[pytest]\ncrml_workspace = all.toml\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    result = pytester.runpytest_subprocess("--asyncio-mode=auto", "-q", "--strict-markers")
    result.assert_outcomes(passed=3)
