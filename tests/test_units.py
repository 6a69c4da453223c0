"""Units, natural order and limits of recipes: small inputs with their right value."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import pytest

from napari_celltrack.errors import RecipeError
from napari_celltrack.readers import natural_sorted
from napari_celltrack.readers.natural_order import missing_numbers
from napari_celltrack.readers.units import is_no_unit, length_um, number_of, time_s
from napari_celltrack.recipe import Recipe

LENGTHS = {
    1.0: "um µm μm micron microns micrometer micrometre micrometers MICROMETRES µ \\u00B5m "
    "\\u03bcm Âµm (µm) micro-meter MicroMeter",
    1e-3: "nm nanometer nanometres NM nano-metre",
    1e3: "mm millimeter millimetres MM",
    1e4: "cm centimeter centimetres",
    1e6: "m meter metre metres M",
    1e-6: "pm picometer",
    1e-4: "Å angstrom angstroms Ångström",
}
TIMES = {
    1.0: "s sec secs second seconds SEC",
    1e-3: "ms msec millisecond milliseconds",
    1e-6: "us µs \\u00b5s usec microsecond",
    60.0: "min mins minute minutes",
    3600.0: "h hr hrs hour hours",
    86400.0: "d day days",
}


def test_units_in_every_spelling() -> None:
    for values, read in ((LENGTHS, length_um), (TIMES, time_s)):
        for factor, names in values.items():
            for name in names.split():
                assert read(2, name) == pytest.approx(2 * factor), name
    for word in ("furlong", "inch", "ms", "pixel", ""):
        assert length_um(1, word) is None
    assert time_s(1, "m") is None
    assert [is_no_unit(word) for word in (None, " Pixels", "frame", "furlong")] == [1, 1, 1, 0]


def test_numbers_with_commas_and_nonsense() -> None:
    assert (number_of("2,5"), number_of("0,325"), number_of(" 3 ")) == (2.5, 0.325, 3)
    for wrong in ("1,000", "-3", 0, "x", None, math.inf, math.nan, [], "1.2.3"):
        assert number_of(wrong) is None


@pytest.mark.parametrize(
    "names",
    [
        ["t1", "t2", "t10"],
        ["d0.25", "d0.5", "d2", "d10.5"],
        ["z-10", "z-2", "z0", "z5"],
        ["v-2", "v-1", "v+1", "v+10"],
        ["run-1", "run-2", "run-10"],
        ["s3.8", "s3.9", "s3.10"],
        ["2023.12.30", "2024.01.02", "2024.1.10"],
    ],
)
def test_natural_order_with_decimals_and_signs(names: list[str]) -> None:
    files = [f"{name}.tif" for name in names]
    mixed = random.Random(0).sample(files, len(files))
    assert natural_sorted(mixed) == files
    assert natural_sorted(map(Path, mixed)) == [Path(file) for file in files]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a000 a001 a003", "number 2 is missing"),
        ("a1 a2 a5 a6 a9", "numbers 3 to 4, 7 to 8 are missing"),
        ("q0 q5 q15", "number 10 is missing"),
        ("a1 a2 a3", ""),
        ("d0.25 d0.5 d2", ""),
        ("a20240101120000 a20240101120507 a20240101121003", ""),
        ("t1_c1 t1_c2 t3_c1", ""),
        ("a1 b3 c4", ""),
        ("a1 a5", ""),
    ],
)
def test_missing_numbers(names: str, said: str) -> None:
    assert missing_numbers([f"{name}.tif" for name in names.split()]) == said


def _bomb(link: str) -> str:
    lines = [f"a{i}: &a{i} {link.format(*[f'*a{i - 1}'] * 9)}" for i in range(1, 12)]
    return "version: 1\na0: &a0 {x: 1}\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (_bomb("[{},{},{},{},{},{},{},{},{}]"), "too long"),
        (_bomb("{{<<: [{},{},{},{},{},{},{},{},{}]}}"), "too long"),
        ("version: 1\na: " + "{a: " * 100_000, "nested too deep"),
        ("version: 1\na: " + "[" * 100_000, "nest"),
        ("version: 1\na:\n " + "- " * 20_000, "nested too deep"),
        ("version: 1\nx: [" + "1," * 200_000 + "]", "too long"),
        ("version: 1\ninput: {channel: " + "9" * 5000 + "}", "5000 digits"),
        ("version: 1\ninput: {channel: !!float ''}", "a number, date or name that is none"),
        ("version: 1\n" + "".join(f"k{i}: 1\n" for i in range(100)), "and 80 more"),
        ("version: 1\ninput: {channel: 2024-13-45}", "month must be in"),
        ("version: 1\na: !!int x", "is none"),
        ("version: 1\0", "save it again as UTF-8"),
        ("version: 1\nlink: {}\nlink: {}", "link stands there twice in line 3"),
    ],
)
def test_a_hostile_recipe_is_refused_at_once(text: str, sentence: str) -> None:
    start = time.process_time()
    with pytest.raises(RecipeError, match=sentence):
        Recipe.from_yaml(text)
    assert time.process_time() - start < 2


def test_names_in_a_recipe_may_stand_for_values() -> None:
    shared = "version: 1\ninput: &here {channel: 1}\n"
    assert Recipe.from_yaml(shared).input.channel == 1
    limits = "objects: {<<: &few {min_area_px2: 7}}\n"
    assert Recipe.from_yaml("version: 1\n" + limits).objects.min_area_px2 == 7


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_told_to_be_utf_8(tmp_path: Path, encoding: str) -> None:
    text = "version: 1 # größer\r\n"
    (tmp_path / "r.yaml").write_bytes(text.encode(encoding))
    with pytest.raises(RecipeError, match="UTF-8"):
        Recipe.load(tmp_path / "r.yaml")
    (tmp_path / "r.yaml").write_bytes(text.encode("utf-8-sig"))
    assert Recipe.load(tmp_path / "r.yaml") == Recipe()


def test_a_file_too_large_for_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(b"#" * (5 << 20))
    with pytest.raises(RecipeError, match="too large"):
        Recipe.load(tmp_path / "r.yaml")
