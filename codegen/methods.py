"""Writes crml_sdk/api: the plain method of every operation, one file per group."""

from __future__ import annotations

import re
from collections import defaultdict

from .describing import Words, block, facts
from .models import HEADER, Files, annotation, exported, given_type, item_type
from .naming import NOUNS, class_name, constant, python_name
from .requests import MODEL_LED, MUST_NAME_VERSION, version_member
from .source import Operation, Service, reachable

PAGING = ("nextToken", "maxResults")

VERSION_NOTES = {
    "GetTrainedModel": "Left out, the service answers with the latest version.",
    "GetCollaborationTrainedModel": "Left out, the service answers with the latest version.",
    "CancelTrainedModel": "Required, because the service would cancel the base version without it.",
    "DeleteTrainedModelOutput": "Required, because the service would delete the base version's output without it.",
    "StartTrainedModelExportJob": "Left out, which version is exported is not documented.",
    "StartTrainedModelInferenceJob": "Left out, which version runs is not documented.",
}
RESUMABLE = (
    "CreateAudienceModel",
    "CreateMLInputChannel",
    "CreateTrainedModel",
    "StartAudienceExportJob",
    "StartAudienceGenerationJob",
    "StartTrainedModelExportJob",
    "StartTrainedModelInferenceJob",
)
"""What makes something that has a life cycle, so that a second try may find it."""
RESUME_NOTE = (
    "Look for what an earlier try of this request has made, before anything is sent. What is under way or `ACTIVE`"
    ' is returned, its `resumed` set; after a try that failed, `ResourceFailed`, or with "retry" another one as'
    " NAME-2, NAME-3."
)
RESUME_SINCE_NOTE = "What is older is refused: a time, or how long ago. Together with `resume`."
ERROR_WORDS = {
    "AccessDeniedException": "The caller may not do this (403).",
    "ConflictException": "The resource's state or name stands against it (409).",
    "InternalServiceException": "The service failed; whether anything happened is unknown (500).",
    "InternalServerException": "The service failed (500).",
    "ResourceNotFoundException": "The resource does not exist (404).",
    "ServiceQuotaExceededException": "A quota is used up; `quota_name` and `quota_value` say which (402).",
    "ThrottlingException": "Too many requests, even after the retries (429).",
    "ValidationException": "The service refused the request's contents (400).",
}


def group_key(op: Operation) -> str:
    return f"collaboration_{op.group}" if op.scope == "collaboration" else op.group


class Parameter:
    """One parameter of a method."""

    def __init__(
        self,
        name: str,
        kind: str,
        text: str,
        *,
        required: bool = False,
        member: str | None = None,
        default: str | None = "None",
    ) -> None:
        self.name = name
        self.kind = kind
        self.text = text
        self.required = required
        self.member = member
        self.default = default

    @property
    def declared(self) -> str:
        if self.required:
            return f"{self.name}: {self.kind}"
        optional = " | None" if self.default == "None" or self.kind.startswith("float") else ""
        return f"{self.name}: {self.kind}{optional} = {self.default}"


def parameters(
    service: Service, words: Words, op: Operation
) -> tuple[list[Parameter], list[Parameter]]:
    """The positional and the keyword-only parameters, required ones first."""
    shape = service.shape(op.input)
    required = shape.get("required", [])
    version = version_member(service, op)
    positional: list[Parameter] = []
    named: list[Parameter] = []
    for member, target in shape["members"].items():
        if member in PAGING or (
            member == "collaborationIdentifier" and op.scope == "collaboration"
        ):
            continue
        if member in ("membershipIdentifier",) and op.scope == "membership":
            continue
        text = f"{words.member(op.input, member)} {facts(service, target['shape'])}."
        if member == version:
            text = (
                "The version: an identifier, or `LATEST`, `LATEST_ACTIVE` or `BASE`, resolved before the call. "
                + VERSION_NOTES.get(op.name, "Left out, all versions.")
            )
            kind = "str | VersionSelector"
            named.append(Parameter("version", kind, text, required=False, member=member))
            continue
        kind = given_type(service, target["shape"])
        parameter = Parameter(
            python_name(member), kind, text, required=member in required, member=member
        )
        led = op.name.startswith("Start") and member in MODEL_LED
        if target.get("location") == "uri" or led:
            positional.append(parameter)
        else:
            named.append(parameter)
    if op.scope == "membership":
        last = ", else the account's only active one," if op.creates or op.is_list else ""
        text = (
            f"The membership; found in the ARN, or taken from the client or the scope{last or ','} when left out. "
            + facts(service, shape["members"]["membershipIdentifier"]["shape"])
            + "."
        )
        named.append(Parameter("membership_identifier", "str", text, required=False, member=None))
    if op.is_list:
        text = (
            "Rows asked for in each request. "
            + facts(service, "MaxResults")
            + "; 100 when left out, or `limit` where it is less."
        )
        named.append(Parameter("max_results", "int", text, required=False, member=None))
        named.append(
            Parameter(
                "limit", "int", "Rows in all; every row when left out.", required=False, member=None
            )
        )
        named.append(
            Parameter(
                "starting_token",
                "str",
                "The `next_token` of an earlier page, to go on behind it.",
                required=False,
                member=None,
            )
        )
        named.append(
            Parameter(
                "prefetch",
                "bool",
                "Fetch the next page while one is worked on; use it as `async with ... as rows`.",
                required=False,
                member=None,
                default="False",
            )
        )
    if op.name in RESUMABLE:
        named.append(Parameter("resume", "Resume", RESUME_NOTE, default="False"))
        named.append(Parameter("resume_since", "Since", RESUME_SINCE_NOTE))
    named.append(
        Parameter(
            "timeout",
            "float | timedelta",
            "Seconds (or a `timedelta`) for each call with all its retries.",
            required=False,
            member=None,
        )
    )
    if op.is_list:
        named.append(
            Parameter(
                "total_timeout",
                "float | timedelta",
                "Seconds for an iteration: its calls, and what is done between them.",
                required=False,
                member=None,
            )
        )
    named.sort(key=lambda p: not p.required)
    return positional, named


def docstring(
    service: Service, words: Words, op: Operation, params: list[Parameter], returns: str
) -> str:
    lines = [block(words.operation(op.name), ""), "", "Args:"]
    lines += [textwrap_arg(p) for p in params]
    if returns:
        lines += ["", "Returns:", block(returns, "    ", 88)]
    own = ["RequestValidationError: Before anything is sent, with every fault of the arguments."]
    if op.name in MUST_NAME_VERSION:
        own.append("VersionRequired: Before anything is sent, when no version is named.")
    if version_member(service, op):
        own.append("NoSuchVersion: The selector fits no version.")
    if op.scope == "membership":
        own.append("MissingMembership: Before anything is sent, when no membership is known.")
    own += [f"{error}: {ERROR_WORDS[error]}" for error in sorted(op.errors)]
    own.append("TransportError: No reply came.")
    if op.name in RESUMABLE:
        own.append(
            "ResumeMismatch, ResumeAmbiguous, ResourceFailed: With `resume`, nothing was sent:"
            " what has the name was made otherwise, is several, or has failed."
        )
    if op.creates:
        own.append(
            "OutcomeUnknown: No reply came, and looking for what it may have made did not tell."
        )
    lines += ["", "Raises:", *(hanging(line) for line in own)]
    lines += ["", f"[API reference: {op.name}]({words.link(op.name)})"]
    return indented(lines)


def textwrap_arg(parameter: Parameter) -> str:
    return hanging(f"{parameter.name}: {parameter.text}").replace("\\", "\\\\")


def hanging(text: str) -> str:
    """An entry of a docstring's section: what does not fit its line goes on further in."""
    return block(text, "        ", 88)[4:]


def method(
    name: str,
    given: list[str],
    returns: str,
    doc: str,
    body: str,
    *,
    waits: bool = True,
    decorator: str = "",
) -> str:
    """The source of one method."""
    start = f"{decorator}    {'async ' if waits else ''}def {name}({', '.join(['self', *given])}) -> {returns}:"
    if not doc:
        return f"{start} ...\n"
    return f'{start}\n        """{doc.strip()}\n        """\n        {body}\n'


def render_method(service: Service, words: Words, op: Operation) -> str:
    positional, named = parameters(service, words, op)
    everything = [*positional, *named]
    signature = [*(p.declared for p in positional), "*", *(p.declared for p in named)]
    scope = "membership_identifier" if op.scope == "membership" else "None"
    call = f"{constant(op.name)}, {values(everything)}, {scope}"
    if op.is_list:
        item = item_type(service, op)
        returns = (
            f"A paginator: `await` it for a list of `{item}`, iterate over it with `async for`,"
            " or over its `pages()`."
        )
        doc = docstring(service, words, op, everything, returns)
        body = (
            f"return self._paginator({call}, max_results=max_results, limit=limit, starting_token=starting_token,"
            " prefetch=prefetch, timeout=timeout, total_timeout=total_timeout)"
        )
        return method(
            op.method,
            signature,
            f"Paginator[{item}, {exported(service, op.output or '')}]",
            doc,
            body,
            waits=False,
        )
    if op.service == "cleanrooms":
        member = next(iter(service.shape(op.output or "")["members"]))
        inner = annotation(service, service.shape(op.output or "")["members"][member]["shape"], "")
        doc = docstring(service, words, op, everything, f"`{inner}`.")
        body = f'return self._part(await self._call({call}, timeout), "{member}")'
        return method(op.method, signature, inner, doc, body)
    output = exported(service, op.output) if op.output else "None"
    doc = docstring(service, words, op, everything, f"`{output}`." if op.output else "")
    sending = f"self._call({call}, timeout)"
    if op.name in RESUMABLE:
        sending = f"self._create({call}, timeout, resume=resume, resume_since=resume_since)"
    body = f"{'return ' if op.output else ''}await {sending}"
    text = method(op.method, signature, output, doc, body)
    return overloads(op, positional, named, output) + text if op.name in MUST_NAME_VERSION else text


def values(given: list[Parameter]) -> str:
    """What goes into the request, by the names of the parameters."""
    return "{" + ", ".join(f'"{p.name}": {p.name}' for p in given if p.member) + "}"


def overloads(
    op: Operation, positional: list[Parameter], named: list[Parameter], output: str
) -> str:
    """For checkers: a version has to be named, by a reference or by itself."""
    version = next(p for p in named if p.name == "version")
    must = Parameter("version", version.kind, "", required=True)
    reference = Parameter(positional[0].name, "TrainedModelRef", "", required=True)
    arn = Parameter(positional[0].name, "str", "", required=True)
    rest = [p for p in named if p.name != "version"]
    text = ""
    for first, second in ((reference, version), (arn, must)):
        given = [first.declared, "*", second.declared, *(p.declared for p in rest)]
        text += method(op.method, given, output, "", "", decorator="    @overload\n") + "\n"
    return text


RUNS = {
    "CreateTrainedModel": (
        "train",
        "GetTrainedModel",
        "Train a model once and wait until it is trained: `create`, then `wait`.",
    ),
    "StartTrainedModelInferenceJob": (
        "run",
        "GetTrainedModelInferenceJob",
        "Make predictions once and wait until they are there: `start`, then `wait`.",
    ),
    "CreateMLInputChannel": (
        "run",
        "GetMLInputChannel",
        "Create an input channel once and wait until its data are there: `create`, then `wait`.",
    ),
}
"""Creates and starts with a method that also waits: its name, what it gives, what it does."""

WAITING = (
    Parameter(
        "timeout",
        "float | timedelta",
        "Seconds (or a `timedelta`) for all of it, the start included; None for no end.",
        default="LONGEST",
    ),
    Parameter(
        "poll",
        "Poll",
        "When to look again: any wait of tenacity's, or seconds. By default soon at first and then after a fifth"
        " of the time waited, 5 to 45 seconds.",
    ),
    Parameter(
        "on_update",
        "Report",
        "Called (and awaited, if async) with each `StatusChange`, the first included.",
    ),
    Parameter(
        "cancel_on_timeout",
        "bool",
        "Cancel the job itself when the time is up. This may take up to 10 s more.",
        default="False",
    ),
    Parameter(
        "cancel_on_cancel",
        "bool",
        "Cancel the job itself when the waiting task is cancelled.",
        default="False",
    ),
)


def render_run(service: Service, words: Words, op: Operation) -> str:
    """A create or start that also waits: the same arguments, and those of the wait."""
    name, get, text = RUNS[op.name]
    output = next(other.output for other in service.operations if other.name == get) or ""
    positional, named = parameters(service, words, op)
    cancels = any(
        other.method == "cancel" for other in service.operations if other.group == op.group
    )
    waits = [p for p in WAITING if cancels or not p.name.startswith("cancel_")]
    named = [*(p for p in named if p.name != "timeout"), *waits]
    signature = [*(p.declared for p in positional), "*", *(p.declared for p in named)]
    lines = [block(text, ""), "", "Args:", *map(textwrap_arg, [*positional, *named])]
    raises = [
        "TypeError, ValueError: Before anything is sent, when `timeout`, `poll` or `on_update` cannot be used.",
        "WaitTimeout: The time was up. The job goes on; the error tells how to resume.",
        "ResourceFailed: It ended otherwise, with the reason.",
        "ResumeMismatch, ResumeAmbiguous: With `resume`, nothing was sent: what has the name was made otherwise, or"
        " is several.",
        "OutcomeUnknown: No reply came, and looking for what it may have made did not tell.",
        f"CleanRoomsMLError: What else `{op.method}` and `wait` raise; `error.handle` once it has been started.",
    ]
    lines += ["", "Returns:", f"    The final Get response, `{output}`."]
    lines += ["", "Raises:", *map(hanging, raises)]
    also = ["resume", "resume_since", *(p.name for p in waits)]
    waiting = ", ".join(f"{name}={name}" for name in also)
    call = f"{constant(op.name)}, {values([*positional, *named])}, membership_identifier, {waiting}"
    body = f"return await self._create_and_wait({call})"
    return method(name, signature, output, indented(lines), body)


def indented(lines: list[str]) -> str:
    return "\n".join(f"        {line}".rstrip() for text in lines for line in text.split("\n"))


OF_PAGES = ("max_results", "limit", "starting_token", "prefetch", "total_timeout")

BY_NAME_DEFAULTS = {"ListMemberships": {"status": '"ACTIVE"'}}
"""Filters of `by_name` that are set unless the caller says otherwise."""

BY_NAME_NOTES = {
    "ListMemberships": "A membership has the name of its collaboration.",
    "ListTrainedModels": "Of a model with several rows it is the newest one.",
}


def render_by_name(service: Service, words: Words, op: Operation) -> str:
    """Finding the one row of a list that has exactly some name."""
    positional, named = parameters(service, words, op)
    named = [p for p in named if p.name not in OF_PAGES]
    for p in named:
        p.default = BY_NAME_DEFAULTS.get(op.name, {}).get(p.name, p.default)
    called = Parameter("name", "str", "The whole name; case matters.", required=True)
    item = item_type(service, op)
    noun = NOUNS[op.group].replace("_", " ").replace("ml ", "ML ")
    note = " " + BY_NAME_NOTES[op.name] if op.name in BY_NAME_NOTES else ""
    text = f"Find the one {noun} with exactly that name; reads every page of the list.{note}"
    raises = (
        "NoSuchName: None has it; the error tells names that come close.",
        "AmbiguousName: More than one has it.",
        "ServiceError, TransportError: As `list` does.",
    )
    lines = [block(text, ""), "", "Args:", *map(textwrap_arg, [*positional, called, *named])]
    lines += ["", "Returns:", f"    The row of the list, `{item}`."]
    lines += ["", "Raises:", *map(hanging, raises)]
    signature = [*(p.declared for p in [*positional, called]), "*", *(p.declared for p in named)]
    given = [*(p.name for p in positional), *(f"{p.name}={p.name}" for p in named)]
    rows = f"self.list({', '.join(given)})"
    body = f"return await self._by_name({rows}, name, {constant(op.name)})"
    return method("by_name", signature, item, indented(lines), body)


def pins(service: Service, operations: list[Operation]) -> bool:
    """Whether requests of a group name trained models, so that they take references."""
    shapes = reachable(service.shapes, [op.input for op in operations])
    return "TrainedModelArn" in shapes or "TaggableArn" in shapes


def render_group(service: Service, words: Words, key: str, operations: list[Operation]) -> str:
    methods = "\n".join(
        [
            *(render_method(service, words, op) for op in operations),
            *(render_run(service, words, op) for op in operations if op.name in RUNS),
            *(
                render_by_name(service, words, op)
                for op in operations
                if op.is_list and op.method == "list"
            ),
        ]
    )
    models = sorted(
        {
            name
            for name in (exported(service, n) for n in [*service.structures(), *service.enums()])
            if re.search(rf"(?<![\w.`]){name}(?![\w`])", strip_docs(methods))
        }
    )
    dicts = sorted(set(re.findall(r"\w+Dict\b", strip_docs(methods))))
    literals = sorted(set(re.findall(r"\w+Literal\b", strip_docs(methods))))
    constants = ", ".join(sorted(constant(op.name) for op in operations))
    collaboration = key.startswith("collaboration_")
    base = "CollaborationGroup" if collaboration else "Group"
    module = "group"
    if pins(service, operations):
        base, module = f"Pinning{base}", "pinning"
    group = operations[0].group
    name = ("Collaboration" if collaboration else "") + class_name(group) + "Operations"
    code = strip_docs(methods)
    noun = NOUNS[group].replace("_", " ")
    whose = "a collaboration's view of " if collaboration else ""
    lines = [HEADER, f'"""The plain methods of {whose}{noun}."""\n']
    lines.append("from __future__ import annotations\n")
    typing = "TYPE_CHECKING, overload" if "@overload" in methods else "TYPE_CHECKING"
    lines.append(f"from typing import {typing}\n")
    if "= LONGEST" in methods:
        lines.append("from ..resource_types import LONGEST")
    lines.append(f"from .operations import {constants}")
    lines.append(f"from ..resources.{module} import {base}\n")
    lines.append("if TYPE_CHECKING:")
    used = [n for n in ("Mapping", "Sequence") if f"{n}[" in code]
    if used:
        lines.append(f"    from collections.abc import {', '.join(used)}")
    used = [n for n in ("datetime", "timedelta") if re.search(rf"\b{n}\b", code)]
    if used:
        lines.append(f"    from datetime import {', '.join(used)}")
    lines.append(f"    from ..models import {', '.join(models)}") if models else None
    if "Paginator[" in code:
        lines.append("    from ..pagination import Paginator")
    if "resume: Resume" in code:
        lines.append("    from ..resuming import Resume, Since")
    if dicts or literals:
        lines.append(f"    from ..types import {', '.join([*dicts, *literals])}")
    used = [n for n in ("TrainedModelRef", "VersionSelector") if re.search(rf"\b{n}\b", code)]
    if used:
        lines.append(f"    from ..versions import {', '.join(used)}")
    if "Poll" in code:
        lines.append("    from ..waiting import Poll, Report")
    if lines[-1] == "if TYPE_CHECKING:":
        lines.pop()
    lines.append(f'\n\nclass {name}({base}):\n    """Operations on: {noun}."""\n\n')
    return "\n".join(line for line in lines if line is not None) + methods


def strip_docs(text: str) -> str:
    return re.sub(r'"""(?:.|\n)*?"""', "", text)


def render(services: list[Service]) -> Files:
    files: Files = {}
    for service in services:
        words = Words(service)
        groups: dict[str, list[Operation]] = defaultdict(list)
        for op in service.operations:
            groups[group_key(op)].append(op)
        for key, operations in groups.items():
            files[f"api/{key}.py"] = render_group(service, words, key, operations)
    files["api/__init__.py"] = (
        HEADER
        + '"""Every operation of the service: as data, with the constraints of its request, and as a plain method."""\n'
    )
    return files
