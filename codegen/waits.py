"""Writes the waits of each group of what has a life cycle, into the group's file in crml_sdk/api."""

from __future__ import annotations

from dataclasses import dataclass

from .describing import Words
from .models import WAITED, exported, item_type
from .naming import constant, noun
from .parameters import Parameter, docstring, method, overload, parameters, passed, values
from .source import Operation, Service, group_key

EXPORT = "StartTrainedModelExportJob"
EXPORTED_ROW = "CollaborationTrainedModelExportJobSummary"

RUNS = {
    "CreateTrainedModel": (
        "train",
        "GetTrainedModelResponse",
        "Train a model once and wait until it is trained: `create`, then `wait`.",
    ),
    "StartTrainedModelInferenceJob": (
        "run",
        "GetTrainedModelInferenceJobResponse",
        "Make predictions once and wait until they are there: `start`, then `wait`.",
    ),
    "CreateMLInputChannel": (
        "run",
        "GetMLInputChannelResponse",
        "Create an input channel once and wait until its data are there: `create`, then `wait`.",
    ),
    EXPORT: (
        "run_export",
        EXPORTED_ROW,
        "Export a trained model once and wait until that is done: `start_export`, then `wait_export`.",
    ),
}
"""Creates and starts with a method that also waits: its name, what it gives, what it does."""

NAMED = {
    "audience_export_jobs": "audience_generation_job_arn",
    "collaboration_export_jobs": "trained_model_arn",
}

TIMEOUT = Parameter(
    "timeout",
    "float | timedelta",
    "Seconds (or a `timedelta`) for all of it, calls included; None for no end.",
    default="LONGEST",
)
POLL = Parameter(
    "poll",
    "Poll",
    "When to look again: any wait of tenacity's, seconds or a `timedelta`. By default soon at first and then after a"
    " fifth of the time waited, 5 to 45 seconds.",
)
ON_UPDATE = Parameter(
    "on_update",
    "Report",
    "Called (and awaited, if async) with each `StatusChange`, the first included.",
)
CANCELLING = (
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
NO_TIMEOUT = Parameter(
    "timeout",
    "float | timedelta",
    "Seconds (or a `timedelta`) for all of it; None, the default, for no end.",
)
MEMBERSHIP = Parameter(
    "membership_identifier", "str", "The membership; the one in the ARN when left out."
)
VERSION = Parameter(
    "version",
    "str | VersionSelector",
    "The version: an identifier, `LATEST`, `LATEST_ACTIVE` or `BASE`. Left out, it is the version that is the latest"
    " at the first look, and stays that one although later versions may come.",
)
DETAILS = Parameter(
    "details",
    "bool",
    "Whether what ended well is read by a Get, too. False: `outcome.row`, its row in the list, is all there is of it;"
    " what failed is read either way.",
    default="True",
)
NAME = Parameter("name", "str", "The name that the export was started with.", required=True)
COLLABORATION = Parameter(
    "collaboration_identifier",
    "str",
    "The collaboration; looked up from the model when left out, which costs one more request.",
)

KEPT_UP = (
    "Throttling, errors of the service (5xx) and lost connections are survived within the deadline; other refusals"
    " (400, 403, 404) end the wait at once. Cancelling the waiting task ends the waiting and nothing else."
)
BY_NAME = (
    "Exports have no identifier and no get: they show in the list only. Of several with the name it is the newest;"
    " one that does not show within half a minute is not there."
)
TIME_UP = "WaitTimeout: The time was up. Only the waiting ended; the error tells how to resume."
FAILED = "ResourceFailed: It ended otherwise, with the reason."
FAULT = "ServiceError, TransportError: A fault that looking again would not cure."
NO_VERSION = "NoSuchVersion: The selector fits no version."
UNFIT = "ArnError, TypeError, ValueError: Before anything is sent, when an argument cannot be used."


@dataclass(frozen=True)
class Life:
    """What is waited for in a group."""

    noun: str
    model: str
    row: str
    listed: str
    collaboration: bool
    versioned: bool
    cancels: bool
    deletes: bool
    exported: str | None

    @property
    def target(self) -> Parameter:
        ref = "a `TrainedModelRef`, " if self.noun == "trained model" else ""
        text = f"An ARN, {ref}a handle or its text, or a reply that names the {self.noun}."
        return Parameter("target", "str | Waited[Any]", text, required=True)

    @property
    def which(self) -> list[Parameter]:
        return [VERSION] if self.versioned else []

    @property
    def where(self) -> list[Parameter]:
        return [] if self.collaboration else [MEMBERSHIP]

    @property
    def thing(self) -> str:
        return "version of a trained model" if self.versioned else self.noun

    @property
    def a_thing(self) -> str:
        return f"{'an' if self.thing[0] in 'aeio' or self.thing.startswith('ML') else 'a'} {self.thing}"

    @property
    def raises(self) -> list[str]:
        return [
            UNFIT,
            TIME_UP,
            *([NO_VERSION] if self.versioned else []),
        ]

    def handle(self, goal: str = "") -> str:
        """The handle of the target; to resolve a version takes some of the time."""
        goal = f', goal="{goal}"' if goal else ""
        if self.versioned:
            return f"handle, timeout = await self._resolved(target, version, membership_identifier, timeout{goal})"
        scope = (
            "collaboration=self._collaboration" if self.collaboration else "membership_identifier"
        )
        return f"handle = self._core.waiting.handle({self.listed}, target, {scope}{goal})"


def life_of(service: Service, operations: list[Operation]) -> Life | None:
    """What there is to wait for in a group; None where everything is usable as soon as it exists."""
    listed = next((op for op in operations if op.method == "list"), None)
    if listed is None or listed.group not in WAITED:
        return None
    row = item_type(service, listed)
    status = service.shape(service.shape(row)["members"]["status"]["shape"])["enum"]
    get = next((op for op in operations if op.method == "get"), None)
    collaboration = listed.scope == "collaboration"
    return Life(
        noun=noun(listed.group),
        model=exported(service, get.output or "") if get else row,
        row=row,
        listed=constant(listed.name),
        collaboration=collaboration,
        versioned=has_versions(operations),
        cancels=any(op.method == "cancel" for op in operations),
        deletes=not collaboration and any(value.startswith("DELETE_") for value in status),
        exported=NAMED.get(group_key(listed)),
    )


def has_versions(operations: list[Operation]) -> bool:
    """Whether the resources of a group have versions that are listed."""
    return any(op.method == "versions" for op in operations)


def render_group(service: Service, words: Words, operations: list[Operation]) -> list[str]:
    """The methods of a group that wait."""
    life = life_of(service, operations)
    if life is None:
        return []
    made = [render_run(service, words, op, life) for op in operations if op.name in RUNS]
    export = next((op for op in operations if op.name == EXPORT), None)
    if export is not None:
        made += [render_start_export(service, words, export), *render_export()]
    if life.exported is not None:
        return [*made, *render_named(life, life.exported)]
    made += [render_handle(life), render_wait(life), render_watch(life)]
    made += [render_wait_deleted(life)] if life.deletes else []
    made += [render_wait_cancelled(life)] if life.cancels else []
    return made


def render_handle(life: Life) -> str:
    given = [*life.which, *life.where]
    doc = docstring(
        "Make what to wait for a value: its text, `str(handle)`, resumes the wait anywhere.",
        [life.target, *given],
        f"The handle of the {life.thing}.",
        [
            f"ArnError: It names no {life.noun}.",
            *(
                ["ValueError: With `LATEST_ACTIVE`, which changes: resolve it first."]
                * life.versioned
            ),
        ],
    )
    if life.versioned:
        body = "return self._versioned(target, version, membership_identifier)"
    else:
        body = life.handle().replace("handle =", "return", 1)
    return method("handle", [life.target], given, f"Handle[{life.model}]", doc, body, waits=False)


def render_wait(life: Life) -> str:
    cancelling = CANCELLING if life.cancels else ()
    given = [*life.which, TIMEOUT, POLL, ON_UPDATE, *life.where, *cancelling]
    finished = "has been trained" if life.noun == "trained model" else "has finished"
    text = (
        f"Wait until {life.a_thing} {finished}.\n\n`ACTIVE` is how it ends well: the service has no"
    )
    text += f' "completed". {KEPT_UP}'
    what = "Get response" if life.model != life.row else "row in the list"
    returns, doc_returns = life.model, f"The final {what}, `{life.model}`."
    ways = ""
    if life.versioned:
        returns += f" | {life.row}"
        doc_returns += f" The base version of a model that has later ones shows only in the list of versions: its row there, `{life.row}`."
        base = Parameter("version", "BaseSelector", "", required=True)
        rest = [p for p in given if p is not VERSION]
        ways = overload("wait", [life.target], [base, *rest], returns)
        ways += overload("wait", [life.target], given, life.model)
    doc = docstring(text, [life.target, *given], doc_returns, [*life.raises, FAILED, FAULT])
    names = passed(p.name for p in (TIMEOUT, POLL, ON_UPDATE, *cancelling))
    body = f"{life.handle()}\n        return await self._core.waiting.wait(handle, {names})"
    return ways + method("wait", [life.target], given, returns, doc, body)


def render_watch(life: Life) -> str:
    given = [*life.which, NO_TIMEOUT, POLL, *life.where]
    text = f"Watch the status of {life.a_thing}: `async for change in ...`.\n\nIt ends with the status that a `wait`"
    text += " would end with, and raises nothing for a bad one."
    returns = "An iterator over each `StatusChange`, the first status included."
    raises = ["WaitTimeout, ServiceError, TransportError: As `wait` does, while iterating."]
    doc = docstring(text, [life.target, *given], returns, raises)
    made = life.handle().replace("handle =", "", 1)
    if life.versioned:
        made = "self._versioned(target, version, membership_identifier)"
    body = f"return self._core.waiting.watch({made}, timeout=timeout, poll=poll)"
    return method("watch", [life.target], given, f"Watch[{life.model}]", doc, body, waits=False)


def render_wait_deleted(life: Life) -> str:
    text = f"Wait until the deletion of {life.a_thing}, asked for before, is done.\n\nThat is when it is gone (404) or, "
    text += "where only its data are deleted, `INACTIVE`; which of them is not documented; assumed."
    returns = "The last Get response, or None when it is gone."
    raises = [*life.raises, "ResourceFailed: The deletion failed.", FAULT]
    return render_goal(
        "wait_deleted", life, f"{life.model} | None", text, returns, raises, "deleted"
    )


def render_wait_cancelled(life: Life) -> str:
    text = f"Wait until {life.a_thing} that was asked to stop runs no longer."
    returns = (
        "The last Get response. Its status says how it ended: `INACTIVE` when it was cancelled, `ACTIVE` or"
        " `CREATE_FAILED` when it had ended before it could be."
    )
    raises = [
        *life.raises,
        "ResourceFailed: The cancellation failed (`CANCEL_FAILED`, read three times in a row): it may be running still.",
        FAULT,
    ]
    return render_goal("wait_cancelled", life, life.model, text, returns, raises, "cancelled")


def render_goal(
    name: str, life: Life, model: str, text: str, returns: str, raises: list[str], goal: str
) -> str:
    """A wait for something else than that it finishes."""
    given = [*life.which, TIMEOUT, POLL, ON_UPDATE, *life.where]
    doc = docstring(text, [life.target, *given], returns, raises)
    names = passed(p.name for p in (TIMEOUT, POLL, ON_UPDATE))
    body = f"{life.handle(goal)}\n        return await self._core.waiting.wait(handle, {names})"
    return method(name, [life.target], given, model, doc, body)


def render_run(service: Service, words: Words, op: Operation, life: Life) -> str:
    """A create or start that also waits: the same arguments, and those of the wait."""
    name, output, text = RUNS[op.name]
    positional, named = parameters(service, words, op)
    cancelling = CANCELLING if life.cancels and op.name != EXPORT else ()
    waits = [TIMEOUT, POLL, ON_UPDATE, *cancelling]
    named = [*(p for p in named if p.name != "timeout"), *waits]
    raises = [
        "TypeError, ValueError: Before anything is sent, when `timeout`, `poll` or `on_update` cannot be used.",
        TIME_UP,
        FAILED,
        "ResumeMismatch, ResumeAmbiguous: With `resume`, nothing was sent: what has the name was made otherwise, or"
        " is several.",
        "OutcomeUnknown: No reply came, and looking for what it may have made did not tell.",
        f"CleanRoomsMLError: What else `{op.method}` and `wait` raise; `error.handle` once it has been started.",
    ]
    what = "row of the export in the list" if op.name == EXPORT else "Get response"
    doc = docstring(text, [*positional, *named], f"The final {what}, `{output}`.", raises)
    also = passed(["resume", "resume_since", *(p.name for p in waits)])
    call = f"{constant(op.name)}, {values([*positional, *named])}, membership_identifier, {also}"
    return method(
        name, positional, named, output, doc, f"return await self._create_and_wait({call})"
    )


def render_start_export(service: Service, words: Words, op: Operation) -> str:
    positional, named = parameters(service, words, op)
    doc = docstring(
        "Start an export, and give what to wait for: `export`, whose reply names nothing.",
        [*positional, *named],
        'The handle of the job, for `sdk.wait`; with the name that the job has, which with `resume="retry"` may be'
        " another than the given one.",
        ["CleanRoomsMLError: What `export` raises."],
    )
    call = f"{constant(op.name)}, {values([*positional, *named])}, membership_identifier, timeout"
    body = f"handle, _ = await self._created({call}, resume=resume, resume_since=resume_since)\n        return handle"
    return method("start_export", positional, named, f"Handle[{EXPORTED_ROW}]", doc, body)


def exported_model(reference: str) -> Parameter:
    text = f"The exported model; a `TrainedModelRef` {reference}."
    return Parameter("trained_model_arn", "str | TrainedModelRef", text, required=True)


def render_export() -> list[str]:
    """Waiting for the export of a trained model, of which the start tells nothing."""
    model = exported_model("brings its version along")
    version = Parameter(
        "version",
        "str | VersionSelector",
        "The exported version: an identifier or `BASE`; left out, any.",
    )
    given = [NAME, version, COLLABORATION, MEMBERSHIP]
    making = passed(p.name for p in given)
    handle = method(
        "export_handle",
        [model],
        given,
        f"Handle[{EXPORTED_ROW}]",
        docstring(
            "Make an export job a value to wait for, although the service gives it no identifier.",
            [model, *given],
            "The handle of the job, for `sdk.wait`.",
            [
                "ArnError: It names no trained model.",
                "ValueError: With `LATEST_ACTIVE`: resolve it first.",
            ],
        ),
        f"return self._model_export_handle({model.name}, {making})",
        waits=False,
    )
    given = [*given[:3], TIMEOUT, POLL, ON_UPDATE, MEMBERSHIP]
    text = f"Wait for an export job, found by model, version and name.\n\n{BY_NAME}"
    returns = "The export job's row in the list."
    raises = [UNFIT, TIME_UP, FAILED, FAULT]
    doc = docstring(text, [model, *given], returns, raises)
    waits = passed(p.name for p in (TIMEOUT, POLL, ON_UPDATE))
    body = (
        f"handle = self.export_handle({model.name}, {making})\n"
        f"        return await self._core.waiting.wait(handle, {waits})"
    )
    return [handle, method("wait_export", [model], given, EXPORTED_ROW, doc, body)]


def render_named(life: Life, owner: str) -> list[str]:
    """Waiting for export jobs, which have a name for want of an identifier."""
    of = Parameter(owner, "str", "The generation job whose audience is exported.", required=True)
    if life.collaboration:
        of = exported_model("narrows it to one version")
    made = f"self.handle({owner}, name=name)"
    scope = ", self._collaboration" if life.collaboration else ""
    handle = method(
        "handle",
        [of],
        [NAME],
        f"Handle[{life.model}]",
        docstring(
            "Make an export job a value to wait for, although the service gives it no identifier.",
            [of, NAME],
            "The handle of the job; its text, `str(handle)`, resumes the wait anywhere.",
            ["ArnError: It names nothing of that kind."],
        ),
        f"return self._core.waiting.export_handle({life.listed}, {owner}, name{scope})",
        waits=False,
    )
    given = [NAME, TIMEOUT, POLL, ON_UPDATE]
    raises = [UNFIT, TIME_UP, FAILED, FAULT]
    text = f"Wait for an export job, found by its name and what is exported.\n\n{BY_NAME}"
    doc = docstring(text, [of, *given], "The export job's row in the list.", raises)
    waits = passed(p.name for p in given[1:])
    body = f"return await self._core.waiting.wait({made}, {waits})"
    wait = method("wait", [of], given, life.model, doc, body)
    given = [NAME, NO_TIMEOUT, POLL]
    doc = docstring(
        "Watch the status of an export job: `async for change in ...`.",
        [of, *given],
        "An iterator over each `StatusChange`, the first status included.",
        ["WaitTimeout, ServiceError, TransportError: As `wait` does, while iterating."],
    )
    body = f"return self._core.waiting.watch({made}, timeout=timeout, poll=poll)"
    watch = method("watch", [of], given, f"Watch[{life.model}]", doc, body, waits=False)
    return [handle, wait, watch]
