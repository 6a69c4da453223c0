"""Dock: what all docks have in common: a figure at the top, a body, one line at the foot."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.closing import ask_before_closing
from napari_celltrack.gui.docks.recipe_menu import RecipeMenu
from napari_celltrack.gui.docks.sentence import Sentence, frame_of
from napari_celltrack.gui.failure import report
from napari_celltrack.gui.folder_drops import take_folders
from napari_celltrack.gui.forms.rows import quiet_button
from napari_celltrack.gui.session import RunState, Session, session_of
from napari_celltrack.gui.single_shot import single_shot
from napari_celltrack.gui.theme import (
    DOCK_WIDTH_PX,
    ROW_GAP_PX,
    set_role,
    set_state,
    style_sheet,
)
from napari_celltrack.gui.view import name_sliders
from napari_celltrack.gui.watches import Watched
from napari_celltrack.gui.when_destroyed import when_destroyed

if TYPE_CHECKING:
    import napari

#: What comes one frame at a time is shown a few times a second.
_SOON_MS = 150


class Said(NamedTuple):
    """What stands at the foot of a dock.

    Parameters
    ----------
    sentence : str
    is_wrong : bool
        Whether something is wrong.
    """

    sentence: str
    is_wrong: bool = False


class Dock(QWidget):
    """A dock over the session of its viewer.

    A subclass puts its widgets into the body in :meth:`fill`, shows the state of the session in
    :meth:`refresh`, and says it in words in :meth:`in_words`.

    At the foot stands one sentence: why a value is refused, for as long as it is; or else what was
    said of something that was done, until what it is :meth:`about` changes; or else what is wrong
    with the movie; or else the state in words.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer this dock belongs to.
    """

    #: Beginning of the object names.
    prefix: ClassVar[str]
    #: Whether the dock has the button *Run all frames*.
    runs: ClassVar[bool] = False
    #: What that button says, given the number of frames.
    run_text: ClassVar[str] = "Run all {n} frames"

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.setObjectName(f"{self.prefix}_dock")
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._viewer = weakref.ref(viewer)
        self.session = session_of(viewer)
        take_folders(viewer)
        self._refusals: dict[Hashable, str] = {}
        self._said: tuple[Said, Hashable] | None = None
        ask_before_closing(viewer, self.session)
        self._lay_out()
        self._connect(viewer)
        self._restyle()
        self._show_state()
        self.session.request_preview()

    @property
    def viewer(self) -> ViewerModel | None:
        """The viewer, or None when it is gone."""
        return self._viewer()

    # For subclasses to fill

    def fill(self, column: QVBoxLayout) -> None:
        """Put the widgets of the body into a column."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show the session's movie and recipe; called when either has changed."""

    def in_words(self) -> Said:
        """Return the state in words; asked anew at each change."""
        return Said("")

    def about(self) -> Hashable:
        """Return what sentences are about that are said now: movie, settings and frame."""
        return frame_of(self.session)

    # For subclasses to use

    def figure(self, text: str, caption: str, stale: bool = False) -> None:
        """Show the answer to the dock's question; grey while a newer one is on its way."""
        self._number.setText(text)
        self._caption.setText(caption)
        set_state(self._number, "stale", stale)

    def say(self, sentence: str, wrong: bool = False) -> None:
        """Say at the foot what was done, or what is wrong and what to do; empty to say no more."""
        self._said = (Said(sentence, wrong), self.about()) if sentence else None
        self.show_foot()

    def take_refusals(self, signal: Any) -> None:
        """Say why a value is refused, as a signal tells it; empty when all is well again."""
        signal.connect(partial(self._refuse, len(self._refusals)))
        self._refusals[len(self._refusals)] = ""

    def show_foot(self) -> None:
        """Show the sentence at the foot that is true now."""
        if self._said is not None and self._said[1] != self.about():
            self._said = None
        refused = next(filter(None, self._refusals.values()), "")
        if refused:
            shown = Said(refused, True)
        elif self._said is not None:
            shown = self._said[0]
        else:
            shown = self._state_in_words()
        set_role(self._foot, "problem" if shown.is_wrong else "foot")
        self._foot.setText(shown.sentence)

    def fail(self, error: Exception) -> None:
        """Say at the foot why something failed; napari reports an unexpected error, too."""
        self.say(report(error), wrong=True)

    def listen(self, signal: Any, slot: Callable[..., None]) -> None:
        """Connect a signal that outlives this dock, for as long as the dock lives."""
        signal.connect(slot)
        weak = weakref.WeakMethod(slot)

        def stop(*_: Any) -> None:
            if (living := weak()) is not None:
                signal.disconnect(living)

        # Qt destroys its half of the widget before Python frees the other.
        when_destroyed(self, stop)

    def watch(self, what: Watched) -> None:
        """Have cells found, or cells and their tracks, for as long as the dock lives."""
        when_destroyed(self, self.session.watch(what).end)

    def listen_to_layers(self, slot: Callable[..., None]) -> None:
        """Call a function when layers are added to the viewer, removed or moved."""
        viewer = self.viewer
        assert viewer is not None  # it is there while its dock is made
        for name in ("inserted", "removed", "reordered"):
            self.listen(getattr(viewer.layers.events, name), slot)

    def timer(self, ms: int, slot: Callable[[], object]) -> QTimer:
        """Return a timer that calls a function once, so long after it was started last."""
        return single_shot(self, ms, slot)

    def frames(self) -> range:
        """Return the frames that are worked on; none where the recipe does not fit the movie."""
        movie = self.session.movie
        try:
            return range(0) if movie is None else self.session.recipe.input.frames_of(movie)
        except CelltrackError:
            # The recipe names frames that are not here; the foot says so.
            return range(0)

    def coverage(self) -> str:
        """Say which of the frames are found with the settings now; empty when all are."""
        return self.session.coverage if len(self.frames()) else ""

    # Laying out

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 4, 4)
        # A minimum of the dock itself would let a long figure in its head be cut off.
        column.addStrut(DOCK_WIDTH_PX - 12)
        column.setSpacing(ROW_GAP_PX)
        column.addLayout(self._head())
        body = QWidget()
        self._body = QVBoxLayout(body)
        self._body.setContentsMargins(0, 0, 8, 0)
        self._body.setSpacing(ROW_GAP_PX)
        self.fill(self._body)
        column.addWidget(_Column(body), 1)
        if self.runs:
            column.addLayout(self._run_row())
        self._foot = QLabel()
        self._foot.setObjectName(f"{self.prefix}_foot")
        self._foot.setWordWrap(True)
        self._foot.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._foot)

    def _head(self) -> QHBoxLayout:
        self._number = QLabel("–")
        self._number.setObjectName(f"{self.prefix}_number")
        set_role(self._number, "figure")
        self._caption = QLabel()
        self._caption.setObjectName(f"{self.prefix}_caption")
        set_role(self._caption, "hint")
        self._caption.setWordWrap(True)
        self._live = QCheckBox("Live")
        self._live.setObjectName(f"{self.prefix}_live")
        self._live.setToolTip("Show every change at once. Untick it when an image takes long.")
        row = QHBoxLayout()
        row.addWidget(self._number)
        row.addSpacing(6)
        row.addWidget(self._caption, 1)
        row.addWidget(self._live)
        recipe = quiet_button(
            "Recipe ▾",
            f"{self.prefix}_recipe",
            "All settings: go back, reset, load, save, or take them along as a script.",
        )
        menu = RecipeMenu(self.session, self, recipe)
        menu.setObjectName(f"{self.prefix}_recipe_menu")
        menu.said.connect(self.say)
        menu.failed.connect(self.fail)
        recipe.setMenu(menu)
        row.addWidget(recipe)
        return row

    def _run_row(self) -> QHBoxLayout:
        self._run = QPushButton()
        self._run.setObjectName(f"{self.prefix}_run")
        self._run.setToolTip(
            "Find and follow the cells of all frames in the background; press again to stop."
        )
        self._run.clicked.connect(self._run_or_stop)
        self._progress = QProgressBar()
        self._progress.setObjectName(f"{self.prefix}_progress")
        self._progress.setTextVisible(True)
        self._soon = self.timer(_SOON_MS, self._show_progress)
        row = QHBoxLayout()
        row.addWidget(self._run, 1)
        row.addWidget(self._progress, 1)
        return row

    # Connecting

    def _connect(self, viewer: ViewerModel) -> None:
        session = self.session
        self.listen(session.recipe_changed, self._show_state)
        self.listen(session.movie_changed, self._show_state)
        self.listen(session.frame_changed, self._check_sentences)
        for signal in (session.labels_changed, session.others.changed):
            self.listen(signal, self._drop_sentences)
        self.listen(session.failed, self._show_problem)
        self.listen(session.run_changed, self._show_run)
        if self.runs:
            self.listen(session.cells_counted, self._show_progress_soon)
        self.listen(viewer.events.theme, self._restyle)
        self._live.setChecked(session.live)
        self._live.toggled.connect(session.set_live)

    def _run_or_stop(self) -> None:
        if self.session.run_state.running:
            self.session.cancel_run()
        else:
            self.session.run_all()

    # From the session to the user

    def _show_state(self, *_: Any) -> None:
        session, viewer = self.session, self.viewer
        self._live.setChecked(session.live)
        if viewer is not None and session.layer is not None and session.movie is not None:
            name_sliders(viewer, session.layer, session.movie)
        self.refresh()
        if self.runs:
            self._show_run_button()
            self._show_progress_soon()
        if self.session.problem:
            self._show_problem(self.session.problem)
        self._check_sentences()

    def _check_sentences(self, *_: Any) -> None:
        """Take away what is not true any more."""
        for sentence in self.findChildren(Sentence):
            sentence.check(self.session)
        self.show_foot()

    def _drop_sentences(self) -> None:
        """Take away all that was said of cells, which are others now."""
        for sentence in self.findChildren(Sentence):
            sentence.go()
        self.say("")

    def _refuse(self, key: Hashable, sentence: str) -> None:
        self._refusals[key] = sentence
        self.show_foot()

    def _state_in_words(self) -> Said:
        problem, run = self.session.problem, self.session.run_state
        if problem:
            return Said(problem, True)
        return Said(run.sentence) if self.runs and run.running else self.in_words()

    def _show_run(self, state: RunState) -> None:
        if not self.runs:
            return
        self._show_run_button()
        if state.running:
            self._progress.setRange(0, max(state.total, 1))
            self._progress.setValue(state.done)
            self._progress.setFormat(f"{state.done} of {state.total} frames")
            self.show_foot()
        else:
            self._show_progress()
            self.say(state.sentence)

    def _show_run_button(self) -> None:
        n_frames = len(self.frames())
        is_running = self.session.run_state.running
        self._run.setText("Stop" if is_running else self.run_text.format(n=n_frames))
        self._run.setEnabled(n_frames > 0)

    def _show_progress_soon(self) -> None:
        # A progress bar draws itself, and what lies under it, at once.
        if not self._soon.isActive():
            self._soon.start()

    def _show_progress(self) -> None:
        """Show how many frames are found with the settings now."""
        if self.session.run_state.running:
            return
        n_frames, n_current = len(self.frames()), int(self.session.counts["is_current"].sum())
        self._progress.setRange(0, max(n_frames, 1))
        self._progress.setValue(min(n_current, n_frames))
        self._progress.setFormat(f"{n_current} of {n_frames} frames" if n_frames else "")

    def _show_problem(self, sentence: str) -> None:
        set_state(self._number, "stale", True)
        # What is wrong with the movie stands there for as long as it is.
        self.say("" if sentence == self.session.problem else sentence, wrong=True)

    def _restyle(self, event: Any = None) -> None:
        if (viewer := self.viewer) is not None:
            self.setStyleSheet(style_sheet(viewer.theme))
            for chart in self.findChildren(Chart):
                chart.restyle(viewer.theme)


def pixel_side_um(session: Session) -> float | None:
    """Return how long the side of a pixel is, on average where height and width differ."""
    movie = session.movie
    size_um = session.recipe.input.calibrated(movie).pixel_size_um if movie else None
    return (size_um[0] * size_um[1]) ** 0.5 if size_um else None


class _Column(QScrollArea):
    """Scrolls what is too high; what is too wide makes the dock wider, for it cannot scroll."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(body)

    @override
    def minimumSizeHint(self) -> QSize:
        least = super().minimumSizeHint()
        bar_px = self.verticalScrollBar().sizeHint().width()
        least.setWidth(self.widget().minimumSizeHint().width() + bar_px)
        return least

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return super().eventFilter(watched, event)
