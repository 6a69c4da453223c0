"""Fingerprints: a short text that is equal for equal content, part of every cache key.

Up to 64 MiB, the whole content is hashed (blake2b). For a larger file only its size, its time of
change, its first and last MiB and 64 evenly spaced blocks of 64 KiB are hashed, as reading 100 GB
to open a movie would take minutes. Several files (a folder of frames) are hashed whole, each with
its name, if they have at most 64 MiB together; otherwise by name, size, time of change and their
first and last 4 KiB. Folder names are not part of it, so a movie may be moved.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

MIB = 1 << 20
WHOLE_BYTES = 64 * MIB
_BLOCKS = 64
_BLOCK_BYTES = 64 << 10
_FRAME_ENDS_BYTES = 4 << 10


def file_fingerprint(path: Path) -> str:
    """Return the fingerprint of one file, 32 hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    status = path.stat()
    with path.open("rb") as file:
        if status.st_size <= WHOLE_BYTES:
            _add_whole(digest, file)
        else:
            _add_stamp(digest, status)
            _add_ends(digest, file, status.st_size, MIB)
            for block in range(_BLOCKS):
                file.seek(block * max(0, status.st_size - _BLOCK_BYTES) // _BLOCKS)
                digest.update(file.read(_BLOCK_BYTES))
    return digest.hexdigest()


def files_fingerprint(paths: Sequence[Path], root: Path) -> str:
    """Return the fingerprint of several files that are one movie, 32 hexadecimal digits.

    Parameters
    ----------
    paths : sequence of Path
        The files, in the order of the movie.
    root : Path
        The folder to which their names are relative.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    statuses = [path.stat() for path in paths]
    whole = sum(status.st_size for status in statuses) <= WHOLE_BYTES
    for path, status in zip(paths, statuses, strict=True):
        name = Path(os.path.relpath(path, root)).as_posix()
        digest.update(f"{name}\0{status.st_size}\0".encode(errors="surrogateescape"))
        with path.open("rb") as file:
            if whole:
                _add_whole(digest, file)
            else:
                _add_stamp(digest, status)
                _add_ends(digest, file, status.st_size, _FRAME_ENDS_BYTES)
    return digest.hexdigest()


def _add_whole(digest: hashlib.blake2b, file: BinaryIO) -> None:
    while block := file.read(MIB):
        digest.update(block)


def _add_stamp(digest: hashlib.blake2b, status: os.stat_result) -> None:
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())


def _add_ends(digest: hashlib.blake2b, file: BinaryIO, size: int, ends: int) -> None:
    digest.update(file.read(ends))
    file.seek(max(0, size - ends))
    digest.update(file.read(ends))
