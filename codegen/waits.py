"""Writes the methods that wait, for each group whose resources have a life cycle."""

from __future__ import annotations

from dataclasses import dataclass

from .describing import Words
from .models import WAITED, exported, item_type
from .naming import constant, noun
from .parameters import Parameter, call_of, docstring, method, overload, parameters, passed
from .source import Operation, Service, group_key

EXPORT = "StartTrainedModelExportJob"
EXPORTED_ROW = "CollaborationTrainedModelExportJobSummary"

RUNS = {
    "CreateTrainedModel": (
        "train",
        "GetTrainedModelResponse",
        "Start one training and wait until it has finished: `create`, then `wait`.",
    ),
    "StartTrainedModelInferenceJob": (
        "run",
        "GetTrainedModelInferenceJobResponse",
        "Start one inference job and wait until it has finished: `start`, then `wait`.",
    ),
    "CreateMLInputChannel": (
        "run",
        "GetMLInputChannelResponse",
        "Create one input channel and wait until its data is ready: `create`, then `wait`.",
    ),
    EXPORT: (
        "run_export",
        EXPORTED_ROW,
        "Start one export of a trained model and wait until it has finished: `start_export`, then `wait_export`.",
    ),
}
"""Creates and starts that have a method that also waits: its name, its result, its description."""

NAMED = {
    "audience_export_jobs": "audience_generation_job_arn",
    "collaboration_export_jobs": "trained_model_arn",
}

TIMEOUT = Parameter(
    "timeout",
    "float | timedelta",
    "Seconds, or a `timedelta`, for the whole wait with its calls. None means no limit.",
    default="LONGEST",
)
POLL = Parameter(
    "poll",
    "Poll",
    "Time between two polls: seconds, a `timedelta` or a tenacity wait. By default a fifth of the time waited so"
    " far, at least 5 and at most 45 seconds.",
)
ON_UPDATE = Parameter(
    "on_update",
    "Report",
    "A function, sync or async, that is called with each `StatusChange`, including the first.",
)
CANCELLING = (
    Parameter(
        "cancel_on_timeout",
        "bool",
        "Whether to cancel the job itself at the timeout. This can take another 10 seconds.",
        default="False",
    ),
    Parameter(
        "cancel_on_cancel",
        "bool",
        "Whether to cancel the job itself when the waiting task is cancelled.",
        default="False",
    ),
)
NO_TIMEOUT = Parameter(
    "timeout",
    "float | timedelta",
    "Seconds, or a `timedelta`, for the whole wait. None, the default, means no limit.",
)
MEMBERSHIP = Parameter(
    "membership_identifier", "str", "Identifier of the membership. By default the one in the ARN."
)
VERSION = Parameter(
    "version",
    "str | VersionSelector",
    "The version: its identifier, `LATEST`, `LATEST_ACTIVE` or `BASE`. By default the version that is the latest at"
    " the first poll. The wait stays with that version, even if later ones are created.",
)
DETAILS = Parameter(
    "details",
    "bool",
    "Whether to read each resource that succeeded with a Get. With False you get only its row in the list,"
    " `outcome.row`. Resources that failed are always read.",
    default="True",
)
NAME = Parameter("name", "str", "The name of the export job.", required=True)
COLLABORATION = Parameter(
    "collaboration_identifier",
    "str",
    "Identifier of the collaboration. By default it is read from the model, with one more request.",
)

KEPT_UP = (
    "Until the deadline the wait continues through throttling, server errors (5xx) and lost connections. Other errors"
    " (400, 403, 404) end it at once. If you cancel the waiting task, only the wait ends."
)
BY_NAME = (
    "Export jobs have no identifier and no Get operation, so that the wait reads the list. If several jobs have the"
    " name, it takes the newest. If none appears within half a minute, the job does not exist."
)
TIME_UP = (
    "WaitTimeout: The timeout passed. Only the wait ended, and the error says how to resume it."
)
FAILED = "ResourceFailed: It failed or was cancelled. The error has the reason."
CHANGES = "An iterator over each `StatusChange`, including the first status."
WHILE_ITERATING = (
    "WaitTimeout, ServiceError, TransportError: While iterating, for the same reasons as `wait`."
)
FAULT = "ServiceError, TransportError: An error that another poll would not resolve."
NO_VERSION = "NoSuchVersion: The selector matches no version."
UNFIT = "ArnError, TypeError, ValueError: An argument is invalid. Nothing is sent."


def an(thing: str) -> str:
    """The word with its article."""
    return f"{'an' if thing[0] in 'aeio' or thing.startswith('ML') else 'a'} {thing}"


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
        text = f"The {self.noun}: its ARN, {ref}a handle or its text, or a reply that contains its ARN."
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
        return an(self.thing)

    @property
    def a_noun(self) -> str:
        return an(self.noun)

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
    """What there is to wait for in a group. None if its resources are usable as soon as they exist."""
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
    """Whether the resources of a group have versions."""
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
        f"Make a handle for {life.a_thing}. Its text, `str(handle)`, resumes a wait in any process.",
        [life.target, *given],
        "The handle. Nothing is sent.",
        [
            f"ArnError: The target is not {life.a_noun}.",
            *(
                ["ValueError: The version is `LATEST_ACTIVE`, which can change. Resolve it first."]
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
    text = f"Wait until {life.a_thing} {finished}.\n\nThe status after success is `ACTIVE`: the service has no"
    text += f' "completed". {KEPT_UP}'
    what = "Get response" if life.model != life.row else "row in the list"
    returns, doc_returns = life.model, f"The final {what}, `{life.model}`."
    ways = ""
    if life.versioned:
        returns += f" | {life.row}"
        doc_returns += (
            " The base version of a model with later versions appears only in the list of versions. Its result is the"
            f" row of that list, `{life.row}`."
        )
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
    text = f"Watch the status of {life.a_thing}: `async for change in ...`.\n\nThe iterator ends with the same status as"
    text += " `wait`. It raises no error when the resource fails."
    raises = [WHILE_ITERATING]
    doc = docstring(text, [life.target, *given], CHANGES, raises)
    made = life.handle().replace("handle =", "", 1)
    if life.versioned:
        made = "self._versioned(target, version, membership_identifier)"
    body = f"return self._core.waiting.watch({made}, timeout=timeout, poll=poll)"
    return method("watch", [life.target], given, f"Watch[{life.model}]", doc, body, waits=False)


def render_wait_deleted(life: Life) -> str:
    text = f"Wait until {life.a_thing} has been deleted. Request the deletion first.\n\nThe wait ends when the resource"
    text += " is gone (404) or `INACTIVE`, if only its data is deleted. Which one applies is not documented; assumed."
    returns = "The last Get response, or None if the resource is gone."
    raises = [*life.raises, "ResourceFailed: The deletion failed.", FAULT]
    return render_goal(
        "wait_deleted", life, f"{life.model} | None", text, returns, raises, "deleted"
    )


def render_wait_cancelled(life: Life) -> str:
    text = f"Wait until {life.a_thing} no longer runs. Request the cancellation first."
    returns = (
        "The last Get response. Its status is `INACTIVE` if it was cancelled, or `ACTIVE` or `CREATE_FAILED` if it"
        " had finished before."
    )
    raises = [
        *life.raises,
        "ResourceFailed: The cancellation failed (`CANCEL_FAILED` in three polls in a row). It may still be running.",
        FAULT,
    ]
    return render_goal("wait_cancelled", life, life.model, text, returns, raises, "cancelled")


def render_goal(
    name: str, life: Life, model: str, text: str, returns: str, raises: list[str], goal: str
) -> str:
    """A wait for a deletion or a cancellation."""
    given = [*life.which, TIMEOUT, POLL, ON_UPDATE, *life.where]
    doc = docstring(text, [life.target, *given], returns, raises)
    names = passed(p.name for p in (TIMEOUT, POLL, ON_UPDATE))
    body = f"{life.handle(goal)}\n        return await self._core.waiting.wait(handle, {names})"
    return method(name, [life.target], given, model, doc, body)


def render_run(service: Service, words: Words, op: Operation, life: Life) -> str:
    """A create or start that also waits. It takes the arguments of both."""
    name, output, text = RUNS[op.name]
    positional, named = parameters(service, words, op)
    cancelling = CANCELLING if life.cancels and op.name != EXPORT else ()
    waits = [TIMEOUT, POLL, ON_UPDATE, *cancelling]
    named = [*(p for p in named if p.name != "timeout"), *waits]
    raises = [
        "TypeError, ValueError: `timeout`, `poll` or `on_update` is invalid. Nothing is sent.",
        TIME_UP,
        FAILED,
        "ResumeMismatch, ResumeAmbiguous: With `resume`: the resource of that name was created with other arguments,"
        " or there are several. Nothing is sent.",
        "OutcomeUnknown: There was no reply, and a search did not show whether the request took effect.",
        f"CleanRoomsMLError: Any other error of `{op.method}` or `wait`. After the start, it has `error.handle`.",
    ]
    what = "row of the export in the list" if op.name == EXPORT else "Get response"
    doc = docstring(text, [*positional, *named], f"The final {what}, `{output}`.", raises)
    also = passed(p.name for p in waits if p is not TIMEOUT)
    call = f"{call_of(op, [*positional, *named])}, {also}"
    return method(
        name, positional, named, output, doc, f"return await self._create_and_wait({call})"
    )


def render_start_export(service: Service, words: Words, op: Operation) -> str:
    positional, named = parameters(service, words, op)
    doc = docstring(
        "Start an export and return a handle for it. The reply to `export` itself is empty.",
        [*positional, *named],
        'The handle of the job, for `sdk.wait`. It has the name of the job, which with `resume="retry"` can differ'
        " from `name`.",
        ["CleanRoomsMLError: For the same reasons as `export`."],
    )
    body = f"call = {call_of(op, [*positional, *named])}\n        return self._handle_of(call, await self._started(call))"
    return method("start_export", positional, named, f"Handle[{EXPORTED_ROW}]", doc, body)


def exported_model(reference: str) -> Parameter:
    text = f"ARN of the exported model, or a `TrainedModelRef`, which {reference}."
    return Parameter("trained_model_arn", "str | TrainedModelRef", text, required=True)


def render_export() -> list[str]:
    """Methods that wait for the export of a trained model, whose start returns nothing."""
    model = exported_model("includes the version")
    version = Parameter(
        "version",
        "str | VersionSelector",
        "The exported version: its identifier or `BASE`. By default any version.",
    )
    given = [NAME, version, COLLABORATION, MEMBERSHIP]
    making = passed(p.name for p in given)
    handle = method(
        "export_handle",
        [model],
        given,
        f"Handle[{EXPORTED_ROW}]",
        docstring(
            "Make a handle for an export job, which has no identifier of its own.",
            [model, *given],
            "The handle of the job, for `sdk.wait`.",
            [
                "ArnError: The ARN is not that of a trained model.",
                "ValueError: The version is `LATEST_ACTIVE`, which can change. Resolve it first.",
            ],
        ),
        f"return self._model_export_handle({model.name}, {making})",
        waits=False,
    )
    given = [*given[:3], TIMEOUT, POLL, ON_UPDATE, MEMBERSHIP]
    text = f"Wait until an export job has finished. Its model, version and name identify it.\n\n{BY_NAME}"
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
    """Methods that wait for export jobs, which have a name but no identifier."""
    job = "ARN of the generation job whose audience is exported."
    of = Parameter(owner, "str", job, required=True)
    if life.collaboration:
        of = exported_model("limits the search to one version")
    made = f"self.handle({owner}, name=name)"
    scope = ", self._collaboration" if life.collaboration else ""
    handle = method(
        "handle",
        [of],
        [NAME],
        f"Handle[{life.model}]",
        docstring(
            "Make a handle for an export job, which has no identifier of its own.",
            [of, NAME],
            "The handle of the job. Its text, `str(handle)`, resumes a wait in any process.",
            ["ArnError: The ARN is that of another kind of resource."],
        ),
        f"return self._core.waiting.export_handle({life.listed}, {owner}, name{scope})",
        waits=False,
    )
    given = [NAME, TIMEOUT, POLL, ON_UPDATE]
    raises = [UNFIT, TIME_UP, FAILED, FAULT]
    text = f"Wait until an export job has finished. Its name and what it exports identify it.\n\n{BY_NAME}"
    doc = docstring(text, [of, *given], "The export job's row in the list.", raises)
    waits = passed(p.name for p in given[1:])
    body = f"return await self._core.waiting.wait({made}, {waits})"
    wait = method("wait", [of], given, life.model, doc, body)
    given = [NAME, NO_TIMEOUT, POLL]
    doc = docstring(
        "Watch the status of an export job: `async for change in ...`.",
        [of, *given],
        CHANGES,
        [WHILE_ITERATING],
    )
    body = f"return self._core.waiting.watch({made}, timeout=timeout, poll=poll)"
    watch = method("watch", [of], given, f"Watch[{life.model}]", doc, body, waits=False)
    return [handle, wait, watch]
