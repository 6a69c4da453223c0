"""Small images in which a pixel holds a track id, and their way into the CTC format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from napari_celltrack.analysis import CtcTracks
from napari_celltrack.export import Ctc
from napari_celltrack.tables import Tables
from scenes import movie_of

#: Two cells over four frames; the first of them divides into 3 and 4 before frame 2.
DIVISION = ([1, 0, 2], [1, 0, 2], [3, 4, 2], [3, 4, 2])


def frames(rows: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Return an image a row: each number is a cell of 4 x 4 px, 0 is none."""
    return [np.kron(np.array([row], np.int32), np.ones((4, 4), np.int32)) for row in rows]


def export(
    folder: Path,
    tracked: Sequence[np.ndarray],
    parents: Mapping[int, int] | None = None,
    *,
    frame_numbers: Sequence[int] | None = None,
) -> Path:
    """Export images of track ids, as a run would, and return the folder of the masks.

    Labels are unlike the ids, and differ from frame to frame; ids of 100 and more are of tracks
    that were left out.
    """
    numbers = range(len(tracked)) if frame_numbers is None else frame_numbers
    folder.mkdir(parents=True, exist_ok=True)
    writer = Ctc().open(folder, movie_of(tracked[0]), len(tracked))
    rows = []
    for number, image in zip(numbers, tracked, strict=True):
        writer.add(np.where(image > 0, 1000 + number - image, 0).astype(np.int32))
        ids = np.unique(image[image > 0]).tolist()
        rows += [(number, 1000 + number - i, i if i < 100 else 0) for i in ids]
    objects = pd.DataFrame(rows, columns=["frame", "label", "track_id"])
    ids = sorted(set(objects["track_id"]) - {0})
    tracks = pd.DataFrame({"track_id": ids, "parent_id": [(parents or {}).get(i, 0) for i in ids]})
    counts = pd.DataFrame({"frame": list(numbers)})
    writer.finish(Tables(objects, tracks, counts, events=pd.DataFrame(), drift=counts))
    writer.close()
    return folder / "01_RES"


def truth(
    folder: Path, tracked: Sequence[np.ndarray], table: Sequence[tuple[int, int, int, int]]
) -> Path:
    """Write a truth as the challenge gives it, and return its folder ``01_GT``."""
    home = folder / "01_GT" / "TRA"
    home.mkdir(parents=True)
    for index, image in enumerate(tracked):
        tifffile.imwrite(home / f"man_track{index:03d}.tif", image.astype(np.uint16))
    (home / "man_track.txt").write_text("".join(f"{' '.join(map(str, row))}\n" for row in table))
    return folder / "01_GT"


def rows_of(tracks: CtcTracks) -> list[list[int]]:
    """Return the table as lists."""
    return [[int(value) for value in row] for row in tracks.table]
