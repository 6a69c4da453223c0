"""How far a batch is, in numbers and words."""

from __future__ import annotations

import time
from dataclasses import dataclass

from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.text import duration_text, plural

#: Before so much is done, nobody knows how long the rest takes.
_LEAST_PART, _LEAST_S = 0.01, 2.0


@dataclass(frozen=True)
class FileNews:
    """How far a file is: its newest frame, and frames a second so far (0 when not known)."""

    done: FrameDone
    frames_per_s: float


@dataclass(frozen=True)
class News:
    """What a run did since the last time, the newest of each file only."""

    frames: tuple[FileNews, ...]
    files: tuple[FileDone, ...]


class BatchProgress:
    """Counts the files of a run, and how much is done of those that have begun.

    Parameters
    ----------
    n_files : int
        In the batch.
    """

    def __init__(self, n_files: int) -> None:
        self._began = time.perf_counter()
        self._n_files = n_files
        self._parts: dict[str, float] = {}
        self.n_done = self.n_failed = self.n_kept = 0

    @property
    def n_over(self) -> int:
        """Files that are done or have failed."""
        return self.n_done + self.n_failed

    @property
    def part(self) -> float:
        """How much of all files is done, 0 to 1."""
        return min(1.0, (self.n_over + sum(self._parts.values())) / max(self._n_files, 1))

    def tell(self, news: News) -> None:
        """Count what a run did."""
        for each in news.frames:
            frame = each.done
            self._parts[frame.item.name] = frame.n_done / max(frame.n_frames, 1)
        for done in news.files:
            self._parts.pop(done.item.name, None)
            self.n_done += done.status == "done"
            self.n_failed += done.status == "failed"
            self.n_kept += done.is_kept

    def left_s(self) -> float | None:
        """Return how long the rest takes, by what was done so far; None when nobody knows."""
        # What was kept took no time, and says nothing of the rest.
        n_files = max(self._n_files - self.n_kept, 1)
        part = (self.n_over - self.n_kept + sum(self._parts.values())) / n_files
        took_s = time.perf_counter() - self._began
        if part < _LEAST_PART or took_s < _LEAST_S:
            return None
        return took_s * max(1 - part, 0) / part

    def words(self) -> str:
        """Return e.g. ``"5 of 40 · 5 min left"``."""
        left_s = self.left_s()
        left = "" if left_s is None or self.part >= 1 else f" · {duration_text(left_s)} left"
        return f"{self.n_over:,} of {self._n_files:,}{left}"

    def end_words(self) -> str:
        """Say how the run ended."""
        files = f"{self._n_files:,} {plural(self._n_files, 'file')}"
        kept = f" ({self.n_kept:,} from before)" if self.n_kept else ""
        if not self.n_failed:
            return f"{self.n_done:,} of {files} done{kept}."
        again = f"Start tries {plural(self.n_failed, 'it', 'them')} again."
        return f"{self.n_done:,} of {files} done{kept}, {self.n_failed:,} failed. {again}"
