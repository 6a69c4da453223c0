"""Tracks in the Cell Tracking Challenge format: ``01_RES/``, one mask per frame and a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import tifffile

from napari_celltrack.errors import ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.settings import Settings
from napari_celltrack.tables import FRAME, LABEL, PARENT_ID, TRACK_ID, Tables

Ids = npt.NDArray[np.int64]

#: The folder of the first sequence of a data set, inside the result folder.
RESULT_FOLDER = "01_RES"
#: The table of tracks, one line `L B E P` each: label, first and last frame, parent or 0.
RESULT_TABLE = "res_track.txt"
#: Masks are 16-bit, and 0 is background.
MAX_TRACKS = 65_535


class Ctc(Settings, title="Challenge (CTC)"):
    """Tracks as Cell Tracking Challenge result: masks of track labels and ``res_track.txt``.

    The format holds less than the tables:

    - Frame 0 is the first processed frame, whatever its true number.
    - A track with a gap is written in parts, each the parent of the next. A mother that is still
      detected when a daughter begins is cut there too: a parent must end before its children begin.
      First parts are in the order of the track ids; further parts come after all tracks.
    - Cells without a track (removed by the track filter) are not written. A mother with one
      remaining daughter looks like a track with a gap.
    - Without tracks the masks are all zero and the table is empty, which the checks of the
      challenge refuse.

    References
    ----------
    https://celltrackingchallenge.net/datasets/, "Naming and file content conventions".
    """

    method: Literal["ctc"] = "ctc"

    def open(self, folder: Path, movie: Movie, n_frames: int) -> CtcWriter:
        """Return a writer of ``01_RES/`` in `folder`."""
        return CtcWriter(folder / RESULT_FOLDER, n_frames)


class CtcWriter:
    """Writes one mask per frame with the labels of that frame, and renumbers them at the end.

    The track of a cell is known only after the last frame. Until then the labels are on disk, so
    that memory does not grow with the movie.
    """

    def __init__(self, folder: Path, n_frames: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._masks = [folder / name for name in mask_names(n_frames)]
        self._n_added = 0

    def add(self, labels: npt.NDArray[np.int32]) -> None:
        """Write the mask of the next frame, for now with the labels of the frame."""
        # The fastest compression, as this page is written again.
        _write_mask(self._masks[self._n_added], labels, level=1)
        self._n_added += 1

    def finish(self, tables: Tables) -> None:
        """Write the table, and the masks again with the labels of the tracks."""
        objects, frames = tables.objects, tables.counts[FRAME].to_numpy(np.int64)
        label_of_row, rows = ctc_tracks(objects, tables.tracks, frames)
        with (self._folder / RESULT_TABLE).open("w", encoding="ascii", newline="\n") as file:
            np.savetxt(file, rows, fmt="%d")
        by_frame = objects.groupby(FRAME).indices
        label = objects[LABEL].to_numpy(np.int64)
        none = np.zeros(0, np.int64)
        for frame, path in zip(frames.tolist(), self._masks, strict=True):
            at = by_frame.get(frame, none)
            mask = _renumber(tifffile.imread(path), label[at], label_of_row[at])
            _write_mask(path, mask.astype(np.uint16))

    def close(self) -> None:
        """Nothing is left open."""


def mask_names(n_frames: int) -> list[str]:
    """Return the file names of the masks: three digits, or more from 1,000 frames on."""
    n_digits = 3 if n_frames <= 999 else max(4, len(str(n_frames - 1)))
    return [f"mask{frame:0{n_digits}d}.tif" for frame in range(n_frames)]


def ctc_tracks(objects: pd.DataFrame, tracks: pd.DataFrame, frames: Ids) -> tuple[Ids, Ids]:
    """Cut tracks as the format demands: into parts without gaps that end before children begin.

    Parameters
    ----------
    objects : DataFrame
        With `frame` and `track_id`; 0 is no track.
    tracks : DataFrame
        With `track_id` and `parent_id`.
    frames : ndarray, shape (n_frames,), int64
        True indices of all frames, ascending.

    Returns
    -------
    label : ndarray, shape (n_objects,), int64
        The label of each object's part, from 1 without holes; 0 for objects without a track.
    rows : ndarray, shape (n_parts, 4), int64
        One row per part, sorted by label: label, first and last frame, label of the parent or 0.
        Frames are counted from 0 in the order of `frames`. A parent that does not begin before
        its child (no linker here makes one) is left out.

    Raises
    ------
    ResultError
        If there are more parts than the format can hold.
    """
    id_ = objects[TRACK_ID].to_numpy(np.int64)
    time = np.searchsorted(frames, objects[FRAME].to_numpy(np.int64))
    at = np.lexsort((time, id_))
    at = at[id_[at] > 0]
    id_, time = id_[at], time[at]
    is_first = np.diff(id_, prepend=0) > 0
    key = id_ * len(frames) + time  # one number for track and time, ascending in this order
    born = _births(tracks, dict(zip(id_[is_first].tolist(), time[is_first].tolist(), strict=True)))
    births = {
        child: mother * len(frames) + moment for child, (mother, moment) in born.items()
    }  # the time of each birth, as a key of the mother

    is_start = is_first | (np.diff(time, prepend=0) > 1) | np.isin(key, list(births.values()))
    start = np.flatnonzero(is_start)
    end = np.append(start, len(id_))[1:] - 1
    if len(start) > MAX_TRACKS:
        raise ResultError(
            f"There are {len(start)} tracks, but the CTC format has room for {MAX_TRACKS}; raise "
            "tracks.min_length_frames, or take ctc out of export."
        )
    label = _first_parts_first(is_first[start])
    parent = np.where(is_first[start], 0, np.concatenate([[0], label])[:-1])
    for part in np.flatnonzero(is_first[start]).tolist():
        child = int(id_[start[part]])
        if child in births:
            # The last part of the mother that ends before the birth.
            before = int(np.searchsorted(key[end], births[child])) - 1
            if before >= 0 and id_[start[before]] == born[child][0]:
                parent[part] = label[before]

    label_of_row = np.zeros(len(objects), np.int64)
    label_of_row[at] = np.repeat(label, end - start + 1)
    rows = np.stack([label, time[start], time[end], parent], axis=1)
    return label_of_row, rows[np.argsort(label)]


def _births(tracks: pd.DataFrame, start_of: dict[int, int]) -> dict[int, tuple[int, int]]:
    """Return the mother of each track that has one, and the time at which the track begins."""
    pairs = zip(tracks[TRACK_ID].tolist(), tracks[PARENT_ID].tolist(), strict=True)
    return {
        child: (mother, start_of[child])
        for child, mother in pairs
        if child in start_of and mother in start_of
    }


def _first_parts_first(is_first: npt.NDArray[np.bool_]) -> Ids:
    """Return labels from 1: first the first part of each track, then all further parts."""
    label = np.zeros(len(is_first), np.int64)
    label[np.concatenate([np.flatnonzero(is_first), np.flatnonzero(~is_first)])] = np.arange(
        1, len(is_first) + 1
    )
    return label


def _renumber(labels: npt.NDArray[Any], old: Ids, new: Ids) -> npt.NDArray[Any]:
    """Return labels with old values replaced by new ones; `old` contains every label."""
    order = np.argsort(old)
    is_cell = labels > 0
    renumbered = np.zeros(labels.shape, np.int64)
    renumbered[is_cell] = new[order][np.searchsorted(old[order], labels[is_cell])]
    return renumbered


def _write_mask(path: Path, mask: npt.NDArray[Any], level: int = 6) -> None:
    tifffile.imwrite(
        path,
        mask,
        photometric="minisblack",
        compression="zlib",
        compressionargs={"level": level},
        metadata=None,
    )
