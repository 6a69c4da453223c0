"""The log of the runs in a folder: ``run.log``, a line as soon as something has happened."""

from __future__ import annotations

import io
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

import napari_celltrack
from napari_celltrack.batch.inputs import Inputs
from napari_celltrack.batch.recorded_movie import relative_path
from napari_celltrack.batch.result import FileDone
from napari_celltrack.results.own_files import open_own
from napari_celltrack.results.run_folder import LOG


class RunLog:
    """Adds lines to the log; a log that cannot be written stops no run.

    Parameters
    ----------
    out : Path
        The folder of the results; later runs add to the log of earlier ones.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._file = io.TextIOWrapper(
            open_own(out / LOG, "ab"), "utf-8", "backslashreplace", line_buffering=True
        )

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._file.close()

    def write(self, text: str) -> None:
        """Add a line, with the time."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        with suppress(OSError):
            self._file.write(f"{now}  {' '.join(text.split())}\n")

    def start(self, inputs: Inputs, options: Sequence[str]) -> None:
        """Say what is begun, and which files are passed over."""
        version = napari_celltrack.__version__
        self.write(f"start: {len(inputs.items)} items, celltrack {version}, {socket.gethostname()}")
        self.write(f"options: {', '.join(options)}")
        reasons = inputs.reasons or ("it is no image",) * len(inputs.ignored)
        for path, why in zip(inputs.ignored, reasons, strict=True):
            self.write(f"passed over: {relative_path(path, self._out)} ({why})")

    def file(self, done: FileDone) -> None:
        """Say how an item went."""
        state = "kept" if done.is_kept else done.status
        numbers = (
            f", {done.n_frames} frames, {done.n_cells_total} cells, {done.n_tracks} tracks"
            if done.status == "done"
            else ""
        )
        self.write(f"{state}: {done.item.file}{numbers}, {done.seconds:.2f} s")
        if done.error:
            self.write(f"error: {done.item.file}: {done.error}")
        for warning in done.warnings:
            self.write(f"warning: {done.item.file}: {warning}")
