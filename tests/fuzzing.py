"""Inputs damaged at random: each must give an answer or a sentence, in little time and memory.

A kind of input is a function that makes one input anew, from a source of chance, and returns the
call that reads it. :func:`faults_of` tells what went wrong. ``benchmarks/fuzz.py`` runs many
rounds, ``test_fuzzing.py`` a few.
"""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

import numpy as np
import tifffile

from napari_celltrack.analysis import read_ctc, score_ctc
from napari_celltrack.batch import find_inputs, run_files
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.errors import CelltrackError
from napari_celltrack.plots.kinds import KINDS as PLOTS
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.reference import annotated_yaml
from napari_celltrack.results.report import write_report
from napari_celltrack.results.result import read_result
from readers_scenes import damaged, pixels, small_files, write_ome_zarr
from scenes import moving_disks

#: One input, made of a source of chance in an empty folder; what it returns reads it.
Kind = Callable[[Random, Path], Callable[[], object]]

#: A call may take so much.
MOST_S, MOST_BYTES = 5.0, 2**30
PICTURES = (".png", ".jpg", ".bmp")
VIDEOS = (".mp4", ".avi", ".gif")
#: What people and programs write where something else should stand.
WORDS = (
    "", " ", "-1", "0", "1,5", "1e400", "nan", ".inf", "null", "true", "9" * 40, "9" * 5000, "0x1F",
    "2024-02-30", "12.Mai", "ä", "😀", "\0", "\t", "[", "]", "{", "}", "[[[[", "{a: ", "&a ", "*a",
    "<<: *a", "!!float ''", "!!binary x", "? ", "- ", ": ", "#", "'", '"', "\\", "=1+1", ";",
    "\ufeff", "\u202e", "%F6", "../..", "/x", "**", "x" * 300,
)  # fmt: skip
SIGNS = "*?[]{}!-/.~ abtz01_,:\\\0ä"


@dataclass(frozen=True)
class Fault:
    """What went wrong in a round; the same kind, seed and number make it again."""

    kind: str
    seed: int
    number: int
    words: str


def faults_of(kind: str, seed: int, numbers: Sequence[int], folder: Path) -> Iterator[Fault]:
    """Try some rounds of a kind, and yield what is no answer and no sentence, or takes long."""
    for number in numbers:
        place = folder / f"{kind}-{seed}-{number}"
        place.mkdir()
        call = KINDS[kind](Random(f"{kind} {seed} {number}"), place)
        told = partial(Fault, kind, seed, number)
        began, before = time.perf_counter(), most_bytes()
        try:
            call()
        except CelltrackError as error:
            if "\n" in str(error) or not str(error).endswith((".", "…")):
                yield told(f"no sentence: {error}")
        except Exception:
            yield told(traceback.format_exc())
        if (took_s := time.perf_counter() - began) > MOST_S:
            yield told(f"took {took_s:.1f} s")
        if (n_bytes := most_bytes() - before) > MOST_BYTES:
            yield told(f"took {n_bytes / 2**30:.1f} GiB")
        shutil.rmtree(place, ignore_errors=True)


def most_bytes() -> int:
    """Return the most memory that this process has had; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


@cache
def whole_files() -> tuple[tuple[str, bytes], ...]:
    """Return name and content of small files of all kinds."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return tuple((path.name, path.read_bytes()) for path in small_files(Path(folder)))


@cache
def whole_folder(make: Callable[[Path], object]) -> dict[str, bytes]:
    """Return the files in a folder that a function makes, by name."""
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "made"
        make(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def edited(text: str, chance: Random) -> str:
    """Return a text with a few words of others in it, or parts of it gone, twice or moved."""
    for _ in range(chance.choice((1, 1, 2, 8))):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 5, 40)))
        middle = chance.choice((chance.choice(WORDS), "", 2 * text[start:end]))
        text = text[:start] + middle + text[end:]
    return text


def damaged_folder(make: Callable[[Path], object], chance: Random, folder: Path) -> Path:
    """Write a folder of which one file is damaged, or gone."""
    files = dict(whole_folder(make))
    name = chance.choice(sorted(files))
    data = files[name]
    if chance.random() < 0.1:
        del files[name]
    elif chance.random() < 0.6 and not name.endswith((".tif", ".png")):
        files[name] = edited(data.decode("utf-8", "surrogateescape"), chance).encode(
            "utf-8", "surrogateescape"
        )
    elif data:
        files[name] = damaged(data, chance.randrange(2**32))
    for other, content in files.items():
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        (folder / other).write_bytes(content)
    return folder


def look_at(path: Path) -> None:
    """Open a movie, and read its first, middle and last frame."""
    movie = open_movie(path)
    try:
        for frame in sorted({0, movie.n_frames // 2, movie.n_frames - 1}):
            assert movie.plane(frame).shape == movie.shape
    finally:
        movie.close()


def images(suffixes: Sequence[str]) -> Kind:
    """Return the kind of damaged images of some suffixes."""

    def make(chance: Random, folder: Path) -> Callable[[], object]:
        wanted = [file for file in whole_files() if file[0].endswith(tuple(suffixes))]
        name, data = chance.choice(wanted)
        (folder / name).write_bytes(damaged(data, chance.randrange(2**32)))
        return partial(look_at, folder / name)

    return make


def zarrs(chance: Random, folder: Path) -> Callable[[], object]:
    make = chance.choice((old_zarr, new_zarr))
    damaged_folder(make, chance, folder / "a.zarr")
    return partial(look_at, folder / "a.zarr")


def old_zarr(path: Path) -> None:
    write_ome_zarr(path, pixels((3, 1, 20, 25), "uint16"), "0.4")


def new_zarr(path: Path) -> None:
    write_ome_zarr(path, pixels((3, 1, 20, 25), "uint16"), "0.5")


def recipes(chance: Random, _: Path) -> Callable[[], object]:
    text = edited(chance.choice((Recipe().to_yaml(), annotated_yaml(Recipe()))), chance)

    def read() -> None:
        recipe = Recipe.from_yaml(text)
        assert Recipe.from_yaml(recipe.to_yaml()) == recipe

    return read


def overrides(chance: Random, _: Path) -> Callable[[], object]:
    text = (
        '"drug_*.tif":\n  segment: {threshold: {offset: 0.1}}\n'
        '"B0[12]/*.tif":\n  preprocess: {0: {method: median, radius_px: 3}}\n  objects:\n'
        "    min_area_px2: 50\n"
    )
    return partial(Overrides.from_yaml, edited(text, chance), "overrides.yaml", Recipe())


def patterns(chance: Random, folder: Path) -> Callable[[], object]:
    for name in ("a_t1.tif", "a_t2.tif", "[b]_w1.tif", "ä.tif"):
        (folder / name).write_bytes(b"")
    base = chance.choice(("{name}_t{t}.tif", "{c}_w{channel}_*.tif", "*.tif", "**/*", ""))
    signs = "".join(chance.choices(SIGNS, k=chance.randrange(1, 12)))
    start = chance.randrange(len(base) + 1)
    text = base[:start] + signs + base[start:]
    key = chance.choice(("pattern", "names"))
    return lambda: find_inputs([folder], **{key: text})


def ctc_folders(chance: Random, folder: Path) -> Callable[[], object]:
    damaged_folder(ctc_folder, chance, folder / "01_GT" / "TRA")

    def score() -> None:
        truth = read_ctc(folder / "01_GT", is_truth=True)
        score_ctc(truth, truth)

    return score


def _write_ctc(folder: Path, mask: str, table: str) -> None:
    folder.mkdir(parents=True)
    for t, frame in enumerate(moving_disks(3)):
        tifffile.imwrite(folder / f"{mask}{t:03}.tif", (frame > frame.mean()).astype(np.uint16))
    (folder / table).write_text("1 0 2 0\n")


def ctc_folder(folder: Path) -> None:
    _write_ctc(folder, "man_track", "man_track.txt")


def results(chance: Random, folder: Path) -> Callable[[], object]:
    damaged_folder(result_folder, chance, folder / "out")

    def read() -> None:
        write_report(folder / "out")
        result = read_result(folder / "out" / "a")
        for kind in PLOTS.values():
            with suppress(CelltrackError):
                kind.rows(result, None)

    return read


def result_folder(folder: Path) -> None:
    file = folder.parent / "a.tif"
    tifffile.imwrite(file, moving_disks(4), imagej=True, metadata={"axes": "TYX"})
    list(run_files(Recipe(), find_inputs([file]), folder))


KINDS: dict[str, Kind] = {
    "tiff": images((".tif",)),
    "picture": images(PICTURES),
    "video": images(VIDEOS),
    "zarr": zarrs,
    "recipe": recipes,
    "overrides": overrides,
    "pattern": patterns,
    "ctc": ctc_folders,
    "result": results,
}
