"""The world: accounts, collaborations, and memberships with their abilities and payers."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..service.schema import JsonObject

DEFAULT_ACCESS_KEY = "AKIALOCALMEMBER0001"
DEFAULT_SECRET_KEY = "local-secret-of-member-1"
OTHER_ACCESS_KEY = "AKIALOCALMEMBER0002"
OTHER_SECRET_KEY = "local-secret-of-member-2"
DEFAULT_ACCOUNT_ID = "111122223333"
OTHER_ACCOUNT_ID = "444455556666"
DEFAULT_REGION = "us-east-1"
COLLABORATION_ID = "c0110000-0000-4000-8000-000000000001"
MEMBERSHIP_ID = "3e3b0000-0000-4000-8000-000000000001"
OTHER_MEMBERSHIP_ID = "3e3b0000-0000-4000-8000-000000000002"

ACCOUNT_ID = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2}-[a-z]{4,9}-[0-9]")  # as ARNs of AWS Clean Rooms have it
QUERY = "CAN_QUERY"
ABILITIES = (QUERY, "CAN_RECEIVE_RESULTS", "CAN_RUN_JOB")
RECEIVE_MODEL = "CAN_RECEIVE_MODEL_OUTPUT"
RECEIVE_INFERENCE = "CAN_RECEIVE_INFERENCE_OUTPUT"
ML_ABILITIES = (RECEIVE_MODEL, RECEIVE_INFERENCE)
ML_PAYMENTS = ("modelTraining", "modelInference", "syntheticDataGeneration")
PAYMENTS = ("queryCompute", *ML_PAYMENTS, "jobCompute")
RUN_JOB = "CAN_RUN_JOB"
COLLABORATION_DELETED = "COLLABORATION_DELETED"


@dataclass
class Account:
    """An account and its credentials."""

    id: str
    display_name: str
    access_key: str
    secret_key: str


@dataclass
class Member:
    """One account's part in a collaboration: what it may do and what it pays for.

    `status` is INVITED, ACTIVE, LEFT, REMOVED, or COLLABORATION_DELETED. `membership_id` is empty
    where there is no membership: before the account has joined, and after it has left. `joined` and
    `updated` are epoch seconds (None: as the collaboration's). `settings` holds what the membership
    was created with, by wire name.
    """

    account_id: str
    membership_id: str = ""
    status: str = "ACTIVE"
    abilities: list[str] = field(default_factory=lambda: list(ABILITIES))
    ml_abilities: list[str] = field(default_factory=lambda: list(ML_ABILITIES))
    pays: list[str] = field(default_factory=lambda: list(PAYMENTS))
    display_name: str = ""
    joined: float | None = None
    updated: float | None = None
    settings: JsonObject = field(default_factory=dict[str, Any])

    @property
    def is_active(self) -> bool:
        return self.status == "ACTIVE"


@dataclass
class Collaboration:
    """A collaboration and its members by account id.

    `settings` holds what it was created with, by wire name. One that was deleted is kept as long as
    it has a membership.
    """

    id: str
    name: str
    creator: str
    created: float
    updated: float
    description: str = ""
    settings: JsonObject = field(default_factory=dict[str, Any])
    deleted: bool = False
    members: dict[str, Member] = field(default_factory=dict[str, Member])


class World:
    """Accounts and collaborations, with shortcuts to those of a new instance."""

    def __init__(self, region: str = DEFAULT_REGION) -> None:
        self.region = region
        self.accounts: dict[str, Account] = {}
        self.collaborations: dict[str, Collaboration] = {}
        self.default_account_id = DEFAULT_ACCOUNT_ID
        self._memberships: dict[str, tuple[Collaboration, Member]] = {}
        self._by_access_key: dict[str, Account] = {}

    # The ready world

    @property
    def account_id(self) -> str:
        """The account of the default credentials, and of any unknown access key."""
        return self.default_account_id

    @property
    def other_account_id(self) -> str:
        """The first account beside the default one. Raises KeyError if there is none."""
        for name in self.accounts:
            if name != self.default_account_id:
                return name
        raise KeyError("There is only one account")

    @property
    def access_key(self) -> str:
        return self.accounts[self.account_id].access_key

    @property
    def secret_key(self) -> str:
        return self.accounts[self.account_id].secret_key

    @property
    def other_access_key(self) -> str:
        return self.accounts[self.other_account_id].access_key

    @property
    def other_secret_key(self) -> str:
        return self.accounts[self.other_account_id].secret_key

    @property
    def collaboration_id(self) -> str:
        """The first collaboration. Raises KeyError if there is none."""
        for name in self.collaborations:
            return name
        raise KeyError("There is no collaboration")

    @property
    def membership_id(self) -> str:
        """The default account's first membership. Raises KeyError if it has none."""
        return self._first_membership(self.account_id)

    @property
    def other_membership_id(self) -> str:
        """The other account's first membership. Raises KeyError if it has none."""
        return self._first_membership(self.other_account_id)

    def _first_membership(self, account_id: str) -> str:
        for _, member in self.memberships_of(account_id):
            return member.membership_id
        raise KeyError(f"Account {account_id} has no membership")

    # Building

    def add_account(
        self, account_id: str, *, display_name: str, access_key: str, secret_key: str
    ) -> Account:
        """Registers an account with its credentials. Raises ValueError for a taken access key."""
        holder = self._by_access_key.get(access_key)
        if holder is not None and holder.id != account_id:
            raise ValueError(f"Access key {access_key} belongs to account {holder.id}")
        account = Account(account_id, display_name, access_key, secret_key)
        self.accounts[account_id] = account
        self._by_access_key[access_key] = account
        return account

    def add_collaboration(self, collaboration: Collaboration, members: Iterable[Member]) -> None:
        """Registers a collaboration with its members."""
        self.collaborations[collaboration.id] = collaboration
        for member in members:
            self.add_member(collaboration.id, member)

    def add_member(self, collaboration_id: str, member: Member) -> None:
        """Adds a member. Raises ValueError if its membership id is taken by another, or if it is
        active without one."""
        collaboration = self.collaborations[collaboration_id]
        taken = self._memberships.get(member.membership_id)
        if taken is not None and taken[1].account_id != member.account_id:
            raise ValueError(f"Membership id {member.membership_id} is taken")
        if member.is_active and not member.membership_id:
            raise ValueError(f"Member {member.account_id} is active and has no membership id")
        collaboration.members[member.account_id] = member
        if member.membership_id:
            self._memberships[member.membership_id] = (collaboration, member)

    def end_membership(self, membership_id: str) -> None:
        """Remove a membership, and a deleted collaboration with its last one."""
        collaboration, member = self._memberships.pop(membership_id)
        member.membership_id = ""
        if collaboration.deleted:
            del collaboration.members[member.account_id]
            self.forget_if_empty(collaboration)

    def forget_if_empty(self, collaboration: Collaboration) -> None:
        """Drops a deleted collaboration that has no membership left."""
        if not any(member.membership_id for member in collaboration.members.values()):
            self.collaborations.pop(collaboration.id, None)

    # Looking up

    def account_of_key(self, access_key: str) -> Account:
        """The account of an access key. By default the default account.

        An access key of 12 digits belongs to the account with that number.
        """
        known = self._by_access_key.get(access_key)
        if known is None and ACCOUNT_ID.fullmatch(access_key):
            return self.accounts.get(access_key) or Account(access_key, access_key, access_key, "")
        return known or self.accounts[self.account_id]

    def account_named(self, name: str | None) -> Account:
        """An account by `None` (the default one), `"other"`, or its id. Raises KeyError."""
        if name is None or name == "default":
            return self.accounts[self.account_id]
        return self.accounts[self.other_account_id if name == "other" else name]

    def membership(self, membership_id: str) -> tuple[Collaboration, Member] | None:
        return self._memberships.get(membership_id)

    def collaboration(self, collaboration_id: str) -> Collaboration | None:
        """A collaboration that was not deleted."""
        found = self.collaborations.get(collaboration_id)
        return None if found is None or found.deleted else found

    def display_name(self, room: Collaboration, account_id: str) -> str:
        """The display name of an account in a collaboration."""
        member, account = room.members.get(account_id), self.accounts.get(account_id)
        named = member.display_name if member else ""
        return named or (account.display_name if account else account_id)

    def member(self, account: str | None = None, collaboration_id: str | None = None) -> Member:
        """The part of an account in a collaboration (default: the first). Raises KeyError."""
        collaboration = self.collaborations[collaboration_id or self.collaboration_id]
        return collaboration.members[self.account_named(account).id]

    def memberships_of(self, account_id: str) -> list[tuple[Collaboration, Member]]:
        return [pair for pair in self._memberships.values() if pair[1].account_id == account_id]

    # Saving

    def to_json(self) -> JsonObject:
        """A copy of the world as plain JSON values."""
        return copy.deepcopy(
            {
                "region": self.region,
                "default_account_id": self.default_account_id,
                "accounts": [vars(account) for account in self.accounts.values()],
                "collaborations": [
                    {**vars(room), "members": [vars(member) for member in room.members.values()]}
                    for room in self.collaborations.values()
                ],
            }
        )

    def put_back(self, document: JsonObject) -> None:
        """Becomes what it was when the document was made."""
        vars(self).update(vars(World.from_json(document, 0.0)))

    @classmethod
    def from_json(cls, document: JsonObject, now: float) -> World:
        """A world from plain JSON values. Omitted IDs and times have defaults."""
        world = cls(document.get("region", DEFAULT_REGION))
        for entry in document["accounts"]:
            world.add_account(
                entry["id"],
                display_name=entry.get("display_name", entry["id"]),
                access_key=entry.get("access_key", f"AKIALOCAL{entry['id']}"),
                secret_key=entry.get("secret_key", "local-secret"),
            )
        world.default_account_id = document.get("default_account_id", next(iter(world.accounts)))
        for entry in document.get("collaborations", ()):
            fields: dict[str, Any] = {**entry, "members": {}}
            fields.setdefault("creator", world.default_account_id)
            fields.setdefault("created", now)
            fields.setdefault("updated", now)
            members = [Member(**member) for member in entry["members"]]
            world.add_collaboration(Collaboration(**fields), members)
        return world


def ready_world(now: float, *, account: str | None = None, region: str | None = None) -> World:
    """The world of a new instance: one collaboration with two members that may do everything.

    In: the default account and the region, if they are to be other ones. Raises ValueError for
    what is none.
    """
    account, region = account or DEFAULT_ACCOUNT_ID, region or DEFAULT_REGION
    if not ACCOUNT_ID.fullmatch(account):
        raise ValueError(f"{account!r} is not an account: an account has twelve digits")
    if account == OTHER_ACCOUNT_ID:
        raise ValueError(f"{account} is the account of the other member")
    if not REGION.fullmatch(region):
        raise ValueError(f"{region!r} is not a region such as {DEFAULT_REGION}")
    world = World(region)
    world.default_account_id = account
    world.add_account(
        account,
        display_name="Member one",
        access_key=DEFAULT_ACCESS_KEY,
        secret_key=DEFAULT_SECRET_KEY,
    )
    world.add_account(
        OTHER_ACCOUNT_ID,
        display_name="Member two",
        access_key=OTHER_ACCESS_KEY,
        secret_key=OTHER_SECRET_KEY,
    )
    room = Collaboration(
        COLLABORATION_ID,
        "Local collaboration",
        account,
        now,
        now,
        description="Two members, ready to use",
    )
    members = [
        Member(account, MEMBERSHIP_ID),
        Member(OTHER_ACCOUNT_ID, OTHER_MEMBERSHIP_ID),
    ]
    world.add_collaboration(room, members)
    return world
