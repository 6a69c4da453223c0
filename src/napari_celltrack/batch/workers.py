"""Where work is done: threads, processes, or an existing Dask cluster, all as plain executors."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Literal, TypeVar
from weakref import WeakSet

import cv2

import napari_celltrack
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.lock import RunEnded
from napari_celltrack.batch.machine import TYPICAL_OWN_BYTES, free_memory_bytes, n_cores
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.readers.images import split_image

T = TypeVar("T")
PoolKind = Literal["threads", "processes"]

#: Processes that were told to stop may take so long.
_STOP_WITHIN_S = 1.0
#: A scheduler must answer within this time.
_TIMEOUT_S = 10
#: A cluster may be without workers for so long: workers that were killed are often started again.
_WITHOUT_WORKERS_S, _ASK_EVERY_S = 30, 5

#: Images of this size keep one core busy for half a minute: long enough for processes to pay on two
#: cores, though they start in seconds and threads at once. With more cores they pay sooner.
_LONG_RUN_BYTES = 512 * 2**20
#: Free memory that each process needs, besides the frames that it works on.
_BYTES_EACH = 2 * TYPICAL_OWN_BYTES

KILLED = (
    "Its worker was ended from outside, most often because memory ran out; use fewer workers or "
    "crop it."
)
LOST = (
    "The connection to the Dask scheduler is lost; see that it runs, and run again to go on from "
    "here."
)


class Workers:
    """An executor that is replaced when its workers were killed.

    Parameters
    ----------
    make : callable
        Makes the executor.
    n : int
        How many tasks run at once.
    kind : {"threads", "processes", "cluster"}
        What the workers are.
    check : callable, optional
        Raises a CelltrackError when there are no workers any more; called while a caller waits.
    """

    def __init__(
        self,
        make: Callable[[], Executor],
        n: int,
        kind: Literal["threads", "processes", "cluster"],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.check = check
        self._make = make
        self.n = n
        self.kind = kind
        self._executor = make()
        self._submitting = threading.Lock()
        # Weak, so that results are not kept in memory for it.
        self._submitted: WeakSet[Future[Any]] = WeakSet()
        self._alone: object | None = None
        self._is_ending = False

    def submit(
        self, call: Callable[[], T], caller: object, *, is_alone: bool = False
    ) -> Future[T] | None:
        """Give a worker something to do, unless somebody needs the workers alone.

        Parameters
        ----------
        call : callable
            What to do.
        caller : object
            Tells those apart who submit to the same workers.
        is_alone : bool
            Whether nothing else may run beside it, as it may have killed a worker. From then on
            only this caller can submit, until it calls :meth:`end_alone`.

        Returns
        -------
        Future or None
            None while it cannot be submitted; try again after something has finished.

        Raises
        ------
        RunEnded
            After :meth:`end_soon`.
        """
        with self._submitting:
            if self._is_ending:
                raise RunEnded("The run was stopped; run again to go on from here.")
            if self._alone not in (None, caller):
                return None
            if is_alone:
                self._alone = caller
                # No callbacks count them: executors call back while they hold locks of their own.
                if not all(future.done() for future in self._submitted):
                    return None
            try:
                future = self._executor.submit(call)
            except BrokenExecutor:
                self._executor.shutdown(wait=False)
                self._executor = self._make()
                future = self._executor.submit(call)
            self._submitted.add(future)
            return future

    def end_alone(self, caller: object) -> None:
        """Let others submit again; nothing happens if `caller` does not have the workers alone."""
        with self._submitting:
            if self._alone is caller:
                self._alone = None

    def end_soon(self) -> None:
        """End the processes that have not stopped by themselves after a moment; nobody may submit.

        Results appear whole or not at all, so nothing is lost with them but their time. Threads
        cannot be ended, and what works on a cluster is not ours alone.
        """
        if isinstance(self._executor, _Processes):
            self._is_ending = True
            timer = threading.Timer(_STOP_WITHIN_S, self._executor.kill)
            timer.daemon = True
            timer.start()

    def shutdown(self) -> None:
        """Drop what has not begun, and wait for the rest."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def was_killed(error: BaseException) -> bool:
    """Tell whether an error says that the worker was killed, and not that its task failed."""
    # Compared by name, as distributed may not be installed.
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


@contextmanager
def open_workers(
    pool: PoolKind = "threads", n_workers: int | None = None, scheduler: str | None = None
) -> Iterator[Workers]:
    """Start workers, and wait at the end until none is busy.

    Parameters
    ----------
    pool : {"threads", "processes"}
        What the workers of this machine are; not used with a scheduler.
    n_workers : int, optional
        How many; by default one per core, or all that the scheduler has.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster, e.g. ``tcp://10.0.0.5:8786``.

    Yields
    ------
    Workers

    Raises
    ------
    CelltrackError
        If the cluster cannot be reached, or its workers cannot run this program.
    """
    if scheduler is not None:
        with _without_its_log(), _cluster(scheduler, n_workers) as workers:
            yield workers
        return
    n = n_workers or n_cores()
    if pool == "processes":
        workers = Workers(lambda: _processes(n), n, "processes")
    else:
        workers = Workers(lambda: ThreadPoolExecutor(n, "celltrack-item"), n, "threads")
    try:
        with one_core_each():
            yield workers
    finally:
        workers.shutdown()


@contextmanager
def one_core_each() -> Iterator[None]:
    """Keep OpenCV from taking all cores for one image: workers are as many as were asked for."""
    n_before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_before)


def _processes(n: int) -> Executor:
    # Spawned, as a fork of a process with threads (Qt, OpenCV) may hang.
    with _unheard():  # by the process that looks after their semaphores
        return _Processes(n, mp_context=get_context("spawn"), initializer=begin_worker)


class _Processes(ProcessPoolExecutor):
    """Processes that Ctrl+C and the end of a terminal do not reach, not even at their start."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Submit a call; processes that are started here inherit the signal mask of this thread."""
        with _unheard():
            return super().submit(fn, *args, **kwargs)

    def kill(self) -> None:
        """End all processes at once; what they were doing fails."""
        # Python itself can do this from version 3.14 on.
        for process in list((self._processes or {}).values()):
            process.kill()


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep Ctrl+C and the end of the terminal from processes that are started meanwhile."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_worker() -> None:
    """Prepare a worker process: the first one decides on Ctrl+C, and none outlives it."""
    for name in ("SIGINT", "SIGHUP"):
        with suppress(ValueError, AttributeError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = parent_process()
    if parent is not None:

        def end_with_parent() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end_with_parent, daemon=True).start()


@contextmanager
def _without_its_log() -> Iterator[None]:
    """Hide from the terminal what Dask logs of lost connections: users get a sentence."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    with suppress(ImportError):
        import distributed  # noqa: F401  (it sets levels of its own when it is imported)
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _cluster(address: str, n_workers: int | None) -> Iterator[Workers]:
    try:
        from distributed import Client
    except ImportError:
        raise CelltrackError(
            "A Dask scheduler needs the package distributed; install it with pip install "
            "'napari-celltrack[distributed]'."
        ) from None
    try:
        client: Any = Client(address, timeout=_TIMEOUT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:  # TimeoutError is an OSError
        raise CelltrackError(
            f"No Dask scheduler answers at {address}; check the address, and that dask scheduler "
            "runs there."
        ) from error
    try:
        slots = sum(client.nthreads().values())
        if not slots:
            raise CelltrackError(
                f"The Dask scheduler at {address} has no workers; start some with dask worker "
                f"{address}."
            )
        _check_versions(client, address)
        n = min(n_workers or slots, slots)
        check = _presence(client, address)
        yield Workers(lambda: client.get_executor(pure=False), n, "cluster", check)
    finally:
        with suppress(OSError):
            client.close()


def _presence(client: Any, address: str) -> Callable[[], None]:
    """Return a function that raises an error when a cluster has had no workers for long.

    Its scheduler would keep the tasks for ever, for workers that may come.
    """
    last_seen = last_asked = time.monotonic()

    def check() -> None:
        nonlocal last_seen, last_asked
        now = time.monotonic()
        if now - last_asked < _ASK_EVERY_S:
            return
        last_asked = now
        if client.scheduler_info(n_workers=1).get("workers"):
            last_seen = now
        elif now - last_seen > _WITHOUT_WORKERS_S:
            raise ResultError(
                f"The Dask scheduler at {address} has no workers any more; start some with dask "
                f"worker {address}, and run again to go on from here."
            )

    return check


def _check_versions(client: Any, address: str) -> None:
    """Make sure that all workers run this very program: another version gives other results."""
    here = program_version()
    try:
        versions = client.run(program_version)
    except Exception as error:
        # What a worker cannot import comes back as whatever it raised there.
        raise CelltrackError(
            f"The workers at {address} cannot run napari-celltrack ({type(error).__name__}: "
            f"{error}); install version {here[0]} of it on each of them."
        ) from error
    for worker, there in versions.items():
        if there != here:
            raise CelltrackError(
                f"The worker {worker} has napari-celltrack {there[0]} on Python {there[1]}, and "
                f"here it is {here[0]} on Python {here[1]}; install the same on all machines."
            )


def program_version() -> tuple[str, str]:
    """Return the version of this program, and of Python to the second number."""
    return napari_celltrack.__version__, f"{sys.version_info[0]}.{sys.version_info[1]}"


def suitable_pool(items: Sequence[Item], n_workers: int | None = None) -> PoolKind:
    """Choose processes for a long run, if there is memory for them, and threads otherwise.

    The size of the files says how long it will be: opening them all takes longer than a wrong
    choice costs.

    Parameters
    ----------
    items : sequence of Item
        What is to be run.
    n_workers : int, optional
        How many; by default one per core.

    Returns
    -------
    {"threads", "processes"}
    """
    n = n_workers or n_cores()
    free_bytes = free_memory_bytes()
    if n < 2 or free_bytes is None or free_bytes < n * _BYTES_EACH:
        return "threads"
    n_bytes = sum(_size(file) for item in items for file in _files_of(item))
    return "processes" if n_bytes >= _LONG_RUN_BYTES else "threads"


def _files_of(item: Item) -> Iterator[Path]:
    paths: Iterable[str] = (part.path for part in item.parts) if item.parts else (item.path,)
    for path in (split_image(Path(path))[0] for path in paths):
        if path.is_dir():
            yield from path.rglob("*")
        elif path.exists():
            yield path
        else:  # a pattern of frames
            yield from path.parent.glob(path.name)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # gone meanwhile: the run will say so
        return 0
