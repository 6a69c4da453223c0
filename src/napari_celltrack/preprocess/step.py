"""What all steps from image to image have in common."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.settings import Settings


class Step(Settings):
    """One step from image to image, which can be switched off without losing its settings.

    A step is called with one plane (Y, X) of uint8, uint16 or float32 and returns a new plane of
    the same shape, float32 unless its class says otherwise. The engine skips steps that are off.
    """

    method: str
    enabled: bool = Field(
        True,
        title="On",
        description=(
            "Whether the step is taken. Switch it off to see the result without it; its settings"
            " are kept."
        ),
    )


class ReferenceStep(Step):
    """A step that compares a frame with a reference: the first frame of the frame range.

    Both have gone through the steps before it. The engine reads the reference through its cache,
    so no more than two frames are in memory. The first frame is its own reference and stays as it
    is; so does the single image of a projection over time.
    """

    def __call__(self, image: NDArray[Any], reference: NDArray[Any]) -> NDArray[Any]:
        """Change one plane to fit the reference.

        Parameters
        ----------
        image, reference : ndarray
            One plane (Y, X) each, of equal shape, uint8, uint16 or float32.

        Returns
        -------
        ndarray
            A new plane (Y, X).
        """
        raise NotImplementedError
