"""From what a user typed (an ARN, `ARN@latest`, an exact name, `NAME@base`) to a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..versions import TrainedModelRef
    from .session import Session


async def find_model(session: Session, text: str) -> TrainedModelRef:
    """The trained model that is meant, with the version if one was named."""
    from ..versions import TrainedModelRef, parse_version

    if text.startswith("arn:"):
        return TrainedModelRef.parse(text)
    name, at, version = text.rpartition("@")
    if not at:
        name = text
    row = await session.sdk.trained_models.by_name(
        name, membership_identifier=await session.membership()
    )
    return TrainedModelRef(row.trained_model_arn, parse_version(version) if at else None)


async def find_job(session: Session, text: str) -> str:
    """The ARN of the inference job that is meant."""
    if text.startswith("arn:"):
        return text
    row = await session.sdk.inference_jobs.by_name(
        text, membership_identifier=await session.membership()
    )
    return row.trained_model_inference_job_arn


async def find_channel(session: Session, text: str) -> str:
    """The ARN of the ML input channel that is meant."""
    if text.startswith("arn:"):
        return text
    row = await session.sdk.ml_input_channels.by_name(
        text, membership_identifier=await session.membership()
    )
    return row.ml_input_channel_arn
