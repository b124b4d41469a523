"""Operations and resource types of the service, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Operation:
    """What the library knows of one documented operation.

    Attributes:
        name: The documented name, `CreateTrainedModel`.
        service: `cleanroomsml`, or `cleanrooms` for AWS Clean Rooms, which knows memberships.
        scope: `account`, `membership` or `collaboration`.
        group: The resource group on the client (or on its view of the collaboration).
        method: The group's method.
        input: The key of the request's shape in `api.constraints`.
        output: The model of the reply, or None when the operation answers nothing.
        creates: Whether it creates or starts something, so that sending it twice may cost twice.
        items: On a list operation, the attribute of the reply that holds the rows.
        row: On a list operation, the model of a row.
        version: The parameter that names a version of a trained model, if the operation has one.
        version_required: Whether that version has to be named.
        membership_from: Parameters whose ARN tells the membership, best first.
    """

    name: str
    service: str
    scope: str
    group: str
    method: str
    input: str
    output: str | None = None
    creates: bool = False
    items: str | None = None
    row: str | None = None
    version: str | None = None
    version_required: bool = False
    membership_from: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One type of resource.

    Attributes:
        name: Its segment in ARNs, and the word for it in the text of handles: `trained-model`.
        noun: For sentences.
        arn: The attribute of rows and replies that identifies it: its ARN; for memberships and
            collaborations the identifier; for export jobs, which have neither, the ARN of what is
            exported.
        list: Lists it.
        get: Reads one; None where the row of a list is all there is to see.
        create: Creates or starts it.
        cancel: Stops it.
        delete: Deletes it, or what it holds.
        versions: Lists its versions.
        statuses: The enum of its statuses in the service model; empty when it is usable as soon as
            it exists, so that there is nothing to wait for.
        row_version: The attribute of a row that tells which version it is about.
        found_by: Members of the create request that narrow the list when it is looked for.
        row_name: The attribute of a row that holds its name.
        has_arn: Whether it has an ARN of its own.
        seen_by_members: How a collaboration shows it to every member: get, if there is one, and
            list. None when it does not, or when there is no other way to see it.
    """

    name: str
    noun: str
    arn: str
    list: Operation
    get: Operation | None = None
    create: Operation | None = None
    cancel: Operation | None = None
    delete: Operation | None = None
    versions: Operation | None = None
    statuses: str = ""
    row_version: str | None = None
    found_by: tuple[str, ...] = ()
    row_name: str = "name"
    has_arn: bool = True
    seen_by_members: tuple[Operation | None, Operation] | None = None

    @cached_property
    def scope(self) -> str:
        """What its calls are made in: `membership`, `collaboration` or `account`."""
        return self.list.scope

    @cached_property
    def get_version(self) -> str | None:
        """The parameter of `get` that names a version."""
        return self.get.version if self.get else None

    @cached_property
    def has_name(self) -> bool:
        """Whether it is found by its name among those of an ARN, for want of an identifier."""
        return not self.has_arn

    @cached_property
    def in_collaboration(self) -> ResourceType:
        """The same type as a collaboration shows it.

        Raises:
            ValueError: A collaboration does not show this type.
        """
        if self.scope == "collaboration":
            return self
        if self.seen_by_members is None:
            raise ValueError(f"a collaboration shows no {self.noun}s")
        get, rows = self.seen_by_members
        return replace(self, get=get, list=rows, create=None, versions=None, cancel=None)

    def narrowed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a create request, by wire names, that narrow the list for what it made."""
        names = (*self.found_by, *(("membershipIdentifier",) if self.scope == "membership" else ()))
        return {name: params[name] for name in names}

    def identity(self, row: Any) -> str:
        """What tells a row's resource from others of its name, as text for people."""
        if self.has_arn:
            return str(getattr(row, self.arn))
        owner = getattr(row, "creator_account_id", None)
        made = f"the {self.noun} {row.name!r} of {row.create_time.isoformat()}"
        return f"{made} by {owner}" if owner else made
