"""Which tracks to keep."""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from napari_celltrack.settings import Settings
from napari_celltrack.tables import N_FRAMES, PARENT_ID, TRACK_ID


class TrackFilter(Settings):
    """Keep tracks by length; cells of the others stay in the object table with track id 0."""

    min_length_frames: int = Field(
        1,
        ge=1,
        le=100_000,
        title="Seen in at least",
        description="Leave out tracks of cells that were seen in fewer frames than this.",
    )

    def __call__(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the track table that pass; a mother left out is no mother."""
        kept: pd.DataFrame = tracks[tracks[N_FRAMES] >= self.min_length_frames].reset_index(
            drop=True
        )
        has_mother = kept[PARENT_ID].isin(kept[TRACK_ID])
        kept[PARENT_ID] = kept[PARENT_ID].where(has_mother, 0)
        return kept
