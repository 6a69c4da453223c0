"""trackpy: the linker of the particle-tracking community, for comparison with its results."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from scipy.spatial import cKDTree

from napari_celltrack.errors import CelltrackError
from napari_celltrack.link.candidates import near_pairs
from napari_celltrack.link.confidence import Costs, with_confidence
from napari_celltrack.link.detections import NONE, Detections
from napari_celltrack.link.linker import Linking
from napari_celltrack.settings import ADVANCED, Settings

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

#: Ways to link the cells of one crowd, above which the radius is lowered there.
MAX_COMBINATIONS = 100_000_000


class Trackpy(Settings, title="Particles (trackpy)"):
    """trackpy: the Crocker-Grier algorithm, with adaptive search.

    Finds the links between two frames whose squared lengths are smallest in sum. Where cells are
    so crowded that this would take too long, the radius is lowered step by step, there only.

    References
    ----------
    Crocker & Grier, "Methods of digital video microscopy for colloidal studies", J. Colloid
    Interface Sci. 179, 1996, as implemented in trackpy, doi 10.5281/zenodo.4682814.
    """

    method: Literal["trackpy"] = "trackpy"
    max_distance_px: float = Field(
        20.0,
        gt=0,
        le=10_000,
        title="Search radius",
        description=(
            "The farthest a cell may move from one detection to the next. Too low breaks tracks of "
            "fast cells, too high is slow and lets neighbours swap."
        ),
    )
    max_gap_frames: int = Field(
        1,
        ge=0,
        le=100,
        title="Gaps up to",
        description=(
            "Frames in a row in which a cell may be missing before its track ends (trackpy's "
            "memory). Raise it when cells flicker; 0 ends a track at the first miss."
        ),
    )
    predict: Literal["none", "drift", "nearest_velocity"] = Field(
        "none",
        title="Predict motion",
        description=(
            "Where a cell is expected: at its last place, moved on as all cells did on average, "
            "or as the cell nearest to it did."
        ),
    )
    adaptive_stop_px: float = Field(
        1.0,
        gt=0,
        le=10_000,
        title="Least radius",
        description=(
            "How far the search radius may be lowered where cells are crowded. Lower it when "
            "linking gives up; higher gives up sooner."
        ),
        json_schema_extra=ADVANCED,
    )
    adaptive_step: float = Field(
        0.9,
        ge=0.1,
        le=0.99,
        title="Lower radius by",
        description=(
            "Factor by which the radius is lowered each time where cells are crowded. Nearer to "
            "1 keeps more links, lower is faster."
        ),
        json_schema_extra=ADVANCED,
    )

    @property
    def needs_overlaps(self) -> bool:
        """Whether the overlaps of masks would change the answer; never."""
        return False

    def __call__(
        self, objects: pd.DataFrame, n_frames: int, overlaps: pd.DataFrame | None = None
    ) -> Linking:
        """Link objects, without parents: trackpy finds no divisions and uses no overlaps.

        Raises
        ------
        CelltrackError
            If cells are too crowded for the search radius.
        """
        detections = Detections.read(objects, n_frames)
        pairs = near_pairs(detections, self.max_distance_px)
        no_mother = np.full(len(detections), NONE, np.int64)
        costs = Costs(pairs, pairs.distance_px**2, self.max_distance_px**2)
        return with_confidence(detections, self._previous(detections), no_mother, costs)

    def _previous(self, detections: Detections) -> Ids:
        """Return the row of each object's last detection, or -1."""
        from trackpy.linking import link_iter
        from trackpy.linking.utils import SubnetOversizeException

        previous = np.full(len(detections), NONE, np.int64)
        if not len(detections):
            return previous
        position = np.stack([detections.place.real, detections.place.imag], -1)
        starts, last_row = detections.starts().tolist(), dict[int, int]()
        field = _VelocityField(self.predict, position, detections.frame)
        # trackpy cannot begin with an empty frame.
        frames = range(int(detections.frame[0]), detections.n_frames)
        links = link_iter(
            ((t, position[starts[t] : starts[t + 1]]) for t in frames),
            self.max_distance_px,
            memory=self.max_gap_frames,
            predictor=None if self.predict == "none" else field,
            adaptive_stop=min(self.adaptive_stop_px, self.max_distance_px),
            adaptive_step=self.adaptive_step,
            link_strategy=_bounded,
        )
        done = frames.start - 1
        try:
            for frame, ids in _quietly(links):
                rows = np.arange(starts[frame], starts[frame + 1])
                previous[rows] = [last_row.get(particle, NONE) for particle in ids]
                last_row.update(zip(ids, rows.tolist(), strict=True))
                field.observe(rows, previous[rows])
                done = frame
        except (SubnetOversizeException, RecursionError) as error:
            n_cells = starts[done + 2] - starts[done + 1]
            raise CelltrackError(
                f"The {n_cells} cells of frame {done + 1} are too crowded for trackpy at a "
                f"search radius of {self.max_distance_px:g} px; lower the search radius or the "
                f"least radius ({self.adaptive_stop_px:g} px), or use the assignment linker."
            ) from error
        return previous


class _VelocityField:
    """Where cells are expected: trackpy's predictors, which here accept empty frames too."""

    def __init__(self, kind: str, position: Floats, frame: Ids) -> None:
        self.kind = kind
        self.position, self.frame = position, frame
        self.places = np.zeros((0, 2))
        self.velocities = np.zeros((0, 2))

    def observe(self, rows: Ids, previous: Ids) -> None:
        """Remember the last steps of the cells in some rows; without any, keep the old steps."""
        rows, previous = rows[previous >= 0], previous[previous >= 0]
        if len(rows):
            n_frames = self.frame[rows] - self.frame[previous]
            self.places = self.position[rows]
            self.velocities = (self.places - self.position[previous]) / n_frames[:, None]

    def __call__(self, frame: int, particles: Any) -> Floats:
        """Return the places where particles are expected, shape (n, 2)."""
        particles = list(particles)
        places = np.array([particle.pos for particle in particles], np.float64).reshape(-1, 2)
        n_steps = np.array([frame - particle.t for particle in particles], np.float64)
        if not len(self.velocities):
            return places
        if self.kind == "drift":
            step = np.broadcast_to(self.velocities.mean(0), places.shape)
        else:
            step = self.velocities[cKDTree(self.places).query(places)[1]]
        return places + step * n_steps[:, None]


def _bounded(source_set: Any, dest_set: Any, search_range: float, **options: Any) -> Any:
    """Solve a subnet as trackpy does, or refuse it if that could take forever.

    trackpy limits the number of cells in a subnet, but if cells lie at one place it tries all their
    combinations.
    """
    from trackpy.linking.subnetlinker import subnet_linker_recursive
    from trackpy.linking.utils import SubnetOversizeException

    if math.prod(len(source.forward_cands) + 1 for source in source_set) > MAX_COMBINATIONS:
        raise SubnetOversizeException("too many combinations")
    return subnet_linker_recursive(source_set, dest_set, search_range, **options)


def _quietly(links: Iterator[tuple[int, list[int]]]) -> Iterator[tuple[int, list[int]]]:
    """Iterate over links without trackpy's log message for each frame."""
    logger = logging.getLogger("trackpy")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield from links
    finally:
        logger.setLevel(level)
