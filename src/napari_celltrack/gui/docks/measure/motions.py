"""What the dock *Measure & plots* says of a track in words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from napari_celltrack.analysis import common_motion, drift_warning, steps
from napari_celltrack.gui.found_cells import Followed
from napari_celltrack.tables import (
    CUMULATIVE_PATH_PX,
    CUMULATIVE_PATH_UM,
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    STEP_PX,
    STEP_UM,
    TRACK_ID,
)

_CLICK = "Click a curve to go there."


@dataclass(frozen=True, eq=False)
class Motions:
    """How the cells of some tracks move, worked out for a track when it is asked for.

    Parameters
    ----------
    followed : Followed
        The tracks.
    drift : DataFrame or None
        What is subtracted from positions.
    """

    followed: Followed
    drift: pd.DataFrame | None

    @classmethod
    def of(cls, followed: Followed) -> Motions:
        """Return the motions, with the drift out of them if the recipe asks for that."""
        if not followed.recipe.motion.subtract_drift:
            return cls(followed, None)
        drift = followed.tables.drift
        is_known = bool(drift[[DRIFT_Y_PX, DRIFT_X_PX]].to_numpy().any())
        return cls(followed, drift if is_known else common_motion(followed.linked.objects))

    def sentence(self, track_id: int, frame: int) -> str:
        """Say how far a track has come in a frame, and what a click does."""
        tables, movie, recipe = self.followed.tables, self.followed.movie, self.followed.recipe
        if not len(tables.tracks):
            return ""
        if track_id == 0:
            return f"{_CLICK}"
        objects = tables.objects
        own = objects[objects[TRACK_ID] == track_id]
        if own.empty:
            return f"Track {track_id} does not pass the filter. {_CLICK}"
        if not (own[FRAME] == frame).any():
            return f"Track {track_id} is not seen in frame {frame}. {_CLICK}"
        calibrated = recipe.input.calibrated(movie)
        found = steps(own, calibrated.pixel_size_um, calibrated.frame_interval_s, self.drift)
        at = found[found[FRAME] == frame].iloc[0]
        has_um = calibrated.pixel_size_um is not None
        step, path = (
            (at[STEP_UM], at[CUMULATIVE_PATH_UM])
            if has_um
            else (at[STEP_PX], at[CUMULATIVE_PATH_PX])
        )
        unit = "µm" if has_um else "px"
        walked = f"step {_short(step)} {unit}, path {_short(path)} {unit}"
        if pd.isna(step):
            walked = "its first frame"
        return f"Track {track_id}, frame {frame}: {walked}. {_CLICK}"

    def warning(self) -> str:
        """Say it when much of the motion is that of all cells together, and still in it."""
        if self.drift is not None:
            return ""
        tables = self.followed.tables
        return drift_warning(tables.objects, tables.drift)


def _short(length: float) -> str:
    return f"{length:.0f}" if abs(length) >= 10 else f"{length:.2g}"
