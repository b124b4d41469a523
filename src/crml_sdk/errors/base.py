"""What every error of the SDK is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..waiting.handles import Handle


class CleanRoomsMLError(Exception):
    """Whatever goes wrong in the SDK.

    Attributes:
        page_token: When a page of a list could not be fetched, the token of that page: pass it as
            `starting_token` to go on there. None for the first page and everywhere else.
        handle: What was waited for, or had been started before the error; its text,
            `str(error.handle)`, resumes the wait: `sdk.wait(text)`. None everywhere else.
    """

    page_token: str | None = None
    handle: Handle | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from `args` by default, which are not what ours are made from.
        return rebuilt, (type(self), self.args, vars(self))


def rebuilt(kind: type[CleanRoomsMLError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error
