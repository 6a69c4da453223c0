"""Folders of frames: types, sizes and numbers that do not fit; and what a file says of sizes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from napari_celltrack.batch import find_inputs
from napari_celltrack.errors import CelltrackError, MovieError
from napari_celltrack.readers import open_movie
from readers_scenes import ome_xml, sizes, write_described


def frame(dtype: str, value: float, shape: tuple[int, ...] = (6, 7)) -> np.ndarray:
    return np.full(shape, value, dtype)


def write_frames(folder: Path, *frames: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    for t, pixels in enumerate(frames):
        photometric = "rgb" if pixels.shape[-1] == 3 else "minisblack"
        tifffile.imwrite(folder / f"t{t}.tif", pixels, photometric=photometric)
    return folder


# --- types and sizes ---


@pytest.mark.parametrize(
    ("types", "values", "read_as"),
    [
        (("u1", "u2"), (200, 500), "uint16"),
        (("u2", "u1"), (500, 200), "uint16"),
        (("u2", "f4"), (500, 0.25), "float32"),
        (("f4", "u2"), (0.25, 500), "float32"),
        (("f2", "u2"), (0.5, 60_001), "float32"),
        (("u2", "i2"), (60_000, -5), "int32"),
        (("u4", "f4"), (2**32 - 1, 0.5), "float64"),
        (("bool", "u1"), (1, 255), "uint8"),
        (("f4", "f8"), (0.5, 1e300), "float64"),
    ],
)
@pytest.mark.parametrize("colours", [(), (3,)])
def test_frames_of_two_types_keep_their_values(
    tmp_path: Path,
    types: tuple[str, ...],
    values: tuple[float, ...],
    read_as: str,
    colours: tuple[int, ...],
) -> None:
    colours = () if "bool" in types else colours  # no file holds colours of one bit
    frames = [frame(*pair, (6, 7, *colours)) for pair in zip(types, values, strict=True)]
    movie = open_movie(write_frames(tmp_path, *frames))
    assert str(movie.dtype) == read_as
    assert [movie.plane(t)[0, 0] for t in (0, 1)] == list(values)
    assert movie.plane(1).dtype == read_as
    assert any(f"(t1.tif), and all are read as {read_as}" in note for note in movie.notes)


def test_no_type_holds_both(tmp_path: Path) -> None:
    write_frames(tmp_path, frame("u8", 2**63 + 1), frame("i8", -1))
    with pytest.raises(MovieError, match=r"t1\.tif is int64 and t0\.tif is uint64"):
        open_movie(tmp_path)


def test_png_of_two_depths(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "t0.png"), frame("u1", 200))
    cv2.imwrite(str(tmp_path / "t1.png"), frame("u2", 500))
    movie = open_movie(tmp_path)
    assert [int(movie.plane(t)[0, 0]) for t in (0, 1)] == [200, 500]


@pytest.mark.parametrize("odd", [(6, 8), (6, 7, 3), (2, 6, 7)])
def test_a_frame_of_another_size_is_named(tmp_path: Path, odd: tuple[int, ...]) -> None:
    write_frames(tmp_path, frame("u1", 1), frame("u1", 1), frame("u1", 1, odd))
    movie = open_movie(tmp_path)
    movie.plane(1)
    with pytest.raises(MovieError, match=r"^t2\.tif has shape"):
        movie.plane(2)


# --- names ---


def test_a_missing_number_and_folders_that_are_left_out_are_said(tmp_path: Path) -> None:
    for t in (0, 1, 2, 4):
        tifffile.imwrite(tmp_path / f"t{t}.TIF", frame("u1", t))
    write_frames(tmp_path / "more", frame("u1", 9))
    (tmp_path / "empty").mkdir()
    movie = open_movie(tmp_path)
    assert movie.notes == (
        "what is in its folders more is left out",
        "number 3 is missing, and the frames after that follow at once",
    )
    found = find_inputs([tmp_path])
    assert (len(found.items), found.ignored) == (4, (str(tmp_path / "more"),))
    assert "only images beside it" in found.reasons[0]
    for t in (0, 1, 2):
        (tmp_path / f"t{t}.TIF").unlink()
    assert open_movie(tmp_path).notes == ("what is in its folders more is left out",)


def test_patterns_find_suffixes_in_either_case(tmp_path: Path) -> None:
    for name in ("a1.TIF", "a2.tif", "a3.Tif"):
        tifffile.imwrite(tmp_path / name, frame("u1", 1))
    assert open_movie(tmp_path / "a*.tif").n_frames == 3
    for found in (find_inputs([tmp_path], pattern="*.tif"), find_inputs([tmp_path / "*.TIF"])):
        assert len(found.items) == 3
    assert len(find_inputs([tmp_path], pattern="a*.tif", frames=True).items) == 1


@pytest.mark.parametrize("pattern", ["/x/*.tif", "a**b", "***"])
def test_what_is_no_pattern_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(CelltrackError, match="pattern"):
        find_inputs([tmp_path], pattern=pattern)


# --- calibration ---


def write_imagej(path: Path, *lines: str, resolution: tuple[float, float] = (2, 2)) -> Path:
    text = "\n".join(("ImageJ=1.54f", "images=6", *lines, ""))
    tifffile.imwrite(
        path, frame("u2", 1, (6, 6, 7)), description=text.encode(), metadata=None, software=False,
        resolution=resolution, resolutionunit=1, photometric="minisblack",
    )  # fmt: skip
    return path


def test_each_axis_of_imagej_has_its_unit(tmp_path: Path) -> None:
    path = write_imagej(
        tmp_path / "a.tif",
        *("slices=3", "frames=2", "hyperstack=true", "unit=nm", "yunit=micron", "zunit=mm"),
        *("spacing=0.002", "finterval=2", "tunit=min"),
        resolution=(1 / 500, 2),
    )
    movie = open_movie(path)
    assert movie.pixel_size_um == pytest.approx((0.5, 0.5))
    assert movie.z_step_um == pytest.approx(2)
    assert movie.frame_interval_s == pytest.approx(120)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (("unit=furlong",), "its pixel size is in 'furlong'"),
        (("unit=um", "yunit=ell"), "its pixel size is in 'ell'"),
        (("unit=um", "finterval=2", "tunit=moon"), "its frame interval is in 'moon'"),
        (("unit=um", "finterval=soon"), "its frame interval 'soon' is no size"),
        (("unit=um", "fps=7"), "fps=7 is how fast ImageJ plays it"),
        (("unit=pixel",), ""),
        (("unit=inch",), ""),
        (("unit=um", "finterval=0"), ""),
    ],
)
def test_what_was_not_understood_is_said(tmp_path: Path, lines: tuple[str, ...], note: str) -> None:
    movie = open_movie(write_imagej(tmp_path / "a.tif", "frames=6", *lines))
    assert movie.frame_interval_s is None
    assert [note in said for said in movie.notes] == ([True] if note else [])


def test_what_one_source_does_not_say_another_does(tmp_path: Path) -> None:
    """ImageJ writes its own description into a file that has one in OME-XML."""
    movie = frame("u2", 1, (6, 6, 7))
    inside = '<TiffData IFD="0" PlaneCount="6"/>'
    described = ome_xml((sizes(movie, 0.25) + ' TimeIncrement="5"', inside)).decode()
    imagej = "ImageJ=1.54f\nimages=6\nframes=6\nunit=furlong\n"
    tifffile.imwrite(
        tmp_path / "a.tif", movie, description=described, metadata=None,
        extratags=[(270, 2, None, imagej, True)], resolution=(2, 2), photometric="minisblack",
    )  # fmt: skip
    read = open_movie(tmp_path / "a.tif")
    assert (read.pixel_size_um, read.frame_interval_s) == ((0.25, 0.25), 5)
    assert read.notes == ()


def test_units_of_ome_that_are_none(tmp_path: Path) -> None:
    movie = frame("u2", 1, (6, 6, 7))
    units = sizes(movie) + ' PhysicalSizeXUnit="cubit" TimeIncrement="3" TimeIncrementUnit="frame"'
    text = ome_xml((units, '<TiffData IFD="0" PlaneCount="6"/>'))
    write_described(tmp_path / "a.ome.tif", movie, text)
    read = open_movie(tmp_path / "a.ome.tif")
    assert (read.pixel_size_um, read.frame_interval_s) == (None, None)
    (note,) = read.notes
    assert "'cubit'" in note


# --- notes ---


def test_palette_and_alpha_are_said(tmp_path: Path) -> None:
    colours = np.zeros((3, 256), np.uint16)
    path = tmp_path / "palette.tif"
    tifffile.imwrite(path, frame("u1", 1), photometric="palette", colormap=colours)
    assert "colours of the palette are left out" in open_movie(path).notes[0]
    cv2.imwrite(str(tmp_path / "alpha.png"), frame("u1", 1, (6, 7, 4)))
    assert "alpha says how opaque" in open_movie(tmp_path / "alpha.png").notes[0]
    tifffile.imwrite(tmp_path / "plain.tif", frame("u2", 1))
    assert open_movie(tmp_path / "plain.tif").notes == ()
