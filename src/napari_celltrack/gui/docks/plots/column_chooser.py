"""Which column, or which two, a plot in a dock shows."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.plots.kinds import KINDS, columns_of, partners_of, usual_column
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.plots.units import column_label


class ColumnChooser(QWidget):
    """One menu of columns, two for a scatter, none where there is nothing to choose.

    What was chosen is remembered for each kind of plot.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The user chose another column.
    changed = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = ""
        self._numbers: Numbers | None = None
        self._chosen: dict[str, str] = {}
        self._x = self._menu(f"{prefix}_column", "What is drawn.")
        self._y = self._menu(f"{prefix}_column_y", "What it is drawn against, upwards.")
        self._against = QLabel("and")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._x, 1)
        row.addWidget(self._against)
        row.addWidget(self._y, 1)
        self.setVisible(False)

    @property
    def column(self) -> str | None:
        """What was chosen, ``"x,y"`` of two; None for the usual one."""
        return self._chosen.get(self._kind)

    def offer(self, kind: str, numbers: Numbers | None) -> None:
        """Offer the columns that a kind of plot can show of some numbers."""
        self._kind, self._numbers = kind, numbers
        choice = KINDS[kind].choice
        names = [] if numbers is None else columns_of(numbers, choice)
        self.setVisible(bool(names))
        if numbers is None or not names:
            return
        wanted = (self._chosen.get(kind) or usual_column(numbers, kind) or names[0]).split(",")
        _fill(self._x, names, wanted[0])
        self._against.setVisible(choice == "two")
        self._y.setVisible(choice == "two")
        if choice == "two":
            partners = partners_of(numbers, self._x.currentData())
            _fill(self._y, partners, wanted[-1])
        if kind in self._chosen:
            self._remember()

    def choose_as(self, other: ColumnChooser) -> None:
        """Choose what was chosen in another."""
        self._chosen = dict(other._chosen)

    def _menu(self, name: str, tooltip: str) -> QComboBox:
        menu = QComboBox()
        menu.setObjectName(name)
        menu.setToolTip(tooltip)
        # A long name must not make the dock wider.
        menu.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        no_accident(menu)
        menu.activated.connect(self._on_chosen)
        return menu

    def _on_chosen(self) -> None:
        self._remember()
        self.offer(self._kind, self._numbers)
        self.changed.emit()

    def _remember(self) -> None:
        column = self._x.currentData()
        if KINDS[self._kind].choice == "two":
            column = f"{column},{self._y.currentData()}"
        self._chosen[self._kind] = column


def _fill(menu: QComboBox, names: list[str], wanted: str) -> None:
    if names != [menu.itemData(index) for index in range(menu.count())]:
        menu.clear()
        for name in names:
            menu.addItem(column_label(name), name)
    menu.setCurrentIndex(max(menu.findData(wanted), 0))
