"""Is the search radius right: what each radius would give, and the limit as a line to drag."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_celltrack.analysis import RadiusAdvice, advise_radius
from napari_celltrack.analysis.radius_advisor import AMBIGUOUS_SHARE, N_TRACKS, RADIUS_PX
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.charts.series import ChartBand, ChartBars, ChartLine, Series
from napari_celltrack.gui.docks.sentence import About, Sentence, cells_of
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.found_cells import Followed
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.theme import ROW_GAP_PX
from napari_celltrack.tables import FRAME, X_PX, Y_PX

#: What the chart can show, its entry in the menu and the name of its vertical axis.
_VIEWS = {
    "Number of tracks": "tracks",
    "Ambiguous links": "ambiguous (%)",
    "Lengths of links": "links",
}
_N_BINS = 40
#: The curve falls steeply at first; its flat part is what counts, so the axis ends here.
_MOST_TRACKS = 4.0


class RadiusChart(QWidget):
    """A chart of what the search radius does, the radius as a line to drag, and the advice.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The line was dragged, or the advice taken: the radius in px.
    radiusChanged = Signal(float)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_radius")
        self._advice: RadiusAdvice | None = None
        self._lengths: npt.NDArray[np.float64] = np.empty(0)
        self._radius = 0.0
        #: A menu of what is shown, for the title of the section.
        self.menu = QComboBox()
        self.menu.setObjectName(f"{prefix}_radius_view")
        self.menu.addItems(list(_VIEWS))
        self.menu.setToolTip("What is drawn over the search radius.")
        no_accident(self.menu)
        self._chart = Chart(
            f"{prefix}_radius_chart",
            "What the search radius does",
            "search radius (px)",
            "tracks",
            empty="not followed yet",
            tooltip="Drag the line to change the search radius. In the shaded range the tracks "
            "stay the same.",
        )
        self._sentence = Sentence(f"{prefix}_radius_sentence")
        self._use = QPushButton()
        self._use.setObjectName(f"{prefix}_radius_use")
        self._use.setToolTip("Take the suggested search radius.")
        self._use.setVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        column.addWidget(self._chart)
        row = QHBoxLayout()
        row.addWidget(self._sentence, 1)
        row.addWidget(self._use)
        column.addLayout(row)
        self._chart.dragged.connect(self._drag)
        self._use.clicked.connect(self._take_advice)
        self._sentence.gone.connect(self._use.hide)
        self.menu.currentTextChanged.connect(self._draw)

    def value(self) -> float:
        """Return the radius that is shown, in px."""
        return self._radius

    def setValue(self, radius_px: float) -> None:
        """Show the line at a radius."""
        self._radius = radius_px
        self._chart.set_limit(radius_px)
        self._show_button()

    def setAdvice(self, advice: RadiusAdvice | None, about: About | None = None) -> None:
        """Show what each radius would give, and about which cells that is; or nothing."""
        self._advice = advice
        self._sentence.say(advice.sentence if advice else "", about)
        self._draw()
        self._show_button()

    def setLengths(self, lengths_px: npt.NDArray[np.float64]) -> None:
        """Show how long links are, given those of the tracks now, shape (n_links,)."""
        self._lengths = lengths_px[np.isfinite(lengths_px)]
        if self.menu.currentIndex() == list(_VIEWS).index("Lengths of links"):
            self._draw()

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        self._chart.restyle(theme_id)

    def _draw(self, *_: object) -> None:
        view = self.menu.currentText()
        if self._advice is None:
            self._chart.clear()
            return
        radius = self._advice.curve[RADIUS_PX].to_numpy(np.float64)
        self._chart.set_labels("search radius (px)", _VIEWS[view])
        x_range, y_range = (0.0, float(radius[-1])), None
        drawn: list[Series] = []
        if self._advice.plateau_px is not None:
            drawn.append(ChartBand(*self._advice.plateau_px))
        if view == "Lengths of links":
            self._chart.set_labels("length of a link (px)", "links")
            height, edges = np.histogram(self._lengths, bins=_N_BINS, range=x_range)
            middle = (edges[:-1] + edges[1:]) / 2
            drawn.append(ChartBars(middle, height.astype(np.float64), width=float(edges[1])))
        elif view == "Ambiguous links":
            share = 100 * self._advice.curve[AMBIGUOUS_SHARE].to_numpy(np.float64)
            drawn.append(ChartLine(radius, share))
            y_range = (0.0, max(10.0, float(share.max())))
        else:
            n_tracks = self._advice.curve[N_TRACKS].to_numpy(np.float64)
            drawn.append(ChartLine(radius, n_tracks))
            y_range = (0.0, max(min(n_tracks.max(), _MOST_TRACKS * n_tracks.min()), 1.0))
        self._chart.show_series(*drawn, x_range=x_range, y_range=y_range)
        self._chart.set_limit(self._radius)

    def _show_button(self) -> None:
        suggested = self._advice.suggested_px if self._advice else None
        self._use.setVisible(suggested is not None and suggested != self._radius)
        if suggested is not None:
            self._use.setText(f"Use {suggested:g} px")

    def _drag(self, x: float) -> None:
        # A tenth of a pixel is fine enough, and easy to read.
        self._radius = max(round(x, 1), 0.1)
        self._show_button()
        self.radiusChanged.emit(self._radius)

    def _take_advice(self) -> None:
        if self._advice is not None and self._advice.suggested_px is not None:
            self.setValue(self._advice.suggested_px)
            self.radiusChanged.emit(self._radius)


class RadiusAdvisor(QObject):
    """Asks the radius advisor about the cells of a range of frames."""

    #: The advice or None, and which cells it is about; and the exception for which there is none.
    found = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = Lane("celltrack advice", self)
        self._asked: Hashable = None
        self._about: About | None = None
        self._advice: RadiusAdvice | None = None

    def ask(self, followed: Followed) -> None:
        """Have the radius judged, or say it again of the same cells: the radius changes nothing."""
        objects = followed.tables.objects
        self._about = About.of(cells_of, followed)
        asked = (
            followed.movie.fingerprint,
            followed.frames,
            len(objects),
            float(objects[Y_PX].sum()),
            float(objects[X_PX].sum()),
        )
        if asked == self._asked:
            if self._advice is not None:
                self.found.emit(self._advice, self._about)
            return
        self._asked, self._advice = asked, None
        job = one_result(_advise, objects, followed.frames)
        self._lane.submit(job, partial(self._tell, asked), self._fail)

    def forget(self) -> None:
        """Forget the last answer: the movie is another."""
        self._lane.cancel()
        self._asked = self._advice = None

    def _tell(self, asked: Hashable, advice: RadiusAdvice) -> None:
        if asked == self._asked:
            self._advice = advice
            self.found.emit(advice, self._about)

    def _fail(self, error: Exception) -> None:
        self.found.emit(None, None)
        self.failed.emit(error)


def _advise(objects: pd.DataFrame, frames: range) -> RadiusAdvice:
    index_of = {frame: index for index, frame in enumerate(frames)}
    in_steps = objects[[Y_PX, X_PX]].assign(
        **{FRAME: objects[FRAME].map(index_of).to_numpy(np.int64)}
    )
    return advise_radius(in_steps, len(frames))
