"""Optimal assignment: choose the links of all cells together, then close gaps, find divisions."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from napari_celltrack.link.appearance import AppearanceWeights, appearance_cost
from napari_celltrack.link.candidates import Pairs, near_pairs
from napari_celltrack.link.confidence import Costs, with_confidence
from napari_celltrack.link.detections import NONE, Detections
from napari_celltrack.link.divisions import Divisions, telling_areas
from napari_celltrack.link.drift import common_drift
from napari_celltrack.link.frame_links import FrameLinks, link_frames
from napari_celltrack.link.gaps import close_gaps
from napari_celltrack.link.linker import Linking
from napari_celltrack.settings import ADVANCED, Settings
from napari_celltrack.tables import AREA_PX2

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


class Assignment(Settings, title="Best links overall"):
    """All links chosen together, with gaps and divisions.

    Each frame is linked to the next so that the sum of all costs is smallest; a cell without a
    partner has a cost too. How much of a step the next one repeats is measured in the movie, and
    separates cells that are close together. Then tracks that end are joined to tracks that begin
    a few frames later, and divisions are detected: a cell is followed by two, one on either side
    of it.

    References
    ----------
    The steps follow Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse
    sequences", Nature Methods 5, 2008; motion, divisions and solver are our own.
    """

    method: Literal["assignment"] = "assignment"
    max_distance_px: float = Field(
        20.0,
        gt=0,
        le=10_000,
        title="Search radius",
        description=(
            "The farthest a cell may move from one frame to the next. Too low breaks tracks of "
            "fast cells, too high lets neighbours swap; a bit above the longest true step is best."
        ),
    )
    max_gap_frames: int = Field(
        1,
        ge=0,
        le=100,
        title="Gaps up to",
        description=(
            "Frames in a row in which a cell may be missing before its track ends. Raise it when "
            "cells flicker; 0 ends a track at the first miss."
        ),
    )
    max_gap_distance_px: float | None = Field(
        None,
        gt=0,
        le=10_000,
        title="Radius over a gap",
        description=(
            "The farthest a cell may be from where it was lost; the search radius when left "
            "empty. Raise it for fast cells that are missing for long."
        ),
        json_schema_extra=ADVANCED,
    )
    divisions: bool = Field(
        True,
        title="Find divisions",
        description="Let a cell divide into two daughters. Switch off when nothing divides.",
    )
    max_division_distance_px: float = Field(
        40.0,
        gt=0,
        le=10_000,
        title="Daughters within",
        description=(
            "The farthest a daughter may be from her mother. About the diameter of a cell is "
            "right; too high mistakes other cells for daughters."
        ),
        json_schema_extra=ADVANCED,
    )
    max_division_asymmetry: float = Field(
        0.6,
        gt=0,
        le=1,
        title="Asymmetry up to",
        description=(
            "How far from the middle of her daughters the mother may be: 0 is in the middle, 1 "
            "is at one of them. Lower it when neighbours are mistaken for daughters."
        ),
        json_schema_extra=ADVANCED,
    )
    predict_motion: bool = Field(
        True,
        title="Predict motion",
        description=(
            "Expect a cell to go on as it moved, as far as cells of this movie do. Switch off "
            "to go by distance alone."
        ),
        json_schema_extra=ADVANCED,
    )
    remove_drift: bool = Field(
        True,
        title="Remove drift",
        description=(
            "Take out the motion that all cells share, such as that of the stage, before "
            "linking; distances are then those beside the drift."
        ),
        json_schema_extra=ADVANCED,
    )
    unlinked_cost: float = Field(
        1.05,
        ge=0.1,
        le=10,
        title="Cost of not linking",
        description=(
            "What a lost and a new cell cost, in units of a link as long as the search radius. "
            "Below 1, long links are avoided; higher links more cells, over long distances too."
        ),
        json_schema_extra=ADVANCED,
    )
    area_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        title="Weight of area",
        description=(
            "How much a change of area speaks against a link; 1 counts it as much as position, "
            "0 not at all. Raise it where cells of different sizes pass each other."
        ),
        json_schema_extra=ADVANCED,
    )
    intensity_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        title="Weight of intensity",
        description=(
            "How much a change of brightness speaks against a link; 1 counts it as much as "
            "position, 0 not at all. Keep it 0 where brightness is what you measure."
        ),
        json_schema_extra=ADVANCED,
    )
    overlap_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        title="Weight of overlap",
        description=(
            "How much it speaks against a link when the two outlines do not overlap; 1 counts it "
            "as much as position, 0 not at all. Raise it for large cells that move little."
        ),
        json_schema_extra=ADVANCED,
    )

    @property
    def needs_overlaps(self) -> bool:
        """Whether the overlaps of masks would change the answer."""
        return self.overlap_weight > 0

    def __call__(
        self, objects: pd.DataFrame, n_frames: int, overlaps: pd.DataFrame | None = None
    ) -> Linking:
        """Link objects; areas, intensities and labels are used where the settings ask for them."""
        detections = Detections.read(objects, n_frames)
        pairs = near_pairs(detections, self.max_distance_px)
        drift_px = None
        if self.remove_drift:
            drift_px = common_drift(detections, pairs, self.max_distance_px)
            if drift_px.any():
                detections = detections.without(drift_px)
                pairs = near_pairs(detections, self.max_distance_px)
        links = link_frames(
            detections,
            pairs,
            self._appearance_px2(objects, detections, pairs, overlaps),
            limit_px2=self.max_distance_px**2,
            unlinked_px2=self._unlinked_px2,
            predict=self.predict_motion,
        )
        previous, mother, cost_px2 = self._gaps_and_divisions(detections, links, objects)
        costs = Costs(pairs, links.cost_px2, self._unlinked_px2, cost_px2)
        return with_confidence(detections, previous, mother, costs, drift_px)

    @property
    def _unlinked_px2(self) -> float:
        return self.unlinked_cost * self.max_distance_px**2

    def _appearance_px2(
        self,
        objects: pd.DataFrame,
        detections: Detections,
        pairs: Pairs,
        overlaps: pd.DataFrame | None,
    ) -> Floats:
        weights = AppearanceWeights(self.area_weight, self.intensity_weight, self.overlap_weight)
        if not any(weights):
            return np.zeros(len(pairs))
        return appearance_cost(objects.iloc[detections.order], pairs, weights, overlaps)

    def _gaps_and_divisions(
        self, detections: Detections, links: FrameLinks, objects: pd.DataFrame
    ) -> tuple[Ids, Ids, Floats]:
        """Return predecessors, mothers, and the costs of the added links."""
        previous = links.previous
        cost_px2 = np.full(len(detections), np.nan)
        mother = np.full(len(detections), NONE, np.int64)
        if self.max_gap_frames:
            radius_px = self.max_gap_distance_px or self.max_distance_px
            previous, cost_px2 = close_gaps(
                detections, previous, self.max_gap_frames, radius_px, links.motion
            )
        if self.divisions:
            area = objects[AREA_PX2].to_numpy(np.float64) if AREA_PX2 in objects else None
            area = None if area is None else area[detections.order]
            divisions = Divisions(
                self.max_division_distance_px,
                self.max_division_asymmetry,
                self._unlinked_px2,
                self.max_distance_px,
            )
            previous, mother, born_px2 = divisions.find(detections, previous, telling_areas(area))
            cost_px2 = np.where(mother >= 0, born_px2, np.where(previous >= 0, cost_px2, np.nan))
        return previous, mother, cost_px2
