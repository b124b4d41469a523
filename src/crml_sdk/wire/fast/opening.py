"""The aiobotocore session of a client whose user brought none, made quickly.

A session registers more than a hundred handlers, most of them for other services; asking each for
its signature is a third of what the session costs. This session serves the SDK's clients and those
that aiobotocore makes to get credentials, so it registers the handlers of their services only.
"""

# botocore and aiobotocore come without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any, Final

from aiobotocore.session import AioSession
from botocore import handlers

from .installing import is_tested
from .loader import register_loader

HANDLED: Final = frozenset({"*", "cleanroomsml", "cleanrooms", "sts", "sso", "sso-oidc", "signin"})
"""Services whose handlers are registered: the SDK's two, and those that give credentials."""


def make_session(profile: str | None) -> Any:
    """A session for the SDK's clients; a plain one where aiobotocore's inside is not known.

    Args:
        profile: A profile of the AWS configuration, or None.

    Returns:
        The session.
    """
    if not is_tested():
        return AioSession(profile=profile)
    session: Any = AioSession(profile=profile, include_builtin_handlers=False)
    events = session.get_component("event_emitter")
    register: Any = {
        (): events.register,
        (handlers.REGISTER_FIRST,): events.register_first,
        (handlers.REGISTER_LAST,): events.register_last,
    }
    known: Any = handlers.BUILTIN_HANDLERS
    for event, handler, *order in known:
        kind, _, service = event.partition(".")
        if kind != "docs" and (not service or service.partition(".")[0] in HANDLED):
            register[tuple(order)](event, handler)
    register_loader(session)
    return session
