"""Parameters of generated methods, and how a method is put together."""

from __future__ import annotations

from collections.abc import Iterable

from .describing import Words, block, facts
from .models import given_type
from .naming import constant, python_name
from .requests import MODEL_LED, version_member
from .source import Operation, Service

PAGING = ("nextToken", "maxResults")

VERSION_NOTES = {
    "GetTrainedModel": "By default, the service returns the latest version.",
    "GetCollaborationTrainedModel": "By default, the service returns the latest version.",
    "CancelTrainedModel": "Required: without it the service would cancel the base version.",
    "DeleteTrainedModelOutput": "Required: without it the service would delete the output of the base version.",
    "StartTrainedModelExportJob": "It is not documented which version the service exports by default.",
    "StartTrainedModelInferenceJob": "It is not documented which version the service uses by default.",
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
"""Operations that create something with a life cycle, which a second attempt can find."""
RESUME_NOTE = (
    "Look first for what an earlier attempt of this request created. If that is in progress or `ACTIVE`, it is"
    " returned with its `resumed` set, and nothing is sent. If it failed, `ResourceFailed` is raised, or with"
    ' "retry" a new one is created as NAME-2, NAME-3 and so on.'
)
DISTINCT_NOTE = (
    "Whether to give only the first row of each model, in the order of the service. It is not documented whether a"
    " model with several versions has several rows."
)
RESUME_SINCE_NOTE = "With `resume`, refuse anything older than this: a time, or how long ago."


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
    """The positional and the keyword-only parameters, with the required ones first."""
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
        text = words.described(op.input, member)
        if member == version:
            text = (
                "The version: its identifier, `LATEST`, `LATEST_ACTIVE` or `BASE`. Selectors are resolved before"
                " the call. " + VERSION_NOTES.get(op.name, "By default, all versions are listed.")
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
        only = op.creates or op.is_list
        last = ", or is the account's only active one" if only else ""
        text = (
            "Identifier of the membership. By default it comes from the ARN, the client or the scope"
            f"{last}. {facts(service, shape['members']['membershipIdentifier']['shape'])}."
        )
        named.append(Parameter("membership_identifier", "str", text, required=False, member=None))
    if op.is_list:
        text = (
            "Number of rows per request. "
            + facts(service, "MaxResults")
            + ". By default 100, or `limit` if that is less."
        )
        named.append(Parameter("max_results", "int", text, required=False, member=None))
        named.append(
            Parameter(
                "limit", "int", "Total number of rows. By default all.", required=False, member=None
            )
        )
        named.append(
            Parameter(
                "starting_token",
                "str",
                "The `next_token` of an earlier page, to continue after it.",
                required=False,
                member=None,
            )
        )
        named.append(
            Parameter(
                "prefetch",
                "bool",
                "Whether to fetch the next page while you process one. Use it as `async with ... as rows`.",
                required=False,
                member=None,
                default="False",
            )
        )
    if op.name == "ListTrainedModels":
        named.append(Parameter("distinct", "bool", DISTINCT_NOTE, default="False"))
    if op.name in RESUMABLE:
        named.append(Parameter("resume", "Resume", RESUME_NOTE, default="False"))
        named.append(Parameter("resume_since", "Since", RESUME_SINCE_NOTE))
    named.append(
        Parameter(
            "timeout",
            "float | timedelta",
            "Seconds, or a `timedelta`, for each call with all its retries.",
            required=False,
            member=None,
        )
    )
    if op.is_list:
        named.append(
            Parameter(
                "total_timeout",
                "float | timedelta",
                "Seconds, or a `timedelta`, for a whole iteration: its calls, and your code between them.",
                required=False,
                member=None,
            )
        )
    named.sort(key=lambda p: not p.required)
    return positional, named


def docstring(
    text: str,
    given: list[Parameter],
    returns: str,
    raises: Iterable[str],
    link: str = "",
) -> str:
    """A docstring in sections, without the empty ones."""
    lines = [block(text, ""), "", "Args:", *map(entry, given)]
    if returns:
        lines += ["", "Returns:", block(returns, "    ", 88)]
    lines += ["", "Raises:", *map(hanging, raises)]
    lines += ["", link] if link else []
    return "\n".join(f"        {line}".rstrip() for text in lines for line in text.split("\n"))


def entry(parameter: Parameter) -> str:
    return hanging(f"{parameter.name}: {parameter.text}").replace("\\", "\\\\")


def hanging(text: str) -> str:
    """An entry of a docstring's section. Its further lines are indented."""
    return block(text, "        ", 88)[4:]


def method(
    name: str,
    positional: list[Parameter],
    named: list[Parameter],
    returns: str,
    doc: str,
    body: str,
    *,
    waits: bool = True,
) -> str:
    """The source of one method."""
    head = signature(name, positional, named, returns, waits)
    return f'{head}\n        """{doc.strip()}\n        """\n        {body}\n'


def overload(
    name: str,
    positional: list[Parameter],
    named: list[Parameter],
    returns: str,
    *,
    waits: bool = True,
) -> str:
    """One way to call a method, for type checkers."""
    return f"    @overload\n{signature(name, positional, named, returns, waits)} ...\n\n"


def signature(
    name: str, positional: list[Parameter], named: list[Parameter], returns: str, waits: bool
) -> str:
    given = ["self", *(p.declared for p in positional)]
    given += ["*", *(p.declared for p in named)] if named else []
    return f"    {'async ' if waits else ''}def {name}({', '.join(given)}) -> {returns}:"


def values(given: list[Parameter]) -> str:
    """What goes into the request, by the names of the parameters."""
    return "{" + ", ".join(f'"{p.name}": {p.name}' for p in given if p.member) + "}"


def passed(names: Iterable[str]) -> str:
    """Arguments that are passed on by their names."""
    return ", ".join(f"{name}={name}" for name in names)


def call_of(op: Operation, given: list[Parameter]) -> str:
    """The `Call` that a method makes of its arguments."""
    scope = "membership_identifier" if op.scope == "membership" else "None"
    resume = ", resume, resume_since" if op.name in RESUMABLE else ""
    return f"Call({constant(op.name)}, {values(given)}, {scope}, timeout{resume})"
