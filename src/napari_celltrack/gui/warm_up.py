"""What is needed only later and takes long the first time, done early and beside the window."""

from __future__ import annotations

import importlib
import threading
from functools import cache
from importlib.util import find_spec

import numpy as np
from napari.layers import Labels

#: In this order, as the window would import them. Dask looks for the second, where it is
#: installed, when the first frame of a movie is asked for.
_FOR_MOVIES = ("dask.array", "distributed")


def import_in_background() -> None:
    """Import in the background what the first movie that is opened needs; a second or more."""
    threading.Thread(target=_import, name="celltrack imports", daemon=True).start()


@cache
def make_ready_for_cells() -> None:
    """Have napari load the compiled code that each layer of cells needs; half a second, once.

    Any thread may call it when there is an image already.
    """
    Labels(np.zeros((2, 2), np.int32), name="first")


def _import() -> None:
    for name in _FOR_MOVIES:
        if find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)
