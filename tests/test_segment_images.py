"""Segmentation of whole images: none where there are no cells, the right ones where there are."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from pydantic import TypeAdapter
from scipy import ndimage as ndi

from napari_celltrack.segment import (
    Contrast,
    Erode,
    Li,
    LocalGaussian,
    LocalMean,
    NoSplit,
    Open,
    Otsu,
    Regions,
    Segmenter,
    Triangle,
    Yen,
)

#: The object filter's part in the default; the segmenter itself keeps every size.
MIN_AREA_PX = 20
EXAMPLES = Path(__file__).parents[1] / "examples" / "lesson4"


def n_cells(labels, min_area_px=MIN_AREA_PX):
    return int((np.bincount(labels.ravel())[1:] >= min_area_px).sum())


# --- images without cells ----------------------------------------------------------------------


def _empty_images():
    random = np.random.default_rng(0)
    shape = (512, 512)
    y, x = np.mgrid[:512, :512]
    from_centre = (x - 256) ** 2 + (y - 256) ** 2
    for sigma in (1, 3, 10, 30):
        noise = random.normal(100, sigma, shape)
        yield f"gauss {sigma} float32", noise.astype(np.float32)
        yield f"gauss {sigma} uint8", noise.clip(0, 255).astype(np.uint8)
        yield f"gauss {sigma} uint16", (noise * 20).clip(0).astype(np.uint16)
    yield "gauss cut at zero", random.normal(0, 5, shape).clip(0).astype(np.uint8)
    for mean in (0.05, 0.3, 1, 5, 100, 1000):
        yield f"poisson {mean}", random.poisson(mean, shape).astype(np.uint16)
    backgrounds = {
        "gradient": 100 + x * 1.0,
        "slanted gradient": 50 + 0.3 * x + 0.2 * y,
        "vignette": 1000 * np.exp(-from_centre / (2 * 300**2)),
        "light spot": 200 + 1000 * np.exp(-from_centre / (2 * 150**2)),
    }
    for name, ground in backgrounds.items():
        yield name, ground.astype(np.uint16)
        yield f"{name} float32", ground.astype(np.float32)
        yield f"{name} noise", (ground + random.normal(0, 10, shape)).clip(0).astype(np.uint16)
        yield f"{name} poisson", random.poisson(ground).astype(np.uint16)
    hot = random.normal(100, 5, shape)
    for row, column in random.integers(5, 500, (20, 2)):
        hot[row : row + 1 + row % 2, column : column + 1 + row % 2] = 60000
    yield "hot pixels and clusters", hot.clip(0).astype(np.uint16)
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535), (np.float32, 1)):
        yield f"zeros {dtype.__name__}", np.zeros(shape, dtype)
        yield f"saturated {dtype.__name__}", np.full(shape, top, dtype)


@pytest.mark.parametrize("image", [pytest.param(image, id=name) for name, image in _empty_images()])
def test_an_image_without_cells_has_none(image):
    assert n_cells(Regions()(image)) == 0


def test_constant_image_has_no_foreground():
    flat = np.full((20, 20), 7, np.uint8)
    for threshold in (Otsu(), Li(), Triangle(), Yen(), LocalMean(), LocalGaussian(), Contrast()):
        assert not threshold(flat).any()
    assert not Otsu(offset=-5)(flat).any()


# --- real images -------------------------------------------------------------------------------


def test_published_counts_of_the_lesson(shared_data):
    opened, eroded = [], []
    for name in ("f1", "f20", "f32", "f40", "f8"):
        red = tifffile.imread(shared_data / "lesson4" / f"{name}.tif")[..., 0]
        median = ndi.median_filter(red, size=2)
        opening = Regions(threshold=Otsu(), morphology=(Open(radius_px=3),), split=NoSplit())
        erosion = Regions(
            threshold=Otsu(offset=-20), morphology=(Erode(radius_px=3),), split=NoSplit()
        )
        opened.append(int(opening(median).max()))
        eroded.append(int(erosion(median).max()))
    assert opened == [20, 22, 20, 23, 21]
    assert eroded == [20, 22, 21, 21, 22]


def test_default_counts_bbbc039(shared_data):
    folder = shared_data / "bbbc039"
    scores, errors = [], []
    with (folder / "counts.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if "A12" not in row["image"]]
    for row in rows:
        n_true = int(row["count_components_ge20px"])
        found = Regions()(tifffile.imread(folder / "images" / row["image"]))
        found = _large(found, MIN_AREA_PX)
        truth = _large(tifffile.imread(folder / "labels" / row["image"]), 20)
        scores.append(_f1(found, truth))
        errors.append(abs(int(found.max()) - n_true) / n_true)
    assert np.mean(scores) >= 0.93
    assert np.mean(errors) <= 0.04


def test_lesson_video_shows_nine_nuclei_in_every_frame(shared_data):
    av = pytest.importorskip("av")
    lesson: Path = shared_data / "lesson4"
    recipe = yaml.safe_load((EXAMPLES / "video.yaml").read_text())
    segmenter = TypeAdapter(Segmenter).validate_python(recipe["segment"])
    min_area_px = recipe["objects"]["min_area_px2"]
    truth: dict[int, list[tuple[float, float]]] = {}
    with (lesson / "truth" / "cellvideo_tracks_9_nuclei.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            truth.setdefault(int(row["frame"]), []).append((float(row["y"]), float(row["x"])))
    with av.open(str(lesson / "CellVideo.mp4")) as video:
        for frame, image in enumerate(video.decode(video=0)):
            red = image.to_ndarray(format="rgb24")[..., 0]
            labels = _large(segmenter(red), min_area_px)
            centres = np.array(ndi.center_of_mass(labels > 0, labels, range(1, labels.max() + 1)))
            for centre in truth.get(frame, []):
                assert np.hypot(*(centres - centre).T).min() < 5, (frame, centre)


def _large(labels, min_area_px):
    keep = np.bincount(labels.ravel().astype(np.int64)) >= min_area_px
    keep[0] = False
    return (np.cumsum(keep) * keep)[labels]


def _f1(found, truth):
    n_found, n_true = int(found.max()), int(truth.max())
    shared = np.bincount(
        (found * (n_true + 1) + truth).ravel(), minlength=(n_found + 1) * (n_true + 1)
    )
    shared = shared.reshape(n_found + 1, n_true + 1)
    union = shared.sum(1)[1:, None] + shared.sum(0)[None, 1:] - shared[1:, 1:]
    return 2 * np.count_nonzero(2 * shared[1:, 1:] > union) / (n_found + n_true)
