"""Comparing the tracks now with those of a run that was kept: which links only one of them has."""

from __future__ import annotations

from functools import partial

import pandas as pd
from qtpy.QtCore import QModelIndex, QObject, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_celltrack.analysis.link_difference import (
    FRAME_BEFORE,
    X_BEFORE_PX,
    Y_BEFORE_PX,
    LinkDifference,
    compare_links,
)
from napari_celltrack.field_facts import title_of
from napari_celltrack.gui.docks.dock import Dock
from napari_celltrack.gui.docks.rows_model import Column, Look, RowsModel, make_table
from napari_celltrack.gui.docks.sentence import About, Sentence, tracks_of
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers import track_vectors
from napari_celltrack.gui.session import Followed, Session
from napari_celltrack.gui.theme import LAYER_COLOURS, ROW_GAP_PX, set_role
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX
from napari_celltrack.text import plural

#: Width of the view that a link is shown in, in search radii, and at least in px.
_VIEW_RADII, _VIEW_PX = 8.0, 80.0
_RUN = "run"
_HEIGHT_PX = 120


class RunComparison(QObject):
    """Keeps one run as A, and shows what the tracks now have or lack beside it.

    Parameters
    ----------
    session : Session
    dock : Dock
        Where the panel is shown.
    """

    def __init__(self, session: Session, dock: Dock) -> None:
        super().__init__(dock)
        self.panel = ComparePanel(dock.prefix)
        self._session = session
        self._dock = dock
        self._kept: Followed | None = None
        self._lane = Lane("celltrack compare", dock)
        self.panel.keep.connect(self._keep)
        self.panel.forget.connect(self.forget)
        self.panel.chosen.connect(self._go_to)

    def compare(self, followed: Followed) -> None:
        """Compare with the run that was kept, in the background."""
        kept = self._kept
        if kept is None or followed is kept:
            return
        if not set(kept.frames) & set(followed.frames):
            self._hide_links()
            self.panel.setProblem("A has other frames; go back to them, or track all frames.")
            return
        job = one_result(compare_links, kept.tables, followed.tables)
        self._lane.submit(job, partial(self._show, About.of(tracks_of, followed)), self._fail)

    def forget(self) -> None:
        """Forget the run that was kept."""
        self._lane.cancel()
        self._kept = None
        self.panel.setKept("")
        self._hide_links()

    def _keep(self) -> None:
        followed = self._session.followed
        if followed is None:
            return
        self.forget()
        self._kept = followed
        link, n_tracks = followed.recipe.link, len(followed.tables.tracks)
        how = f"{title_of(type(link))}, {link.max_distance_px:g} px, {n_tracks:,} tracks"
        self.panel.setKept(f"A: {how}")

    def _show(self, about: About, found: LinkDifference) -> None:
        viewer, image, movie = self._dock.viewer, self._session.layer, self._session.movie
        if self._kept is None or viewer is None or image is None or movie is None:
            return
        if not about.holds(self._session):
            return  # the next is on its way
        self.panel.setDifference(found, about)
        track_vectors.show_compared(viewer, image, movie, found.only_a, found.only_b)

    def _fail(self, error: Exception) -> None:
        self.panel.setProblem("They cannot be compared.")
        self._dock.fail(error)

    def _hide_links(self) -> None:
        if (viewer := self._dock.viewer) is not None:
            track_vectors.hide_compared(viewer)

    def _go_to(self, link: pd.Series) -> None:
        radius = self._session.recipe.link.max_distance_px
        width = max(_VIEW_RADII * radius, _VIEW_PX)
        self._session.go_to(int(link[FRAME]), link[Y_PX], link[X_PX], width)


class ComparePanel(QWidget):
    """Keeps a run as A and lists what is different now.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The tracks now are to be kept as A; A is to be forgotten.
    keep = Signal()
    forget = Signal()
    #: A link was chosen; a row of the difference.
    chosen = Signal(object)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_compare")
        self._keep = QPushButton("Keep this run as A")
        self._keep.setObjectName(f"{prefix}_keep_a")
        self._keep.setToolTip("Remember the tracks now, to see what other settings change.")
        self._forget = QPushButton("Forget A")
        self._forget.setObjectName(f"{prefix}_forget_a")
        self._forget.setToolTip("Stop comparing.")
        self._what = QLabel()
        self._what.setObjectName(f"{prefix}_what_a")
        self._what.setWordWrap(True)
        set_role(self._what, "hint")
        self._sentence = Sentence(f"{prefix}_difference")
        self._model = RowsModel(_COLUMNS, _look)
        self._table = make_table(f"{prefix}_links", self._model, _HEIGHT_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        row = QHBoxLayout()
        row.addWidget(self._keep, 1)
        row.addWidget(self._forget, 1)
        column.addLayout(row)
        for widget in (self._what, self._sentence, self._table):
            column.addWidget(widget)
        self._keep.clicked.connect(lambda _: self.keep.emit())
        self._forget.clicked.connect(lambda _: self.forget.emit())
        self._table.selectionModel().currentRowChanged.connect(self._choose)
        self._table.clicked.connect(self._choose)
        self.setKept("")

    def setKept(self, description: str) -> None:
        """Say what A is, or with an empty text that there is none."""
        self._what.setText(description)
        for widget in (self._what, self._forget, self._sentence):
            widget.setVisible(bool(description))
        self._sentence.say("Change a setting to see what it changes.")
        self._model.set_rows(())
        self._table.setVisible(False)

    def setDifference(self, found: LinkDifference, about: About) -> None:
        """List the links that only one of the two runs has, and say about which tracks that is."""
        links = pd.concat([found.only_a.assign(**{_RUN: "A"}), found.only_b.assign(**{_RUN: "B"})])
        links = links.sort_values([FRAME, _RUN], ignore_index=True)
        self._model.set_rows(links)
        self._table.setVisible(not links.empty)
        if links.empty:
            both = f"No difference: both have the same {found.n_both:,} links."
            self._sentence.say(both, about)
            return
        a, b = (_coloured(run, LAYER_COLOURS[run.lower()]) for run in "AB")
        self._sentence.say(
            f"Only in {a}: {_links(len(found.only_a))}, only in {b} (now): "
            f"{_links(len(found.only_b))}; {found.n_both:,} in both.",
            about,
        )

    def setProblem(self, sentence: str) -> None:
        """Say why there is nothing to compare."""
        self._sentence.say(sentence)
        self._model.set_rows(())
        self._table.setVisible(False)

    def _choose(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if (link := self._model.at(index.row())) is not None:
            self.chosen.emit(link)


def _text(column: str, link: pd.Series) -> str:
    return str(link[column])


def _length(link: pd.Series) -> str:
    y, x = link[Y_PX] - link[Y_BEFORE_PX], link[X_PX] - link[X_BEFORE_PX]
    return f"{(y * y + x * x) ** 0.5:.1f}"


def _look(link: pd.Series, column: int) -> Look:
    return Look(ink=LAYER_COLOURS[link[_RUN].lower()] if column == 0 else "")


_COLUMNS = (
    Column("Only in", partial(_text, _RUN)),
    Column("From", partial(_text, FRAME_BEFORE)),
    Column("To", partial(_text, FRAME)),
    Column("Track", partial(_text, TRACK_ID)),
    Column("Px", _length),
)


def _links(n: int) -> str:
    return f"{n:,} {plural(n, 'link')}"


def _coloured(text: str, colour: str) -> str:
    return f'<b style="color:{colour}">{text}</b>'
