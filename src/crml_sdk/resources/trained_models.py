"""Trained models and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ..arns import membership_in
from ..errors import NoSuchVersion, VersionRequired
from ..versions import (
    BASE,
    LATEST_ACTIVE,
    BaseSelector,
    Lineage,
    TrainedModelRef,
    VersionSelector,
    build_lineage,
    newest_first,
    parent_of,
    select,
)
from .group import model_and_version
from .trained_model_starting import TrainedModelStarting

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import GetTrainedModelResponse, TrainedModelStatus, TrainedModelSummary
    from ..pagination import Paginator
    from ..types import TrainedModelStatusLiteral


class TrainedModels(TrainedModelStarting):
    """Operations on trained models and their versions."""

    def list(
        self,
        *,
        membership_identifier: str | None = None,
        max_results: int | None = None,
        limit: int | None = None,
        starting_token: str | None = None,
        prefetch: bool = False,
        timeout: float | None = None,
        total_timeout: float | timedelta | None = None,
        distinct: bool = False,
    ) -> Paginator[TrainedModelSummary]:
        """List the trained models of a membership.

        Whether a model of several versions has one row or several is not documented; the rows come
        as the service gives them unless `distinct` is asked for.

        Args:
            membership_identifier: The membership; the scope's or client's when left out.
            max_results: Rows asked for in each request, 1 to 100; 100 when left out, or `limit` where
                it is less.
            limit: Rows in all; every row when left out.
            starting_token: The `next_token` of an earlier page, to go on behind it.
            prefetch: Fetch the next page while one is worked on; use it as `async with ... as rows`.
            timeout: Seconds for each call with all its retries.
            total_timeout: Seconds for an iteration: its calls, and what is done between them.
            distinct: Only the first row of each ARN.

        Raises:
            RequestValidationError: Before anything is sent, with every fault of the arguments.
            MissingMembership: Before anything is sent, when no membership is known.
            AccessDeniedException: The caller may not do this (403).
            ThrottlingException: Too many requests, even after the retries (429).
            ValidationException: The service refused the request's contents (400).

        [API reference: ListTrainedModels](https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/API_ListTrainedModels.html)
        """
        rows = super().list(
            membership_identifier=membership_identifier,
            max_results=max_results,
            limit=None if distinct else limit,
            starting_token=starting_token,
            prefetch=prefetch,
            timeout=timeout,
            total_timeout=total_timeout,
        )
        return rows.unique(lambda row: row.trained_model_arn, limit=limit) if distinct else rows

    @overload
    async def get(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: BaseSelector,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> GetTrainedModelResponse | TrainedModelSummary: ...

    @overload
    async def get(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> GetTrainedModelResponse: ...

    async def get(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | None = None,
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
        if wanted is not BASE:
            return await super().get(
                arn, version=wanted, membership_identifier=membership_identifier, timeout=timeout
            )
        latest = await super().get(
            arn, membership_identifier=membership_identifier, timeout=timeout
        )
        if latest.is_base:
            return latest
        rows = await self.versions(
            arn, max_results=100, membership_identifier=membership_identifier, timeout=timeout
        )
        return select(rows, BASE, arn)

    @overload
    async def cancel(
        self,
        trained_model_arn: TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> None: ...

    @overload
    async def cancel(
        self,
        trained_model_arn: str,
        *,
        version: str | VersionSelector,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> None: ...

    async def cancel(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Stop the training of one version.

        Args:
            trained_model_arn: The model, or a `TrainedModelRef` that names the version.
            version: An identifier, or `LATEST`, `LATEST_ACTIVE` or `BASE`. Required, because the
                service would cancel the base version without it.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Raises:
            VersionRequired: Before anything is sent, when no version is named.
            NoSuchVersion: The selector fits no version.
            RequestValidationError: Before anything is sent, with every fault of the arguments.
            ConflictException: That version is not being trained (409).
            ResourceNotFoundException: The resource does not exist (404).
            ServiceError: What else the service may answer.

        [API reference: CancelTrainedModel](https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/API_CancelTrainedModel.html)
        """
        arn, named = self._named(trained_model_arn, version, "cancel")
        await self._cancel(
            arn, version=named, membership_identifier=membership_identifier, timeout=timeout
        )

    @overload
    async def delete_output(
        self,
        trained_model_arn: TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> None: ...

    @overload
    async def delete_output(
        self,
        trained_model_arn: str,
        *,
        version: str | VersionSelector,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> None: ...

    async def delete_output(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete what the training of one version has made.

        Args:
            trained_model_arn: The model, or a `TrainedModelRef` that names the version.
            version: An identifier, or `LATEST`, `LATEST_ACTIVE` or `BASE`. Required, because the
                service would delete the base version's output without it.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Raises:
            VersionRequired: Before anything is sent, when no version is named.
            NoSuchVersion: The selector fits no version.
            RequestValidationError: Before anything is sent, with every fault of the arguments.
            ConflictException: That version is in use (409).
            ResourceNotFoundException: The resource does not exist (404).
            ServiceError: What else the service may answer.

        [API reference: DeleteTrainedModelOutput](https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/API_DeleteTrainedModelOutput.html)
        """
        arn, named = self._named(trained_model_arn, version, "delete_output")
        await self._delete_output(
            arn, version=named, membership_identifier=membership_identifier, timeout=timeout
        )

    def _named(
        self,
        trained_model: str | TrainedModelRef,
        version: str | VersionSelector | None,
        method: str,
    ) -> tuple[str, str | VersionSelector]:
        arn, named = model_and_version(trained_model, version)
        if named is None:
            raise VersionRequired(
                f"{method} needs a version: pass version=BASE, LATEST, LATEST_ACTIVE or an identifier."
                " Without one the service would act on the base version"
            )
        return arn, named

    async def latest(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        status: TrainedModelStatus | TrainedModelStatusLiteral | None = "ACTIVE",
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> TrainedModelSummary:
        """The newest version of a model by its `create_time`.

        Args:
            trained_model_arn: The model.
            status: Only versions with this status; None for any.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Raises:
            NoSuchVersion: No version has that status.
            ServiceError: What `versions` may raise.
        """
        arn, _ = model_and_version(trained_model_arn, None)
        rows = await self.versions(
            arn,
            status=status,
            max_results=100,
            membership_identifier=membership_identifier,
            timeout=timeout,
        )
        fitting = [row for row in rows if status is None or row.status == status]
        if not fitting:
            raise NoSuchVersion(arn, str(status or "listed"))
        return newest_first(fitting)[0]

    async def resolve(
        self,
        trained_model_arn: str | TrainedModelRef,
        version: str | VersionSelector | None = None,
        *,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> TrainedModelRef:
        """Turn a selector into a reference that stays what it is when newer versions come.

        Args:
            trained_model_arn: The model; a `TrainedModelRef` or `ARN@latest` brings a selector along.
            version: `LATEST`, `LATEST_ACTIVE`, `BASE` or an identifier; `LATEST_ACTIVE` when
                neither names one.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            A reference to a version that exists: an identifier, or `BASE`.

        Raises:
            NoSuchVersion: No version fits.
            ServiceError: What `versions` may raise.
        """
        arn, wanted = model_and_version(trained_model_arn, version)
        if wanted is None:
            wanted = LATEST_ACTIVE
        if isinstance(wanted, VersionSelector):
            row = await self._selected(
                arn, wanted, membership_identifier or membership_in(arn), timeout
            )
            return row.ref
        rows = await self.versions(
            arn, max_results=100, membership_identifier=membership_identifier, timeout=timeout
        )
        if all(row.version_identifier != wanted for row in rows):
            raise NoSuchVersion(arn, repr(wanted))
        return TrainedModelRef(arn, wanted)

    async def lineage(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        membership_identifier: str | None = None,
        timeout: float | None = None,
    ) -> Lineage:
        """Which version was trained from which, as a tree.

        A parent may be another model: the service names it by name, so other models of the
        membership are looked up by their exact name. Costs one call per hundred versions of each
        model on the way, and one per hundred models of the membership when there is another model.
        A parent that the caller cannot see stands in the tree without a summary.

        Args:
            trained_model_arn: The model.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Raises:
            ServiceError: What `versions` and `list` may raise.
        """
        arn, _ = model_and_version(trained_model_arn, None)
        membership = membership_identifier or membership_in(arn)
        rows: list[Any] = await self._all_versions(arn, membership, timeout)
        names = {row.name for row in rows}
        models: dict[str, list[str]] | None = None
        todo = {parent[0] for row in rows if (parent := parent_of(row))} - names
        while todo:
            if models is None:
                models = await self._arns_by_name(membership, timeout)
            name = todo.pop()
            names.add(name)
            for other in models.get(name, []):
                more = await self._all_versions(other, membership, timeout)
                rows += more
                todo |= {parent[0] for row in more if (parent := parent_of(row))} - names
        return build_lineage(arn, rows)

    async def _all_versions(
        self, arn: str, membership: str | None, timeout: float | None
    ) -> list[TrainedModelSummary]:
        return await self.versions(
            arn, max_results=100, membership_identifier=membership, timeout=timeout
        )

    async def _arns_by_name(
        self, membership: str | None, timeout: float | None
    ) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        rows = self.list(
            membership_identifier=membership, max_results=100, timeout=timeout, distinct=True
        )
        async for row in rows:
            found.setdefault(row.name, []).append(row.trained_model_arn)
        return found

    async def by_name(
        self, name: str, *, membership_identifier: str | None = None
    ) -> TrainedModelSummary:
        """The one trained model with exactly that name, its newest row; reads every page.

        Args:
            name: The whole name; case matters.
            membership_identifier: The membership; the scope's or client's when left out.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100, membership_identifier=membership_identifier)
        return await self._by_name(rows, name, "trained model", lambda row: row.trained_model_arn)
