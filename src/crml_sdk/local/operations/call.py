"""One call, and the resources that its caller may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..service.failures import Conflict, Denied, Invalid, Missing, ServiceFailure
from ..service.schema import ROOMS_SERVICE, JsonObject, Operation
from ..state.kinds import INPUT_CHANNEL, TRAINED_MODEL
from ..state.records import Record
from ..state.state import State
from ..state.world import COLLABORATION_DELETED, QUERY, Collaboration, Member

# The resource types that errors of AWS Clean Rooms name.
COLLABORATION, MEMBERSHIP = "COLLABORATION", "MEMBERSHIP"


@dataclass(slots=True)
class Call:
    """An accepted request: who called which operation, with which checked parameters."""

    state: State
    operation: Operation
    account: str
    params: JsonObject

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def given(self, *names: str) -> JsonObject:
        """Those of the named parameters that were given."""
        return {name: self.params[name] for name in names if name in self.params}

    # Who the caller is in a collaboration

    def membership(self) -> tuple[Collaboration, Member]:
        """The caller's membership that the request names.

        What is in it can be looked at and deleted after its collaboration was deleted
        (docs.aws.amazon.com/clean-rooms/latest/userguide/delete-collaboration.html). Raises `Denied`
        for another account's or an inactive one, `Missing` (or `Denied`, where the operation does
        not document the former) for one that does not exist.
        """
        identifier = self.params["membershipIdentifier"]
        found = self.state.world.membership(identifier)
        if found is None:
            raise self.not_found(f"Membership {identifier} does not exist", MEMBERSHIP, identifier)
        member = found[1]
        outlives = member.status == COLLABORATION_DELETED and self.operation.name.startswith(
            ("Get", "List", "Delete")
        )
        if member.account_id != self.account or not (member.is_active or outlives):
            raise Denied(f"Account {self.account} has no active membership {identifier}")
        return found

    def collaboration(self) -> Collaboration:
        """The collaboration that the request names. Raises like `membership`."""
        identifier = self.params["collaborationIdentifier"]
        found = self.state.world.collaboration(identifier)
        if found is None:
            message = f"Collaboration {identifier} does not exist"
            raise self.not_found(message, COLLABORATION, identifier)
        self.require_member(found)
        return found

    def require_member(self, collaboration: Collaboration) -> Member:
        member = collaboration.members.get(self.account)
        if member is None or not member.is_active:
            raise Denied(
                f"Account {self.account} is not an active member of collaboration "
                f"{collaboration.id}"
            )
        return member

    def require_query_ability(self, room: Collaboration) -> None:
        """Raises `Denied` unless the caller may run what a collaboration computes.

        Input channels, trainings, inference jobs and exports are the part of the member who can
        query (docs.aws.amazon.com/clean-rooms/latest/userguide/custom-models.html).
        """
        member = self.require_member(room)
        if self.state.settings.query_ability_required and QUERY not in member.abilities:
            raise Denied(f"Account {self.account} does not have the ability {QUERY}")

    def not_found(self, message: str, kind: str = "", identifier: str = "") -> ServiceFailure:
        """The documented way of this operation to say that something is not there.

        AWS Clean Rooms, unlike its ML service, also says what: its resource type and identifier.
        """
        if Missing.kind not in self.operation.errors:
            return Denied(message)
        said = self.operation.service == ROOMS_SERVICE
        members = {"resourceId": identifier, "resourceType": kind} if said else None
        return Missing(message, members=members)

    # What the caller can reach

    def owned(self, kind: str, arn: str, version: str | None = None) -> Record:
        """An account-level resource of the caller. Raises `Missing` or `Denied`."""
        record = self._existing(kind, arn, version)
        if record.owner != self.account:
            raise Denied(f"Account {self.account} has no access to {arn}")
        return record

    def in_membership(self, kind: str, arn: str, version: str | None = None) -> Record:
        """A resource of the membership that the request names."""
        _, member = self.membership()
        record = self._existing(kind, arn, version)
        if record.membership != member.membership_id:
            raise Denied(f"{arn} does not belong to membership {member.membership_id}")
        return record

    def in_room(
        self, room: Collaboration, kind: str, arn: str, version: str | None = None
    ) -> Record:
        """A resource of any member of a collaboration."""
        record = self._existing(kind, arn, version)
        if record.collaboration != room.id:
            raise self.not_found(f"{arn} does not exist in collaboration {room.id}")
        return record

    def _existing(self, kind: str, arn: str, version: str | None) -> Record:
        if version is None and kind == TRAINED_MODEL:
            version = self.state.base_version(arn)
        record = self.state.find(kind, arn, version)
        if record is None:
            what = f" version {version}" if version else ""
            raise self.not_found(f"Resource {arn}{what} does not exist")
        return record

    # Rules that several operations share

    def require_usable(self, record: Record) -> Record:
        """The record, if it is ACTIVE. What is answered otherwise is a setting."""
        rule = self.state.settings.unusable_input
        if record.status == "ACTIVE" or rule == "allow":
            return record
        what = f" version {record.version}" if record.version else ""
        message = f"{record.arn}{what} cannot be used: its status is {record.status}"
        raise Invalid(message) if rule == "validation" else Conflict(message)

    def usable_channel(self, room: Collaboration, arn: str, association: str | None) -> Record:
        """An ACTIVE input channel of the collaboration, made for the association."""
        channel = self.require_usable(self.in_room(room, INPUT_CHANNEL, arn))
        if (
            association is not None
            and self.state.settings.channel_must_match_association
            and association not in channel.data["configuredModelAlgorithmAssociations"]
        ):
            raise Invalid(f"ML input channel {arn} was not created for {association}")
        return channel

    def payer(self, room: Collaboration, parameter: str, payment: str) -> str:
        """The account that pays: the one asked for, else the caller, else who is responsible."""
        asked = self.params.get(parameter)
        return self.payer_account(room, asked, payment, parameter)

    def payer_account(
        self, room: Collaboration, asked: str | None, payment: str, parameter: str
    ) -> str:
        payers = [m.account_id for m in room.members.values() if payment in m.pays and m.is_active]
        if asked is not None:
            if asked not in payers:
                raise Invalid(
                    f"Value at '{parameter}': account {asked} is not a member that pays for "
                    f"{payment}"
                )
            return asked
        if self.account in payers:
            return self.account
        if not payers:
            raise Denied(f"No member of collaboration {room.id} pays for {payment}")
        return payers[0]

    def require_receivers(
        self, room: Collaboration, members: list[JsonObject], ability: str
    ) -> None:
        """Raises `Invalid` or `Denied` unless every receiver is a member with the ability."""
        for entry in members:
            member = room.members.get(entry["accountId"])
            if member is None or not member.is_active:
                raise Invalid(
                    f"Value at 'outputConfiguration.members': account {entry['accountId']} is not "
                    f"a member of collaboration {room.id}"
                )
            if ability not in member.ml_abilities:
                raise Denied(f"Account {member.account_id} does not have the ability {ability}")
            if self.state.settings.ml_configuration_required and not self.state.find(
                "ml-configuration", member.membership_id
            ):
                raise Invalid(f"Membership {member.membership_id} has no ML configuration")

    def own_role(self, role_arn: str) -> None:
        """Raises `Denied` for a role of another account, as documented."""
        if role_arn.split(":")[4] != self.account:
            raise Denied(f"Passing role {role_arn} across accounts is not allowed")

    # Tags

    def put_tags(self, arn: str, extra: dict[str, str] | None = None) -> None:
        """Gives a new resource the request's tags. Raises `Invalid` for reserved keys.

        In: its key, which is its ARN, or its identifier for a resource of AWS Clean Rooms.
        """
        tags = {**(extra or {}), **self.params.get("tags", {})}
        merged = {**self.state.tags.get(arn, {}), **tags}
        check_tags(tags, merged)
        if merged:
            self.state.set_tags(arn, merged)

    def check_tags(self) -> None:
        """Checks the request's tags before anything is changed."""
        tags: dict[str, str] = self.params.get("tags", {})
        check_tags(tags, tags)

    def with_tags(self, record: Record) -> JsonObject:
        """A record's members with its tags."""
        return {**self.with_published(record), "tags": self.state.tags.get(record.key, {})}

    def with_published(self, record: Record) -> JsonObject:
        """A record's members with what the caller is told about its logs and metrics."""
        return {**record.data, **record.publish.get(self.account, {})}

    # Lists

    def page(
        self,
        member: str,
        *index: str | None,
        size: int | None = None,
        keep: Callable[[Record], bool] | None = None,
        row: Callable[[Record], JsonObject] | None = None,
    ) -> JsonObject:
        """One page of the index as a reply: rows under `member`, and the next token."""
        rows, token = self.state.paging.page(
            self.state.index(*index),
            self.params,
            operation=self.operation.name,
            size=size,
            keep=keep,
        )
        return self.listing(member, rows, token, row)

    def listing(
        self,
        member: str,
        rows: list[Record],
        token: str | None,
        row: Callable[[Record], JsonObject] | None = None,
    ) -> JsonObject:
        """A list reply. The rows are copied before their life cycles are told they were seen."""
        items = [dict(row(record) if row else record.data) for record in rows]
        for record in rows:
            self.state.seen(record)
        reply: JsonObject = {member: items}
        if token is not None:
            reply["nextToken"] = token
        return reply

    def shown(self, record: Record, data: JsonObject | None = None) -> JsonObject:
        """A Get reply. The members are copied before the life cycle is told they were seen."""
        reply = dict(data if data is not None else record.data)
        self.state.seen(record)
        return reply


MAX_TAGS = 50


def check_tags(tags: dict[str, str], merged: dict[str, str]) -> None:
    """Raises `Invalid` for keys of the reserved prefix or more than 50 tags."""
    for key in tags:
        if key.lower().startswith("aws:"):
            raise Invalid(f"Value at 'tags': the prefix aws: is reserved ({key})")
    if len(merged) > MAX_TAGS:
        raise Invalid(f"Value at 'tags': a resource has at most {MAX_TAGS} tags")
