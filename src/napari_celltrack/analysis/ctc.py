"""Reading tracks in the format of the Cell Tracking Challenge: results and truth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_celltrack.errors import ResultError
from napari_celltrack.readers.guard import decoding, quiet
from napari_celltrack.whole_files import file_at

Ids = npt.NDArray[np.int64]
#: A cell in a frame: (frame, label).
Node = tuple[int, int]

#: No label and no frame has more digits, and more would not fit into a table.
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_RESULT, _TRUTH = "res_track.txt", "man_track.txt"
#: Prefix of the masks that belong to a table, and where its folder may be below the given one.
_MASKS = {_RESULT: "mask", _TRUTH: "man_track"}
_PLACES = {_RESULT: (".", "01_RES", "*_RES", "*/*_RES"), _TRUTH: (".", "TRA", "*_GT/TRA")}


@dataclass(frozen=True, eq=False)
class CtcTracks:
    """Tracks as masks and a table, which agree.

    Parameters
    ----------
    folder : Path
        Where they were read from.
    masks : tuple of Path
        The mask of each frame; a pixel holds the label of its track.
    table : ndarray, shape (n_tracks, 4), int64
        Columns L, B, E, P: label, first and last frame (both inclusive), parent label or 0.
    labels : tuple of ndarray, each shape (n_cells,), int64
        The labels in each frame, ascending.
    """

    folder: Path
    masks: tuple[Path, ...]
    table: Ids
    labels: tuple[Ids, ...]

    @property
    def n_frames(self) -> int:
        """Number of frames, empty ones included."""
        return len(self.masks)

    def mask(self, frame: int) -> npt.NDArray[Any]:
        """Read the mask of a frame, shape (Y, X), any integer type."""
        return read_mask(self.masks[frame])

    def links(self) -> Iterator[tuple[Node, Node]]:
        """Yield every link, from the earlier to the later cell.

        Links are those from one detection of a track to the next, and those from a parent's last
        detection to a child's first.
        """
        end = dict(self.table[:, [0, 2]].tolist())
        for label, first, _, parent in self.table.tolist():
            if parent:
                yield (end[parent], parent), (first, label)
        seen: dict[int, int] = {}
        for frame, labels in enumerate(self.labels):
            for label in labels.tolist():
                if label in seen:
                    yield (seen[label], label), (frame, label)
                seen[label] = frame

    def divisions(self) -> dict[Node, frozenset[Node]]:
        """Return the last detection of each mother with the first detections of her children.

        A parent with one child is a track with a gap, not a division.
        """
        end = dict(self.table[:, [0, 2]].tolist())
        children: dict[Node, set[Node]] = {}
        for label, first, _, parent in self.table.tolist():
            if parent:
                children.setdefault((end[parent], parent), set()).add((first, label))
        return {mother: frozenset(all_) for mother, all_ in children.items() if len(all_) > 1}


def read_ctc(folder: str | Path, *, is_truth: bool = False) -> CtcTracks:
    """Read a result or truth of the Cell Tracking Challenge and check it.

    A truth (``man_track.txt``) may have tracks with gaps, as annotators leave some. The format does
    not allow them in a result.

    Parameters
    ----------
    folder : str or Path
        The folder with ``res_track.txt`` or ``man_track.txt`` beside its masks, or one above it: a
        result of this program, ``01_GT``, or a data set with one such folder.
    is_truth : bool
        Whether the truth is read where there are both tables.

    Returns
    -------
    CtcTracks

    Raises
    ------
    ResultError
        If there is no such folder, or table and masks do not agree.
    """
    table_file = _find_table(Path(folder), (_TRUTH, _RESULT) if is_truth else (_RESULT, _TRUTH))
    home = table_file.parent
    masks = numbered_masks(home, _MASKS[table_file.name])
    missing = next((i for i, frame in enumerate(masks) if frame != i), None)
    if not masks or missing is not None:
        raise ResultError(
            f"{home} lacks the mask of frame {missing or 0}; put in one {_MASKS[table_file.name]}"
            " image a frame, counted from 0."
        )
    table = _read_table(table_file)
    _check_table(table, len(masks), table_file)
    labels = []
    for frame, path in masks.items():
        found = np.unique(read_mask(path)).astype(np.int64)
        labels.append(found[found > 0])
        _check_labels(labels[-1], table, frame, path, may_have_gaps=table_file.name == _TRUTH)
    return CtcTracks(home, tuple(masks.values()), table, tuple(labels))


def numbered_masks(folder: Path, prefix: str) -> dict[int, Path]:
    """Return the images ``<prefix>NNN.tif`` of a folder by their number, ascending.

    A folder that does not exist has none.
    """
    name = re.compile(rf"{prefix}(\d+)\.tiff?", re.IGNORECASE)
    files = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else ()
    found = {int(match[1]): path for path in files if (match := name.fullmatch(path.name))}
    return dict(sorted(found.items()))


def read_mask(path: Path) -> npt.NDArray[Any]:
    """Read one mask.

    Returns
    -------
    ndarray, shape (Y, X), any integer type up to int64

    Raises
    ------
    ResultError
        If it is not a plane of integers from 0.
    MovieError
        If it is damaged.
    """
    with quiet(), decoding(path.name):
        mask = np.asarray(tifffile.imread(path))
    if mask.ndim != 2 or mask.dtype.kind not in "iu" or mask.min(initial=0) < 0:
        raise ResultError(
            f"{path.name} has shape {mask.shape} and type {mask.dtype}; only 2D masks of whole "
            "numbers from 0 can be read."
        )
    return mask.astype(np.int64) if mask.dtype == np.uint64 else mask


def _find_table(folder: Path, names: Iterable[str]) -> Path:
    if not folder.is_dir():
        raise ResultError(f"{folder} is not a folder; choose one with res_track.txt and masks.")
    places = [(name, place) for name in names for place in _PLACES[name]]
    for name, place in places:
        homes = [folder] if place == "." else sorted(folder.glob(place))
        found = [home / name for home in homes if (home / name).is_file()]
        if len(found) > 1:
            several = ", ".join(str(path.parent.relative_to(folder)) for path in found[:5])
            raise ResultError(f"{folder} holds several of them ({several}); choose one.")
        if found:
            return found[0]
    raise ResultError(
        f"{folder} holds no res_track.txt or man_track.txt; choose a folder in the format of the "
        "Cell Tracking Challenge, such as 01_RES or 01_GT, or add ctc to the exports of the recipe."
    )


def _read_table(path: Path) -> Ids:
    rows: list[list[int]] = []
    for number, line in enumerate(_lines(path), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 4 or not all(map(_WHOLE_NUMBER.fullmatch, words)):
            raise ResultError(
                f"{path.name}, line {number}, is not four whole numbers (label, first frame, last "
                "frame, parent); mend it."
            )
        rows.append([int(word) for word in words])
    return np.array(rows, np.int64).reshape(-1, 4)


def _lines(path: Path) -> Iterable[str]:
    try:
        return file_at(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError(f"{path} cannot be read; check that it is a text file.") from error


def _check_table(table: Ids, n_frames: int, path: Path) -> None:
    end: dict[int, int] = {}
    for label, first, last, _ in table.tolist():
        if label < 1 or label in end:
            raise ResultError(f"{path.name} has label {label} twice or below 1; make them unique.")
        if not 0 <= first <= last < n_frames:
            raise ResultError(
                f"{path.name}: label {label} lives from frame {first} to {last}, but there are "
                f"{n_frames} masks; mend its frames or add the masks."
            )
        end[label] = last
    for label, first, _, parent in table.tolist():
        if parent != 0 and parent not in end:
            raise ResultError(
                f"{path.name}: label {label} has parent {parent}, which has no line; add the line "
                "or set the parent to 0."
            )
        if parent != 0 and end[parent] >= first:
            raise ResultError(
                f"{path.name}: label {label} begins in frame {first}, but its parent {parent} ends "
                f"in frame {end[parent]}; let parents end before their children begin."
            )


def _check_labels(labels: Ids, table: Ids, frame: int, path: Path, *, may_have_gaps: bool) -> None:
    alive = table[(table[:, 1] <= frame) & (frame <= table[:, 2])]
    is_needed = (alive[:, 1:3] == frame).any(axis=1) | (not may_have_gaps)
    for label in np.setdiff1d(alive[is_needed, 0], labels)[:1]:
        raise ResultError(
            f"{path.name} has no pixel of label {label}, which the table lists for frame {frame}; "
            "end the track at the gap and begin a new one with it as parent."
        )
    for label in np.setdiff1d(labels, alive[:, 0])[:1]:
        raise ResultError(
            f"{path.name} has label {label}, which the table does not list for frame {frame}; "
            "add it to the table or take it out of the mask."
        )
