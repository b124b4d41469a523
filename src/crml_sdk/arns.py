"""Resource references: parse and build the ARNs of the service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from .resource_types import RESOURCE_TYPES

_TYPES: Final = [type_ for type_ in RESOURCE_TYPES.values() if type_.has_arn]

MEMBERSHIP_KINDS: Final = tuple(type_.name for type_ in _TYPES if type_.scope == "membership")
"""Resource types that live in a membership."""

CLEAN_ROOMS_KINDS: Final = tuple(
    type_.name for type_ in _TYPES if type_.list.service == "cleanrooms"
)
"""Resource types of AWS Clean Rooms that the SDK refers to."""

ACCOUNT_KINDS: Final = tuple(
    type_.name for type_ in _TYPES if type_.name not in MEMBERSHIP_KINDS + CLEAN_ROOMS_KINDS
)
"""Resource types that live in an account."""

KINDS: Final = MEMBERSHIP_KINDS + ACCOUNT_KINDS + CLEAN_ROOMS_KINDS

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WHOLE: Final = (
    r"arn:(?P<partition>aws[-a-z]*):%s:(?P<region>[-a-z0-9]+):(?P<account>[0-9]{12}):%s"
    r"(?P<kind>%s)/(?P<identifier>%s)"
)
_IDENTIFIER: Final = r"[-a-zA-Z0-9_/.]+"
_PATTERNS: Final = [
    re.compile(_WHOLE % (service, inside, "|".join(kinds), identifier))
    for service, inside, kinds, identifier in (
        ("cleanrooms-ml", rf"membership/(?P<membership>{_UUID})/", MEMBERSHIP_KINDS, _IDENTIFIER),
        ("cleanrooms-ml", "", ACCOUNT_KINDS, _IDENTIFIER),
        ("cleanrooms", "", CLEAN_ROOMS_KINDS, _UUID),
    )
]
IN_MEMBERSHIP: Final = re.compile(rf":membership/({_UUID})(?:/|$)")
"""The membership's identifier in an ARN, as the first group."""
_ANY: Final = re.compile(r"arn:[^:]*:(?P<service>[^:]*):[^:]*:[^:]*:(?P<resource>.+)")


def _parts(text: str) -> dict[str, str] | None:
    """The parts of an ARN by the attributes of `Arn`; None for other text."""
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            return found.groupdict()
    return None


def _refuse(problem: str) -> NoReturn:
    from .errors import ArnError  # late: it loads botocore

    raise ArnError(problem)


@dataclass(frozen=True, order=True)
class Arn:
    """The parts of an ARN; `str()` gives the text back.

    Attributes:
        kind: The resource type, such as `trained-model`.
        region: Such as `us-east-1`.
        account: 12 digits.
        identifier: What follows the resource type.
        membership: The membership's identifier for resources that live in one, else None.
        partition: `aws`, `aws-cn`, ...
    """

    kind: str
    region: str
    account: str
    identifier: str
    membership: str | None = None
    partition: str = "aws"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            _refuse(f"unknown kind of resource {self.kind!r}; known: {', '.join(KINDS)}")
        if self.kind in MEMBERSHIP_KINDS and self.membership is None:
            _refuse(f"{a(self.kind)} lives in a membership: give its identifier")
        if self.kind not in MEMBERSHIP_KINDS and self.membership is not None:
            _refuse(f"{a(self.kind)} does not live in a membership")
        text = str(self)
        if _parts(text) is None:
            _refuse(f"{text!r} is not a sound ARN of {a(self.kind)}")

    @classmethod
    def parse(cls, text: str, expect: str | None = None) -> Arn:
        """The parts of an ARN.

        Args:
            text: The ARN.
            expect: The kind it must be of, such as `trained-model`.

        Returns:
            The parts.

        Raises:
            ArnError: When the text is no ARN of this service, or one of another kind; both kinds
                are named.
        """
        if expect is not None and expect not in KINDS:
            _refuse(f"unknown kind of resource {expect!r}; known: {', '.join(KINDS)}")
        parts = _parts(text)
        if parts is None:
            wanted = f"the ARN of {a(expect)}" if expect else "the ARN of a Clean Rooms ML resource"
            other = _ANY.fullmatch(text)
            what = (
                f"; it names {other['resource'].split('/')[0]!r} of the service {other['service']!r}"
                if other
                else ""
            )
            _refuse(f"{text!r} is not {wanted}{what}")
        arn = cls(**parts)
        if expect is not None and arn.kind != expect:
            _refuse(f"{text!r} is the ARN of {a(arn.kind)}, not of {a(expect)}")
        return arn

    def __str__(self) -> str:
        service = "cleanrooms" if self.kind in CLEAN_ROOMS_KINDS else "cleanrooms-ml"
        inner = f"membership/{self.membership}/" if self.membership else ""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{inner}{self.kind}/{self.identifier}"


def a(kind: str) -> str:
    """A kind or noun with its article, for sentences."""
    return f"{'an' if kind[0] in 'aeio' or kind[:2].lower() == 'ml' else 'a'} {kind}"


def named(kind: str, text: str) -> str:
    """How to find a resource of a kind by what may be its name, for the end of a sentence."""
    type_ = RESOURCE_TYPES[kind]
    return f"; if it is a name: `await sdk.{type_.list.group}.by_name({text[:63]!r})` finds its ARN"


def kind_of(text: str) -> str | None:
    """The resource type of an ARN of this service or of AWS Clean Rooms; None for other text."""
    parts = _parts(text)
    return None if parts is None else parts["kind"]


def membership_in(text: str) -> str | None:
    """The membership's identifier inside an ARN, or None."""
    found = IN_MEMBERSHIP.search(text)
    return found[1] if found else None


def is_identifier(text: str) -> bool:
    """Whether the text is an identifier as memberships and collaborations have."""
    return re.fullmatch(_UUID, text) is not None
