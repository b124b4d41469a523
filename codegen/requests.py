"""Writes the data of crml_sdk/api (operations, constraints) and crml_sdk/types (what callers may pass)."""

from __future__ import annotations

import re
from typing import Any

from .describing import Words, block
from .models import HEADER, Files, exported, given_type, item_type
from .naming import constant, python_name
from .source import Operation, Service

MUST_NAME_VERSION = ("CancelTrainedModel", "DeleteTrainedModelOutput")
"""Without a version these act on the base version, so that the SDK requires one."""

MODEL_LED = ("trainedModelArn", "audienceGenerationJobArn")
"""The resource that a started job is about: an identifier, although it is sent in the body."""


def python_pattern(pattern: str) -> str | None:
    """A Java pattern for Python's `re`; None when it allows everything.

    Java reads a surrogate pair as one character, so its ranges over surrogates mean the
    supplementary characters.
    """
    if pattern in (".*", "[\\S\\s]*"):
        return None if pattern != ".*" else pattern
    pattern = pattern.replace("\\uD800\\uDBFF-\\uDC00\\uDFFF", "\\U00010000-\\U0010FFFF")
    re.compile(pattern)
    return pattern


def arn_kind(name: str, shape: dict[str, Any]) -> str | None:
    """The resource type in the pattern of an ARN shape of this service."""
    found = re.search(r"/?([a-z-]+)/\[-a-zA-Z0-9_/\.\]\+$", shape.get("pattern", ""))
    return found.group(1) if found and name != "TaggableArn" else None


def spec(service: Service, name: str) -> str:
    shape = service.shape(name)
    kind, low, high = shape["type"], shape.get("min"), shape.get("max")
    if "enum" in shape:
        return f'("enum", "{exported(service, name)}")'
    if kind == "string":
        pattern = python_pattern(shape["pattern"]) if "pattern" in shape else None
        return repr(
            ("string", low, high, pattern, arn_kind(name, shape), bool(shape.get("sensitive")))
        )
    if kind in ("integer", "long"):
        return repr(("integer", low, high))
    if kind in ("double", "float"):
        return repr(("number", low, high))
    if kind == "list":
        return repr(("list", key(service, shape["member"]["shape"]), low, high))
    if kind == "map":
        return repr(
            (
                "map",
                key(service, shape["key"]["shape"]),
                key(service, shape["value"]["shape"]),
                low,
                high,
            )
        )
    if kind == "structure":
        members = {
            python_name(m): (m, key(service, t["shape"]))
            for m, t in shape.get("members", {}).items()
        }
        return repr(
            ("structure", members, tuple(shape.get("required", ())), bool(shape.get("union")))
        )
    return repr((kind,))


def key(service: Service, name: str) -> str:
    return name if service.name == "cleanroomsml" else f"{service.name}:{name}"


def render_shapes(services: list[Service]) -> str:
    lines = [
        HEADER,
        '"""The constraints of every shape in requests, as data for `checking`."""\n',
        "from typing import Any, Final\n",
        "# fmt: off\nSHAPES: Final[dict[str, tuple[Any, ...]]] = {",
    ]
    for service in services:
        for name in service.shapes:
            if name in service.inputs:
                lines.append(f'    "{key(service, name)}": {spec(service, name)},')
    return "\n".join([*lines, "}"]) + "\n"


def version_member(service: Service, op: Operation) -> str | None:
    members = service.shape(op.input)["members"]
    return next(
        (m for m in ("versionIdentifier", "trainedModelVersionIdentifier") if m in members), None
    )


def membership_sources(service: Service, op: Operation) -> tuple[str, ...]:
    """The parameters whose ARN contains the membership, the best first."""
    shape = service.shape(op.input)
    if "membershipIdentifier" not in shape["members"]:
        return ()
    found: list[str] = []
    for member, target in shape["members"].items():
        inner = service.shape(target["shape"])
        if inner["type"] == "list":
            inner = service.shape(inner["member"]["shape"])
        if "/membership/" in inner.get("pattern", "").replace(":membership/", "/membership/") and (
            "cleanrooms-ml" in inner.get("pattern", "")
        ):
            found.append(member)
    order = sorted(
        found, key=lambda m: (shape["members"][m].get("location") != "uri", m != "trainedModelArn")
    )
    return tuple(python_name(m) for m in order)


def render_operations(services: list[Service]) -> str:
    lines = [
        HEADER,
        '"""Every operation the SDK offers, as data."""\n',
        "from typing import Final\n",
        "from ..operation import Operation\n",
    ]
    for service in services:
        for op in service.operations:
            version = version_member(service, op)
            arguments = {
                "name": op.name,
                "service": service.name,
                "scope": op.scope,
                "group": op.group,
                "method": op.method,
                "input": key(service, op.input),
                "output": op.output and exported(service, op.output),
                "creates": op.creates or None,
                "items": op.result_key and python_name(op.result_key),
                "row": op.result_key and item_type(service, op),
                "version": version and python_name(version),
                "version_required": (op.name in MUST_NAME_VERSION) or None,
                "membership_from": membership_sources(service, op) or None,
            }
            given = ", ".join(f"{k}={v!r}" for k, v in arguments.items() if v is not None)
            lines.append(f"{constant(op.name)}: Final = Operation({given})")
    names = ", ".join(constant(op.name) for s in services for op in s.operations)
    lines.append(f"\nALL: Final = ({names},)")
    lines.append('"""All operations, in the order of the surface."""')
    return "\n".join(lines) + "\n"


def render_descriptions(services: list[Service]) -> str:
    """What operations and the members of requests mean. Programs read this, people read the docstrings."""
    operations: dict[str, str] = {}
    members: dict[str, str] = {}
    for service in services:
        words = Words(service)
        for op in service.operations:
            operations[op.name] = words.operation(op.name)
        for name in service.structures():
            for member in service.shape(name)["members"] if name in service.inputs else ():
                text = words.member(name, member)
                if members.setdefault(member, text) != text:
                    members[f"{key(service, name)}.{member}"] = text
    lines = [
        HEADER,
        '"""Descriptions of the operations and of the members of requests."""\n',
        "from typing import Final\n",
        f"OPERATIONS: Final[dict[str, str]] = {operations!r}\n",
        f"MEMBERS: Final[dict[str, str]] = {members!r}",
        '"""By member, or by SHAPE.member where the meaning differs in one structure."""',
    ]
    return "\n".join(lines) + "\n"


def input_enums(services: list[Service]) -> list[tuple[Service, str]]:
    return [(s, n) for s in services for n in s.enums() if n in s.inputs]


def input_structures(services: list[Service]) -> list[tuple[Service, str]]:
    requests = {op.input for s in services for op in s.operations}
    return [(s, n) for s in services for n in s.structures() if n in s.inputs and n not in requests]


def render_literals(services: list[Service]) -> str:
    lines = [
        HEADER,
        '"""The documented values of each enum in requests, as plain strings."""\n',
    ]
    lines.append("from typing import Literal\n\nfrom typing_extensions import TypeAlias\n")
    for service, name in input_enums(services):
        values = ", ".join(f'"{v}"' for v in service.shape(name)["enum"])
        lines.append(f"{exported(service, name)}Literal: TypeAlias = Literal[{values}]\n")
    return "\n".join(lines)


def render_typed_dicts(services: list[Service]) -> str:
    lines = [
        HEADER,
        '"""Nested structures of requests as plain dicts, with the same keys as the models of the same names."""\n',
        "from __future__ import annotations\n",
        "from collections.abc import Mapping, Sequence",
        "from typing import TYPE_CHECKING\n",
        "from typing_extensions import Required, TypedDict\n",
        "if TYPE_CHECKING:",
        "    from .. import models",
        "    from ..versions import TrainedModelRef, VersionSelector",
    ]
    body: list[str] = []
    literals: set[str] = set()
    for service, name in input_structures(services):
        words = Words(service)
        shape = service.shape(name)
        required = shape.get("required", [])
        text = [f"class {exported(service, name)}Dict(TypedDict, total=False):"]
        text.append(f'    """{words.shape(name)}"""\n')
        for member, target in shape["members"].items():
            kind = given_type(service, target["shape"], "models.")
            literals.update(re.findall(r"\w+Literal", kind))
            if member == "versionIdentifier":
                kind = "str | VersionSelector"
            kind = f"Required[{kind}]" if member in required else kind
            text.append(f"    {python_name(member)}: {kind}")
            doc = words.described(name, member)
            text.append(block(f'"""{doc}"""'.replace("\\", "\\\\"), "    "))
        body.append("\n".join(text))
    lines.append(f"    from .literals import {', '.join(sorted(literals))}")
    return "\n".join(lines) + "\n\n\n" + "\n\n\n".join(body) + "\n"


def render_types_index(services: list[Service]) -> str:
    literals = sorted(f"{exported(s, n)}Literal" for s, n in input_enums(services))
    dicts = sorted(f"{exported(s, n)}Dict" for s, n in input_structures(services))
    return (
        HEADER
        + '"""What callers may pass in requests, for annotations: typed dicts and literals."""\n\n'
        + f"from .literals import {', '.join(f'{n} as {n}' for n in literals)}\n"
        + f"from .structures import {', '.join(f'{n} as {n}' for n in dicts)}\n"
    )


def render(services: list[Service]) -> Files:
    return {
        "api/constraints.py": render_shapes(services),
        "api/descriptions.py": render_descriptions(services),
        "api/operations.py": render_operations(services),
        "types/literals.py": render_literals(services),
        "types/structures.py": render_typed_dicts(services),
        "types/__init__.py": render_types_index(services),
    }
