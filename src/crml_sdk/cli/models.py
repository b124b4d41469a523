"""`crml models latest|diff|lineage`: commands about versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .failures import Refused
from .names import KINDS, find_model
from .options import Option, argument, leaf
from .writing import Column, flat, plain

if TYPE_CHECKING:
    import click

    from ..lineage import Lineage, LineageNode
    from ..versions import TrainedModelRef, VersionSelector
    from .session import Session

HIDDEN = "not shown by the service"


def _model() -> click.Argument:
    what = argument("model", KINDS["trained-model"].help, kind="trained-model")
    what.metavar = "MODEL"
    return what


def latest() -> click.Command:
    """`crml models latest`."""

    async def body(session: Session, model: str, any_status: bool) -> None:
        """Show the newest version that is ACTIVE, as ARN@VERSION."""
        ref = await find_model(session, model)
        group = session.sdk.trained_models
        find = group.latest if any_status else group.latest_active
        row = await find(ref.trained_model_arn)
        session.writer.text(str(row.ref), row)

    any_status = Option("--any-status", is_flag=True, help="Include versions that are not ACTIVE.")
    return leaf("latest", body, [_model(), any_status])


def diff() -> click.Command:
    """`crml models diff`."""
    old = argument(
        "old", "The first version: its identifier, base, latest or latest-active.", required=False
    )
    new = argument("new", "The second version. By default latest.", required=False)
    return leaf("diff", _diff, [_model(), old, new])


async def _diff(session: Session, model: str, old: str | None, new: str | None) -> None:
    """Show the differences between two versions: data, parameters, resources, images, status.

    You can also write MODEL@OLD MODEL@NEW. Once there is a newer version, the service shows little
    about the base version. What it does not show does not count as a difference.
    """
    from ..versions import BASE, LATEST

    ref = await find_model(session, model)
    versions = [] if ref.version is None else [ref.version]
    for text in (old, new):
        if text is not None:
            versions.append(await _version_of(session, text, ref))
    old_version, new_version, *_ = [*versions, LATEST] if versions else [BASE, LATEST]
    replies: list[Any] = [
        await session.sdk.trained_models.get(ref.trained_model_arn, version=version)
        for version in (old_version, new_version)
    ]
    columns = [
        Column("member", lambda row: row["member"]),
        Column(_word(old_version), lambda row: _side(row, "old")),
        Column(_word(new_version), lambda row: _side(row, "new")),
    ]
    session.write(differences(*replies), columns)


def differences(old: Any, new: Any) -> list[dict[str, Any]]:
    """The members that differ, by path. A member that a reply cannot show is marked."""
    leaves = {"old": dict(flat(plain(old))), "new": dict(flat(plain(new)))}
    known = {"old": _shown_by(old), "new": _shown_by(new)}
    rows: list[dict[str, Any]] = []
    for path in dict.fromkeys([*leaves["old"], *leaves["new"]]):
        first, second = leaves["old"].get(path), leaves["new"].get(path)
        if first == second:
            continue
        row: dict[str, Any] = {"member": path, "old": first, "new": second}
        member = path.partition(".")[0].partition("[")[0]
        hidden = [side for side in ("old", "new") if member not in known[side]]
        if hidden and not any((first, second)):
            continue
        if hidden:
            row["notShown"] = hidden
        rows.append(row)
    return rows


def _shown_by(reply: Any) -> set[str]:
    from ..naming import to_wire

    return {to_wire(name) for name in reply.__class__.model_fields}


def _side(row: dict[str, Any], side: str) -> Any:
    return HIDDEN if side in row.get("notShown", ()) else row[side]


async def _version_of(session: Session, text: str, ref: TrainedModelRef) -> str | VersionSelector:
    """The version that a word means, with or without the model's name before it."""
    from ..versions import parse_version

    name, at, version = text.rpartition("@")
    if at and (await find_model(session, name)).trained_model_arn != ref.trained_model_arn:
        raise Refused(f"{name} is another model", "compare two versions of one model")
    return parse_version(version)


def _word(version: str | VersionSelector) -> str:
    return version if isinstance(version, str) else version.value


def lineage() -> click.Command:
    """`crml models lineage`."""

    async def body(session: Session, model: str, mermaid: bool, svg: bool) -> None:
        """Show which version was trained from which."""
        from .console import out
        from .tree import lineage_tree

        ref = await find_model(session, model)
        found = await session.sdk.trained_models.lineage(ref)
        if mermaid or svg:
            out(found.to_mermaid() if mermaid else found.to_svg())
            return
        session.writer.text(lineage_tree(found), _lineage_document(found))

    mermaid = Option("--mermaid", is_flag=True, help="Write a Mermaid diagram.")
    return leaf(
        "lineage",
        body,
        [_model(), mermaid, Option("--svg", is_flag=True, help="Write an SVG picture.")],
    )


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
