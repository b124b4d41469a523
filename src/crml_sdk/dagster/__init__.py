"""Dagster: the client as a resource, and assets that are trained models (extra `dagster`)."""

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
    """The settings of a client; `async with resource.sdk() as sdk` opens one.

    Attributes:
        region_name: Such as `us-east-1`; botocore's own chain when left out.
        profile_name: A profile of the AWS configuration.
        endpoint_url: Where requests go instead of AWS, such as the local Clean Rooms ML.
        membership: The membership for calls that name none.
    """

    region_name: str | None = Field(default=None)
    profile_name: str | None = Field(default=None)
    endpoint_url: str | None = Field(default=None)
    membership: str | None = Field(default=None)

    def sdk(self) -> CleanRoomsML:
        """A client to be opened."""
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
    """An asset whose materialisation is a trained model.

    A run that is tried again finds what its first try has made (`resume`): so the request's name
    should hold the partition's key or the run's date.

    Args:
        name: The asset's name.
        request: The arguments of `sdk.trained_models.train` for a run: it is called with Dagster's
            context, which has the partition's key.
        resource_key: Under which key a `CleanRoomsMLResource` is given to `Definitions`.
        deps: The assets that it is made from.
        asset: Passed on to `dagster.asset`: `partitions_def`, `retry_policy`, `group_name`, ...

    Returns:
        The asset, whose metadata have the version, its lineage, and what the service says about
        its metrics and logs.
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
                # Whatever the retry policy says: another try would only find the same.
                raise dg.Failure(str(error), allow_retries=False) from error
            return dg.MaterializeResult(metadata=await _metadata(sdk, model))

    return trained_model


async def _metadata(sdk: CleanRoomsML, model: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "trained model": str(model.ref),
        "status": str(model.status),
        "created": dg.MetadataValue.timestamp(model.create_time),
        "found, not made": bool(model.resumed),
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
    except CleanRoomsMLError as error:  # it is only shown
        shown["lineage"] = f"could not be read: {error}"
    else:
        shown["lineage"] = dg.MetadataValue.md(f"```text\n{lineage}\n```")
    return shown
