"""Image to image: the methods that make cells easier to detect, one file each.

How a step is called stands in :mod:`napari_celltrack.preprocess.step`. A new method is a file here
and its name in ``PreprocessStep``.
"""

from __future__ import annotations

from typing import get_args

from napari_celltrack.preprocess.bleaching import BleachCorrection
from napari_celltrack.preprocess.clahe import Clahe
from napari_celltrack.preprocess.difference_of_gaussians import DifferenceOfGaussians
from napari_celltrack.preprocess.drift_correction import (
    DriftCorrection,
    phase_shift_px,
    stabilised,
)
from napari_celltrack.preprocess.gaussian import Gaussian
from napari_celltrack.preprocess.gaussian_background import GaussianBackground
from napari_celltrack.preprocess.invert import Invert
from napari_celltrack.preprocess.median import Median
from napari_celltrack.preprocess.normalize import Normalize
from napari_celltrack.preprocess.rolling_ball import RollingBall
from napari_celltrack.preprocess.step import ReferenceStep, Step
from napari_celltrack.preprocess.texture import Texture
from napari_celltrack.preprocess.white_tophat import WhiteTophat

PreprocessStep = (
    Gaussian
    | Median
    | DifferenceOfGaussians
    | WhiteTophat
    | RollingBall
    | GaussianBackground
    | Normalize
    | Clahe
    | Texture
    | Invert
    | BleachCorrection
    | DriftCorrection
)

#: The classes of the union, in the order of the menu.
METHODS: tuple[type[Step], ...] = get_args(PreprocessStep)

__all__ = [
    "METHODS",
    "BleachCorrection",
    "Clahe",
    "DifferenceOfGaussians",
    "DriftCorrection",
    "Gaussian",
    "GaussianBackground",
    "Invert",
    "Median",
    "Normalize",
    "PreprocessStep",
    "ReferenceStep",
    "RollingBall",
    "Step",
    "Texture",
    "WhiteTophat",
    "phase_shift_px",
    "stabilised",
]
