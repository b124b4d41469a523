"""`crml models`: trained models and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .failures import Refused
from .finding import find_model
from .options import Format, command
from .waits import LONGEST, Poll, Timeout, wait_for
from .writing import Column, flat, plain

if TYPE_CHECKING:
    from ..versions import Lineage, LineageNode, TrainedModelRef, VersionSelector
    from .session import Session

app: typer.Typer = typer.Typer(
    name="models", help="Trained models and their versions.", no_args_is_help=True
)

MODEL = "The model: ARN or exact name; MODEL@VERSION, @latest, @latest-active or @base."
Model = Annotated[str, typer.Argument(help=MODEL)]
Collaboration = Annotated[
    str | None,
    typer.Option(help="List what all members of this collaboration have made.", metavar="ID"),
]
Limit = Annotated[int | None, typer.Option(help="Rows in all.", min=0)]


def version_of(row: Any) -> str:
    """The version of a row, for people."""
    return row.version_identifier or "base"


NAME, STATUS = Column("name", "name"), Column("status", "status")
CREATED, UPDATED = Column("created", "create_time"), Column("updated", "update_time")
MAKER = Column("made by", "creator_account_id")
VERSION = Column("version", version_of)
VERSIONS = (VERSION, STATUS, CREATED, UPDATED, Column("trained from", lambda row: _parent(row)))


def _parent(row: Any) -> str | None:
    channels = row.incremental_training_data_channels
    if not channels:
        return None
    return f"{channels[0].model_name}@{channels[0].version_identifier or 'base'}"


@command(app, "list")
async def list_models(
    session: Session, collaboration: Collaboration = None, limit: Limit = None
) -> None:
    """List the trained models of a membership, or of a whole collaboration."""
    if collaboration is None:
        rows: Any = session.sdk.trained_models.list(
            membership_identifier=await session.membership(), max_results=100, limit=limit
        )
        await session.stream(rows, (NAME, VERSION, STATUS, CREATED, UPDATED))
    else:
        rows = session.sdk.collaboration(collaboration).trained_models.list(
            max_results=100, limit=limit
        )
        await session.stream(rows, (NAME, VERSION, STATUS, MAKER, CREATED))


@command(app, "versions")
async def versions(
    session: Session,
    model: Model,
    status: Annotated[str | None, typer.Option(help="Only these, such as ACTIVE.")] = None,
    limit: Limit = None,
) -> None:
    """List the versions of a model, newest first."""
    from ..versions import newest_first

    ref = await find_model(session, model)
    wanted: Any = status.upper() if status else None
    rows = await session.sdk.trained_models.versions(
        ref.trained_model_arn, status=wanted, max_results=100
    )
    session.write(newest_first(rows)[:limit], VERSIONS)


@command(app, "latest")
async def latest(
    session: Session,
    model: Model,
    any_status: Annotated[
        bool, typer.Option("--any-status", help="Also versions that are not ACTIVE.")
    ] = False,
) -> None:
    """Say which version is the newest that is ACTIVE, as ARN@VERSION."""
    ref = await find_model(session, model)
    row = await session.sdk.trained_models.latest(
        ref.trained_model_arn, status=None if any_status else "ACTIVE"
    )
    session.writer.text(str(row.ref), row)


@command(app, "show")
async def show(session: Session, model: Model) -> None:
    """Show all there is to know about one version; the latest when none is named."""
    ref = await find_model(session, model)
    session.writer.one(await session.sdk.trained_models.get(ref))


@command(app, "diff")
async def diff(
    session: Session,
    model: Model,
    old: Annotated[
        str | None, typer.Argument(help="A version, or base, latest, latest-active.")
    ] = None,
    new: Annotated[str | None, typer.Argument(help="The other one; latest when left out.")] = None,
) -> None:
    """Say what differs between two versions: data, parameters, resources, images, status.

    MODEL@OLD MODEL@NEW is understood, too.
    """
    from ..versions import BASE, LATEST  # late: it loads botocore, which --help need not

    ref = await find_model(session, model)
    versions = [] if ref.version is None else [ref.version]
    for text in (old, new):
        if text is not None:
            versions.append(await _version_of(session, text, ref))
    old_version, new_version, *_ = [*versions, LATEST] if versions else [BASE, LATEST]
    found: list[dict[str, Any]] = []
    for version in (old_version, new_version):
        reply: Any = await session.sdk.trained_models.get(ref.trained_model_arn, version=version)
        found.append(dict(flat(plain(reply))))
    paths = list(dict.fromkeys([*found[0], *found[1]]))
    rows = [
        {"member": path, "old": found[0].get(path), "new": found[1].get(path)}
        for path in paths
        if found[0].get(path) != found[1].get(path)
    ]
    columns = [
        Column("member", lambda row: row["member"]),
        Column(_word(old_version), lambda row: row["old"]),
        Column(_word(new_version), lambda row: row["new"]),
    ]
    session.write(rows, columns)


async def _version_of(session: Session, text: str, ref: TrainedModelRef) -> str | VersionSelector:
    """The version that a word names: by itself, or behind the name of the same model."""
    from ..versions import parse_version

    name, at, version = text.rpartition("@")
    if at and (await find_model(session, name)).trained_model_arn != ref.trained_model_arn:
        raise Refused(f"{name} is another model", "compare two versions of one model")
    return parse_version(version)


def _word(version: str | VersionSelector) -> str:
    return version if isinstance(version, str) else version.value


@command(app, "lineage")
async def lineage(
    session: Session,
    model: Model,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid diagram.")] = False,
    svg: Annotated[bool, typer.Option("--svg", help="As an SVG picture.")] = False,
) -> None:
    """Show which version was trained from which."""
    from .tree import lineage_tree

    ref = await find_model(session, model)
    found = await session.sdk.trained_models.lineage(ref)
    if mermaid or svg:
        print(found.to_mermaid() if mermaid else found.to_svg())
        return
    session.writer.picture(lineage_tree(found), _lineage_document(found))


def _lineage_document(found: Lineage) -> dict[str, Any]:
    def document(node: LineageNode) -> dict[str, Any]:
        return {
            "name": node.name,
            "versionIdentifier": node.version_identifier,
            "status": node.status,
            "ref": str(node.ref) if node.ref else None,
            "children": [document(child) for child in node.children],
        }

    return {
        "trainedModelArn": found.trained_model_arn,
        "roots": [document(root) for root in found.roots],
    }


@command(app, "wait")
async def wait(
    session: Session,
    model: Model,
    cancelled: Annotated[
        bool, typer.Option("--cancelled", help="Wait for a cancellation to be done.")
    ] = False,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Wait for a deletion of output to be done.")
    ] = False,
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Wait until the training of a version has finished; the latest when none is named."""
    group = session.sdk.trained_models
    ref = await _pinned(session, await find_model(session, model))
    waiter: Any = group.wait
    if cancelled or deleted:
        waiter = group.wait_cancelled if cancelled else group.wait_deleted
    goal = " --cancelled" if cancelled else " --deleted" if deleted else ""
    done = await wait_for(
        session,
        waiter,
        ref,
        title=f"trained model {model}",
        resume=f"crml models wait {ref}{goal}",
        timeout=timeout,
        poll=poll,
    )
    if done is not None:
        session.writer.one(done)


@command(app, "cancel")
async def cancel(
    session: Session,
    model: Model,
    wait: Annotated[bool, typer.Option("--wait", help="Until it runs no longer.")] = False,
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Stop the training of one version, which must be named: MODEL@latest, @base or @VERSION."""
    ref = await _pinned(session, await find_model(session, model))
    await session.sdk.trained_models.cancel(ref)
    if wait:
        done = await wait_for(
            session,
            session.sdk.trained_models.wait_cancelled,
            ref,
            title=f"cancelling {model}",
            resume=f"crml models wait {ref} --cancelled",
            timeout=timeout,
            poll=poll,
        )
        session.writer.one(done)
    elif session.writer.format is Format.TABLE:
        print(f"cancelling {ref}")


async def _pinned(session: Session, ref: TrainedModelRef) -> TrainedModelRef:
    """A reference that goes on meaning the same version when newer ones come."""
    if ref.version is None or isinstance(ref.version, str) or ref.is_base:
        return ref
    return await session.sdk.trained_models.resolve(ref)
