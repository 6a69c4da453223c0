"""Movies whose channels, times or planes are in several files."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.grouped import GroupFile, open_group
from readers_scenes import pixels


def write(folder: Path, name: str, array: np.ndarray, **options: object) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    options.setdefault("photometric", "rgb" if array.shape[-1] == 3 else "minisblack")
    tifffile.imwrite(path, array, **options)  # type: ignore[arg-type]
    return str(path)


def planes(folder: Path, truth: np.ndarray, channels: Sequence[str]) -> list[GroupFile]:
    """Write (T, C, Y, X) as a file a plane."""
    return [
        GroupFile(write(folder, f"{name}_t{t}.tif", truth[t, c]), name, t)
        for t in range(len(truth))
        for c, name in enumerate(channels)
    ]


def test_a_file_a_plane(tmp_path: Path) -> None:
    truth = pixels((12, 2, 5, 7), "uint16")
    movie = open_group(planes(tmp_path, truth, ["YFP", "CFP"]), name="m")
    assert (movie.axes, movie.n_frames, movie.channels) == ("TCYX", 12, ("YFP", "CFP"))
    copy = pickle.loads(pickle.dumps(movie))
    for t in range(12):
        np.testing.assert_array_equal(movie.plane(t, channel="CFP"), truth[t, 1])
        np.testing.assert_array_equal(copy.plane(t, channel=0), truth[t, 0])
    movie.close()
    np.testing.assert_array_equal(movie.plane(3, channel=1), truth[3, 1])


def test_a_stack_a_channel_and_calibration_where_they_agree(tmp_path: Path) -> None:
    truth = pixels((2, 6, 5, 7), "uint8")
    parts = []
    for channel, name, interval in zip(truth, ("a", "b"), (30, 40), strict=True):
        path = write(
            tmp_path, f"{name}.tif", channel, imagej=True, resolution=(2, 2),
            metadata={"axes": "TYX", "unit": "um", "finterval": interval},
        )  # fmt: skip
        parts.append(GroupFile(path, name))
    movie = open_group(parts, name="m")
    assert (movie.axes, movie.n_frames, movie.channels) == ("CTYX", 6, ("a", "b"))
    assert movie.pixel_size_um == (0.5, 0.5)
    assert movie.frame_interval_s is None  # 30 s and 40 s
    for t in range(6):
        for c in range(2):
            np.testing.assert_array_equal(movie.plane(t, channel=c), truth[c, t])


def test_a_stack_of_channels_a_time_point_with_z_in_files(tmp_path: Path) -> None:
    truth = pixels((3, 2, 2, 5, 7), "uint8")  # T, Z, C
    parts = [
        GroupFile(
            write(tmp_path, f"{t}_{z}.tif", truth[t, z], imagej=True, metadata={"axes": "CYX"}),
            t=t * 10,
            z=z,
        )
        for t in (2, 0, 1)
        for z in (1, 0)
    ]
    movie = open_group(parts, name="m")
    assert (movie.axes, movie.n_frames, movie.n_z, len(movie.channels)) == ("TZCYX", 3, 2, 2)
    for place in np.ndindex(3, 2, 2):
        np.testing.assert_array_equal(movie.plane(*place), truth[place])


def test_stacks_over_time_follow_each_other(tmp_path: Path) -> None:
    truth = pixels((2, 4, 5, 7), "uint8")
    parts = [
        GroupFile(write(tmp_path, f"{i}.tif", s, imagej=True, metadata={"axes": "TYX"}), t=i)
        for i, s in enumerate(truth)
    ]
    movie = open_group(parts, name="m")
    assert movie.n_frames == 8
    np.testing.assert_array_equal(movie.plane(5), truth[1, 1])


def test_pages_that_say_nothing_are_z_of_a_moment_and_axes_can_be_said(tmp_path: Path) -> None:
    truth = pixels((2, 3, 5, 7), "uint8")
    parts = [
        GroupFile(write(tmp_path, f"{i}.tif", s, metadata=None), t=i) for i, s in enumerate(truth)
    ]
    movie = open_group(parts, name="m")
    assert (movie.n_frames, movie.n_z) == (2, 3)
    assert "taken as Z" in movie.axes_note
    as_channels = open_group(parts, name="m", axes="CYX")
    assert (as_channels.n_frames, len(as_channels.channels)) == (2, 3)
    assert as_channels.fingerprint != movie.fingerprint
    np.testing.assert_array_equal(as_channels.plane(1, channel=2), truth[1, 2])


def test_fingerprint_is_of_content_and_places_and_not_of_the_folder(tmp_path: Path) -> None:
    truth = pixels((2, 2, 5, 7))
    parts = planes(tmp_path / "one", truth, ["a", "b"])
    same = planes(tmp_path / "two", truth, ["a", "b"])
    other = planes(tmp_path / "three", truth[::-1], ["a", "b"])
    swapped = [GroupFile(part.path, {"a": "b", "b": "a"}[part.channel], part.t) for part in parts]
    found = [open_group(group, name="m").fingerprint for group in (parts, same, other, swapped)]
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_few_files_are_open_at_a_time(tmp_path: Path) -> None:
    stacks = pixels((20, 3, 5, 7))
    parts = [GroupFile(write(tmp_path, f"{i}.tif", s), str(i)) for i, s in enumerate(stacks)]
    movie = open_group(parts, name="m")
    for t in range(3):
        for c in range(20):
            np.testing.assert_array_equal(movie.plane(t, channel=str(c)), stacks[c, t])
    open_files = [p.resolve() for p in Path("/proc/self/fd").iterdir() if p.exists()]
    n_ours = sum(tmp_path.resolve() in path.parents for path in open_files)
    assert n_ours <= 8
    movie.close()
    open_files = [p.resolve() for p in Path("/proc/self/fd").iterdir() if p.exists()]
    assert not any(tmp_path.resolve() in path.parents for path in open_files)


class TestFailures:
    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        parts = planes(tmp_path, pixels((3, 2, 5, 7)), ["a", "b"])
        Path(parts[3].path).unlink()
        with pytest.raises(MovieError, match=r"m lacks b_t1\.tif of its 6 files; copy"):
            open_group(parts, name="m")
        with pytest.raises(MovieError, match="m has no file for channel b, time 1; copy"):
            open_group([part for part in parts if part != parts[3]], name="m")

    @pytest.mark.parametrize(
        ("odd", "sentence"),
        [
            (pixels((5, 8), "uint16"), r"shape \(5, 8\) and a_t0.tif has \(5, 7\)"),
            (pixels((5, 7), "uint8"), "data type uint8 and a_t0.tif has uint16"),
            (pixels((5, 7, 3), "uint16"), "shape"),
        ],
    )
    def test_unlike_files_are_refused(self, tmp_path: Path, odd: np.ndarray, sentence: str) -> None:
        parts = planes(tmp_path, pixels((2, 2, 5, 7), "uint16"), ["a", "b"])
        write(tmp_path, "b_t1.tif", odd)
        movie = open_group(parts, name="m")
        movie.plane(0, channel="b")
        with pytest.raises(MovieError, match=rf"b_t1\.tif has {sentence}"):
            movie.plane(1, channel="b")
        write(tmp_path, "b_t0.tif", odd)
        with pytest.raises(MovieError, match=rf"b_t0\.tif has {sentence}"):
            open_group(parts, name="m")

    def test_broken_and_vanished_files_are_named(self, tmp_path: Path) -> None:
        parts = planes(tmp_path, pixels((3, 1, 5, 7)), ["a"])
        movie = open_group(parts, name="m")
        Path(parts[1].path).write_bytes(b"II*\0broken")
        Path(parts[2].path).unlink()
        with pytest.raises(MovieError, match=r"a_t1\.tif"):
            movie.plane(1)
        with pytest.raises(MovieError, match=r"a_t2\.tif is gone; put it back"):
            movie.plane(2)
        np.testing.assert_array_equal(movie.plane(0).shape, (5, 7))

    def test_two_files_of_one_place(self, tmp_path: Path) -> None:
        (part,) = planes(tmp_path, pixels((1, 1, 5, 7)), ["a"])
        with pytest.raises(MovieError, match="are of the same channel and time"):
            open_group([part, part], name="m")
