"""A run over files in the background, of which the window hears a few times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal

from napari_celltrack.batch import FileDone, FrameDone
from napari_celltrack.gui.when_destroyed import when_destroyed

#: How often the window is told, in ms; a fast run would otherwise do nothing but draw.
_TICK_MS = 200
#: How long the end of the program waits for a run to put its things away, in s.
_LAST_WAIT_S = 2.0

#: Makes the generator of a run; called in the thread of the run.
Events = Callable[[], Iterator[FrameDone | FileDone]]


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


class BatchJob(QObject):
    """One run at a time, on a thread of its own that ends with it.

    The thread collects what happens, and a timer of the window takes it from there, so that the
    window has the same little work however fast the run is.
    """

    #: What is new, as :class:`News`.
    told = Signal(object)
    #: The run ended: whether it was stopped, and the exception that ended it, or None.
    ended = Signal(bool, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: _Run | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        #: What a slot that outlives this object may hold of it.
        self._running: list[_Run] = []
        running = self._running
        when_destroyed(self, lambda: _stop_all(running, 0.0))
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self._stop_for_good)

    @property
    def running(self) -> bool:
        """Whether a run is going on, or has not put its things away yet."""
        return self._run is not None

    @property
    def stopping(self) -> bool:
        """Whether it is to stop."""
        return self._run is not None and self._run.is_stopping.is_set()

    def start(self, events: Events) -> None:
        """Begin a run; there must be none."""
        run = _Run()
        self._run = run
        self._running[:] = [run]
        run.thread = threading.Thread(
            target=_work, args=(run, events), name="celltrack batch", daemon=True
        )
        run.thread.start()
        self._timer.start()

    def stop(self) -> None:
        """Have the run stop at its next frame; what is finished is kept."""
        _stop_all(self._running, 0.0)

    def _tick(self) -> None:
        run = self._run
        if run is None:
            return
        # Asked first: what comes after this is the last.
        is_over = run.is_over.is_set()
        news = run.take()
        if news.frames or news.files:
            self.told.emit(news)
        if is_over:
            self._timer.stop()
            self._run = None
            self._running.clear()
            self.ended.emit(run.is_stopping.is_set(), run.error)

    def _stop_for_good(self) -> None:
        _stop_all(self._running, _LAST_WAIT_S)


@dataclass(eq=False)
class _Run:
    """What the thread of a run and the window share."""

    is_stopping: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _frames: dict[str, FileNews] = field(default_factory=dict)
    _files: list[FileDone] = field(default_factory=list)
    _began: dict[str, tuple[float, int]] = field(default_factory=dict)

    def put(self, event: FrameDone | FileDone) -> None:
        name = event.item.name
        with self._lock:
            if isinstance(event, FileDone):
                self._frames.pop(name, None)
                self._files.append(event)
                return
            now = time.perf_counter()
            began, n_before = self._began.setdefault(name, (now, event.n_done))
            if event.n_done < n_before:  # another step goes through the frames from the first
                began, n_before = self._began[name] = (now, event.n_done)
            took_s = now - began
            rate = (event.n_done - n_before) / took_s if took_s > 0 else 0.0
            self._frames[name] = FileNews(event, rate)

    def take(self) -> News:
        with self._lock:
            news = News(tuple(self._frames.values()), tuple(self._files))
            self._frames.clear()
            self._files.clear()
        return news


def _work(run: _Run, events: Events) -> None:
    """Go through a run; the target of the thread."""
    try:
        generator: Any = events()
        with closing(generator):
            for event in generator:
                run.put(event)
                if run.is_stopping.is_set():
                    break
    except Exception as error:
        run.error = error
    finally:
        run.is_over.set()


def _stop_all(runs: list[_Run], wait_s: float) -> None:
    for run in runs:
        run.is_stopping.set()
        if wait_s and run.thread is not None:
            run.thread.join(wait_s)
