"""Reading a pattern of file names: a glob with fields, such as ``{condition}_w{well}_*.tif``."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from napari_celltrack import tables
from napari_celltrack.errors import CelltrackError

#: Fields that tell the files of one movie apart.
GROUP_FIELDS = ("channel", "t", "z")
#: Columns that tables have anyway; a condition of that name would hide them.
TAKEN_COLUMNS = frozenset(
    {
        *("file", "folder", "status", "seconds", "error", "warnings", "path", "light", "item"),
        *("n_cells_first", "n_cells_mean", "n_cells_total"),
        *(v for k, v in vars(tables).items() if k.isupper() and isinstance(v, str)),
        *tables.OBJECT_COLUMNS,
        *tables.TRACK_COLUMNS,
    }
)

_TOKEN = re.compile(
    r"(?P<brace>\{\{|\}\})|\{(?P<field>[^{}]*)\}|(?P<stray>[{}])"
    r"|(?P<folders>\*\*/)|(?P<star>\*+)|(?P<one>\?)|(?P<set>\[!?[^/][^\]/]*\])"
    r"|(?P<text>[^{}*?\[]+|\[)"
)
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SUFFIX = re.compile(r"(?:\.ome)?\.[A-Za-z][A-Za-z0-9]{0,4}$")
#: Folders of frames have none.
_ANY_SUFFIX = r"(?i:(?:\.ome)?\.[a-z][a-z0-9]{0,4})?"


class PatternError(CelltrackError):
    """A pattern of file names is malformed, or it cannot tell files apart."""


@dataclass(frozen=True)
class NamePattern:
    """A pattern that has been read; made by :func:`read_pattern`.

    Parameters
    ----------
    text : str
        As the user wrote it.
    fields : tuple of str
        Its fields, in order.
    n_folders : int
        How many folders above the file it speaks of.
    """

    text: str
    fields: tuple[str, ...]
    n_folders: int
    regex: re.Pattern[str]
    #: What each group of the regular expression is: a field, "*" or text, in order.
    pieces: tuple[str, ...]

    @property
    def groups(self) -> bool:
        """Whether several files can be one movie."""
        return any(field in GROUP_FIELDS for field in self.fields)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The fields that become columns."""
        return tuple(field for field in self.fields if field not in GROUP_FIELDS)

    @property
    def globs(self) -> tuple[str, ...]:
        """Where to look for files below a folder; the first that leads to images is right.

        Of folders that the pattern speaks of, the last may be those that are looked into.
        """
        if "**/" in slashes(self.text):
            return ("**/*",)
        return tuple("*/" * depth + "*" for depth in range(self.n_folders, -1, -1))

    def values(self, path: str) -> dict[str, str] | None:
        """Return the value of each field in a path, or None if it does not fit."""
        found = self.regex.fullmatch(slashes(path))
        if found is None:
            return None
        texts = found.groups()[1:]
        return {
            piece: text
            for piece, text in zip(self.pieces, texts, strict=True)
            if piece in self.fields
        }


@lru_cache(maxsize=64)
def read_pattern(pattern: str) -> NamePattern:
    """Read a pattern of file names.

    ``{name}`` is a field: the shortest text that fits, never a folder mark. ``{t}`` and ``{z}``
    are digits. ``*``, ``?``, ``[abc]`` and ``**/`` are as in a shell, ``{{`` and ``}}`` are braces.
    The suffix fits in upper and lower case, and any suffix fits where the pattern has none. With
    folders, as in ``{channel}/img_{t}.tif``, the end of the path is what must fit.

    Raises
    ------
    PatternError
        A brace without its partner, a field twice or of an unusable name, or nothing between two
        fields.
    """
    text = slashes(pattern.strip())
    while text.startswith("**/"):
        text = text[3:]
    if not text or text.endswith("/"):
        raise PatternError(
            "The pattern of file names is empty; write one such as {condition}_*.tif."
        )
    tail = _SUFFIX.search(text)
    body = text[: tail.start()] if tail else text
    fields: list[str] = []
    pieces: list[str] = []
    expressions: list[tuple[str, bool]] = []
    before = ""
    for token in _TOKEN.finditer(body):
        kind, what = token.lastgroup or "text", token.group()
        is_free = kind == "star"
        if kind == "stray":
            raise PatternError(
                f"{pattern!r}: {what} has no partner; close it, or write {what * 2} for a brace."
            )
        if kind == "field":
            field = _checked_field(token["field"], fields, pattern)
            fields.append(field)
            is_free = field not in ("t", "z")
            piece, expression = field, "[^/]+?" if is_free else "[0-9]+"
        elif kind in ("star", "one", "set", "folders"):
            piece, expression = "*", _wild(kind, what)
        else:
            piece, expression = "text", re.escape(what[:1] if kind == "brace" else what)
        if is_free and before:
            raise PatternError(
                f"{pattern!r}: nothing stands between {before} and {what}, so it cannot be told "
                "where one ends; put the text between them that the names have."
            )
        before = what if is_free else ""
        pieces.append(piece)
        expressions.append((f"({expression})", is_free))
    ends_open = body.endswith("*") and tail is None
    suffix = f"(?i:{re.escape(tail.group())})" if tail else "" if ends_open else _ANY_SUFFIX
    pieces.append("text")
    try:
        compiled = re.compile(f"((?:.*/)?){_joined(expressions)}({suffix})", re.DOTALL)
    except re.error as error:
        raise PatternError(
            f"{pattern!r}: what stands between [ and ] is no set of characters; write [[] for a "
            "bracket itself."
        ) from error
    return NamePattern(
        text=pattern,
        fields=tuple(fields),
        n_folders=body.count("/") - body.count("**/"),
        regex=compiled,
        pieces=tuple(pieces),
    )


def _joined(expressions: Sequence[tuple[str, bool]]) -> str:
    """Return one regular expression, in which each field ends where what follows first fits.

    Tried in all ways, a pattern of several fields would take minutes over names that nearly fit.
    A lookahead is not tried again; what it found is then taken by its number. The last field is
    tried in all ways, as the end of the name decides how long it is.
    """
    free = [at for at, (_, is_free) in enumerate(expressions) if is_free]
    regex = "".join(text for text, _ in expressions[: free[0] if free else None])
    for at, end in zip_longest(free, free[1:]):
        run = "".join(text for text, _ in expressions[at:end])
        # Group 1 is the folder.
        numbers = range(at + 2, (end or 0) + 2)
        regex += run if end is None else f"(?={run})" + "".join(rf"(?:\{n})" for n in numbers)
    return regex


def _checked_field(name: str, fields: Sequence[str], pattern: str) -> str:
    name = name.strip()
    field = name.lower() if name.lower() in GROUP_FIELDS else name
    if not _FIELD_NAME.fullmatch(field):
        raise PatternError(
            f"{pattern!r}: {{{name}}} is no name for a field; use letters, digits and _, as in "
            "{condition}."
        )
    if field.casefold() in map(str.casefold, fields):
        raise PatternError(
            f"{pattern!r}: {{{name}}} stands there twice; give the second one another name."
        )
    if field not in GROUP_FIELDS and field.casefold() in TAKEN_COLUMNS:
        raise PatternError(
            f"{pattern!r}: the tables have a column {name} already; give {{{name}}} another name."
        )
    return field


def _wild(kind: str, what: str) -> str:
    if kind == "set":
        inside = what[1:-1].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
        inside = f"^/{inside[1:]}" if inside.startswith("!") and len(inside) > 1 else inside
        return f"[{inside.replace(']', chr(92) + ']')}]"
    return {"star": "[^/]*?", "one": "[^/]", "folders": "(?:[^/]+/)*?"}[kind]


def slashes(path: str) -> str:
    """Return a path with forward slashes, as patterns have them."""
    return path.replace("\\", "/") if os.sep == "\\" else path
