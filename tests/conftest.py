"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from napari_celltrack.batch.workers import Workers

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real microscopy data, or skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder shared/data with real microscopy data is not beside the checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def three_processes() -> Iterator[Workers]:
    """Return workers that tests share: a process takes seconds to start."""
    import cv2

    from napari_celltrack.batch.workers import open_workers

    n_cores = cv2.getNumThreads()
    with open_workers("processes", 3) as workers:
        cv2.setNumThreads(n_cores)  # a run gives up the cores of its own process, tests do not
        yield workers
