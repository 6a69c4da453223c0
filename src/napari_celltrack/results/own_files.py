"""FileFact: what a file held when we wrote it, so that nobody else's is overwritten or deleted.

A name proves nothing: a folder may hold files of other programs and of the user, under any name.
A file is ours while it holds what we wrote, to the byte. A file that was changed since, or that
stands in the way, is put aside under another name. Links are files of others, and not followed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO, Literal

from napari_celltrack.whole_files import hidden_file

#: Who has made a folder: whoever its record names; perhaps us where that is damaged and something
#: else speaks for us. A link is of others, wherever it leads.
Owner = Literal["nobody", "us", "perhaps us", "others"]

#: In a folder that is not finished, the file that says that it is ours.
UNFINISHED, _MARK_TEXT = ".unfinished", "napari-celltrack\n"
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class FileFact:
    """Length and digest of a file.

    Parameters
    ----------
    n_bytes : int
        Its length.
    digest : str
        BLAKE2b of its content, 16 bytes as hexadecimal digits; empty in facts of older versions,
        which know the length alone.
    """

    n_bytes: int
    digest: str

    @classmethod
    def of(cls, path: Path, *, is_safe: bool = False) -> FileFact:
        """Read a file.

        Parameters
        ----------
        path : Path
            A file, and no link to one.
        is_safe : bool
            Wait until it is on the disk, so that also a power cut leaves it whole.

        Raises
        ------
        OSError
            If it is not there, a link, no file, or cannot be read.
        """
        digest, n_bytes = hashlib.blake2b(digest_size=16), 0
        with open_own(path, "r+b" if is_safe else "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                n_bytes += len(block)
            if is_safe:
                os.fsync(file.fileno())
        return cls(n_bytes, digest.hexdigest())

    @classmethod
    def from_json(cls, values: Any) -> FileFact:
        """Take what JSON has said; of a broken fact, one that no file has."""
        try:
            if isinstance(values, int):
                return cls(values, "")
            return cls(int(values["bytes"]), str(values["blake2b"]))
        except (TypeError, ValueError, KeyError):
            return cls(-1, "")

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {"bytes": self.n_bytes, "blake2b": self.digest}

    def is_of(self, path: Path) -> bool:
        """Whether a file holds this, to the byte."""
        try:
            found = path.lstat()
            return (
                S_ISREG(found.st_mode)
                and found.st_size == self.n_bytes
                and (not self.digest or FileFact.of(path) == self)
            )
        except OSError:
            return False


def open_own(path: Path, mode: str) -> BinaryIO:
    """Open a file in a binary mode; of a link, raise OSError in place of following it."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | _NO_LINKS, 0o666)

    if not _NO_LINKS and path.is_symlink():
        raise OSError(f"{path} is a link")
    # The caller closes it, and says the mode: that it is binary, no checker can know.
    return open(path, mode, opener=opener)  # type: ignore[return-value]


def append_text(path: Path, text: str) -> None:
    """Add text to the end of a file; where that cannot be written, nothing happens."""
    with suppress(OSError), open_own(path, "ab") as file:
        file.write(text.encode("utf-8", "replace"))


def entries_in(folder: Path) -> Iterator[Path]:
    """Find all files in a folder and its folders, with links and empty folders, in order."""
    for path in sorted(folder.iterdir()):
        inside = list(entries_in(path)) if S_ISDIR(path.lstat().st_mode) else []
        yield from inside or [path]


def facts_in(folder: Path, leave_out: Collection[str] = ()) -> dict[str, FileFact]:
    """Return the facts of all files in a folder, on the disk now, by their names in it."""
    return {
        name: FileFact.of(path, is_safe=True)
        for path in entries_in(folder)
        if (name := path.relative_to(folder).as_posix()) not in leave_out and not path.is_dir()
    }


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def free_name(path: Path, word: str = "earlier") -> Path:
    """Return a name beside a path that nothing has: ``a.earlier.csv``, ``a.earlier-2.csv``.

    The name of a folder has no ending, but for a zarr.
    """
    is_named = path.suffix != ".zarr" and path.is_dir() and not path.is_symlink()
    stem, suffix = (path.name, "") if is_named else (path.stem, path.suffix)
    number = 1
    while os.path.lexists(
        free := path.with_name(f"{stem}.{word}{f'-{number}' if number > 1 else ''}{suffix}")
    ):
        number += 1
    return free


def set_aside(path: Path, word: str = "earlier") -> Path:
    """Give a file, folder or link another name that nothing has, and return it."""
    aside = free_name(path, word)
    path.rename(aside)
    return aside


def is_hidden_file(path: Path, names: Collection[str]) -> bool:
    """Whether a path has the hidden name of one of some files, and is a file itself."""
    hidden = re.fullmatch(r"\.(.+)\.[0-9a-f]{8}\.partial", path.name)
    return hidden is not None and hidden[1] in names and S_ISREG(path.lstat().st_mode)


def make_hidden(path: Path) -> Path:
    """Make the folder in which a folder is written until it is whole."""
    hidden = hidden_file(path)
    hidden.mkdir()
    mark = hidden / UNFINISHED
    try:
        mark.write_text(_MARK_TEXT, encoding="utf-8")
    except OSError:  # a full disk must not leave what nobody may delete
        mark.unlink(missing_ok=True)
        hidden.rmdir()
        raise
    return hidden


def left_hidden(path: Path) -> list[Path]:
    """Return the folders that :func:`make_hidden` made for a path and that were never finished.

    Names of other things may begin like its name.
    """
    begin, end = f".{path.name}.", ".partial"
    return [
        hidden
        for name in (os.listdir(path.parent) if path.parent.is_dir() else ())  # noqa: PTH208
        if name.startswith(begin)
        and re.fullmatch(r"[0-9a-f]{8}", name.removeprefix(begin).removesuffix(end))
        and is_unfinished(hidden := path.with_name(name))
    ]


def unmark(folder: Path) -> None:
    """Remove what :func:`make_hidden` has written into the folder, as it is finished."""
    (folder / UNFINISHED).unlink()


def is_unfinished(folder: Path) -> bool:
    """Whether a folder is one of ours that was never finished."""
    mark = folder / UNFINISHED
    try:
        if folder.is_symlink() or not S_ISREG(mark.lstat().st_mode):
            return False
        return mark.read_bytes() == _MARK_TEXT.encode()
    except OSError:
        return False


def remove_unfinished(folder: Path) -> None:
    """Delete a folder of ours that was never finished; any other stays as it is."""
    if is_unfinished(folder):
        shutil.rmtree(folder, ignore_errors=True)


def kept_as(folder: Path, name: str) -> Path:
    """Return where in a folder a file is kept whose name another takes; nothing is there.

    A folder of its own: beside the new file, other programs could take it for one of its kind.
    """
    number = 1
    while os.path.lexists(path := folder / f"earlier{f'-{number}' if number > 1 else ''}" / name):
        number += 1
    return path


def retire(old: Path, new: Path, ours: Mapping[str, FileFact]) -> None:
    """Delete the files of ours in a folder, and move all others into the one that replaces it.

    Parameters
    ----------
    old : Path
        The folder to delete.
    new : Path
        The folder in its place; a file whose name is taken there gets another, see `kept_as`.
    ours : mapping of str to FileFact
        What we wrote into `old`, by name; the last one says so, and is deleted last.
    """
    there = {path.relative_to(old).as_posix(): path for path in entries_in(old)}
    # Those of others first, so that they keep their names; ours in their order, the last one last.
    for name in [*(name for name in there if name not in ours), *filter(there.get, ours)]:
        path, target = there[name], new / name
        if name in ours and ours[name].is_of(path):
            path.unlink()
            continue
        if os.path.lexists(target):
            target = kept_as(new, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    for folder, _, _ in os.walk(old, topdown=False):
        os.rmdir(folder)  # noqa: PTH106
