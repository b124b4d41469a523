"""What the tests of the stand-in share."""

import pytest

from .local_lab import Lab


@pytest.fixture
def lab() -> Lab:
    return Lab()
