"""Measures of motion and of traces against what is known to be true.

Each made movie goes through the whole pipeline, from pixels to the number that a biologist reads.

    python benchmarks/measures.py [--data DIR] [--seeds 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from napari_celltrack import engine
from napari_celltrack.analysis import Peaks, ensemble_msd, fit_msd, steps
from napari_celltrack.analysis.msd import msd
from napari_celltrack.analysis.peaks import peaks
from napari_celltrack.analysis.traces import traces
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import CalciumMovie, calcium_movie, moving_cells
from napari_celltrack.tables import DFF, FRAME, STEP_PX, TRACK_ID, X_PX, Y_PX, Tables

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
TRUE_ID = "true_id"


@dataclass(frozen=True)
class Row:
    """One number beside what it should be."""

    measure: str
    found: str
    wanted: str
    is_good: bool


def follow(movie: Movie, recipe: Recipe) -> Tables:
    """Take a movie through the pipeline."""
    found = list(engine.run(movie, recipe))
    shifts = {result.frame: result.shift_px for result in found}
    return engine.link_objects(
        movie,
        recipe,
        [result.objects for result in found],
        [result.overlaps for result in found],
        shifts,
    )


def speed(seed: int) -> float:
    """Return the mean speed of cells that go 3 px a frame, over the true one."""
    made = moving_cells(40, n_cells=25, speed_px_per_frame=3, diffusion_px2_per_frame=0, seed=seed)
    tracks = follow(made.movie(), whole_cells()).tracks
    weight = tracks["duration_frames"]
    return float((tracks["speed_px_per_frame"] * weight).sum() / weight.sum()) / 3


def diffusion(seed: int) -> tuple[float, float]:
    """Return D over the true one, of cells with 1 px² a frame, and the exponent."""
    made = moving_cells(60, n_cells=40, speed_px_per_frame=0, diffusion_px2_per_frame=1, seed=seed)
    tables = follow(made.movie(), whole_cells())
    fit = fit_msd(ensemble_msd(msd(tables.objects)))
    return float(fit.diffusion_px2_per_frame or np.nan), float(fit.alpha or np.nan)


def whole_cells() -> Recipe:
    """Return the default recipe without cells that are seen in part: these move less."""
    recipe = Recipe()
    return recipe.replace(
        objects=recipe.objects.replace(exclude_border=True),
        tracks=recipe.tracks.replace(min_length_frames=15),
    )


def events(n_frames: int, n_cells: int, seed: int) -> np.ndarray:
    """Return dF/F (T, cells): three events a cell, far enough apart to be told apart."""
    random = np.random.default_rng(seed)
    shape = np.exp(-np.arange(n_frames) / 5.0)
    dff = np.zeros((n_frames, n_cells))
    for cell in range(n_cells):
        begins = np.array([12, 45, 80]) + random.integers(0, 20, 3)
        for at in begins:
            dff[at:, cell] += random.uniform(0.5, 2.0) * shape[: n_frames - at]
    return dff


def calcium(name: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, CalciumMovie]:
    """Return traces with the true cell of each, their peaks, and the truth."""
    made = calcium_movie(
        120, n_cells=20, dff=events(120, 20, seed), moving=name == "moving", seed=seed
    )
    movie = made.movie()
    recipe = Recipe.load(ROOT / "examples" / "calcium" / f"{name}.yaml")
    objects = follow(movie, recipe).objects
    objects = objects[objects[TRACK_ID] > 0]
    at = (objects[axis].round().astype(int) for axis in (Y_PX, X_PX))
    true_id = pd.Series(made.labels[(objects[FRAME], *at)], index=objects.index)
    owner = true_id.groupby(objects[TRACK_ID]).agg(lambda ids: ids.mode().iloc[0])
    found = traces(objects, "red_mean", recipe.traces, movie.frame_interval_s)
    spikes = peaks(found, recipe.traces.peaks)
    return (
        found.assign(**{TRUE_ID: found[TRACK_ID].map(owner)}),
        spikes.assign(**{TRUE_ID: spikes[TRACK_ID].map(owner)}),
        made,
    )


def compare_traces(name: str, seed: int) -> dict[str, np.ndarray]:
    """Return correlation and amplitude of each trace, and how far each true event was missed."""
    found, spikes, made = calcium(name, seed)
    truth = made.traces.rename(columns={TRACK_ID: TRUE_ID, DFF: "true_dff"})
    pairs = found.merge(truth, on=[TRUE_ID, FRAME]).dropna(subset=[DFF])
    by_cell = pairs.groupby(TRACK_ID)
    correlation = by_cell.apply(lambda rows: np.corrcoef(rows[DFF], rows["true_dff"])[0, 1])
    amplitude = by_cell.apply(lambda rows: np.polyfit(rows["true_dff"], rows[DFF], 1)[0])
    late = []
    as_trace = truth.rename(columns={TRUE_ID: TRACK_ID, "true_dff": DFF}).assign(flag="")
    for event in peaks(as_trace, Peaks(min_prominence=0.3)).itertuples():
        own = spikes.loc[spikes[TRUE_ID] == event.track_id, FRAME]
        late.append(np.abs(own - event.frame).min() if len(own) else np.inf)
    return {
        "correlation": correlation.to_numpy(),
        "amplitude": amplitude.to_numpy(),
        "late": np.array(late, float),
        "n_true": np.array([made.traces[TRACK_ID].nunique()]),
    }


def lesson_steps(data: Path) -> np.ndarray:
    """Return how far each step of the lesson's nine nuclei is from that followed by eye, in px."""
    recipe = Recipe.load(ROOT / "examples" / "lesson4" / "video.yaml")
    objects = follow(open_movie(data / "lesson4" / "CellVideo.mp4"), recipe).objects
    truth = pd.read_csv(data / "lesson4" / "truth" / "cellvideo_tracks_9_nuclei.csv")
    truth = truth.rename(columns={"y": Y_PX, "x": X_PX})
    pairs = truth.merge(objects, on=FRAME, suffixes=("_true", ""))
    apart = np.hypot(pairs["y_px"] - pairs["y_px_true"], pairs["x_px"] - pairs["x_px_true"])
    nearest = pairs.loc[apart.groupby([pairs["track_id_true"], pairs[FRAME]]).idxmin()]
    owner = nearest.groupby("track_id_true")[TRACK_ID].agg(lambda ids: ids.mode().iloc[0])
    by_eye = steps(truth).assign(**{TRACK_ID: lambda rows: rows[TRACK_ID].map(owner)})
    both = by_eye.merge(steps(objects), on=[TRACK_ID, FRAME], suffixes=("_true", "")).dropna(
        subset=["step_px", "step_px_true"]
    )
    return np.abs(both[STEP_PX] - both["step_px_true"]).to_numpy()


def rows(data: Path, seeds: range) -> Iterator[Row]:
    """Measure everything, a row a number."""
    ratios = np.array([speed(seed) for seed in seeds])
    off = np.abs(ratios - 1).max()
    yield Row("speed, worst of the movies", f"{off:.1%} off", "2 %", off <= 0.02)
    found = np.array([diffusion(seed) for seed in seeds])
    off = np.abs(found[:, 0] - 1).max()
    yield Row("diffusion coefficient, worst", f"{off:.1%} off", "10 %", off <= 0.1)
    off = np.abs(found[:, 1] - 1).max()
    yield Row("exponent, worst", f"{off:.2f} off", "0.1", off <= 0.1)
    for name in ("still", "moving"):
        runs = [compare_traces(name, seed) for seed in seeds]
        one = {key: np.concatenate([run[key] for run in runs]) for key in runs[0]}
        n_found, n_true = len(one["correlation"]), int(one["n_true"].sum())
        yield Row(f"{name}: traces of cells", f"{n_found} of {n_true}", "all", n_found == n_true)
        low = one["correlation"].min()
        yield Row(f"{name}: correlation, worst cell", f"{low:.4f}", "0.98", low >= 0.98)
        off = abs(np.median(one["amplitude"]) - 1)
        yield Row(f"{name}: amplitude, median cell", f"{off:.1%} off", "5 %", off <= 0.05)
        worst = np.abs(one["amplitude"] - 1).max()
        yield Row(f"{name}: amplitude, worst cell", f"{worst:.1%} off", "5 %", worst <= 0.05)
        hit = (one["late"] <= 1).mean()
        yield Row(f"{name}: events within a frame", f"{hit:.1%}", "all", hit == 1)
    if (data / "lesson4").is_dir():
        off = lesson_steps(data)
        good = off.mean() <= 1
        words = f"{off.mean():.2f} px ({len(off)} steps)"
        yield Row("lesson: steps from those by eye, mean", words, "1 px", good)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print(f"{'measure':42}{'found':>22}{'wanted':>10}")
    for row in rows(options.data, range(options.seeds)):
        print(f"{row.measure:42}{row.found:>22}{row.wanted:>10}{'' if row.is_good else '  MISSED'}")


if __name__ == "__main__":
    main()
