"""What is wrong with a request, member by member."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One member of a request that the service would refuse.

    Attributes:
        path: The member, as `data_channels[0].channel_name`.
        problem: What is wrong, in a few words.
        given: What was given, shortened; for values that may be secret their type and length only.
        allowed: What is allowed.
    """

    path: str
    problem: str
    given: str | None = None
    allowed: str | None = None

    def __str__(self) -> str:
        text = f"{self.path}: {self.problem}" if self.path else self.problem
        if self.given is not None:
            text += f"; given {self.given}"
        if self.allowed is not None:
            text += f"; allowed: {self.allowed}"
        return text
