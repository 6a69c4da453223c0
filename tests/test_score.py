from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile

from ctc_scenes import DIVISION, export, frames, truth
from napari_celltrack.analysis import (
    F1,
    CtcMeasures,
    CtcScore,
    detection_f1,
    link_f1,
    match_labels,
    read_ctc,
    score_ctc,
)
from napari_celltrack.errors import ResultError


def row(*labels: int) -> np.ndarray:
    """Return a label image of one row, each label four px wide."""
    return np.repeat(np.array([labels], np.int32), 4, axis=1)


def test_match_needs_more_than_half() -> None:
    true = row(1, 1, 0, 2, 0)
    found = row(5, 0, 0, 6, 7)
    assert match_labels(found, true) == {6: 2}  # 5 covers exactly half of 1
    assert detection_f1(found, true) == F1(1, 2, 1)
    assert F1(1, 2, 1).value == 0.4


def test_nothing_found_where_nothing_is() -> None:
    assert detection_f1(row(0, 0), row(0, 0)).value == 1
    assert detection_f1(row(0, 1), row(0, 0)).value == 0


def test_links_right_swapped_and_missing() -> None:
    true = [row(1, 0, 2, 0, 3), row(1, 0, 2, 0, 3)]
    assert link_f1(true, true, {}) == F1(3, 0, 0)
    swapped = [row(7, 0, 8, 0, 9), row(8, 0, 7, 0, 9)]
    assert link_f1(swapped, true, {}) == F1(1, 2, 2)
    broken = [row(1, 0, 2, 0, 3), row(1, 0, 2, 0, 4)]
    assert link_f1(broken, true, {}) == F1(2, 0, 1)


def test_going_on_into_a_daughter_is_no_mistake() -> None:
    true = [row(1, 0, 2), row(3, 0, 2)]
    assert link_f1([row(1, 0, 2), row(1, 0, 2)], true, {3: 1}) == F1(1, 0, 0)
    assert link_f1([row(1, 0, 2), row(1, 0, 2)], true, {}) == F1(1, 1, 0)


def test_precision_and_recall_where_there_is_nothing() -> None:
    assert (F1(3, 1, 2).precision, F1(3, 1, 2).recall) == (0.75, 0.6)
    assert (F1(0, 0, 0).precision, F1(0, 0, 0).recall) == (1, 1)
    assert (F1(0, 0, 2).precision, F1(0, 2, 0).recall) == (0, 0)


class TestCtc:
    """Scores of results in the format of the challenge, worked out by hand."""

    table = ((1, 0, 1, 0), (2, 0, 3, 0), (3, 2, 3, 1), (4, 2, 3, 1))

    def score(
        self, folder: Path, rows: Sequence[Sequence[int]], parents: Mapping[int, int] | None = None
    ) -> CtcScore:
        """Score a result against two cells in four frames, one of which divides."""
        home = truth(folder / "truth", frames(DIVISION), self.table)
        found = read_ctc(export(folder / "found", frames(rows), parents))
        return score_ctc(found, read_ctc(home))

    def test_perfect_result_is_1_everywhere(self, tmp_path: Path) -> None:
        score = self.score(tmp_path, DIVISION, {3: 1, 4: 1})
        assert score.measures == CtcMeasures(det=1, seg=1, tra=1, lnk=1)
        assert (score.cells, score.links, score.divisions) == (
            F1(10, 0, 0),
            F1(8, 0, 0),
            F1(1, 0, 0),
        )
        assert score.wrong_links.empty

    def test_one_broken_link(self, tmp_path: Path) -> None:
        rows = ([1, 0, 2], [1, 0, 2], [3, 4, 5], [3, 4, 5])
        score = self.score(tmp_path, rows, {3: 1, 4: 1})
        # One of 8 links is to be added, at 1.5; a cell would cost 10.
        measures = score.measures
        assert measures is not None
        assert (measures.det, measures.seg) == (1, 1)
        assert measures.lnk == pytest.approx(1 - 1.5 / (8 * 1.5))
        assert measures.tra == pytest.approx(1 - 1.5 / (10 * 10 + 8 * 1.5))
        assert (score.links, score.divisions) == (F1(7, 0, 1), F1(1, 0, 0))
        (wrong,) = score.wrong_links.to_dict(orient="records")
        assert wrong == {
            "kind": "missed",
            "from_frame": 1, "from_label": 2, "from_y_px": 1.5, "from_x_px": 9.5,
            "to_frame": 2, "to_label": 2, "to_y_px": 1.5, "to_x_px": 9.5,
        }  # fmt: skip

    def test_division_that_is_not_seen(self, tmp_path: Path) -> None:
        # The mother goes on as daughter 3, and daughter 4 comes from nowhere.
        score = self.score(tmp_path, ([1, 0, 2], [1, 0, 2], [1, 4, 2], [1, 4, 2]))
        assert (score.links, score.divisions) == (F1(7, 0, 1), F1(0, 0, 1))
        measures = score.measures
        assert measures is not None
        # One link to add, and one that is a division in truth to mend, at 1.
        assert measures.lnk == pytest.approx(1 - 2.5 / 12)

    def test_division_of_the_wrong_mother_is_a_false_one(self, tmp_path: Path) -> None:
        rows = ([1, 0, 2], [1, 0, 2], [3, 4, 5], [3, 4, 5])
        score = self.score(tmp_path, rows, {4: 2, 5: 2, 3: 1})
        assert score.divisions == F1(0, 1, 1)
        assert score.links == F1(7, 1, 1)
        assert score.wrong_links["kind"].tolist() == ["false", "missed"]
        # Labels of the result in the first, of the truth in the second.
        assert score.wrong_links[["from_label", "to_label"]].to_numpy().tolist() == [[2, 4], [1, 4]]

    def test_cells_missing_invented_and_merged(self, tmp_path: Path) -> None:
        rows = ([1, 0, 2], [1, 5, 2], [3, 3, 2], [3, 4, 0])
        score = self.score(tmp_path, rows)
        # Right are 7: missed are both daughters under one cell, and 2 in the last frame.
        assert score.cells == F1(7, 2, 3)
        assert score.links == F1(3, 1, 5)
        assert score.measures is not None
        # One cell to add, one to delete and one to split: 10, 1 and 5.
        assert score.measures.det == pytest.approx(1 - (10 + 1 + 5) / 100)

    def test_segmentation_is_scored_against_its_own_truth(self, tmp_path: Path) -> None:
        home = truth(tmp_path / "truth", frames(DIVISION), self.table)
        (home / "SEG").mkdir()
        whole = np.kron(np.array([[7, 0, 0]], np.uint16), np.ones((4, 4), np.uint16))
        whole[:, 4:6] = 7  # half as large again as what was found
        tifffile.imwrite(home / "SEG" / "man_seg001.tif", whole)
        found = read_ctc(export(tmp_path / "found", frames(DIVISION), {3: 1, 4: 1}))
        score = score_ctc(found, read_ctc(home))
        assert score.seg_truth == "SEG"
        assert score.measures is not None
        assert score.measures.seg == pytest.approx(2 / 3)

    def test_nothing_found(self, tmp_path: Path) -> None:
        score = self.score(tmp_path, ([0, 0, 0],) * 4)
        assert score.measures == CtcMeasures(det=0, seg=0, tra=0, lnk=0)
        assert score.links == F1(0, 0, 8)

    def test_one_frame_has_no_links_to_score(self, tmp_path: Path) -> None:
        home = truth(tmp_path / "truth", frames([[1, 2]]), [(1, 0, 0, 0), (2, 0, 0, 0)])
        found = export(tmp_path / "found", frames([[1, 2]]))
        score = score_ctc(read_ctc(found), read_ctc(home))
        assert score.measures == CtcMeasures(det=1, seg=1, tra=1, lnk=None)
        assert score.links == F1(0, 0, 0)

    def test_without_the_library_the_rest_is_scored(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "ctc_metrics.metrics", None)
        score = self.score(tmp_path, DIVISION, {3: 1, 4: 1})
        assert score.measures is None
        assert score.links.value == 1
        assert not {"DET", "SEG_truth"} & score.to_json().keys()

    def test_movies_that_do_not_belong_together(self, tmp_path: Path) -> None:
        with pytest.raises(ResultError, match="has 2 frames and the truth 4; choose those of one"):
            self.score(tmp_path / "a", [[1, 2]] * 2)
        with pytest.raises(ResultError, match=r"man_track000.tif is \(4, 12\) px and .* \(4, 8\)"):
            self.score(tmp_path / "b", [[1, 2]] * 4)
        empty = truth(tmp_path / "c", frames([[0]]), [])
        with pytest.raises(ResultError, match="has no tracks; choose a truth with cells"):
            score_ctc(read_ctc(empty), read_ctc(empty))

    def test_measures_are_those_of_the_library_on_its_own(
        self, shared_data: Path, tmp_path: Path
    ) -> None:
        """Our matching of cells leads to what the library finds from the files."""
        from ctc_metrics import evaluate_sequence

        home = shared_data / "ctc_sim_nuclei" / "01_GT"
        true = read_ctc(home)
        random = np.random.default_rng(1)
        spoiled = [true.mask(frame).astype(np.int32) for frame in range(true.n_frames)]
        for image, labels in zip(spoiled, true.labels, strict=True):
            lost, one, other = random.choice(labels, 3, replace=False)
            image[image == lost] = 0
            image[image == one] = other
            image[:8, :8] = 99
        parents = {label: parent for label, _, _, parent in true.table.tolist() if parent}
        folder = str(export(tmp_path, spoiled, parents))
        score = score_ctc(read_ctc(folder), true)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = ["DET", "TRA", "LNK", "BC"]
            expected = evaluate_sequence(folder, str(home), names, threads=1)
        measures = score.measures
        assert measures is not None
        assert (measures.det, measures.tra, measures.lnk) == tuple(expected[n] for n in names[:3])
        assert 0.5 < measures.det < 0.95
        divisions = F1(*(expected[f"{kind}_div(0)"] for kind in ("tp", "fp", "fn")))
        assert score.divisions == divisions
        assert 0 < divisions.true_positives < 6
