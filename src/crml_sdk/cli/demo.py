"""`crml demo`: the whole way from data to predictions, on a local Clean Rooms ML, in seconds."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from . import demo_steps as steps
from .console import status_style
from .durations import format_duration
from .progress import Progress
from .tree import lineage_tree

if TYPE_CHECKING:
    import click

    from ..client import CleanRoomsML
    from ..local import LocalCleanRoomsML

T = TypeVar("T")

PROLOGUE = """\
from crml_sdk import LATEST_ACTIVE, CleanRoomsML, errors

url = "{url}"
progress = print"""
FAILURE = "The container exited with status 1: KeyError: 'spend'"


def demo() -> click.Command:
    """`crml demo`."""
    from click.exceptions import Exit

    from . import quick
    from .options import HELP, Leaf

    def tell() -> None:
        quick.imports_done()
        with quick.interruptible():
            status = run()
        raise Exit(status)

    return Leaf(
        "demo",
        callback=tell,
        help="Watch it work: train versions, pick the newest, predict. Needs no AWS account.",
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
    """Tells a step, shows its code, runs it."""

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
        """Code as it can be copied."""
        self.shown.append(code)
        if not self.console.is_terminal:
            self.say(textwrap.indent(code, "    "))
            return
        lexed = Syntax("", "python", theme="ansi_dark", background_color="default")
        # Not wrapped or cut at the edge of the terminal: it is to be copied.
        code = textwrap.indent(code, "    ")
        self.console.print(lexed.highlight(code), soft_wrap=True, end="")

    async def run(self, step: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Show the body of a step and run it."""
        self.show(body_of(step))
        return await step(*arguments)

    def progress(self, title: str) -> Progress:
        return Progress(title, console=self.console)


def body_of(step: Callable[..., Any]) -> str:
    """The body of a function, as it would stand in a script: without its last `return`."""
    lines = inspect.getsource(step).splitlines()
    start = next(number for number, line in enumerate(lines) if line.endswith(":")) + 1
    body = textwrap.dedent("\n".join(lines[start:])).splitlines()
    while body and body[-1].startswith("return "):
        body.pop()
    return "\n".join(body)


def run(story: Story | None = None) -> int:
    """Run the demo. Gives the exit status."""
    began = time.monotonic()
    story = story or Story()
    with tempfile.TemporaryDirectory(prefix="crml-demo-") as folder, profiles(Path(folder)):
        asyncio.run(_tell(story))
    story.console.print()
    story.say(f"Done in {format_duration(time.monotonic() - began)}. Next:", "bold")
    story.say("    crml local     a Clean Rooms ML of your own on loopback, for any AWS SDK")
    story.say("    crml --help    what the command can do")
    return 0


async def _tell(story: Story) -> None:
    from ..local import Lifecycle, LocalCleanRoomsML, Settings

    settings = Settings(lifecycle=Lifecycle("clock", pending=0.15, running=0.35))
    local = LocalCleanRoomsML(settings=settings)
    async with local.serve() as server:
        story.say(f"A local Clean Rooms ML listens on {server.url}.", "bold")
        story.say(
            "Two members share a collaboration; each is a profile. Nothing leaves this machine."
        )
        story.show(PROLOGUE.format(url=server.url))
        sdk, partner = await story.run(steps.connect, server.url)
        try:
            await _tell_all(story, local, sdk, partner)
        finally:
            await steps.disconnect(sdk, partner)
        story.show(body_of(steps.disconnect))


async def _tell_all(
    story: Story, local: LocalCleanRoomsML, sdk: CleanRoomsML, partner: CleanRoomsML
) -> None:
    story.headline("The partner offers an algorithm to the collaboration")
    await story.run(steps.offer_algorithm, partner)

    story.headline("We find it there, and prepare data for it")
    room, offer = await story.run(steps.look_around, sdk)
    with story.progress("input channel customers") as progress:
        channel = await story.run(steps.prepare_data, sdk, room, offer, progress)

    story.headline("Train a model, and train it on, twice")
    with story.progress("trained model churn, base version") as progress:
        model = await story.run(steps.train_base, sdk, room, offer, channel, progress)
    with story.progress("trained model churn, first version after the base") as progress:
        await story.run(steps.train_on, sdk, room, offer, channel, model, progress)
    with story.progress("trained model churn, second version after the base") as progress:
        await steps.train_on(sdk, room, offer, channel, model, progress)

    story.headline("Which versions are there, which is newest, and what came from what?")
    versions, newest = await story.run(steps.read_versions, sdk, model)
    story.console.print(_versions_table(versions))
    story.say(f"newest: {newest.version_identifier}", "cyan")
    lineage = await story.run(steps.read_lineage, sdk, model)
    story.say(lineage_tree(lineage))

    story.headline("Predict with the newest version that works")
    job = await story.run(steps.start_inference, sdk, model, channel)
    with story.progress("inference job july") as progress:
        done = await story.run(steps.wait_for_inference, sdk, job, progress)
    story.say(f"{done.name} is {done.status}, on version {done.trained_model_version_identifier}")

    story.headline("And when a job fails? (The local service was told to let the next one fail.)")
    local.jobs.fail_next(status_code="AlgorithmError", message=FAILURE)
    another = await story.run(steps.start_another, sdk, model, channel)
    with story.progress("inference job august") as progress:
        failure = await story.run(steps.see_it_fail, sdk, another, progress)
    story.say(f"{type(failure).__name__}: {failure}", "red")

    story.headline("What the partner sees of all this")
    for line in await story.run(steps.look_as_partner, partner, room):
        story.say(line)


def _versions_table(versions: list[Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("version", "status", "created"):
        table.add_column(title)
    for row in versions:
        table.add_row(
            row.version_identifier or "base",
            Text(row.status, style=status_style(row.status)),
            f"{row.create_time:%Y-%m-%d %H:%M:%S}",
        )
    return table


@contextmanager
def profiles(folder: Path) -> Generator[None]:
    """Two profiles with dummy credentials, and an environment in which only they count."""
    from ..local import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, OTHER_ACCESS_KEY, OTHER_SECRET_KEY

    members = {
        "member-one": (DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY),
        "member-two": (OTHER_ACCESS_KEY, OTHER_SECRET_KEY),
    }
    config = folder / "config"
    config.write_text(
        "".join(
            f"[profile {name}]\nregion = us-east-1\n"
            f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            for name, (key, secret) in members.items()
        ),
        encoding="utf-8",
    )
    kept = dict(os.environ)
    for name in kept:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = str(config)
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    loopback = "127.0.0.1,localhost"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = loopback
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
