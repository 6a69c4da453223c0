"""What magicgui knows of us: a form for each kind of settings, and the choice of a movie.

Importing :mod:`napari_celltrack.gui.forms` is enough; then a function of anybody's, such as
``@magicgui def count(movie: Movie, segment: Segmenter) -> Labels``, gets our widgets.
"""

from __future__ import annotations

from typing import Any

from magicgui import register_type
from magicgui.types import Undefined
from magicgui.widgets import create_widget
from napari.layers import Image

from napari_celltrack.field_facts import fields_of
from napari_celltrack.gui.forms.form_part import FormPart
from napari_celltrack.gui.forms.method_menu import MethodMenu
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.forms.step_list import StepList
from napari_celltrack.gui.layers.movie_layers import movie_from_layer
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import Settings


class MovieChoice(FormPart[Movie | None]):
    """A choice among the image layers of the viewer, as a movie; None where there is no layer."""

    def __init__(self, value: Any = Undefined, **kwargs: Any) -> None:
        layers: Any = create_widget(annotation=Image)
        self._layers = layers
        self._made: tuple[Image, Movie] | None = None
        super().__init__(widgets=[layers], **kwargs)
        self._layers.changed.connect(self.tell)

    def reset_choices(self, *_: Any) -> None:
        """Offer the layers that there are now."""
        self._layers.reset_choices()

    def get_value(self) -> Movie | None:
        """Return the movie of the chosen layer; the same one as long as the layer is the same."""
        layer = self._layers.value
        if layer is None:
            return None
        if self._made is None or self._made[0] is not layer:
            self._made = (layer, movie_from_layer(layer))
        return self._made[1]

    def set_value(self, value: Image) -> None:
        """Choose a layer."""
        self._layers.value = value


def register_types() -> None:
    """Tell magicgui which widget edits which of our types."""
    register_type(Settings, widget_type=SettingsForm)
    register_type(Movie, widget_type=MovieChoice)
    _register_fields(Recipe)


def _register_fields(cls: type[Settings]) -> None:
    """Register the unions and lists of methods that a class and what it holds declare."""
    for facts in fields_of(cls):
        if facts.kind == "methods":
            register_type(facts.annotation, widget_type=MethodMenu)
        elif facts.kind == "steps":
            register_type(facts.annotation, widget_type=StepList)
        for inner in facts.methods.values():
            _register_fields(inner)
