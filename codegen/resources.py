"""Writes crml_sdk/api: the plain method of every operation, one file per group."""

from __future__ import annotations

import re
from collections import defaultdict

from .describing import Words, block, facts
from .models import HEADER, Files, annotation, exported
from .naming import NOUNS, class_name, constant, python_name
from .requests import MODEL_LED, given_type, version_member
from .source import Operation, Service

PAGING = ("nextToken", "maxResults")

VERSION_NOTES = {
    "GetTrainedModel": "Left out, the service answers with the latest version.",
    "GetCollaborationTrainedModel": "Left out, the service answers with the latest version.",
    "CancelTrainedModel": "Required, because the service would cancel the base version without it.",
    "DeleteTrainedModelOutput": "Required, because the service would delete the base version's output without it.",
    "StartTrainedModelExportJob": "Left out, which version is exported is not documented.",
    "StartTrainedModelInferenceJob": "Left out, which version runs is not documented.",
}
MUST_NAME_VERSION = ("CancelTrainedModel", "DeleteTrainedModelOutput")
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
        required: bool,
        member: str | None,
        default: str = "None",
    ) -> None:
        self.name = name
        self.default = default
        self.kind = kind
        self.text = text
        self.required = required
        self.member = member
        self.default = default


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
        text = (
            "The membership; found in the ARN, or taken from the client or the scope, when left out. "
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
        named.append(
            Parameter("resume", "Resume", RESUME_NOTE, required=False, member=None, default="False")
        )
        named.append(
            Parameter("resume_since", "Since", RESUME_SINCE_NOTE, required=False, member=None)
        )
    named.append(
        Parameter(
            "timeout",
            "float",
            "Seconds for each call with all its retries.",
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


def item_type(service: Service, op: Operation) -> str:
    assert op.output and op.result_key
    target = service.shape(op.output)["members"][op.result_key]["shape"]
    return annotation(service, target, "")[5:-1]


def docstring(
    service: Service, words: Words, op: Operation, params: list[Parameter], returns: str
) -> str:
    lines = [block(words.operation(op.name), ""), "", "Args:"]
    lines += [textwrap_arg(p) for p in params]
    if returns:
        lines += ["", "Returns:", block(returns, "    ", 88)]
    own = ["RequestValidationError: Before anything is sent, with every fault of the arguments."]
    if op.scope == "membership":
        own.append("MissingMembership: Before anything is sent, when no membership is known.")
    own += [f"{error}: {ERROR_WORDS[error]}" for error in sorted(op.errors)]
    own.append("TransportError: No reply came.")
    if op.creates:
        if op.name in RESUMABLE:
            own.append(
                "ResumeMismatch, ResumeAmbiguous, ResourceFailed: With `resume`, nothing was sent:"
                " what has the name was made otherwise, is several, or has failed."
            )
        own.append(
            "OutcomeUnknown: No reply came, and looking for what it may have made did not tell."
        )
    lines += ["", "Raises:", *(hanging(line) for line in own)]
    lines += ["", f"[API reference: {op.name}]({words.link(op.name)})"]
    return "\n".join(f"        {line}".rstrip() for text in lines for line in text.split("\n"))


def textwrap_arg(parameter: Parameter) -> str:
    return hanging(f"{parameter.name}: {parameter.text}").replace("\\", "\\\\")


def hanging(text: str) -> str:
    """An entry of a docstring's section: what does not fit its line goes on further in."""
    return block(text, "        ", 88)[4:]


def render_method(service: Service, words: Words, op: Operation) -> str:
    positional, named = parameters(service, words, op)

    def declared(p: Parameter) -> str:
        if p.name == "version" and op.name in MUST_NAME_VERSION:
            return "version: str | VersionSelector | None = None"
        if p.required:
            return f"{p.name}: {p.kind}"
        optional = " | None" if p.default == "None" else ""
        return f"{p.name}: {p.kind}{optional} = {p.default}"

    signature = ", ".join(["self", *map(declared, positional), "*", *map(declared, named)])
    sent = [p for p in [*positional, *named] if p.member]
    request = ", ".join(f'"{p.name}": {p.name}' for p in sent)
    scope = ", membership_identifier" if op.scope == "membership" else ""
    method = f"_{op.method}" if op.name in MUST_NAME_VERSION else op.method
    everything = [*positional, *named]
    if op.is_list:
        item = item_type(service, op)
        doc = docstring(
            service,
            words,
            op,
            everything,
            f"A paginator: `await` it for a list of `{item}`, iterate over it with `async for`, or over its `pages()`.",
        )
        body = (
            f"return self._paginator({constant(op.name)}, {{{request}}}{scope or ', None'}, max_results=max_results,"
            " limit=limit, starting_token=starting_token, prefetch=prefetch, timeout=timeout, total_timeout=total_timeout)"
        )
        return f'    def {method}({signature}) -> Paginator[{item}]:\n        """\n{doc}\n        """\n        {body}\n'
    output = exported(service, op.output) if op.output else None
    returns = f"`{output}`." if output else ""
    if op.service == "cleanrooms":
        member = next(iter(service.shape(op.output or "")["members"]))
        inner = annotation(service, service.shape(op.output or "")["members"][member]["shape"], "")
        doc = docstring(service, words, op, everything, f"`{inner}`.")
        call = f'self._part(await self._call({constant(op.name)}, {{{request}}}, None, timeout), "{member}")'
        return f'    async def {method}({signature}) -> {inner}:\n        """\n{doc}\n        """\n        return {call}\n'
    doc = docstring(service, words, op, everything, returns)
    given = f"({constant(op.name)}, {{{request}}}{scope or ', None'}, timeout"
    call = f"await self._call{given})"
    if op.name in RESUMABLE:
        call = f"await self._create{given}, resume=resume, resume_since=resume_since)"
    body = f"return {call}" if output else call
    return f'    async def {method}({signature}) -> {output}:\n        """\n{doc}\n        """\n        {body}\n'


def render_group(service: Service, words: Words, key: str, operations: list[Operation]) -> str:
    methods = "\n".join(render_method(service, words, op) for op in operations)
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
    group = operations[0].group
    name = ("Collaboration" if collaboration else "") + class_name(group) + "Operations"
    code = strip_docs(methods)
    noun = NOUNS[group].replace("_", " ")
    whose = "a collaboration's view of " if collaboration else ""
    lines = [HEADER, f'"""The plain methods of {whose}{noun}."""\n']
    lines.append("from __future__ import annotations\n")
    lines.append("from typing import TYPE_CHECKING\n")
    lines.append(f"from .operations import {constants}")
    lines.append(f"from ..resources.group import {base}\n")
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
