"""What is measured and how, as rows of the dock *Measure & plots*."""

from __future__ import annotations

from functools import partial

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.dock import pixel_side_um
from napari_celltrack.gui.docks.measure.settings_in_words import baseline_in_words, ring_in_words
from napari_celltrack.gui.docks.sentence import About, Sentence
from napari_celltrack.gui.file_channels import is_one_of_several
from napari_celltrack.gui.forms.check_boxes import CheckBoxes, Choice
from napari_celltrack.gui.forms.fold import Fold
from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.layers.movie_layers import show_one_movie
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.theme import ROW_GAP_PX
from napari_celltrack.movie import Movie

#: The fields that each form edits, by the stage of the recipe that they belong to.
_FORMS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "statistics": ("measure", ("statistics",)),
    "ring": ("measure", ("ring",)),
    "traces": ("traces", None),
    "motion": ("motion", None),
}

_CHANNEL_HELP = "Measure the brightness of this channel."
_LAYER_HELP = "Measure this layer under the same cells; its columns begin with its name."


class MeasureSettings(QWidget):
    """Shows the settings of a session for measuring, and hands changes to it.

    Parameters
    ----------
    session : Session
    prefix : str
        Beginning of the object names.
    """

    #: Why a value was refused, or a layer cannot be measured; empty when all is well again.
    refused = Signal(str)

    def __init__(self, session: Session, prefix: str) -> None:
        super().__init__()
        self._session = session
        self._layers: list[Image] = []
        self._prefix = prefix
        self._channels = CheckBoxes(title="Channels")
        self._others = CheckBoxes(title="Other layers of the same frames")
        self._forms = {
            name: SettingsForm(getattr(session.recipe, stage), fields)
            for name, (stage, fields) in _FORMS.items()
        }
        self._drift = Sentence(f"{prefix}_drift", "hint")
        self._where = _fold(
            f"{prefix}_in",
            "Measure in",
            "The images that are measured under the cells, and what is taken of the pixels.",
            self._channels.native,
            self._others.native,
            self._forms["statistics"].native,
        )
        self._ring = _fold(
            f"{prefix}_ring",
            "Background",
            "Measure the brightness round each cell, without the other cells.",
            self._forms["ring"].native,
        )
        self._baseline = _fold(
            f"{prefix}_baseline",
            "ΔF/F baseline",
            "How brightness over time becomes ΔF/F: background, bleaching and baseline.",
            self._forms["traces"].native,
        )
        self._motion = _fold(
            f"{prefix}_motion",
            "Motion",
            "How steps, paths and speeds are measured.",
            self._forms["motion"].native,
        )
        layout = column(self)
        for row in (self._where, self._ring, self._baseline, self._motion, self._drift):
            layout.addWidget(row)
        self._channels.changed.connect(self._take_channels)
        self._others.changed.connect(self._take_layers)
        for name, form in self._forms.items():
            form.changed.connect(partial(self._take_form, name))
            form.refused.connect(self.refused.emit)

    def refresh(self) -> None:
        """Show the recipe, the channels of the movie and the other layers."""
        recipe = self._session.recipe
        for name, (stage, fields) in _FORMS.items():
            form, wanted = self._forms[name], getattr(recipe, stage)
            now = form.value
            if any(
                getattr(now, field) != getattr(wanted, field)
                for field in fields or type(wanted).model_fields
            ):
                form.value = wanted
            form.set_pixel_size(pixel_side_um(self._session))
        self._ring.setText(ring_in_words(recipe.measure.ring))
        self._baseline.setText(baseline_in_words(recipe.traces))
        is_drift_off = recipe.motion.subtract_drift
        self._motion.setText("common drift subtracted" if is_drift_off else "as in the image")
        self._show_images()

    def show_layers(self, layers: list[Image]) -> None:
        """Offer the other layers of the viewer."""
        own = self._session.layer
        is_one = is_one_of_several(own)
        self._layers = [
            layer
            for layer in layers
            if layer is not own and not (own is not None and is_one and show_one_movie(layer, own))
        ]
        self._show_images()

    def warn(self, sentence: str, about: About | None = None) -> None:
        """Say what about the motion deserves care, and about which tracks that is; or nothing."""
        self._drift.say(sentence, about)
        self._drift.setVisible(bool(sentence))

    def _show_images(self) -> None:
        session = self._session
        names = _channels_in_words(session.movie)
        ticked = self._ticked_channels()
        self._channels.show_choices(
            [
                Choice(at, name, f"{self._prefix}_channel.{name}", _CHANNEL_HELP)
                for at, name in enumerate(names)
            ],
            tuple(sorted(ticked)),
        )
        # Two layers of one name differ in the names of their columns only.
        in_use = session.others.in_use
        others = {at for at, layer in enumerate(self._layers) if layer in in_use}
        self._others.show_choices(
            [
                Choice(at, layer.name, f"{self._prefix}_layer.{layer.name}", _LAYER_HELP)
                for at, layer in enumerate(self._layers)
            ],
            tuple(sorted(others)),
        )
        words = [names[at] for at in sorted(ticked)]
        words += [self._layers[at].name for at in sorted(others)]
        self._where.setText(", ".join(words) if words else "no image, shape only")

    def _ticked_channels(self) -> set[int]:
        movie, wanted = self._session.movie, self._session.recipe.measure.channels
        if movie is None:
            return set()
        if wanted is None:
            return set(range(len(movie.channels)))
        ticked = set()
        for channel in wanted:
            try:
                ticked.add(movie.channel_index(channel))
            except CelltrackError:
                # The recipe names a channel that is not here; the foot says so.
                continue
        return ticked

    def _take_channels(self, ticked: tuple[int, ...]) -> None:
        movie = self._session.movie
        if movie is None:
            return
        channels: tuple[int | str, ...] | None = tuple(
            at if movie.channels[at] == str(at) else movie.channels[at] for at in sorted(ticked)
        )
        if len(ticked) == len(movie.channels):
            channels = None
        measure = self._session.recipe.measure
        self._session.update(measure=measure.replace(channels=channels))

    def _take_layers(self, ticked: tuple[int, ...]) -> None:
        chosen = [self._layers[at] for at in sorted(ticked)]
        # In the order they were chosen, as are their columns.
        kept = [layer for layer in self._session.others.in_use if layer in chosen]
        try:
            self._session.others.use([*kept, *(each for each in chosen if each not in kept)])
        except CelltrackError as error:
            self._show_images()
            self.refused.emit(str(error))
        else:
            self.refused.emit("")

    def _take_form(self, name: str, value: object) -> None:
        stage, fields = _FORMS[name]
        now = getattr(self._session.recipe, stage)
        own = {field: getattr(value, field) for field in fields or type(now).model_fields}
        self._session.update(**{stage: now.replace(**own)})


def _fold(name: str, title: str, tooltip: str, *inside: QWidget) -> Fold:
    """Return a title and a button that says how it is set, and opens the controls below."""
    button = QPushButton()
    button.setObjectName(name)
    button.setAccessibleName(title)
    button.setToolTip(tooltip)
    controls = QWidget()
    body = column(controls)
    body.setContentsMargins(0, 0, 0, ROW_GAP_PX)
    for widget in inside:
        body.addWidget(widget)
    return Fold(button, controls, title)


def _channels_in_words(movie: Movie | None) -> list[str]:
    """Return how channels are called; the only one by the name of its layer."""
    channels = () if movie is None else movie.channels
    if movie is not None and len(channels) == 1 and channels[0].isdigit():
        return [movie.name]
    return [f"channel {name}" if name.isdigit() else name for name in channels]
