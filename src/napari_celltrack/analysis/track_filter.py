"""Track filter: which tracks to keep."""

from __future__ import annotations

import pandas as pd
from pydantic import Field, model_validator
from typing_extensions import Self

from napari_celltrack.errors import RecipeError
from napari_celltrack.settings import Settings
from napari_celltrack.tables import N_FRAMES, PARENT_ID, TRACK_ID


class Limit(Settings):
    """From where to where a column of the track table may go, in the unit of its name."""

    column: str = Field(
        N_FRAMES,
        title="Column",
        description="Any column of numbers of the track table, e.g. displacement_px.",
    )
    min: float | None = Field(
        None, title="From", description="Leave out tracks below this; no limit when left empty."
    )
    max: float | None = Field(
        None, title="To", description="Leave out tracks above this; no limit when left empty."
    )

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError("max must not be below min")
        return self


class TrackFilter(Settings):
    """Keep tracks by length and more; cells of the others stay in the object table with id 0."""

    min_length_frames: int = Field(
        1,
        ge=1,
        le=100_000,
        title="Seen in at least",
        description="Leave out tracks of cells that were seen in fewer frames than this.",
    )
    limits: tuple[Limit, ...] = Field(
        (),
        title="Limits",
        description=(
            "Keep tracks by any column of the track table, such as displacement or speed; a track "
            "without a value, as the speed of a cell seen once, does not pass."
        ),
    )

    def __call__(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the track table that pass; references to removed mothers become 0.

        Raises
        ------
        RecipeError
            If a limit names a column that does not exist or holds no numbers.
        """
        passes = tracks[N_FRAMES] >= self.min_length_frames
        for index, limit in enumerate(self.limits):
            numeric = [str(name) for name in tracks.select_dtypes("number").columns]
            if limit.column not in numeric:
                raise RecipeError(
                    f"tracks.limits[{index}].column: the track table has no column of numbers "
                    f"{limit.column!r}; choose one of {', '.join(numeric)}."
                )
            values = tracks[limit.column]
            if limit.min is not None:
                passes &= values >= limit.min
            if limit.max is not None:
                passes &= values <= limit.max
        kept: pd.DataFrame = tracks[passes].reset_index(drop=True)
        has_mother = kept[PARENT_ID].isin(kept[TRACK_ID])
        kept[PARENT_ID] = kept[PARENT_ID].where(has_mother, 0)
        return kept
