"""The pair of clients, made once for a module: opening them costs more than a thousand calls."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .exchange import Exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        pair = Exchange()
        yield pair
        pair.close()
