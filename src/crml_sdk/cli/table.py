"""Rows of the table of commands. They load nothing: most commands never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Command:
    """A command as data.

    Attributes:
        path: Its words, such as `models train`.
        operation: The documented name of what it calls.
        positional: Members given bare, in order; a member of many values takes the rest.
        flags: Flags of members by their path, `training_container_config.image_uri`.
        shorthands: Flags that set more than one scalar member (see `shorthands`).
        wait: What `--wait` waits for: `finished`, `deleted` or `cancelled`.
        done: For people, when the service answers nothing: what was done, `{0}` being the first
            positional.
        pairs: A positional that takes KEY=VALUE.
        costs: Whether what it starts is billed by time.
        view: The operation that reads the same in a collaboration, with `--collaboration`.
        text: What people see of the reply, where that is less than all.
        version: The version that is meant when none is named.
        defaults: What members are when nothing says so, by their path.
        method: The SDK's method, where it is not the one named after the operation.
        absent: What the service's "not found" means, and what to do, where no name was given.
    """

    path: str
    operation: str
    positional: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict[str, str])
    shorthands: tuple[str, ...] = ()
    wait: str | None = None
    done: str | None = None
    costs: bool = False
    view: str | None = None
    text: Callable[[Any], str] | None = None
    version: str | None = None
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    method: str | None = None
    absent: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The last word."""
        return self.path.rpartition(" ")[2]


@dataclass(frozen=True)
class Listing:
    """A list command as data.

    Attributes:
        path: Its words.
        operation: What lists.
        columns: Names of columns, see `columns`.
        of: A member given bare: what the rows belong to.
        by: A member that narrows the list, as a flag.
        view: The operation that lists the same for a whole collaboration.
        view_columns: Its columns.
        newest_first: Whether all rows are read and sorted.
        given: Filters that the service knows.
        statuses: The statuses of rows that have no life cycle of their own.
    """

    path: str
    operation: str
    columns: str
    of: str | None = None
    by: str | None = None
    view: str | None = None
    view_columns: str | None = None
    newest_first: bool = False
    given: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last word."""
        return self.path.rpartition(" ")[2]
