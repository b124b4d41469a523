"""The errors of the local service, in the form of the service."""

from __future__ import annotations

from .schema import JsonObject


class ServiceFailure(Exception):
    """An error reply: its exception name, HTTP status, message and modelled members."""

    kind = "InternalServiceException"
    status = 500

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        status: int | None = None,
        members: JsonObject | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind: str = kind or type(self).kind
        self.status: int = status or type(self).status
        self.members: JsonObject = members or {}
        self.headers: dict[str, str] = headers or {}


class Invalid(ServiceFailure):
    """The request breaks a constraint or names something unusable (400)."""

    kind = "ValidationException"
    status = 400


class Denied(ServiceFailure):
    """The caller may not do this (403)."""

    kind = "AccessDeniedException"
    status = 403


class Missing(ServiceFailure):
    """What the request names does not exist (404)."""

    kind = "ResourceNotFoundException"
    status = 404


class Conflict(ServiceFailure):
    """The state of something does not allow this (409)."""

    kind = "ConflictException"
    status = 409


class Unsupported(ServiceFailure):
    """An operation of the service that this stand-in does not have (501)."""

    kind = "NotImplementedException"
    status = 501


class Throttled(ServiceFailure):
    """Too many requests (429)."""

    kind = "ThrottlingException"
    status = 429


class OverQuota(ServiceFailure):
    """A quota is used up (402); `quotaName` and `quotaValue` say which."""

    kind = "ServiceQuotaExceededException"
    status = 402

    def __init__(self, message: str, *, name: str, value: float) -> None:
        super().__init__(message, members={"quotaName": name, "quotaValue": value})


def violations_message(violations: list[str]) -> str:
    """The service's wording of one or more broken constraints."""
    noun = "error" if len(violations) == 1 else "errors"
    return f"{len(violations)} validation {noun} detected: {'; '.join(violations)}"
