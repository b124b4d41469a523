"""Dagster: the client as a resource, and trained models as assets (extra `dagster`)."""

# Dagster may not be installed where this is checked.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from ..client import CleanRoomsML
from ..errors import PERMANENT, CleanRoomsMLError


class CleanRoomsMLResource(dg.ConfigurableResource):
    """The settings of a client. `async with resource.sdk() as sdk` opens one.

    Attributes:
        region_name: The region, such as `us-east-1`. By default that of the AWS configuration.
        profile_name: A profile in the AWS configuration.
        endpoint_url: A URL that replaces AWS, such as that of a local service.
        membership: The membership for calls without one.
    """

    region_name: str | None = Field(default=None)
    profile_name: str | None = Field(default=None)
    endpoint_url: str | None = Field(default=None)
    membership: str | None = Field(default=None)

    def sdk(self) -> CleanRoomsML:
        """Create a client.

        Returns:
            A client, not open yet.
        """
        return CleanRoomsML(
            region_name=self.region_name,
            profile_name=self.profile_name,
            endpoint_url=self.endpoint_url,
            membership=self.membership,
        )


def trained_model_asset(
    name: str,
    request: Callable[[Any], Mapping[str, Any]],
    *,
    resource_key: str = "clean_rooms_ml",
    deps: Sequence[Any] = (),
    **asset: Any,
) -> Any:
    """An asset that is a trained model. To materialise it is to train the model.

    If a run is retried, it finds what its first attempt created (`resume`). So the name in the request
    should contain the key of the partition or the date of the run.

    Args:
        name: The name of the asset.
        request: A function that returns the arguments of `sdk.trained_models.train` for a run. It gets
            Dagster's context, which has the key of the partition.
        resource_key: The key of the `CleanRoomsMLResource` in `Definitions`.
        deps: The assets that this one depends on.
        asset: Further arguments of `dagster.asset`: `partitions_def`, `retry_policy`, `group_name`, ...

    Returns:
        The asset. Its metadata has the version, its lineage, and the statuses of its metrics and logs.

    Raises:
        dagster.Failure: During a run: another attempt would fail for the same reason.
    """

    @dg.asset(
        name=name,
        deps=list(deps),
        required_resource_keys={resource_key},
        kinds={"aws", "python"},
        **asset,
    )
    async def trained_model(context):  # type: ignore[no-untyped-def]  # Dagster reads annotations
        resource: CleanRoomsMLResource = getattr(context.resources, resource_key)

        def tell(change: Any) -> None:
            context.log.info(f"{change.status} after {change.elapsed:.0f} s")

        async with resource.sdk() as sdk:
            try:
                model = await sdk.trained_models.train(
                    **{"resume": True, **request(context)}, on_update=tell
                )
            except PERMANENT as error:
                # Not retried, whatever the policy says: another attempt would fail in the same way.
                raise dg.Failure(str(error), allow_retries=False) from error
            return dg.MaterializeResult(metadata=await _metadata(sdk, model))

    return trained_model


async def _metadata(sdk: CleanRoomsML, model: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "trained model": str(model.ref),
        "status": str(model.status),
        "created": dg.MetadataValue.timestamp(model.create_time),
        "resumed": bool(model.resumed),
    }
    for member in ("metrics_status", "logs_status", "training_container_image_digest"):
        value = getattr(model, member, None)
        shown[member.replace("_", " ")] = "not shown" if value is None else str(value)
    for member in ("hyperparameters", "resource_config"):
        value = getattr(model, member, None)
        if value is not None:
            plain = value if isinstance(value, dict) else value.model_dump(mode="json")
            shown[member.replace("_", " ")] = dg.MetadataValue.json(plain)
    try:
        lineage = await sdk.trained_models.lineage(model.trained_model_arn)
    except CleanRoomsMLError as error:  # it is only for display
        shown["lineage"] = f"could not be read: {error}"
    else:
        shown["lineage"] = dg.MetadataValue.md(f"```text\n{lineage}\n```")
    return shown
