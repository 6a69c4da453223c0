"""Which image of which file is read: positions, sets of files, thumbnails, images without pixels.

Each movie has a value of its own in its first pixel, so that a wrong one is seen.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_celltrack import Recipe
from napari_celltrack.batch import find_inputs
from napari_celltrack.batch.inputs import open_item
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.errors import CelltrackError, MovieError
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.readers.ome_zarr import MARKS, read_ome_zarr
from readers_scenes import (
    ome_xml,
    sizes,
    write_described,
    write_micro_manager,
    write_ome_set,
    write_ome_zarr,
)


def numbered(start: int, n: int = 4, shape: tuple[int, int] = (20, 30)) -> np.ndarray:
    """Return frames of which each is filled with its number."""
    return np.stack([np.full(shape, start + t, np.uint16) for t in range(n)])


def values(movie: Movie) -> list[int]:
    return [int(movie.plane(t)[0, 0]) for t in range(movie.n_frames)]


def run_values(*paths: Path | str) -> dict[str, list[int]]:
    """Return what a run would read of each item, by its file."""
    items = find_inputs(paths).items
    return {item.file: values(open_item(item, Recipe())) for item in items}


# --- several images in one file ---


def write_positions(path: Path, *, ome: bool) -> Path:
    with tifffile.TiffWriter(path, ome=ome) as writer:
        for p in range(3):
            about = {"axes": "TYX"}
            if ome:
                about |= {"Name": f"Pos {p}", "PhysicalSizeX": p + 1.0, "PhysicalSizeY": p + 1.0}
            writer.write(numbered(10 * p), photometric="minisblack", metadata=about)
    return path


@pytest.mark.parametrize("ome", [True, False])
def test_each_image_of_a_file_is_an_item(tmp_path: Path, ome: bool) -> None:
    path = write_positions(tmp_path / "a.tif", ome=ome)
    first, last = open_movie(path), open_movie(f"{path}[2]")
    assert values(first) == [0, 1, 2, 3]
    assert "first of 3 series" in first.notes[0]
    assert (values(last), last.notes, last.name) == ([20, 21, 22, 23], (), "a.tif[2]")
    assert len({first.fingerprint, last.fingerprint, open_movie(f"{path}[1]").fingerprint}) == 3
    if ome:
        assert (first.pixel_size_um, last.pixel_size_um) == ((1, 1), (3, 3))
    expected = {f"a.tif[{p}]": [10 * p + t for t in range(4)] for p in range(3)}
    assert run_values(tmp_path) == run_values(path) == expected
    assert run_values(f"{path}[1]") == {"a.tif[1]": [10, 11, 12, 13]}
    names = [item.name for item in find_inputs([path]).items]
    assert names == (["a_Pos-0", "a_Pos-1", "a_Pos-2"] if ome else ["a_0", "a_1", "a_2"])
    assert [item.name for item in find_inputs([f"{path}[1]"]).items] == names[1:2]
    with pytest.raises(MovieError, match=r"no image \[3\]; it has 3"):
        open_movie(f"{path}[3]")
    changes = Overrides.from_yaml("a.tif: {objects: {min_area_px2: 9}}")
    assert not changes.unused(find_inputs([path]).items)


def test_a_file_whose_name_ends_in_brackets_is_that_file(tmp_path: Path) -> None:
    write_positions(tmp_path / "a.tif", ome=False)
    tifffile.imwrite(tmp_path / "a.tif[1]", numbered(50, 1)[0])
    assert values(open_movie(tmp_path / "a.tif[1]")) == [50]
    with pytest.raises(MovieError, match=r"no image \[1\]; it has 1"):
        open_movie(str(tmp_path / "a.tif[1]") + "[1]")


def test_an_image_without_pixels_gives_nothing(tmp_path: Path) -> None:
    movie = numbered(0)
    empty = (sizes(movie, 9), '<Channel ID="Channel:0:0" Name="none"/><MetadataOnly/>')
    full = (
        sizes(movie, 0.5) + ' TimeIncrement="10"',
        '<Channel ID="Channel:1:0" Name="DIC"/><TiffData IFD="0" PlaneCount="4"/>',
    )
    write_described(tmp_path / "a.ome.tif", movie, ome_xml(empty, full))
    read = open_movie(tmp_path / "a.ome.tif")
    assert (read.pixel_size_um, read.frame_interval_s) == ((0.5, 0.5), 10)
    assert (read.channels, values(read), read.notes) == (("DIC",), [0, 1, 2, 3], ())


def test_a_recording_stopped_early_says_so(tmp_path: Path) -> None:
    image = (sizes(numbered(0, 10)), '<TiffData IFD="0" PlaneCount="3"/>')
    write_described(tmp_path / "a.ome.tif", numbered(0, 3), ome_xml(image))
    movie = open_movie(tmp_path / "a.ome.tif")
    assert values(movie) == [0, 1, 2]
    assert "10 frames were planned, and the 3 that are there are read" in movie.notes


# --- thumbnails ---


@pytest.mark.parametrize("flag", [0, 1])
@pytest.mark.parametrize("where", ["first", "last", "each", "middle"])
def test_thumbnails_are_left_out(tmp_path: Path, flag: int, where: str) -> None:
    movie = numbered(0, 12)
    small = movie[0, ::4, ::4]
    at = {"first": [0], "last": [12], "each": range(12), "middle": [4]}[where]
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for t in range(13):
            for page, kind, is_due in ((small, flag, t in at), (movie[t % 12], 0, t < 12)):
                if is_due:
                    writer.write(
                        page, subfiletype=kind, photometric="minisblack", metadata=None,
                        contiguous=False,
                    )  # fmt: skip
    read = open_movie(tmp_path / "a.tif")
    assert (read.shape, values(read)) == ((20, 30), list(range(12)))
    assert "a thumbnail of 8 x 5 px is left out" in read.notes
    assert list(run_values(tmp_path)) == ["a.tif"]


def test_a_thumbnail_before_the_pages_of_ome(tmp_path: Path) -> None:
    movie = numbered(0)
    text = ome_xml((sizes(movie), '<TiffData IFD="1" PlaneCount="4"/>')).decode()
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as writer:
        writer.write(movie[0, ::4, ::4], subfiletype=1, metadata=None, description=text)
        for page in movie:
            writer.write(page, metadata=None, contiguous=False)
    read = open_movie(tmp_path / "a.ome.tif")
    assert (values(read), read.pixel_size_um) == ([0, 1, 2, 3], (0.5, 0.5))


# --- sets of files ---


@pytest.mark.parametrize("companion", [False, True])
def test_the_files_of_a_set_are_one_movie(tmp_path: Path, companion: bool) -> None:
    files = write_ome_set(tmp_path / "set [1]", numbered(0), companion=companion)
    prints = set()
    for path in (*files, tmp_path / "set [1]"):
        movie = open_movie(path)
        assert (values(movie), movie.channels) == ([0, 1, 2, 3], ("GFP",))
        assert (movie.pixel_size_um, movie.notes) == ((0.5, 0.5), ())
        prints.add(movie.fingerprint)
    assert len(prints) == 1
    found = find_inputs([tmp_path / "set [1]"])
    assert [item.file for item in found.items] == [files[0].name]
    assert f"it is a part of {files[0].name}" in found.reasons
    assert run_values(files[2]) == {files[0].name: [0, 1, 2, 3]}
    data = files[3].read_bytes()
    files[3].write_bytes(data[:-1] + b"x")  # another content of a later file
    assert open_movie(tmp_path / "set [1]").fingerprint not in prints


def test_a_companion_is_opened_as_its_movie(tmp_path: Path) -> None:
    write_ome_set(tmp_path, numbered(0), companion=True)
    companion = tmp_path / "set.companion.ome"
    assert values(open_movie(companion)) == [0, 1, 2, 3]
    companion.rename(tmp_path / "elsewhere")
    alone = open_movie(tmp_path / "set_T2.ome.tif")
    assert values(alone) == [2]
    assert "set.companion.ome, which describes it, is missing beside it" in alone.notes


def test_a_missing_file_of_a_set_is_named(tmp_path: Path) -> None:
    files = write_ome_set(tmp_path, numbered(0))
    files[2].unlink()
    for path in (files[0], files[3]):
        with pytest.raises(MovieError, match=r"4 files, and set_T2\.ome\.tif is missing"):
            open_movie(path)
    files[0].unlink()
    with pytest.raises(MovieError, match=r"set_T0\.ome\.tif and 1 more are missing"):
        open_movie(files[3])
    assert len(find_inputs([tmp_path]).items) == 1


@pytest.mark.parametrize("folder", ["mm", "mm [a] *"])
def test_a_position_a_file_is_that_position(tmp_path: Path, folder: str) -> None:
    files = [
        write_micro_manager(
            tmp_path / folder / f"e_MMStack_Pos{p}.ome.tif",
            numbered(100 * p),
            position=p,
            Positions=3,
        )
        for p in range(3)
    ]
    expected = {file.name: [100 * p + t for t in range(4)] for p, file in enumerate(files)}
    assert {file.name: values(open_movie(file)) for file in files} == expected
    assert run_values(tmp_path / folder) == expected
    with pytest.raises(MovieError, match="3 images of one recording"):
        open_movie(tmp_path / folder)
    files[0].unlink()
    assert values(open_movie(files[1])) == [100, 101, 102, 103]


def test_micro_manager_calibration_and_channels(tmp_path: Path) -> None:
    path = write_micro_manager(tmp_path / "a_MMStack.ome.tif", numbered(0))
    movie = open_movie(path)
    assert (movie.pixel_size_um, movie.frame_interval_s) == ((0.325, 0.325), 60)
    assert (movie.channels, movie.notes) == (("GFP",), ())
    old = {"ChNames": '["DAPI"]', "Interval_ms": 0, "PixelSize_um": "furlong"}
    movie = open_movie(write_micro_manager(path, numbered(0), **old))
    assert (movie.pixel_size_um, movie.frame_interval_s) == (None, None)
    assert movie.channels == ("DAPI",)
    assert movie.notes == ("its pixel size 'furlong' is no size, and is left out",)


def test_planes_of_micro_manager_as_files(tmp_path: Path) -> None:
    # As it is when the recording was stopped: cut short.
    about = '{"Summary": {"PixelSize_um": 0.65, "Interval_ms": 30000, "z-step_um": 2}, "Frame'
    (tmp_path / "metadata.txt").write_text(about)
    for t, plane in enumerate(numbered(0)):
        tag = (51123, 2, None, '{"PixelSizeUm": 0.65}', True)
        path = tmp_path / f"img_{t:09d}_GFP_000.tif"
        tifffile.imwrite(path, plane, metadata=None, extratags=[tag])
    movie = open_movie(tmp_path)
    assert (movie.pixel_size_um, movie.frame_interval_s) == ((0.65, 0.65), 30)
    (item,) = find_inputs([tmp_path], names="img_{t}_{channel}_{z}.tif").items
    grouped = open_item(item, Recipe())
    assert (grouped.pixel_size_um, grouped.frame_interval_s) == ((0.65, 0.65), 30)
    assert grouped.channels == ("GFP",)


# --- zarr ---


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_zarr_needs_no_suffix(tmp_path: Path, version: str) -> None:
    write_ome_zarr(tmp_path / "image", np.full((2, 2, 6, 7), 5, np.uint16), version)
    expected = {"image": [5, 5]}
    assert run_values(tmp_path) == run_values(tmp_path / "image") == expected
    assert [i.file for i in find_inputs([tmp_path], pattern="**/*").items] == ["image"]


def test_series_of_a_converted_file_and_fields_of_a_plate(tmp_path: Path) -> None:
    converted = tmp_path / "c.zarr"
    zarr.open_group(str(converted), mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    plate = tmp_path / "p.zarr"
    group = zarr.open_group(str(plate), mode="w", zarr_format=2)
    group.attrs["plate"] = {"wells": [{"path": "A/1"}]}
    well = zarr.open_group(str(plate / "A" / "1"), mode="w", zarr_format=2)
    well.attrs["well"] = {"images": [{"path": "0"}, {"path": "1"}]}
    for k in range(2):
        for folder in (converted, plate / "A" / "1"):
            write_ome_zarr(folder / str(k), np.full((2, 2, 6, 7), k, np.uint16), "0.4")
    assert run_values(converted) == {"c.zarr/0": [0, 0], "c.zarr/1": [1, 1]}
    assert run_values(plate) == {"p.zarr/A/1/0": [0, 0], "p.zarr/A/1/1": [1, 1]}
    assert "first of 2 series" in open_movie(converted).notes[0]


# --- limits ---


@pytest.mark.parametrize(("last", "following"), [(5, 2), (5, 0), (0, 0), (3, 3)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_a_circle_of_pages_ends(
    tmp_path: Path, last: int, following: int, order: str, big: bool
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder=order, bigtiff=big) as writer:
        for page in numbered(0, 6):
            writer.write(page, contiguous=False, metadata=None)
    with tifffile.TiffFile(path) as file:
        at = [page.offset for page in file.pages]
    data = bytearray(path.read_bytes())
    count, tag, offset = ("Q", 20, "Q") if big else ("H", 12, "I")
    (n_tags,) = struct.unpack_from(order + count, data, at[last])
    end = at[last] + struct.calcsize(count) + n_tags * tag
    struct.pack_into(order + offset, data, end, at[following])
    path.write_bytes(data)
    start = time.process_time()
    with pytest.raises(MovieError, match=r"a\.tif is damaged: its list of pages is a circle"):
        open_movie(path)
    assert len(find_inputs([path]).items) == 1
    assert time.process_time() - start < 2


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs pipes and devices")
def test_pipes_and_devices_are_no_files(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.tif")
    (tmp_path / "device.tif").symlink_to("/dev/zero")
    for name in ("pipe.tif", "device.tif"):
        with pytest.raises(MovieError, match="is a pipe or a device"):
            open_movie(tmp_path / name)
    with pytest.raises(CelltrackError, match="no images"):
        find_inputs([tmp_path])
    zarr.save(str(tmp_path / "a.zarr"), np.zeros((4, 4), np.uint8))
    (metadata,) = [file for name in MARKS if (file := tmp_path / "a.zarr" / name).exists()]
    metadata.unlink()
    os.mkfifo(metadata)
    with pytest.raises(MovieError, match="that is no file"):
        read_ome_zarr(tmp_path / "a.zarr")


def test_claims_of_more_planes_than_any_recording_has(tmp_path: Path) -> None:
    claim = sizes(numbered(0)).replace('SizeT="4"', 'SizeT="4000000000"')
    write_described(tmp_path / "a.ome.tif", numbered(0, 1)[0], ome_xml((claim, "<TiffData/>")))
    write_micro_manager(tmp_path / "b_MMStack.ome.tif", numbered(0), Frames=10**9)
    for name in ("a.ome.tif", "b_MMStack.ome.tif"):
        with pytest.raises(MovieError, match=r"claims [0-9]+ planes"):
            open_movie(tmp_path / name)
    array = zarr.open_array(
        str(tmp_path / "c.zarr"), mode="w", shape=(2**62, 8, 8), chunks=(1, 8, 8), dtype="u2",
        zarr_format=2,
    )  # fmt: skip
    array[0] = 1
    with pytest.raises(MovieError, match="claims 4611686018427387904 planes"):
        open_movie(tmp_path / "c.zarr")
