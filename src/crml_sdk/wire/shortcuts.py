"""Where a client leaves aiobotocore's beaten track, and when it must not.

A call stays aiobotocore's from `_make_api_call` on: its events, retries, credentials and errors.
What is replaced are four parts that it is made of: the serializer, the memory of the endpoint, and
the endpoint with its HTTP session. All four lean on aiobotocore's inside, in the versions that they
were tested with; with any other version, or when someone has wrapped what they replace, the client
stays as aiobotocore made it, and only takes longer.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from types import FunctionType
from typing import Any, Final

import aiobotocore
from aiobotocore.endpoint import AioEndpoint
from aiobotocore.hooks import AioHierarchicalEmitter
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.regions import AioEndpointRulesetResolver
from aiobotocore.signers import AioRequestSigner
from botocore.auth import SigV4Auth
from botocore.endpoint import Endpoint
from botocore.hooks import EventAliaser
from botocore.serialize import RestJSONSerializer

from .endpoint import QuickEndpoint
from .idle import drop_idle_handlers
from .listeners import Listeners
from .rules import remember_endpoint
from .serializer import QuickSerializer
from .session import QuickSession
from .signature import agrees_with_botocore

TESTED: Final = ((3, 10),)
"""Minor versions of aiobotocore whose inside is known."""

REPLACED: Final[tuple[tuple[Any, str], ...]] = (
    (AioEndpoint, "create_request"),
    (AioEndpoint, "_get_response"),
    (AioEndpoint, "_do_get_response"),
    (AioEndpoint, "_needs_retry"),
    (AioEndpoint, "_send"),
    (Endpoint, "prepare_request"),
    (AIOHTTPSession, "send"),
    (AIOHTTPSession, "_get_session"),
    (AioRequestSigner, "handler"),
    (AioRequestSigner, "sign"),
    (AioRequestSigner, "get_auth_instance"),
    (SigV4Auth, "add_auth"),
    (AioEndpointRulesetResolver, "construct_endpoint"),
    (RestJSONSerializer, "serialize_to_request"),
)
"""Functions whose work is done elsewhere. Tracing tools like to wrap them."""


def take_shortcuts(client: Any, service: str) -> bool:
    """Replace parts of a client that has just been made. Whether it was done.

    Args:
        client: An aiobotocore client nobody else has seen yet.
        service: Its service, which is also the event id: `cleanroomsml` or `cleanrooms`.
    """
    if not (is_tested() and is_as_released() and is_as_made(client)):
        return False
    signer = client._request_signer
    if not agrees_with_botocore(signer._signing_name, signer._region_name):
        return False
    drop_idle_handlers(client)
    listeners = Listeners(client.meta.events)
    client._serializer = QuickSerializer(client._serializer)
    remember_endpoint(client._ruleset_resolver, listeners, service)
    endpoint = QuickEndpoint(
        client._endpoint, client._request_signer, client._user_agent_creator, listeners, service
    )
    if endpoint.host.startswith("https:"):
        endpoint.http_session.prepare()
    client._endpoint = endpoint
    return True


def is_tested(version: str = aiobotocore.__version__) -> bool:
    """Whether this version of aiobotocore is one whose inside is known."""
    parts = version.split(".")
    return tuple(int(part) for part in parts[:2] if part.isdigit()) in TESTED


def is_as_released() -> bool:
    """Whether nobody has wrapped or exchanged a function whose work would be done elsewhere."""
    return all(_is_original(owner, name) for owner, name in REPLACED)


def _is_original(owner: type, name: str) -> bool:
    found = getattr(owner, name, None)
    if type(found) is not FunctionType or hasattr(found, "__wrapped__"):
        return False
    home = next(base for base in owner.__mro__ if name in vars(base))
    return (
        found.__module__ == home.__module__ and found.__qualname__ == f"{home.__qualname__}.{name}"
    )


def is_as_made(client: Any) -> bool:
    """Whether the client's parts are the ones that aiobotocore 3.10 makes."""
    events = client.meta.events
    return (
        type(client._endpoint) is AioEndpoint
        and type(client._endpoint.http_session) is QuickSession
        and type(client._serializer) is RestJSONSerializer
        and type(client._ruleset_resolver) is AioEndpointRulesetResolver
        and type(client._request_signer) is AioRequestSigner
        and type(events) is EventAliaser
        and type(events._emitter) is AioHierarchicalEmitter
        and client.meta.service_model.service_id.hyphenize() in {"cleanroomsml", "cleanrooms"}
    )
