"""Memberships, from the neighbouring service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.memberships import MembershipsOperations

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import ListMembershipsOutput, MembershipStatus, MembershipSummary
    from ..pagination import Paginator
    from ..types import MembershipStatusLiteral


class Memberships(MembershipsOperations):
    """The caller's memberships. Call the group itself to list them: `sdk.memberships()`."""

    def __call__(
        self,
        *,
        status: MembershipStatus | MembershipStatusLiteral | None = None,
        max_results: int | None = None,
        limit: int | None = None,
        starting_token: str | None = None,
        prefetch: bool = False,
        timeout: float | timedelta | None = None,
        total_timeout: float | timedelta | None = None,
    ) -> Paginator[MembershipSummary, ListMembershipsOutput]:
        """The same as `list`."""
        return self.list(
            status=status,
            max_results=max_results,
            limit=limit,
            starting_token=starting_token,
            prefetch=prefetch,
            timeout=timeout,
            total_timeout=total_timeout,
        )
