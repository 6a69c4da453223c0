"""Linkers against each other and against trackpy and laptrack: how right and how fast.

Accuracy is the F1 of links, from each detection of a cell to its next and from mothers to
daughters, for each linker at its best search radius. Speed is measured in one process, the
linkers in turn, medians; only the ratios mean something.

    python benchmarks/linking.py [--data DIR] [--cells 1000 5000] [--skip-accuracy] [--skip-speed]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from made_tracks import Scene, edges_of, made_movie, marker_movie, score
from napari_celltrack.errors import CelltrackError
from napari_celltrack.link import Assignment, Nearest, Trackpy
from napari_celltrack.tables import FRAME, X_PX, Y_PX
from timing import medians

DATA = Path(__file__).parents[2] / "shared" / "data"
#: A linker at a search radius: a scene in, its edges out, and how doubtful each is, if known.
Method = Callable[[Scene], np.ndarray]


def ours(linker: Assignment | Nearest | Trackpy) -> Method:
    def run(scene: Scene) -> np.ndarray:
        linking = linker(scene.objects, scene.n_frames)
        return edges_of(linking.track_id, dict(linking.parents), scene.objects[FRAME].to_numpy())

    return run


def laptrack(radius: float, divisions: bool) -> Method | None:
    """Return laptrack's ``predict``, without its slow table of results."""
    try:
        from laptrack import LapTrack
    except ImportError:
        return None
    tracker = LapTrack(
        cutoff=radius**2,
        gap_closing_cutoff=radius**2,
        gap_closing_max_frame_count=1,
        splitting_cutoff=radius**2 if divisions else False,
    )

    def run(scene: Scene) -> np.ndarray:
        frame = scene.objects[FRAME].to_numpy()
        place = scene.objects[[Y_PX, X_PX]].to_numpy()
        rows = [np.flatnonzero(frame == t) for t in range(scene.n_frames)]
        tree = tracker.predict([place[here] for here in rows])
        return np.array([(rows[s][a], rows[t][b]) for (s, a), (t, b) in tree.edges()])

    return run


def methods(radius: float, *, crowded: bool) -> dict[str, Method | None]:
    """Return everything that is compared, by name."""
    radius_px = {"max_distance_px": radius}
    found = {
        "assignment": ours(Assignment(**radius_px)),
        "assignment, no divisions": ours(Assignment(**radius_px, divisions=False)),
        "assignment, area": ours(Assignment(**radius_px, area_weight=1)),
        "assignment, distance only": ours(
            Assignment(**radius_px, predict_motion=False, divisions=False)
        ),
        "nearest": ours(Nearest(**radius_px)),
        "nearest, gap 1": ours(Nearest(**radius_px, max_gap_frames=1)),
        "nearest, mutual": ours(Nearest(**radius_px, mutual_only=True)),
        "trackpy": ours(Trackpy(**radius_px)),
        "trackpy, nearest velocity": ours(Trackpy(**radius_px, predict="nearest_velocity")),
        "laptrack": laptrack(radius, divisions=False),
        "laptrack, divisions": laptrack(radius, divisions=True),
    }
    return {name: run for name, run in found.items() if not (crowded and "velocity" in name)}


def print_accuracy(scene: Scene, radii: list[float]) -> None:
    print(
        f"\n{scene.name}: {len(scene.objects)} objects, {len(scene.edges)} true links, "
        f"{scene.is_division.sum()} of divisions"
    )
    print(
        f"{'linker':28} {'radius':>6} {'F1':>7} {'without':>8} {'precis.':>7} {'recall':>7} "
        f"{'div. found':>10}"
    )
    best: dict[str, tuple] = {}
    for radius in radii:
        for name, run in methods(radius, crowded=False).items():
            if run is None:
                best[name] = ()
                continue
            try:
                found = score(run(scene), scene)
            except CelltrackError:
                continue
            if name not in best or found.f1 > best[name][1].f1:
                best[name] = (radius, found)
    for name, entry in best.items():
        if not entry:
            print(f"{name:28} is not installed")
            continue
        radius, at_best = entry
        print(
            f"{name:28} {radius:6g} {at_best.f1:7.4f} {at_best.f1_plain:8.4f} "
            f"{at_best.precision:7.4f} {at_best.recall:7.4f} {at_best.divisions:10.3f}"
        )


def print_suspicion(scene: Scene, linker: Assignment) -> None:
    """Print how many of the wrong links are among the most doubtful ones."""
    linking = linker(scene.objects, scene.n_frames)
    frame = scene.objects[FRAME].to_numpy()
    edges = edges_of(linking.track_id, dict(linking.parents), frame)
    n = len(frame)
    true = set((scene.edges[:, 0] * n + scene.edges[:, 1]).tolist())
    wrong = np.array([code not in true for code in (edges[:, 0] * n + edges[:, 1]).tolist()])
    by_doubt = np.argsort(linking.margin[edges[:, 1]], kind="stable")
    shares = [wrong[by_doubt[: round(len(edges) * part)]].sum() for part in (0.02, 0.05, 0.1)]
    print(
        f"{scene.name:34} {wrong.sum():6d} wrong of {len(edges)}: in the 2, 5, 10 % most doubtful "
        + ", ".join(f"{100 * share / max(1, wrong.sum()):.0f} %" for share in shares)
    )


def neighbour_queries(scene: Scene) -> None:
    """Look for the nearest neighbour of every object in the next frame, and nothing else."""
    frame, place = scene.objects[FRAME].to_numpy(), scene.objects[[Y_PX, X_PX]].to_numpy()
    starts = np.searchsorted(frame, np.arange(scene.n_frames + 1))
    cells = [place[a:b] for a, b in pairwise(starts)]
    for before, after in pairwise(cells):
        cKDTree(after).query(before)


def print_speed(scene: Scene, radius: float, repeats: int, peers: bool) -> None:
    linker = Assignment(max_distance_px=radius)
    runs: dict[str, Callable[[], object]] = {
        "assignment": lambda: linker(scene.objects, scene.n_frames),
        "nearest": lambda: Nearest(max_distance_px=radius)(scene.objects, scene.n_frames),
        "neighbour queries": lambda: neighbour_queries(scene),
    }
    peer = laptrack(radius, divisions=True) if peers else None
    if peers:
        runs["trackpy"] = lambda: Trackpy(max_distance_px=radius)(scene.objects, scene.n_frames)
    if peer is not None:
        runs["laptrack predict"] = lambda: peer(scene)
    times = medians(runs, repeats, {"trackpy": 1, "laptrack predict": 1})
    base = times["assignment"]
    print(f"\n{scene.name}, radius {radius:g}: {len(scene.objects)} objects")
    for name, median in times.items():
        print(f"{name:28} {1000 * median:10.0f} ms {median / base:8.2f} x assignment")
    if peers and peer is None:
        print("laptrack is not installed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with ctc_noisy_dots")
    parser.add_argument("--cells", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--made-cells", type=int, default=500, help="for accuracy")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip-accuracy", action="store_true")
    parser.add_argument("--skip-speed", action="store_true")
    arguments = parser.parse_args()
    if not arguments.skip_accuracy:
        made = {
            "easy": made_movie(arguments.made_cells, 50, 3.5),
            "dense and fast": made_movie(arguments.made_cells, 50, 8.0),
        }
        real = {}
        if arguments.data.is_dir():
            real = {
                name: marker_movie(arguments.data / name)
                for name in ("ctc_noisy_dots", "ctc_sim_nuclei")
            }
        else:
            print(f"{arguments.data} is absent: no real data")
        radii = {"easy": [10, 12, 15, 20], "dense and fast": [20, 25, 30, 35, 40]}
        for name, scene in {**real, **made}.items():
            print_accuracy(scene, radii.get(name, [6, 8, 10, 11, 12, 14, 16, 20, 30, 40]))
        print("\nwrong links of the default linker (radius 20; 35 where dense) by margin")
        for name, scene in {**real, **made}.items():
            print_suspicion(
                scene, Assignment(max_distance_px=35 if name in radii and name != "easy" else 20)
            )
    if not arguments.skip_speed:
        for n_cells in arguments.cells:
            n_frames = 50
            print_speed(made_movie(n_cells, n_frames, 3.5), 15, arguments.repeats, n_cells <= 5000)
        print_speed(made_movie(1000, 100, 3.5), 15, arguments.repeats, False)


if __name__ == "__main__":
    main()
