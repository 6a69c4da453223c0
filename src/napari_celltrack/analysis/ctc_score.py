"""Scores of tracks against truth, both in the format of the Cell Tracking Challenge (CTC)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis.ctc import CtcTracks, Node, numbered_masks, read_mask
from napari_celltrack.analysis.score import F1
from napari_celltrack.errors import ResultError
from napari_celltrack.measure import overlaps_px

#: Columns of the table of wrong links: their kind, and the cells at both ends.
WRONG_LINK_COLUMNS = (
    "kind",
    "from_frame",
    "from_label",
    "from_y_px",
    "from_x_px",
    "to_frame",
    "to_label",
    "to_y_px",
    "to_x_px",
)


@dataclass(frozen=True)
class CtcMeasures:
    """The technical measures of the challenge, between 0 and 1, None where undefined.

    Parameters
    ----------
    det, tra, lnk : float or None
        Score of cells, of cells and links, of links: 1 minus the cost of correcting the result to
        the truth, relative to the cost of building the truth from nothing. `lnk` is None for truth
        without links.
    seg : float or None
        Mean overlap (intersection over union) of true cells with the cells that cover most of
        them; None without true cells.

    References
    ----------
    P. Matula et al., "Cell tracking accuracy measurement based on comparison of acyclic oriented
    graphs", PLoS ONE 2015; V. Ulman et al., "An objective comparison of cell-tracking
    algorithms", Nature Methods 2017.
    """

    det: float | None
    seg: float | None
    tra: float | None
    lnk: float | None


@dataclass(frozen=True, eq=False)
class CtcScore:
    """How well tracks agree with truth.

    Parameters
    ----------
    measures : CtcMeasures or None
        None when the library that computes them is not installed.
    seg_truth : str
        What `seg` was measured against: ``"SEG"``, or ``"TRA"`` where there is no such folder.
        With ``"TRA"`` it is meaningful only if the tracking masks show whole cells.
    cells, links, divisions : F1
        A cell is right when it covers most of one true cell, and of no other; a link when both
        its ends are right and linked in truth; a division when mother and all children are right
        and this is a true division, in the same frames.
    wrong_links : DataFrame
        Columns of :data:`WRONG_LINK_COLUMNS`. Kind is ``"missed"`` for a true link that was not
        found, with labels and positions of the truth, or ``"false"``, with those of the result.
    """

    measures: CtcMeasures | None
    seg_truth: str
    cells: F1
    links: F1
    divisions: F1
    wrong_links: pd.DataFrame

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        values: dict[str, Any] = {}
        if self.measures is not None:
            for name in ("det", "seg", "tra", "lnk"):
                values[name.upper()] = getattr(self.measures, name)
            values["SEG_truth"] = self.seg_truth
        for name in ("cells", "links", "divisions"):
            score: F1 = getattr(self, name)
            values[name] = {
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.value,
                "right": score.true_positives,
                "false": score.false_positives,
                "missed": score.false_negatives,
            }
        values["wrong_links"] = self.wrong_links.to_dict(orient="records")
        return values


@dataclass(frozen=True)
class _Frame:
    """Matches of found and true cells in one frame, and the places of both by label."""

    found: list[int]
    true: list[int]
    iou: list[float]
    place_of_found: dict[int, tuple[float, float]]
    place_of_true: dict[int, tuple[float, float]]


def score_ctc(result: CtcTracks, truth: CtcTracks) -> CtcScore:
    """Score tracks against truth.

    Parameters
    ----------
    result, truth : CtcTracks
        As :func:`~napari_celltrack.analysis.read_ctc` gives them. Where the truth's folder has a
        folder ``SEG`` beside it, segmentation is scored against that.

    Returns
    -------
    CtcScore

    Raises
    ------
    ResultError
        If they are not of one movie, or the truth is empty.
    """
    if result.n_frames != truth.n_frames:
        raise ResultError(
            f"The result has {result.n_frames} frames and the truth {truth.n_frames}; choose "
            "those of one movie."
        )
    if not len(truth.table):
        raise ResultError(f"{truth.folder} has no tracks; choose a truth with cells.")
    frames = [
        _match(result.mask(frame), truth.mask(frame), truth.masks[frame].name)
        for frame in range(truth.n_frames)
    ]
    true_of = _true_of(frames)
    links, wrong_links = _score_links(result, truth, true_of, frames)
    seg_masks = numbered_masks(truth.folder.parent / "SEG", "man_seg")
    return CtcScore(
        measures=_measures(result, truth, frames, seg_masks),
        seg_truth="SEG" if seg_masks else "TRA",
        cells=_f1(len(true_of), _n_cells(result), _n_cells(truth)),
        links=links,
        divisions=_score_divisions(result, truth, true_of),
        wrong_links=wrong_links,
    )


def _match(found: npt.NDArray[Any], true: npt.NDArray[Any], name: str) -> _Frame:
    """Match the cells of a frame as the challenge does: by more than half of the true cell."""
    if found.shape != true.shape:
        raise ResultError(
            f"{name} is {true.shape} px and the result's mask {found.shape} px; choose result and "
            "truth of one movie."
        )
    found_label, true_label, shared = overlaps_px(found, true)
    area_found, area_true = np.bincount(found.ravel()), np.bincount(true.ravel())
    covers = shared > 0.5 * area_true[true_label]
    found_label, true_label, shared = found_label[covers], true_label[covers], shared[covers]
    iou = shared / (area_found[found_label] + area_true[true_label] - shared)
    return _Frame(
        found_label.tolist(), true_label.tolist(), iou.tolist(), _places(found), _places(true)
    )


def _places(mask: npt.NDArray[Any]) -> dict[int, tuple[float, float]]:
    """Return the centroid (y, x) of each label, in px."""
    y, x = np.nonzero(mask)
    ids = mask[y, x]
    area = np.bincount(ids)
    labels = np.flatnonzero(area)
    y_sum, x_sum = (np.bincount(ids, weights=axis)[labels] for axis in (y, x))
    places = zip((y_sum / area[labels]).tolist(), (x_sum / area[labels]).tolist(), strict=True)
    return dict(zip(labels.tolist(), places, strict=True))


def _true_of(frames: Iterable[_Frame]) -> dict[Node, Node]:
    """Return the true cell of each found cell that covers exactly one."""
    true_of: dict[Node, Node] = {}
    for index, frame in enumerate(frames):
        n_covered = Counter(frame.found)
        for found, true in zip(frame.found, frame.true, strict=True):
            if n_covered[found] == 1:
                true_of[index, found] = (index, true)
    return true_of


def _score_links(
    result: CtcTracks, truth: CtcTracks, true_of: Mapping[Node, Node], frames: list[_Frame]
) -> tuple[F1, pd.DataFrame]:
    true_links = set(truth.links())
    right: set[tuple[Node, Node]] = set()
    rows: list[tuple[Any, ...]] = []
    n_found = 0
    for before, after in result.links():
        n_found += 1
        link = true_of.get(before), true_of.get(after)
        if link in true_links:
            right.add(link)
        else:
            rows.append(_row("false", before, after, [frame.place_of_found for frame in frames]))
    places = [frame.place_of_true for frame in frames]
    rows += [_row("missed", *link, places) for link in true_links - right]
    rows.sort(key=lambda row: (row[5], row[0], row[6], row[2]))
    wrong: pd.DataFrame = pd.DataFrame(rows, columns=list(WRONG_LINK_COLUMNS))
    return _f1(len(right), n_found, len(true_links)), wrong


def _row(
    kind: str, before: Node, after: Node, places: list[dict[int, tuple[float, float]]]
) -> tuple[Any, ...]:
    ends = ((*node, *places[node[0]][node[1]]) for node in (before, after))
    return (kind, *(value for end in ends for value in end))


def _score_divisions(result: CtcTracks, truth: CtcTracks, true_of: Mapping[Node, Node]) -> F1:
    true_divisions, found_divisions = truth.divisions(), result.divisions()
    n_right = 0
    for mother, children in found_divisions.items():
        if mother in true_of and children <= true_of.keys():
            true_children = frozenset(true_of[child] for child in children)
            n_right += true_divisions.get(true_of[mother]) == true_children
    return _f1(n_right, len(found_divisions), len(true_divisions))


def _f1(n_right: int, n_found: int, n_true: int) -> F1:
    return F1(n_right, n_found - n_right, n_true - n_right)


def _n_cells(tracks: CtcTracks) -> int:
    return sum(map(len, tracks.labels))


def _measures(
    result: CtcTracks, truth: CtcTracks, frames: list[_Frame], seg_masks: Mapping[int, Path]
) -> CtcMeasures | None:
    """Compute the measures by the library of the challenge's organisers, if it is installed."""
    try:
        from ctc_metrics.metrics import det, lnk, seg, tra
        from ctc_metrics.utils.representations import count_acyclic_graph_correction_operations
    except ImportError:
        return None
    # A movie of one frame has no links; the library accepts that only without tables.
    tables = (truth.table, result.table) if truth.n_frames > 1 else (None, None)
    operations = count_acyclic_graph_correction_operations(
        *tables,
        [labels.tolist() for labels in truth.labels],
        [labels.tolist() for labels in result.labels],
        [frame.true for frame in frames],
        [frame.found for frame in frames],
    )
    if seg_masks:
        seg_input = _segmentation(result, seg_masks)
    else:
        seg_input = [labels.tolist() for labels in truth.labels], [frame.iou for frame in frames]
    return CtcMeasures(
        det=det(**operations),
        seg=seg(*seg_input) if any(seg_input[0]) else None,
        tra=tra(**operations)[0],
        lnk=lnk(**operations) if operations["num_edges"] else None,
    )


def _segmentation(
    result: CtcTracks, seg_masks: Mapping[int, Path]
) -> tuple[list[list[int]], list[list[float]]]:
    """Return the true labels and the overlaps of their matches, frame by frame."""
    labels, ious = [], []
    for frame, path in seg_masks.items():
        if frame >= result.n_frames:
            raise ResultError(
                f"{path.name} is of frame {frame}, but the result has {result.n_frames}; choose "
                "result and truth of one movie."
            )
        matched = _match(result.mask(frame), read_mask(path), path.name)
        labels.append(list(matched.place_of_true))
        ious.append(matched.iou)
    return labels, ious
