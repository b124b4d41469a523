"""Help: every command has one golden text, and every operation a command.

After a change that is meant: `CRML_WRITE_HELP=1 python -m pytest tests/cli/test_help.py`, and look
at the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from crml_sdk.api.operations import ALL
from crml_sdk.cli.app import builders, root
from crml_sdk.cli.calling import command_of
from crml_sdk.cli.commands import COMMANDS, GROUPS, LISTINGS
from crml_sdk.cli.options import SHARED

FOLDER = Path(__file__).parent / "help"
PATHS = ["", *GROUPS, *builders()]


def help_of(path: str) -> str:
    command: click.Command = root()
    context = click.Context(command, info_name="crml", terminal_width=100, max_content_width=100)
    for word in path.split():
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        command = found
        context = click.Context(
            command, info_name=word, parent=context, terminal_width=100, max_content_width=100
        )
    return command.get_help(context) + "\n"


@pytest.mark.parametrize("path", PATHS, ids=[path or "crml" for path in PATHS])
def test_the_help_of_a_command_is_its_golden_text(path: str) -> None:
    text = help_of(path)
    # The options of every command are shown once, with the whole command.
    text = text.partition(f"\n{SHARED}:\n")[0].rstrip() + "\n" if path else text
    file = FOLDER / f"{path.replace(' ', '-') or 'crml'}.txt"
    if os.environ.get("CRML_WRITE_HELP"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_no_golden_text_is_left_over() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {
        path.replace(" ", "-") or "crml" for path in PATHS
    }


def test_every_operation_that_writes_has_a_command() -> None:
    named = {command.operation for command in COMMANDS}
    writing = [each.name for each in ALL if not each.name.startswith(("Get", "List"))]
    assert len(writing) > 25
    assert not [name for name in writing if name not in named]


def test_every_list_has_a_command_and_all_are_reached() -> None:
    named = {listing.operation for listing in LISTINGS} | {listing.view for listing in LISTINGS}
    assert not [each.name for each in ALL if each.items is not None and each.name not in named]
    assert all(command_of(each).startswith("crml ") for each in ALL)


def test_no_two_options_of_a_command_have_the_same_name() -> None:
    for path, build in builders().items():
        names = [name for option in build().params for name in option.opts]
        assert len(names) == len(set(names)), path
