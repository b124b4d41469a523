"""Collaborations, from the neighbouring service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.collaborations import CollaborationsOperations

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import CollaborationSummary, FilterableMemberStatus, ListCollaborationsOutput
    from ..pagination import Paginator
    from ..types import FilterableMemberStatusLiteral


class Collaborations(CollaborationsOperations):
    """The caller's collaborations. Call the group itself to list them: `sdk.collaborations()`."""

    def __call__(
        self,
        *,
        member_status: FilterableMemberStatus | FilterableMemberStatusLiteral | None = None,
        max_results: int | None = None,
        limit: int | None = None,
        starting_token: str | None = None,
        prefetch: bool = False,
        timeout: float | timedelta | None = None,
        total_timeout: float | timedelta | None = None,
    ) -> Paginator[CollaborationSummary, ListCollaborationsOutput]:
        """The same as `list`."""
        return self.list(
            member_status=member_status,
            max_results=max_results,
            limit=limit,
            starting_token=starting_token,
            prefetch=prefetch,
            timeout=timeout,
            total_timeout=total_timeout,
        )
