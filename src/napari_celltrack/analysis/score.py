"""Scores of a result against known truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_celltrack.measure import overlaps_px

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class F1:
    """Agreement of a found set with a true set.

    Parameters
    ----------
    true_positives, false_positives, false_negatives : int
        Found and true; found but not true; true but not found.
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def value(self) -> float:
        """2 TP / (2 TP + FP + FN), between 0 and 1; 1 when both sets are empty."""
        total = 2 * self.true_positives + self.false_positives + self.false_negatives
        return 2 * self.true_positives / total if total else 1.0

    @property
    def precision(self) -> float:
        """TP / (TP + FP); where nothing was found, 1 if there was nothing to find, else 0."""
        return self._share(self.false_positives)

    @property
    def recall(self) -> float:
        """TP / (TP + FN); where there was nothing to find, 1 if nothing was found, else 0."""
        return self._share(self.false_negatives)

    def _share(self, others: int) -> float:
        total = self.true_positives + others
        return self.true_positives / total if total else float(self.value == 1)

    def __add__(self, other: F1) -> F1:
        return F1(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )


def match_labels(found: Labels, true: Labels, min_iou: float = 0.5) -> dict[int, int]:
    """Pair found with true cells that overlap by more than `min_iou`.

    Above one half, pairs are unique, so no optimisation is needed.

    Parameters
    ----------
    found, true : ndarray, shape (Y, X), int32
        Label images, 0 is background.
    min_iou : float
        Intersection over union that a pair must exceed, at least 0.5.

    Returns
    -------
    dict of int to int
        From found to true labels.
    """
    found_label, true_label, shared = overlaps_px(found, true)
    area_found, area_true = np.bincount(found.ravel()), np.bincount(true.ravel())
    union = area_found[found_label] + area_true[true_label] - shared
    good = shared > min_iou * union
    return dict(zip(found_label[good].tolist(), true_label[good].tolist(), strict=True))


def detection_f1(found: Labels, true: Labels, min_iou: float = 0.5) -> F1:
    """Score the cells of one frame against the truth."""
    matched = len(match_labels(found, true, min_iou))
    n_found, n_true = (int(np.count_nonzero(np.unique(labels))) for labels in (found, true))
    return F1(matched, n_found - matched, n_true - matched)


def link_f1(found: Iterable[Labels], true: Iterable[Labels], parents: Mapping[int, int]) -> F1:
    """Score the links between consecutive frames.

    Parameters
    ----------
    found, true : iterable of ndarray, shape (Y, X), int32
        Frame after frame; a pixel holds a track id. Daughters have their own ids.
    parents : mapping of int to int
        The true mothers: a found track that continues from a mother to her daughter counts as
        right, as it claims no division.

    Returns
    -------
    F1
        A found link is right when both its ends match true cells, and these are the same cell or
        mother and daughter. True links are those within a track.
    """
    score = F1(0, 0, 0)
    before: dict[int, int] = {}
    found_before: set[int] = set()
    true_before: set[int] = set()
    for found_labels, true_labels in zip(found, true, strict=True):
        now = match_labels(found_labels, true_labels)
        found_now, true_now = (
            set(np.unique(labels).tolist()) - {0} for labels in (found_labels, true_labels)
        )
        links = found_now & found_before
        same = {i for i in links if i in now and before.get(i) == now[i]}
        family = {i for i in links if i in now and i in before and parents.get(now[i]) == before[i]}
        wrong = links - same - family
        score += F1(len(same), len(wrong), len(true_now & true_before) - len(same))
        before, found_before, true_before = now, found_now, true_now
    return score
