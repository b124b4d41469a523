"""Flags that stand for more than one member: data channels, receivers, earlier versions, metrics."""

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
"""What the container sees of an earlier version that was given without a channel name."""


async def _nothing(session: Session, values: dict[str, Any]) -> None:
    return None


@dataclass(frozen=True)
class Shorthand:
    """A flag that builds a member.

    Attributes:
        flag: The flag.
        path: The member it sets.
        metavar, help: For its help.
        make: From the texts that were given to the member.
        many: Whether it may be given more than once.
        kind: Whose names complete it.
        fill: Sets the member when neither the flag nor a file did, once a client is open.
        sample: What stands for that in the check before.
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
        """Set the member from what was given, if anything was."""
        if given is not None and given != ():
            put(values, self.path, self.make(given if self.many else (given,)))

    def stand_in(self, values: dict[str, Any]) -> None:
        """Set a sample of what `complete` will set."""
        if self.sample is not None and get(values, self.path) is None:
            put(values, self.path, self.sample)

    async def complete(self, session: Session, values: dict[str, Any]) -> None:
        """Set the member when nothing has set it and there is something usual."""
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
            f"--channel names {', '.join(sorted(names))}: each must be another",
            "write --channel train=NAME --channel validation=NAME",
        )
    return found


def _earlier(given: tuple[str, ...]) -> list[dict[str, str]]:
    (one,) = given
    name, equals, model = one.partition("=")
    if one.startswith("arn:") or not equals:
        name, model = EARLIER, one
    if "@" not in model:
        raise Refused(f"--from {one}: name the version", f"write {model}@latest or {model}@VERSION")
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
        "Data to train on: what the container calls it (train when left out) and the ML input"
        " channel, by ARN or exact name; again for more. [required]",
        _channels,
        kind="ml-input-channel",
    ),
    "from": Shorthand(
        "--from",
        ("incremental_training_data_channels",),
        "[NAME=]MODEL@VERSION",
        f"Train on from this version; NAME is what the container calls it ({EARLIER} when left"
        " out).",
        _earlier,
        many=False,
        kind="trained-model",
    ),
    "receiver": Shorthand(
        "--receiver",
        ("output_configuration", "members"),
        "ACCOUNT",
        "Account that gets the results; your own when left out.",
        _receiver,
        many=False,
        fill=_own_account,
        sample=[{"account_id": "000000000000"}],
    ),
    "metrics": Shorthand(
        "--metric",
        ("training_container_config", "metric_definitions"),
        "NAME=REGEX",
        "A metric to look for in the container's output; again for more.",
        _metrics,
    ),
}
