from __future__ import annotations

import numpy as np

from napari_celltrack.analysis import F1, detection_f1, link_f1, match_labels


def row(*labels: int) -> np.ndarray:
    """Return a label image of one row, each label four px wide."""
    return np.repeat(np.array([labels], np.int32), 4, axis=1)


def test_match_needs_more_than_half() -> None:
    true = row(1, 1, 0, 2, 0)
    found = row(5, 0, 0, 6, 7)
    assert match_labels(found, true) == {6: 2}  # 5 covers exactly half of 1
    assert detection_f1(found, true) == F1(1, 2, 1)
    assert F1(1, 2, 1).value == 0.4


def test_nothing_found_where_nothing_is() -> None:
    assert detection_f1(row(0, 0), row(0, 0)).value == 1
    assert detection_f1(row(0, 1), row(0, 0)).value == 0


def test_links_right_swapped_and_missing() -> None:
    true = [row(1, 0, 2, 0, 3), row(1, 0, 2, 0, 3)]
    assert link_f1(true, true, {}) == F1(3, 0, 0)
    swapped = [row(7, 0, 8, 0, 9), row(8, 0, 7, 0, 9)]
    assert link_f1(swapped, true, {}) == F1(1, 2, 2)
    broken = [row(1, 0, 2, 0, 3), row(1, 0, 2, 0, 4)]
    assert link_f1(broken, true, {}) == F1(2, 0, 1)


def test_going_on_into_a_daughter_is_no_mistake() -> None:
    true = [row(1, 0, 2), row(3, 0, 2)]
    assert link_f1([row(1, 0, 2), row(1, 0, 2)], true, {3: 1}) == F1(1, 0, 0)
    assert link_f1([row(1, 0, 2), row(1, 0, 2)], true, {}) == F1(1, 1, 0)
