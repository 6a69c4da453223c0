"""trackpy behind our interface."""

from __future__ import annotations

import pytest

from napari_celltrack.errors import CelltrackError
from napari_celltrack.link import Trackpy
from scenes import objects_at


@pytest.mark.parametrize(("max_gap", "expected"), [(1, [1, 2]), (2, [1, 1])])
def test_gap_counts_empty_frames(max_gap: int, expected: list[int]) -> None:
    movie = [[], [(5, 5)], [], [], [(6, 5)]]
    ids = Trackpy(max_gap_frames=max_gap)(objects_at(movie), len(movie)).track_id
    assert ids.tolist() == expected


@pytest.mark.parametrize("predict", ["drift", "nearest_velocity"])
def test_prediction_follows_fast_cells(predict: str) -> None:
    # From a slow start, steps grow beyond the radius; an empty frame lies on the way.
    way = [0, 5, 13, 24, 36, 48, 60]
    movie = (
        [[(0.0, x), (60.0, x)] for x in way[:4]] + [[]] + [[(0.0, x), (60.0, x)] for x in way[5:]]
    )
    table = objects_at(movie)
    assert Trackpy(max_distance_px=9, predict=predict)(table, 7).track_id.max() == 2
    assert Trackpy(max_distance_px=9)(table, 7).track_id.max() > 2


def test_crowd_is_refused_in_a_sentence_and_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    calm, crowd = [(5.0, 5.0)], [(5.0, 5.0)] * 60
    with pytest.raises(CelltrackError, match=r"60 cells of frame 2 .* radius of 20 px; lower"):
        Trackpy()(objects_at([calm, crowd, crowd]), 3)
    assert Trackpy()(objects_at([calm, calm]), 2).track_id.tolist() == [1, 1]
    assert "".join(capfd.readouterr()) == ""
