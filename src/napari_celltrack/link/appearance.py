"""Cost of a difference in appearance: area, intensity and overlap of the masks of two objects.

Each difference is divided by the usual one between two detections of the same cell. A weight of 1
therefore means the same for each of them, whatever its unit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.link.candidates import Pairs
from napari_celltrack.link.motion_model import MEDIAN_SQUARED
from napari_celltrack.tables import AREA_PX2, FRAME, LABEL

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: The median of the square of a normal number of variance 1.
MEDIAN_SQUARED_1D = 0.4549
#: Larger differences than this many usual ones are cut off: a mitosis or a merge may cause them.
MAX_USUAL = 4.0


class AppearanceWeights(NamedTuple):
    """How much each difference counts; 0 is not at all, 1 as much as its usual size suggests."""

    area: float
    intensity: float
    overlap: float


def appearance_cost(
    objects: pd.DataFrame,
    pairs: Pairs,
    weights: AppearanceWeights,
    overlaps: pd.DataFrame | None,
) -> Floats:
    """Return the cost of differences in appearance.

    Parameters
    ----------
    objects : DataFrame
        The rows that `pairs` refers to. Columns that are missing cost nothing.
    pairs : Pairs
        The candidates for links.
    weights : AppearanceWeights
        How much each counts.
    overlaps : DataFrame or None
        `frame`, `label_before`, `label` and `overlap_px` of masks in consecutive frames.

    Returns
    -------
    ndarray, shape (n_pairs,), float64
        In px², on the scale of the variance of a step.
    """
    cost = np.zeros(len(pairs))
    if not len(pairs):
        return cost
    alone = np.bincount(pairs.before)[pairs.before] == 1
    alone &= np.bincount(pairs.after)[pairs.after] == 1
    sure = alone if alone.sum() >= 20 else np.ones(len(pairs), bool)
    step_px2 = float(np.median(pairs.distance_px[sure] ** 2)) / MEDIAN_SQUARED
    columns = [(AREA_PX2, weights.area), (intensity_name(objects), weights.intensity)]
    for column, weight in columns:
        if weight and column in objects:
            values = np.log(np.maximum(objects[column].to_numpy(np.float64), 1e-9))
            difference = values[pairs.after] - values[pairs.before]
            cost += weight * step_px2 * _in_usual(difference, sure)
    if weights.overlap and overlaps is not None and {LABEL, AREA_PX2} <= set(objects.columns):
        cost += weights.overlap * step_px2 * _in_usual(1 - _shared(objects, pairs, overlaps), sure)
    return cost


def intensity_name(objects: pd.DataFrame) -> str:
    """Return the column of the first channel's mean intensity, or an empty string."""
    means = [str(name) for name in objects.columns if str(name).endswith("_mean")]
    return means[0] if means else ""


def _in_usual(difference: Floats, sure: Mask) -> Floats:
    """Return squared differences in units of their usual size, with an upper limit."""
    difference = np.where(np.isfinite(difference), difference, 0)
    usual = float(np.median(difference[sure] ** 2)) / MEDIAN_SQUARED_1D
    if usual <= 0:
        return np.zeros(len(difference))
    squared: Floats = np.minimum(difference**2 / usual, MAX_USUAL**2)
    return squared


def _shared(objects: pd.DataFrame, pairs: Pairs, overlaps: pd.DataFrame) -> Floats:
    """Return the overlap of each pair as a share of the smaller mask."""
    frame, label = objects[FRAME].to_numpy(), objects[LABEL].to_numpy()
    area = objects[AREA_PX2].to_numpy(np.float64)
    wanted = pd.DataFrame(
        {FRAME: frame[pairs.after], "label_before": label[pairs.before], LABEL: label[pairs.after]}
    )
    both = wanted.merge(overlaps, how="left", on=[FRAME, "label_before", LABEL])
    smaller = np.minimum(area[pairs.before], area[pairs.after])
    shared: Floats = both["overlap_px"].fillna(0).to_numpy(np.float64) / np.maximum(smaller, 1)
    return np.minimum(shared, 1)
