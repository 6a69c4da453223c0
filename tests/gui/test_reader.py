from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from npe2 import PluginManager

from napari_celltrack import open_movie
from napari_celltrack.gui.reader import get_reader
from napari_celltrack.gui.show_movie import add_movie

PLUGIN = "napari-celltrack"

# Otherwise napari does so when its window is made first.
PluginManager.instance().discover()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Return a video of 6 frames of 48 x 64 px, each of its own grey."""
    path = tmp_path / "film.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=5, width=64, height=48, pix_fmt="yuvj420p")
        for grey in range(0, 240, 40):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of 3 frames of 8 x 9 px, as TIFF with two channels."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in range(3):
        pixels = np.full((2, 8, 9), frame, np.uint16) + np.array([0, 100], np.uint16)[:, None, None]
        tifffile.imwrite(
            folder / f"t{frame}.tif",
            pixels,
            imagej=True,
            resolution=(2, 2),
            metadata={"axes": "CYX", "unit": "um"},
        )
    return folder


@pytest.mark.parametrize("name", ["video", "folder"])
def test_layers_are_those_of_add_movie(viewer, name: str, request) -> None:
    path = request.getfixturevalue(name)
    read = viewer.open(path, plugin=PLUGIN)
    added = add_movie(viewer, open_movie(path))
    assert len(read) == len(added) == {"video": 1, "folder": 2}[name]
    for ours, theirs in zip(read, added, strict=True):
        assert type(ours.data) is type(theirs.data)  # lazy
        assert ours.data.shape == theirs.data.shape
        np.testing.assert_array_equal(np.asarray(ours.data), np.asarray(theirs.data))
        assert ours.rgb == theirs.rgb
        assert ours.scale.tolist() == theirs.scale.tolist()
        assert ours.units == theirs.units
        assert theirs.name in (ours.name, f"{ours.name} [1]")


def test_real_video(viewer, shared_data: Path) -> None:
    (layer,) = viewer.open(shared_data / "lesson4" / "CellVideo.mp4", plugin=PLUGIN)
    assert layer.name == "CellVideo"
    assert layer.rgb
    assert layer.data.shape == (44, 360, 360, 3)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0\0\0\x18ftypmp42cut off"])
def test_bad_file_is_one_sentence(viewer, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    n_before = len(notification_manager.records)
    assert viewer.open(path, plugin=PLUGIN) == []
    (told,) = notification_manager.records[n_before:]
    assert str(told.severity) == "error"
    assert told.message.startswith("bad.mp4 ")
    assert len(viewer.layers) == 0


def test_bad_frame_among_good_ones_is_one_sentence(viewer, folder: Path) -> None:
    (folder / "t0.tif").write_bytes(b"II*\0")
    n_before = len(notification_manager.records)
    assert viewer.open(folder, plugin=PLUGIN) == []
    assert len(notification_manager.records) == n_before + 1


def test_folders_without_images_and_stacks_are_left_to_others(tmp_path: Path) -> None:
    assert get_reader(str(tmp_path)) is None
    (tmp_path / "notes.txt").write_text("no image")
    assert get_reader(str(tmp_path)) is None
    assert get_reader([str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")]) is None


def test_plain_images_stay_with_napari(viewer, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 9), np.uint16))
    (layer,) = viewer.open(tmp_path / "a.tif")
    assert layer.source.reader_plugin == "napari"
