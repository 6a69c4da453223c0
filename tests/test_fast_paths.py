"""What is done in a fast way, on real frames, against the same done in the plain way.

Where the two need not be equal to the bit, the tolerance and its reason stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from scipy import ndimage as ndi
from skimage.segmentation import watershed

from napari_celltrack.arrays import strips
from napari_celltrack.arrays.label_runs import label_runs_of
from napari_celltrack.segment import (
    Contrast,
    Otsu,
    Regions,
    WatershedDistance,
    WatershedIntensity,
    contrast,
    label_parts,
    mosaic,
    split,
)
from napari_celltrack.segment.distance import distance_to_edge
from napari_celltrack.segment.flood import basins_of
from napari_celltrack.segment.local_threshold import gaussian
from napari_celltrack.segment.mosaic import mosaics_of

SPLITS = [WatershedDistance(), WatershedDistance(intensity_weight=0), WatershedIntensity()]


@pytest.fixture
def frames(shared_data: Path) -> dict[str, np.ndarray]:
    """Return real frames: two fields of nuclei, touching nuclei, a plate, simulated nuclei."""
    bbbc = sorted((shared_data / "bbbc039" / "images").glob("*.tif"))[:2]
    others = [
        shared_data / "touching_nuclei" / "img2d.tif",
        *sorted((shared_data / "plate_two_channels").glob("*.tif"))[:1],
        *sorted((shared_data / "ctc_sim_nuclei" / "01").glob("*.tif"))[:1],
    ]
    found = {path.name: tifffile.imread(path) for path in (*bbbc, *others)}
    assert len(found) == 5
    return found


def parts_of(image: np.ndarray) -> np.ndarray:
    """Return real parts: what Otsu finds, smoothed."""
    return label_parts(Otsu()(gaussian(image.astype(np.float32), 1.0)))


@pytest.fixture
def cores() -> Iterator[None]:
    """Let a test choose how many cores OpenCV may use."""
    n_before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(n_before)


def labels_of(frames: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {name: Regions()(image) for name, image in frames.items()}
    for way in SPLITS:
        found |= {f"{name} {way}": way(parts_of(image), image) for name, image in frames.items()}
    return found


def test_pieces_on_two_cores_give_the_cells_of_the_whole_image(frames, cores, monkeypatch) -> None:
    with monkeypatch.context() as whole:
        whole.setattr(strips, "_STRIP_PX", 1 << 30)
        whole.setattr(mosaic, "_WORTH_PACKING", 0.0)
        cv2.setNumThreads(1)
        plain = labels_of(frames)
    monkeypatch.setattr(strips, "_STRIP_PX", 1 << 12)
    monkeypatch.setattr(mosaic, "_MOSAIC_PX", 1 << 11)
    cv2.setNumThreads(2)
    image = next(iter(frames.values()))
    assert len(mosaics_of(label_runs_of(parts_of(image)))) > 3
    assert len(strips.strips_of(image.shape)) > 10
    for name, found in labels_of(frames).items():
        assert found.max() > 5
        np.testing.assert_array_equal(found, plain[name], err_msg=name)


@pytest.mark.parametrize("n_cores", [1, 2])
def test_distances_in_mosaics_are_those_of_scipy(frames, cores, monkeypatch, n_cores) -> None:
    # OpenCV takes another way on one core, and its last bit depends on where in memory the mask is:
    # equal to the bit, or the same file gives other cells the next time.
    cv2.setNumThreads(n_cores)
    monkeypatch.setattr(mosaic, "_MOSAIC_PX", 1 << 11)
    for image in frames.values():
        parts = parts_of(image)
        exact = ndi.distance_transform_edt(parts).astype(np.float32)
        distance = np.zeros(parts.shape, np.float32)
        for some in mosaics_of(label_runs_of(parts)):
            distance.ravel()[some.here] = distance_to_edge(some)
        np.testing.assert_array_equal(distance, exact)


def test_basins_are_those_of_a_flood(frames) -> None:
    for image in frames.values():
        parts = parts_of(image)
        land = gaussian(ndi.distance_transform_edt(parts).astype(np.float32), 1.0)
        land = np.where(parts > 0, land, -np.inf).astype(np.float32)
        land, parts = np.pad(land, 1, constant_values=-np.inf), np.pad(parts, 1)
        basins = basins_of(land, parts, may_touch=True)
        seeds = np.zeros(parts.shape, np.int32)
        for name, (y, x) in enumerate(basins.peak[1:], 1):
            seeds[round(y), round(x)] = name
        flooded = watershed(-land, seeds, np.ones((3, 3)), mask=parts > 0)
        assert basins.contested.size > 500
        # A flood takes a pixel for the basin that reaches it first; where two ways up are nearly as
        # steep, on the line between two basins, that is not always the steepest.
        assert (flooded == basins.labels)[parts > 0].mean() > 0.999


def test_levels_from_some_pixels_are_those_from_all(frames, monkeypatch) -> None:
    # Tiled and mirrored, to be as large as those of which only some pixels and rows are looked at.
    large = {
        name: np.pad(image, [(0, 1800 - n) for n in image.shape], mode="symmetric")
        for name, image in frames.items()
    }
    from_some = {name: Contrast()(image) for name, image in large.items()}
    monkeypatch.setattr(contrast, "sample_step", lambda n_pixels: 1)
    monkeypatch.setattr(split, "sample_step", lambda n_pixels: 1)
    monkeypatch.setattr(contrast, "_ENOUGH_FOR_EDGES_PX", 1 << 40)
    for name, image in large.items():
        from_all = Contrast()(image)
        assert from_all.any()
        # A level from 60,000 pixels is off by less than a percent of the noise; that moves an
        # outline by a pixel here and there, and decides on the dimmest of specks.
        assert (from_all != from_some[name]).mean() < 1e-3, name
