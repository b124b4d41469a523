"""Options that stand for more than one member: data channels, receivers, earlier versions, metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .failures import Refused
from .inputs import get, pairs, put
from .options import Option, names_of

if TYPE_CHECKING:
    import click

    from .session import Session

EARLIER: Final = "previous"
"""The channel of an earlier version that was given without a channel name."""


async def _nothing(session: Session, values: dict[str, Any]) -> None:
    return None


@dataclass(frozen=True)
class Shorthand:
    """An option that builds a member.

    Attributes:
        flag: The option.
        path: The member it sets.
        metavar, help: For its help.
        make: Builds the member from the given texts.
        many: Whether it is repeatable.
        kind: The kind of resource whose names complete it.
        fill: Sets the member with an open client, if neither the option nor a file did.
        sample: A placeholder for that member in the check before.
    """

    flag: str
    path: tuple[str, ...]
    metavar: str
    help: str
    make: Callable[[tuple[str, ...]], Any]
    many: bool = True
    kind: str | None = None
    fill: Callable[[Session, dict[str, Any]], Awaitable[None]] = _nothing
    sample: Any = None

    def option(self) -> click.Parameter:
        """The option."""
        return Option(
            self.flag,
            self.flag.lstrip("-").replace("-", "_"),
            metavar=self.metavar,
            help=self.help,
            multiple=self.many,
            shell_complete=None if self.kind is None else names_of(self.kind),
        )

    def apply(self, values: dict[str, Any], given: Any) -> None:
        """Set the member from the given texts, if there are any."""
        if given is not None and given != ():
            put(values, self.path, self.make(given if self.many else (given,)))

    def stand_in(self, values: dict[str, Any]) -> None:
        """Set a placeholder for what `complete` will set."""
        if self.sample is not None and get(values, self.path) is None:
            put(values, self.path, self.sample)

    async def complete(self, session: Session, values: dict[str, Any]) -> None:
        """Set the member to its usual value, if nothing has set it."""
        if get(values, self.path) is None:
            await self.fill(session, values)


def _channels(given: tuple[str, ...]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for one in given:
        name, equals, channel = one.partition("=")
        if one.startswith("arn:") or not equals:
            name, channel = "train", one
        found.append({"channel_name": name, "ml_input_channel_arn": channel})
    names = [each["channel_name"] for each in found]
    if len(set(names)) < len(names):
        raise Refused(
            f"--channel: each channel needs its own name, not {', '.join(sorted(names))}",
            "write --channel train=NAME --channel validation=NAME",
        )
    return found


def _earlier(given: tuple[str, ...]) -> list[dict[str, str]]:
    (one,) = given
    name, equals, model = one.partition("=")
    if one.startswith("arn:") or not equals:
        name, model = EARLIER, one
    if "@" not in model:
        raise Refused(f"--from {one}: give the version", f"write {model}@latest or {model}@VERSION")
    return [{"channel_name": name, "trained_model_arn": model}]


def _receiver(given: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"account_id": account} for account in given]


async def _own_account(session: Session, values: dict[str, Any]) -> None:
    put(values, ("output_configuration", "members"), _receiver((await session.account(),)))


def _metrics(given: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"name": name, "regex": regex} for name, regex in pairs(given, "--metric").items()]


SHORTHANDS: Final = {
    "channels": Shorthand(
        "--channel",
        ("data_channels",),
        "[NAME=]CHANNEL",
        (
            "Input channel to train on: its channel name in the container (by default train),"
            " and its ARN or exact name. Repeatable. [required]"
        ),
        _channels,
        kind="ml-input-channel",
    ),
    "from": Shorthand(
        "--from",
        ("incremental_training_data_channels",),
        "[NAME=]MODEL@VERSION",
        (
            "Continue the training from this version. NAME is its channel name in the"
            f" container, by default {EARLIER}."
        ),
        _earlier,
        many=False,
        kind="trained-model",
    ),
    "receiver": Shorthand(
        "--receiver",
        ("output_configuration", "members"),
        "ACCOUNT",
        "Account that receives the results. By default your own.",
        _receiver,
        many=False,
        fill=_own_account,
        sample=[{"account_id": "000000000000"}],
    ),
    "metrics": Shorthand(
        "--metric",
        ("training_container_config", "metric_definitions"),
        "NAME=REGEX",
        "Metric to extract from the container's output. Repeatable.",
        _metrics,
    ),
}
