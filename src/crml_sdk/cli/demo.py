"""`crml demo`: from data to predictions on a local Clean Rooms ML, in seconds."""

from __future__ import annotations

import asyncio
import inspect
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from . import demo_steps as steps
from .console import status_style
from .demo_world import World, folder_of, open_world, profiles
from .durations import format_duration
from .progress import Progress
from .tree import lineage_tree

if TYPE_CHECKING:
    import click

    from ..client import CleanRoomsML

T = TypeVar("T")

PROLOGUE = """\
from pathlib import Path

from crml_sdk import LATEST_ACTIVE, CleanRoomsML, errors

url = "{url}"
s3 = Path("{s3}")  # stands for S3
progress = print"""
FAILURE = "ValueError: epochs must be a whole number, not 'a few'"


def demo() -> click.Command:
    """`crml demo`."""
    from click import Path as PathType
    from click.exceptions import Exit

    from . import quick
    from .options import HELP, Leaf, Option

    def tell(keep: Path | None) -> None:
        quick.imports_done()
        with quick.interruptible():
            status = run(keep=keep)
        raise Exit(status)

    return Leaf(
        "demo",
        callback=tell,
        params=[
            Option(
                "--keep",
                type=PathType(path_type=Path, file_okay=False),
                help="Keep the tables, containers and predictions in this folder.",
            )
        ],
        help="Run a demo: join two tables, train three versions, predict. It needs no AWS account."
        "\n\nOn Linux with the extra `local`, the containers run in a sandbox. Otherwise the jobs are"
        " simulated.",
        context_settings=HELP,
    )


def _console() -> Console:
    terminal = sys.stdout.isatty()
    return Console(
        width=None if terminal else 220,
        soft_wrap=not terminal,
        highlight=False,
        markup=False,
        emoji=False,
    )


class Story:
    """Explains a step, shows its code and runs it."""

    def __init__(self, console: Console | None = None) -> None:
        self.console: Console = console or _console()
        self.shown: list[str] = []
        self._number = 0

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def headline(self, text: str) -> None:
        self._number += 1
        self.console.print()
        self.say(f"{self._number}. {text}", "bold")

    def show(self, code: str) -> None:
        """Show code so that it can be copied."""
        self.shown.append(code)
        if not self.console.is_terminal:
            self.say(textwrap.indent(code, "    "))
            return
        lexed = Syntax("", "python", theme="ansi_dark", background_color="default")
        # Not wrapped or cut at the width of the terminal, so that it can be copied.
        code = textwrap.indent(code, "    ")
        self.console.print(lexed.highlight(code), soft_wrap=True, end="")

    async def run(self, step: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Show the body of a step and run it."""
        self.show(body_of(step))
        return await step(*arguments)

    def progress(self, title: str) -> Progress:
        return Progress(title, console=self.console)


def body_of(step: Callable[..., Any]) -> str:
    """The body of a function as part of a script, without its last `return`."""
    lines = inspect.getsource(step).splitlines()
    start = next(number for number, line in enumerate(lines) if line.endswith(":")) + 1
    body = textwrap.dedent("\n".join(lines[start:])).splitlines()
    while body and body[-1].startswith("return "):
        body.pop()
    return "\n".join(body)


def run(story: Story | None = None, *, keep: Path | None = None) -> int:
    """Run the demo, with its files in the folder `keep` if one is given, and return the exit status."""
    began = time.monotonic()
    story = story or Story()
    with folder_of(keep) as folder, open_world(folder) as world, profiles(folder):
        asyncio.run(_tell(story, world))
    story.console.print()
    story.say(f"Done in {format_duration(time.monotonic() - began)}. Next:", "bold")
    if keep is None:
        story.say(
            "    crml demo --keep FOLDER    run it again and keep its files, to change and run them"
        )
    else:
        story.say(
            f"    crml local --workspace {keep / 'workspace.toml'}    run a local service with these files"
        )
    story.say("    crml local     run a local Clean Rooms ML for any AWS SDK")
    story.say("    crml --help    list all commands")
    return 0


async def _tell(story: Story, world: World) -> None:
    async with world.local.serve() as server:
        story.say(f"A local Clean Rooms ML listens on {server.url}.", "bold")
        story.say(
            "Two members share a collaboration, and each has an AWS profile. Nothing leaves this machine."
        )
        if world.why_simulated is None:
            story.say("Queries and containers really run.")
        else:
            story.say(f"Jobs are simulated here. {world.why_simulated}.", "yellow")
        story.show(PROLOGUE.format(url=server.url, s3=world.s3))
        sdk, partner = await story.run(steps.connect, server.url)
        try:
            await _tell_all(story, world, sdk, partner)
        finally:
            await steps.disconnect(sdk, partner)
        story.show(body_of(steps.disconnect))


async def _tell_all(story: Story, world: World, sdk: CleanRoomsML, partner: CleanRoomsML) -> None:
    story.headline("Each member has a table")
    for whose, table in (("ours", "customers.csv"), ("theirs", "contracts.csv")):
        story.say(f"{whose}, {table}:")
        story.say(textwrap.indent("\n".join([*world.head(table), "..."]), "    "), "cyan")

    story.headline("The partner offers an algorithm to the collaboration")
    await story.run(steps.offer_algorithm, partner)

    story.headline("We find the algorithm, say where results go, and join the tables")
    room, offer = await story.run(steps.look_around, sdk)
    await story.run(steps.say_where_results_go, sdk, room)
    with story.progress("input channel known") as progress:
        channel = await story.run(steps.join_data, sdk, room, offer, progress)

    story.headline("Train a model, then train two more versions from it")
    with story.progress("trained model churn, base version") as progress:
        model = await story.run(steps.train_base, sdk, room, offer, channel, progress)
    if world.why_simulated is None:
        story.say("The container printed (crml models logs churn):")
        story.say(textwrap.indent("\n".join(world.log(model.trained_model_arn)), "    "), "cyan")
    with story.progress("trained model churn, first version after the base") as progress:
        await story.run(steps.train_on, sdk, room, offer, channel, model, progress)
    with story.progress("trained model churn, second version after the base") as progress:
        await steps.train_on(sdk, room, offer, channel, model, progress)

    story.headline("Which versions exist, which is the newest, and which was trained from which?")
    versions, newest = await story.run(steps.read_versions, sdk, model)
    story.console.print(_versions_table(versions, world.accuracies(model.trained_model_arn)))
    story.say(f"newest: {newest.version_identifier}", "cyan")
    lineage = await story.run(steps.read_lineage, sdk, model)
    story.console.print(Text.from_ansi(lineage_tree(lineage)))  # its escapes have no width

    story.headline("Predict for the other customers with the newest ACTIVE version")
    with story.progress("input channel july") as progress:
        july = await story.run(steps.join_more, sdk, room, offer, progress)
    job = await story.run(steps.start_inference, sdk, model, july)
    with story.progress("inference job july") as progress:
        done = await story.run(steps.wait_for_inference, sdk, job, progress)
    story.say(f"{done.name} is {done.status}, on version {done.trained_model_version_identifier}")
    address = await story.run(steps.find_results, sdk, done)
    story.say(address, "cyan")
    if world.why_simulated is None:
        predictions = await story.run(steps.read_predictions, world.s3, address)
        first = [*predictions[:3], f"... {len(predictions)} in all"]
        story.say(textwrap.indent("\n".join(first), "    "), "cyan")

    story.headline("What happens when a container fails?")
    if world.why_simulated is not None:
        world.local.jobs.fail_next(status_code="AlgorithmError", message=FAILURE)
    wrong = await story.run(steps.start_wrongly, sdk, room, offer, channel)
    with story.progress("trained model churn-in-a-hurry") as progress:
        failure = await story.run(steps.see_it_fail, sdk, wrong, progress)
    story.say(f"{type(failure).__name__}: {failure}", "red")

    story.headline("What the partner sees")
    for line in await story.run(steps.look_as_partner, partner, room):
        story.say(line)


def _versions_table(versions: list[Any], accuracies: dict[str | None, float]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("version", "status", *(("accuracy",) if accuracies else ()), "created"):
        table.add_column(title)
    for row in versions:
        table.add_row(
            row.version_identifier or "base",
            Text(row.status, style=status_style(row.status)),
            *((f"{accuracies[row.version_identifier]:.3f}",) if accuracies else ()),
            f"{row.create_time:%Y-%m-%d %H:%M:%S}",
        )
    return table
