"""Segmentation: equal to its references, and right about real and empty images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile
from pydantic import TypeAdapter
from scipy import ndimage as ndi
from skimage import feature, filters, measure, morphology
from skimage.segmentation import watershed

from napari_celltrack.arrays import strips
from napari_celltrack.arrays.label_runs import label_runs_of
from napari_celltrack.arrays.strips import Strip, in_strips, strips_of
from napari_celltrack.segment import (
    Close,
    Contrast,
    Dilate,
    DogBlobs,
    Erode,
    FillHoles,
    Li,
    LocalGaussian,
    LocalMean,
    LogBlobs,
    Manual,
    NoSplit,
    Open,
    Otsu,
    Regions,
    Segmenter,
    Triangle,
    WatershedDistance,
    WatershedIntensity,
    Yen,
    histogram,
    in_raster_order,
    label_parts,
    mosaic,
)
from napari_celltrack.segment.local_threshold import gaussian
from napari_celltrack.segment.mosaic import mosaics_of
from napari_celltrack.settings import Settings

#: The object filter's part in the default; the segmenter itself keeps every size.
MIN_AREA_PX = 20
SHAPE = (256, 256)
GLOBAL = {
    Otsu: filters.threshold_otsu,
    Li: filters.threshold_li,
    Triangle: filters.threshold_triangle,
    Yen: filters.threshold_yen,
}
SEGMENTERS = [
    Regions(),
    *(Regions(threshold=threshold()) for threshold in GLOBAL),
    Regions(threshold=LocalMean()),
    Regions(threshold=LocalGaussian()),
    Regions(threshold=Manual(), split=WatershedIntensity()),
    Regions(split=NoSplit(), connectivity=4),
    LogBlobs(),
    DogBlobs(),
]


def disks(centres, radius=12, shape=SHAPE, height=200.0, ground=20.0):
    """Return an image of bright disks and their mask."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    mask = np.zeros(shape, bool)
    for row, column in centres:
        mask |= (y - row) ** 2 + (x - column) ** 2 <= radius**2
    return (ground + height * mask).astype(np.float32), mask


def noisy_nuclei(dtype=np.uint16, seed=3):
    """Return a made field of 30 separate nuclei with blur and noise, and its mask."""
    random = np.random.default_rng(seed)
    grid = [(25 + 45 * i, 22 + 42 * j) for i in range(5) for j in range(6)]
    image, mask = disks(grid, radius=9, shape=(240, 260), height=100, ground=30)
    blurred = ndi.gaussian_filter(image, 1.5) + random.normal(0, 3, image.shape)
    return blurred.clip(0, 255).astype(dtype), mask


def n_cells(labels, min_area_px=MIN_AREA_PX):
    return int((np.bincount(labels.ravel())[1:] >= min_area_px).sum())


def real_masks(shared_data):
    for file in sorted((shared_data / "bbbc039" / "images").iterdir())[:3]:
        yield Otsu()(tifffile.imread(file))
    yield Otsu(offset=-20)(tifffile.imread(shared_data / "lesson4" / "f20.tif")[..., 0])


def real_images(shared_data):
    for file in sorted((shared_data / "bbbc039" / "images").iterdir()):
        yield tifffile.imread(file)
    for name in ("f1", "f40"):
        yield tifffile.imread(shared_data / "lesson4" / f"{name}.tif")[..., 0]


# --- equal to the references -------------------------------------------------------------------


@pytest.mark.parametrize("threshold", GLOBAL)
def test_automatic_level_equals_scikit_image(threshold, shared_data):
    for image in real_images(shared_data):
        assert threshold().automatic_level(image) == float(GLOBAL[threshold](image))


@pytest.mark.parametrize("threshold", GLOBAL)
def test_automatic_level_of_floats_is_near_scikit_image(threshold):
    image = noisy_nuclei()[0].astype(np.float32) / 7
    level, reference = threshold().automatic_level(image), float(GLOBAL[threshold](image))
    assert abs(level - reference) < 0.01 * np.ptp(image)


def test_level_is_automatic_level_times_factor_plus_offset():
    image, _ = noisy_nuclei()
    automatic = Otsu().automatic_level(image)
    threshold = Otsu(factor=1.5, offset=-7)
    assert threshold.level(image) == automatic * 1.5 - 7
    np.testing.assert_array_equal(threshold(image), image > automatic * 1.5 - 7)


@pytest.mark.parametrize("value", [-5, 0, 29.5, 30, 254.9, 255, 300])
def test_manual_level_may_lie_anywhere(value):
    image, _ = noisy_nuclei(np.uint8)
    np.testing.assert_array_equal(Manual(value=value)(image), image > float(value))


def test_histogram_counts_every_pixel():
    for dtype in (np.uint8, np.uint16, np.float32):
        image = noisy_nuclei(dtype)[0]
        counts, centers = histogram(image)
        assert counts.sum() == image.size
        assert (centers[0], centers[-1]) == pytest.approx((image.min(), image.max()), abs=0.01)


def test_local_thresholds_equal_scikit_image(shared_data):
    for image in real_images(shared_data):
        mean = image > filters.threshold_local(image, 25, "mean", offset=-3)
        gauss = image > filters.threshold_local(image, 3, "gaussian", offset=-3, param=10)
        # Sums in another order round differently where a pixel is just at its level.
        assert np.mean(LocalMean(radius_px=12, offset=3)(image) != mean) < 1e-4
        assert np.mean(LocalGaussian(sigma_px=10, offset=3)(image) != gauss) < 1e-4


@pytest.mark.parametrize("radius", [1, 2, 3, 5, 9])
def test_morphology_equals_scikit_image(radius, shared_data):
    disk = morphology.disk(radius)
    for mask in real_masks(shared_data):
        assert (Open(radius_px=radius)(mask) == morphology.opening(mask, disk)).all()
        assert (Close(radius_px=radius)(mask) == morphology.closing(mask, disk)).all()
        assert (Dilate(radius_px=radius)(mask) == morphology.dilation(mask, disk)).all()
        inside = Erode(radius_px=radius, outside="foreground")(mask)
        assert (inside == morphology.erosion(mask, disk)).all()
        # scipy takes what lies outside as background unless told otherwise.
        assert (Erode(radius_px=radius)(mask) == ndi.binary_erosion(mask, disk)).all()


def test_fill_holes_equals_scipy(shared_data):
    for mask in real_masks(shared_data):
        for case in (mask, ~mask, mask ^ np.roll(mask, 3)):
            assert (FillHoles()(case) == ndi.binary_fill_holes(case)).all()


@pytest.mark.parametrize("connectivity", [4, 8])
def test_parts_equal_scikit_image(connectivity, shared_data):
    random = np.random.default_rng(0).random(SHAPE) > 0.6
    for mask in (random, *real_masks(shared_data)):
        reference = measure.label(mask, connectivity=connectivity // 4)
        assert (label_parts(mask, connectivity) == reference).all()


def test_raster_order_closes_gaps():
    labels = np.array([[0, 9, 9, 4], [7, 9, 0, 4]], dtype=np.int32)
    assert in_raster_order(labels).tolist() == [[0, 1, 1, 2], [3, 1, 0, 2]]


def test_intensity_watershed_agrees_with_flooding():
    centres = [(100, 100), (100, 119), (117, 109)]
    _, mask = disks(centres, radius=11)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    hills = [np.exp(-((y - r) ** 2 + (x - c) ** 2) / 60) for r, c in centres]
    image = (np.max(hills, axis=0) * 1000).astype(np.float32)
    seeds = np.zeros(SHAPE, int)
    for number, (row, column) in enumerate(centres, 1):
        seeds[row, column] = number
    flooded = watershed(-ndi.gaussian_filter(image, 2), seeds, mask=mask, connectivity=2)
    found = WatershedIntensity()(label_parts(mask), image)
    assert found.max() == 3
    for number in (1, 2, 3):
        overlap = (flooded == number) & (found == found[centres[number - 1]])
        assert overlap.sum() > 0.95 * (flooded == number).sum()


def test_blobs_equal_scikit_image(shared_data):
    image = next(real_images(shared_data))
    from_zero = (image - image.min()).astype(np.float32)
    log = LogBlobs(min_diameter_px=15, max_diameter_px=40, min_contrast=200, noise_factor=0)
    low, high = 15 / np.sqrt(8), 40 / np.sqrt(8)
    reference = feature.blob_log(from_zero, low, high, 6, threshold=400 / np.e)
    assert sorted(map(tuple, log.spots(image)[:, :2])) == sorted(map(tuple, reference[:, :2]))
    dog = DogBlobs(min_diameter_px=15, max_diameter_px=40, min_contrast=200, noise_factor=0)
    reference = feature.blob_dog(from_zero, low, high, 1.4, threshold=400 / np.e)
    assert sorted(map(tuple, dog.spots(image)[:, :2])) == sorted(map(tuple, reference[:, :2]))


# --- splitting --------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [7, 9, 14, 25])
@pytest.mark.parametrize("apart", [1.5, 1.75, 1.95])
def test_touching_disks_are_parted(radius, apart):
    image, mask = disks([(120, 100), (120, 100 + round(apart * radius))], radius)
    assert WatershedDistance()(label_parts(mask), image).max() == 2


@pytest.mark.parametrize("half_width", [5, 9, 14])
def test_rods_and_beans_stay_whole(half_width):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rod = ndi.binary_dilation((y == 128) & (abs(x - 128) < 3 * half_width), iterations=1)
    rod = ndi.distance_transform_edt(~rod) <= half_width
    arc = abs(np.hypot(y - 128, x - 128) - 4 * half_width) <= half_width
    bean = arc & (y < 128) & (abs(x - 128) < 3 * half_width)
    for mask in (rod, bean):
        parts = label_parts(mask)
        assert parts.max() == 1
        assert WatershedDistance()(parts, mask.astype(np.float32)).max() == 1


def test_a_dark_line_parts_cells_that_have_no_neck():
    image, mask = disks([(100, 100)], radius=20)
    image[:, 100] = 40
    assert WatershedIntensity(smoothing_px=1)(label_parts(mask), image).max() == 2


def test_parts_that_meet_at_a_corner_stay_apart():
    mask = np.zeros((40, 40), bool)
    mask[5:20, 5:20] = mask[20:35, 20:35] = True
    parts = label_parts(mask, 4)
    for split in (WatershedDistance(), WatershedIntensity(), NoSplit()):
        assert (split(parts, mask.astype(np.float32)) == parts).all()


@pytest.mark.parametrize("share", [0.2, 0.55])  # laid close together, and left where they are
@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("split", [WatershedDistance(), WatershedIntensity()])
def test_splitting_cuts_parts_and_loses_nothing(split, connectivity, share):
    random = np.random.default_rng(1)
    smooth = ndi.gaussian_filter(random.random(SHAPE), 2)
    mask = smooth > np.quantile(smooth, 1 - share)
    mask ^= random.random(SHAPE) > 0.97  # so that many parts meet at corners
    parts = label_parts(mask, connectivity)
    cells = split(parts, (1000 * smooth).astype(np.float32))
    assert cells.max() > parts.max()
    assert ((cells > 0) == mask).all()
    # Each cell is one piece of one part.
    pairs = np.unique(np.stack([cells[mask], parts[mask]]), axis=1)
    assert pairs.shape[1] == cells.max()
    alone = measure.label(cells, background=0, connectivity=2)
    assert alone.max() == cells.max()


def test_discs_of_blobs_do_not_overlap():
    image, mask = disks([(60, 60), (60, 82), (150, 150)], radius=12)
    labels = LogBlobs(min_diameter_px=16, max_diameter_px=32)(image)
    assert labels.max() == 3
    assert np.mean((labels > 0) != mask) < 0.01


# --- strips ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_threads", [1, 2])
def test_strips_hold_each_row_once_with_all_around_it(n_threads):
    image = np.random.default_rng(0).random((901, 700)).astype(np.float32)
    assert len(strips_of(image.shape, halo_px=4)) > 2
    smooth = np.zeros_like(image)
    n_before = cv2.getNumThreads()
    cv2.setNumThreads(n_threads)
    try:

        def fill(strip: Strip) -> int:
            smooth[strip.rows] += gaussian(image[strip.wide], 1.0)[strip.inside]
            return strip.rows.start

        starts = in_strips(fill, image.shape, halo_px=4)
    finally:
        cv2.setNumThreads(n_before)
    assert starts == sorted(starts)
    np.testing.assert_array_equal(smooth, gaussian(image, 1.0))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_contrast_is_the_same_in_many_strips_and_in_one(dtype, monkeypatch):
    image, _ = noisy_nuclei(dtype)
    assert len(strips_of(image.shape)) == 1
    in_one = Contrast()(image)
    monkeypatch.setattr(strips, "_STRIP_PX", 50 * image.shape[1])
    assert len(strips_of(image.shape)) == 5
    assert in_one.any()
    np.testing.assert_array_equal(Contrast()(image), in_one)


def touching_cells(shape: tuple[int, int]) -> np.ndarray:
    """Pairs of cells that touch, bright in the middle, all over the image and cut by its border."""
    y, x = np.indices(shape)
    far = np.minimum(*(np.hypot(y % 31 - 15, x % 47 - centre) for centre in (15, 31)))
    return np.clip(1000 - 50 * far, 100, None).astype(np.uint16)


@pytest.mark.parametrize("split", [WatershedDistance(), WatershedIntensity(smoothing_px=1.0)])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_cells_are_parted_the_same_in_many_mosaics_and_in_one(split, n_threads, monkeypatch):
    image, _ = noisy_nuclei(np.uint16)
    image = np.maximum(image, touching_cells(image.shape))
    parts = label_parts(image > 500)
    in_one = split(parts, image)
    assert in_one.max() > parts.max() > 10
    monkeypatch.setattr(mosaic, "_MOSAIC_PX", 500)
    monkeypatch.setattr(strips, "_STRIP_PX", 50 * image.shape[1])
    assert len(mosaics_of(label_runs_of(parts))) > 5
    n_before = cv2.getNumThreads()
    cv2.setNumThreads(n_threads)
    try:
        np.testing.assert_array_equal(split(parts, image), in_one)
        # However the parts are numbered, the cells are numbered by their first pixel.
        backwards = np.where(parts > 0, parts.max() + 1 - parts, 0).astype(np.int32)
        np.testing.assert_array_equal(split(backwards, image), in_one)
    finally:
        cv2.setNumThreads(n_before)


# --- robust, deterministic ---------------------------------------------------------------------


@pytest.mark.parametrize("segmenter", SEGMENTERS, ids=lambda s: str(s.model_dump())[:60])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 40), (17, 16)])
def test_any_small_image_gives_labels(segmenter, dtype, shape):
    top = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    ramp = np.linspace(0, top, shape[0] * shape[1]).reshape(shape).astype(dtype)
    for image in (np.zeros(shape, dtype), np.full(shape, top, dtype), ramp, ramp[::-1, ::-1]):
        labels = segmenter(image)
        assert labels.shape == shape
        assert labels.dtype == np.int32
        assert set(np.unique(labels)) - {0} == set(range(1, labels.max() + 1))


@pytest.mark.parametrize("segmenter", SEGMENTERS, ids=lambda s: str(s.model_dump())[:60])
def test_views_and_repeats_give_the_same(segmenter):
    image, _ = noisy_nuclei()
    labels = segmenter(image)
    before = image.copy()
    strided = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)[::2, ::2]
    assert (segmenter(strided) == labels).all()
    assert (segmenter(np.asfortranarray(image)) == labels).all()
    assert (in_raster_order(labels) == labels).all()
    assert (image == before).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_default_finds_made_nuclei(dtype):
    image, mask = noisy_nuclei(dtype)
    labels = Regions()(image)
    assert n_cells(labels) == 30
    assert ((labels > 0) & mask).sum() / ((labels > 0) | mask).sum() > 0.85


def test_dim_cells_beside_bright_ones_are_found():
    image, _ = disks([(60, 60), (180, 60)], height=1000, ground=100)
    dim, _ = disks([(60, 90), (180, 180)], height=350, ground=0)
    noise = np.random.default_rng(0).normal(0, 10, SHAPE)
    both = ndi.gaussian_filter(np.maximum(image, dim + 100), 1.5) + noise
    assert n_cells(Regions()(both.astype(np.float32))) == 4


def test_every_method_reads_from_yaml_like_values():
    adapter = TypeAdapter(Segmenter)
    for segmenter in SEGMENTERS:
        values = segmenter.model_dump(mode="json")
        assert next(iter(values)) == "method"
        assert adapter.validate_python(values) == segmenter


def test_every_field_explains_itself():
    def settings_in(value):
        if isinstance(value, Settings):
            yield value
            for name in type(value).model_fields:
                yield from settings_in(getattr(value, name))
        elif isinstance(value, tuple):
            for entry in value:
                yield from settings_in(entry)

    steps = (Erode(), Dilate(), Open(), Close(), FillHoles())
    for segmenter in [*SEGMENTERS, Regions(morphology=steps)]:
        for value in settings_in(segmenter):
            for name, field in type(value).model_fields.items():
                assert name == "method" or (field.title and field.description), (value, name)
