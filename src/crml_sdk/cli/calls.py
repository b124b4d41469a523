"""Call an operation from data, or print its request; and `crml call`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from . import service
from .failures import Refused

if TYPE_CHECKING:
    from ..operation import Operation
    from .session import Session


class _Stopped(BaseException):
    """The request that was not sent."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        super().__init__()
        self.request = request


async def invoke(
    session: Session,
    operation: Operation,
    values: Mapping[str, Any],
    method: str | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Call an operation through its method in the SDK, or through another one.

    Args:
        session: The session with the open client.
        operation: The operation.
        values: The members of the request, by Python names.
        method: The SDK's method, if it is not that of the operation.
        more: Arguments of the method that are not members of the request.
    """
    group, arguments = await bound(session, operation, values)
    found = getattr(group, method or operation.method)(**arguments, **more)
    return found if operation.items is not None else await found


async def dry_run(session: Session, operation: Operation, values: Mapping[str, Any]) -> None:
    """Print the request as it would be sent, with names and versions resolved.

    The request itself is not sent. Requests to resolve names and versions are.
    """
    from .console import remark

    try:
        with session.holding(operation.name, _Stopped):
            found = await invoke(session, operation, values)
            if operation.items is not None:
                await found.first()
    except _Stopped as stopped:
        session.writer.request(stopped.request)
        remark(f"{operation.name}: nothing was sent", "dim")


async def bound(
    session: Session, operation: Operation, values: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The SDK's group of an operation, and the arguments by Python names."""
    given = {name: value for name, value in values.items() if value is not None}
    if operation.scope == "membership" and not given.get("membership_identifier"):
        given["membership_identifier"] = await session.membership_for(operation, given)
    selector = _take_selector(operation, given)
    target: Any = session.sdk
    if operation.scope == "collaboration":
        room = given.pop("collaboration_identifier", None)
        target = target.collaboration(room or await session.collaboration())
    if selector is not None:
        given["version"] = selector
    if "next_token" in given:
        given["starting_token"] = given.pop("next_token")
    return getattr(target, operation.group), given


def _take_selector(operation: Operation, values: dict[str, Any]) -> Any:
    """The arguments with the version as `version`, as the SDK's methods call it."""
    if operation.version is None:
        return None
    from ..versions import parse_version

    given = values.pop(operation.version, None) or values.pop("version", None)
    values.pop("version", None)
    return parse_version(given) if isinstance(given, str) else given


def members_text(operation: Operation) -> str:
    """The members of an operation's request, for `crml call NAME --help`."""
    lines: list[str] = []
    _describe(operation.input, 0, lines)
    return "\n".join(lines) or "This operation has no members."


def _describe(shape: str, depth: int, lines: list[str]) -> None:
    import textwrap

    for member in service.members(shape).values():
        indent = "  " * depth
        need = "required" if member.required else "optional"
        lines.append(f"{indent}{member.wire}  ({need}; {member.facts})")
        lines += textwrap.wrap(
            member.text,
            96 - len(indent),
            initial_indent=indent + "    ",
            subsequent_indent=indent + "    ",
        )
        inner = member.shape if member.kind == "structure" else service.inner_shape(member.shape)
        if inner is not None and service.kind_of_shape(inner) == "structure" and depth < 6:
            _describe(inner, depth + 1, lines)


async def call(
    session: Session, operation: Operation, values: dict[str, Any], dry: bool, all_pages: bool
) -> None:
    """Call any operation; what is sent is checked first, what comes back is documented JSON."""
    from .names import resolve
    from .options import Format
    from .writing import plain

    values = await resolve(session, operation, values)
    if dry:
        await dry_run(session, operation, values)
        return
    found = await invoke(session, operation, values)
    if operation.items is None:
        session.writer.request({} if found is None else plain(found))
        return
    if all_pages:
        if session.writer.format is Format.JSONL:
            async for row in found:
                session.writer.line(row)
            return
        rows = await found
        session.writer.document(rows)
        return
    async for page in found.pages():
        session.writer.request(plain(page.reply))
        break


def refuse_unknown(operation: Operation, values: Mapping[str, Any]) -> None:
    """Check that the operation has all these members.

    Raises:
        Refused: It does not. The error lists its members.
    """
    known = service.members(operation.input)
    allowed = {*known, "version"} if operation.version else set(known)
    unknown = [name for name in values if name not in allowed]
    if unknown:
        names = ", ".join(
            member.wire + (" (required)" if member.required else "") for member in known.values()
        )
        raise Refused(
            f"{operation.name} has no member {', '.join(unknown)}", f"its members are: {names}"
        )
