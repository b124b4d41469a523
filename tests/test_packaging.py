"""What is shipped: the wheel and the sdist are sound and hold what they should, and no more."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import crml_sdk

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


def test_wheel_and_sdist_are_sound_and_small(built: Path) -> None:
    files = sorted(map(str, built.iterdir()))
    assert len(files) == 2
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (wheel,) = built.glob("*.whl")
    assert wheel.stat().st_size < 700_000


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == f"crml_sdk-{crml_sdk.__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert "crml_sdk/py.typed" in names
    assert "crml_sdk/api/trained_models.py" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"crml_sdk"}
    shipped = {Path(name) for name in names if name.endswith(".py")}
    source = ROOT / "src"
    assert shipped == {path.relative_to(source) for path in source.rglob("*.py")}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_holds_what_the_package_is_made_and_tested_with(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in ("codegen/surface.toml", "tests/conftest.py", "docs/index.md", "LICENSE"):
        assert wanted in names
    assert not [name for name in names if "/.venv" in name or name.endswith(".pyc")]
