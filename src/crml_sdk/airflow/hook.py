"""The hook: a client of AWS Clean Rooms ML from an Airflow connection of the type `aws`."""

# Airflow and aiobotocore come without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

import asyncio
from typing import Any, Final

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from .. import models
from ..api.operations import ALL
from ..client import CleanRoomsML

_WAITED: Final = ("trained_models", "inference_jobs", "ml_input_channels")


class CleanRoomsMLHook(AwsBaseHook):
    """A client of AWS Clean Rooms ML from an AWS connection of Airflow.

    Credentials, role, region, endpoint (`endpoint_url` in the connection's extra) and botocore's
    configuration come from the connection, as for every hook of the Amazon provider.

    Args:
        aws_conn_id: The connection. None means botocore's own configuration.
        region_name: A region that replaces the connection's.
        verify: A file of certificates, or False.
        config: A botocore config that replaces the connection's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "cleanroomsml"
        super().__init__(*args, **kwargs)

    def sdk(self, *, membership: str | None = None, warm: bool = False) -> CleanRoomsML:
        """Create a client. Open it with `async with hook.sdk() as sdk`.

        This reads the connection and may assume a role, so call it outside the event loop.

        Args:
            membership: The membership for calls without one.
            warm: Whether to read the files that opening needs now, so that opening takes only a few
                milliseconds of the event loop.

        Returns:
            A client, not open yet.
        """
        session: Any = self.get_session(deferrable=True)
        _refresh_in_a_thread(session)
        if self.verify is not None:
            session.set_config_variable("ca_bundle", self.verify)
        client = CleanRoomsML(
            region_name=self.region_name,
            endpoint_url=self.conn_config.get_service_endpoint_url("cleanroomsml"),
            membership=membership,
            config=self.config,  # botocore's config, which is merged into the SDK's
            session=session,
        )
        if warm:
            asyncio.run(_open_and_close(client))
            _read_models()
        return client


def _read_models() -> None:
    """Create the models of replies to waits now, instead of at the first reply."""
    for operation in ALL:
        if operation.output and operation.group in _WAITED and not operation.creates:
            getattr(models, operation.output)


async def _open_and_close(client: CleanRoomsML) -> None:
    async with client:
        pass


def _refresh_in_a_thread(session: Any) -> None:
    """Refresh a role's credentials in a thread, because the provider's refresh blocks the event loop."""
    credentials: Any = getattr(session, "_credentials", None)
    renew = getattr(credentials, "_refresh_using", None)
    if renew is None or asyncio.iscoroutinefunction(renew):
        return

    async def renewed() -> Any:
        return await asyncio.to_thread(renew)

    credentials._refresh_using = renewed
