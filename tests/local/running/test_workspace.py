"""The workspace file: what it may say, and what is said about it when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from crml_sdk.local.running.faults import WorkspaceError
from crml_sdk.local.running.workspace import ImageEntry, Workspace, load

WHOLE = """
[images."111122223333.dkr.ecr.us-east-1.amazonaws.com/churn-train"]
context = "training"
arguments = { FLAVOUR = "plain" }

[images."111122223333.dkr.ecr.us-east-1.amazonaws.com/churn-infer:2"]
command = ["python", "serve.py"]
directory = "inference"
environment = { MODEL_KIND = "logistic" }

[tables]
"advertising.customers" = "data/customers.csv"
"retailer" = "data/retailer/*.parquet"

[results]
directory = "results"

[run]
sandbox = "unshare"
memory_gb = 1.5
visible = ["/usr/share/fonts"]

[types]
"advertising.customers" = { spend = "double" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("training", "inference", "data/retailer"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "training" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "data" / "customers.csv").write_text("a\n1\n")
    for name in ("b", "a"):
        (tmp_path / "data" / "retailer" / f"{name}.parquet").write_bytes(b"")
    return tmp_path


def read(folder: Path, text: str) -> Workspace:
    path = folder / "workspace.toml"
    path.write_text(text)
    return load(path)


def test_a_whole_file(folder: Path) -> None:
    workspace = read(folder, WHOLE)
    entry = workspace.image("111122223333.dkr.ecr.us-east-1.amazonaws.com/churn-train:7")
    assert entry is not None
    assert entry.context == folder / "training"
    assert entry.arguments == {"FLAVOUR": "plain"}
    assert workspace.tables["retailer"] == (
        folder / "data/retailer/a.parquet",
        folder / "data/retailer/b.parquet",
    )
    assert workspace.results == folder / "results"
    assert workspace.run.memory_gb == 1.5
    assert workspace.run.seconds_to_stop == 120
    assert workspace.types == {"advertising.customers": {"spend": "double"}}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("repo/a", "repo/a"),
        ("repo/a:1", "repo/a"),
        ("repo/a:2", "repo/a:2"),
        ("repo/a@sha256:00", "repo/a"),
        ("repo/ab", None),
        ("repo/a/b", None),
    ],
)
def test_the_longest_match_of_an_image_wins(uri: str, expected: str | None) -> None:
    workspace = Workspace(images={key: ImageEntry(key) for key in ("repo/a", "repo/a:2")})
    found = workspace.image(uri)
    assert (found.uri if found else None) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\nsandbx = 1", "line 2: run.sandbx: did you mean sandbox?"),
        ("[image]\n", "did you mean images?"),
        ("[run]\nsandbox = 'docker'", "line 2: run.sandbox: must be one of auto, bubblewrap"),
        ("[run]\n\nmemory_gb = 'much'", "line 3: run.memory_gb: must be a number"),
        ("[run]\nmemory_gb = -1", "a positive number, not -1"),
        ("[run]\nmemory_gb = nan", "must be a positive number, not nan"),
        ("[run]\ndisk_gb = inf", "must be a positive number, not inf"),
        ("[run]\njobs = 0", "a positive number, not 0"),
        ("[run]\njobs = 'all'", "must be a whole number"),
        ("[run]\nnetwork = 1", "must be true or false"),
        ("[run]\nprocesses = 1.5", "must be a whole number"),
        ("[images.a]\npython = 'x'", "line 1: images.a: needs either context or command"),
        ("[images.a]\ncontext = 'training'\ncommand = ['x']", "either context or command"),
        ("[images.a]\ncontext = 'gone'", "is not a directory"),
        ("[images.a]\ncontext = 'inference'", "there is no"),
        ("[images.a]\ncommand = 'python serve.py'", "must be a list of strings"),
        ("[images.a]\ncommand = ['x']\ncontxt = 'y'", "did you mean context?"),
        ("[images.a]\ncommand = ['x']\nenvironment = { A = 1 }", "must be a string, not 1"),
        ("[images.a]\ncommand = ['x']\ndockerfile = 'Dockerfile'", "can only be used with context"),
        ("[tables]\nt = 'nothing/*.csv'", "line 2: tables.t: no file matches"),
        ("[tables]\nt = 'training/Dockerfile'", "must be CSV files"),
        ("[results]\ndirectory = 'a'\nendpoint_url = 'http://x'", "either directory or"),
        ("[results]\nendpoint_url = 'localhost'", "is not a URL"),
        ("[run]\nx = = 1", "line 2"),
        ("x = " + "[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, text: str, said: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        read(folder, text)
    assert said in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot be read"):
        load(tmp_path / "workspace.toml")
