"""Readers: known pixels, known axes, and one sentence for whatever cannot be read."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

from napari_celltrack.errors import MovieError
from napari_celltrack.movie import Movie
from napari_celltrack.readers import MOVIE_SUFFIXES, is_image_file, natural_key, open_movie
from readers_scenes import (
    damaged,
    decoded_in_order,
    pixels,
    small_files,
    smooth_rgb,
    write_ome_zarr,
    write_video,
)


def whole(movie: Movie) -> np.ndarray:
    """Read all planes, shape (T, Z, C, Y, X)."""
    ranges = range(movie.n_frames), range(movie.n_z), range(len(movie.channels))
    return np.array(
        [[[movie.plane(t, z, c) for c in ranges[2]] for z in ranges[1]] for t in ranges[0]]
    )


# --- the shared folder of formats ---

# name: axes, frames, planes, channels, dtype
FORMATS = {
    "10ct_32bit_128.tiff": ("YX", 1, 1, 1, "float32"),
    "12bit.cropped.tif": ("YX", 1, 1, 1, "uint16"),
    "12in16bit.tif": ("YX", 1, 1, 1, "uint16"),
    "16bit.s.tif": ("YX", 1, 1, 1, "int16"),
    "MetamorphImage.tif": ("YX", 1, 1, 1, "uint16"),
    "TiffWriter.mixedA_float32.tif": ("TCYX", 2, 1, 2, "float32"),
    "hopper_bigtiff.tif": ("YXC", 1, 1, 3, "uint8"),
    "hopper_lzw.tif": ("YXC", 1, 1, 3, "uint8"),
    "imageio.imwrite_float16.tif": ("YX", 1, 1, 1, "float16"),
    "multipage.tiff": ("TYX", 2, 1, 1, "bool"),
    "nuclei.tif": ("TYX", 4, 1, 1, "uint8"),
    "tiff_16bit_RGB.tiff": ("YXC", 1, 1, 3, "uint16"),
    "tiff_strip_planar_16bit_RGB.tiff": ("CYX", 1, 1, 3, "uint16"),
    "tifffile.imsave.imagej_2,1,3,3,2_uint8.tif": ("TCYX", 2, 1, 3, "uint8"),
    "tifffile.imsave_uint64.tif": ("TYX", 6, 1, 1, "uint64"),
    "total-pages-zero.tif": ("TYX", 3, 1, 1, "bool"),
    "xy_8bit_labels__five_objects.tif": ("YX", 1, 1, 1, "uint8"),
    "xy_float__h2b_bg_corr.tif": ("YX", 1, 1, 1, "float32"),
    "xy_rgb__cells.tif": ("YXC", 1, 1, 3, "uint8"),
    "xyc_16bit__nup_nuclei.tif": ("CYX", 1, 1, 2, "uint16"),
    "xyc_8bit__cyto_nuclei.tif": ("CYX", 1, 1, 2, "uint8"),
    "xyt_8bit_polyp.tif": ("TYX", 3, 1, 1, "uint8"),
    "xyz_8bit__mitotic_plate_calibrated.tif": ("ZYX", 1, 6, 1, "uint8"),
}
BROKEN = ("crash-0e16", "crash-63b1", "oom-2258", "seek_too_large", "tiff_overflow", "rhod2")


@pytest.mark.parametrize("name", FORMATS)
def test_tiff_is_what_tifffile_reads(shared_data: Path, name: str) -> None:
    path = shared_data / "formats" / name
    movie = open_movie(path)
    axes, *expected = FORMATS[name]
    found = [movie.n_frames, movie.n_z, len(movie.channels), str(movie.dtype)]
    assert (movie.axes, found) == (axes, expected)
    reference = np.asarray(tifffile.imread(path))
    if axes == "YXC":
        reference = np.moveaxis(reference, 2, 0)
    planes = whole(movie)
    assert planes.dtype == reference.dtype
    np.testing.assert_array_equal(planes.reshape(reference.shape), reference)


@pytest.mark.parametrize("start", BROKEN)
def test_broken_file_is_one_sentence(
    shared_data: Path, start: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (path,) = (shared_data / "formats").glob(f"{start}*")
    with pytest.raises(MovieError, match=start) as caught:
        open_movie(path).plane(0)
    assert str(caught.value).endswith(".")
    assert capfd.readouterr() == ("", "")


def test_calibration_is_read_where_it_is_stated(shared_data: Path) -> None:
    formats = shared_data / "formats"
    plate = open_movie(formats / "xyz_8bit__mitotic_plate_calibrated.tif")
    assert plate.pixel_size_um == pytest.approx((1 / 11.737581, 1 / 11.737581))
    assert (plate.z_step_um, plate.frame_interval_s) == (3.0, None)
    assert open_movie(formats / "MetamorphImage.tif").pixel_size_um == (0.645, 0.645)
    # An image scale in "px" is none, and neither is the dpi of a plain TIFF.
    assert open_movie(formats / "xyc_8bit__cyto_nuclei.tif").pixel_size_um is None
    assert open_movie(formats / "hopper_lzw.tif").pixel_size_um is None


def test_second_series_is_said_in_words(shared_data: Path) -> None:
    notes = open_movie(shared_data / "formats" / "TiffWriter.mixedA_float32.tif").notes
    assert "first of 2 series" in " ".join(notes)


def test_real_folders_of_frames(shared_data: Path) -> None:
    cells = open_movie(shared_data / "mitocheck_movie")
    assert (cells.axes, cells.n_frames, cells.shape) == ("TYX", 30, (190, 211))
    embryo = open_movie(shared_data / "drosophila_rgb")
    assert (embryo.axes, embryo.n_frames, embryo.channels[1]) == ("TYXC", 12, "green")
    frames = sorted((shared_data / "drosophila_rgb").glob("*.tif"))
    np.testing.assert_array_equal(
        embryo.plane(11, channel="green"), tifffile.imread(frames[11])[..., 1]
    )
    with pytest.raises(MovieError, match="CFP, YFP"):
        open_movie(shared_data / "cfp_yfp_folders")


def test_real_video_and_its_frame_files(shared_data: Path) -> None:
    movie = open_movie(shared_data / "lesson4" / "CellVideo.mp4")
    assert (movie.axes, movie.n_frames, movie.shape) == ("TYXC", 44, (360, 360))
    assert movie.frame_interval_s is None
    reference = open_movie(shared_data / "lesson4" / "f8.tif").plane(0, channel="red")
    difference = np.abs(movie.plane(7, channel="red").astype(float) - reference)
    assert np.median(difference) <= 3


# --- TIFF made here ---


@pytest.mark.parametrize("codec", [None, "zlib", "lzw", "zstd", "packbits"])
def test_bigtiff_and_compressions(tmp_path: Path, codec: str | None) -> None:
    stack = pixels((3, 20, 30), "uint16")
    path = tmp_path / "a.tif"
    options = {"compression": codec, "tile": (16, 16), "photometric": "minisblack"}
    tifffile.imwrite(path, stack, bigtiff=True, **options)
    np.testing.assert_array_equal(whole(open_movie(path))[:, 0, 0], stack)


def test_imagej_hyperstack(tmp_path: Path) -> None:
    stack = pixels((4, 3, 2, 10, 12), "uint16")
    metadata = {"axes": "TZCYX", "unit": "nm", "finterval": 2.5, "tunit": "min", "spacing": 700}
    tifffile.imwrite(
        tmp_path / "a.tif", stack, imagej=True, metadata=metadata, resolution=(0.004, 0.002)
    )
    movie = open_movie(tmp_path / "a.tif")
    np.testing.assert_array_equal(whole(movie), stack)
    assert (movie.axes, movie.axes_note) == ("TZCYX", "")
    assert movie.pixel_size_um == pytest.approx((0.5, 0.25))
    assert movie.z_step_um == pytest.approx(0.7)
    assert movie.frame_interval_s == pytest.approx(150)


def test_imagej_inch_is_no_calibration(tmp_path: Path) -> None:
    metadata = {"unit": "inch"}
    tifffile.imwrite(
        tmp_path / "a.tif", pixels((9, 9)), imagej=True, metadata=metadata, resolution=(300, 300)
    )
    assert open_movie(tmp_path / "a.tif").pixel_size_um is None


def test_imagej_stack_described_by_one_page(tmp_path: Path) -> None:
    """Above 4 GB ImageJ writes one page and all pixels behind it; here small."""
    stack = pixels((5, 10, 12), "uint16")
    path = tmp_path / "a.tif"
    description = "ImageJ=1.53\nimages=5\nframes=5\n"
    tifffile.imwrite(path, stack[0], byteorder=">", description=description, metadata=None)
    with path.open("ab") as file:
        file.write(b"\0" * (-path.stat().st_size % 2))
    with tifffile.TiffFile(path) as tif:
        offset = tif.pages[0].dataoffsets[0]
    data = path.read_bytes()
    path.write_bytes(data[:offset] + stack.astype(">u2").tobytes())
    movie = open_movie(path)
    np.testing.assert_array_equal(whole(movie)[:, 0, 0], stack)


def test_ome_tiff_names_and_units(tmp_path: Path) -> None:
    stack = pixels((3, 2, 10, 12), "uint16")
    metadata = {
        "axes": "TCYX",
        "PhysicalSizeX": 250.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.5,
        "PhysicalSizeYUnit": "µm",
        "TimeIncrement": 1.5,
        "TimeIncrementUnit": "min",
        "Channel": {"Name": ["GFP", "gfp"]},
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata=metadata)
    movie = open_movie(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(whole(movie)[:, 0], stack)
    assert movie.channels == ("GFP", "gfp 2")
    assert movie.pixel_size_um == (0.5, 0.25)
    assert movie.frame_interval_s == pytest.approx(90)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_rgb_movie_in_pages(tmp_path: Path, planar: str) -> None:
    stack = pixels((4, 10, 12, 3))
    stored = stack if planar == "contig" else stack.transpose(0, 3, 1, 2)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, photometric="rgb", planarconfig=planar, compression="zlib")
    movie = open_movie(path)
    assert movie.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(whole(movie)[:, 0], stack.transpose(0, 3, 1, 2))


def test_guess_and_override_of_axes(tmp_path: Path) -> None:
    stack = pixels((6, 10, 12))
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in stack:
            writer.write(page, contiguous=False, metadata=None)
    guessed = open_movie(tmp_path / "a.tif")
    assert guessed.axes == "TYX"
    assert "taken as T" in guessed.axes_note
    stated = open_movie(tmp_path / "a.tif", axes="TYX")
    assert (stated.axes_note, stated.fingerprint) == ("", guessed.fingerprint)
    as_z = open_movie(tmp_path / "a.tif", axes="ZYX")
    assert (as_z.n_frames, as_z.n_z) == (1, 6)
    assert as_z.fingerprint != guessed.fingerprint
    np.testing.assert_array_equal(as_z.plane(0, 4), stack[4])
    as_c = open_movie(tmp_path / "a.tif", axes="cyx")
    assert as_c.channels == ("0", "1", "2", "3", "4", "5")
    for wrong in ("YX", "TZYX", "TTX", "YXT", "QYX"):
        with pytest.raises(MovieError, match=r"a\.tif"):
            open_movie(tmp_path / "a.tif", axes=wrong)


def test_absurd_number_of_channels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 2, 10_001), np.uint8), planarconfig=1)
    with pytest.raises(MovieError, match="10001 channels"):
        open_movie(tmp_path / "a.tif", axes="YXC")


def test_one_plane_fits_any_axes(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels((10, 12)))
    assert open_movie(tmp_path / "a.tif", axes="TYX").n_frames == 1


# --- stills ---


@pytest.mark.parametrize("samples", [1, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_is_what_opencv_reads(tmp_path: Path, samples: int, dtype: str) -> None:
    bgr = pixels((11, 13, samples), dtype)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), bgr)
    movie = open_movie(path)
    order = [2, 1, 0, 3][:samples] if samples > 1 else [0]
    np.testing.assert_array_equal(whole(movie)[0, 0], bgr[..., order].transpose(2, 0, 1))
    names = ("red", "green", "blue", "alpha")[:samples]
    assert movie.channels == (names if samples > 1 else ("0",))


def test_jpeg_bmp_and_gray_with_alpha(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.bmp"):
        cv2.imwrite(str(tmp_path / name), smooth_rgb())
        reference = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
        planes = whole(open_movie(tmp_path / name))[0, 0]
        np.testing.assert_array_equal(planes, reference[..., ::-1].transpose(2, 0, 1))
    (tmp_path / "la.png").write_bytes(imagecodecs.png_encode(pixels((5, 6, 2))))
    assert open_movie(tmp_path / "la.png").channels == ("gray", "alpha")


# --- folders ---


def test_folder_in_natural_order_and_its_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for i in (1, 2, 10):
        cv2.imwrite(str(folder / f"t{i}.png"), np.full((4, 5), i, np.uint8))
    (folder / "notes.txt").write_text("no image")
    (folder / ".t3.png").write_text("hidden")
    tifffile.imwrite(folder / "preview.tif", pixels((3, 3)))
    movie = open_movie(folder)
    assert [int(movie.plane(t)[0, 0]) for t in range(movie.n_frames)] == [1, 2, 10]
    assert "1 images that are not .png are left out" in movie.notes
    some = open_movie(str(folder / "t?.png"))
    assert [int(some.plane(t)[0, 0]) for t in range(some.n_frames)] == [1, 2]
    with pytest.raises(MovieError, match=r"x\*\.png"):
        open_movie(folder / "x*.png")


def test_folder_of_stacks_and_of_one_movie(tmp_path: Path) -> None:
    stack = pixels((3, 2, 10, 12))
    for i, pages in enumerate(stack):
        tifffile.imwrite(tmp_path / f"{i}.tif", pages)
    movie = open_movie(tmp_path)
    assert (movie.axes, movie.n_frames, movie.n_z) == ("TZYX", 3, 2)
    np.testing.assert_array_equal(whole(movie)[:, :, 0], stack)
    assert open_movie(tmp_path, axes="TCYX").channels == ("0", "1")
    for i in (1, 2):
        (tmp_path / f"{i}.tif").unlink()
    assert open_movie(tmp_path).n_frames == 2


def test_folder_of_time_lapses_is_one_time_lapse(tmp_path: Path) -> None:
    stack = pixels((2, 3, 10, 12))
    for i, pages in enumerate(stack):
        tifffile.imwrite(tmp_path / f"{i}.tif", pages, imagej=True, metadata={"axes": "TYX"})
    movie = open_movie(tmp_path)
    np.testing.assert_array_equal(whole(movie)[:, 0, 0], stack.reshape(6, 10, 12))


def test_odd_frame_is_named(tmp_path: Path) -> None:
    for i, size in enumerate((10, 10, 11)):
        tifffile.imwrite(tmp_path / f"{i}.tif", pixels((size, size)))
    movie = open_movie(tmp_path)
    movie.plane(1)
    with pytest.raises(MovieError, match="11"):
        movie.plane(2)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    for i in range(50):
        tifffile.imwrite(tmp_path / f"{i}.tif", pixels((4, 4)))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    movies = [open_movie(path) for path in tmp_path.iterdir()]
    folder = open_movie(tmp_path)
    whole(folder)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert len(movies) == 50


# --- video ---


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.mov", "mjpeg", "yuvj420p"),
        ("a.gif", "gif", "rgb8"),
    ],
)
def test_video_frames_in_any_order(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    path = write_video(tmp_path / name, codec, pix_fmt)
    frames = decoded_in_order(path)
    movie = open_movie(path)
    assert (movie.n_frames, movie.axes, movie.frame_interval_s) == (len(frames), "TYXC", None)
    order = [*range(len(frames)), *reversed(range(len(frames))), 0, 25, 3, 29, 12, 11, 13]
    for t in order:
        plane = movie.plane(t, channel="green")
        np.testing.assert_array_equal(plane, frames[t][..., 1], err_msg=str(t))
        if t % 5 == 0:
            movie.close()  # reading reopens, in the middle of the movie


def test_long_video_is_counted_without_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_celltrack.readers.video_index.DECODE_PIXELS", 0)
    path = write_video(tmp_path / "a.mp4", "libx264", n=47)
    frames = decoded_in_order(path)
    movie = open_movie(path)
    assert movie.n_frames == len(frames) == 47
    for t in (46, 20, 45, 0, 19):
        np.testing.assert_array_equal(movie.plane(t, channel=0), frames[t][..., 0])


def test_gray_video_has_one_channel(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", "ffv1", "gray")
    movie = open_movie(path)
    assert (movie.axes, movie.channels) == ("TYX", ("0",))
    np.testing.assert_array_equal(movie.plane(7), decoded_in_order(path, "gray")[7])


def test_video_cut_short_counts_what_decodes(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "mpeg4", n=60)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 4 // 5])
    movie = open_movie(path)
    assert 3 < movie.n_frames < 60
    movie.plane(movie.n_frames - 1)


def test_damage_within_a_video_is_told(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "libx264", n=40)
    with av.open(str(path)) as file:
        packet = [p for p in file.demux(video=0) if p.size][25]
    data = bytearray(path.read_bytes())
    data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(data)
    movie = open_movie(path)
    assert 10 < movie.n_frames < 40
    assert "damaged" in " ".join(movie.notes)
    assert movie.plane(movie.n_frames - 1).shape == (48, 64)


# --- OME-Zarr ---


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr(tmp_path: Path, version: str) -> None:
    array = pixels((3, 2, 10, 12), "uint16")
    movie = open_movie(write_ome_zarr(tmp_path / "a.ome.zarr", array, version))
    np.testing.assert_array_equal(whole(movie)[:, 0], array)
    assert (movie.axes, movie.channels) == ("TCYX", ("GFP", "RFP"))
    assert movie.pixel_size_um == (0.5, 0.25)
    assert movie.frame_interval_s == 120


def test_zarr_without_image_and_with_missing_chunks(tmp_path: Path) -> None:
    path = write_ome_zarr(tmp_path / "a.zarr", pixels((3, 2, 10, 12)), "0.4")
    for part in [p for p in (path / "0").rglob("*") if p.is_file() and p.name[0] != "."]:
        part.unlink()
    assert not open_movie(path).plane(1).any()
    zarr.open_group(str(tmp_path / "b.zarr"), mode="w")
    with pytest.raises(MovieError, match=r"b\.zarr"):
        open_movie(tmp_path / "b.zarr")


# --- all kinds ---


def test_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(imagecodecs.png_encode(pixels((5, 6))))
    assert open_movie(tmp_path / "a.tif").shape == (5, 6)
    tifffile.imwrite(tmp_path / "b.tif", pixels((5, 7)))
    (tmp_path / "b.tif").rename(tmp_path / "b.dat")
    assert open_movie(tmp_path / "b.dat").shape == (5, 7)


@pytest.mark.parametrize("content", [b"", b"text", b"version https://git-lfs.github.com/spec/v1\n"])
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(MovieError, match=r"a\.tif.*\.$"):
        open_movie(tmp_path / "a.tif")


def test_missing_and_empty_places(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.tif", tmp_path):
        with pytest.raises(MovieError, match=path.name):
            open_movie(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_forbidden_file(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "a.tif").chmod(0)
    with pytest.raises(MovieError, match="permissions"):
        open_movie(tmp_path / "a.tif")


def test_every_kind_travels_and_serves_threads(tmp_path: Path) -> None:
    files = small_files(tmp_path)
    write_ome_zarr(tmp_path / "a.zarr", pixels((3, 2, 10, 12)), "0.5")
    for path in [*files, tmp_path / "a.zarr"]:
        movie = open_movie(path)
        expected = whole(movie)
        copy = pickle.loads(pickle.dumps(movie.source))
        np.testing.assert_array_equal(copy.read_plane(0, 0, 0), expected[0, 0, 0])
        last = len(movie.channels) - 1
        frames = [t % movie.n_frames for t in (3, 0, 2, 1) * 4]
        with ThreadPoolExecutor(4) as pool:
            planes = list(pool.map(lambda t, m=movie, c=last: m.plane(t, 0, c), frames))
        np.testing.assert_array_equal(planes, expected[frames, 0, last])
        movie.close()
        np.testing.assert_array_equal(movie.plane(0), expected[0, 0, 0])


def test_a_plane_is_the_readers_own(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels((3, 10, 12)), photometric="rgb", planarconfig=2)
    movie = open_movie(tmp_path / "a.tif")
    before = movie.plane(0, channel="red").copy()
    movie.plane(0, channel="red")[:] = 0
    np.testing.assert_array_equal(movie.plane(0, channel="red"), before)


def test_fingerprint_follows_content_and_not_place(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for i in range(3):
            tifffile.imwrite(tmp_path / folder / f"{i}.tif", pixels((5, 5), seed=i))
    assert open_movie(tmp_path / "a").fingerprint == open_movie(tmp_path / "b").fingerprint
    one = [open_movie(tmp_path / folder / "0.tif").fingerprint for folder in ("a", "b")]
    assert one[0] == one[1]
    tifffile.imwrite(tmp_path / "b" / "0.tif", pixels((5, 5), seed=9))
    assert open_movie(tmp_path / "a").fingerprint != open_movie(tmp_path / "b").fingerprint
    assert open_movie(tmp_path / "b" / "0.tif").fingerprint != one[0]


def test_large_files_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_celltrack.readers.fingerprint.WHOLE_BYTES", 1000)
    (tmp_path / "f").mkdir()
    for path in (tmp_path / "a.tif", tmp_path / "f" / "0.tif", tmp_path / "f" / "1.tif"):
        tifffile.imwrite(path, pixels((100, 100)))
    for path in (tmp_path / "a.tif", tmp_path / "f"):
        before = open_movie(path).fingerprint
        assert open_movie(path).fingerprint == before
        os.utime(path if path.is_file() else path / "1.tif", (1, 1))
        assert open_movie(path).fingerprint != before


def test_claims_are_checked_before_decoding(tmp_path: Path) -> None:
    """Headers that ask for gigabytes cost nothing."""
    png = bytearray(imagecodecs.png_encode(smooth_rgb()))
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    jpeg = bytearray(imagecodecs.jpeg8_encode(smooth_rgb()))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65_000, 65_000)
    cv2.imwrite(str(tmp_path / "c.bmp"), smooth_rgb())
    bmp = bytearray((tmp_path / "c.bmp").read_bytes())
    bmp[18:26] = struct.pack("<ii", 50_000, 50_000)
    for name, data in {"a.png": png, "b.jpg": jpeg, "c.bmp": bmp}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(MovieError, match=f"{name} claims"):
            open_movie(tmp_path / name)
    for codec in ("zlib", None):
        path = tmp_path / "d.tif"
        tifffile.imwrite(path, pixels((64, 64)), compression=codec, metadata=None)
        with tifffile.TiffFile(path) as tif:
            places = [tif.pages[0].tags[tag].valueoffset for tag in (256, 257, 278)]
        tiff = bytearray(path.read_bytes())
        for place in places:
            tiff[place : place + 2] = b"\xff\xff"
        path.write_bytes(tiff)
        with pytest.raises(MovieError, match=r"d\.tif claims"):
            open_movie(path).plane(0)
    picture = tmp_path / "e.tif"
    tifffile.imwrite(picture, smooth_rgb(), photometric="rgb", compression="jpeg")
    tiff = bytearray(picture.read_bytes())
    at = tiff.index(b"\xff\xc0")
    tiff[at + 5 : at + 9] = struct.pack(">HH", 65_000, 65_000)
    picture.write_bytes(tiff)
    with pytest.raises(MovieError, match=r"e\.tif holds a compressed picture"):
        open_movie(picture).plane(0)


def test_damaged_files_give_planes_or_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    for path in small_files(tmp_path / "whole"):
        data = path.read_bytes()
        for seed in range(13):
            broken = tmp_path / path.name
            broken.write_bytes(damaged(data, seed))
            try:
                movie = open_movie(broken)
                for frame in {0, movie.n_frames // 2, movie.n_frames - 1}:
                    assert movie.plane(frame).shape == movie.shape
            except MovieError as error:
                message = str(error)
                assert path.name in message, f"{path.name}, seed {seed}"
                assert message.endswith(".")


def test_names_sort_naturally_and_kinds_are_told(tmp_path: Path) -> None:
    names = ["t10.tif", "t2.tif", "T1.tif", "a.tif", "2.tif"]
    assert sorted(names, key=natural_key) == ["2.tif", "a.tif", "T1.tif", "t2.tif", "t10.tif"]
    assert sorted(["9" * 5000, "1"], key=natural_key)[0] == "1"
    for name in ("a.TIF", "b.txt", ".c.tif"):
        (tmp_path / name).touch()
    (tmp_path / "d.zarr").mkdir()
    (tmp_path / "e.tif").mkdir()
    assert [p.name for p in sorted(tmp_path.iterdir()) if is_image_file(p)] == ["a.TIF", "d.zarr"]
    assert ".stk" in MOVIE_SUFFIXES


def test_import_loads_no_decoder() -> None:
    code = (
        "import sys, napari_celltrack.readers; "
        "print(*{'av', 'cv2', 'zarr', 'tifffile', 'imagecodecs', 'PIL'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
