"""What is said of each file of a batch, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from napari_celltrack.batch.inputs import Inputs, Item
from napari_celltrack.batch.progress import FileNews
from napari_celltrack.batch.result import FileDone
from napari_celltrack.text import mean_text, plural

#: What a line says: not begun, going on, done, done but look, failed, not a file of the batch.
Tone = Literal["waiting", "going", "done", "doubt", "problem", "ignored"]
#: Files that were passed over are listed up to here; nobody reads on.
_MAX_IGNORED = 200


@dataclass(frozen=True)
class FileLine:
    """What the table says of one file.

    Parameters
    ----------
    item : Item or None
        None for a file that was passed over.
    file, cells, state, more : str
        The columns, and what the tooltip says beyond them.
    tone : str
        Which decides the colour.
    part : float
        How much of it is done, 0 to 1.
    is_kept : bool
        Whether an earlier result was kept.
    """

    item: Item | None
    file: str
    cells: str = ""
    state: str = ""
    more: str = ""
    tone: Tone = "waiting"
    part: float = 0.0
    is_kept: bool = False

    @property
    def has_result(self) -> bool:
        """Whether there is something to open."""
        return self.tone in ("done", "doubt")


def lines_of(inputs: Inputs | None) -> list[FileLine]:
    """Return a line for each file of a batch, and for those that were passed over."""
    if inputs is None:
        return []
    lines = [waiting_line(item) for item in inputs.items]
    reasons = inputs.reasons or ("",) * len(inputs.ignored)
    for path, why in list(zip(inputs.ignored, reasons, strict=True))[:_MAX_IGNORED]:
        more = f"{path}\n{why}".strip()
        lines.append(FileLine(None, Path(path).name, state="ignored", more=more, tone="ignored"))
    if (n_rest := len(inputs.ignored) - _MAX_IGNORED) > 0:
        lines.append(FileLine(None, f"and {n_rest:,} more", state="ignored", tone="ignored"))
    return lines


def waiting_line(item: Item) -> FileLine:
    """Return the line of a file that is still to be done."""
    return FileLine(item, item.file, state="waiting")


def going_line(news: FileNews) -> FileLine:
    """Return the line of a file that is worked on."""
    done = news.done
    rate = f" · {news.frames_per_s:.1g} frames/s" if news.frames_per_s else ""
    if news.frames_per_s >= 1:
        rate = f" · {news.frames_per_s:.0f} frames/s"
    return FileLine(
        done.item,
        done.item.file,
        state=f"{done.step or 'measuring'}{rate}",
        more=f"Frame {done.n_done:,} of {done.n_frames:,}.",
        tone="going",
        part=done.n_done / max(done.n_frames, 1),
    )


def earlier_line(item: Item, numbers: Mapping[str, Any], is_same: bool) -> FileLine:
    """Return the line of a file that has a result, made with these settings or with others."""
    line = _of_numbers(waiting_line(item), numbers)
    if is_same:
        return line
    return replace(
        line,
        state="other settings",
        more="An earlier run did this file with other settings; it is done again.",
    )


def _of_numbers(line: FileLine, numbers: Mapping[str, Any]) -> FileLine:
    """Return the line of a result, from its numbers."""
    n_total, n_frames = numbers.get("n_cells_total"), numbers.get("n_frames")
    mean, n_tracks = numbers.get("n_cells_mean"), numbers.get("n_tracks")
    n_cells = numbers.get("n_cells")
    cells = f"{n_cells:,}" if n_cells is not None else mean_text(mean or 0)
    more = f"{n_cells:,} cells." if n_cells is not None else ""
    if n_cells is None and mean is not None:
        more = f"{mean_text(mean)} cells per frame in {n_frames:,} frames, {n_tracks:,} tracks."
    if n_total == 0:
        more = f"No cells were found in it. {more}"
        return replace(line, cells="0", state="done · no cells?", more=more, tone="doubt", part=1)
    return replace(line, cells=cells, state="done", more=more, tone="done", part=1)


def done_line(done: FileDone) -> FileLine:
    """Return the line of a file that is done or has failed."""
    line = FileLine(done.item, done.item.file, part=1, is_kept=done.is_kept)
    if done.status == "failed":
        # The file is named in the line.
        reason = done.error.removeprefix(done.item.file).lstrip(" :")
        return replace(line, cells="–", state=reason, more=done.error, tone="problem")
    if done.status != "done":
        return replace(line, state="waiting", part=0)
    line = _of_numbers(line, done.row())
    if done.is_kept:
        line = replace(line, more=f"Kept from an earlier run. {line.more}")
    if done.warnings and line.tone == "done":
        n = len(done.warnings)
        line = replace(line, state=f"done · {n} {plural(n, 'warning')}", tone="doubt")
    if done.warnings:
        line = replace(line, more=" ".join((*done.warnings, line.more)))
    return line
