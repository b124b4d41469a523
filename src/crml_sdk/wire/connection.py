"""An open aiobotocore client, and calls on it that answer with models."""

from __future__ import annotations

import copy
import os
from typing import Any

from .. import models
from ..api import operations
from ..metadata import ResponseMetadata
from ..operation import Operation
from .own_session import make_session
from .parsing import EXPECTED, Expected, TypedParserFactory, TypedReply
from .retrying import ONCE, resend_create, send_once
from .settings import Settings, check_region, make_config
from .shortcuts import take_shortcuts
from .translating import configuration_error, translated


class Connection:
    """One open client of one service. Made by `connect`, closed by `close`."""

    def __init__(self, client: Any, context: Any) -> None:
        self.client = client
        self._context = context
        self._expected: dict[str, Expected] = {}

    async def call(
        self, operation: Operation, params: dict[str, Any], *, once: bool = False
    ) -> Any:
        """Send a checked request.

        Args:
            operation: What to call.
            params: The request by wire names, checked.
            once: Not to be sent again here, whatever happens.

        Returns:
            The model of the reply, with its metadata; None where the operation answers nothing.

        Raises:
            CleanRoomsMLError: `ServiceError`, `TransportError`, `ResponseShapeError`,
                `ConfigurationError`.
        """
        name = operation.name
        expected = self._expected.get(name)
        if expected is None:
            model = getattr(models, operation.output) if operation.output else None
            expected = self._expected[name] = Expected(name, model)
        token = EXPECTED.set(expected)
        once_token = ONCE.set(once)
        try:
            reply = await self.client._make_api_call(name, params)
        except Exception as error:
            ours = translated(error, name)
            if ours is error:
                raise
            raise ours from error
        finally:
            ONCE.reset(once_token)
            EXPECTED.reset(token)
        return attach(reply, name)

    async def close(self) -> None:
        """Close the connections; a second time does nothing."""
        context, self._context = self._context, None
        if context is not None:
            await context.__aexit__(None, None, None)


def attach(reply: TypedReply, operation: str) -> Any:
    """The model in a reply, with the exchange's metadata beside its fields."""
    model = reply.model
    if model is not None:
        metadata = reply["ResponseMetadata"]
        object.__setattr__(
            model,
            "_response_metadata",
            ResponseMetadata(
                request_id=metadata["RequestId"],
                http_status=metadata["HTTPStatusCode"],
                headers=metadata["HTTPHeaders"],
                attempts=metadata.get("RetryAttempts", 0) + 1,
                operation=operation,
            ),
        )
    return model


async def connect(service: str, settings: Settings) -> Connection:
    """Open a client of a service.

    Args:
        service: `cleanroomsml` or `cleanrooms`.
        settings: What the user asked for.

    Raises:
        ConfigurationError: When the settings do not make a client.
    """
    session = _session(settings)
    try:
        config = make_config(settings, session.get_scoped_config())
        region = _region(session, settings, config)
        if settings.endpoint_url is None and region is not None:
            check_region(
                region, session.get_component("data_loader").load_data("partitions")["partitions"]
            )
        context = session.create_client(
            service, region_name=region, endpoint_url=settings.endpoint_url, config=config
        )
        client: Any = await context.__aenter__()
    except Exception as error:
        ours = configuration_error(error, f"opening a client of {service}")
        if ours is error:
            raise
        raise ours from error
    _mind_retries(client, service)
    take_shortcuts(client, service)
    return Connection(client, context)


def _session(settings: Settings) -> Any:
    if settings.session is None:
        session: Any = make_session(settings.profile_name)
    else:
        session = settings.session
        if settings.profile_name is not None:
            session = copy.copy(session)
            session.set_config_variable("profile", settings.profile_name)
    factory = session.get_component("response_parser_factory")
    if not isinstance(factory, TypedParserFactory):
        # Outside our own calls it passes everything on, so other clients of a session that the
        # caller lent us notice nothing.
        session.register_component("response_parser_factory", TypedParserFactory(factory))
    return session


def _region(session: Any, settings: Settings, config: Any) -> str | None:
    """The region: given, in the config, set on the session, in the environment, of the profile.

    botocore itself reads only `AWS_DEFAULT_REGION`; the other AWS SDKs, and AWS Lambda, speak of
    `AWS_REGION`, which therefore stands between that and the profile.
    """
    given = settings.region_name or getattr(config, "region_name", None)
    if given or session.instance_variables().get("region") or os.environ.get("AWS_DEFAULT_REGION"):
        return given or session.get_config_variable("region")
    return os.environ.get("AWS_REGION") or session.get_config_variable("region")


def _mind_retries(client: Any, service: str) -> None:
    client.meta.events.register_first(f"needs-retry.{service}", send_once)
    for operation in operations.ALL:
        if operation.creates and operation.service == service:
            client.meta.events.register_first(
                f"needs-retry.{service}.{operation.name}", resend_create
            )
