"""Writes crml_sdk/api: the plain method of every operation, one file per group."""

from __future__ import annotations

import re
from collections import defaultdict

from . import groups, waits
from .describing import Words
from .models import HEADER, Files, annotation, exported, item_type
from .naming import class_name, constant, noun, plural
from .parameters import (
    RESUMABLE,
    Parameter,
    call_of,
    docstring,
    method,
    overload,
    parameters,
    passed,
)
from .requests import MUST_NAME_VERSION, version_member
from .source import Operation, Service, group_key, reachable

ERROR_WORDS = {
    "AccessDeniedException": "The caller may not do this (403).",
    "ConflictException": "The request conflicts with the resource's current state or with a name in use (409).",
    "InternalServiceException": "The service failed. It is unknown whether anything happened (500).",
    "InternalServerException": "The service failed (500).",
    "ResourceNotFoundException": "The resource does not exist (404).",
    "ServiceQuotaExceededException": "A quota is used up. `quota_name` and `quota_value` say which (402).",
    "ThrottlingException": "There were too many requests, even after the retries (429).",
    "ValidationException": "The service rejected the request (400).",
}


def described(
    service: Service, words: Words, op: Operation, given: list[Parameter], returns: str
) -> str:
    """The docstring of an operation."""
    own = [
        "RequestValidationError: Arguments are invalid. It lists all of them, and nothing is sent."
    ]
    if op.name in MUST_NAME_VERSION:
        own.append("VersionRequired: No version is given. Nothing is sent.")
    if version_member(service, op):
        own.append("NoSuchVersion: The selector matches no version.")
    if op.scope == "membership":
        own.append("MissingMembership: No membership is known. Nothing is sent.")
    own += [f"{error}: {ERROR_WORDS[error]}" for error in sorted(op.errors)]
    own.append("TransportError: There was no reply.")
    if op.name in RESUMABLE:
        own.append(
            "ResumeMismatch, ResumeAmbiguous, ResourceFailed: With `resume`: the resource of that name was created"
            " with other arguments, there are several, or it failed. Nothing is sent."
        )
    if op.creates:
        own.append(
            "OutcomeUnknown: There was no reply, and a search did not show whether the request took effect."
        )
    link = f"[API reference: {op.name}]({words.link(op.name)})"
    text = words.operation(op.name) + (BASE_NOTE if reads_version(service, op) else "")
    return docstring(text, given, returns, own, link)


def reads_version(service: Service, op: Operation) -> bool:
    """Whether an operation reads one version of a model."""
    return op.method == "get" and version_member(service, op) is not None


def render_method(service: Service, words: Words, op: Operation) -> str:
    positional, named = parameters(service, words, op)
    everything = [*positional, *named]
    call = call_of(op, everything)
    if op.is_list:
        item = item_type(service, op)
        returns = f"A paginator. `await` it for a list of `{item}`, or use `async for` over it or over its `pages()`."
        doc = described(service, words, op, everything, returns)
        paging = passed(p.name for p in named if p.name in OF_PAGES)
        body = f"return self._paginator({call}, {paging})"
        # The caller's own memberships and collaborations are listed by calling the group itself.
        names = [op.method, "__call__"] if op.service == "cleanrooms" else [op.method]
        page = f"Paginator[{item}, {exported(service, op.output or '')}]"
        return "\n".join(
            method(name, positional, named, page, doc, body, waits=False) for name in names
        )
    if op.service == "cleanrooms":
        member = next(iter(service.shape(op.output or "")["members"]))
        inner = annotation(service, service.shape(op.output or "")["members"][member]["shape"], "")
        doc = described(service, words, op, everything, f"`{inner}`.")
        body = f'return self._part(await self._call({call}), "{member}")'
        return method(op.method, positional, named, inner, doc, body)
    output = exported(service, op.output) if op.output else "None"
    returns = f"`{output}`." if op.output else ""
    body = f"{'return ' if op.output else ''}await self._call({call})"
    ways = overloads(op, positional, named, output) if op.name in MUST_NAME_VERSION else ""
    if reads_version(service, op):
        row = row_beside(service, op)
        base = Parameter("version", "BaseSelector", "", required=True)
        rest = [p for p in named if p.name != "version"]
        ways = overload(op.method, positional, [base, *rest], f"{output} | {row}")
        ways += overload(op.method, positional, named, output)
        output, returns = f"{output} | {row}", f"`{output}`. With `BASE` it may be a `{row}`."
        body = f"return await self._get_version({call})"
    doc = described(service, words, op, everything, returns)
    return ways + method(op.method, positional, named, output, doc, body)


def row_beside(service: Service, op: Operation) -> str:
    """The model of a row in the list of the resources that an operation is about."""
    beside = [o for o in service.operations if (o.group, o.scope) == (op.group, op.scope)]
    return next(item_type(service, other) for other in beside if other.method == "list")


def render_selected(service: Service, words: Words, op: Operation) -> list[str]:
    """Finding the versions of a model that have a role."""
    positional, named = parameters(service, words, op)
    named = [p for p in named if p.name not in ("version", *OF_PAGES)]
    item = item_type(service, op)
    return [
        method(
            name,
            positional,
            named,
            item,
            docstring(
                text,
                [*positional, *named],
                "The row of the list of versions.",
                [f"NoSuchVersion: {missing}", "ServiceError, TransportError: As `versions` does."],
            ),
            f"return await self._selected(trained_model_arn, {selector}, membership_identifier, timeout)",
        )
        for name, (selector, text, missing) in SELECTED.items()
    ]


def overloads(
    op: Operation, positional: list[Parameter], named: list[Parameter], output: str
) -> str:
    """For type checkers: a version must be given, by a reference or by `version`."""
    version = next(p for p in named if p.name == "version")
    must = Parameter("version", version.kind, "", required=True)
    reference = Parameter(positional[0].name, "TrainedModelRef", "", required=True)
    arn = Parameter(positional[0].name, "str", "", required=True)
    rest = [p for p in named if p.name != "version"]
    text = ""
    for first, second in ((reference, version), (arn, must)):
        text += overload(op.method, [first], [second, *rest], output)
    return text


SELECTED = {
    "latest": (
        "LATEST",
        "Find the newest version of a model by its `create_time`, whatever its status.",
        "The service lists no version.",
    ),
    "latest_active": (
        "LATEST_ACTIVE",
        "Find the newest version of a model that is `ACTIVE`, so that it can be used.",
        "No version is `ACTIVE`. The error names the newest version and its status.",
    ),
}
"""Methods that find a version by its role: the selector, what they do, when there is none."""

BASE_NOTE = (
    "\n\nThe service cannot be asked for the base version of a model that has later versions. `BASE` then costs one"
    " more request for each hundred versions, and gives the row of the base version in the list."
)

TYPING = ("TYPE_CHECKING", "Any", "overload")
IMPORTS = (
    ("collections.abc", ("Mapping", "Sequence")),
    ("datetime", ("datetime", "timedelta")),
    ("..pagination", ("Paginator",)),
    ("..resuming", ("Resume", "Since")),
    ("..versions", ("BaseSelector", "TrainedModelRef", "VersionSelector")),
    ("..waiting", ("Handle", "Poll", "Report", "Watch")),
    ("..waiting.handles", ("Waited",)),
)
"""What the methods of a group may use, for type checkers, and where it is."""

OF_PAGES = ("max_results", "limit", "starting_token", "prefetch", "total_timeout", "distinct")

BY_NAME_DEFAULTS = {"ListMemberships": {"status": '"ACTIVE"'}}
"""Filters of `by_name` that are set unless the caller says otherwise."""

BY_NAME_NOTES = {
    "ListMemberships": "A membership has the name of its collaboration.",
    "ListTrainedModels": "If the model has several rows, the newest one is returned.",
}


NAMELESS = {"ListMembers"}
"""Lists whose rows are identified by their account, not by a name."""


def render_by_name(service: Service, words: Words, op: Operation) -> str:
    """A method that finds the one row of a list with an exact name."""
    positional, named = parameters(service, words, op)
    named = [p for p in named if p.name not in OF_PAGES]
    for p in named:
        p.default = BY_NAME_DEFAULTS.get(op.name, {}).get(p.name, p.default)
    called = Parameter("name", "str", "The exact, case-sensitive name.", required=True)
    item = item_type(service, op)
    note = " " + BY_NAME_NOTES[op.name] if op.name in BY_NAME_NOTES else ""
    text = (
        f"Find the {noun(op.group)} with this exact name. This reads every page of the list.{note}"
    )
    raises = (
        "NoSuchName: None has this name. The error lists similar names.",
        "AmbiguousName: More than one has this name.",
        "ServiceError, TransportError: For the same reasons as `list`.",
    )
    doc = docstring(
        text, [*positional, called, *named], f"The row of the list, a `{item}`.", raises
    )
    given = [*(p.name for p in positional), *(f"{p.name}={p.name}" for p in named)]
    rows = f"self.list({', '.join(given)})"
    body = f"return await self._by_name({rows}, name, {constant(op.name)})"
    return method("by_name", [*positional, called], named, item, doc, body)


def pins(service: Service, operations: list[Operation]) -> bool:
    """Whether requests of a group refer to trained models, so that they accept references."""
    shapes = reachable(service.shapes, [op.input for op in operations])
    return "TrainedModelArn" in shapes or "TaggableArn" in shapes


def render_group(service: Service, words: Words, key: str, operations: list[Operation]) -> str:
    methods = "\n".join(
        [
            *(render_method(service, words, op) for op in operations),
            *(
                render_by_name(service, words, op)
                for op in operations
                if op.is_list and op.method == "list" and op.name not in NAMELESS
            ),
            *(
                text
                for op in operations
                if op.method == "versions"
                for text in render_selected(service, words, op)
            ),
            *waits.render_group(service, words, operations),
        ]
    )
    code = strip_docs(methods)
    models = [
        name
        for name in (exported(service, n) for n in [*service.structures(), *service.enums()])
        if used(name, code)
    ]
    collaboration = key.startswith("collaboration_")
    base, module = "CollaborationGroup" if collaboration else "Group", "group"
    if waits.has_versions(operations):
        base, module = "VersionedGroup", "versioned"
    elif pins(service, operations):
        base, module = f"Pinning{base}", "pinning"
    name = class_name(key) + ("Operations" if key in groups.WRITTEN else "")
    about = plural(operations[0].group) + (" of a collaboration" if collaboration else "")
    lines = [HEADER, f'"""Operations on {about}."""\n']
    lines.append("from __future__ import annotations\n")
    lines.append(
        f"from typing import {', '.join(n for n in TYPING if used(n, methods) or n == 'TYPE_CHECKING')}\n"
    )
    lines += ["from ..resource_types import LONGEST"] if used("LONGEST", code) else []
    lines.append(f"from .operations import {', '.join(constant(op.name) for op in operations)}")
    lines += ["from ..resources.group import Call"] if used("Call", code) else []
    roles = [name for name in ("LATEST", "LATEST_ACTIVE") if used(name, code)]
    lines += [f"from ..versions import {', '.join(roles)}"] if roles else []
    lines.append(f"from ..resources.{module} import {base}\n")
    lines.append("if TYPE_CHECKING:")
    types = re.findall(r"\w+(?:Dict|Literal)\b", code)
    for source, names in [*IMPORTS, ("..models", models), ("..types", sorted({*types}))]:
        found = [name for name in names if used(name, code)]
        lines += [f"    from {source} import {', '.join(found)}"] if found else []
    lines.append(f'\n\nclass {name}({base}):\n    """{groups.WORDS[key]}"""\n\n')
    return "\n".join(lines) + methods


def used(name: str, code: str) -> bool:
    return re.search(rf"(?<![\w.`]){name}(?![\w`])", code) is not None


def strip_docs(text: str) -> str:
    return re.sub(r'"""(?:.|\n)*?"""', "", text)


def render(services: list[Service]) -> Files:
    files: Files = {}
    for service in services:
        words = Words(service)
        grouped: dict[str, list[Operation]] = defaultdict(list)
        for op in service.operations:
            grouped[group_key(op)].append(op)
        for key, operations in grouped.items():
            files[f"api/{key}.py"] = render_group(service, words, key, operations)
    files["api/__init__.py"] = (
        HEADER
        + '"""Every operation of the service: as data, with the constraints of its request, and as a plain method."""\n'
    )
    return files
