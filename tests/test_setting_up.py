"""How `scripts/` makes its environment: with uv, without, and where uv cannot fetch.

The shell code runs as it is, in a copy of the repository's two files it reads; `python3` and `uv`
are stand-ins that note how they were called and are as strict as the real ones about options.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PYTHON = r"""#!/bin/sh
# A Python that knows: -c, -m venv, -m ensurepip, -m pip.
here=$(dirname "$0")
case "$1 $2" in
  "-c "*) case "$2" in *print*) echo "3.11 /usr";; esac; exit 0;;
  "-m venv")
    shift 2; [ "$1" = --clear ] && { rm -rf "$2"; shift; }
    mkdir -p "$1/bin"; cp "$0" "$1/bin/python"; touch "$1/bin/has-pip";;
  "-m ensurepip")
    [ $# = 2 ] || { echo "ensurepip: error: unrecognized arguments: $3" >&2; exit 2; }
    touch "$here/has-pip";;
  "-m compileall") touch "$here/compiled";;
  "-m pip")
    [ -f "$here/has-pip" ] || { echo "No module named pip" >&2; exit 1; }
    case "$*" in
      *"install -q --disable-pip-version-check uv")
        [ -n "$PIP_GETS_UV" ] || { echo "No matching distribution" >&2; exit 1; }
        cp "$STUBS/uv" "$here/uv";;
      *install*) echo "pip $*" >>"$CALLS";;
    esac;;
  *) echo "unexpected: $*" >&2; exit 9;;
esac
"""

UV = r"""#!/bin/sh
echo "uv $*" >>"$CALLS"
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"; cp "$STUBS/python3" "$UV_PROJECT_ENVIRONMENT/bin/python"
[ -z "$UV_CANNOT_FETCH" ] || { echo "error: Failed to fetch" >&2; exit 2; }
"""


class Clone:
    """What `_env.sh` needs of a clone, and a PATH of stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.stubs = folder / "stubs"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.home = folder / "home"
        for made in (self.root / "scripts", self.stubs, self.bin, self.home):
            made.mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "_env.sh", self.root / "scripts")
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, self.root)
        for name, text in (("python3", PYTHON), ("uv", UV)):
            (self.stubs / name).write_text(text)
            (self.stubs / name).chmod(0o755)
        shutil.copy(self.stubs / "python3", self.bin)

    def with_uv(self) -> None:
        shutil.copy(self.stubs / "uv", self.bin)

    def set_up(self, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "HOME": str(self.home),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "CRML_PYTHON": str(self.bin / "python3"),
            "CALLS": str(self.calls),
            "STUBS": str(self.stubs),
        }
        return subprocess.run(
            ["bash", "-c", '. "$0" && setup_env dev', str(self.root / "scripts" / "_env.sh")],
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def called(self) -> list[str]:
        """The tools that were called to install something, in order."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line.split()[0] for line in lines]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_uv_is_used_where_it_is(clone: Clone) -> None:
    clone.with_uv()
    done = clone.set_up()
    assert (done.returncode, clone.called()) == (0, ["uv"]), done.stderr
    assert not (clone.root / ".tools").exists()
    # The code's own bytecode is not the tools' affair.
    assert (clone.root / ".venv" / "bin" / "compiled").exists()


def test_uv_is_installed_beside_the_code_where_pip_gets_it(clone: Clone) -> None:
    done = clone.set_up(PIP_GETS_UV="1")
    assert (done.returncode, clone.called()) == (0, ["uv"]), done.stderr


@pytest.mark.parametrize("present", [True, False])
def test_pip_takes_over_where_uv_cannot_fetch(clone: Clone, present: bool) -> None:
    # `ensurepip -q` ended it here: what uv had begun has no pip, and ensurepip has no -q.
    if present:
        clone.with_uv()
    done = clone.set_up(UV_CANNOT_FETCH="1", PIP_GETS_UV="1")
    assert (done.returncode, clone.called()) == (0, ["uv", "pip", "pip"]), done.stderr
    assert "trying pip" in done.stderr
    assert (clone.root / ".venv" / ".crml-stamp").exists()


@pytest.mark.parametrize("variables", [{}, {"CRML_NO_UV": "1", "PIP_GETS_UV": "1"}])
def test_pip_alone_does_where_there_is_no_uv(clone: Clone, variables: dict[str, str]) -> None:
    done = clone.set_up(**variables)
    assert (done.returncode, clone.called()) == (0, ["pip", "pip"]), done.stderr
    assert "--group dev" in clone.calls.read_text()


def test_the_second_time_costs_nothing(clone: Clone) -> None:
    clone.with_uv()
    assert clone.set_up().returncode == clone.set_up().returncode == 0
    assert clone.called() == ["uv"]


def test_a_home_that_cannot_be_written_means_no_cache(clone: Clone) -> None:
    clone.with_uv()
    done = clone.set_up(HOME="/proc/nowhere")
    assert done.returncode == 0, done.stderr
    assert "--no-cache" in clone.calls.read_text()
    clone.calls.unlink()
    shutil.rmtree(clone.root / ".venv")
    assert clone.set_up().returncode == 0
    assert "--no-cache" not in clone.calls.read_text()


def test_an_environment_without_its_interpreter_is_made_anew(clone: Clone) -> None:
    (clone.root / ".venv" / "bin").mkdir(parents=True)
    os.symlink("/nowhere/python3", clone.root / ".venv" / "bin" / "python")
    done = clone.set_up(CRML_NO_UV="1")
    assert (done.returncode, clone.called()) == (0, ["pip", "pip"]), done.stderr
