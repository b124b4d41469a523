"""Tags on any resource that takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.tags import TagsOperations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from ..versions import TrainedModelRef


class Tags(TagsOperations):
    """Tags of a resource: at most 50, with keys of 1 to 128 and values of up to 256 characters.

    No key may begin with `aws:`. It is safe to add a tag again, and to remove one that is not there.
    """

    async def set(
        self,
        resource_arn: str | TrainedModelRef,
        tags: Mapping[str, str],
        *,
        timeout: float | timedelta | None = None,
    ) -> None:
        """Make these the tags of a resource: add and change what differs, remove all others.

        Tags that AWS itself has set (`aws:`) stay. This takes one request when nothing differs, and
        three at most.

        Args:
            resource_arn: ARN of the resource.
            tags: All tags that the resource is to have.
            timeout: Seconds, or a `timedelta`, for each call with all its retries.

        Raises:
            RequestValidationError: The tags are invalid. Nothing is sent.
            ResourceNotFoundException: The resource does not exist (404).
            ServiceError: As from `list`, `add` and `remove`.
        """
        from ..checking import checked

        checked("TagResourceRequest", {"resource_arn": _text(resource_arn), "tags": tags})
        now = (await self.list(resource_arn, timeout=timeout)).tags
        gone = [key for key in now if key not in tags and not key.lower().startswith("aws:")]
        new = {key: value for key, value in tags.items() if now.get(key) != value}
        if gone:
            # Removed first, so that the resource never exceeds its limit.
            await self.remove(resource_arn, tag_keys=gone, timeout=timeout)
        if new:
            await self.add(resource_arn, tags=new, timeout=timeout)


def _text(resource: str | TrainedModelRef) -> str:
    return str(resource).partition("@")[0]
