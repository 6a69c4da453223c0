from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.analysis.quality import find_events
from napari_celltrack.tables import (
    AREA_PX2,
    EVENT_COLUMNS,
    LINK_DISTANCE_PX,
    LINK_MARGIN,
    TRACK_ID,
)
from scenes import objects_at

Place = tuple[float, ...]


def events_of(
    places: list[list[Place]],
    tracks: list[list[int]],
    *,
    parents: dict[int, int] | None = None,
    names: list[int] | None = None,
    limit: float = 10,
    max_gap: int = 0,
    margin: dict[int, float] | None = None,
    drift: list[tuple[float, float]] | None = None,
) -> pd.DataFrame:
    """List the events of cells at (y, x) or (y, x, area) that are linked as `tracks` say."""
    table = objects_at([[place[:2] for place in frame] for frame in places])
    areas = [place[2] if len(place) > 2 else 100 for frame in places for place in frame]
    table[AREA_PX2] = np.array(areas, float)
    table[TRACK_ID] = [track for frame in tracks for track in frame]
    steps = table.groupby(TRACK_ID)[["y_px", "x_px"]].diff()
    table[LINK_DISTANCE_PX] = np.hypot(steps["y_px"], steps["x_px"])
    table[LINK_MARGIN] = np.inf
    for row, value in (margin or {}).items():
        table.loc[row, LINK_MARGIN] = value
    names = names or list(range(len(places)))
    table["frame"] = table["frame"].map(dict(enumerate(names)))
    return find_events(
        table,
        parents or {},
        names,
        (200, 200),
        max_distance_px=limit,
        max_gap_frames=max_gap,
        drift_px=None if drift is None else np.array(drift, float),
    )


def only(events: pd.DataFrame, kind: str) -> pd.Series:
    (index,) = np.flatnonzero(events["kind"] == kind)
    return events.iloc[index]


def test_nothing_unexpected() -> None:
    events = events_of([[(50, 50), (90, 90)]] * 4, [[1, 2]] * 4)
    assert events.empty
    assert events.columns.tolist() == list(EVENT_COLUMNS)
    assert events_of([[], []], [[], []]).empty
    assert events_of([[(50, 50)]], [[1]]).empty


def test_nearest_cell_was_beyond_the_limit() -> None:
    events = events_of([[(50, 50)], [(50, 51)], [(50, 65)], [(50, 66)]], [[1], [1], [2], [2]])
    end, start = only(events, "end"), only(events, "start")
    assert end["reason"] == "ends: nearest cell 14.0 px away, limit 10"
    assert (end["frame"], end["track_id"], end["other_track_id"]) == (1, 1, 2)
    assert (end["y_px"], end["x_px"]) == (50, 51)
    assert start["reason"] == "begins: nearest cell 14.0 px away, limit 10"
    assert (start["frame"], start["track_id"], start["other_track_id"]) == (2, 2, 1)


def test_taken_by_another_that_was_nearer() -> None:
    places = [[(50, 50), (50, 58)], [(50, 50), (50, 58)], [(50, 57)], [(50, 57)]]
    end = only(events_of(places, [[1, 2], [1, 2], [2], [2]]), "end")
    assert end["reason"] == "ends: nearest cell 7.0 px away taken by track 2, 6.0 px nearer"
    assert end["other_track_id"] == 2


def test_within_the_limit_but_not_linked() -> None:
    places = [[(50, 50)], [(50, 50)], [(50, 54)], [(50, 54)]]
    events = events_of(places, [[1], [1], [2], [2]])
    assert only(events, "end")["reason"] == (
        "ends: track 2 is 4.0 px away after, within limit 10, unlinked"
    )


def test_lost_in_segmentation() -> None:
    places = [[(50, 50), (99, 99)], [(50, 50), (99, 99)], [(99, 99)], [(99, 99)]]
    end = only(events_of(places, [[1, 2], [1, 2], [2], [2]]), "end")
    assert end["reason"].startswith("ends: lost in segmentation, no mask within 10 px after")


def test_missing_for_longer_than_the_gap_limit() -> None:
    still = (150, 150)
    places = [[(50, 50), still]] * 2 + [[still]] * 2 + [[(50, 53), still]] * 3
    tracks = [[1, 2]] * 2 + [[2]] * 2 + [[3, 2]] * 3
    events = events_of(places, tracks, max_gap=1)
    assert only(events, "end")["reason"] == (
        "ends: missing from the mask for 2 frames after, then track 3 is 3.0 px away; gap limit 1"
    )
    assert only(events, "start")["other_track_id"] == 1


def test_through_the_border() -> None:
    places = [[(50, 6), (150, 150)], [(50, 5), (150, 150)], [(150, 150)], [(150, 150)]]
    end = only(events_of(places, [[1, 2], [1, 2], [2], [2]]), "end")
    assert end["reason"] == "ends: left through the border"
    assert end["severity"] < 0.2
    start = only(events_of(places[::-1], [[2], [2], [1, 2], [1, 2]]), "start")
    assert start["reason"] == "begins: came in through the border"


def test_empty_frame_is_named_by_its_true_index() -> None:
    places = [[(50, 50)], [(50, 50)], [], [(50, 50)], [(50, 50)], [(50, 50)]]
    tracks = [[1], [1], [], [2], [2], [2]]
    events = events_of(places, tracks, names=[10, 12, 14, 16, 18, 20])
    assert only(events, "end")["reason"] == "ends: frame 14 is empty"
    assert only(events, "start")["reason"] == "begins: frame 14 is empty"
    assert only(events, "start")["frame"] == 16


def test_merge_and_split() -> None:
    two, one = [(50, 50, 100), (50, 58, 120)], [(50, 54, 215)]
    events = events_of([two, two, one, one], [[1, 2], [1, 2], [2], [2]])
    merge = only(events, "merge")
    assert (
        merge["reason"]
        == "merged with track 2: one mask of 215 px² where two cells had 100 and 120"
    )
    assert (merge["frame"], merge["track_id"], merge["other_track_id"]) == (1, 1, 2)
    events = events_of([one, one, two, two], [[2], [2], [1, 2], [1, 2]])
    split = only(events, "split")
    assert (
        split["reason"]
        == "split off: track 2 had one mask of 215 px² before, now two of 100 and 120"
    )


def test_division_is_expected() -> None:
    places = [[(50, 50, 200)], [(50, 50, 200)], [(50, 45), (50, 55)], [(50, 44), (50, 56)]]
    events = events_of(places, [[1], [1], [2, 3], [2, 3]], parents={2: 1, 3: 1})
    assert not set(events["kind"]) & {"start", "end", "split", "merge"}


def test_an_empty_frame_is_said_once_and_not_for_each_cell() -> None:
    row = [(20.0 * cell + 10, 50.0) for cell in range(4)]
    events = events_of([row, [], row], [[1, 2, 3, 4], [], [1, 2, 3, 4]], max_gap=1)
    gap = only(events, "gap")
    assert gap["reason"] == "gap: no cells in frame 1, 4 tracks are bridged over it"


def test_gap_names_the_missing_frames() -> None:
    places = [[(50, 50)], [], [], [(50, 54)], [(50, 54)]]
    events = events_of(places, [[1], [], [], [1], [1]], max_gap=2)
    gap = only(events, "gap")
    assert gap["reason"] == "gap: missing from the mask in frames 1 to 2, bridged over 4.0 px"
    assert gap["frame"] == 3


def test_jump_is_measured_by_the_cell_and_its_neighbours() -> None:
    def places(jump: float, others: float) -> list[list[Place]]:
        x = np.cumsum([50, 1, 1, jump, 1, 1])
        other = np.cumsum([50, 1, 1, others, 1, 1])
        return [[(20, a), (80, b), (140, b)] for a, b in zip(x, other, strict=True)]

    jump = only(events_of(places(9, 1), [[1, 2, 3]] * 6), "jump")
    assert (jump["frame"], jump["track_id"]) == (3, 1)
    assert jump["reason"] == "jump: 9.0 px in a step, where it moves 1.0 and others 1.0"
    # When all jump, the stage did.
    assert "jump" not in set(events_of(places(9, 9), [[1, 2, 3]] * 6)["kind"])


def test_small_margin_is_a_swap_risk_and_smaller_is_worse() -> None:
    places = [[(50, 50), (50, 60), (50, 90)]] * 3
    events = events_of(places, [[1, 2, 3]] * 3, margin={3: 0.5, 4: 0.1, 5: 3.0})
    risks = events[events["kind"] == "swap risk"]
    assert risks["track_id"].tolist() == [2, 1]
    assert (
        risks["reason"].tolist()[1] == "swap risk: another link was only 0.50 typical steps worse"
    )
    assert risks["severity"].is_monotonic_decreasing


def test_sudden_change_of_area_and_intensity() -> None:
    places = [[(50, 50, a), (90, 90, 100)] for a in (100, 102, 51, 50, 52)]
    change = only(events_of(places, [[1, 2]] * 5), "area")
    assert change["reason"] == "area changes from 102 to 51 in one step"
    assert (change["frame"], change["track_id"]) == (2, 1)


def test_short_track_inside_the_movie() -> None:
    places = [[(99, 99)], [(99, 99), (50, 50)], [(99, 99)], [(99, 99)]]
    short = only(events_of(places, [[1], [1, 2], [1], [1]]), "short")
    assert short["reason"] == "seen in 1 frame only"


def test_tracks_left_out_by_the_filter_have_no_events() -> None:
    places = [[(99, 99)], [(99, 99), (50, 50)], [(99, 99)], [(99, 99)]]
    assert events_of(places, [[1], [1, 0], [1], [1]]).empty


@pytest.mark.parametrize("limit", [5, 50])
def test_most_severe_first_and_severity_within_bounds(limit: float) -> None:
    random = np.random.default_rng(0)
    places = [[tuple(p) for p in random.uniform(20, 180, (20, 2))] for _ in range(6)]
    tracks = [random.permutation(20).tolist() for _ in range(6)]
    events = events_of([[(y, x) for y, x in frame] for frame in places], tracks, limit=limit)
    assert events["severity"].is_monotonic_decreasing
    assert events["severity"].between(0, 1).all()
    assert events["reason"].str.len().gt(10).all()


def test_distances_are_beside_the_drift_and_the_border_is_where_it_is() -> None:
    places = [[(50, 50 + 9 * t)] for t in range(4)]
    tracks, drift = [[1], [1], [2], [2]], [(0.0, 9.0 * t) for t in range(4)]
    seen = only(events_of(places, tracks, limit=8), "end")
    assert seen["reason"] == "ends: nearest cell 9.0 px away, limit 8"
    beside = only(events_of(places, tracks, limit=8, drift=drift), "end")
    assert beside["reason"] == "ends: track 2 is 0.0 px away after, within limit 8, unlinked"
    assert beside["x_px"] == 59


def test_a_step_of_little_is_no_jump_however_still_the_cells_are() -> None:
    def places(jump: float) -> list[list[Place]]:
        x = np.cumsum([50, 0.1, 0.1, jump, 0.1, 0.1])
        return [[(50, float(at)), (90, float(i)), (130, float(i))] for i, at in enumerate(x)]

    still = [[(y, 0.1 * x) if y > 60 else (y, x) for y, x in frame] for frame in places(2.0)]
    assert "jump" not in set(events_of(still, [[1, 2, 3]] * 6, limit=20)["kind"])
    assert "jump" in set(events_of(still, [[1, 2, 3]] * 6, limit=10)["kind"])


def test_a_longer_jump_is_worse() -> None:
    def severity(jump: float) -> float:
        x = np.cumsum([50, 0.1, 0.1, jump, 0.1, 0.1])
        places: list[list[Place]] = [[(50, float(at)), (90, 50), (130, 50)] for at in x]
        return float(only(events_of(places, [[1, 2, 3]] * 6, limit=20), "jump")["severity"])

    assert severity(4) < severity(9) < severity(15)


def test_a_frame_in_which_most_cells_change_is_said_once() -> None:
    def areas(*values: float) -> list[list[Place]]:
        return [[(50, 20 + 30 * cell, area) for cell in range(4)] for area in values]

    events = events_of(areas(100, 100, 100, 300, 300, 300), [[1, 2, 3, 4]] * 6)
    change = only(events, "area")
    assert change["frame"] == 3
    assert change["reason"] == (
        "area of 4 of 4 cells changes in one step: look at frame 3 as a whole"
    )


def test_events_take_the_room_of_their_words() -> None:
    # Every cell is lost after each frame.
    places = np.random.default_rng(0).uniform(0, 200, (20, 250, 2)).tolist()
    tracks = (1 + np.arange(20 * 250)).reshape(20, 250).tolist()
    table = objects_at(places)
    table[AREA_PX2], table[LINK_DISTANCE_PX], table[LINK_MARGIN] = 100.0, np.nan, np.inf
    table[TRACK_ID] = np.ravel(tracks)
    tracemalloc.start()
    try:
        events = find_events(table, {}, range(20), (200, 200), max_distance_px=10)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(events) > 10_000
    # The sentence, the event and its row; strings as wide as the longest would take twice as much.
    assert peak < 600 * len(events)
