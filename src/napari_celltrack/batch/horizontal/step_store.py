"""What a step of the horizontal strategy writes to disk for one movie, whole or not at all.

``steps/1_prepared`` and ``steps/2_cells`` hold an OME-Zarr a movie, and ``steps/3_measured`` a
table. Beside each lies a mark, written last, that says what it was made from and holds a digest of
each frame and of each file: without a mark, nothing counts as written; with it, a change by hand
and damage are noticed. What a person has changed is never deleted; it is set aside.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISDIR

import pandas as pd

from napari_celltrack.batch.horizontal.step_files import (
    Plane,
    can_read,
    digest_of,
    file_digest,
    frame_of_chunk,
    is_cut_off,
    join_tables,
    read_planes,
    read_tables,
    text_digest,
)
from napari_celltrack.batch.horizontal.stored_step import LOST, StepMark, StoredStep
from napari_celltrack.batch.run_options import Step
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.results.own_files import (
    FileFact,
    entries_in,
    facts_in,
    left_hidden,
    make_hidden,
    remove_unfinished,
    set_aside,
    sync_folder,
)
from napari_celltrack.results.result_folder import not_ours
from napari_celltrack.results.small_files import read_json
from napari_celltrack.whole_files import write_text

#: The steps in their order; all but the last one write a store.
STEPS: tuple[Step, ...] = ("prepare", "count", "measure", "track")

_FOLDERS: Mapping[Step, str] = {
    "prepare": "1_prepared",
    "count": "2_cells",
    "measure": "3_measured",
}
#: What is added to the name of what a person has changed or put there.
_BY_HAND = "by-hand"
#: The same for what is damaged.
_DAMAGED = "damaged"


@dataclass(frozen=True)
class StepStore:
    """The place where one step writes its data of one movie.

    Parameters
    ----------
    out : Path
        The folder of the results.
    step : str
        One of :data:`STEPS` but the last.
    name : str
        Of the item.
    """

    out: Path
    step: Step
    name: str

    @property
    def data(self) -> Path:
        """The zarr or the table; or a TIFF that somebody has put beside the zarr to replace it.

        A TIFF is what napari and Fiji save corrected cells as.
        """
        tiff = self._folder / f"{self.name}.tif"
        return tiff if self.step != "measure" and tiff.exists() else self._own

    @property
    def title(self) -> str:
        """Its name in messages, e.g. ``steps/2_cells/a.zarr``."""
        return self.data.relative_to(self.out).as_posix()

    @property
    def _folder(self) -> Path:
        return self.out / "steps" / _FOLDERS[self.step]

    @property
    def _own(self) -> Path:
        return self._folder / f"{self.name}.{'csv' if self.step == 'measure' else 'zarr'}"

    @property
    def _mark(self) -> Path:
        return self._folder / f"{self.name}.json"

    def begin(self) -> Path:
        """Delete what a killed run has begun to write, and make a hidden folder for a new one.

        Returns
        -------
        Path
            The hidden folder; tables are written into it, and a zarr where :meth:`inside` says.

        Raises
        ------
        ResultError
            If the folder of the step is a link of somebody.
        """
        if self._folder.is_symlink():
            raise ResultError(not_ours(self._folder))
        # The folder of the results itself is not made: when it is gone, so is the run.
        self._folder.parent.mkdir(exist_ok=True)
        self._folder.mkdir(exist_ok=True)
        self.drop_begun()
        return make_hidden(self._folder / self.name)

    def drop_begun(self) -> None:
        """Delete what a run that was stopped has begun to write; a finished step stays."""
        if self._folder.is_symlink() or not self._folder.is_dir():
            return
        for hidden in left_hidden(self._folder / self.name):
            if self._was_moved_from(hidden):
                (hidden / self._mark.name).replace(self._mark)
            remove_unfinished(hidden)

    def inside(self, hidden: Path) -> Path:
        """Return where in the hidden folder the zarr is written."""
        return hidden / self._own.name

    def finish(self, hidden: Path, mark: StepMark) -> tuple[str, ...]:
        """Move what is written to its place, and then mark it as whole.

        It replaces what we have written there before. At no moment is data taken for what another
        mark says: until the new mark has its place, it lies in the hidden folder, without data.

        Parameters
        ----------
        hidden : Path
            As :meth:`begin` has made it.
        mark : StepMark
            Without signature and with the facts of chunks only; for a table without digests.

        Returns
        -------
        tuple of str
            New names of what was in the way and is not ours, or was changed or damaged.
        """
        whole = self.inside(hidden)
        if self.step == "measure":
            join_tables(hidden, whole)
            mark = replace(mark, digests=(file_digest(whole),))
            files = {whole.name: FileFact.of(whole, is_safe=True)}
        else:
            chunks = {f"{whole.name}/{name}": fact for name, fact in mark.files.items()}
            rest = facts_in(whole, leave_out=mark.files)
            files = {**{f"{whole.name}/{name}": fact for name, fact in rest.items()}, **chunks}
        mark = replace(mark, files=files, signature=_signature(whole))
        pending = hidden / self._mark.name
        write_text(pending, json.dumps(mark.to_json(), indent=1) + "\n", is_safe=True)
        kept = tuple(self._make_room())
        whole.rename(self._own)
        pending.replace(self._mark)
        sync_folder(self._folder)
        remove_unfinished(hidden)
        return kept

    def set_aside(self) -> str:
        """Give what a person has changed another name, and return that name."""
        return self._aside(self.data, _BY_HAND)

    def look(self, *, is_thorough: bool = False) -> StoredStep | None:
        """Return what the store holds; None if nothing whole.

        While names, sizes and times of the files are as they were written, nobody has changed
        them; otherwise the content decides, so that copying the folder changes nothing.

        Parameters
        ----------
        is_thorough : bool
            Compare each file with its digest in any case: only that shows what a disk has lost.
        """
        mark = self._read_mark()
        if mark is None or not self.data.exists():
            return None  # never begun, or killed before it was whole
        if self.data == self._own:
            return self._look_at_own(mark, is_thorough=is_thorough)
        found = StoredStep(self.step, self.title, mark, mark.digests)
        return self._by_content(found, range(len(mark.frames)))

    def planes(self, n_frames: int, indices: Iterable[int]) -> Iterator[Plane]:
        """Read planes as they are on disk now; see :func:`.step_files.read_planes`."""
        are_labels = self.step == "count"
        return read_planes(self.data, self.title, n_frames, indices, are_labels=are_labels)

    def tables(self, frames: Sequence[int]) -> Iterator[pd.DataFrame]:
        """Read the objects of each frame; see :func:`.step_files.read_tables`."""
        return read_tables(self.data, self.title, frames)

    def _read_mark(self) -> StepMark | None:
        pending = (
            hidden / self._mark.name
            for hidden in left_hidden(self._folder / self.name)
            if self._was_moved_from(hidden)
        )
        try:
            return StepMark.from_json(read_json(next(pending, self._mark)))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _was_moved_from(self, hidden: Path) -> bool:
        """Whether a run was killed when data had its place already, and its mark had not."""
        return (hidden / self._mark.name).is_file() and not os.path.lexists(self.inside(hidden))

    def _make_room(self) -> Iterator[str]:
        """Delete what we have written, and yield the new names of what is not ours."""
        mark = self._read_mark()
        if mark is None and os.path.lexists(self._mark):
            yield self._aside(self._mark, _BY_HAND)
        if not os.path.lexists(self._own):
            return
        is_ours = mark is not None and not self._own.is_symlink()
        found = self._look_at_own(mark) if mark is not None and is_ours else None
        if found is None or found.is_changed:
            yield self._aside(self._own, _BY_HAND)
        elif found.is_damaged:
            yield self._aside(self._own, _DAMAGED)
        elif self._own.is_dir():
            shutil.rmtree(self._own)
        else:
            self._own.unlink()

    def _aside(self, path: Path, word: str) -> str:
        return set_aside(path, word).relative_to(self.out).as_posix()

    def _look_at_own(self, mark: StepMark, *, is_thorough: bool = False) -> StoredStep:
        """Return what we have written, as it is now."""
        found = StoredStep(self.step, self.title, mark, mark.digests)
        is_as_timed = _signature(self._own) == mark.signature
        if is_as_timed and not is_thorough:
            return found
        there = _names_in(self._own)
        wrong = [name for name, fact in mark.files.items() if not fact.is_of(self._folder / name)]
        differing = {*wrong, *(there - mark.files.keys())}
        if not differing:
            return found
        if strange := [name for name in differing & there if not (self._folder / name).is_file()]:
            # Whoever reads a pipe waits for ever.
            error = f"{self.title} cannot be read ({sorted(strange)[0]} is no file); remove it."
            return replace(found, digests=(), error=error)
        if self.step == "measure":
            is_lost = is_as_timed or is_cut_off(self._own, mark.files[self._own.name].n_bytes)
            return replace(found, digests=(LOST if is_lost else file_digest(self._own),))
        frames = {frame_of_chunk(name) for name in differing}
        # What is beside the chunks says how to read all of them, and which there must be.
        is_laid_out = None not in map(frame_of_chunk, wrong)
        lost = {
            frame_of_chunk(name)
            for name in wrong
            if is_as_timed or (is_laid_out and name not in there)
        }
        to_read = range(len(mark.frames)) if None in frames else frames
        return self._by_content(found, [i for i in to_read if i is not None], lost)

    def _by_content(
        self, found: StoredStep, indices: Iterable[int], lost: Collection[int | None] = ()
    ) -> StoredStep:
        """Return what the store holds by the content of some frames; others are as written."""
        digests = list(found.mark.digests)
        for index in lost:
            if index is not None:
                digests[index] = LOST
        todo = deque(sorted(index for index in indices if index not in lost))
        while todo:
            try:
                for plane in self.planes(len(found.mark.frames), tuple(todo)):
                    digests[todo.popleft()] = digest_of(plane)
            except CelltrackError as reason:
                # What can be read, and is not what is needed, is of a person who knows why.
                if self.data != self._own or can_read(self.data, todo[0]):
                    return replace(found, digests=(), error=str(reason))
                digests[todo.popleft()] = LOST
            except OSError as reason:
                error = f"{self.title} cannot be read ({reason.strerror}); mend that."
                return replace(found, digests=(), error=error)
        return replace(found, digests=tuple(digests))


def step_stores(out: Path) -> Iterator[StepStore]:
    """Find all that steps have written into a folder of results and marked as whole."""
    for step, folder in _FOLDERS.items():
        for mark in sorted((out / "steps" / folder).glob("[!.]*.json")):
            yield StepStore(out, step, mark.stem)


def strange_in_steps(out: Path) -> Iterator[str]:
    """Find what no step has written and nobody has put in its place or was set aside there."""
    for step, folder in _FOLDERS.items():
        known = {store.name for store in step_stores(out) if store.step == step}
        for entry in sorted((out / "steps" / folder).glob("[!.]*")):
            name = re.sub(rf"\.({_BY_HAND}|{_DAMAGED})(-\d+)?$", "", entry.stem)
            if name not in known or entry.suffix not in (".json", ".zarr", ".csv", ".tif"):
                yield entry.relative_to(out).as_posix()


def _names_in(path: Path) -> set[str]:
    """Return the names of a file, or of all files in a folder, in the folder above."""
    files = [path] if path.is_file() else entries_in(path)
    return {file.relative_to(path.parent).as_posix() for file in files if not file.is_dir()}


def _signature(path: Path) -> str:
    """Return a text that changes with every file that is written."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stamps = ((file.relative_to(path.parent).as_posix(), file.stat()) for file in files)
    return text_digest(
        *(f"{name} {s.st_size} {s.st_mtime_ns}" for name, s in stamps if not S_ISDIR(s.st_mode))
    )
