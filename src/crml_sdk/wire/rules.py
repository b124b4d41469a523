"""The endpoint of a client, worked out once.

botocore asks its rules for the address before every call. Where neither the operation nor a handler
has a say in it, the answer is always the same.
"""

from __future__ import annotations

from typing import Any

from .listeners import Listeners


def remember_endpoint(resolver: Any, listeners: Listeners, service: str) -> None:
    """Make a client's rules keep their answer while it cannot change."""
    ask = resolver.construct_endpoint
    event = f"before-endpoint-resolution.{service}"
    kept: dict[str, Any] = {}

    async def construct_endpoint(operation_model: Any, call_args: Any, request_context: Any) -> Any:
        name = operation_model.name
        if listeners.of(event):
            return await ask(operation_model, call_args, request_context)
        endpoint = kept.get(name)
        if endpoint is None:
            endpoint = await ask(operation_model, call_args, request_context)
            if is_fixed(resolver, operation_model, endpoint):
                kept[name] = endpoint
        return endpoint

    resolver.construct_endpoint = construct_endpoint


def is_fixed(resolver: Any, operation_model: Any, endpoint: Any) -> bool:
    """Whether nothing that changes from call to call went into an endpoint.

    The account's identifier comes with the credentials, which may change; what the rules say about
    signing and headers is handed on to handlers, who may change it.
    """
    by_call = (
        operation_model.context_parameters,
        operation_model.operation_context_parameters,
        endpoint.properties,
        endpoint.headers,
    )
    if any(by_call):
        return False
    definitions = getattr(resolver, "_param_definitions", None)
    return definitions is not None and not any(
        "Account" in str(definition.builtin) for definition in definitions.values()
    )
