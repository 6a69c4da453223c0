"""Lane: one job at a time on a background thread, and only the newest request waits.

A lane has a thread only while it has work, so nothing is left to stop when a window closes.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from psygnal import Signal
from qtpy.QtCore import QCoreApplication, QObject, Qt, QTimer
from qtpy.QtCore import Signal as QtSignal

from napari_celltrack.gui.when_destroyed import when_destroyed

#: Results that may wait for the GUI thread, so that a fast job does not fill the memory.
_N_AHEAD = 2
#: How long a job may hold the interpreter when the GUI thread wants it. A redraw asks for it
#: hundreds of times, once per call of OpenGL; with Python's own 5 ms the window would be slow.
_SWITCH_S = 0.0005


@dataclass(eq=False)
class _Job:
    work: Callable[[], Iterable[Any]]
    on_result: Callable[[Any], None]
    on_error: Callable[[Exception], None]
    on_end: Callable[[], None]
    epoch: int
    room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_N_AHEAD))


class Lane:
    """Runs jobs one after the other in the background, and gives their results to the GUI thread.

    All methods are called on the GUI thread, and all callbacks are called there. A job is a
    callable that returns an iterable, e.g. a generator; each item is a result. A request that
    comes while a job is running waits, and takes the place of one that waits already. What is
    running goes on to its next result, which is newer than the one on the screen, and ends there.

    Parameters
    ----------
    name : str
        Name of the thread.
    owner : QObject, optional
        The widget that results are for. The lane is cancelled when it is destroyed: Qt's half of a
        widget may go before Python's, and nothing may be shown after that.
    """

    busy_changed = Signal(bool)

    def __init__(self, name: str, owner: QObject | None = None) -> None:
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        self._name = name
        self._lock = threading.Lock()
        self._running: _Job | None = None
        self._waiting: _Job | None = None
        #: Grows with each cancel; jobs and results of an earlier one are void.
        self._epoch = 0
        self._post = _Post(QCoreApplication.instance())
        # Qt owns the object and deletes it in its own thread, wherever the lane is released.
        weakref.finalize(self, _delete, self._post)
        if owner is not None:
            when_destroyed(owner, self.cancel)

    @property
    def busy(self) -> bool:
        """Whether a job is running or waiting, or a result of one is on its way."""
        return self._running is not None or self._post.is_behind

    def submit(
        self,
        work: Callable[[], Iterable[Any]],
        on_result: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Request a job; one that still waits is dropped.

        Parameters
        ----------
        work : callable
            Called without arguments on the lane's thread; returns an iterable of results.
        on_result : callable
            Called with each result.
        on_error : callable
            Called with the exception that ended the job, if one did.
        on_end : callable
            Called when all results were given out; not after an error, nor when cancelled.
        """
        job = _Job(work, on_result, on_error, on_end, self._epoch)
        with self._lock:
            if self._running is not None:
                self._waiting = job
                return
            self._running = job
        threading.Thread(target=self._work, args=(job,), name=self._name, daemon=True).start()
        self.busy_changed.emit(True)

    def cancel(self) -> None:
        """Drop what waits, and stop what runs at its next result; nothing of it is given out."""
        with self._lock:
            self._waiting = None
            self._epoch += 1

    def _work(self, job: _Job | None) -> None:
        """Run jobs until none waits; the target of the thread."""
        while job is not None:
            try:
                self._run(job)
            except Exception as error:
                self._give(job, job.on_error, error)
            with self._lock:
                job = self._running = self._waiting
                self._waiting = None
        self._post.call(self._say_idle)

    def _run(self, job: _Job) -> None:
        results = iter(job.work())
        try:
            for result in results:
                while not job.room.acquire(timeout=0.1):
                    if job.epoch != self._epoch:
                        return
                if job.epoch != self._epoch:
                    return
                self._give(job, job.on_result, result)
                if self._waiting is not None:
                    return
        finally:
            if hasattr(results, "close"):
                results.close()
        self._give(job, job.on_end)

    def _give(self, job: _Job, callback: Callable[..., None], *args: Any) -> None:
        def call() -> None:
            job.room.release()
            # Checked here and not in the thread, for the lane may be cancelled in between.
            if job.epoch == self._epoch:
                callback(*args)

        self._post.call(call)

    def _say_idle(self) -> None:
        if not self.busy:
            self.busy_changed.emit(False)


def one_result(function: Callable[..., Any], *args: Any) -> Callable[[], Iterator[Any]]:
    """Return a job for a lane: it calls a function, whose value is the only result."""

    def work() -> Iterator[Any]:
        yield function(*args)

    return work


class _Post(QObject):
    """Carries calls from any thread to the thread it lives in.

    A call that comes soon after another waits until the window has answered in between.
    """

    _posted = QtSignal(object)

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self._posted.connect(self._receive, Qt.ConnectionType.QueuedConnection)
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._n_on_their_way = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(0)
        self._pause.timeout.connect(self._call_next)

    @property
    def is_behind(self) -> bool:
        """Whether calls are on their way, or wait for the window."""
        return self._n_on_their_way > 0

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the thread of this object, as soon as its event loop is there."""
        # At the end of the program Qt's half of the object is deleted first; calls are void then.
        self._count(1)
        try:
            self._posted.emit(function)
        except RuntimeError:
            self._count(-1)

    def _receive(self, function: Callable[[], None]) -> None:
        self._waiting.append(function)
        if not self._pause.isActive():
            self._call_next()

    def _call_next(self) -> None:
        if not self._waiting:
            return
        function = self._waiting.popleft()
        self._count(-1)
        try:
            function()
        finally:
            # Started after the call, so that the window does its own work first.
            self._pause.start()

    def _count(self, change: int) -> None:
        with self._lock:
            self._n_on_their_way += change


def _delete(post: _Post) -> None:
    try:
        post.deleteLater()
    except RuntimeError:  # Qt's half is gone already, with the application
        return
