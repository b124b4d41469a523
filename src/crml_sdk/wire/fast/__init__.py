"""The fast path: shorter ways through aiobotocore, for clients without handlers of their own.

Everything in this package replaces a part of aiobotocore's or botocore's internals. `install` is the only
way in. It checks the client first, and in doubt leaves it as aiobotocore made it. Without this package,
the SDK works in the same way, but more slowly.
"""

from __future__ import annotations

from .installing import install
from .opening import make_session

__all__ = ["install", "make_session"]
