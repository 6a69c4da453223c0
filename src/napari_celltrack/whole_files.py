"""Files that are written whole or not at all, under a hidden name until they take their place."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG


def file_at(path: Path) -> Path:
    """Return the path of a file that is about to be read, if it is a file.

    Whoever opens a pipe in its place waits for ever.

    Raises
    ------
    OSError
        If there is nothing, or no file.
    """
    if not S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return path


def hidden_file(path: Path) -> Path:
    """Return the name under which a file is written until it is whole; nothing has it."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give the hidden name under which a file is written; if nothing fails, it takes its place.

    So it is the old one or the new one, never a half; a link in its place is not followed.
    """
    hidden = hidden_file(path)
    try:
        yield hidden
        hidden.replace(path)
    finally:
        with suppress(OSError):  # without the folder there is no hidden file either
            hidden.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, is_safe: bool = False) -> None:
    """Write a small file so that it is either the old one or the new one, never a half.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its content.
    is_safe : bool
        Wait until it is on the disk, so that also a power cut leaves it whole.
    """
    # In JSON a byte of a path that is no character stays what it is.
    with (
        written_whole(path) as hidden,
        hidden.open("x", encoding="utf-8", errors="backslashreplace") as file,
    ):
        file.write(text)
        if is_safe:
            file.flush()
            os.fsync(file.fileno())
