"""What an open export does with a result as it comes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_celltrack.tables import Tables


class Writer(Protocol):
    """Writes one format of one result; closed also when the run fails."""

    def add(self, labels: npt.NDArray[np.int32]) -> None:
        """Take the labels (Y, X) of the next frame."""
        ...

    def finish(self, tables: Tables) -> None:
        """Take the tables, after the last frame."""
        ...

    def close(self) -> Any:
        """Release the files; called once, after success and after failure."""
        ...
