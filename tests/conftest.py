"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real microscopy data, or skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder shared/data with real microscopy data is not beside the checkout")
    return SHARED_DATA
