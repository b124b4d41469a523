"""The request of a command: a file, options that override it, and a check before a client is opened."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ..untrusted import as_line
from .failures import Refused
from .names import IDENTIFIERS, KINDS
from .service import arn_kind, inner_shape, kind_of_shape, members, snake

if TYPE_CHECKING:
    from ..operation import Operation

_IDENTIFIER: Final = "00000000-0000-4000-8000-000000000000"
_LARGEST: Final = 1_000_000
"""Maximum characters of a file. The service accepts far less."""


def read_document(text: str, *, what: str = "-f") -> dict[str, Any]:
    """The mapping in a JSON or YAML file, or in standard input for `-`.

    Raises:
        Refused: The file cannot be read, or is not a mapping.
    """
    if text == "-":
        source, name = sys.stdin.read(_LARGEST + 1), "standard input"
    else:
        path = Path(text)
        try:
            with path.open(encoding="utf-8-sig") as file:
                source, name = file.read(_LARGEST + 1), text
        except OSError as error:
            raise Refused(f"{what} {text}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise Refused(f"{what} {text}: not UTF-8 text") from None
    if len(source) > _LARGEST:
        raise Refused(f"{what} {name}: longer than {_LARGEST:,} characters")
    return parse_document(source, f"{what} {name}")


def parse_document(source: str, what: str) -> dict[str, Any]:
    """The mapping in JSON or YAML text.

    Raises:
        Refused: It is neither JSON nor YAML, or not a mapping.
    """
    if source.lstrip()[:1] in ("{", "["):
        try:
            found = json.loads(source)
        except ValueError as json_error:
            found = _yaml(source, what, json_error)
    else:
        found = _yaml(source, what, None)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused(f"{what}: must be a mapping of members, a JSON object")
    return cast("dict[str, Any]", found)


def _yaml(source: str, what: str, json_error: ValueError | None) -> Any:
    import yaml

    class Plain(yaml.SafeLoader):
        """YAML without aliases, because a few lines of them can expand to gigabytes."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType]
                raise yaml.YAMLError("aliases (*name) are not supported; write the value out")
            return super().compose_node(parent, index)  # pyright: ignore[reportUnknownMemberType]

    # Times stay strings. The check parses them, and a name may look like a date.
    Plain.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if "timestamp" not in tag]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()  # pyright: ignore
    }
    try:
        return yaml.load(source, Plain)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if json_error is not None:
            raise Refused(f"{what}: not JSON: {json_error}") from None
        problem = getattr(error, "problem", None) or str(error)
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise Refused(f"{what}: not YAML{where}: {as_line(problem)}") from None


def by_python_names(shape: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a structure, at any depth, by their Python names.

    Both camelCase and snake_case names are accepted. Unknown names stay, and the check reports them.
    """
    known = members(shape)
    wires = {member.wire: name for name, member in known.items()}
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = wires.get(key, key if key in known else snake(key))
        found[name] = _renamed(known[name].shape, value) if name in known else value
    return found


def _renamed(shape: str, value: Any) -> Any:
    kind = kind_of_shape(shape)
    if kind == "structure" and isinstance(value, Mapping):
        return by_python_names(shape, cast("Mapping[str, Any]", value))
    if kind == "list" and isinstance(value, list):
        item = inner_shape(shape)
        return [_renamed(str(item), each) for each in cast("list[Any]", value)]
    if kind == "map" and isinstance(value, Mapping):
        inner = kind_of_shape(str(inner_shape(shape)))
        given = cast("Mapping[str, Any]", value)
        # YAML reads 5 and true, but a map of strings needs "5" and "true".
        return {str(k): _text(v) if inner == "string" else v for k, v in given.items()}
    return value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a member at any depth, and override the file."""
    *above, last = path
    here = values
    for name in above:
        inner = here.get(name)
        here[name] = dict(cast("Mapping[str, Any]", inner)) if isinstance(inner, Mapping) else {}
        here = here[name]
    here[last] = value


def get(values: Mapping[str, Any], path: Iterable[str]) -> Any:
    """A member at any depth, or None."""
    here: Any = values
    for name in path:
        here = cast("Mapping[str, Any]", here).get(name) if isinstance(here, Mapping) else None
    return here


def pairs(given: Iterable[str], flag: str) -> dict[str, str]:
    """The mapping in KEY=VALUE texts.

    Raises:
        Refused: One has no `=`, or a key is given twice.
    """
    found: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise Refused(f"{flag} {one!r} is not KEY=VALUE")
        if key in found:
            raise Refused(f"{flag} {key!r} is given twice")
        found[key] = value
    return found


def check(
    operation: Operation, values: Mapping[str, Any], flags: Mapping[tuple[str, ...], str]
) -> None:
    """Check the arguments before a client is opened. Names may stand for ARNs.

    Args:
        operation: The operation to call.
        values: The members by Python names, with names not yet resolved.
        flags: The options by the member that they set, for messages.

    Raises:
        Refused: Something is wrong. The error lists all of it.
    """
    from ..checking import check_request

    filled = {
        name: _sample(member.shape, values[name])
        for name, member in members(operation.input).items()
        if name in values
    }
    unknown = {
        key: value for key, value in values.items() if key not in filled and key != "version"
    }
    for name in IDENTIFIERS:
        if name in members(operation.input):
            filled[name] = _IDENTIFIER
    if "resource_arn" in filled and not str(filled["resource_arn"]).startswith("arn:"):
        filled["resource_arn"] = _arn("trained-model")
    if operation.version is not None:
        filled.pop(operation.version, None)
    faults = check_request(operation.input, {**filled, **unknown})
    if faults:
        raise Refused("\n".join(_said(operation, fault, flags) for fault in faults), None)


def _sample(shape: str, value: Any) -> Any:
    """A value for the check, with a placeholder ARN for a name."""
    kind = arn_kind(shape)
    if kind in KINDS and isinstance(value, str):
        return _arn(str(kind)) if not value.startswith("arn:") else value.partition("@")[0]
    what = kind_of_shape(shape)
    if what == "structure" and isinstance(value, Mapping):
        inner = members(shape)
        given = cast("Mapping[str, Any]", value)
        return {
            key: _sample(inner[key].shape, each) if key in inner else each
            for key, each in given.items()
            if not (key == "version_identifier" and str(each).lower() in _SELECTORS)
        }
    if what == "list" and isinstance(value, list):
        return [_sample(str(inner_shape(shape)), each) for each in cast("list[Any]", value)]
    return value


_SELECTORS: Final = ("latest", "latest-active", "base")


def _arn(kind: str) -> str:
    from ..arns import MEMBERSHIP_KINDS

    inner = f"membership/{_IDENTIFIER}/" if kind in MEMBERSHIP_KINDS else ""
    return f"arn:aws:cleanrooms-ml:us-east-1:000000000000:{inner}{kind}/{_IDENTIFIER}"


def _said(operation: Operation, fault: Any, flags: Mapping[tuple[str, ...], str]) -> str:
    """An error in the words of the command: the option, or the path of the member."""
    path = tuple(fault.path.split("."))
    flag = flags.get(path)
    if flag is None and "[" in fault.path:
        flag = flags.get(tuple(fault.path.partition("[")[0].split(".")))
    below = [
        name
        for each, name in flags.items()
        if each[: len(path)] == path and (fault.given is not None or _needed(operation, each))
    ]
    if flag is None and below:
        flag = f"{', '.join(below)} ({documented_path(operation.input, fault.path)})"
    where = flag if flag is not None else documented_path(operation.input, fault.path)
    text = f"{where}: {fault.problem}"
    if fault.given is not None:
        text += f"; given {fault.given}"
    if fault.allowed is not None:
        text += f"; allowed: {fault.allowed}"
    return text


def _needed(operation: Operation, path: tuple[str, ...]) -> bool:
    """Whether a member at any depth is required in its structure."""
    here = operation.input
    for name in path[:-1]:
        here = members(here)[name].shape
    return members(here)[path[-1]].required


def documented_path(shape: str, path: str) -> str:
    """A path of members as in a file: `resourceConfig.instanceType`."""
    parts: list[str] = []
    here: str | None = shape
    for part in path.split("."):
        name, bracket, index = part.partition("[")
        member = members(here).get(name) if here and kind_of_shape(here) == "structure" else None
        parts.append((member.wire if member else name) + bracket + index)
        here = member.shape if member else None
        for _ in range(part.count("[")):
            here = inner_shape(here) if here else None
    return ".".join(parts)


def read_text(path: str, flag: str) -> str:
    """The text of a file that is given as `@FILE`.

    Raises:
        Refused: It cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{flag} @{path}: {getattr(error, 'strerror', None) or error}") from None
