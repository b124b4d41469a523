"""Shell completion: operations, values, profiles, and names of resources from a short-lived cache.

After any error there is no completion and no message, because the shell would show every word that
is written here. Completion never asks for anything, such as an MFA code.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import (
    BashComplete,
    ShellComplete,
    get_completion_class,
    split_arg_string,
)

from .options import Leaf, Options

if TYPE_CHECKING:
    from .session import Session

FRESH: Final = 60.0
"""Seconds for which names are cached."""

PATIENCE: Final = 4.0
"""Seconds for the request to the service. The user is waiting."""

SHELLS: Final = ("bash", "zsh", "fish")


def answer(root: click.Group) -> int:
    """Answer the shell, without any message."""
    try:
        shell, _, _ = os.environ["_CRML_COMPLETE"].partition("_")
        with _quiet():
            answered = _of_shell(shell, root).complete()
        click.echo(answered)
        return 0
    except Exception:
        return 1


def _of_shell(shell: str, root: click.Group) -> ShellComplete:
    kind = Bash if shell == "bash" else get_completion_class(shell)
    if kind is None:
        raise LookupError(shell)
    return kind(root, {}, "crml", "_CRML_COMPLETE")


class Bash(BashComplete):
    """Completion for bash, which splits words at `=`, `:` and `@` and completes only the last part.

    Click's own class completes `ju` for `train=ju`, and splits a name with a space.
    """

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' answer
    COMPREPLY=()
    for answer in $(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete $1); do
        case $answer in
            plain,*) COMPREPLY+=("$(printf %%q "${answer#plain,}")") ;;
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def source(self) -> str:
        """The script. Click's own method starts bash to read its version."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one at the cursor."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        last = words.pop() if words and not line[-1:].isspace() else ""
        return words, last

    def complete(self) -> str:
        """The answers, without the part that bash treats as an earlier word."""
        words, last = self.get_completion_args()
        breaks = set(os.environ.get("COMP_WORDBREAKS", "")) - set(" \t\n\"'")
        kept = max((last.rfind(each) for each in breaks), default=-1) + 1
        return "\n".join(
            f"{item.type},{item.value.removeprefix(last[:kept])}"
            for item in self.get_completions(words, last)
        )


def completion() -> click.Command:
    """`crml completion`."""

    def write(shell: str) -> None:
        from .app import root
        from .console import out

        out(_of_shell(shell, root()).source().rstrip())

    return Leaf(
        "completion",
        callback=write,
        params=[click.Argument(["shell"], type=click.Choice(SHELLS))],
        help='Write the completion script for a shell: eval "$(crml completion bash)".',
    )


def profiles(incomplete: str) -> list[str]:
    """The profiles in the AWS configuration files."""
    import configparser

    places = (
        os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"),
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    )
    found: list[str] = []
    for place in places:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(Path(place).expanduser(), encoding="utf-8")
        except (OSError, ValueError, configparser.Error):
            continue
        found += [
            section.removeprefix("profile ").strip()
            for section in parser.sections()
            if not section.startswith(("sso-session ", "services "))
        ]
    return sorted({name for name in found if name.startswith(incomplete)})


def names(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    """The names of a kind of resource, from the cache or the service."""
    if incomplete.startswith("arn:"):
        return []
    # `train=churn` of a channel: keep the part before the name.
    lead, equals, typed = incomplete.rpartition("=")
    try:
        found = _cached(_options(ctx), kind)
    except Exception:
        return []
    return [f"{lead}{equals}{name}" for name in found if name.startswith(typed)]


def _options(ctx: click.Context) -> Options:
    values: dict[str, Any] = {}
    here: click.Context | None = ctx
    while here is not None:
        values = {**{k: v for k, v in here.params.items() if v is not None}, **values}
        here = here.parent
    return Options(
        region=values.get("region"),
        profile=values.get("profile"),
        endpoint_url=values.get("endpoint_url"),
        membership=values.get("membership"),
    )


def _place(options: Options, kind: str) -> Path:
    import hashlib

    environment = (
        os.environ.get(name, "")
        for name in (
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_CLEANROOMSML",
        )
    )
    key = json.dumps([kind, repr(options), *environment])
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "crml"
    return folder / f"names-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def _cached(options: Options, kind: str) -> list[str]:
    place = _place(options, kind)
    try:
        if 0 <= time.time() - place.stat().st_mtime < FRESH:
            return [str(name) for name in json.loads(place.read_text("utf-8"))]
    except (OSError, ValueError):
        pass
    found = _asked(options, kind)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = place.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(found), "utf-8")
        beside.chmod(0o600)
        beside.replace(place)
    except OSError:
        pass
    return found


def _asked(options: Options, kind: str) -> list[str]:
    import asyncio
    import getpass

    from .session import Session, Trail, opened

    def refuse(*arguments: Any, **more: Any) -> str:
        raise EOFError("completion does not ask for input")

    getpass.getpass = refuse

    async def ask() -> list[str]:
        settings = {"connect_timeout": PATIENCE, "read_timeout": PATIENCE}
        async with opened(options, **settings) as sdk:
            return await asyncio.wait_for(_listed(Session(sdk, options, Trail()), kind), PATIENCE)

    return asyncio.run(ask())


async def _listed(session: Session, kind: str) -> list[str]:
    from ..untrusted import as_line
    from .names import KINDS

    if kind == "membership":
        rows = await session.sdk.memberships(status="ACTIVE")
        found = [row.collaboration_name for row in rows]
    elif kind == "collaboration":
        found = [row.name for row in await session.sdk.collaborations()]
    else:
        group = getattr(session.sdk, KINDS[kind].group)
        scope = {"membership_identifier": await session.membership()} if KINDS[kind].shared else {}
        found = [row.name for row in await group.list(max_results=100, limit=500, **scope)]
    return sorted({name for name in found if as_line(name) == name})


@contextmanager
def _quiet() -> Generator[None]:
    """Close stderr and stdin, so that botocore can neither warn nor ask."""
    import logging
    import warnings

    logging.disable()
    warnings.simplefilter("ignore")
    kept, kept_in = sys.stderr, sys.stdin
    with open(os.devnull, "r+", encoding="utf-8") as nothing:
        sys.stderr = sys.stdin = nothing
        try:
            yield
        finally:
            sys.stderr, sys.stdin = kept, kept_in
            logging.disable(logging.NOTSET)
