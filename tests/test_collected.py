"""Tables that wait to be put together come out as they went in."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.batch.collected_tables import CollectedTables


def frames(n_frames: int, n_rows: int) -> list[pd.DataFrame]:
    """Return tables with columns that differ, that differ by frame only, and that do not."""
    random = np.random.default_rng(0)
    return [
        pd.DataFrame(
            {
                "file": pd.Series(["a movie.tif"] * n_rows, dtype="str"),
                "frame": np.full(n_rows, frame),
                "time_s": np.full(n_rows, np.nan),
                "track_id": np.zeros(n_rows, np.int64),
                "y_px": random.random(n_rows),
                "shift": np.array([0.0, -0.0] * n_rows)[:n_rows],
                "is_kept": np.ones(n_rows, bool),
            }
        )
        for frame in range(n_frames)
    ]


@pytest.mark.parametrize("n_frames", [1, 15, 16, 50])
@pytest.mark.parametrize("n_rows", [0, 1, 30])
def test_tables_come_out_as_they_went_in(n_frames, n_rows) -> None:
    tables, collected = frames(n_frames, n_rows), CollectedTables()
    for table in tables:
        collected.add(table)
        collected.add(None)
    found = pd.concat(collected, ignore_index=True)
    wanted = pd.concat(tables, ignore_index=True)
    pd.testing.assert_frame_equal(found, wanted)
    # Also the sign of a zero, which is not compared above.
    assert (np.signbit(found["shift"]) == np.signbit(wanted["shift"])).all()
    assert list(collected) == []


def test_frames_without_objects_lie_between_others() -> None:
    tables, collected = frames(3, 5), CollectedTables()
    tables[1] = tables[1].iloc[:0]
    for table in tables:
        collected.add(table)
    pd.testing.assert_frame_equal(
        pd.concat(collected, ignore_index=True), pd.concat(tables, ignore_index=True)
    )


def test_what_is_the_same_in_all_rows_takes_no_room() -> None:
    tracemalloc.start()
    try:
        collected = CollectedTables()
        for table in frames(64, 2000):
            collected.add(table)
        del table
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # Three columns of 8 bytes differ, of 4 x 8 bytes, a text and a truth value.
    assert held < 1.2 * 64 * 2000 * 24
