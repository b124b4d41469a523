"""Trained models and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..api.trained_models import TrainedModelsOperations
from ..arns import membership_in
from ..errors import NoSuchVersion
from ..lineage import Lineage, build_lineage, parent_of
from ..versions import TrainedModelRef, VersionSelector
from .pinning import model_and_version

if TYPE_CHECKING:
    from datetime import timedelta


class TrainedModels(TrainedModelsOperations):
    """Operations on trained models and their versions."""

    async def resolve(
        self,
        trained_model_arn: str | TrainedModelRef,
        selector: str | VersionSelector,
        *,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> TrainedModelRef:
        """Turn a selector into a reference, which stays the same when newer versions come.

        Args:
            trained_model_arn: ARN of the trained model, or a reference to it.
            selector: `LATEST`, `LATEST_ACTIVE` or `BASE`. An identifier is looked up.
            membership_identifier: Identifier of the membership. By default it comes from the ARN.
            timeout: Seconds, or a `timedelta`, for each call with all its retries.

        Returns:
            A reference to a version that exists, by its identifier or as `BASE`.

        Raises:
            NoSuchVersion: No version matches.
            ServiceError: As from `versions`.
        """
        arn, wanted = model_and_version(trained_model_arn, selector)
        if isinstance(wanted, VersionSelector):
            row = await self._selected(arn, wanted, membership_identifier, timeout)
            return row.ref
        rows = await self._versions(arn, membership_identifier, timeout)
        if all(row.version_identifier != wanted for row in rows):
            raise NoSuchVersion(arn, repr(wanted))
        return TrainedModelRef(arn, wanted)

    async def lineage(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Lineage:
        """Read which version was trained from which, as a tree.

        A parent may be another model. The service gives only its name, so other models of the
        membership are looked up by their exact name. This takes one request for each hundred versions
        of each model, and if there is another model, one for each hundred models of the membership. A
        parent that the caller cannot see is in the tree without a summary.

        Args:
            trained_model_arn: ARN of the trained model, or a reference to it.
            membership_identifier: Identifier of the membership. By default it comes from the ARN.
            timeout: Seconds, or a `timedelta`, for each call with all its retries.

        Returns:
            The tree. It prints as text, and a notebook shows it as a picture.

        Raises:
            ServiceError: As from `versions` and `list`.
        """
        arn, _ = model_and_version(trained_model_arn, None)
        membership = membership_identifier or membership_in(arn)
        rows: list[Any] = await self._versions(arn, membership, timeout)
        read = {row.name for row in rows}
        models: dict[str, list[str]] = {}
        while unread := {parent[0] for row in rows if (parent := parent_of(row))} - read:
            if not models:
                found = self.list(membership_identifier=membership, timeout=timeout, distinct=True)
                async for row in found:
                    models.setdefault(row.name, []).append(row.trained_model_arn)
            for name in unread:
                for other in models.get(name, ()):
                    rows += await self._versions(other, membership, timeout)
            read |= unread
        return build_lineage(arn, rows)
