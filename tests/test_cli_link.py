"""``celltrack link`` and ``celltrack score``, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from command import celltrack
from ctc_scenes import frames, truth
from napari_celltrack.analysis import read_ctc
from napari_celltrack.batch import FileDone, RunOptions, link_labels
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.export import TablesCsv
from napari_celltrack.recipe import Recipe

#: Two cells that stand still, and one that is there twice; each number is the cell's in its frame.
LABELS = ([7, 0, 3], [3, 0, 9], [1, 2, 5], [4, 6, 2])
TRACKS = ([1, 0, 2], [1, 0, 2], [1, 3, 2], [1, 3, 2])
TABLE = ((1, 0, 3, 0), (2, 0, 3, 0), (3, 2, 3, 0))
RESULT = [
    "01_RES", "counts.csv", "drift.csv", "events.csv", "labels.tif", "objects.csv",
    "recipe.yaml", "run.json", "tracks.csv",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of label images, one a frame."""
    path = tmp_path / "masks"
    path.mkdir()
    for index, image in enumerate(near(LABELS)):
        tifffile.imwrite(path / f"t{index}.tif", image.astype(np.uint16))
    return path


def near(rows: tuple[list[int], ...]) -> list[np.ndarray]:
    """Return the scene with room between the cells, so that the nearest one is the same one."""
    return frames([[row[0], *[0] * 9, row[1], *[0] * 9, row[2]] for row in rows])


def write_stack(path: Path, array: np.ndarray) -> None:
    """Write a page a frame; tifffile would take four of them for a colour image."""
    tifffile.imwrite(path, array, photometric="minisblack")


def run(paths: list[Path], out: Path, recipe: Recipe | None = None, **options: bool) -> FileDone:
    *_, done = link_labels(paths, out, recipe, RunOptions(**options))
    assert isinstance(done, FileDone)
    return done


def test_link_and_score(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = celltrack("link", folder, "-o", out)
    assert printed.stdout.splitlines()[1].split()[:5] == ["masks", "done", "4", "10", "3"]
    assert printed.stderr == ""
    assert sorted(path.name for path in out.iterdir()) == RESULT
    # Labels are those of the input, in the image as in the table.
    np.testing.assert_array_equal(tifffile.imread(out / "labels.tif"), near(LABELS))
    objects = pd.read_csv(out / "objects.csv")
    assert objects["label"].tolist() == [3, 7, 3, 9, 1, 2, 5, 2, 4, 6]
    tracks = read_ctc(out)
    assert [tracks.mask(frame).tolist() for frame in range(4)] == [
        image.tolist() for image in near(TRACKS)
    ]
    home = truth(tmp_path, near(TRACKS), TABLE)
    lines = celltrack("score", out, home).stdout.splitlines()
    assert lines[:4] == ["DET 1.0000", "SEG 1.0000", "TRA 1.0000", "LNK 1.0000"]
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["cells", "1.0000"], ["links", "1.0000"], ["divisions", "1.0000"],
    ]  # fmt: skip


def test_score_lists_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    run([folder], tmp_path / "out")
    home = truth(tmp_path, near(TRACKS), TABLE)
    broken = "1 0 1 0\n2 0 3 0\n3 2 3 0\n4 2 3 0\n"
    (tmp_path / "out" / "01_RES" / "res_track.txt").write_text(broken)
    for frame in (2, 3):
        mask = np.where(near(TRACKS)[frame] == 1, 4, near(TRACKS)[frame]).astype(np.uint16)
        tifffile.imwrite(tmp_path / "out" / "01_RES" / f"mask00{frame}.tif", mask)
    text = celltrack("score", tmp_path / "out", home / "TRA").stdout
    assert text.splitlines()[-1] == (
        "missed  frame 1 label 1 (y 1.5, x 1.5) -> frame 2 label 1 (y 1.5, x 1.5)"
    )
    values = json.loads(celltrack("score", tmp_path / "out", home, "--json").stdout)
    assert values["links"] == {
        "precision": 1, "recall": 6 / 7, "f1": 12 / 13, "right": 6, "false": 0, "missed": 1,
    }  # fmt: skip
    assert values["LNK"] == pytest.approx(1 - 1 / 7)
    assert values["wrong_links"][0]["kind"] == "missed"


def test_wrong_use_exits_with_2(folder: Path, tmp_path: Path) -> None:
    done = celltrack("link", tmp_path / "none", "-o", tmp_path / "out", code=2)
    assert "none does not exist" in done.stderr
    assert "holds no res_track.txt" in celltrack("score", folder, folder, code=2).stderr
    write_stack(tmp_path / "grey.tif", np.full((4, 8, 8), 0.5, np.float32))
    done = celltrack("link", tmp_path / "grey.tif", "-o", tmp_path / "out", "--json", code=1)
    (row,) = json.loads(done.stdout)
    assert "holds numbers with fractions and is not a label image" in row["error"]
    assert not (tmp_path / "out").exists()


class TestResultFolder:
    def test_it_is_kept_and_made_anew_when_something_changed(
        self, folder: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        assert not run([folder], out).is_kept
        assert run([folder], out).is_kept
        assert not run([folder], out, restart=True).is_kept
        (out / "01_RES" / "mask001.tif").write_bytes(b"cut off")
        assert not run([folder], out).is_kept
        recipe = Recipe(export=(TablesCsv(),))
        assert not run([folder], out, recipe).is_kept
        assert not (out / "labels.tif").exists()
        assert (out / "01_RES" / "res_track.txt").exists()
        assert not list(tmp_path.glob(".out*"))

    def test_files_of_others_are_never_lost(self, folder: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        run([folder], out)
        (out / "notes.txt").write_text("mine")
        with pytest.raises(ResultError, match=r"files of other origin \(notes.txt\).*; choose a"):
            run([folder], out)
        with pytest.raises(ResultError, match="files of other origin"):
            run([folder], folder)
        assert len(list(folder.iterdir())) == 4

    def test_the_folder_one_works_in_is_refused(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        with pytest.raises(ResultError, match="holds the folder you work in"):
            run([folder], Path())

    def test_recipe_says_what_was_done(self, folder: Path, tmp_path: Path) -> None:
        run([folder], tmp_path / "out")
        written = Recipe.load(tmp_path / "out" / "recipe.yaml")
        assert written.objects.min_area_px2 == 0
        assert [export.method for export in written.export] == ["tables_csv", "labels_tiff", "ctc"]
        tuned = Recipe().replace(objects=Recipe().objects.replace(min_area_px2=17))
        assert run([folder], tmp_path / "tuned", tuned).n_cells_total == 0


class TestInputs:
    def test_stack_and_pattern_give_what_the_folder_gives(
        self, folder: Path, tmp_path: Path
    ) -> None:
        run([folder], tmp_path / "a")
        (folder / "t0_image.png").write_bytes(b"")
        write_stack(tmp_path / "stack.tif", np.stack(near(LABELS)).astype(np.float32))
        run([tmp_path / "stack.tif"], tmp_path / "b")
        run([folder / "t?.tif"], tmp_path / "c")
        expected = pd.read_csv(tmp_path / "a" / "objects.csv").drop(columns="file")
        for name in "bc":
            table = pd.read_csv(tmp_path / name / "objects.csv").drop(columns="file")
            pd.testing.assert_frame_equal(table, expected)

    def test_several_movies_have_a_folder_each(self, folder: Path, tmp_path: Path) -> None:
        stack = tmp_path / "stack.tif"
        write_stack(stack, np.stack(near(LABELS)).astype(np.uint8))
        events = link_labels([folder, stack, folder / "t*.tif"], tmp_path / "out")
        done = [event for event in events if isinstance(event, FileDone)]
        rows = sorted(done, key=lambda row: row.item.name)  # movies end in any order
        assert [row.n_tracks for row in rows] == [3, 3, 3]
        assert [row.item.name for row in rows] == ["masks", "stack", "t"]
        for row in rows:
            assert len(read_ctc(tmp_path / "out" / row.item.name).table) == 3
        with pytest.raises(CelltrackError, match=r"would share a result folder; link them one by"):
            link_labels([folder, folder / "*.tif"], tmp_path / "out")

    def test_frames_given_one_by_one_are_no_movies(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(CelltrackError, match=r"t0.tif is a single image, .* pattern in quotes"):
            run(sorted(folder.iterdir()), tmp_path / "out")

    def test_frames_of_different_size_fail(self, folder: Path, tmp_path: Path) -> None:
        tifffile.imwrite(folder / "t2.tif", np.zeros((3, 3), np.uint16))
        done = run([folder], tmp_path / "out")
        assert (done.status, "of one size" in done.error) == ("failed", True)


def test_real_nuclei(shared_data: Path, tmp_path: Path) -> None:
    """Given true masks, the default linker finds all links and all six divisions."""
    home = shared_data / "ctc_sim_nuclei" / "01_GT"
    celltrack("link", home / "TRA", "-o", tmp_path / "out")
    values = json.loads(celltrack("score", tmp_path / "out", home, "--json").stdout)
    assert (values["DET"], values["SEG"]) == (1, 1)
    assert values["LNK"] == values["TRA"] == 1
    assert values["links"]["f1"] == values["divisions"]["f1"] == 1
