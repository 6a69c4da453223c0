"""What is wrong with files and disks is said in a sentence, and is no result."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import tifffile

from napari_celltrack.batch import RunOptions, find_inputs, run_files
from napari_celltrack.errors import MovieError, ResultError
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from scenes import moving_disks
from test_batch import run

WAYS = {
    "imagej": {"imagej": True, "metadata": {"axes": "TYX"}},
    "ome": {"ome": True, "metadata": {"axes": "TYX"}},
    "shaped": {"photometric": "minisblack"},
    "pages": {"photometric": "minisblack", "metadata": None},
    "zlib": {"photometric": "minisblack", "compression": "zlib"},
    "bigtiff": {"photometric": "minisblack", "bigtiff": True, "metadata": None},
}


@pytest.mark.parametrize("way", WAYS)
def test_half_a_recording_is_never_a_whole_one(tmp_path: Path, way: str) -> None:
    whole = tmp_path / "whole.tif"
    tifffile.imwrite(whole, moving_disks(9), **WAYS[way])  # type: ignore[arg-type]
    data = whole.read_bytes()
    movie = open_movie(whole)
    assert movie.n_frames == 9
    for share in (0.3, 0.5, 0.9):
        cut = tmp_path / "cut.tif"
        cut.write_bytes(data[: int(share * len(data))])
        # Some keep the number of frames: then it is the first missing one that tells.
        with pytest.raises(MovieError, match=r"cut\.tif (is cut short|cannot be decoded)"):
            for frame in range(open_movie(cut).n_frames):
                open_movie(cut).plane(frame)


def test_every_entry_of_a_folder_is_an_item_or_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    tifffile.imwrite(folder / "good.tif", moving_disks(1)[0])
    (folder / "empty.tif").write_bytes(b"")
    (folder / "folder.tif").mkdir()
    (folder / "gone.tif").symlink_to(tmp_path / "nowhere.tif")
    (folder / "plain folder").mkdir()
    (folder / "notes.txt").write_text("x")
    found = find_inputs([folder])
    assert [item.file for item in found.items] == ["empty.tif", "good.tif"]
    reasons = {Path(path).name: why for path, why in zip(found.ignored, found.reasons, strict=True)}
    assert reasons == {
        "folder.tif": "it is a folder, though its name is that of an image",
        "gone.tif": "it is a link to something that is not there, or no file",
        "notes.txt": "it is no image",
    }
    empty, good = run(folder, tmp_path / "out")
    assert empty.error == "empty.tif is empty; copy or export it again."
    assert good.status == "done"


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs a disk of its own")
def test_a_disk_too_full_for_a_summary_is_said_and_results_stay(tmp_path: Path) -> None:
    images, disk = tmp_path / "images", tmp_path / "disk"
    images.mkdir()
    disk.mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(images / f"{name}.tif", moving_disks(3), photometric="minisblack")
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    out = disk / "out"
    try:
        options = RunOptions(n_workers=1, report=False)
        events = run_files(Recipe(), find_inputs([images]), out, options)
        with pytest.raises(ResultError, match=r"disk of .* is full; make room and run again\."):
            for _ in events:
                if (out / "a").exists() and not (disk / "other").exists():
                    fill(disk / "other")
        assert not list(out.glob(".*"))
        (disk / "other").unlink()
        rows = run(images, out)
        assert [(row.status, row.is_kept) for row in rows] == [("done", True), ("done", False)]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(512)):
                pass
        except OSError:
            return
