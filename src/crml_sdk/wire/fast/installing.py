"""The way into the fast path: what must be true of a client, and what is replaced in it.

A call stays aiobotocore's from `_make_api_call` on: its events, retries, credentials and errors.
What is replaced are three parts that it is made of: the serializer, the memory of the address, and
the endpoint. All three lean on aiobotocore's inside, in the versions that they were tested with;
with any other version, when someone has wrapped what they replace, or when a request needs what
they do not do (a proxy), the client stays as aiobotocore made it, and only takes longer.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import FunctionType
from typing import Any, Final

import aiobotocore
from aiobotocore.endpoint import AioEndpoint
from aiobotocore.hooks import AioHierarchicalEmitter
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.regions import AioEndpointRulesetResolver
from aiobotocore.signers import AioRequestSigner
from botocore.auth import SigV4Auth
from botocore.hooks import EventAliaser
from botocore.serialize import RestJSONSerializer

from .endpoint import FastEndpoint
from .request import FastSerializer

TESTED: Final = ((3, 9), (3, 10))
"""Minor versions of aiobotocore whose inside is known."""

REPLACED: Final[dict[type, tuple[str, ...]]] = {
    AioEndpoint: (
        "create_request",
        "prepare_request",
        "_get_response",
        "_do_get_response",
        "_needs_retry",
        "_send",
    ),
    AIOHTTPSession: ("send", "_get_session"),
    AioRequestSigner: ("handler", "sign", "get_auth_instance"),
    SigV4Auth: ("add_auth",),
    AioEndpointRulesetResolver: ("construct_endpoint",),
    RestJSONSerializer: ("serialize_to_request",),
}
"""Functions whose work is done elsewhere, by their class. Tracing tools like to wrap them."""


def install(client: Any) -> str | None:
    """Replace parts of a client that has just been made, unless something speaks against it.

    Args:
        client: An aiobotocore client nobody else has seen yet.

    Returns:
        None when it was done; otherwise why not, and the client is as it was.
    """
    reason = obstacle(client)
    if reason is not None:
        return reason
    endpoint, serializer = FastEndpoint(client), FastSerializer(client._serializer)
    _spare_certificates(endpoint.http_session, endpoint.host)
    client._ruleset_resolver.construct_endpoint = endpoint.address
    client._serializer = serializer
    client._endpoint = endpoint
    return None


def obstacle(client: Any) -> str | None:
    """What keeps a client from the fast path, in words; None when nothing does."""
    if not is_tested():
        return f"aiobotocore {aiobotocore.__version__} is not a version that it was tested with"
    for owner, names in REPLACED.items():
        for name in names:
            if not is_untouched(owner, name):
                return f"{owner.__name__}.{name} of aiobotocore has been wrapped or exchanged"
    other = foreign_part(client)
    if other is not None:
        return f"the client has {other}"
    if client._endpoint.http_session._proxy_config._proxies:
        return "a proxy is configured"
    return None


def is_tested(version: str = aiobotocore.__version__) -> bool:
    """Whether this version of aiobotocore is one whose inside is known."""
    parts = version.split(".")
    return tuple(int(part) for part in parts[:2] if part.isdigit()) in TESTED


def is_untouched(owner: type, name: str) -> bool:
    """Whether nobody has wrapped or exchanged a function whose work would be done elsewhere."""
    found = getattr(owner, name, None)
    if type(found) is not FunctionType or hasattr(found, "__wrapped__"):
        return False
    home = next(base for base in owner.__mro__ if name in vars(base))
    return (
        found.__module__ == home.__module__ and found.__qualname__ == f"{home.__qualname__}.{name}"
    )


def foreign_part(client: Any) -> str | None:
    """The first part of a client that is not what aiobotocore makes by default, in words."""
    events, endpoint = client.meta.events, client._endpoint
    parts: tuple[tuple[str, Any, type], ...] = (
        ("HTTP session", endpoint.http_session, AIOHTTPSession),
        ("endpoint", endpoint, AioEndpoint),
        ("serializer", client._serializer, RestJSONSerializer),
        ("set of endpoint rules", client._ruleset_resolver, AioEndpointRulesetResolver),
        ("signer", client._request_signer, AioRequestSigner),
        ("event system", events, EventAliaser),
        ("event emitter", getattr(events, "_emitter", None), AioHierarchicalEmitter),
    )
    for words, part, usual in parts:
        if type(part) is not usual:
            return f"another {words}: {type(part).__name__}"
    return None


def _spare_certificates(session: Any, host: str) -> None:
    """Keep the first call from waiting for the system's certificates (30 ms).

    For TLS they are read in a thread while the rest of the client is made ready; without TLS they
    are not read, unless verification is off or the client has a certificate of its own: a
    redirection to TLS has aiohttp's context then, which trusts what the system trusts.
    """
    if host.startswith("https:"):
        reader = ThreadPoolExecutor(1, "crml-sdk-certificates")
        reading = reader.submit(session._build_ssl_contexts, None)
        reader.shutdown(wait=False)
        session._build_ssl_contexts = lambda _: reading.result()  # pyright: ignore
    elif session._verify and session._cert_file is None:
        session._build_ssl_contexts = lambda _: (True, None)  # pyright: ignore
