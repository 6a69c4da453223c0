"""What is known of frames, and which of them go together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.engine import FrameResult
from napari_celltrack.gui.finding import Findings, known_round, window_round


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
    findings = Findings()
    findings.put("old", measured(0, 3))
    findings.put("old", measured(1, 4))
    findings.put("new", measured(1, 5))
    findings.count("new", 2, 6)
    counts = findings.counts("new")
    assert counts["frame"].tolist() == [0, 1, 2]
    assert counts["n_cells"].tolist() == [3, 5, 6]
    assert counts["is_current"].tolist() == [False, True, True]
    assert findings.counts("old")["n_cells"].tolist() == [3, 4, 6]


def test_a_forgotten_frame_is_unknown_under_every_key():
    findings = Findings()
    findings.put("a", measured(0, 3))
    findings.put("b", measured(0, 4))
    findings.forget_frame(0)
    assert findings.of("a") == findings.of("b") == {}
    assert findings.counts("a").empty


def test_labels_are_not_held():
    findings = Findings()
    findings.put("a", measured(0, 3))
    assert findings.of("a")[0].labels.size == 0


def test_only_the_latest_settings_are_remembered():
    findings = Findings()
    for key in range(20):
        findings.put(key, measured(0, key))
    assert findings.of(19)
    assert not findings.of(0)
