"""Expected failures: one sentence each, what is wrong and what to do about it.

Everything that is not a :class:`CelltrackError` is a bug and goes up with its traceback.
"""

from __future__ import annotations

from napari_celltrack.text import readable


class CelltrackError(Exception):
    """Something the user can understand and act on; the message is one sentence.

    Parameters
    ----------
    message : str
        The sentence; names of files in it need not be readable.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(readable(message))


class MovieError(CelltrackError):
    """An image file cannot be read, or is not what the recipe expects; names the file."""


class RecipeError(CelltrackError):
    """A recipe or a single setting is invalid; names the field by its path."""


class ResultError(CelltrackError):
    """A result cannot be written or read back; names the folder or file."""
