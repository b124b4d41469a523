"""The environment of `crml demo`: its files, a local service and two AWS profiles."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .failures import Refused

if TYPE_CHECKING:
    from ..local import LocalCleanRoomsML

NEEDED: Final = ("duckdb", "sqlglot", *(("tomli",) if sys.version_info < (3, 11) else ()))
"""Packages of the extra `local`."""


@dataclass(frozen=True)
class World:
    """The environment of the demo.

    Attributes:
        folder: The folder with the tables, the containers, the workspace and the stand-in for S3.
        local: The local service.
        why_simulated: Why jobs are simulated. None if they really run.
    """

    folder: Path
    local: LocalCleanRoomsML
    why_simulated: str | None = None

    @property
    def s3(self) -> Path:
        """The folder that stands for S3."""
        return self.folder / "s3"

    def head(self, table: str, lines: int = 3) -> list[str]:
        """The first lines of a table."""
        return (self.folder / table).read_text("utf-8").splitlines()[:lines]

    def log(self, arn: str) -> list[str]:
        """The log of the newest training of a model."""
        report = self.local.report_of(self.local.made(arn)[-1].number)
        return [] if report is None else report.log.read_text("utf-8").splitlines()

    def accuracies(self, arn: str) -> dict[str | None, float]:
        """The last accuracy of each version of a model, by version identifier."""
        found: dict[str | None, float] = {}
        for record in self.local.made(arn):
            report = self.local.report_of(record.number)
            for metric in report.metrics if report else ():
                found[record.version] = metric.value
        return found


@contextmanager
def folder_of(keep: Path | None) -> Generator[Path]:
    """The demo's folder with its files, either kept or temporary.

    Raises:
        Refused: The folder to keep is not empty.
    """
    from ..local import write_example_workspace

    if keep is None:
        with tempfile.TemporaryDirectory(prefix="crml-demo-") as name:
            yield write_example_workspace(os.path.realpath(name)).parent
        return
    if keep.exists() and any(keep.iterdir()):
        raise Refused(f"--keep {keep}: the folder is not empty", "choose a new folder")
    yield write_example_workspace(keep).parent


@contextmanager
def open_world(folder: Path) -> Generator[World]:
    """A local service that runs the containers of the folder, or simulates jobs if it cannot."""
    from ..local import Lifecycle, LocalCleanRoomsML, Settings

    settings = Settings(lifecycle=Lifecycle("clock", pending=0.15, running=0.35))
    why = _missing()
    if why is None:
        with LocalCleanRoomsML(settings=settings, workspace=folder / "workspace.toml") as local:
            runner: Any = local.runner
            if runner.choice.sandbox is not None:
                yield World(folder, local)
                return
            why = runner.choice.reason.partition("; jobs are simulated")[0]
    with LocalCleanRoomsML(settings=settings) as local:
        yield World(folder, local, why)


def _missing() -> str | None:
    if sys.platform != "linux":
        return f"Containers run only on Linux, and this is {sys.platform}"
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed: pip install 'crml-sdk[local]'"
    return None


@contextmanager
def profiles(folder: Path) -> Generator[None]:
    """Two AWS profiles with dummy credentials, in an environment without other ones."""
    from ..local import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, OTHER_ACCESS_KEY, OTHER_SECRET_KEY

    members = {
        "member-one": (DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY),
        "member-two": (OTHER_ACCESS_KEY, OTHER_SECRET_KEY),
    }
    config = folder / "config"
    config.write_text(
        "".join(
            f"[profile {name}]\nregion = us-east-1\n"
            f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            for name, (key, secret) in members.items()
        ),
        encoding="utf-8",
    )
    kept = dict(os.environ)
    for name in kept:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = str(config)
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    loopback = "127.0.0.1,localhost"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = loopback
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
