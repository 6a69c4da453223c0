"""One run at a time in a folder of results.

The lock is one of the operating system, which releases it when the process ends in whatever way;
the file ``.lock`` says which process holds it. A second file exists as long as the run goes on.
Workers look at it, also from other machines, and stop when it is gone.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from napari_celltrack.errors import ResultError
from napari_celltrack.results.own_files import (
    is_hidden_file,
    open_own,
    remove_unfinished,
)
from napari_celltrack.results.result_folder import OLD, RECORD, ResultFolder, not_ours
from napari_celltrack.results.run_folder import REPLACED

LOCK = ".lock"
_RUNNING, _OURS = ".running-", "a run of celltrack\n"
#: Windows keeps others from reading what is locked: a byte far behind the text.
_BYTE = 1 << 20
#: Longer than what we say of a run.
_LONGEST = 1000
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class RunEnded(ResultError):  # noqa: N818  (nothing went wrong)
    """The running file is gone, and workers stop."""


@dataclass(frozen=True)
class RunningFile:
    """A file that exists as long as a run goes on: removing it stops all workers.

    Parameters
    ----------
    path : Path
        In the folder of the results.
    """

    path: Path

    @classmethod
    def create(cls, folder: Path) -> RunningFile:
        """Create the file of a new run in the folder of its results."""
        path = folder / f"{_RUNNING}{secrets.token_hex(4)}"
        with path.open("x", encoding="utf-8") as file:
            file.write(_OURS)
        return cls(path)

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        return self.path.parent

    def exists(self) -> bool:
        """Tell whether the run still goes on; a disk that is away for a moment ends nothing."""
        try:
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def check(self) -> None:
        """Raise RunEnded when the file is gone.

        The process that removes the file itself, to stop its workers, ignores what they raise. So
        the sentence is for when the file has gone with its folder.
        """
        if not self.exists():
            raise RunEnded(
                f"The folder of the results, {self.folder}, was removed or renamed during the "
                "run; run again."
            )

    def remove(self) -> None:
        """Stop the workers; nothing happens if the file is gone already."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


@contextmanager
def only_run_in(out: Path) -> Iterator[RunningFile]:
    """Keep other runs out of a folder, and delete what a killed run has begun to write there.

    Parameters
    ----------
    out : Path
        An existing folder.

    Yields
    ------
    RunningFile
        Of this run.

    Raises
    ------
    ResultError
        If another run is writing there; the sentence says which.
    """
    file = _locked_file(out)
    try:
        _clear(out)
        running_file = RunningFile.create(out)
        try:
            yield running_file
        finally:
            running_file.remove()
            with suppress(OSError):
                _clear(out)  # of workers that were ended
    finally:
        if sys.platform == "win32":
            file.close()
        with suppress(OSError):
            (out / LOCK).unlink(missing_ok=True)
        file.close()


def _locked_file(out: Path) -> TextIO:
    path = out / LOCK
    while True:
        try:
            file = io.TextIOWrapper(open_own(path, "a+b"), "utf-8")
        except OSError as error:
            if path.is_symlink():
                raise ResultError(not_ours(path)) from error
            raise
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            owner = file.read().strip() or "of which nothing is known"
            file.close()
            if error.errno not in _HELD:
                raise
            raise ResultError(
                f"Another run ({owner}) is writing to {out}; wait until it is finished or choose "
                "another folder."
            ) from error
        if _is_same(file, path):
            break
        file.close()  # the other run has just finished, and removed the file
    file.seek(0)
    if (text := file.read(_LONGEST)) and not text.startswith("process "):
        file.close()
        raise ResultError(not_ours(path))
    file.truncate(0)
    now = datetime.now().astimezone()
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M:%S}")
    file.flush()
    return file


def _lock(file: TextIO) -> None:
    """Lock an open file, or raise OSError with one of `_HELD` when another has done so."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        import fcntl

        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network drives have no locks; results are whole or not at all there too.
            if error.errno not in (errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS):
                raise


def _is_same(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _clear(out: Path) -> None:
    """Remove half results, and put back a whole one that was killed while it was replaced.

    Only what is known to be ours: others may hide files under such names, too.
    """
    for path in list(out.iterdir()):
        if not path.name.startswith("."):
            continue
        # What may not be removed is in nobody's way: its name is never used again.
        with suppress(OSError):
            if path.name.startswith(_RUNNING):
                if _text_of(path) == _OURS:
                    path.unlink()
            elif is_hidden_file(path, (*REPLACED, RECORD)):
                path.unlink()
            elif path.name.endswith(".partial"):
                remove_unfinished(path)
            elif path.name.endswith(OLD):
                _put_back(path)


def _text_of(path: Path) -> str:
    with open_own(path, "rb") as file:
        return file.read(_LONGEST).decode("utf-8", "replace")


def _put_back(old: Path) -> None:
    """Give a result its name back, or what is kept of it to the one that has replaced it."""
    hidden = re.fullmatch(rf"\.(.+)\.[0-9a-f]{{8}}{re.escape(OLD)}", old.name)
    if hidden is None or ResultFolder(old).owner() != "us":
        return
    final = ResultFolder(old.with_name(hidden[1]))
    if final.owner() == "us":
        final.take_over(old)
    elif final.owner() == "nobody":
        old.rename(final.path)
