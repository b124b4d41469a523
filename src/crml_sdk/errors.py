"""Every error that the SDK raises.

CleanRoomsMLError
├── ConfigurationError            nothing was sent: the client cannot be set up
│   ├── MissingRegion             no region is configured
│   ├── UnknownRegion             no partition has a region of that name
│   └── MissingCredentials        no credentials were found
│       └── CredentialRefreshError    those that were good could not be renewed just now
├── RequestValidationError        nothing was sent: arguments that the service would refuse
├── ArnError                      nothing was sent: not an ARN, or one of another kind
├── MissingMembership             nothing was sent: no membership is known
├── VersionRequired               nothing was sent: the call would act on a version by guess
├── NoSuchVersion                 no version of the model fits
├── NoSuchName                    nothing has exactly that name
├── AmbiguousName                 more than one thing has exactly that name
│   └── ResumeAmbiguous           nothing was sent: more than one earlier try fits
├── ResumeMismatch                nothing was sent: what has the name was made otherwise
├── PaginationStalled             the service repeated a page token
├── ServiceError                  the service answered with an error (botocore's ClientError too)
│   ├── AccessDeniedException         403
│   ├── ConflictException             409
│   ├── InternalServerException       500, of the neighbouring service
│   ├── InternalServiceException      500
│   ├── ResourceNotFoundException     404
│   ├── ServiceQuotaExceededException 402, with quota_name and quota_value
│   ├── ThrottlingException           429
│   └── ValidationException           400
├── ResponseShapeError            a reply that is not as documented; carries it whole
├── TransportError                no reply came
│   └── CallTimeout               the timeout of one call passed
├── ClientClosed                  the client was closed before the call, or while it was under way
├── OutcomeUnknown                a create or start may or may not have happened
├── WaitsFailed                   some of many waits did not end well
├── WaitTimeout                   the deadline of a wait passed; the job goes on
└── ResourceFailed                a resource ended in a status that is not success
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from .models import MembershipSummary

    class ClientError(Exception):
        """botocore's, which comes without types: what is used of it."""

        response: Mapping[str, Any]
        operation_name: str

        def __init__(self, error_response: Mapping[str, Any], operation_name: str) -> None: ...

    from .versions import TrainedModelRef
    from .waiting.handles import Handle
    from .waiting.outcomes import Outcome
else:
    from botocore.exceptions import ClientError


class CleanRoomsMLError(Exception):
    """Whatever goes wrong in the SDK.

    Attributes:
        page_token: When a page of a list could not be fetched, the token of that page: pass it as
            `starting_token` to go on there. None for the first page and everywhere else.
        handle: What was waited for, or had been started before the error; its text,
            `str(error.handle)`, resumes the wait: `sdk.wait(text)`. None everywhere else.
    """

    page_token: str | None = None
    handle: Handle | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from `args` by default, which are not what ours are made from.
        return _rebuilt, (type(self), self.args, vars(self))


def _rebuilt(kind: type[CleanRoomsMLError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class ConfigurationError(CleanRoomsMLError):
    """The client cannot be set up or used as configured; nothing was sent."""


class MissingRegion(ConfigurationError):
    """No region was given or configured."""


class UnknownRegion(ConfigurationError):
    """No AWS partition has a region of that name."""


class MissingCredentials(ConfigurationError):
    """No credentials were found, or only a part of them."""


@dataclass(frozen=True)
class RequestFault:
    """One member of a request that the service would refuse.

    Attributes:
        path: The member, as `data_channels[0].channel_name`.
        problem: What is wrong, in a few words.
        given: What was given, shortened; for values that may be secret their type and length only.
        allowed: What is allowed.
    """

    path: str
    problem: str
    given: str | None = None
    allowed: str | None = None

    def __str__(self) -> str:
        text = f"{self.path}: {self.problem}" if self.path else self.problem
        if self.given is not None:
            text += f"; given {self.given}"
        if self.allowed is not None:
            text += f"; allowed: {self.allowed}"
        return text


class CredentialRefreshError(MissingCredentials):
    """The source of credentials failed; it may work again later. Waits survive it for a while.

    botocore renews credentials before their end, and raises in their last ten minutes although they
    could still be used.

    Attributes:
        seconds_left: For how long the old ones were still valid, less than 0 for how long they had
            not been; None when there were none, or their end is not known.
    """

    seconds_left: float | None = None


class RequestValidationError(CleanRoomsMLError, ValueError):
    """Arguments that the service would refuse; nothing was sent.

    Attributes:
        shape: The request's documented shape.
        faults: Every fault, each with the member's path.
    """

    def __init__(self, shape: str, faults: Sequence[RequestFault]) -> None:
        self.shape = shape
        self.faults: tuple[RequestFault, ...] = tuple(faults)
        head = f"{shape}: {len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}, nothing was sent"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))


class ArnError(CleanRoomsMLError, ValueError):
    """Text that is not the ARN of a resource of this service, or not of the wanted kind."""


class MissingMembership(CleanRoomsMLError):
    """The call needs a membership and none is known; the call was not sent.

    Attributes:
        operation: The documented name of the operation.
        reason: Why the account's only active one could not be taken; empty where it was not looked
            for.
        candidates: The account's active memberships, when they are several.
    """

    def __init__(
        self, operation: str, reason: str = "", candidates: Sequence[MembershipSummary] = ()
    ) -> None:
        self.operation = operation
        self.reason = reason
        self.candidates: tuple[MembershipSummary, ...] = tuple(candidates)
        why = f", and {reason}" if reason else ""
        super().__init__(
            f"{operation} needs a membership{why}: pass membership_identifier=, use"
            " sdk.membership(id), or give CleanRoomsML a membership"
        )


class VersionRequired(CleanRoomsMLError, ValueError):
    """Without a version the service would act on the base version; nothing was sent."""


class NoSuchVersion(CleanRoomsMLError):
    """No version of the model fits what was asked for.

    Attributes:
        trained_model_arn: The model.
        wanted: What was asked for, in words.
        newest: The newest version there is, whatever its status; None when none was listed.
        status: The status of that one.
    """

    def __init__(
        self,
        trained_model_arn: str,
        wanted: str,
        *,
        newest: TrainedModelRef | None = None,
        status: str | None = None,
    ) -> None:
        self.trained_model_arn = trained_model_arn
        self.wanted = wanted
        self.newest = newest
        self.status = status
        hint = f"; the newest, {newest.version!r}, is {status}" if newest else ""
        super().__init__(f"{trained_model_arn} has no version that is {wanted}{hint}")


class NoSuchName(CleanRoomsMLError, LookupError):
    """Nothing in the list has exactly that name.

    Attributes:
        name: The name that was looked for.
        near: Names in the list that come close, at most three.
    """

    def __init__(self, name: str, what: str, near: Sequence[str] = ()) -> None:
        self.name = name
        self.what = what
        self.near: tuple[str, ...] = tuple(near)
        hint = f"; there are {', '.join(map(repr, self.near))}" if self.near else ""
        super().__init__(f"no {what} has exactly the name {name!r}{hint}")


class AmbiguousName(CleanRoomsMLError, LookupError):
    """More than one resource has exactly that name.

    Attributes:
        name: The name that was looked for.
        found: The identifiers of all that have it.
    """

    def __init__(self, name: str, what: str, found: Sequence[str]) -> None:
        self.name = name
        self.what = what
        self.found: tuple[str, ...] = tuple(found)
        super().__init__(
            f"{len(self.found)} of {what} have the name {name!r}: {', '.join(self.found)}"
        )


class ResumeAmbiguous(AmbiguousName):
    """More than one resource is what an earlier try may have made; nothing was sent.

    Attributes:
        operation: The documented name of the operation.
    """

    def __init__(self, name: str, operation: str, found: Sequence[str]) -> None:
        super().__init__(name, operation, found)
        self.operation = operation
        self.args: tuple[Any, ...] = (
            f"{operation}: {len(self.found)} resources have the name {name!r} and these settings:"
            f" {', '.join(self.found)}. Which of them an earlier try made cannot be told; nothing was sent",
        )


class ResumeMismatch(CleanRoomsMLError):
    """What has the name was not made by a request like this one; nothing was sent.

    Attributes:
        operation: The documented name of the operation.
        name: The name.
        found: What has it: an ARN, with its version where there is one.
        setting: The first setting that differs, by its path; `create_time` when it is older than
            `resume_since` allows.
        create_time: When it was made.
    """

    def __init__(
        self, operation: str, name: str, found: str, setting: str, create_time: datetime
    ) -> None:
        self.operation = operation
        self.name = name
        self.found = found
        self.setting = setting
        self.create_time = create_time
        made = create_time.isoformat(timespec="seconds")
        why = (
            f"was made {made}, before resume_since="
            if setting == "create_time"
            else f"(made {made}) has another {setting}"
        )
        super().__init__(
            f"{operation}: {name!r} is taken: {found} {why}. Nothing was sent; choose another name"
            + ("" if setting == "create_time" else ", or the settings that it has")
        )


class PaginationStalled(CleanRoomsMLError):
    """Going on with a list would never end: a page token came twice, or page after page had no rows.

    Attributes:
        operation: The documented name of the operation.
        token: The token that came last. After pages without rows it may be used: `page_token` has it
            too, and the same iterator can be asked to go on.
    """

    def __init__(self, operation: str, token: str, empty_pages: int = 0) -> None:
        self.operation = operation
        self.token = token
        super().__init__(
            f"{operation} sent {empty_pages:,} pages without a row, each with a new page token; stopped"
            " instead of asking for ever"
            if empty_pages
            else f"{operation} repeated a page token; stopped instead of reading in a circle"
        )


class ServiceError(CleanRoomsMLError, ClientError):
    """The service answered with an error. Also a botocore `ClientError`, with its `response`."""

    def __init__(self, error_response: Mapping[str, Any], operation_name: str) -> None:
        ClientError.__init__(self, error_response, operation_name)
        hint = self._hint()
        self.args: tuple[Any, ...] = (
            str(self.args[0])
            + (f" (request {self.request_id})" if self.request_id else "")
            + (f". {hint}" if hint else ""),
        )

    def _hint(self) -> str:
        """What to do about it, in a sentence, where that is known."""
        return _SERVICE_HINTS.get(self.code, "")

    @property
    def _exchange(self) -> Mapping[str, Any]:
        return self.response.get("ResponseMetadata", {})

    @property
    def operation(self) -> str:
        """The documented name of the operation."""
        return self.operation_name

    @property
    def code(self) -> str:
        """The service's name of the error."""
        return self.response.get("Error", {}).get("Code", "Unknown")

    @property
    def message(self) -> str:
        """What the service said."""
        return self.response.get("Error", {}).get("Message", "")

    @property
    def status_code(self) -> int:
        """The HTTP status code."""
        return self._exchange.get("HTTPStatusCode", 0)

    @property
    def request_id(self) -> str | None:
        """The service's identifier of the request."""
        return self._exchange.get("RequestId") or self._exchange.get("HTTPHeaders", {}).get(
            "x-amzn-requestid"
        )

    @property
    def attempts(self) -> int:
        """How many times the request was sent."""
        return self._exchange.get("RetryAttempts", 0) + 1


class AccessDeniedException(ServiceError):
    """The caller may not do this (403)."""


class ConflictException(ServiceError):
    """The resource's state or name stands against it (409)."""


class InternalServerException(ServiceError):
    """The neighbouring service failed (500)."""


class InternalServiceException(ServiceError):
    """The service failed; whether anything happened is unknown (500)."""


class ResourceNotFoundException(ServiceError):
    """The resource does not exist (404)."""


class ServiceQuotaExceededException(ServiceError):
    """A quota is used up (402)."""

    @property
    def quota_name(self) -> str | None:
        """The quota, when the service names it."""
        return self.response.get("quotaName")

    @property
    def quota_value(self) -> float | None:
        """How much the quota allows, when the service says so."""
        return self.response.get("quotaValue")

    def _hint(self) -> str:
        if self.quota_name is None:
            return ""
        value = "" if self.quota_value is None else f" allows {self.quota_value:g}"
        return f"The quota {self.quota_name!r}{value or ' is used up'}"


class ThrottlingException(ServiceError):
    """Too many requests, even after the retries (429)."""


class ValidationException(ServiceError):
    """The service refused the request's contents (400)."""


class ResponseShapeError(CleanRoomsMLError):
    """A reply that is not as documented. Whatever was asked for has happened.

    Its text names the ARNs in the reply and nothing else of it: the rest may be secret.

    Attributes:
        operation: The documented name of the operation.
        problem: What is wrong with the reply.
        payload: The reply's body as it came.
        request_id: The service's identifier of the request.
        arns: The ARNs in it: that of a job just paid for is among them.
    """

    def __init__(
        self, operation: str, problem: str, payload: bytes, request_id: str | None = None
    ) -> None:
        self.operation = operation
        self.problem = problem
        self.payload = payload
        self.request_id = request_id
        found = _ARN_IN_JSON.findall(payload)
        self.arns: tuple[str, ...] = tuple(dict.fromkeys(arn.decode() for arn in found))
        named = f"; it names {', '.join(self.arns[:5])}" if self.arns else ""
        asked = f" (request {request_id})" if request_id else ""
        super().__init__(
            f"{operation}: the reply is not as documented: {problem}{named}{asked}."
            " The attribute payload has all of it"
        )


_ARN_IN_JSON = re.compile(
    rb"""["'](arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[\w:/+=,.@-]+)["']"""
)


class TransportError(CleanRoomsMLError):
    """No reply came: connection refused or lost, timeout, TLS.

    Attributes:
        operation: The documented name of the operation.
        problem: What happened.
        request_sent: False when the service cannot have seen the request; None when it may have.
    """

    def __init__(self, operation: str, problem: str, request_sent: bool | None = None) -> None:
        self.operation = operation
        self.problem = problem
        self.request_sent = request_sent
        super().__init__(f"{operation}: {problem}")


class CallTimeout(TransportError, TimeoutError):
    """The `timeout` of one call passed."""


class ClientClosed(CleanRoomsMLError):
    """The client was closed before the call, or while it was under way.

    Attributes:
        operation: The documented name of the operation.
        request_sent: Whether the service may have seen the request.
    """

    def __init__(self, operation: str, request_sent: bool = False) -> None:
        self.operation = operation
        self.request_sent = request_sent
        what = "its request had gone out, and its reply was not awaited"
        super().__init__(
            f"{operation}: the client was closed; {what if request_sent else 'nothing was sent'}"
        )


class OutcomeUnknown(CleanRoomsMLError):
    """A create or start may or may not have happened, and looking for it did not tell.

    Attributes:
        operation: The documented name of the operation.
        name: The name of what was to be made.
        looked_at: What was looked at, line by line.
    """

    def __init__(self, operation: str, name: str, looked_at: Sequence[str] = ()) -> None:
        self.operation = operation
        self.name = name
        self.looked_at: tuple[str, ...] = tuple(looked_at)
        looked = "".join(f"\n  {line}" for line in self.looked_at)
        super().__init__(
            f"{operation} of {name!r}: no usable reply came, so it may or may not have happened."
            f" Look for that name before you send it again.{looked}"
        )


class WaitTimeout(CleanRoomsMLError, TimeoutError):
    """The time of a wait was up. Only the waiting ended: what was waited for goes on.

    Attributes:
        handle: What was waited for; its text, `str(handle)`, resumes the wait: `sdk.wait(text)`.
        status: The last status that was seen, or None when no look succeeded.
        model: The last reply, or None.
        elapsed: Seconds since the wait began.
        timeout: Seconds that it was given.
        looks: How many looks were taken.
        last_fault: What the last look failed with, or None if it did not.
        cancelled: With `cancel_on_timeout`, whether the cancellation was accepted; else None.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        status: str | None,
        elapsed: float,
        timeout: float,
        looks: int,
        model: Any = None,
        last_fault: BaseException | None = None,
        cancelled: bool | None = None,
    ) -> None:
        self.handle: Handle = handle  # pyright: ignore[reportIncompatibleVariableOverride]
        self.status = status
        self.model = model
        self.elapsed = elapsed
        self.timeout = timeout
        self.looks = looks
        self.last_fault = last_fault
        self.cancelled = cancelled
        super().__init__(str(self))

    def __str__(self) -> str:
        seen = f"is still {self.status}" if self.status else "was not seen"
        goes_on = {
            None: "It goes on, and so does its bill.",
            True: "Its cancellation was asked for.",
            False: "Its cancellation was asked for and refused: it may be running still.",
        }[self.cancelled]
        fault = f" The last look failed: {self.last_fault}." if self.last_fault else ""
        return (
            f"{self.handle.describe()} {seen} after {self.elapsed:.1f} s"
            f" ({self.looks} look{'s' if self.looks != 1 else ''}, timeout {self.timeout:g} s)."
            f"{fault} {goes_on}"
            f" Resume with sdk.wait({str(self.handle)!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**vars(self), "last_fault": None}  # anything at all, so perhaps no pickle
        return _rebuilt, (type(self), self.args, state)


class ResourceFailed(CleanRoomsMLError):
    """What was waited for ended otherwise, or is not there any more.

    Attributes:
        handle: What was waited for.
        status: The status it ended in, or None if it does not show any more.
        status_code: The service's code for the reason, meant for programs, or None.
        status_message: The service's words for the reason, or None.
        elapsed: Seconds since the wait began.
        model: The last reply, or None.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        status: str | None,
        status_code: str | None = None,
        status_message: str | None = None,
        elapsed: float,
        model: Any = None,
    ) -> None:
        self.handle: Handle = handle  # pyright: ignore[reportIncompatibleVariableOverride]
        self.status = status
        self.status_code = status_code
        self.status_message = status_message
        self.elapsed = elapsed
        self.model = model
        super().__init__(str(self))

    def __str__(self) -> str:
        what = f"{self.handle.describe()}, waited for to be {self.handle.goal.value},"
        if self.status is None:
            return f"{what} does not show in any list after {self.elapsed:.1f} s"
        reason = ": ".join(part for part in (self.status_code, self.status_message) if part)
        hint = _FAILURE_HINTS.get(self.status)
        return (
            f"{what} ended as {self.status} after {self.elapsed:.1f} s"
            + (f": {reason}" if reason else "")
            + (f" ({hint})" if hint else "")
        )


class WaitsFailed(CleanRoomsMLError):
    """Some of many waits did not end well. The cause is the first of their errors.

    Attributes:
        failures: The outcomes with an error.
        total: How many were waited for.
    """

    def __init__(self, failures: Sequence[Outcome], total: int) -> None:
        self.failures: tuple[Outcome, ...] = tuple(failures)
        self.total = total
        lines = "".join(f"\n  {failure.error}" for failure in self.failures[:5])
        more = len(self.failures) - 5
        super().__init__(
            f"{len(self.failures)} of {total} did not end well:{lines}"
            + (f"\n  and {more} more" if more > 0 else "")
        )


_EXPIRED = "The credentials have expired: renew them (`aws sso login`, or a new session token)"
_UNKNOWN_KEY = "The access key is not known to AWS: see AWS_ACCESS_KEY_ID, or the profile"
_SIGNATURE = "See whether the secret key is right, and this machine's clock"
_SERVICE_HINTS: Mapping[str, str] = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _SIGNATURE,
    "InvalidSignatureException": _SIGNATURE,
    "SignatureDoesNotMatch": _SIGNATURE,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
}

_FAILURE_HINTS: Mapping[str, str] = {
    "INACTIVE": "it was cancelled, or its output was deleted or has expired",
    "CANCEL_FAILED": "the cancellation failed: it may be running still",
}


SERVICE_ERRORS: Mapping[str, type[ServiceError]] = {
    cls.__name__: cls
    for cls in (
        AccessDeniedException,
        ConflictException,
        InternalServerException,
        InternalServiceException,
        ResourceNotFoundException,
        ServiceQuotaExceededException,
        ThrottlingException,
        ValidationException,
    )
}
"""The class of each documented error code."""
