"""The logic of the benchmarks, without measuring: what they compare, and what they write."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from napari_celltrack.analysis import detection_f1

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks are not here")


@pytest.fixture
def benchmarks(monkeypatch):
    """Make the modules of the benchmarks importable, and forget them afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in set(sys.modules) - before:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_only_a_ratio_that_fell_by_more_than_a_third_is_slower(benchmarks, tmp_path) -> None:
    import rows

    def measured(machine_factor: float, **ours_s: float) -> dict[str, list[rows.Row]]:
        """Return rows beside a peer that takes 1 s on the first machine."""
        found = [
            rows.row_of_times(name, seconds * machine_factor, "naive", machine_factor)
            for name, seconds in ours_s.items()
        ]
        return {"count": found}

    path = tmp_path / "table.json"
    rows.save(path, "a machine", measured(1, count=0.1, link=0.1, gone=0.1))
    saved = rows.load(path)
    # Twice as slow a machine, where everything takes twice as long, is no loss.
    assert rows.what_got_worse(saved, measured(2, count=0.1, link=0.1)) == []
    now = measured(0.5, count=0.13, link=0.14, new=99.0)
    (worse,) = rows.what_got_worse(saved, now)
    assert (worse.group, worse.what) == ("count", "link")
    assert "1.40 times the cost" in worse.sentence
    assert rows.n_compared(saved, now) == 2
    # Beside another peer a ratio is another thing.
    other = {"count": [rows.row_of_times("link", 9.0, "laptrack", 1.0)]}
    assert rows.what_got_worse(saved, other) == []


def test_a_lower_score_is_worse_however_fast(benchmarks, tmp_path) -> None:
    import rows

    path = tmp_path / "table.json"
    rows.save(path, "", {"count": [rows.row_of_times("count", 1, "naive", 9, score=0.95)]})
    saved = rows.load(path)
    faster = rows.row_of_times("count", 0.1, "naive", 9, score=0.94)
    (worse,) = rows.what_got_worse(saved, {"count": [faster]})
    assert "0.9400" in worse.sentence and "0.9500" in worse.sentence
    as_right = rows.row_of_times("count", 0.1, "naive", 9, score=0.949)
    assert rows.what_got_worse(saved, {"count": [as_right]}) == []


def test_saving_one_group_keeps_the_others(benchmarks, tmp_path) -> None:
    import rows

    path = tmp_path / "table.json"
    rows.save(path, "first", {"count": [rows.Row("a", "1 s")], "link": [rows.Row("b", "1 s")]})
    rows.save(path, "second", {"link": [rows.Row("c", "2 s")]})
    groups = rows.load(path)["groups"]
    assert [groups[name]["machine"] for name in ("count", "link")] == ["first", "second"]
    assert [row["what"] for row in groups["link"]["rows"]] == ["c"]


@pytest.mark.parametrize(
    ("value", "met"), [(30.0, "aim"), (25.0, "aim"), (12.0, "least"), (9.9, "missed")]
)
def test_targets_say_which_of_the_two_is_met(benchmarks, value, met) -> None:
    from rows import at_least, at_most

    assert at_least(value, 10, 25).met == met
    assert at_most(-value, -10, -25).met == met


def test_the_exponent_is_the_slope_of_the_three_largest_cases(benchmarks) -> None:
    from growth import exponent

    work = [10.0, 100.0, 1000.0, 10_000.0]
    # A first case that is all overhead does not count.
    assert exponent(work, [50.0, 1.0, 100.0, 10_000.0]) == pytest.approx(2)


def test_a_table_goes_between_its_markers_and_nowhere_else(benchmarks, tmp_path) -> None:
    import performance_page
    from rows import Row

    page = tmp_path / "page.md"
    names = ("machine", "count", "link")
    parts = [f"<!-- bench: {name} -->\nold\n<!-- end: {name} -->" for name in names]
    page.write_text("# Title\n\n" + "\n\nwords\n\n".join(parts))
    performance_page.write("Made machine", {"count": [Row("count", "1 s")]}, page)
    text = page.read_text()
    assert "| count | 1 s |" in text and "Made machine." in text
    assert text.count("words") == 2 and text.count("old") == 1
    with pytest.raises(ValueError, match="0 places"):
        performance_page.write("", {"unknown": []}, page)


def test_the_page_has_a_place_for_each_group_and_the_table_none_else(benchmarks) -> None:
    import argparse

    import bench
    import performance_page
    import rows

    arguments = argparse.Namespace(quick=True, frames=None, data=Path())
    names = set(bench.groups_of(arguments))
    page = performance_page.PAGE.read_text()
    for name in (*names, "machine"):
        assert f"<!-- bench: {name} -->" in page
    if bench.TABLE.exists():
        saved = rows.load(bench.TABLE)["groups"]
        assert set(saved) <= names
        for group in saved.values():
            for row in group["rows"]:
                rows.Row(**row)


def test_the_peer_finds_the_made_nuclei(benchmarks) -> None:
    from made_frames import made_frame
    from naive import NaiveChain

    image, truth = made_frame(256, 25, seed=3)
    again, _ = made_frame(256, 25, seed=3)
    assert image.dtype == np.uint16 and truth.max() == 25
    np.testing.assert_array_equal(image, again)
    labels, table = NaiveChain().count(image)
    # It is no peer to be proud to beat if it does not find what is there.
    assert detection_f1(labels, truth).value > 0.8
    assert len(table) == labels.max()


def test_the_mean_of_a_set_counts_scenes_in_which_nothing_was_found(benchmarks) -> None:
    from accuracy import ImageScore, means

    images = [
        ImageScore("made", "a", 1.0, found=10, true=10),
        ImageScore("made", "b", 0.0, found=0, true=4),
        ImageScore("made", "nothing to find", 1.0, found=0, true=0),
        ImageScore("made, only counted", "c", None, found=15, true=10),
    ]
    masks, counted = means(images)
    assert (masks.n_scenes, masks.n_empty) == (3, 1)
    assert masks.f1 == pytest.approx(2 / 3)
    assert masks.count_error == pytest.approx(1 / 3)
    assert counted.f1 is None and counted.count_error == 0.5


def test_two_runs_are_compared_line_by_line(benchmarks) -> None:
    from accuracy import SetScore, as_table

    before = [SetScore("made", "images", 2, f1=0.9, count_error=0.2, lnk=0.5)]
    now = [SetScore("made", "images", 2, f1=0.8, count_error=0.1, lnk=0.5)]
    texts = {column.header: next(iter(column.cells)) for column in as_table(now, before).columns}
    assert texts["F1"] == "[red]0.9000 > 0.8000[/]"
    # Less of an error is better.
    assert texts["count error"] == "[green]20.0% > 10.0%[/]"
    assert (texts["LNK"], texts["TRA"]) == ("0.5000", "–")
