"""Two runs side by side: which links only one of them has."""

from __future__ import annotations

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.analysis.link_difference import (
    FRAME_BEFORE,
    X_BEFORE_PX,
    Y_BEFORE_PX,
    LinkDifference,
)
from napari_celltrack.gui.docks.table_view import make_table
from napari_celltrack.gui.theme import LAYER_COLOURS, ROW_GAP_PX, set_role
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX

_HEADERS = ("Only in", "From", "To", "Track", "Px")
_HEIGHT_PX = 120


class ComparePanel(QWidget):
    """Keeps a run as A and lists what is different now.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The tracks now are to be kept as A; A is to be let go.
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
        self._sentence = QLabel()
        self._sentence.setObjectName(f"{prefix}_difference")
        self._sentence.setWordWrap(True)
        self._model = _Model()
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
        self._sentence.setText("Change a setting to see what it changes.")
        self._model.set_links(pd.DataFrame())
        self._table.setVisible(False)

    def setDifference(self, found: LinkDifference) -> None:
        """List the links that only one of the two runs has."""
        links = pd.concat([found.only_a.assign(run="A"), found.only_b.assign(run="B")])
        links = links.sort_values([FRAME, "run"], ignore_index=True)
        self._model.set_links(links)
        self._table.setVisible(not links.empty)
        if links.empty:
            self._sentence.setText(f"No difference: both have the same {found.n_both:,} links.")
            return
        a, b = (_coloured(run, LAYER_COLOURS[run.lower()]) for run in "AB")
        self._sentence.setText(
            f"Only in {a}: {_links(len(found.only_a))}, only in {b} (now): "
            f"{_links(len(found.only_b))}; {found.n_both:,} in both."
        )

    def setProblem(self, sentence: str) -> None:
        """Say why there is nothing to compare."""
        self._sentence.setText(sentence)
        self._model.set_links(pd.DataFrame())
        self._table.setVisible(False)

    def _choose(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if 0 <= index.row() < len(self._model.links):
            self.chosen.emit(self._model.links.iloc[index.row()])


class _Model(QAbstractTableModel):
    """The links as Qt asks for them."""

    def __init__(self) -> None:
        super().__init__()
        self.links = pd.DataFrame()

    def set_links(self, links: pd.DataFrame) -> None:
        self.beginResetModel()
        self.links = links
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.links)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(_HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[section]
        return None

    def data(self, index: QModelIndex, role: int = 0) -> str | QColor | None:
        if not 0 <= index.row() < len(self.links):
            return None
        link = self.links.iloc[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(link, index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return QColor(LAYER_COLOURS[link["run"].lower()])
        return None


def _text(link: pd.Series, column: int) -> str:
    if column == len(_HEADERS) - 1:
        y, x = link[Y_PX] - link[Y_BEFORE_PX], link[X_PX] - link[X_BEFORE_PX]
        return f"{(y * y + x * x) ** 0.5:.1f}"
    return str(link[("run", FRAME_BEFORE, FRAME, TRACK_ID)[column]])


def _links(n: int) -> str:
    return f"{n:,} link{'' if n == 1 else 's'}"


def _coloured(text: str, colour: str) -> str:
    return f'<b style="color:{colour}">{text}</b>'
