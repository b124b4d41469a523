"""Errors of a call: the service answered with an error, or no usable reply came."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .base import CleanRoomsMLError

if TYPE_CHECKING:

    class ClientError(Exception):
        """botocore's, which comes without types: what is used of it."""

        response: Mapping[str, Any]
        operation_name: str

        def __init__(self, error_response: Mapping[str, Any], operation_name: str) -> None: ...
else:
    from botocore.exceptions import ClientError


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
        """A sentence on what to do about it, if that is known."""
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
    """The state of the resource does not allow it, or the name is taken (409)."""


class InternalServerException(ServiceError):
    """AWS Clean Rooms failed (500)."""


class InternalServiceException(ServiceError):
    """The service failed; the request may or may not have been carried out (500)."""


class ResourceNotFoundException(ServiceError):
    """The resource does not exist (404)."""


class ServiceQuotaExceededException(ServiceError):
    """A quota is used up (402)."""

    @property
    def quota_name(self) -> str | None:
        """The name of the quota, or None when the service does not say."""
        return self.response.get("quotaName")

    @property
    def quota_value(self) -> float | None:
        """How much the quota allows, or None when the service does not say."""
        return self.response.get("quotaValue")

    def _hint(self) -> str:
        if self.quota_name is None:
            return ""
        value = "" if self.quota_value is None else f" allows {self.quota_value:g}"
        return f"The quota {self.quota_name!r}{value or ' is used up'}"


class ThrottlingException(ServiceError):
    """There were too many requests, even after the retries (429)."""


class ValidationException(ServiceError):
    """The service refused the request's contents (400)."""


class ResponseShapeError(CleanRoomsMLError):
    """The reply is not as documented. The service has carried out the request.

    The error's text names the ARNs in the reply and nothing else, because the rest may be secret.

    Attributes:
        operation: The documented name of the operation.
        problem: What is wrong with the reply.
        payload: The body of the reply, as bytes.
        request_id: The service's identifier of the request.
        arns: The ARNs in the reply, among them that of a job that was started.
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
        what = "the request had been sent, and its reply was not awaited"
        super().__init__(
            f"{operation}: the client was closed; {what if request_sent else 'nothing was sent'}"
        )


class OutcomeUnknown(CleanRoomsMLError):
    """A create or start may or may not have happened; a search did not settle it.

    Attributes:
        operation: The documented name of the operation.
        name: The name in the request.
        looked_at: What the search found, as lines of text.
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


class PaginationStalled(CleanRoomsMLError):
    """The list would never end: a page token came twice, or too many pages in a row were empty.

    Attributes:
        operation: The documented name of the operation.
        token: The last token. After empty pages it can be used: `page_token` is the same, and the
            same iterator can continue.
    """

    def __init__(self, operation: str, token: str, empty_pages: int = 0) -> None:
        self.operation = operation
        self.token = token
        super().__init__(
            f"{operation} sent {empty_pages:,} pages without a row, each with a new page token; the SDK"
            " stopped reading"
            if empty_pages
            else f"{operation} repeated a page token; the SDK stopped reading, or it would never end"
        )


_EXPIRED = "The credentials have expired: renew them (`aws sso login`, or a new session token)"
_UNKNOWN_KEY = "The access key is not known to AWS: see AWS_ACCESS_KEY_ID, or the profile"
_SIGNATURE = "Check the secret key and the clock of this machine"
_SERVICE_HINTS: Mapping[str, str] = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _SIGNATURE,
    "InvalidSignatureException": _SIGNATURE,
    "SignatureDoesNotMatch": _SIGNATURE,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
}


SERVICE_ERRORS: Mapping[str, type[ServiceError]] = {
    cls.__name__: cls for cls in ServiceError.__subclasses__()
}
"""The class of each documented error code."""
