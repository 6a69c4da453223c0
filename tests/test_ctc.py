"""The format of the Cell Tracking Challenge: what is written, and what is read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from ctc_scenes import DIVISION, export, frames, rows_of, truth
from napari_celltrack.analysis import read_ctc
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.export.ctc import ctc_tracks, mask_names
from napari_celltrack.recipe import Recipe


def assert_valid(folder: Path) -> None:
    """Let the checkers of other programs look at a result."""
    from ctc_metrics import validate_sequence

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)  # of an empty frame
        assert validate_sequence(str(folder), threads=1)["Valid"] == 1
    traccuracy = pytest.importorskip("traccuracy.loaders", reason="traccuracy is not installed")
    traccuracy.load_ctc_data(str(folder), run_checks=True)


def test_division_gap_and_empty_frame_come_back(tmp_path: Path) -> None:
    # Cell 2 is not seen in frame 3, where nothing is.
    scene = [*frames([*DIVISION[:3], [0, 0, 0], *DIVISION[3:]])]
    folder = export(tmp_path, scene, {3: 1, 4: 1})
    assert_valid(folder)
    read = read_ctc(tmp_path)
    # The second parts of 2, 3 and 4 are 5, 6 and 7.
    assert rows_of(read) == [
        [1, 0, 1, 0], [2, 0, 2, 0], [3, 2, 2, 1], [4, 2, 2, 1],
        [5, 4, 4, 2], [6, 4, 4, 3], [7, 4, 4, 4],
    ]  # fmt: skip
    assert read.divisions() == {(1, 1): {(2, 3), (2, 4)}}
    np.testing.assert_array_equal(read.mask(2), scene[2])
    np.testing.assert_array_equal(read.mask(4), frames([[6, 7, 5]])[0])
    assert not read.mask(3).any()


def test_links_that_were_exported_are_the_links_that_are_read(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1, 2], [0, 2], [1, 2]]))
    assert set(read_ctc(folder).links()) == {
        ((0, 1), (2, 3)), ((0, 2), (1, 2)), ((1, 2), (2, 2)),
    }  # fmt: skip


def test_files_are_what_the_format_asks_for(tmp_path: Path) -> None:
    folder = export(tmp_path, frames(DIVISION), {3: 1, 4: 1})
    assert sorted(path.name for path in folder.iterdir()) == [
        "mask000.tif", "mask001.tif", "mask002.tif", "mask003.tif", "res_track.txt",
    ]  # fmt: skip
    assert (folder / "res_track.txt").read_bytes() == b"1 0 1 0\n2 0 3 0\n3 2 3 1\n4 2 3 1\n"
    with tifffile.TiffFile(folder / "mask000.tif") as tiff:
        (page,) = tiff.pages
        assert (page.dtype, page.axes, page.compression.name) == ("uint16", "YX", "ADOBE_DEFLATE")


def test_mother_that_goes_on_is_cut_at_the_birth(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1, 0], [1, 0], [1, 2], [1, 2]]), {2: 1})
    assert rows_of(read_ctc(folder)) == [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]]
    assert_valid(folder)


def test_daughter_born_in_a_gap_of_the_mother(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1, 0], [0, 2], [1, 2]]), {2: 1})
    assert rows_of(read_ctc(folder)) == [[1, 0, 0, 0], [2, 1, 2, 1], [3, 2, 2, 1]]


def test_parent_that_does_not_begin_before_is_left_out(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1, 2], [1, 2]]), {2: 1})
    assert rows_of(read_ctc(folder)) == [[1, 0, 1, 0], [2, 0, 1, 0]]


def test_cells_without_a_track_are_not_written(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1, 100], [101, 3]]), {3: 101})
    read = read_ctc(folder)
    assert rows_of(read) == [[1, 0, 0, 0], [2, 1, 1, 0]]  # ids are made compact
    np.testing.assert_array_equal(read.mask(1), frames([[0, 2]])[0])


def test_frames_count_from_the_first_that_was_worked_on(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1], [1], [1]]), frame_numbers=[5, 7, 9])
    assert rows_of(read_ctc(folder)) == [[1, 0, 2, 0]]


def test_one_cell_in_one_frame(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1]]))
    assert rows_of(read_ctc(folder)) == [[1, 0, 0, 0]]


def test_without_any_track_masks_are_zero_and_the_table_empty(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[0, 100], [0, 0]]))
    assert (folder / "res_track.txt").read_bytes() == b""
    read = read_ctc(folder)
    assert (rows_of(read), read.n_frames) == ([], 2)
    assert not any(read.mask(frame).any() for frame in range(2))


def test_names_have_four_digits_from_1000_frames_on() -> None:
    assert mask_names(999)[::998] == ["mask000.tif", "mask998.tif"]
    assert mask_names(1000)[::999] == ["mask0000.tif", "mask0999.tif"]
    assert mask_names(10_001)[-1] == "mask10000.tif"


def test_long_movie_is_read_back(tmp_path: Path) -> None:
    folder = export(tmp_path, frames([[1, 2]] * 1001))
    assert rows_of(read_ctc(folder)) == [[1, 0, 1000, 0], [2, 0, 1000, 0]]
    assert (folder / "mask1000.tif").is_file()


def test_too_many_tracks_are_refused() -> None:
    ids = np.arange(1, 65_537)
    objects = pd.DataFrame({"frame": 0, "track_id": ids})
    tracks = pd.DataFrame({"track_id": ids, "parent_id": 0})
    with pytest.raises(ResultError, match=r"65536 tracks, .* room for 65535; raise tracks.min_"):
        ctc_tracks(objects, tracks, np.array([0]))
    label, rows = ctc_tracks(objects[:-1], tracks[:-1], np.array([0]))
    assert (label.max(), len(rows)) == (65_535, 65_535)


def test_recipe_takes_ctc_as_an_export() -> None:
    recipe = Recipe.from_yaml("version: 1\nexport: [{method: ctc}]")
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert "ctc" not in {export.method for export in Recipe().export}


class TestReading:
    table = ((1, 0, 1, 0), (2, 0, 3, 0), (3, 2, 3, 1), (4, 2, 3, 1))

    def test_truth_is_found_from_every_folder_above(self, tmp_path: Path) -> None:
        home = truth(tmp_path, frames(DIVISION), self.table)
        (home / "TRA" / "spans.csv").write_text("label\n")
        tifffile.imwrite(home / "TRA" / "overview.tif", np.zeros((2, 2)))
        for folder in (home / "TRA", home, tmp_path):
            assert rows_of(read_ctc(folder)) == [list(row) for row in self.table]

    def test_truth_and_result_beside_each_other(self, tmp_path: Path) -> None:
        truth(tmp_path, frames(DIVISION), self.table)
        export(tmp_path, frames([[1, 2]] * 4))
        assert len(read_ctc(tmp_path).table) == 2
        assert len(read_ctc(tmp_path, is_truth=True).table) == 4

    def test_truth_may_have_a_gap(self, tmp_path: Path) -> None:
        scene = frames([[1, 2], [0, 2], [1, 2]])
        read = read_ctc(truth(tmp_path, scene, [(1, 0, 2, 0), (2, 0, 2, 0)]))
        assert ((0, 1), (2, 1)) in set(read.links())

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            ("1 0 3\n", "line 1, is not four whole numbers"),
            (f"1 0 {2**63} 0\n", "line 1, is not four whole numbers"),
            ("9" * 5000 + " 0 3 0\n", "line 1, is not four whole numbers"),
            ("1 0 1 0\n1 2 3 0\n", "has label 1 twice"),
            ("1 0 9 0\n", "lives from frame 0 to 9, but there are 4 masks"),
            ("1 1 0 0\n", "lives from frame 1 to 0"),
            ("1 0 3 7\n", "parent 7, which has no line"),
            ("1 0 3 0\n2 3 3 1\n", "its parent 1 ends in frame 3; let parents end before"),
            ("1 0 3 0\n2 0 3 0\n", "has no pixel of label 2, which the table lists for frame 0"),
            ("2 0 3 0\n", "has no pixel of label 2"),
            ("", "has label 1, which the table does not list for frame 0"),
        ],
    )
    def test_tables_that_are_wrong(self, tmp_path: Path, lines: str, message: str) -> None:
        folder = export(tmp_path, frames([[1]] * 4))
        (folder / "res_track.txt").write_text(lines)
        with pytest.raises(ResultError, match=message):
            read_ctc(folder)

    def test_gap_in_a_result_is_refused(self, tmp_path: Path) -> None:
        folder = export(tmp_path, frames([[1]] * 3))
        tifffile.imwrite(folder / "mask001.tif", np.zeros((4, 4), np.uint16))
        with pytest.raises(ResultError, match=r"mask001.tif has no pixel of label 1"):
            read_ctc(folder)

    def test_folders_that_are_wrong(self, tmp_path: Path) -> None:
        with pytest.raises(ResultError, match="is not a folder"):
            read_ctc(tmp_path / "none")
        with pytest.raises(ResultError, match=r"holds no res_track.txt or man_track.txt; choose"):
            read_ctc(tmp_path)
        for name in ("a", "b"):
            export(tmp_path / name, frames([[1]]))
        with pytest.raises(ResultError, match=r"several of them \(a/01_RES, b/01_RES\); choose"):
            read_ctc(tmp_path)

    def test_masks_that_are_wrong(self, tmp_path: Path) -> None:
        folder = export(tmp_path, frames([[1]] * 3))
        for array in (np.zeros((4, 4), np.float32), np.zeros((2, 4, 4), np.uint16)):
            tifffile.imwrite(folder / "mask001.tif", array)
            with pytest.raises(ResultError, match="only 2D masks of whole numbers"):
                read_ctc(folder)
        (folder / "mask001.tif").write_text("no image")
        with pytest.raises(CelltrackError, match=r"mask001.tif cannot be decoded"):
            read_ctc(folder)
        (folder / "mask001.tif").unlink()
        with pytest.raises(ResultError, match="lacks the mask of frame 1"):
            read_ctc(folder)
