"""Trained models and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ..api.operations import GET_TRAINED_MODEL
from ..api.trained_models import TrainedModelsOperations
from ..arns import membership_in
from ..errors import NoSuchVersion
from ..lineage import Lineage, build_lineage, parent_of
from ..versions import (
    BASE,
    LATEST,
    LATEST_ACTIVE,
    BaseSelector,
    TrainedModelRef,
    VersionSelector,
    select,
)
from .pinning import model_and_version

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import GetTrainedModelResponse, TrainedModelSummary


class TrainedModels(TrainedModelsOperations):
    """Operations on trained models and their versions."""

    @overload
    async def get(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: BaseSelector,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> GetTrainedModelResponse | TrainedModelSummary: ...

    @overload
    async def get(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> GetTrainedModelResponse: ...

    async def get(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Any:
        """Read one version of a trained model.

        The service has no way to ask for the base version once there is a newer one: left out, the
        version is the latest. So `BASE` costs one call while the base is the only version, and one
        more for each hundred versions after that; the answer then is the row of the version list,
        a `TrainedModelSummary`, because nothing else tells about the base.

        Args:
            trained_model_arn: The model; a `TrainedModelRef` brings its version along.
            version: An identifier, or `LATEST`, `LATEST_ACTIVE` or `BASE`, resolved before the
                call. Left out, the service answers with the latest version.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            `GetTrainedModelResponse`; for `BASE` perhaps a `TrainedModelSummary`.

        Raises:
            NoSuchVersion: The selector fits no version.
            RequestValidationError: Before anything is sent, with every fault of the arguments.
            AccessDeniedException: The caller may not do this (403).
            ResourceNotFoundException: The resource does not exist (404).
            ThrottlingException: Too many requests, even after the retries (429).
            ValidationException: The service refused the request's contents (400).

        [API reference: GetTrainedModel](https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/API_GetTrainedModel.html)
        """
        arn, wanted = model_and_version(trained_model_arn, version)
        values = {"trained_model_arn": arn, "version": None if wanted is BASE else wanted}
        reply = await self._call(GET_TRAINED_MODEL, values, membership_identifier, timeout)
        if wanted is not BASE or reply.is_base:
            return reply
        rows = await self._versions(arn, membership_identifier, timeout)
        return select(rows, BASE, arn)

    async def latest(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> TrainedModelSummary:
        """Find the newest version of a model by its `create_time`, whatever its status.

        Args:
            trained_model_arn: The model.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            The row of the version list.

        Raises:
            NoSuchVersion: The service lists no version.
            ServiceError: What `versions` may raise.
        """
        arn, _ = model_and_version(trained_model_arn, None)
        rows = await self._versions(arn, membership_identifier, timeout)
        return select(rows, LATEST, arn)

    async def latest_active(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> TrainedModelSummary:
        """Find the newest version that is `ACTIVE`, so that it can be used.

        Args:
            trained_model_arn: The model.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            The row of the version list.

        Raises:
            NoSuchVersion: No version is `ACTIVE`; the error names the newest and its status.
            ServiceError: What `versions` may raise.
        """
        arn, _ = model_and_version(trained_model_arn, None)
        rows = await self._versions(arn, membership_identifier, timeout)
        return select(rows, LATEST_ACTIVE, arn)

    async def resolve(
        self,
        trained_model_arn: str | TrainedModelRef,
        selector: str | VersionSelector,
        *,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> TrainedModelRef:
        """Turn a selector into a reference that stays what it is when newer versions come.

        Args:
            trained_model_arn: The model.
            selector: `LATEST`, `LATEST_ACTIVE` or `BASE`; an identifier is looked up.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            A reference to a version that exists: an identifier, or `BASE`.

        Raises:
            NoSuchVersion: No version fits.
            ServiceError: What `versions` may raise.
        """
        arn, wanted = model_and_version(trained_model_arn, selector)
        rows = await self._versions(arn, membership_identifier, timeout)
        if isinstance(wanted, VersionSelector):
            return select(rows, wanted, arn).ref
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

        A parent may be another model: the service names it by name, so other models of the
        membership are looked up by their exact name. Costs one call per hundred versions of each
        model on the way, and one per hundred models of the membership when there is another model.
        A parent that the caller cannot see stands in the tree without a summary.

        Args:
            trained_model_arn: The model.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            The tree, which prints, and shows itself in notebooks.

        Raises:
            ServiceError: What `versions` and `list` may raise.
        """
        arn, _ = model_and_version(trained_model_arn, None)
        membership = membership_identifier or membership_in(arn)
        rows: list[Any] = await self._versions(arn, membership, timeout)
        names = {row.name for row in rows}
        models: dict[str, list[str]] | None = None
        todo = {parent[0] for row in rows if (parent := parent_of(row))} - names
        while todo:
            if models is None:
                models = await self._arns_by_name(membership, timeout)
            name = todo.pop()
            names.add(name)
            for other in models.get(name, []):
                more = await self._versions(other, membership, timeout)
                rows += more
                todo |= {parent[0] for row in more if (parent := parent_of(row))} - names
        return build_lineage(arn, rows)

    async def _arns_by_name(
        self, membership: str | None, timeout: float | timedelta | None
    ) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        rows = self.list(
            membership_identifier=membership, max_results=100, timeout=timeout, distinct=True
        )
        async for row in rows:
            found.setdefault(row.name, []).append(row.trained_model_arn)
        return found
