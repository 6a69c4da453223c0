"""The dock *Count cells*, which answers: are the cells found."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.form import SettingsForm
from napari_celltrack.gui.layers import axes_choices, guess_axes, image_layers
from napari_celltrack.gui.rows import add_grid, quiet_button
from napari_celltrack.gui.session import Found, session_of
from napari_celltrack.gui.theme import (
    DOCK_WIDTH_PX,
    LABEL_WIDTH_PX,
    ROW_GAP_PX,
    set_role,
    set_state,
    style_sheet,
)
from napari_celltrack.gui.wheel import no_accident
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

if TYPE_CHECKING:
    import napari

#: The stages of the recipe that decide which cells are found.
_STAGES = ("preprocess", "segment", "objects")
_RECIPE_FILES = "Recipe (*.yaml *.yml)"
_NO_IMAGE = "Open an image or a movie: drag a file onto the window, or use File > Open."


class CountCells(QWidget):
    """Find the cells of the frame in view and show how many there are.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer this dock belongs to.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.setObjectName("count_cells")
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._viewer = weakref.ref(viewer)
        self._session = session_of(viewer)
        self._layers: list[Image] = []
        self._refusal = ""
        self._input = self._session.recipe.input
        self._form = SettingsForm(self._session.recipe, _STAGES)
        self._lay_out()
        self._connect(viewer)
        self._restyle()
        self._list_layers()
        self._show_recipe(self._session.recipe)
        self._show_movie(self._session.movie)
        self._session.request_preview()

    # Laying out

    def _lay_out(self) -> None:
        self.setMinimumWidth(DOCK_WIDTH_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 4, 4)
        column.setSpacing(ROW_GAP_PX)
        column.addLayout(self._head())
        column.addWidget(self._scrolled(self._body()), 1)
        self._foot = QLabel()
        self._foot.setObjectName("count_foot")
        self._foot.setWordWrap(True)
        self._foot.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._foot)

    def _head(self) -> QHBoxLayout:
        self._number = QLabel("–")
        self._number.setObjectName("count_number")
        set_role(self._number, "figure")
        self._caption = QLabel("cells")
        self._caption.setObjectName("count_caption")
        set_role(self._caption, "hint")
        self._caption.setWordWrap(True)
        self._live = QCheckBox("Live")
        self._live.setObjectName("count_live")
        self._live.setToolTip("Show every change at once. Untick it when an image takes long.")
        recipe = quiet_button("Recipe ▾", "count_recipe", "Reset, load or save all settings.")
        menu = QMenu(recipe)
        menu.setObjectName("count_recipe_menu")
        menu.addAction("Reset", self._reset)
        menu.addAction("Load recipe…", self._load)
        menu.addAction("Save recipe…", self._save)
        recipe.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(self._number)
        row.addSpacing(6)
        row.addWidget(self._caption, 1)
        row.addWidget(self._live)
        row.addWidget(recipe)
        return row

    def _body(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        rows = add_grid(column)
        self._layer_menu = _menu("count_layer", "The layer that cells are looked for in.")
        self._axes_menu = _menu(
            "count_axes",
            "What the dimensions of the image are: time (T), depth (Z), channel (C), rows (Y) and "
            "columns (X). Depth is flattened to its brightest values.",
        )
        self._channel_menu = _menu("count_channel", "The channel that shows the cells.")
        self._rows = []
        menus = (self._layer_menu, self._axes_menu, self._channel_menu)
        for row, (title, menu) in enumerate(zip(("Image", "Axes", "Channel"), menus, strict=True)):
            label = QLabel(title)
            label.setFixedWidth(LABEL_WIDTH_PX)
            label.setToolTip(menu.toolTip())
            rows.addWidget(label, row, 0)
            rows.addWidget(menu, row, 1)
            self._rows.append((label, menu))
        column.addWidget(self._form, 1)
        return body

    @staticmethod
    def _scrolled(widget: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(widget)
        return area

    # Connecting

    def _connect(self, viewer: Any) -> None:
        session = self._session
        self._listen(session.recipe_changed, self._show_recipe)
        self._listen(session.movie_changed, self._show_movie)
        self._listen(session.frame_changed, self._show_frame)
        self._listen(session.frame_found, self._show_found)
        self._listen(session.failed, self._show_problem)
        for name in ("inserted", "removed", "reordered"):
            self._listen(getattr(viewer.layers.events, name), self._list_layers)
        self._listen(viewer.events.theme, self._restyle)
        self._form.valueChanged.connect(self._take_form)
        self._form.problemChanged.connect(self._show_refusal)
        self._live.setChecked(session.live)
        self._live.toggled.connect(session.set_live)
        self._layer_menu.activated.connect(self._take_layer)
        self._axes_menu.activated.connect(self._take_axes)
        self._channel_menu.activated.connect(self._take_channel)

    def _listen(self, signal: Any, slot: Callable[..., None]) -> None:
        """Connect a signal that outlives this dock, for as long as the dock lives."""
        signal.connect(slot)
        weak = weakref.WeakMethod(slot)

        def stop(*_: Any) -> None:
            if (living := weak()) is not None:
                signal.disconnect(living)

        # Qt destroys its half of the widget before Python lets go of the other.
        self.destroyed.connect(stop)

    # From the user to the session

    def _take_form(self, value: Recipe) -> None:
        self._session.update(**{stage: getattr(value, stage) for stage in _STAGES})

    def _take_layer(self, index: int) -> None:
        self._session.open_layer(self._layers[index])

    def _take_axes(self, index: int) -> None:
        self._update_input(axes=self._axes_menu.itemData(index))

    def _take_channel(self, index: int) -> None:
        self._update_input(channel=self._channel_menu.itemData(index))

    def _update_input(self, **changes: Any) -> None:
        self._session.update(input=self._session.recipe.input.replace(**changes))

    def _reset(self) -> None:
        self._session.set_recipe(Recipe())
        self._form.setValue(self._session.recipe)

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load recipe", "", _RECIPE_FILES)
        if not path:
            return
        try:
            self._session.set_recipe(Recipe.load(path))
        except CelltrackError as error:
            self._show_problem(str(error))
            return
        self._form.setValue(self._session.recipe)

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save recipe", "recipe.yaml", _RECIPE_FILES)
        if not path:
            return
        try:
            self._session.recipe.save(path)
        except CelltrackError as error:
            self._show_problem(str(error))
            return
        self._say(f"Saved as {path}.")

    # From the session to the user

    def _list_layers(self, event: Any = None) -> None:
        """Offer the images of the viewer, and take one if none was chosen."""
        viewer = self._viewer()
        self._layers = image_layers(viewer) if viewer else []
        if self._session.layer is None and self._layers:
            active = viewer.layers.selection.active if viewer else None
            first = active if active in self._layers else self._layers[-1]
            self._session.open_layer(first)
        self._show_movie(self._session.movie)

    def _show_movie(self, movie: Movie | None) -> None:
        layer = self._session.layer
        self._layer_menu.clear()
        self._layer_menu.addItems([each.name for each in self._layers])
        self._layer_menu.setCurrentIndex(self._layers.index(layer) if layer in self._layers else -1)
        self._layer_menu.setEnabled(bool(self._layers))
        self._layer_menu.setPlaceholderText("no image")
        self._offer_axes(layer)
        self._offer_channels(movie)
        self._show_calibration()
        self._show_frame()
        if self._session.problem:
            self._show_problem(self._session.problem)
        elif layer is None:
            self._say(_NO_IMAGE)

    def _offer_axes(self, layer: Image | None) -> None:
        choices = axes_choices(layer) if layer is not None else []
        self._axes_menu.clear()
        if layer is not None and choices:
            self._axes_menu.addItem(f"{_spaced(guess_axes(layer))} (guessed)", None)
            for axes in choices:
                self._axes_menu.addItem(_spaced(axes), axes)
        self._axes_menu.setCurrentIndex(self._axes_menu.findData(self._session.recipe.input.axes))
        # A plane can be read in one way only.
        self._show_row(self._axes_menu, len(choices) > 1 or self._session.recipe.input.axes)

    def _offer_channels(self, movie: Movie | None) -> None:
        channels = movie.channels if movie else ()
        wanted = self._session.recipe.input.channel
        self._channel_menu.clear()
        for index, name in enumerate(channels):
            self._channel_menu.addItem(name, index if name == str(index) else name)
        chosen = -1
        if movie is not None:
            try:
                chosen = movie.channel_index(wanted)
            except CelltrackError:
                # The recipe names a channel that is not here; the foot says so.
                self._channel_menu.setPlaceholderText(f"{wanted} (not here)")
        self._channel_menu.setCurrentIndex(chosen)
        self._show_row(self._channel_menu, len(channels) > 1 or (movie and chosen < 0))

    def _show_row(self, menu: QComboBox, shown: Any) -> None:
        for label, each in self._rows:
            if each is menu:
                label.setVisible(bool(shown))
                each.setVisible(bool(shown))

    def _show_recipe(self, recipe: Recipe) -> None:
        shown = self._form.value()
        if any(getattr(shown, stage) != getattr(recipe, stage) for stage in _STAGES):
            self._form.setValue(recipe)
        if recipe.input != self._input:
            self._input = recipe.input
            self._offer_axes(self._session.layer)
            self._offer_channels(self._session.movie)
            self._show_calibration()
        self._show_frame()

    def _show_calibration(self) -> None:
        movie = self._session.movie
        size = self._session.recipe.input.calibrated(movie).pixel_size_um if movie else None
        self._form.setPixelSize((size[0] * size[1]) ** 0.5 if size else None)

    def _show_frame(self, frame: int | None = None) -> None:
        """Show the number of cells, in grey while a newer one is on its way."""
        session, found = self._session, self._session.found
        self._live.setChecked(session.live)
        if session.movie is None or found is None:
            self._number.setText("–")
            self._caption.setText("cells")
            set_state(self._number, "stale", True)
            return
        current = found.frame == session.frame and found.recipe == session.recipe
        self._number.setText(str(found.n_cells))
        noun = "cell" if found.n_cells == 1 else "cells"
        is_still = found.movie.n_frames == 1
        self._caption.setText(noun if is_still else f"{noun} in frame {found.frame}")
        set_state(self._number, "stale", not current)
        if not current and not session.live:
            self._say(f"Frame {found.frame} with earlier settings; tick Live to see the change.")

    def _show_found(self, found: Found) -> None:
        self._show_frame()
        if found.frame != self._session.frame or self._refusal:
            return
        place = "" if found.movie.n_frames == 1 else f"frame {found.frame}: "
        noun = "cell" if found.n_cells == 1 else "cells"
        took = f", {found.took_ms:.0f} ms" if found.took_ms >= 1 else ""
        hint = (
            "" if found.n_cells else "; find dimmer or smaller ones with a lower threshold or area"
        )
        self._say(f"{place}{found.n_cells} {noun}{took}{hint}")

    def _show_refusal(self, sentence: str) -> None:
        """Say why a value was refused, for as long as it stands there."""
        if sentence == self._refusal:
            return
        self._refusal = sentence
        if sentence:
            self._show_problem(sentence)
        elif self._session.found is not None:
            self._show_found(self._session.found)

    def _show_problem(self, sentence: str) -> None:
        set_state(self._number, "stale", True)
        self._say(sentence, wrong=True)

    def _say(self, sentence: str, wrong: bool = False) -> None:
        set_role(self._foot, "problem" if wrong else "foot")
        self._foot.setText(sentence)

    def _restyle(self, event: Any = None) -> None:
        viewer = self._viewer()
        if viewer is not None:
            self.setStyleSheet(style_sheet(viewer.theme))


def _menu(name: str, tooltip: str) -> QComboBox:
    menu = QComboBox()
    menu.setObjectName(name)
    menu.setToolTip(tooltip)
    # A long layer name is cut in the menu and never widens the dock.
    menu.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    no_accident(menu)
    return menu


def _spaced(axes: str) -> str:
    return " ".join(axes)
