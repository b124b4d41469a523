"""Errors that are raised before a request is sent, and errors of look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .base import CleanRoomsMLError

if TYPE_CHECKING:
    from datetime import datetime

    from ..models import MembershipSummary
    from ..versions import TrainedModelRef


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
        given: The value, shortened; for a value that may be secret only its type and length.
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
    """The source of credentials failed; it may work again later. Waits go on for a while.

    botocore renews credentials before they expire. When that fails in their last ten minutes, it
    raises an error although the credentials are still valid.

    Attributes:
        seconds_left: Seconds until the old credentials expire, negative when they have expired;
            None when there were none, or the time is not known.
    """

    seconds_left: float | None = None


class RequestValidationError(CleanRoomsMLError, ValueError):
    """The service would refuse the arguments; nothing was sent.

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
    """The text is not an ARN of this service, or it is the ARN of another resource type."""


class MissingMembership(CleanRoomsMLError):
    """The call needs a membership and none is known; the call was not sent.

    Attributes:
        operation: The documented name of the operation.
        reason: Why the SDK could not take the account's only active membership; empty when it did
            not look for one.
        candidates: The account's active memberships, when there are several.
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
    """The call names no version, so the service would act on the base version; nothing was sent."""


class NoSuchVersion(CleanRoomsMLError):
    """The model has no such version.

    Attributes:
        trained_model_arn: The model.
        wanted: What was asked for, in words.
        newest: The newest version, whatever its status; None when no version was listed.
        status: The status of the newest version.
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
        what: What was looked for, such as "trained model".
        near: Similar names in the list, at most three.
    """

    def __init__(self, name: str, what: str, near: Sequence[str] = ()) -> None:
        self.name = name
        self.what = what
        self.near: tuple[str, ...] = tuple(near)
        hint = f"; similar names: {', '.join(map(repr, self.near))}" if self.near else ""
        super().__init__(f"no {what} has exactly the name {name!r}{hint}")


class AmbiguousName(CleanRoomsMLError, LookupError):
    """More than one resource has exactly that name.

    Attributes:
        name: The name that was looked for.
        what: What was looked for, such as "trained model".
        found: The identifiers of all resources with that name.
    """

    def __init__(self, name: str, what: str, found: Sequence[str]) -> None:
        self.name = name
        self.what = what
        self.found: tuple[str, ...] = tuple(found)
        super().__init__(
            f"{len(self.found)} {what}s have the name {name!r}: {', '.join(self.found)}"
        )


class ResumeAmbiguous(AmbiguousName):
    """An earlier try may have made any of several resources; nothing was sent.

    Attributes:
        operation: The documented name of the operation.
    """

    def __init__(self, name: str, operation: str, found: Sequence[str]) -> None:
        super().__init__(name, operation, found)
        self.operation = operation
        self.args: tuple[Any, ...] = (
            f"{operation}: {len(self.found)} resources have the name {name!r} and these settings:"
            f" {', '.join(self.found)}. An earlier try may have made any of them; nothing was sent",
        )


class ResumeMismatch(CleanRoomsMLError):
    """The name is taken by a resource with other settings; nothing was sent.

    Attributes:
        operation: The documented name of the operation.
        name: The name.
        found: The ARN of that resource, with its version if it has one.
        setting: The path of the first setting that differs; `create_time` when the resource is older
            than `resume_since` allows.
        create_time: When the resource was created.
    """

    def __init__(
        self, operation: str, name: str, found: str, setting: str, create_time: datetime
    ) -> None:
        self.operation = operation
        self.name = name
        self.found = found
        self.setting = setting
        self.create_time = create_time
        too_old = setting == "create_time"
        why = "is older than resume_since= allows" if too_old else f"differs in {setting}"
        super().__init__(
            f"{operation}: the name {name!r} is taken by {found}, which {why} (created"
            f" {create_time.isoformat(timespec='seconds')}). Nothing was sent; choose another name"
            + ("" if too_old else " or the same settings")
        )
