"""Warming up: imports and compiled code that take long the first time, loaded early."""

from __future__ import annotations

import importlib
import threading
from functools import cache
from importlib.util import find_spec

import numpy as np
from napari.layers import Labels

#: In the order in which the window would import them. Dask imports the second, where it is
#: installed, when it reads the first frame of a movie.
_FOR_MOVIES = ("dask.array", "distributed")


def import_in_background() -> None:
    """Import in the background what the first movie needs, which takes a second or more."""
    threading.Thread(target=_import, name="celltrack imports", daemon=True).start()


@cache
def make_ready_for_cells() -> None:
    """Have napari load the compiled code that a layer of cells needs: half a second, once.

    Any thread may call it once there is an image.
    """
    Labels(np.zeros((2, 2), np.int32), name="first")


def _import() -> None:
    for name in _FOR_MOVIES:
        if find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)
