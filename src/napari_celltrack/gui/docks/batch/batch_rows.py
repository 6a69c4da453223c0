"""The buttons of a batch: offers, trying and starting above the table, progress below it."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_celltrack.gui.docks.batch.batch_words import count_in_words
from napari_celltrack.gui.docks.batch.contact_sheet import N_TRIED
from napari_celltrack.gui.docks.batch.folder_scan import Offer
from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.theme import set_role

_REPORT = "report.html"
#: Steps of the bar.
_WHOLE = 1000


class OfferRow(QWidget):
    """Says that several files look like one movie, with a button that puts them together.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The pattern that was offered is wanted.
    chosen = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pattern = ""
        self._words = QLabel()
        self._words.setObjectName(f"{prefix}_offer")
        set_role(self._words, "hint")
        button = _button(f"{prefix}_put_together", "Put together", "")
        button.clicked.connect(lambda _checked: self.chosen.emit(self._pattern))
        row = _row(self)
        row.addWidget(self._words, 1)
        row.addWidget(button)
        self.set_offer(None)

    def set_offer(self, offer: Offer | None) -> None:
        """Show an offer, or nothing."""
        self.setVisible(offer is not None)
        if offer is None:
            return
        self._pattern = offer.pattern
        movies = count_in_words(offer.n_movies, "movie")
        self._words.setText(f"{offer.n_files:,} files look like {movies}.")
        self.setToolTip(f"By their names, which fit {offer.pattern}")


class StartRow(QWidget):
    """The buttons *Try on 3* and *Start*.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    tryAsked = Signal()
    startAsked = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        trial = _button(
            f"{prefix}_try",
            f"Try on {N_TRIED}",
            "Find the cells of one frame of the first, the middle and the last file, and show "
            "their outlines side by side.",
        )
        start = _button(f"{prefix}_start", "Start", "Run the settings on all files.")
        set_role(start, "primary")
        trial.clicked.connect(lambda _checked: self.tryAsked.emit())
        start.clicked.connect(lambda _checked: self.startAsked.emit())
        row = _row(self)
        row.addWidget(trial, 1)
        row.addWidget(start, 1)
        self._buttons = (trial, start)

    def set_ready(self, is_ready: bool) -> None:
        """Say whether there is something to start."""
        for button in self._buttons:
            button.setEnabled(is_ready)


class ProgressRows(QWidget):
    """How far a run is, *Stop*, and what can be opened when it is over.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    stopAsked = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: Path | None = None
        self._bar = QProgressBar()
        self._bar.setObjectName(f"{prefix}_progress")
        self._bar.setRange(0, _WHOLE)
        self._stop = _button(
            f"{prefix}_stop", "Stop", "Stop after the frame in work. What is finished is kept."
        )
        self._stop.clicked.connect(lambda _checked: self.stopAsked.emit())
        self._report = _button(
            f"{prefix}_open_report",
            "Open report",
            "Show the summary of all files, with a picture of each, in the browser.",
        )
        self._folder = _button(
            f"{prefix}_open_folder", "Open folder", "Show the folder of the results."
        )
        self._report.clicked.connect(lambda _checked: self._browse(_REPORT))
        self._folder.clicked.connect(lambda _checked: self._browse(""))
        rows: QVBoxLayout = column(self)
        going, self._after = QWidget(), QWidget()
        for widget, parts in (
            (going, ((self._bar, 1), (self._stop, 0))),
            (self._after, ((self._report, 1), (self._folder, 1))),
        ):
            row = _row(widget)
            for part, stretch in parts:
                row.addWidget(part, stretch)
            rows.addWidget(widget)

    def set_progress(self, part: float, words: str) -> None:
        """Show how much is done, 0 to 1, and the same in words."""
        self._bar.setValue(round(_WHOLE * part))
        self._bar.setFormat(words)

    def set_running(self, is_running: bool, is_stopping: bool, results: Path | None) -> None:
        """Offer to stop a run that goes on, or to look at the results of one that is over."""
        self._results = results
        self._stop.setEnabled(is_running and not is_stopping)
        self._after.setVisible(not is_running and results is not None and results.is_dir())
        self._report.setEnabled(results is not None and (results / _REPORT).is_file())

    def _browse(self, name: str) -> None:
        if self._results is not None:
            path = self._results / name if name else self._results
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _row(widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    return row


def _button(name: str, text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    return button
