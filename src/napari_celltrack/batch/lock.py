"""One run at a time in a folder of results.

The lock is one of the operating system, which releases it when the process ends in whatever way;
the file ``.lock`` says which process holds it. A second file exists as long as the run goes on.
Workers look at it, also from other machines, and stop when it is gone.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from napari_celltrack.errors import ResultError

LOCK = ".lock"
_RUNNING = ".running-"
#: Windows keeps others from reading what is locked: a byte far behind the text.
_BYTE = 1 << 20
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
        path.touch()
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
    finally:
        if sys.platform == "win32":
            file.close()
        with suppress(OSError):
            (out / LOCK).unlink(missing_ok=True)
        file.close()


def _locked_file(out: Path) -> TextIO:
    path = out / LOCK
    while True:
        file = path.open("a+", encoding="utf-8")
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
    """Remove half results, and put back a whole one that was killed while it was replaced."""
    for path in list(out.iterdir()):
        if path.name.startswith(_RUNNING):
            path.unlink(missing_ok=True)
        elif path.name.startswith(".") and path.name.endswith(".partial"):
            # What may not be removed is in nobody's way: its name is never used again.
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)
        elif path.name.startswith(".") and path.name.endswith(".old") and path.is_dir():
            final = out / path.name[1 : -len(".old")]
            if final.exists():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.rename(final)
