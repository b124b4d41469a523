"""Tags on any resource that takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.tags import TagsOperations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from ..versions import TrainedModelRef


class Tags(TagsOperations):
    """Tags: at most 50 on a resource, keys of 1 to 128 and values of up to 256 characters, no key
    that begins with `aws:`. Adding a tag again and removing one that is not there do no harm."""

    async def set(
        self,
        resource_arn: str | TrainedModelRef,
        tags: Mapping[str, str],
        *,
        timeout: float | timedelta | None = None,
    ) -> None:
        """Make these the resource's tags: add and change what differs, remove what is not named.

        Tags that AWS itself has put there (`aws:`) stay. Costs one to three calls; when nothing
        differs, one.

        Args:
            resource_arn: The resource.
            tags: All tags that it shall have.
            timeout: Seconds for each call with all its retries.

        Raises:
            RequestValidationError: Before anything is sent, when the tags break a rule.
            ResourceNotFoundException: The resource does not exist (404).
            ServiceError: See the three plain methods.
        """
        from ..checking import checked

        checked("TagResourceRequest", {"resource_arn": _text(resource_arn), "tags": tags})
        now = (await self.list(resource_arn, timeout=timeout)).tags
        gone = [key for key in now if key not in tags and not key.lower().startswith("aws:")]
        new = {key: value for key, value in tags.items() if now.get(key) != value}
        if gone:
            # First, so that the resource never has more than it may have.
            await self.remove(resource_arn, tag_keys=gone, timeout=timeout)
        if new:
            await self.add(resource_arn, tags=new, timeout=timeout)


def _text(resource: str | TrainedModelRef) -> str:
    return str(resource).partition("@")[0]
