"""Shorter ways through aiobotocore, for clients that nobody watches.

Everything in here replaces a part of aiobotocore's or botocore's inside. `install` is the only way in: it
looks first, and leaves a client as aiobotocore made it when in doubt. The package works without it,
only slower.
"""

from __future__ import annotations

from .installing import install
from .opening import make_session

__all__ = ["install", "make_session"]
