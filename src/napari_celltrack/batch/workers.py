"""Where work is done: threads, processes, or an existing Dask cluster, all as plain executors."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from typing import Any, Literal, TypeVar

import cv2

import napari_celltrack
from napari_celltrack.batch.machine import n_cores
from napari_celltrack.errors import CelltrackError, ResultError

T = TypeVar("T")
PoolKind = Literal["threads", "processes"]

#: So long a scheduler has to answer.
_TIMEOUT_S = 10
#: A cluster may be without workers for so long: those that were killed are often started anew.
_WITHOUT_WORKERS_S, _ASK_EVERY_S = 30, 5

KILLED = (
    "Its worker was ended from outside, most often because memory ran out; use fewer workers or "
    "crop it."
)
LOST = (
    "The connection to the Dask scheduler is lost; see that it runs, and run again to go on from "
    "here."
)


class Workers:
    """An executor that can be had anew when its workers were killed.

    Parameters
    ----------
    make : callable
        Makes the executor.
    n : int
        How much is worked on at once.
    kind : {"threads", "processes", "cluster"}
        Where.
    check : callable, optional
        Raises a CelltrackError when nobody is there any more to do the work; asked while it is
        waited for.
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
        self.executor = make()
        #: To be held by who tries again what may have killed a worker, so that nobody else suffers.
        self.alone = threading.Lock()
        self._renewing = threading.Lock()

    def renew(self, broken: Executor) -> None:
        """Take a new executor in place of one that has lost its workers, once for all who see it.

        Parameters
        ----------
        broken : Executor
            The one that was broken; nothing happens if it is no longer in use.
        """
        with self._renewing:
            if self.executor is broken:
                broken.shutdown(wait=False)
                self.executor = self._make()


def was_killed(error: BaseException) -> bool:
    """Tell whether an error says that the worker was ended, and not that the work went wrong."""
    # The name, as the class of distributed is not there to compare with where it is not installed.
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


@contextmanager
def open_workers(
    pool: PoolKind = "threads", n_workers: int | None = None, scheduler: str | None = None
) -> Iterator[Workers]:
    """Open what work is done by, and wait for its end.

    Parameters
    ----------
    pool : {"threads", "processes"}
        Of this machine; without meaning with a scheduler.
    n_workers : int, optional
        How many; by default one a core, or all that the scheduler has.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster, e.g. ``tcp://10.0.0.5:8786``.

    Yields
    ------
    Workers

    Raises
    ------
    CelltrackError
        If the cluster cannot be reached, or is not able to do the work.
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
        workers.executor.shutdown(wait=True, cancel_futures=True)


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
    return _Processes(n, mp_context=get_context("spawn"), initializer=begin_worker)


class _Processes(ProcessPoolExecutor):
    """Processes that Ctrl+C does not reach, not even while they are still being started."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Begin work; the processes for it are started here, and take the mask of this thread."""
        if sys.platform == "win32":
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_worker() -> None:
    """Prepare a worker process: the first one decides on Ctrl+C, and none outlives it."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = parent_process()
    if parent is not None:

        def end_with_parent() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end_with_parent, daemon=True).start()


@contextmanager
def _without_its_log() -> Iterator[None]:
    """Keep what Dask logs of lost connections from the terminal: users are told in a sentence."""
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
    """Return what raises an error when a cluster is without workers for long.

    Its scheduler would keep the work for ever, for workers that may come.
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
