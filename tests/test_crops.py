"""Cells are found in any part of a picture, on any slope of the light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from napari_celltrack.segment import Regions

SIDE_PX = 360


def scene(radius_px: int, slope: float, angle: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return discs 40 times as bright as the noise, which do not touch, and their places.

    Over 256 px the light changes by `slope` times their height.
    """
    rng = np.random.default_rng(seed)
    apart = 4 * radius_px + 8
    grid = np.arange(apart // 2, SIDE_PX - radius_px - 4, apart)
    places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    places = places + rng.integers(-4, 5, places.shape)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    is_middle = np.zeros((SIDE_PX, SIDE_PX), bool)
    is_middle[tuple(places.T)] = True
    outside = distance_transform_edt(~is_middle) - radius_px
    image = rng.normal(0, 10, outside.shape) + 400 / (1 + np.exp(np.clip(2 * outside, -50, 50)))
    image += 400 * slope / 256 * (y * np.sin(angle) + x * np.cos(angle))
    return (image - image.min() + 50).astype(np.uint16), places


@settings(max_examples=10, deadline=None)
@given(
    radius_px=st.integers(5, 14),
    slope=st.floats(0, 8),
    angle=st.floats(0, 6.28),
    side_px=st.integers(48, 300),
    seed=st.integers(0, 99),
)
def test_every_disc_in_a_part_is_one_cell(
    radius_px: int, slope: float, angle: float, side_px: int, seed: int
) -> None:
    image, places = scene(radius_px, slope, angle, seed)
    start = (SIDE_PX - side_px) // 2
    labels = Regions()(image[start : start + side_px, start : start + side_px])
    places = places - start
    whole = (places > radius_px + 3).all(1) & (places < side_px - radius_px - 3).all(1)
    found = labels[tuple(places[whole].T)]
    assert (found > 0).all()
    assert len(np.unique(found)) == len(found)


@pytest.mark.parametrize("side_px", [64, 100, 120, 160, 256])
def test_a_slope_of_the_light_alone_is_no_cell(side_px: int) -> None:
    y, x = np.mgrid[:side_px, :side_px]
    noise = np.random.default_rng(side_px).normal(0, 10, (side_px, side_px))
    image = 200 + 5 * y + 8 * x + noise
    assert not Regions()(image.astype(np.uint16)).any()
