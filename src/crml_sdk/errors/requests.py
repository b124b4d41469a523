"""Errors before anything is sent, and of what was looked up and not found."""

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
            else f"(made {made}) differs in {setting}"
        )
        super().__init__(
            f"{operation}: {name!r} is taken: {found} {why}. Nothing was sent; choose another name"
            + ("" if setting == "create_time" else ", or the settings that it has")
        )
