"""What a step of the horizontal strategy writes to disk for one movie, whole or not at all.

``steps/1_prepared`` and ``steps/2_cells`` hold an OME-Zarr a movie, and ``steps/3_measured`` a
table. Beside each lies a mark, written last, that says what it was made from and holds a digest of
each frame: without a mark, nothing counts as written; with it, a change by hand is noticed. What a
person has changed is never deleted; it is set aside.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from stat import S_ISDIR
from typing import Any

import pandas as pd

from napari_celltrack.batch.horizontal.step_files import (
    Plane,
    digest_of,
    file_digest,
    join_tables,
    read_planes,
    read_tables,
    text_digest,
)
from napari_celltrack.batch.run_options import Step
from napari_celltrack.errors import CelltrackError
from napari_celltrack.results.small_files import write_text

#: The steps in their order; all but the last one write a store.
STEPS: tuple[Step, ...] = ("prepare", "count", "measure", "track")

_FOLDERS: Mapping[Step, str] = {
    "prepare": "1_prepared",
    "count": "2_cells",
    "measure": "3_measured",
}


@dataclass(frozen=True)
class StepMark:
    """What a store was made from, and what it held when it was made.

    Parameters
    ----------
    key : str
        Equal where movie, settings up to this step, program version and what was changed by hand
        before it are equal.
    fingerprint : str
        Of the movie.
    settings : str
        Those of the recipe up to this step.
    before : str
        Identity of what the step before has written, see :class:`StoredStep`; empty for the first
        one.
    frames : tuple of int
        True index of each frame that is stored, in order.
    shifts_px : tuple of (float, float)
        How far each prepared frame had moved, as drift correction found it.
    digests : tuple of str
        Of the content of each frame, or of the whole table.
    signature : str
        Of the names, sizes and times of the files: while it is equal, nobody has changed them.
    """

    key: str
    fingerprint: str
    settings: str
    before: str
    frames: tuple[int, ...]
    shifts_px: tuple[tuple[float, float], ...]
    digests: tuple[str, ...] = ()
    signature: str = ""


@dataclass(frozen=True)
class StoredStep:
    """What a store holds now.

    Parameters
    ----------
    step : str
        The step that wrote it.
    title : str
        Its name in messages.
    mark : StepMark
        What it was made from.
    digests : tuple of str
        Of the content as it is now; empty if it cannot be read.
    error : str
        Why it cannot be read, in a sentence.
    """

    step: Step
    title: str
    mark: StepMark
    digests: tuple[str, ...]
    error: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether a person has changed it since it was made."""
        return self.digests != self.mark.digests

    @property
    def changed_frames(self) -> tuple[int, ...]:
        """True indices of the frames that differ; none of a table, which is compared whole."""
        if len(self.digests) != len(self.mark.frames):
            return ()
        known = zip(self.mark.frames, self.digests, self.mark.digests, strict=True)
        return tuple(frame for frame, now, before in known if now != before)

    @property
    def identity(self) -> str:
        """Equal for what was made from the same and holds the same."""
        return text_digest(self.mark.key, *self.digests)


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
    def partial(self) -> Path:
        """Where it is written until it is whole: a zarr, or a folder with parts of the table."""
        return self._folder / f".{self.name}.partial"

    @property
    def _folder(self) -> Path:
        return self.out / "steps" / _FOLDERS[self.step]

    @property
    def _own(self) -> Path:
        return self._folder / f"{self.name}.{'csv' if self.step == 'measure' else 'zarr'}"

    @property
    def _mark(self) -> Path:
        return self._folder / f"{self.name}.json"

    def begin(self) -> None:
        """Delete what a killed run has begun to write, and make the folders for a new one."""
        # The folder of the results itself is not made: when it is gone, so is the run.
        self._folder.parent.mkdir(exist_ok=True)
        self._folder.mkdir(exist_ok=True)
        self.drop_partial()

    def drop_partial(self) -> None:
        """Delete what was begun and is not whole."""
        shutil.rmtree(self.partial, ignore_errors=True)

    def finish(self, mark: StepMark) -> None:
        """Move what is written to its place, and then mark it as whole.

        It replaces what is there; see :meth:`set_aside`. At no moment does a mark lie beside data
        that it was not written for.

        Parameters
        ----------
        mark : StepMark
            Without signature, and for a table without digests.
        """
        self._mark.unlink(missing_ok=True)
        if self.step == "measure":
            whole = join_tables(self.partial)
            mark = replace(mark, digests=(file_digest(whole),))
            whole.replace(self._own)
            self.drop_partial()
        else:
            shutil.rmtree(self._own, ignore_errors=True)
            self.partial.rename(self._own)
        mark = replace(mark, signature=_signature(self._own))
        write_text(self._mark, json.dumps(asdict(mark), indent=1) + "\n")

    def set_aside(self) -> str:
        """Give what a person has changed another name, and return that name."""
        now, number = self.data, 1
        while (aside := now.with_name(f"{self.name}.{_by_hand(number)}{now.suffix}")).exists():
            number += 1
        now.rename(aside)
        return aside.relative_to(self.out).as_posix()

    def look(self) -> StoredStep | None:
        """Return what the store holds; None if nothing whole.

        Nothing is read while names, sizes and times of the files are as they were written;
        otherwise the content decides, so that copying the folder changes nothing.
        """
        try:
            mark = _mark_from(json.loads(self._mark.read_text(encoding="utf-8")))
            is_there = self.data.exists()
            is_as_written = self.data == self._own and _signature(self._own) == mark.signature
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never begun, or killed before it was whole
        if is_as_written:
            return StoredStep(self.step, self.title, mark, mark.digests)
        return self._read(mark) if is_there else None

    def planes(self, n_frames: int, indices: Iterable[int]) -> Iterator[Plane]:
        """Read planes as they are on disk now; see :func:`.step_files.read_planes`."""
        are_labels = self.step == "count"
        return read_planes(self.data, self.title, n_frames, indices, are_labels=are_labels)

    def tables(self, frames: Sequence[int]) -> Iterator[pd.DataFrame]:
        """Read the objects of each frame; see :func:`.step_files.read_tables`."""
        return read_tables(self.data, self.title, frames)

    def _read(self, mark: StepMark) -> StoredStep:
        """Return what the store holds, by its content, which somebody may have changed."""
        n_frames, error = len(mark.frames), ""
        try:
            if self.step == "measure":
                digests: tuple[str, ...] = (file_digest(self.data),)
            else:
                digests = tuple(map(digest_of, self.planes(n_frames, range(n_frames))))
        except CelltrackError as reason:
            digests, error = (), str(reason)
        except OSError as reason:
            digests, error = (), f"{self.title} cannot be read ({reason.strerror}); mend that."
        return StoredStep(self.step, self.title, mark, digests, error)


def _by_hand(number: int) -> str:
    return "by-hand" if number == 1 else f"by-hand-{number}"


def _signature(path: Path) -> str:
    """Return a text that changes with every file that is written."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stamps = ((file.relative_to(path.parent).as_posix(), file.stat()) for file in files)
    return text_digest(
        *(f"{name} {s.st_size} {s.st_mtime_ns}" for name, s in stamps if not S_ISDIR(s.st_mode))
    )


def _mark_from(values: Mapping[str, Any]) -> StepMark:
    return StepMark(
        key=str(values["key"]),
        fingerprint=str(values["fingerprint"]),
        settings=str(values["settings"]),
        before=str(values["before"]),
        frames=tuple(int(frame) for frame in values["frames"]),
        shifts_px=tuple((float(y), float(x)) for y, x in values["shifts_px"]),
        digests=tuple(str(digest) for digest in values["digests"]),
        signature=str(values["signature"]),
    )
