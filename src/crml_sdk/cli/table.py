"""Types of the rows in the table of commands. They import nothing, because most commands never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Command:
    """A command as data.

    Attributes:
        path: Its words, such as `models train`.
        operation: The name of the operation.
        positional: Members given as arguments, in order. A member with many values takes the rest.
        flags: Options of members by their path, `training_container_config.image_uri`.
        shorthands: Options that set more than one scalar member (see `shorthands`).
        wait: What `--wait` waits for: `finished`, `deleted` or `cancelled`.
        done: What was done, for people, if the reply is empty. `{0}` is the first positional.
        pairs: A positional that takes KEY=VALUE.
        costs: Whether what it starts is billed by time.
        view: The operation that reads the same in a collaboration, with `--collaboration`.
        text: The part of the reply that people see, if not all.
        version: The version by default.
        defaults: Default values of members, by their path.
        method: The SDK's method, if it is not that of the operation.
        absent: What "not found" means, and what to do, if no name was given.
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
        operation: The list operation.
        columns: Names of columns, see `columns`.
        of: A member given as an argument: the owner of the rows.
        by: A member that filters the list, as an option.
        view: The operation that lists the same for a collaboration.
        view_columns: Its columns.
        newest_first: Whether all rows are read and sorted.
        given: Filters of the service.
        statuses: The statuses of rows without a life cycle.
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
