"""What is known of frames, and which of them go together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.engine import FrameResult
from napari_celltrack.gui.measured_frames import MeasuredFrames, known_round, window_round


def measured(frame: int, n_cells: int) -> FrameResult:
    return FrameResult(frame, np.ones((2, 2), np.int32), pd.DataFrame({"label": range(n_cells)}))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [(0, [0, 2, 4, 6]), (9, [4, 6, 8, 10]), (18, [12, 14, 16, 18]), (500, [12, 14, 16, 18])],
)
def test_a_window_lies_round_a_frame_and_within_the_movie(frame, expected):
    assert list(window_round(range(0, 20, 2), frame, 4)) == expected


def test_a_window_larger_than_the_movie_is_the_movie():
    assert list(window_round(range(3), 1, 10)) == [0, 1, 2]


def test_the_known_range_ends_where_a_frame_is_missing():
    known = dict.fromkeys([2, 3, 4, 6, 7])
    assert known_round(range(10), known, 3) == range(2, 5)
    assert known_round(range(10), known, 7) == range(6, 8)
    assert not known_round(range(10), known, 5)


def test_counts_say_which_are_of_the_settings_now():
    frames = MeasuredFrames()
    frames.put("old", measured(0, 3))
    frames.put("old", measured(1, 4))
    frames.put("new", measured(1, 5))
    frames.count("new", 2, 6)
    counts = frames.counts("new")
    assert counts["frame"].tolist() == [0, 1, 2]
    assert counts["n_cells"].tolist() == [3, 5, 6]
    assert counts["is_current"].tolist() == [False, True, True]
    assert frames.counts("old")["n_cells"].tolist() == [3, 4, 6]


def test_a_forgotten_frame_is_unknown_under_every_key():
    frames = MeasuredFrames()
    frames.put("a", measured(0, 3))
    frames.put("b", measured(0, 4))
    frames.forget_frame(0)
    assert frames.of("a") == frames.of("b") == {}
    assert frames.counts("a").empty


def test_labels_are_not_held():
    frames = MeasuredFrames()
    frames.put("a", measured(0, 3))
    assert frames.of("a")[0].labels.size == 0


def test_only_the_latest_settings_are_remembered():
    frames = MeasuredFrames()
    for key in range(20):
        frames.put(key, measured(0, key))
    assert frames.of(19)
    assert not frames.of(0)
