"""The whole state as one JSON document, and back."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, cast

from ..service.schema import JsonObject
from ..settings import Settings
from .records import Record
from .state import State
from .store import UnreadableState
from .world import World

FORMAT = "crml-local"
FORMAT_VERSION = 2
DEEPEST = 100
"""Levels of a YAML file; a seed has fewer than ten."""


def to_document(state: State) -> JsonObject:
    """Everything that `from_document` needs to continue, as JSON values."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "settings": state.part("settings"),
        "world": state.part("world"),
        "progress": state.part("progress"),
        "records": [_record(record) for record in state.records()],
        "tags": state.tags,
    }


def _record(record: Record) -> JsonObject:
    document = record.to_json()
    if record.job is not None:
        document["job"]["request"] = record.job.request
    return document


def from_document(state: State, document: Any) -> None:
    """Replace a state by a saved one, in one transaction. Jobs continue from their status.

    Raises `UnreadableState`, in which case the state is left as it was.
    """
    with state.transaction():
        resume_jobs(state, restore(state, document))


def restore(state: State, document: Any) -> list[tuple[Record, JsonObject]]:
    """Like `from_document`, but leaves the jobs alone: returns them with their records."""
    if not isinstance(document, dict) or cast(JsonObject, document).get("format") != FORMAT:
        raise UnreadableState("This is not a state of the local Clean Rooms ML")
    saved = cast(JsonObject, document)
    if saved.get("version") != FORMAT_VERSION:
        raise UnreadableState(
            f"State version {saved.get('version')} is not supported by this release"
        )
    try:
        with state.transaction():
            return _restore(state, saved)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableState(f"The state is damaged: {error!r}") from error


def _restore(state: State, saved: JsonObject) -> list[tuple[Record, JsonObject]]:
    settings = Settings.from_json(saved["settings"])
    world = World.from_json(saved["world"], state.clock.now())
    progress: JsonObject = saved["progress"]
    state.clear(settings, world)
    for arn, tags in saved["tags"].items():
        state.set_tags(arn, dict(tags))
    jobs: list[tuple[Record, JsonObject]] = []
    for entry in saved["records"]:
        record = Record.from_json(entry)
        state.restore(record)
        job: JsonObject | None = entry.get("job")
        if job is not None:
            jobs.append((record, {"phase": job["phase"], "request": job["request"], **job}))
    state.set_counters(progress["counters"])
    state.clock.restore(progress["clock"])
    return jobs


def resume_jobs(state: State, jobs: list[tuple[Record, JsonObject]]) -> None:
    """Continue loaded jobs."""
    with state.transaction():
        for record, job in jobs:
            state.resume(record, job)


def write_file(path: str | os.PathLike[str], text: str) -> None:
    """Write a file completely or not at all: first next to the target, then in its place."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent or ".", prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_file(path: str | os.PathLike[str]) -> Any:
    """A JSON file, or a YAML one if its name says so and PyYAML is there.

    Raises OSError, or `UnreadableState` for a file that cannot be parsed; the message is one line.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableState(f"{source} is not a text file") from None
    if source.suffix.lower() in (".yaml", ".yml"):
        return _parsed_yaml(source, text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableState(f"{source} is not valid JSON: {_in_one_line(error)}") from error


def _parsed_yaml(source: Path, text: str) -> Any:
    try:
        import yaml  # pyright: ignore[reportMissingModuleSource]
    except ImportError:
        raise UnreadableState(
            f"reading {source} needs PyYAML: pip install 'crml-sdk[cli]'"
        ) from None
    try:
        # A few aliases of aliases stand for more values than any memory holds, and PyYAML's time
        # grows with the square of the depth.
        depth = 0
        for event in cast("Any", yaml).parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent):
                raise UnreadableState(f"{source}, line {line}: YAML aliases (*name) are refused")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise UnreadableState(
                    f"{source}, line {line}: YAML that is nested more than {DEEPEST} levels deep is refused"
                )
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, UnreadableState):
            raise
        raise UnreadableState(f"{source} is not valid YAML: {_in_one_line(error)}") from error


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
