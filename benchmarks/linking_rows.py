"""Linking beside laptrack, trackpy and the bare neighbour queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from linking import laptrack, neighbour_queries, ours
from made_tracks import Scene, edges_of, made_movie, score
from napari_celltrack.link import Assignment
from napari_celltrack.tables import FRAME, X_PX, Y_PX
from rows import Row, as_time, at_least, at_most, row_of_times
from timing import medians

#: Standard deviation of a step, and the search radius that fits it.
EASY, DENSE = (3.5, 15.0), (8.0, 35.0)


def trackpy_edges(scene: Scene, radius: float) -> np.ndarray:
    """Return the links of trackpy, with its remedy for crowds, or it may never end."""
    import trackpy

    trackpy.quiet()
    table = scene.objects[[FRAME, Y_PX, X_PX]].rename(columns={Y_PX: "y", X_PX: "x"})
    found: pd.DataFrame = trackpy.link(
        table, search_range=radius, memory=1, adaptive_stop=1.0, adaptive_step=0.9
    )
    track_id = found["particle"].sort_index().to_numpy() + 1
    return edges_of(track_id, {}, scene.objects[FRAME].to_numpy())


def link_rows(is_quick: bool) -> Iterator[Row]:
    """Link movies with gaps and divisions: how fast, and how many links are right."""
    yield from _against_peers(1000 if is_quick else 5000, 20 if is_quick else 50)
    yield _slider()
    yield from _dense(200 if is_quick else 500)


def _against_peers(n_cells: int, n_frames: int) -> Iterator[Row]:
    scene = made_movie(n_cells, n_frames, EASY[0])
    linker = Assignment(max_distance_px=EASY[1])
    peer = laptrack(EASY[1], divisions=True)
    edges: dict[str, np.ndarray] = {}

    def keep(name: str, run: Callable[[], np.ndarray]) -> Callable[[], object]:
        def work() -> None:
            edges[name] = run()

        return work

    runs: dict[str, Callable[[], object]] = {
        "ours": lambda: linker(scene.objects, scene.n_frames),
        "queries": lambda: neighbour_queries(scene),
        "trackpy": keep("trackpy", lambda: trackpy_edges(scene, EASY[1])),
    }
    if peer is not None:
        runs["laptrack"] = keep("laptrack", lambda: peer(scene))
    seconds = medians(runs, 5, {"trackpy": 1, "laptrack": 1})
    edges["ours"] = ours(linker)(scene)
    scores = {name: score(found, scene) for name, found in edges.items()}
    f1 = {name: found.f1 for name, found in scores.items()}
    what = f"link {n_cells} x {n_frames}, gaps and divisions"
    if peer is None:
        yield Row(f"{what}, against laptrack", as_time(seconds["ours"]), "laptrack: not installed")
    else:
        ratio = seconds["laptrack"] / seconds["ours"]
        yield row_of_times(
            f"{what}, against laptrack",
            seconds["ours"],
            "laptrack predict",
            seconds["laptrack"],
            agreement=f"F1 {f1['ours']:.4f}, laptrack {f1['laptrack']:.4f}",
            score=f1["ours"],
            target=at_least(ratio, 50, 300),
        )
        yield Row(
            "F1 of these links",
            f"{f1['ours']:.4f}",
            "laptrack predict",
            f"{f1['laptrack']:.4f}",
            agreement="links against the truth",
            score=f1["ours"],
            target="not below",
            met="least" if f1["ours"] >= f1["laptrack"] else "missed",
        )
    plain = {name: found.f1_plain for name, found in scores.items()}
    yield row_of_times(
        f"{what}, against trackpy",
        seconds["ours"],
        "trackpy link",
        seconds["trackpy"],
        agreement=f"F1 without divisions {plain['ours']:.4f}, trackpy {plain['trackpy']:.4f}",
        score=plain["ours"],
    )
    yield row_of_times(
        f"{what}, against the floor",
        seconds["ours"],
        "cKDTree queries only",
        seconds["queries"],
        agreement="links nothing",
    )


def _slider() -> Row:
    scene, linker = made_movie(1000, 100, EASY[0]), Assignment(max_distance_px=EASY[1])
    seconds = medians(
        {
            "ours": lambda: linker(scene.objects, scene.n_frames),
            "queries": lambda: neighbour_queries(scene),
        },
        7,
    )
    f1 = score(ours(linker)(scene), scene).f1
    return row_of_times(
        "link 1000 x 100, as when a slider moves",
        seconds["ours"],
        "cKDTree queries only",
        seconds["queries"],
        agreement=f"F1 {f1:.4f}",
        score=f1,
        target=at_most(1000 * seconds["ours"], 250, 60),
    )


def _dense(n_cells: int) -> Iterator[Row]:
    """Say how many links are right where cells are dense and fast."""
    scene, radius = made_movie(n_cells, 50, DENSE[0]), DENSE[1]
    peer = laptrack(radius, divisions=True)
    plain_radius = {"max_distance_px": radius, "divisions": True}
    variants = {
        "distance only": (Assignment(**plain_radius, predict_motion=False), 0.90),
        "with motion": (Assignment(**plain_radius), 0.93),
    }
    others = {"trackpy": score(trackpy_edges(scene, radius), scene).f1}
    if peer is not None:
        others["laptrack"] = score(peer(scene), scene).f1
    theirs = ", ".join(f"{name} {f1:.4f}" for name, f1 in others.items())
    for name, (linker, least) in variants.items():
        f1 = float(score(ours(linker)(scene), scene).f1)
        target = at_least(round(f1, 3), least, unit="")
        yield Row(
            f"F1 of links, dense and fast, {name}; {n_cells} x 50, radius {radius:g} px",
            f"{f1:.4f}",
            theirs,
            agreement="links against the truth",
            score=f1,
            target=target.words,
            met=target.met,
        )
