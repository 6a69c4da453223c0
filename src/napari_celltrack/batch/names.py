"""Patterns of file names: which files are one movie, and under which conditions it was taken.

``{condition}_w{well}_*.tif`` is a glob with named fields. ``{channel}``, ``{t}`` and ``{z}`` tell
the files of one movie apart; every other field becomes a column of the tables. Nothing here looks
at a disk: patterns can be tried on names while they are typed.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from napari_celltrack.batch.name_pattern import (
    GROUP_FIELDS,
    NamePattern,
    PatternError,
    read_pattern,
    slashes,
)
from napari_celltrack.readers import natural_key
from napari_celltrack.readers.grouped import GroupFile
from napari_celltrack.text import readable

#: Of the name of a result. What is hidden or put aside has a longer name, and some file systems
#: take no more than 143 bytes.
_LONGEST_BYTES = 120
#: What is left of a longer one, so that there is room for what tells it from others.
_KEPT_BYTES = 100
#: What a name calls channel, time or plane, such as "_t" before 77; left out of a movie's name.
_MARK = re.compile(
    r"(?:[-_. ]+|(?<![^-_. ]))(?:channel|time|frame|plane|[A-Za-z]{1,2})?[-_. ]*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Group:
    """The files of one movie, from their names.

    Parameters
    ----------
    path : str
        The file; of several, the pattern that they have in common, with ``*`` for what differs.
    name : str
        What it may be called: the file name without what tells channels, times and planes apart.
    conditions : tuple of (str, str)
        Field and value, in the order of the pattern.
    parts : tuple of GroupFile
        Its files; empty for a movie in one file. A file that is missing where other channels have
        one is among them, under the name it should have.
    missing : tuple of str
        Such files.
    """

    path: str
    name: str
    conditions: tuple[tuple[str, str], ...] = ()
    parts: tuple[GroupFile, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matches:
    """What a pattern makes of names.

    Parameters
    ----------
    items : tuple of Group
        In natural order.
    ignored : tuple of (str, str)
        Paths that do not fit, and why.
    problems : tuple of str
        Sentences on files that cannot be told apart; nothing should be run before they are mended.
    """

    items: tuple[Group, ...]
    ignored: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


def match(paths: Iterable[str | Path], pattern: str | NamePattern) -> Matches:
    """Group paths by a pattern, from their names alone.

    Parameters
    ----------
    paths : iterable of str or Path
        Files; not looked at.
    pattern : str or NamePattern
        See :func:`read_pattern`.

    Returns
    -------
    Matches
        Files in different folders are different movies, but for folders that the pattern speaks
        of.

    Raises
    ------
    PatternError
        If the pattern is malformed.
    """
    read = read_pattern(pattern) if isinstance(pattern, str) else pattern
    ignored: list[tuple[str, str]] = []
    found: dict[tuple[str, ...], list[_Named]] = {}
    for path in dict.fromkeys(map(str, paths)):
        hit = read.regex.fullmatch(slashes(path))
        if hit is None:
            ignored.append((path, f"its name does not fit {read.text}"))
            continue
        root, *texts = hit.groups()
        named = _Named(path, root, tuple(texts))
        key = named.key(read) if read.groups else (path,)
        found.setdefault(key, []).append(named)
    problems: list[str] = []
    items = []
    for files in found.values():
        try:
            items.append(_group(files, read))
        except PatternError as error:
            problems.append(str(error))
    items.sort(key=lambda item: natural_key(item.path))
    return Matches(tuple(items), tuple(ignored), tuple(problems))


def suggest_names(paths: Iterable[str | Path]) -> str | None:
    """Guess the pattern that groups files to movies, from what microscopes write.

    Known are MetaMorph (``_w2YFP_s41_t77``), Leica (``_t00_ch01``), Micro-Manager
    (``img_000000000_CFP_000`` and ``img_channel000_position000_time000000000_z000``), plates such
    as ``Channel1-01-A-01``, folders a channel, and numbered time points (``t001``, ``T00001``).

    Parameters
    ----------
    paths : iterable of str or Path
        Files; not looked at.

    Returns
    -------
    str or None
        The first known pattern that nine of ten files fit, that makes fewer movies than there
        are files, and that no two files of fit alike; None if there is none. To be offered and
        not to be used unasked: photos can be numbered as well.
    """
    names = [str(path) for path in paths]
    suffixes = Counter(Path(name).suffix.lower() for name in names)
    if not suffixes:
        return None
    suffix, n_same = suffixes.most_common(1)[0]
    if n_same < 2 or not re.fullmatch(r"\.[a-z][a-z0-9]{0,4}", suffix):
        return None
    same = [name for name in names if name.lower().endswith(suffix)]
    for known in _CONVENTIONS:
        pattern = f"{known}{suffix}"
        read = read_pattern(pattern)
        # Most guesses are wrong, and a few names show it.
        fits = [read.values(name) is not None for name in same[:20]]
        if 10 * sum(fits) < 9 * len(fits):
            continue
        found = match(same, read)
        n_fit = len(same) - len(found.ignored)
        is_whole = not found.problems and not any(item.missing for item in found.items)
        if known.startswith("{channel}/") and not all(map(_are_channels, found.items)):
            continue  # folders of movies, 01 and 02, and not of channels
        if is_whole and 10 * n_fit >= 9 * len(same) and len(found.items) < n_fit:
            return pattern
    return None


def _are_channels(item: Group) -> bool:
    """Whether a movie has channels with names, and several."""
    channels = {part.channel for part in item.parts}
    return len(channels) > 1 and not any(name[-1:].isdigit() for name in channels)


#: Patterns without suffix, the most telling first.
_CONVENTIONS = (
    "{name}_w?{channel}_s{position}_t{t}",
    "{name}_w{channel}_s{position}_t{t}",
    "{name}_w?{channel}_t{t}",
    "{name}_w{channel}_t{t}",
    "{name}_w?{channel}_s{position}",
    "{name}_w{channel}_s{position}",
    "img_channel{channel}_position{position}_time{t}_z{z}",
    "{channel}/img_{t}_*_{z}",
    "{position}/img_{t}_{channel}_{z}",
    "img_{t}_{channel}_{z}",
    "{name}_s{position}_t{t}_z{z}_ch{channel}",
    "{name}_s{position}_t{t}_ch{channel}",
    "{name}_t{t}_z{z}_ch{channel}",
    "{name}_t{t}_ch{channel}",
    "{name}_z{z}_ch{channel}",
    "{name}_ch{channel}",
    "{name}_s{position}_t{t}",
    "{name}_t{t}_c{channel}",
    "{name}_c{channel}_t{t}",
    "Channel{channel}-{position}-{row}-{column}",
    "{name}--W{well}--P{position}--T{t}--Z{z}--{channel}",
    "{channel}/{name}_t{t}",
    "{channel}/t{t}",
    "{name}_t{t}",
    "t{t}",
    "{name}_{t}",
)


@dataclass(frozen=True)
class _Named:
    """A path that fits, cut into the pieces of the pattern."""

    path: str
    root: str
    texts: tuple[str, ...]

    def key(self, pattern: NamePattern) -> tuple[str, ...]:
        """Return what the files of one movie have in common."""
        return self.root, *(
            text
            for piece, text in zip(pattern.pieces, self.texts, strict=True)
            if piece in pattern.fields and piece not in GROUP_FIELDS
        )

    def part(self, pattern: NamePattern) -> GroupFile:
        """Return the place of the file in its movie."""
        values = dict(zip(pattern.pieces, self.texts, strict=True))
        t, z = values.get("t"), values.get("z")
        return GroupFile(
            self.path,
            _channel_name(self.texts, pattern),
            None if t is None else int(t),
            None if z is None else int(z),
        )


def _channel_name(texts: Sequence[str], pattern: NamePattern) -> str:
    """Return the name of a channel: 1 of Channel1 would be taken for an index."""
    if "channel" not in pattern.fields:
        return ""
    at = pattern.pieces.index("channel")
    value = texts[at]
    if not value.isdigit():
        return value
    word = re.search(r"[A-Za-z]+$", texts[at - 1]) if at else None
    return f"{word.group() if word else 'channel '}{value}"


def _group(files: Sequence[_Named], pattern: NamePattern) -> Group:
    first = files[0]
    columns = pattern.conditions
    conditions = tuple(
        (piece, text)
        for piece, text in zip(pattern.pieces, first.texts, strict=True)
        if piece in columns
    )
    if not pattern.groups:
        return Group(first.path, Path(first.path).name, conditions)
    at = {(p.channel, p.t, p.z): (p, f) for f in files for p in (f.part(pattern),)}
    if len(at) < len(files):
        raise PatternError(_clash(files, pattern))
    # Channels in the order of their files: w1 before w2, whatever they are called.
    in_order = sorted(at.values(), key=lambda found: natural_key(found[0].path))
    channels = list(dict.fromkeys(part.channel for part, _ in in_order))
    times = _with_holes({part.t for part, _ in in_order})
    planes = sorted({part.z for part, _ in in_order}, key=_none_first)
    parts, missing = [], []
    for t in times:
        for z in planes:
            for channel in channels:
                if (channel, t, z) in at:
                    parts.append(at[channel, t, z][0])
                else:
                    path = _expected(channel, t, z, in_order, pattern)
                    parts.append(GroupFile(path, channel, t, z))
                    missing.append(path)
    return Group(
        _common_path(files, pattern), _common_name(files, pattern), conditions,
        tuple(parts), tuple(missing),
    )  # fmt: skip


def _with_holes(times: set[int | None]) -> list[int | None]:
    """Return times in order, with those between that are missing in a regular series."""
    known = sorted(t for t in times if t is not None)
    if len(known) < 3:
        return list(known) or [None]
    steps = [b - a for a, b in pairwise(known)]
    step, n_usual = Counter(steps).most_common(1)[0]
    n_all = (known[-1] - known[0]) // step + 1
    is_regular = all(s % step == 0 for s in steps) and 2 * n_usual > len(steps)
    if is_regular and n_all < 2 * len(known):
        return list(range(known[0], known[-1] + 1, step))
    return list(known)


def _none_first(number: int | None) -> int:
    return -1 if number is None else number


def _expected(
    channel: str,
    t: int | None,
    z: int | None,
    there: Sequence[tuple[GroupFile, _Named]],
    pattern: NamePattern,
) -> str:
    """Return the path that a missing file should have: a sister's with other numbers."""
    _, sister = min(
        there, key=lambda f: (f[0].channel != channel, f[0].z != z, f[0].t != t, f[0].path)
    )
    texts = list(sister.texts)
    for field, number in (("t", t), ("z", z)):
        if number is None:
            continue
        at = pattern.pieces.index(field)
        same = [f.texts[at] for p, f in there if getattr(p, field) == number]
        texts[at] = same[0] if same else str(number).zfill(len(texts[at]))
    return sister.root + "".join(texts)


def _clash(files: Sequence[_Named], pattern: NamePattern) -> str:
    seen: dict[GroupFile, str] = {}
    for file in files:
        part = file.part(pattern)
        place = GroupFile("", part.channel, part.t, part.z)
        if place in seen:
            what = " and ".join(
                {"channel": "channel", "t": "time", "z": "plane"}[field]
                for field in GROUP_FIELDS
                if field in pattern.fields
            )
            return (
                f"{Path(seen[place]).name} and {Path(file.path).name} are of the same {what} by "
                f"{pattern.text}; put a field such as {{position}} in place of the part of the "
                "name that tells them apart."
            )
        seen[place] = file.path
    raise AssertionError("files of different places do not clash")


def _common_path(files: Sequence[_Named], pattern: NamePattern) -> str:
    """Return the path of files as a glob: ``*`` for channel, time, plane and what differs."""
    columns = zip(*(file.texts for file in files), strict=True)
    texts = [
        "*" if piece in GROUP_FIELDS or len(set(column)) > 1 else _without_magic(column[0])
        for piece, column in zip(pattern.pieces, columns, strict=True)
    ]
    return _without_magic(files[0].root) + re.sub(r"\*+", "*", "".join(texts))


def _without_magic(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _common_name(files: Sequence[_Named], pattern: NamePattern) -> str:
    """Return what a movie of several files may be called: without channel, time and plane."""
    columns = [set(column) for column in zip(*(file.texts for file in files), strict=True)]
    name = ""
    for piece, column in zip(pattern.pieces[:-1], columns[:-1], strict=True):
        if piece in GROUP_FIELDS:
            head, mark, last = name.rpartition("/")
            name = head + mark + _MARK.sub("", last)
        elif len(column) == 1:
            name += next(iter(column))
    words = [word.strip("-_. ") for word in name.split("/")]
    name = "_".join(word for word in words if word)
    return name or Path(files[0].root).name or "movie"


def folder_names(names: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Return names as folders can have them: readable, not too long, no two of them one folder.

    Parameters
    ----------
    names : sequence of str
        What the folders should be called.
    paths : sequence of str
        What each is named after; no two are equal.

    Returns
    -------
    list of str
        The same names wherever they can be had, and the same ones in each run: what is put in
        their place depends on the name and its path alone.
    """
    fit = [_shortened(readable(name)) for name in names]
    often = Counter(map(folder_key, fit))
    return [
        name if often[folder_key(name)] == 1 else f"{name}_{_digest(os.fsencode(path))}"
        for name, path in zip(fit, map(os.path.abspath, paths), strict=True)
    ]


def folder_key(name: str) -> str:
    """Return what is equal for names that are one folder on some file system.

    There are those that ignore case, take composed characters for decomposed ones, or leave out
    blanks and dots at the end.
    """
    return unicodedata.normalize("NFC", name).casefold().rstrip(" .")


def _shortened(name: str) -> str:
    data = name.encode()
    if len(data) <= _LONGEST_BYTES:
        return name
    return f"{data[:_KEPT_BYTES].decode(errors='ignore')}_{_digest(data)}"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=4).hexdigest()
