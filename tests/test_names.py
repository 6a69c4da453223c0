"""Patterns of file names: what is one movie, what is a condition, what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_celltrack.batch.name_pattern import PatternError, read_pattern
from napari_celltrack.batch.names import match, suggest_names

METAMORPH = [
    f"/d/dox_w{wave}_s{stage}_t{t}.TIF"
    for stage in (41, 9)
    for t in (100, 77, 78, 79)
    for wave in ("2YFP", "3RFP", "1DIC")
    if t != 100
]


def test_metamorph_files_become_a_movie_a_stage() -> None:
    found = match(METAMORPH, "{condition}_w?{channel}_s{stage}_t{t}.tif")
    assert [item.name for item in found.items] == ["dox_s9", "dox_s41"]
    first = found.items[0]
    assert first.conditions == (("condition", "dox"), ("stage", "9"))
    assert first.path == "/d/dox_w*_s9_t*.TIF"
    # Channels in the order of the microscope, times by value.
    assert [(part.t, part.channel) for part in first.parts] == [
        (t, channel) for t in (77, 78, 79) for channel in ("DIC", "YFP", "RFP")
    ]
    assert first.parts[0].path == "/d/dox_w1DIC_s9_t77.TIF"
    assert (found.ignored, found.problems, first.missing) == ((), (), ())


def test_plate_files_are_paired_and_numbered_channels_keep_their_word() -> None:
    paths = [f"{c}-{w}.tif" for c in ("Channel2", "Channel1") for w in ("13-B-01", "01-A-01")]
    found = match(paths, "Channel{channel}-*-{well}.tif")
    assert [item.conditions for item in found.items] == [(("well", "A-01"),), (("well", "B-01"),)]
    # Plain "1" would be taken for the second channel, which has index 1.
    assert [part.channel for part in found.items[0].parts] == ["Channel1", "Channel2"]
    assert [item.name for item in found.items] == ["01-A-01", "13-B-01"]


def test_fields_in_folder_names() -> None:
    paths = [
        f"/x/{r}/{c}/img_{t:09}_{c}_000.png" for r in "ab" for c in ("YFP", "CFP") for t in (1, 0)
    ]
    found = match(paths, "{replicate}/{channel}/img_{t}_*.png")
    assert [item.conditions for item in found.items] == [(("replicate", r),) for r in "ab"]
    assert [(p.channel, p.t) for p in found.items[0].parts] == [
        ("CFP", 0), ("YFP", 0), ("CFP", 1), ("YFP", 1),
    ]  # fmt: skip
    # Folders that the pattern does not speak of are other movies.
    assert len(match(paths, "img_{t}_*_000.png").items) == 4


def test_glob_without_fields_gives_an_item_a_file() -> None:
    paths = ["a/f10.tif", "a/f2.TIF", "a/g1.tif", "a/f3.png", "b/[f].tif"]
    found = match(paths, "f*.tif")
    assert [item.path for item in found.items] == ["a/f2.TIF", "a/f10.tif"]
    assert [path for path, why in found.ignored] == ["a/g1.tif", "a/f3.png", "b/[f].tif"]
    assert all("does not fit f*.tif" in why for _, why in found.ignored)
    assert [item.path for item in match(paths, "?[12].tif").items] == ["a/f2.TIF", "a/g1.tif"]
    assert [item.path for item in match(paths, "b/[[]f].tif").items] == ["b/[f].tif"]
    assert [item.path for item in match(paths, "a/**/g1.*").items] == ["a/g1.tif"]


def test_pattern_without_suffix_takes_any() -> None:
    paths = ["drug_0.5uM_B01.ome.tif", "drug_0.5uM_B02.png", "drug_1uM_B03"]
    found = match(paths, "{drug}_{dose}_{well}")
    assert [dict(item.conditions)["well"] for item in found.items] == ["B01", "B02", "B03"]
    assert dict(found.items[0].conditions)["dose"] == "0.5uM"


def test_missing_file_is_named_as_it_should_be() -> None:
    paths = [p for p in METAMORPH if "s41" in p and "w3RFP_s41_t78" not in p]
    (item,) = match(paths, "{condition}_w?{channel}_s{stage}_t{t}.tif").items
    assert item.missing == ("/d/dox_w3RFP_s41_t78.TIF",)
    assert len(item.parts) == 9


def test_hole_in_a_regular_series_is_missing_and_an_irregular_one_is_whole() -> None:
    (item,) = match([f"a_t{t:03}.tif" for t in (8, 9, 10, 12, 13)], "{name}_t{t}.tif").items
    assert item.missing == ("a_t011.tif",)
    for times in [(0, 5, 10, 15), (0, 1, 5, 20, 60), (3, 9), (7,), (1, 10**12)]:
        (item,) = match([f"a_t{t}.tif" for t in times], "{name}_t{t}.tif").items
        assert item.missing == ()
        assert [part.t for part in item.parts] == list(times)


def test_files_of_one_place_are_a_problem_and_not_mixed() -> None:
    paths = ["a_x_t1.tif", "a_y_t1.tif", "b_x_t1.tif"]
    found = match(paths, "{name}_*_t{t}.tif")
    (problem,) = found.problems
    assert "a_x_t1.tif and a_y_t1.tif are of the same time" in problem
    assert [item.conditions for item in found.items] == [(("name", "b"),)]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("{condition_*.tif", r"\{ has no partner; close it, or write \{\{ for a brace"),
        ("condition}_*.tif", r"\} has no partner"),
        ("{a}_{A}.tif", r"\{A\} stands there twice"),
        ("{channel}_{Channel}.tif", "stands there twice"),
        ("{well row}_*.tif", r"\{well row\} is no name for a field"),
        ("{}.tif", "is no name for a field"),
        ("{frame}.tif", "the tables have a column frame already"),
        ("{a}{b}.tif", r"nothing stands between \{a\} and \{b\}"),
        ("[z-a].tif", "no set of characters"),
        ("  ", "is empty"),
    ],
)
def test_malformed_patterns_are_a_sentence(pattern: str, sentence: str) -> None:
    with pytest.raises(PatternError, match=sentence) as caught:
        read_pattern(pattern)
    assert "\n" not in str(caught.value)


WORD = st.text("abcXYZ059-+ .[]{}", min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(
    condition=WORD,
    well=WORD,
    t=st.integers(0, 10**6),
    channel=WORD,
    folder=st.sampled_from(["", "a/", "/data/b/"]),
)
def test_values_of_a_made_name_are_found_again(
    condition: str, well: str, t: int, channel: str, folder: str
) -> None:
    path = f"{folder}{condition}__{well}_t{t:04}_c{channel}.TIFF"
    found = read_pattern("{condition}__{well}_t{t}_c{channel}.tiff").values(path)
    assert found == {"condition": condition, "well": well, "t": f"{t:04}", "channel": channel}


@settings(deadline=None, max_examples=60)
@given(paths=st.lists(st.text("ab_t1/.", max_size=12), max_size=30), text=st.text("ab_t*?[]{}/."))
def test_every_name_is_an_item_or_ignored_or_told_of(paths: list[str], text: str) -> None:
    try:
        found = match(paths, text)
    except PatternError:
        return
    there = {p for item in found.items for p in [part.path for part in item.parts] or [item.path]}
    missing = {path for item in found.items for path in item.missing}
    passed = {path for path, _ in found.ignored}
    assert not (there - missing) & passed
    if not found.problems:
        assert (there - missing) | passed == set(paths)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (METAMORPH, "{name}_w?{channel}_s{position}_t{t}.tif"),
        (
            [f"Channel{c}-{n}.tif" for c in (1, 2) for n in ("01-A-01", "13-B-01")],
            "Channel{channel}-{position}-{row}-{column}.tif",
        ),
        (
            [f"x/{c}/img_{t:09}_{c}_000.png" for c in ("CFP", "YFP") for t in range(4)],
            "{channel}/img_{t}_*_{z}.png",
        ),
        ([f"r_t{t}_ch{c:02}.tif" for c in (0, 1) for t in range(5)], "{name}_t{t}_ch{channel}.tif"),
        ([f"run/t{t:03}.tif" for t in range(5)], "t{t}.tif"),
        # Two movies in folders are no two channels.
        ([f"{n}/t{t:03}.tif" for n in ("01", "02") for t in range(5)], "t{t}.tif"),
        (["drug.tif", "control.tif", "notes.txt"], None),
        ([], None),
    ],
)  # fmt: skip
def test_patterns_of_microscopes_are_guessed(names: list[str], pattern: str | None) -> None:
    assert suggest_names(names) == pattern


def test_patterns_of_real_files_are_guessed(shared_data: Path) -> None:
    guessed = {
        name: suggest_names((shared_data / name).rglob("*.*"))
        for name in ("two_channel_reporter/raw_frames", "plate_two_channels", "dsb2018/images")
    }
    assert list(guessed.values()) == [
        "{name}_w?{channel}_s{position}_t{t}.tif",
        "Channel{channel}-{position}-{row}-{column}.tif",
        None,
    ]


def test_names_that_nearly_fit_are_no_trouble() -> None:
    # Tried in all ways, these 60 marks would keep six fields busy for hours.
    nearly = "_".join("abcdefghijkl" * 5) + ".png"
    found = match([nearly], "{a}_{b}_{c}_{d}_{e}_{g}_{h}_x.png")
    assert found.items == ()
    # Each field is as short as what follows it allows; the last one ends where the name does.
    assert read_pattern("{a}_{b}_{c}_l.png").values(nearly) == {
        "a": "a", "b": "b", "c": nearly[4:-6],
    }  # fmt: skip
    assert read_pattern("{a}_t{t}_{b}").values("my_t_t5_t6_x.tif") == {
        "a": "my_t", "t": "5", "b": "t6_x",
    }  # fmt: skip
