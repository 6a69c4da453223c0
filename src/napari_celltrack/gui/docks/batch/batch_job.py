"""What the batch dock does in the background: a run, looking ahead, and opening files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal

from napari_celltrack.batch import FileDone, FrameDone, Item, run_files
from napari_celltrack.batch.earlier import find_earlier
from napari_celltrack.batch.folder_contents import FolderContents
from napari_celltrack.batch.inputs import open_item
from napari_celltrack.batch.plan import Plan, make_plan
from napari_celltrack.batch.progress import FileNews, News
from napari_celltrack.batch.run_options import RunOptions, Strategy
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.dock import Dock
from napari_celltrack.gui.found_movies import FoundMovie
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers.layer_file import file_of
from napari_celltrack.gui.show_movie import add_layers, movie_layers
from napari_celltrack.gui.show_result import Saved, read_saved, show_saved
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

#: How often the window is told, in ms; a fast run would otherwise do nothing but draw.
_TICK_MS = 200
#: How long the program waits at its end for a run to clean up, in s.
_LAST_WAIT_S = 2.0
#: Plans that are made of a run: from headers alone, and with what was timed.
_N_PLANS = 2

#: Makes the generator of a run; called in the thread of the run.
Events = Callable[[], Iterator[FrameDone | FileDone]]


class BatchJob(QObject):
    """One run at a time, on a thread of its own.

    The thread collects the events, and a timer of the window takes them from there, so that the
    window has little work, however fast the run is.
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
        """Whether a run is going on, or still cleaning up."""
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
        # Asked before the news are taken, so that none are left behind.
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


class LookAhead(QObject):
    """Finds out what a run will take and what earlier runs left; anew when something changed."""

    #: What was told of earlier runs is of other files or settings.
    outdated = Signal()
    #: A :class:`Plan`, and whether a better one with times is on its way.
    planned = Signal(object, bool)
    #: Results of earlier runs, as :class:`Earlier`; more may come.
    foundEarlier = Signal(object)
    #: The exception for which there is no plan.
    refused = Signal(object)
    #: The exception for which nothing is known of earlier runs.
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lanes = {name: Lane(f"celltrack batch {name}", self) for name in ("earlier", "plan")}
        #: For what there is a plan, and for what earlier results are known.
        self._planned: Any = None
        self._compared: Any = None
        self._plans: list[Plan] = []

    def look(self, contents: FolderContents, recipe: Recipe, options: RunOptions) -> bool:
        """Find out what has changed; return whether a new plan was begun."""
        options = replace(options, overrides=contents.overrides)
        compared = (contents, recipe, options.plots)
        if compared != self._compared:
            self._compared = compared
            self.outdated.emit()
            items, out = contents.inputs.items, contents.place.results
            find = partial(find_earlier, recipe, items, out, options)
            self._submit("earlier", find, self.foundEarlier.emit)
        planned = (contents, recipe, options.n_workers, options.rescale)
        if planned == self._planned:
            return False
        self._planned, self._plans = planned, []
        self._submit("plan", partial(_plans, recipe, contents, options), self._take_plan)
        return True

    def is_about(self, contents: FolderContents | None, recipe: Recipe) -> bool:
        """Whether what it tells, or will tell, is of these files with these settings."""
        return self._compared is not None and self._compared[:2] == (contents, recipe)

    def give_way(self, contents: FolderContents, recipe: Recipe, options: RunOptions) -> None:
        """Leave the machine to a run, whose results are told by the run itself.

        A plan that has no times yet is made anew when it is asked for after the run.
        """
        if len(self._plans) < _N_PLANS:
            self._planned = None
            for plan in self._plans:
                self.planned.emit(plan, False)
        for lane in self.lanes.values():
            lane.cancel()
        self._compared = (contents, recipe, options.plots)

    def forget_earlier(self) -> None:
        """Look for results again when asked next."""
        self._compared = None

    def forget(self) -> None:
        """Forget everything; what is still on its way will not come."""
        for lane in self.lanes.values():
            lane.cancel()
        self._planned = self._compared = None
        self._plans = []

    def _submit(self, name: str, job: Any, take: Any) -> None:
        refuse = self.refused if name == "plan" else self.failed
        self.lanes[name].cancel()
        self.lanes[name].submit(job, take, refuse.emit)

    def _take_plan(self, plan: Plan) -> None:
        self._plans.append(plan)
        self.planned.emit(plan, len(self._plans) < _N_PLANS)


class FileOpener:
    """Opens files and results over a dock, which says what came of it.

    Parameters
    ----------
    dock : Dock
        Its viewer and session are used.
    recipe : callable
        Returns what the batch runs with.
    """

    def __init__(self, dock: Dock, recipe: Callable[[], Recipe]) -> None:
        self.lane = Lane("celltrack batch open", dock)
        self._dock, self._recipe = dock, recipe

    def open_result(self, folder: Path, file: str, keep: Callable[[Recipe], None]) -> None:
        """Read a result in the background and add its layers.

        It brings its own settings into the docks; those that the batch had go to a function.
        """
        self._submit(one_result(read_saved, folder), partial(self._show_result, file, keep))

    def open_file(self, item: Item, recipe: Recipe) -> None:
        """Open a file in the background, and have the docks work on it."""
        self._submit(one_result(open_item, item, recipe), partial(self._show, item, recipe))

    def _submit(self, read: Callable[[], Iterator[Any]], show: Callable[[Any], None]) -> None:
        """Read what was asked for last, and nothing that was asked for before."""
        self.lane.cancel()
        self.lane.submit(read, show, self._dock.fail)

    def _show_result(self, file: str, keep: Callable[[Recipe], None], saved: Saved) -> None:
        if (viewer := self._dock.viewer) is None:
            return
        recipe = self._recipe()
        show_saved(viewer, saved)
        keep(recipe)
        without = "" if saved.movie else ", without its movie, which is not found"
        self._dock.say(f"Opened the result of {file}{without}.", wrong=saved.movie is None)

    def _show(self, item: Item, recipe: Recipe, movie: Movie) -> None:
        if (viewer := self._dock.viewer) is None:
            return
        found = FoundMovie(item.name, item, item.path)
        images = add_layers(viewer, movie_layers(movie, found))
        session = self._dock.session
        if recipe.input.channel is None:
            session.take_movie(images[0])
        else:
            try:
                channel = movie.channel_index(recipe.input.channel)
            except CelltrackError:
                channel = 0
            session.open_layer(images[channel if len(images) > 1 else 0])
        if recipe.input.axes:
            # The file was opened with them.
            axes = file_of(images[0]).axes
            session.update(input=session.recipe.input.replace(axes=axes))
        self._dock.say(f"Opened {item.file}.")


def begin_run(
    recipe: Recipe, contents: FolderContents, options: RunOptions, strategy: Strategy
) -> Iterator[FrameDone | FileDone]:
    """Return the events of a run; called in the thread of the run."""
    options = replace(options, strategy=strategy, overrides=contents.overrides)
    return run_files(recipe, contents.inputs, contents.place.results, options)


def _plans(recipe: Recipe, contents: FolderContents, options: RunOptions) -> Iterator[Plan]:
    """Plan a run, first by headers alone, then with a timed sample."""
    for sample in (False, True):
        yield make_plan(recipe, contents.inputs, options, out=contents.place.results, sample=sample)


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
