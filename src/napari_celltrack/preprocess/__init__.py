"""Image to image: the methods that make cells easier to find, one file each.

A method takes one plane (Y, X) of uint8, uint16 or float32 and gives a new one (Y, X) of
float32; only the median keeps the data type. A new method is a file here and its name in
``PreprocessStep``.
"""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from napari_celltrack.preprocess.clahe import Clahe
from napari_celltrack.preprocess.difference_of_gaussians import DifferenceOfGaussians
from napari_celltrack.preprocess.gaussian import Gaussian
from napari_celltrack.preprocess.gaussian_background import GaussianBackground
from napari_celltrack.preprocess.invert import Invert
from napari_celltrack.preprocess.median import Median
from napari_celltrack.preprocess.normalize import Normalize
from napari_celltrack.preprocess.rolling_ball import RollingBall
from napari_celltrack.preprocess.white_tophat import WhiteTophat
from napari_celltrack.settings import Settings

PreprocessStep = Annotated[
    Gaussian
    | Median
    | DifferenceOfGaussians
    | WhiteTophat
    | RollingBall
    | GaussianBackground
    | Normalize
    | Clahe
    | Invert,
    Field(discriminator="method"),
]

#: The classes of the union, in the order of the menu.
METHODS: tuple[type[Settings], ...] = get_args(get_args(PreprocessStep)[0])

__all__ = [
    "METHODS",
    "Clahe",
    "DifferenceOfGaussians",
    "Gaussian",
    "GaussianBackground",
    "Invert",
    "Median",
    "Normalize",
    "PreprocessStep",
    "RollingBall",
    "WhiteTophat",
]
