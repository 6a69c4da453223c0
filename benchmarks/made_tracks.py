"""Object tables with known links, for measuring linkers: made movies and marker masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from napari_celltrack.tables import AREA_PX2, FRAME, LABEL, TRACK_ID, X_PX, Y_PX


@dataclass(frozen=True)
class Scene:
    """Objects and what is true of them.

    Parameters
    ----------
    name : str
        What to call it in a table.
    objects : DataFrame
        A row an object; the index is 0..n-1.
    n_frames : int
        Length of the movie.
    edges : ndarray, shape (n_edges, 2), int64
        Row of a cell's detection and of its next one, or of a mother's last and a daughter's first.
    is_division : ndarray, shape (n_edges,), bool
        Which edges lead from a mother to a daughter.
    """

    name: str
    objects: pd.DataFrame
    n_frames: int
    edges: np.ndarray
    is_division: np.ndarray


@dataclass(frozen=True)
class Score:
    """Share of links found and of links right; `*_plain` without the links of divisions."""

    f1: float
    f1_plain: float
    precision: float
    recall: float
    divisions: float


def made_movie(
    n_cells: int,
    n_frames: int,
    step_px: float,
    *,
    spacing_px: float = 46.0,
    persistence: float = 0.5,
    division_rate: float = 0.004,
    death_rate: float = 0.002,
    missed: float = 0.01,
    false: float = 0.005,
    noise_px: float = 0.5,
    seed: int = 0,
) -> Scene:
    """Make cells that move with persistence, divide, die, are missed and are made up.

    `step_px` is the standard deviation of a step along each axis. Cells start on a shaken grid,
    turn back at the borders and otherwise take no notice of each other.
    """
    random = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n_cells)))
    size_px = side * spacing_px
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 2, indexing="ij"), -1).reshape(-1, 2)
    grid = grid[random.permutation(len(grid))[:n_cells]]
    at = (grid + 0.5) * spacing_px + random.uniform(-0.25, 0.25, (n_cells, 2)) * spacing_px
    velocity = random.normal(0, step_px, (n_cells, 2))
    cell = np.arange(n_cells)
    area = random.lognormal(np.log(150), 0.2, n_cells)
    mother: dict[int, int] = {}
    n_ever = n_cells
    tables = []
    for frame in range(n_frames):
        if frame:
            kick = np.sqrt(1 - persistence**2) * step_px
            velocity = persistence * velocity + random.normal(0, kick, velocity.shape)
            at = at + velocity
            out = (at < 0) | (at > size_px)
            velocity = np.where(out, -velocity, velocity)
            at = np.clip(
                np.where(at < 0, -at, np.where(at > size_px, 2 * size_px - at, at)), 0, size_px
            )
            lives = random.random(len(cell)) >= death_rate
            splits = lives & (random.random(len(cell)) < division_rate)
            angle = random.uniform(0, 2 * np.pi, splits.sum())
            apart = 8 * np.stack([np.sin(angle), np.cos(angle)], -1)
            ids = n_ever + np.arange(2 * splits.sum())
            n_ever += len(ids)
            mother |= dict(zip(ids.tolist(), np.tile(cell[splits], 2).tolist(), strict=True))
            stays = lives & ~splits
            born = np.concatenate([at[splits] + apart, at[splits] - apart])
            at = np.concatenate([at[stays], born])
            velocity = np.concatenate([velocity[stays], np.tile(velocity[splits], (2, 1))])
            area = np.concatenate([area[stays], np.tile(area[splits] / 2, 2)])
            cell = np.concatenate([cell[stays], ids])
        seen = random.random(len(cell)) >= missed
        n_false = random.poisson(false * len(cell))
        places = np.concatenate([at[seen], random.uniform(0, size_px, (n_false, 2))])
        places = places + random.normal(0, noise_px, places.shape)
        areas = np.concatenate([area[seen], random.lognormal(np.log(75), 0.4, n_false)])
        tables.append(
            pd.DataFrame(
                {
                    FRAME: frame,
                    LABEL: np.arange(1, len(places) + 1),
                    Y_PX: places[:, 0],
                    X_PX: places[:, 1],
                    AREA_PX2: areas * random.normal(1, 0.08, len(areas)),
                    "cell": np.concatenate([cell[seen], np.full(n_false, -1)]),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    edges, is_division = _edges(table.pop("cell").to_numpy(), table[FRAME].to_numpy(), mother)
    name = f"made, {n_cells} x {n_frames}, step {step_px:g} px"
    return Scene(name, table, n_frames, edges, is_division)


def marker_movie(folder: Path) -> Scene:
    """Read true markers of the Cell Tracking Challenge, with areas and mean intensities.

    `folder` is the one that holds ``01`` and ``01_GT``.
    """
    truth = folder / "01_GT" / "TRA"
    tables = []
    files = sorted(truth.glob("man_track*.tif"))
    for frame, file in enumerate(files):
        labels = tifffile.imread(file).astype(np.int64)
        image = tifffile.imread(folder / "01" / f"t{file.stem[9:]}.tif").astype(float)
        ids = np.unique(labels[labels > 0])
        place = np.searchsorted(ids, labels[labels > 0])
        ys, xs = np.nonzero(labels)
        area = np.bincount(place, minlength=len(ids))
        tables.append(
            pd.DataFrame(
                {
                    FRAME: frame,
                    LABEL: ids,
                    Y_PX: np.bincount(place, ys, minlength=len(ids)) / area,
                    X_PX: np.bincount(place, xs, minlength=len(ids)) / area,
                    AREA_PX2: area,
                    "ch0_mean": np.bincount(place, image[labels > 0], minlength=len(ids)) / area,
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    spans = np.loadtxt(truth / "man_track.txt", dtype=int, ndmin=2)
    mother = {int(row[0]): int(row[3]) for row in spans if row[3]}
    edges, is_division = _edges(table[LABEL].to_numpy(), table[FRAME].to_numpy(), mother)
    return Scene(folder.name, table, len(files), edges, is_division)


def overlaps_of(folder: Path) -> pd.DataFrame:
    """Return the overlaps of the true markers of consecutive frames."""
    tables, before = [], None
    for frame, file in enumerate(sorted((folder / "01_GT" / "TRA").glob("man_track*.tif"))):
        labels = tifffile.imread(file).astype(np.int64)
        if before is not None:
            both = (before > 0) & (labels > 0)
            pairs, count = np.unique(
                np.stack([before[both], labels[both]], -1), axis=0, return_counts=True
            )
            tables.append(
                pd.DataFrame(
                    {
                        FRAME: frame,
                        "label_before": pairs[:, 0],
                        LABEL: pairs[:, 1],
                        "overlap_px": count,
                    }
                )
            )
        before = labels
    return pd.concat(tables, ignore_index=True)


def _edges(
    cell: np.ndarray, frame: np.ndarray, mother: dict[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return edges between detections of a cell, and from mothers to daughters; -1 is no cell."""
    order = np.lexsort((frame, cell))
    order = order[cell[order] >= 0]
    same = cell[order[1:]] == cell[order[:-1]]
    going_on = np.stack([order[:-1][same], order[1:][same]], -1)
    first = order[np.concatenate([[True], ~same])]
    last = order[np.concatenate([~same, [True]])]
    first_of = dict(zip(cell[first].tolist(), first.tolist(), strict=True))
    last_of = dict(zip(cell[last].tolist(), last.tolist(), strict=True))
    n_daughters = pd.Series(mother).value_counts().to_dict()
    born = [
        (last_of[parent], row, n_daughters[parent] > 1)
        for child, parent in mother.items()
        if (row := first_of.get(child)) is not None and parent in last_of
    ]
    divided = np.array(born, np.int64).reshape(-1, 3)
    edges = np.concatenate([going_on, divided[:, :2]])
    is_division = np.concatenate([np.zeros(len(going_on), bool), divided[:, 2] > 0])
    return edges, is_division


def edges_of(track_id: np.ndarray, parents: dict[int, int], frame: np.ndarray) -> np.ndarray:
    """Return the edges of tracks, shape (n, 2), as :class:`Scene` has them."""
    mother = {int(child): int(parent) for child, parent in parents.items()}
    return _edges(np.asarray(track_id), frame, mother)[0]


def score(edges: np.ndarray, scene: Scene) -> Score:
    """Compare found edges with the true ones."""
    n = len(scene.objects) + 1
    found = np.unique(edges[:, 0] * n + edges[:, 1])
    true = scene.edges[:, 0] * n + scene.edges[:, 1]
    right = np.isin(true, found)
    plain = ~scene.is_division
    n_found_plain = len(found) - right[~plain].sum()
    n_divisions = max(1, (~plain).sum())
    return Score(
        f1=2 * right.sum() / max(1, len(true) + len(found)),
        f1_plain=2 * right[plain].sum() / max(1, plain.sum() + n_found_plain),
        precision=right.sum() / max(1, len(found)),
        recall=right.sum() / max(1, len(true)),
        divisions=right[~plain].sum() / n_divisions,
    )


__all__ = [
    "TRACK_ID",
    "Scene",
    "Score",
    "edges_of",
    "made_movie",
    "marker_movie",
    "overlaps_of",
    "score",
]
