"""The hook: an Airflow connection of the type `aws` as a client of AWS Clean Rooms ML."""

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
    """An AWS connection of Airflow's, as a client of AWS Clean Rooms ML.

    Credentials, role, region, endpoint (`endpoint_url` in the connection's extra) and botocore's
    configuration are those of the connection, as for every hook of the Amazon provider.

    Args:
        aws_conn_id: The connection; None for botocore's own chain.
        region_name: A region instead of the connection's.
        verify: A file of certificates, or False.
        config: Of botocore's, instead of the connection's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "cleanroomsml"
        super().__init__(*args, **kwargs)

    def sdk(self, *, membership: str | None = None, warm: bool = False) -> CleanRoomsML:
        """A client to be opened: `async with hook.sdk() as sdk`.

        It reads the connection and may ask for a role, so call it outside of the event loop.

        Args:
            membership: For calls that name none.
            warm: Read beforehand what opening it would read, so that this takes the event loop a
                few milliseconds only.
        """
        session: Any = self.get_session(deferrable=True)
        _refresh_in_a_thread(session)
        if self.verify is not None:
            session.set_config_variable("ca_bundle", self.verify)
        client = CleanRoomsML(
            region_name=self.region_name,
            endpoint_url=self.conn_config.get_service_endpoint_url("cleanroomsml"),
            membership=membership,
            config=self.config,  # of botocore; it is merged into the SDK's own
            session=session,
        )
        if warm:
            asyncio.run(_open_and_close(client))
            _read_models()
        return client


def _read_models() -> None:
    """Make the models of the replies that waits read; each is else made at its first reply."""
    for operation in ALL:
        if operation.output and operation.group in _WAITED and not operation.creates:
            getattr(models, operation.output)


async def _open_and_close(client: CleanRoomsML) -> None:
    async with client:
        pass


def _refresh_in_a_thread(session: Any) -> None:
    """Renew the credentials of a role beside the event loop: the provider's way blocks it."""
    credentials: Any = getattr(session, "_credentials", None)
    renew = getattr(credentials, "_refresh_using", None)
    if renew is None or asyncio.iscoroutinefunction(renew):
        return

    async def renewed() -> Any:
        return await asyncio.to_thread(renew)

    credentials._refresh_using = renewed
