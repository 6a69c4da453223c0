"""Writer, the protocol of an open export, which gets a result frame by frame."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_celltrack.tables import Tables


class Writer(Protocol):
    """Writes a result in one format; it is closed even if the run fails."""

    def add(self, labels: npt.NDArray[np.int32]) -> None:
        """Take the labels (Y, X) of the next frame."""
        ...

    def finish(self, tables: Tables) -> None:
        """Take the tables, after the last frame."""
        ...

    def close(self) -> Any:
        """Release the files; called once, after success and after failure."""
        ...
