"""What a person made in the window: cells corrected by hand, and places that were reviewed.

It is saved into a folder of its own, which can be read again beside the same movie.
"""

from __future__ import annotations

import json
import re
import shutil
import weakref
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tifffile
from napari.components import ViewerModel
from napari.layers import Labels

from napari_celltrack.analysis.reviewed import Reviewed
from napari_celltrack.errors import CelltrackError
from napari_celltrack.export.labels_tiff import LabelsTiffWriter
from napari_celltrack.gui.hand_labels import HandLabels
from napari_celltrack.gui.layers.movie_layers import corrected_before
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.text import plural
from napari_celltrack.whole_files import file_at

#: Files of the folder.
FACTS, LABELS = "made_by_hand.json", "corrected_labels.tif"
_VERSION = 1
_UNSAFE = re.compile(r"[^\w.+-]+")


class ByHand:
    """Knows what a person made in a viewer, and which of it is not saved.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    hand : HandLabels
        Has the frames that were corrected.
    reviewed : Reviewed
        Has the places that were reviewed.
    """

    def __init__(self, viewer: ViewerModel, hand: HandLabels, reviewed: Reviewed) -> None:
        self._viewer = weakref.ref(viewer)
        self._hand, self._reviewed = hand, reviewed
        self._movie: Movie | None = None
        #: Name and path of each movie that was in use.
        self._movies: dict[Hashable, tuple[str, str]] = {}
        self._saved: dict[int, npt.NDArray[np.int32]] = {}
        self._saved_places: frozenset[Hashable] = frozenset()
        self._saved_layers: weakref.WeakSet[Labels] = weakref.WeakSet()

    def use(self, movie: Movie | None) -> None:
        """Have corrections be those of another movie, or of none."""
        self._movie = movie
        if movie is not None:
            self._movies[movie.fingerprint, movie.axes] = movie.name, movie.path

    def unsaved(self) -> str:
        """Say what was made by hand and is not saved, in half a sentence; empty if nothing is."""
        self._hand.settle()
        corrected = self._hand.corrected
        n_frames = sum(self._saved.get(at) is not cells for at, cells in corrected.items())
        painted, saved = self._hand.painted, self._saved_layers
        n_layers = sum(layer in painted or layer not in saved for layer in self._layers())
        n_places = len(self._reviewed.dismissed - self._saved_places)
        told = []
        if n_frames:
            told.append(f"cells of {n_frames:,} {plural(n_frames, 'frame')} corrected by hand")
        if n_layers:
            told.append(f"{n_layers} {plural(n_layers, 'layer')} of labels painted by hand")
        if n_places:
            told.append(f"{n_places:,} {plural(n_places, 'place')} marked as fine")
        return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))

    def save(self, place: Path) -> Path:
        """Write all of it into a new folder.

        Parameters
        ----------
        place : Path
            An existing folder, in which the new one is made.

        Returns
        -------
        Path
            The new folder; it appears whole or not at all.

        Raises
        ------
        CelltrackError
            If it cannot be written.
        """
        self._hand.settle()
        name = Path(self._movie.name).stem if self._movie is not None else "movie"
        folder = _new_folder(place, f"{_UNSAFE.sub('-', name)}_by_hand")
        hidden = folder.with_name(f".{folder.name}")
        try:
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir()
            self._write(hidden)
            hidden.rename(folder)
        except OSError as error:
            shutil.rmtree(hidden, ignore_errors=True)
            raise CelltrackError(
                f"{folder} cannot be written ({error.strerror}); choose another place."
            ) from error
        self._saved = dict(self._hand.corrected)
        self._saved_places = self._reviewed.dismissed
        self._saved_layers.update(self._layers())
        self._hand.painted.clear()
        return folder

    def read(self, file: Path) -> dict[int, npt.NDArray[np.int32]]:
        """Read what :meth:`save` has written beside the same movie.

        Places that were reviewed are known from now on.

        Parameters
        ----------
        file : Path
            ``made_by_hand.json``.

        Returns
        -------
        dict
            Labels of the frames that were corrected, by frame.

        Raises
        ------
        CelltrackError
            If it cannot be read, or is of another movie.
        """
        movie = self._movie
        if movie is None:
            raise CelltrackError("There is no movie; open the one that was corrected first.")
        facts = _read_facts(file)
        theirs = facts["movie"]
        size = [movie.n_frames, movie.height_px, movie.width_px]
        if theirs is not None and theirs["size"] != size:
            raise CelltrackError(
                f"{file.parent.name} is of {theirs['name']}, which has another size than "
                f"{movie.name}; open that movie first."
            )
        corrected = _read_labels(file.parent / LABELS, facts["corrected_frames"])
        self._saved |= corrected
        rows = [row for row in facts["reviewed"] if _is_of(row, movie)]
        before = self._reviewed.dismissed
        self._reviewed.add((movie.fingerprint, movie.axes), pd.DataFrame(rows))
        self._saved_places |= self._reviewed.dismissed - before
        return corrected

    def _layers(self) -> list[Labels]:
        """Return the layers of labels that a person painted in, beside the corrected cells."""
        viewer = self._viewer()
        labels = [each for each in viewer.layers if isinstance(each, Labels)] if viewer else []
        return [
            layer
            for layer in labels
            if corrected_before(layer) is not None or layer in self._hand.painted
        ]

    def _write(self, folder: Path) -> None:
        movie, corrected = self._movie, self._hand.corrected
        facts: dict[str, Any] = {
            "version": _VERSION,
            "movie": None,
            "corrected_frames": sorted(corrected),
            "reviewed": list(self._reviewed_rows()),
        }
        if movie is not None:
            size = [movie.n_frames, movie.height_px, movie.width_px]
            facts["movie"] = {"name": movie.name, "path": movie.path, "size": size}
            if corrected:
                _write_labels(folder / LABELS, movie, corrected)
        for layer in self._layers():
            frames = corrected_before(layer)
            data = np.asarray(layer.data if frames is None else frames)
            path = _new_folder(folder, _UNSAFE.sub("-", layer.name), ".tif")
            tifffile.imwrite(path, data, photometric="minisblack", compression="zlib")
        (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")

    def _reviewed_rows(self) -> Iterator[dict[str, Any]]:
        for key in self._reviewed.movies:
            name, path = self._movies.get(key, ("", ""))
            for row in self._reviewed.table(key).to_dict("records"):
                yield {"movie": name, "path": path, **{str(k): value for k, value in row.items()}}


def _write_labels(path: Path, movie: Movie, corrected: dict[int, npt.NDArray[np.int32]]) -> None:
    """Write a page a frame; frames that were not corrected are empty."""
    writer = LabelsTiffWriter(path, movie, movie.n_frames)
    try:
        empty = np.zeros(movie.shape, np.int32)
        for frame in range(movie.n_frames):
            writer.add(corrected.get(frame, empty))
    finally:
        writer.close()


def _read_labels(path: Path, frames: list[int]) -> dict[int, npt.NDArray[np.int32]]:
    if not frames:
        return {}
    labels = open_movie(path)
    try:
        return {frame: labels.plane(frame).astype(np.int32) for frame in frames}
    finally:
        labels.close()


def _read_facts(file: Path) -> dict[str, Any]:
    problem = CelltrackError(
        f"{file} is not what was saved of hand-made things; choose the {FACTS} of such a folder."
    )
    try:
        facts = json.loads(file_at(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise CelltrackError(f"{file} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise problem from error
    is_ours = isinstance(facts, dict) and facts.get("version") == _VERSION
    if not is_ours or not {"movie", "corrected_frames", "reviewed"} <= set(facts):
        raise problem
    return dict(facts)


def _is_of(row: dict[str, Any], movie: Movie) -> bool:
    return row["movie"] == movie.name or bool(movie.path and row["path"] == movie.path)


def _new_folder(place: Path, name: str, suffix: str = "") -> Path:
    """Return a path in a folder that is not taken."""
    paths = (place / f"{name}{f'_{n}' if n > 1 else ''}{suffix}" for n in range(1, 10_000))
    return next(path for path in paths if not path.exists())
