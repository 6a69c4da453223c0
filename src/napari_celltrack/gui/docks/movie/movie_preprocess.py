"""The dock *Movie & preprocess*, which answers: is my movie read correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.dock import Dock, Said, pixel_side_um
from napari_celltrack.gui.docks.image_menus import ChannelMenu, ImageMenu, set_up_menu
from napari_celltrack.gui.docks.movie.axis_strip import AxisStrip
from napari_celltrack.gui.docks.movie.crop_menu import CropMenu, FrameRangeEditor
from napari_celltrack.gui.docks.movie.health_strip import HealthStrip
from napari_celltrack.gui.docks.movie.open_row import OpenRow, OtherMovies
from napari_celltrack.gui.docks.movie.prepared_box import PreparedBox
from napari_celltrack.gui.docks.movie.quantity_line import QuantityLine
from napari_celltrack.gui.forms.rows import add_grid, heading
from napari_celltrack.gui.forms.step_list import StepList
from napari_celltrack.gui.layers.movie_layers import image_layers
from napari_celltrack.gui.theme import LABEL_WIDTH_PX, set_state
from napari_celltrack.movie import Movie
from napari_celltrack.preprocess import PreprocessStep
from napari_celltrack.text import plural

if TYPE_CHECKING:
    import napari

_NO_IMAGE = "Open an image or a movie: a button above, or drag it onto the window."
_FLATTEN_TIME = (("each frame", None), ("brightest over time", "max"), ("mean over time", "mean"))
_FLATTEN_Z = (("its brightest values", "max"), ("its mean", "mean"))


class MoviePreprocess(Dock):
    """Say what is in the movie, which part of it to work on, and what to do to it first.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer this dock belongs to.
    """

    prefix = "movie"

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(napari_viewer)
        set_state(self._number, "long", True)
        # After the base class, which tells the session first.
        self._live.toggled.connect(lambda _: self._prepared.request())
        self._list_layers()

    # Laying out

    @override
    def fill(self, column: QVBoxLayout) -> None:
        self._layers: list[Image] = []
        self._rows: dict[QWidget, QLabel] = {}
        assert self.viewer is not None  # it is there while its dock is made
        column.addWidget(OpenRow(self.viewer))
        grid = add_grid(column)
        self._choice = OtherMovies(self.viewer)
        self._layer_menu = ImageMenu("movie_layer")
        self._channel_menu = ChannelMenu("movie_channel")
        self._add_row(grid, "Movie", self._choice)
        self._add_row(grid, "Image", self._layer_menu)
        self._add_row(grid, "Channel", self._channel_menu)
        self._fill_axes(column)
        self._fill_part(column)
        self._steps = StepList(
            annotation=tuple[PreprocessStep, ...],
            path="preprocess",
            title="Before counting",
            hint="drag to sort",
            none_yet="None yet: cells are found in the image as it is.",
        )
        self._steps.native.setObjectName("movie_steps")
        column.addWidget(self._steps.native)
        self._prepared = PreparedBox(self.viewer, self.session, "movie_prepared")
        column.addWidget(self._prepared)
        self._health = HealthStrip("movie_health")
        column.addWidget(heading("Frame health", "red: worth a look", self._health.menu))
        column.addWidget(self._health)
        column.addStretch(1)
        self._connect_body()

    def _fill_axes(self, column: QVBoxLayout) -> None:
        self._axes_hint = QLabel()
        self._axes_hint.setObjectName("movie_axes_hint")
        column.addWidget(heading("Axes", self._axes_hint))
        self._axes = AxisStrip("movie_axes")
        column.addWidget(self._axes)

    def _fill_part(self, column: QVBoxLayout) -> None:
        viewer = self.viewer
        assert viewer is not None  # it is there while its dock is made
        grid = add_grid(column)
        self._pixel_size = QuantityLine(
            "movie_pixel_size", "Side of a pixel, for lengths in µm.", [("µm", 1.0)]
        )
        self._interval = QuantityLine(
            "movie_interval", "Time between two frames, for speeds.", [("s", 1.0), ("min", 60.0)]
        )
        self._crop = CropMenu(viewer, "movie_crop")
        self._frames = FrameRangeEditor("movie_frames")
        self._masks_from = set_up_menu(
            QComboBox(),
            "movie_masks_from",
            "Look for cells in each frame, or once in an image flattened over time: for cells that "
            "stay where they are and change in brightness.",
            _FLATTEN_TIME,
        )
        self._flatten_z = set_up_menu(
            QComboBox(),
            "movie_flatten_z",
            "How the planes of a stack become one image.",
            _FLATTEN_Z,
        )
        self._add_row(grid, "Pixel size", self._pixel_size)
        self._add_row(grid, "Frame every", self._interval)
        self._add_row(grid, "Crop", self._crop)
        self._add_row(grid, "Frames", self._frames)
        grid.setAlignment(self._rows[self._frames], Qt.AlignmentFlag.AlignTop)
        self._rows[self._frames].setMinimumHeight(self._masks_from.sizeHint().height())
        self._add_row(grid, "Masks from", self._masks_from)
        self._add_row(grid, "Flatten Z to", self._flatten_z)
        self._pixel_size.set_title("Pixel size in µm")
        self._interval.set_title("Time between frames")

    def _add_row(self, grid: QGridLayout, title: str, widget: QWidget) -> None:
        label = QLabel(title)
        label.setFixedWidth(LABEL_WIDTH_PX)
        label.setToolTip(widget.toolTip())
        row = grid.rowCount()
        grid.addWidget(label, row, 0)
        grid.addWidget(widget, row, 1)
        self._rows[widget] = label

    # Connecting

    def _connect_body(self) -> None:
        viewer, session = self.viewer, self.session
        assert viewer is not None  # it is there while its dock is made
        self.listen_to_layers(self._list_layers)
        self.listen(viewer.layers.events.removed, self._prepared.notice_removed)
        self.listen(session.frame_changed, self._show_frame)
        self._layer_menu.chosen.connect(session.open_layer)
        self._choice.chosen.connect(session.open_layer)
        self._choice.offered.connect(self._show_choice)
        self._channel_menu.chosen.connect(lambda channel: self._update_input(channel=channel))
        self._axes.chosen.connect(lambda axes: self._update_input(axes=axes))
        self._pixel_size.chosen.connect(lambda um: self._update_input(pixel_size_um=um))
        self._interval.chosen.connect(lambda s: self._update_input(frame_interval_s=s))
        self._crop.chosen.connect(lambda crop: self._update_input(crop=crop))
        self._crop.told.connect(self.say)
        self._frames.chosen.connect(lambda frames: self._update_input(frames=frames))
        self._masks_from.activated.connect(
            lambda index: self._update_input(project_t=self._masks_from.itemData(index))
        )
        self._flatten_z.activated.connect(
            lambda index: self._update_input(project_z=self._flatten_z.itemData(index))
        )
        for refusal in (
            self._pixel_size.problem,
            self._interval.problem,
            self._steps.refused,
        ):
            self.take_refusals(refusal)
        self._steps.changed.connect(self._take_steps)
        self._prepared.told.connect(self.say)
        for part in (self._prepared, self._health):
            part.failed.connect(self.fail)
        self._health.went_to.connect(session.go_to)

    # From the user to the session

    def _take_steps(self) -> None:
        self.session.update(preprocess=self._steps.value)

    def _update_input(self, **changes: Any) -> None:
        try:
            self.session.update(input=self.session.recipe.input.replace(**changes))
        except CelltrackError as error:
            self.fail(error)
            self.refresh()

    # From the session to the user

    @override
    def refresh(self) -> None:
        session = self.session
        movie, layer, input_ = session.movie, session.layer, session.recipe.input
        self._show_layers()
        self._show_figure(movie)
        is_choice = self._channel_menu.show_channels(movie, input_.channel)
        self._show_row(self._channel_menu, is_choice)
        self._axes.show_layer(layer, input_.axes)
        self._axes_hint.setText(self._axes_in_words())
        file_interval = movie.frame_interval_s if movie else None
        self._pixel_size.show_value(input_.pixel_size_um, movie.pixel_size_um if movie else None)
        self._interval.show_value(input_.frame_interval_s, file_interval)
        self._crop.show_crop(input_.crop, layer, movie, input_.axes)
        n_frames = movie.n_frames if movie else 1
        self._frames.show_range(input_.frames, n_frames)
        self._masks_from.setCurrentIndex(self._masks_from.findData(input_.project_t))
        self._flatten_z.setCurrentIndex(self._flatten_z.findData(input_.project_z))
        for widget in (self._interval, self._frames, self._masks_from):
            self._show_row(widget, n_frames > 1)
        self._show_row(self._flatten_z, movie is not None and movie.n_z > 1)
        self._steps.value = session.recipe.preprocess
        self._steps.set_pixel_size(pixel_side_um(session))
        self._health.show_movie(movie, input_)
        self._health.show_frame(session.frame)
        self._prepared.request()

    def _list_layers(self, event: Any = None) -> None:
        """Offer the images of the viewer, and take one if none is in use."""
        viewer = self.viewer
        if viewer is None or self._prepared.is_writing:
            return
        self._layers = image_layers(viewer)
        if self._layers and self.session.layer not in self._layers:
            active = viewer.layers.selection.active
            self.session.take_movie(active if active in self._layers else self._layers[-1])
        self.refresh()

    def _show_layers(self) -> None:
        self._layer_menu.show_images(self._layers, self.session.layer)
        self._choice.show_layer(self.session.layer)
        self._show_choice(self._choice.is_offering)

    def _show_choice(self, is_choice: bool) -> None:
        self._show_row(self._choice, is_choice)

    def _show_figure(self, movie: Movie | None) -> None:
        if movie is None:
            self.figure("–", "frames")
            return
        planes = f", {movie.n_z} planes" if movie.n_z > 1 else ""
        kind = " float" if movie.dtype.kind == "f" else ""
        n_bits = 1 if movie.dtype.kind == "b" else 8 * movie.dtype.itemsize
        size = f"{movie.height_px} × {movie.width_px}{planes}, {n_bits} bit{kind}"
        # Where there is little room it breaks after a comma only.
        size = size.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
        self.figure(f"{movie.n_frames} {plural(movie.n_frames, 'frame')}", size)

    def _axes_in_words(self) -> str:
        if self.session.layer is None:
            return ""
        if not self._axes.is_guessed():
            return "as the image says"
        if self.session.recipe.input.axes is None:
            return "guessed: click a chip to change what it is"
        return "click a chip to change what it is"

    def _show_row(self, widget: QWidget, shown: bool) -> None:
        self._rows[widget].setVisible(shown)
        widget.setVisible(shown)

    def _show_frame(self, frame: int) -> None:
        self._health.show_frame(frame)
        self._prepared.request()

    @override
    def in_words(self) -> Said:
        session, movie = self.session, self.session.movie
        if session.layer is None:
            return Said(_NO_IMAGE)
        if movie is None:
            return Said("")
        place = f"frame {session.frame}, " if movie.n_frames > 1 else ""
        return Said("; ".join([f"{place}read as {' '.join(movie.axes)}", *movie.notes]))
