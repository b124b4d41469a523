"""The workspace file: the stand-ins for images, tables and results, and how jobs run."""

from __future__ import annotations

import difflib
import glob
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from .faults import WorkspaceError

SandboxWish = Literal["auto", "bubblewrap", "unshare", "direct"]
_IMAGE_KEYS = (
    "context",
    "dockerfile",
    "arguments",
    "command",
    "directory",
    "environment",
    "python",
)
_RESULT_KEYS = ("directory", "endpoint_url")
_PARTS = ("images", "tables", "results", "run", "types")


@dataclass(frozen=True)
class ImageEntry:
    """The stand-in for one image: a build context or a command."""

    uri: str
    context: Path | None = None
    dockerfile: Path | None = None
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    command: tuple[str, ...] = ()
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    python: Path | None = None


@dataclass(frozen=True)
class RunOptions:
    """The `[run]` part. Sizes in GB are of 2**30 bytes, in MB of 2**20."""

    sandbox: SandboxWish = "auto"
    jobs: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    """How many jobs run at the same time. The others wait as CREATE_PENDING."""
    network: bool = False
    seconds_to_stop: float = 120
    """Between SIGTERM and SIGKILL."""
    seconds_to_start: float = 480
    """How long an inference container may take until it answers GET /ping."""
    seconds_to_answer: float = 600
    """How long an inference container may take for one request."""
    training_seconds: int = 86_400
    """The run time of a training whose request gives no maxRuntimeInSeconds."""
    memory_gb: float = 8
    disk_gb: float = 20
    processes: int = 512
    log_mb: float = 100
    training_header: bool = False
    inference_header: bool = True
    incremental_artifacts: Literal["unpacked", "archive"] = "unpacked"
    unknown_images: Literal["fail", "simulate"] = "fail"
    empty_model: Literal["fail", "allow"] = "fail"
    visible: tuple[Path, ...] = ()
    """Further paths of this machine that containers may read."""
    query_seconds: float = 300
    query_memory_gb: float = 2
    analysis_rules: Literal["configured", "all", "none"] = "configured"
    """Which analysis rules a query is held to: those there are, all that the user guide asks for, or
    none."""

    def __post_init__(self) -> None:
        for name in (entry.name for entry in fields(self)):
            value = getattr(self, name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value <= 0:
                raise ValueError(f"{name} must be more than 0")


@dataclass(frozen=True)
class Workspace:
    """A workspace file that was read. Paths are absolute."""

    path: Path | None = None
    images: Mapping[str, ImageEntry] = field(default_factory=dict[str, ImageEntry])
    tables: Mapping[str, tuple[Path, ...]] = field(default_factory=dict[str, "tuple[Path, ...]"])
    results: Path | None = None
    endpoint_url: str | None = None
    run: RunOptions = field(default_factory=RunOptions)
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def image(self, uri: str) -> ImageEntry | None:
        """The entry of an image: of those that its address begins with, the longest.

        An entry may name a repository (any tag or digest matches) or an image with its tag.
        """
        fitting = [
            entry
            for key, entry in self.images.items()
            if uri == key or (uri.startswith(key) and uri[len(key)] in ":@")
        ]
        return max(fitting, key=lambda entry: len(entry.uri), default=None)

    def table_key(self, name: str) -> str | None:
        """The name in `[tables]` that is a name, whatever its case."""
        return next((key for key in self.tables if key.lower() == name.lower()), None)

    def nearest_image(self, uri: str) -> str | None:
        """The entry that was probably meant, for an error."""
        return _nearest(uri, self.images)


def load(path: str | os.PathLike[str]) -> Workspace:
    """Reads a workspace file.

    Raises:
        WorkspaceError: It cannot be read, or something in it is not allowed; the message names the
            line or the key, and what is allowed.
    """
    file = Path(path).absolute()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise WorkspaceError(f"{file} cannot be read: {fault}") from None
    toml = _toml()
    try:
        document = toml.loads(text)
    except toml.TOMLDecodeError as fault:
        raise WorkspaceError(f"{file}: {fault}") from None
    except RecursionError:
        raise WorkspaceError(f"{file} is nested too deeply") from None
    return _Reader(file, text).workspace(document)


def _toml() -> Any:
    try:
        return importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError:
        raise WorkspaceError(
            "a workspace file needs tomli on Python 3.10: pip install 'crml-sdk[local]'"
        ) from None


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text

    def fail(self, key: str, message: str, *, part: str = "") -> WorkspaceError:
        line = self._line(key, part)
        where = f", line {line}" if line else ""
        shown = f"{part}.{key}" if part and key != part else key
        return WorkspaceError(f"{self.file}{where}: {shown}: {message}")

    def _line(self, key: str, part: str) -> int | None:
        """The line of a key, looked for behind the header of its part."""
        lines = self.text.splitlines()
        begin = 0
        if part:
            header = re.compile(r"\s*\[\s*" + re.escape(part.split(".")[0]) + r"\b")
            last = part.partition(".")[2]
            for number, line in enumerate(lines):
                if header.match(line) and (not last or last in line):
                    begin = number
                    break
        pattern = re.compile(
            r"\s*\[*\s*(?:[\w-]+\s*\.\s*)?[\"']?" + re.escape(key) + r"[\"']?\s*[=.\]]"
        )
        for number in range(begin, len(lines)):
            if pattern.match(lines[number]) or f"{key} =" in lines[number]:
                return number + 1
        return begin + 1 if part and begin else None

    def known(self, table: Mapping[str, Any], allowed: tuple[str, ...], part: str) -> None:
        for key in table:
            if key not in allowed:
                near = _nearest(key, allowed)
                meant = f"did you mean {near}? " if near else ""
                raise self.fail(key, f"{meant}Known here: {', '.join(allowed)}", part=part)

    def workspace(self, document: Mapping[str, Any]) -> Workspace:
        self.known(document, _PARTS, "")
        for part in _PARTS:
            self.table(document.get(part, {}), part, "")
        seen: dict[str, str] = {}
        for name in document.get("tables", {}):
            if seen.setdefault(name.lower(), name) != name:
                raise self.fail(
                    name,
                    f"is the same as {seen[name.lower()]!r}, because case is ignored",
                    part="tables",
                )
        results: Mapping[str, Any] = document.get("results", {})
        self.known(results, _RESULT_KEYS, "results")
        if len(results) > 1:
            raise self.fail("results", "give either directory or endpoint_url", part="results")
        directory = results.get("directory")
        url = results.get("endpoint_url")
        if url is not None and not re.match(r"https?://", str(url)):
            raise self.fail("endpoint_url", f"{url!r} is not a URL", part="results")
        return Workspace(
            self.file,
            {uri: self.image(uri, entry) for uri, entry in document.get("images", {}).items()},
            {name: self.files(name, value) for name, value in document.get("tables", {}).items()},
            None if directory is None else self.path(directory, "directory", "results"),
            url,
            self.run(document.get("run", {})),
            {
                name: self.strings(value, name, "types")
                for name, value in document.get("types", {}).items()
            },
        )

    # Values

    def table(self, value: Any, key: str, part: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self.fail(key, f"must be a table, not {value!r}", part=part)
        return cast("Mapping[str, Any]", value)

    def strings(self, value: Any, key: str, part: str) -> dict[str, str]:
        table = self.table(value, key, part)
        for name, entry in table.items():
            if not isinstance(entry, str):
                raise self.fail(name, f"must be a string, not {entry!r}", part=part)
        return dict(table)

    def path(self, value: Any, key: str, part: str) -> Path:
        if not isinstance(value, str) or not value:
            raise self.fail(key, f"must be a path, not {value!r}", part=part)
        return Path(os.path.normpath(self.file.parent / Path(value).expanduser()))

    def words(self, value: Any, key: str, part: str) -> tuple[str, ...]:
        words = cast("list[Any]", value) if isinstance(value, list) else []
        if not words or not all(isinstance(word, str) for word in words):
            raise self.fail(
                key, 'must be a list of strings, such as ["python", "serve.py"]', part=part
            )
        return tuple(words)

    def image(self, uri: str, value: Any) -> ImageEntry:
        part = f"images.{uri}"
        table = self.table(value, uri, "images")
        self.known(table, _IMAGE_KEYS, part)
        if ("context" in table) == ("command" in table):
            raise self.fail(uri, "needs either context or command", part="images")
        for key, needs in (
            ("dockerfile", "context"),
            ("arguments", "context"),
            ("directory", "command"),
        ):
            if key in table and needs not in table:
                raise self.fail(key, f"can only be used with {needs}", part=part)
        paths = {
            key: self.path(table[key], key, part)
            for key in ("context", "dockerfile", "directory", "python")
            if key in table
        }
        for key in ("context", "directory"):
            if key in paths and not paths[key].is_dir():
                raise self.fail(key, f"{paths[key]} is not a directory", part=part)
        dockerfile = paths.get("dockerfile")
        if "context" in paths:
            dockerfile = dockerfile or paths["context"] / "Dockerfile"
            if not dockerfile.is_file():
                raise self.fail("context", f"there is no {dockerfile}", part=part)
        if "python" in paths and not paths["python"].exists():
            raise self.fail("python", f"there is no {paths['python']}", part=part)
        return ImageEntry(
            uri,
            context=paths.get("context"),
            dockerfile=dockerfile,
            arguments=self.strings(table.get("arguments", {}), "arguments", part),
            command=self.words(table["command"], "command", part) if "command" in table else (),
            directory=paths.get("directory"),
            environment=self.strings(table.get("environment", {}), "environment", part),
            python=paths.get("python"),
        )

    def files(self, name: str, value: Any) -> tuple[Path, ...]:
        pattern = str(self.path(value, name, "tables"))
        found = sorted(Path(path) for path in glob.glob(pattern, recursive=True))
        files = [path for path in found if path.is_file()]
        if not files:
            raise self.fail(name, f"no file matches {pattern}", part="tables")
        kinds = {path.suffix.lower() for path in files}
        if kinds not in ({".csv"}, {".parquet"}):
            raise self.fail(
                name, "must be CSV files (.csv) or Parquet files (.parquet)", part="tables"
            )
        return tuple(files)

    def run(self, table: Mapping[str, Any]) -> RunOptions:
        hints = get_type_hints(RunOptions)
        self.known(table, tuple(hints), "run")
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key == "visible":
                values[key] = tuple(self.path(e, key, "run") for e in self.words(value, key, "run"))
                continue
            check, wanted = _check_of(hints[key])
            if not check(value):
                raise self.fail(key, f"must be {wanted}, not {value!r}", part="run")
            if not isinstance(value, (bool, str)) and not 0 < value <= sys.maxsize // 2**30:
                raise self.fail(key, f"must be a positive number, not {value!r}", part="run")
            values[key] = value
        return RunOptions(**values)


def _check_of(hint: Any) -> tuple[Callable[[Any], bool], str]:
    if get_origin(hint) is Literal:
        allowed = get_args(hint)
        return (lambda value: value in allowed), "one of " + ", ".join(allowed)
    if hint is bool:
        return (lambda value: isinstance(value, bool)), "true or false"
    kinds = (int,) if hint is int else (int, float)
    wanted = "a whole number" if hint is int else "a number"
    return (lambda value: isinstance(value, kinds) and not isinstance(value, bool)), wanted


def _nearest(word: str, known: Any) -> str | None:
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
