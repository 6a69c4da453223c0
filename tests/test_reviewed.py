"""What was seen or dismissed is known again by kind, frame and place."""

from __future__ import annotations

import pandas as pd

from napari_celltrack.analysis.reviewed import Reviewed
from napari_celltrack.tables import FRAME, KIND, X_PX, Y_PX

EVENTS = pd.DataFrame({KIND: ["end", "jump"], FRAME: [4, 4], Y_PX: [10.0, 10.0], X_PX: [5.0, 5.0]})


def test_only_the_event_itself_is_dismissed_and_comes_back() -> None:
    reviewed = Reviewed()
    reviewed.dismiss("movie", EVENTS.iloc[0])
    assert reviewed.are_dismissed("movie", EVENTS).tolist() == [True, False]
    assert reviewed.are_dismissed("other", EVENTS).tolist() == [False, False]
    assert reviewed.are_seen("movie", EVENTS).tolist() == [False, False]
    reviewed.restore("movie", EVENTS.iloc[0])
    assert not reviewed.are_dismissed("movie", EVENTS).any()


def test_an_event_is_known_again_where_the_mask_changed_a_bit_and_not_farther_away() -> None:
    reviewed = Reviewed()
    reviewed.see("movie", EVENTS.iloc[0])
    assert reviewed.are_seen("movie", EVENTS.assign(**{Y_PX: 12.9})).tolist() == [True, False]
    assert not reviewed.are_seen("movie", EVENTS.assign(**{Y_PX: 13.1})).any()
    assert not reviewed.are_seen("movie", EVENTS.assign(**{FRAME: 5})).any()
    assert reviewed.are_seen("movie", EVENTS.iloc[:0]).shape == (0,)


def test_what_was_reviewed_goes_into_a_table_and_back() -> None:
    reviewed = Reviewed()
    reviewed.see("movie", EVENTS.iloc[0])
    reviewed.see("movie", EVENTS.iloc[1])
    reviewed.dismiss("movie", EVENTS.iloc[1])
    reviewed.see("other", EVENTS.iloc[0])
    assert set(reviewed.movies) == {"movie", "other"}
    assert len(reviewed.dismissed) == 1
    again = Reviewed()
    again.add("here", reviewed.table("movie"))
    assert again.are_seen("here", EVENTS)[0]
    assert again.are_dismissed("here", EVENTS).tolist() == [False, True]
    pd.testing.assert_frame_equal(again.table("here").drop_duplicates(), again.table("here"))
    assert reviewed.table("none").empty
    again.add("here", reviewed.table("none"))
