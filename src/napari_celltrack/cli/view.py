"""What ``celltrack view`` and ``celltrack demo`` need to show things in napari.

The window is a process of its own: the command knows nothing of windows, and starts fast.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from napari_celltrack.errors import CelltrackError

_QT = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def open_window(paths: Sequence[str | Path]) -> int:
    """Open napari with the workbench and files, and wait until it is closed.

    Parameters
    ----------
    paths : sequence of str or Path
        Images, videos, folders of frames, patterns, or result folders.

    Returns
    -------
    int
        The exit code of the window.

    Raises
    ------
    CelltrackError
        If there is no such file, no napari, or no display.
    """
    problem = why_no_window()
    if problem:
        raise CelltrackError(problem)
    for path in paths:
        # What a pattern finds, and whether it is an image, is told in the window.
        if not Path(path).expanduser().exists() and not glob.has_magic(str(path)):
            raise CelltrackError(f"{path} does not exist; check the path.")
    names = [str(path) for path in paths]
    command = [sys.executable, "-m", "napari_celltrack.gui", "--", *names]
    return subprocess.run(command, check=False).returncode


def why_no_window() -> str:
    """Return why napari cannot be opened here, in a sentence, or an empty string."""
    has_qt = any(importlib.util.find_spec(name) for name in _QT)
    if not has_qt or importlib.util.find_spec("napari") is None:
        missing = "napari is" if has_qt else "napari with Qt is"
        return (
            f"{missing} not installed, and the window needs it; install it with "
            "pip install 'napari-celltrack[all]'."
        )
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if not has_display and sys.platform not in ("darwin", "win32"):
        return "There is no display to open a window on; see celltrack --help for what needs none."
    return ""


def demo_table(done: Any, folder: Path, made: Any) -> Table:
    """Compare the files of the demo with the truth."""
    import numpy as np
    import pandas as pd
    import tifffile

    from napari_celltrack.analysis import F1, detection_f1, link_f1
    from napari_celltrack.tables import FRAME, LABEL, TRACK_ID

    labels = tifffile.imread(folder / "labels.tif")
    objects = pd.read_csv(folder / "objects.csv")
    tracked = []
    for frame, image in enumerate(labels):
        rows = objects[objects[FRAME] == frame]
        track_of = np.zeros(image.max() + 1, np.int32)
        track_of[rows[LABEL]] = rows[TRACK_ID]
        tracked.append(track_of[image])
    cells = sum(
        (detection_f1(found, true) for found, true in zip(labels, made.labels, strict=True)),
        start=F1(0, 0, 0),
    )
    links = link_f1(tracked, made.labels, made.parents)
    truth = [np.count_nonzero(np.unique(frame)) for frame in made.labels]

    table = Table(box=None, pad_edge=False)
    for name in ("", "found", "truth", "F1"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("cells in the first frame", str(done.n_cells_first), str(truth[0]), "")
    table.add_row(
        "cells in all frames", str(done.n_cells_total), str(sum(truth)), f"{cells.value:.4f}"
    )
    table.add_row(
        "tracks", str(done.n_tracks), str(made.labels.max()), f"{links.value:.4f} (links)"
    )
    table.add_row("seconds", f"{done.seconds:.2f}", "", "")
    return table
