"""Layout: which dimension of a stored array is which axis, and where a plane lies in it.

Letters of a dimension: T, Z, C, Y, X. S stands for the samples of a pixel (red, green, blue), which
count as channels. I and Q mean "unknown" in tifffile. A movie has no other dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_celltrack.errors import MovieError

_UNKNOWN = "IQ"
#: A dimension of which only the first entry is read.
_FIRST_ONLY = "."
#: A second unknown dimension counts as channels up to this length, otherwise as Z.
_MOST_CHANNELS = 4


@dataclass(frozen=True)
class Layout:
    """The meaning of each dimension of a stored array.

    Parameters
    ----------
    letters : str
        One of T, Z, C, S, Y, X or "." per dimension. T, Z, C and S may occur several times (a
        folder of time-lapses is ``TTYX``): such dimensions count as one, the last fastest.
    shape : tuple of int
        Lengths of the dimensions.
    axes : str
        The letters to show to the user.
    note : str
        What was guessed, in words; empty if nothing was.
    """

    letters: str
    shape: tuple[int, ...]
    axes: str
    note: str = ""

    def length(self, letters: str) -> int:
        """Return the number of entries along the given letters; 1 without such a dimension."""
        return math.prod(self._lengths(letters))

    def index(self, frame: int, z: int, channel: int) -> tuple[int | slice, ...]:
        """Return the index of one plane, slices along Y and X."""
        todo = {
            "T": self._digits("T", frame),
            "Z": self._digits("Z", z),
            "C": self._digits("CS", channel),
        }
        todo["S"] = todo["C"]  # one counter over both, first dimension slowest
        index: list[int | slice] = []
        for letter in self.letters:
            if letter in "YX":
                index.append(slice(None))
            else:
                index.append(0 if letter == _FIRST_ONLY else todo[letter].pop(0))
        return tuple(index)

    @property
    def is_transposed(self) -> bool:
        """Whether X comes before Y in the stored array."""
        return self.letters.index("X") < self.letters.index("Y")

    def _lengths(self, letters: str) -> list[int]:
        return [n for at, n in zip(self.letters, self.shape, strict=True) if at in letters]

    def _digits(self, letters: str, number: int) -> list[int]:
        lengths = self._lengths(letters)
        return [int(digit) for digit in np.unravel_index(number, lengths)] if lengths else []


def settle(axes: str, shape: tuple[int, ...], wanted: str | None, name: str) -> Layout:
    """Decide what each dimension is: as the user says, as the file says, or by a guess.

    The guess: the first unknown dimension is T; the next is C if its length is at most 4,
    otherwise Z.

    Parameters
    ----------
    axes : str
        What the file says, one letter per dimension.
    shape : tuple of int
        Lengths of the dimensions.
    wanted : str or None
        What the user says, letters of TZCYX.
    name : str
        The file, for messages.

    Raises
    ------
    MovieError
        If `wanted` does not fit, or the array is empty.
    """
    if 0 in shape:
        raise MovieError(f"{name} is empty, its shape is {shape}; choose an image with pixels.")
    if wanted is not None:
        return _as_wanted(axes, shape, wanted.upper(), name)
    letters, notes = list(axes), []
    for i, letter in enumerate(axes):
        if letter in _UNKNOWN:
            letters[i] = _guess(shape[i], letters)
            if letters[i] != _FIRST_ONLY:
                notes.append(
                    f"the file does not say what its dimension of length {shape[i]} is, so it is "
                    f"taken as {letters[i]}"
                )
        elif letter not in "TZCSYX":
            letters[i] = _FIRST_ONLY
        if letters[i] == _FIRST_ONLY and shape[i] > 1:
            notes.append(f"only the first of {shape[i]} along axis {letter} is read")
    settled = "".join(letters)
    shown = "".join(a if at == _FIRST_ONLY else at for at, a in zip(settled, axes, strict=True))
    return Layout(settled, shape, _shown(shown), "; ".join(notes))


def _guess(length: int, letters: list[str]) -> str:
    order = "TCZ" if length <= _MOST_CHANNELS else "TZC"
    return next((letter for letter in order if letter not in letters), _FIRST_ONLY)


def _as_wanted(axes: str, shape: tuple[int, ...], wanted: str, name: str) -> Layout:
    is_spelled = set("YX") <= set(wanted) <= set("TZCSYX") and len(set(wanted)) == len(wanted)
    if is_spelled and axes == "YX" and wanted[-2:] in ("YX", "XY"):
        # One plane fits any axes: its other dimensions have length 1.
        return Layout(wanted[-2:], shape, wanted[-2:])
    if not is_spelled or len(wanted) != len(shape):
        raise MovieError(
            f"{name}: axes {wanted!r} do not fit its shape {shape}; give one of the letters "
            "T, Z, C, Y, X a dimension, with both Y and X."
        )
    # Samples that the user calls C stay samples, so that they keep their colour names.
    letters = "".join(
        "S" if want == "C" and at == "S" else want for want, at in zip(wanted, axes, strict=True)
    )
    return Layout(letters, shape, _shown(letters))


def _shown(letters: str) -> str:
    return letters if "C" in letters else letters.replace("S", "C")
