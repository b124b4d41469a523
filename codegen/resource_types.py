"""Writes crml_sdk/api/resource_types.py: the table of resource types.

Types and their operations are found by the names that the service gives them.
"""

from __future__ import annotations

from botocore import xform_name

from .methods import NAMELESS
from .models import HEADER, WAITED, Files, exported
from .naming import constant, noun, python_name
from .requests import MODEL_LED
from .source import Operation, Service

OPERATIONS = {
    "get": ("Get{}",),
    "create": ("Create{}", "Start{}"),
    "cancel": ("Cancel{}",),
    "delete": ("Delete{}", "Delete{}Output", "Delete{}Data"),
    "versions": ("List{}Versions",),
}
"""What the operations on a type may be called, by field."""


def row_shape(service: Service, listed: Operation) -> str:
    """The shape of a list's rows, such as `TrainedModelSummary`."""
    rows = service.shape(listed.output or "")["members"][listed.result_key]["shape"]
    return service.shape(rows)["member"]["shape"]


def render_type(service: Service, listed: Operation, by_name: dict[str, Operation]) -> str | None:
    """The type that a list shows; None where a collaboration shows the members' own."""
    row = row_shape(service, listed)
    documented = row.removesuffix("Summary")
    if listed.scope == "collaboration":
        documented = documented.removeprefix("Collaboration")
    if listed.name == f"ListCollaboration{documented}s" and f"List{documented}s" in by_name:
        return None
    members = service.shape(row)["members"]
    attributes = {python_name(member): target["shape"] for member, target in members.items()}
    name = xform_name(documented)
    own_arn = f"{name}_arn" if f"{name}_arn" in attributes else "id"
    has_arn = own_arn in attributes
    identified = own_arn if has_arn else next(python_name(m) for m in MODEL_LED if m in members)
    fields: dict[str, object] = {
        "name": name.replace("_", "-"),
        "noun": noun(listed.group),
        "arn": identified,
    }
    operations = {"list": listed.name}
    for field, patterns in OPERATIONS.items():
        for found in (pattern.format(documented) for pattern in patterns):
            if found in by_name:
                operations[field] = found
    if listed.group in WAITED:
        fields["statuses"] = exported(service, attributes["status"])
    versioned = ("version_identifier", *["trained_model_version_identifier"] * (not has_arn))
    fields["row_version"] = next((known for known in versioned if known in attributes), None)
    if "create" in operations:
        fields["found_by"] = found_by(service, by_name[operations["create"]], listed)
    if "name" not in attributes:
        fields["row_name"] = "collaboration_name"
    fields["has_arn"] = None if has_arn else False
    given = [f"{field}={value!r}" for field, value in fields.items() if value not in (None, ())]
    given += [f"{field}=api.{constant(found)}" for field, found in operations.items()]
    seen = f"Collaboration{documented}"
    if listed.scope != "collaboration" and f"List{seen}s" in by_name:
        get = f"api.{constant(f'Get{seen}')}" if f"Get{seen}" in by_name else None
        given.append(f"seen_by_members=({get}, api.{constant(f'List{seen}s')})")
    return f"    ResourceType({', '.join(given)}),"


def found_by(service: Service, create: Operation, listed: Operation) -> tuple[str, ...]:
    """Members of the create request that narrow the list: of what the new resource is made.

    A lost export of no version may show under the version that the service has chosen, so a version
    narrows nothing.
    """
    takes = service.shape(listed.input)["members"]
    return tuple(
        m for m in service.shape(create.input)["members"] if m in takes and m.endswith("Arn")
    )


def render(services: list[Service]) -> Files:
    rows: list[str] = []
    for service in services:
        by_name = {op.name: op for op in service.operations}
        listing = [op for op in service.operations if op.is_list and op.name not in NAMELESS]
        listing = [op for op in listing if op.method == "list"]
        rows += filter(None, (render_type(service, op, by_name) for op in listing))
    head = [
        HEADER,
        '"""The resource types of the service, and which operations each has."""\n',
        "from typing import Final\n",
        "from ..operation import ResourceType",
        "from . import operations as api\n",
        "TYPES: Final = (",
    ]
    return {"api/resource_types.py": "\n".join([*head, *rows, ")"]) + "\n"}
