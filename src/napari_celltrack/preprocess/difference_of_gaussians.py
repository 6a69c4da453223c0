"""Difference of two Gaussians: a band-pass filter for blobs."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from napari_celltrack.arrays.rounding import difference
from napari_celltrack.preprocess.gaussian import gaussian_blur
from napari_celltrack.preprocess.step import Step


class DifferenceOfGaussians(Step, title="Band-pass"):
    """Little blur minus much blur: keeps what is between the two sizes.

    This removes noise below the small sigma and background above the large one. The result is
    centred on zero; its negative values are intended and kept.

    References
    ----------
    Marr, D. and Hildreth, E. (1980). Theory of edge detection. Proceedings of the Royal Society
    B, 207, 187-217. ``skimage.filters.difference_of_gaussians`` with ``mode="reflect"`` is the
    reference that it is compared with.
    """

    method: Literal["difference_of_gaussians"] = "difference_of_gaussians"
    small_sigma_px: float = Field(
        1.0,
        ge=0.1,
        le=25.0,
        title="Small sigma",
        description=(
            "Details finer than this are smoothed away as noise. Higher removes more noise; too"
            " high and small cells vanish."
        ),
    )
    large_sigma_px: float = Field(
        10.0,
        ge=0.2,
        le=50.0,
        title="Large sigma",
        description=(
            "Structures coarser than this are taken away as background. Take about the diameter"
            " of a cell; lower leaves dark rings around cells, higher leaves more background."
        ),
    )

    @model_validator(mode="after")
    def _ordered(self) -> DifferenceOfGaussians:
        if self.large_sigma_px <= self.small_sigma_px:
            raise ValueError(
                f"the large sigma ({self.large_sigma_px:g} px) must be larger than"
                f" the small sigma ({self.small_sigma_px:g} px)"
            )
        return self

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the difference, which is negative around bright objects."""
        fine = gaussian_blur(image, self.small_sigma_px, self.small_sigma_px)
        return difference(fine, gaussian_blur(image, self.large_sigma_px, self.large_sigma_px))
