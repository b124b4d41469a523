"""Parameters of generated methods, and how a method is put together."""

from __future__ import annotations

from collections.abc import Iterable

from .describing import Words, block, facts
from .models import given_type
from .naming import python_name
from .requests import MODEL_LED, version_member
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
DISTINCT_NOTE = (
    "Only the first row of each model: whether one of several versions has several rows is not documented, and the"
    " rows come as the service gives them."
)
RESUME_SINCE_NOTE = "What is older is refused: a time, or how long ago. Together with `resume`."


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
    if op.name == "ListTrainedModels":
        named.append(Parameter("distinct", "bool", DISTINCT_NOTE, default="False"))
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
    text: str,
    given: list[Parameter],
    returns: str,
    raises: Iterable[str],
    link: str = "",
) -> str:
    """A docstring in sections; those that are empty are left out."""
    lines = [block(text, ""), "", "Args:", *map(entry, given)]
    if returns:
        lines += ["", "Returns:", block(returns, "    ", 88)]
    lines += ["", "Raises:", *map(hanging, raises)]
    lines += ["", link] if link else []
    return "\n".join(f"        {line}".rstrip() for text in lines for line in text.split("\n"))


def entry(parameter: Parameter) -> str:
    return hanging(f"{parameter.name}: {parameter.text}").replace("\\", "\\\\")


def hanging(text: str) -> str:
    """An entry of a docstring's section: what does not fit its line goes on further in."""
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
