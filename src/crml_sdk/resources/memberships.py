"""Memberships, from the neighbouring service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.memberships import MembershipsOperations

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import MembershipStatus, MembershipSummary
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
        timeout: float | None = None,
        total_timeout: float | timedelta | None = None,
    ) -> Paginator[MembershipSummary]:
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

    async def by_name(self, name: str) -> MembershipSummary:
        """The one active membership in the collaboration with exactly that name; reads every page of the list.

        Args:
            name: The collaboration's whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(status="ACTIVE")
        return await self._by_name(
            rows, name, "membership", lambda row: row.id, lambda row: row.collaboration_name
        )
