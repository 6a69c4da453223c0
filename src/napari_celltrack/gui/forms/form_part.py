"""FormPart: what the parts of a form have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from magicgui.widgets import Widget
from magicgui.widgets.bases import ValuedContainerWidget
from psygnal import SignalInstance

from napari_celltrack.gui.forms.number import NumberRow
from napari_celltrack.gui.forms.shared import Shared

ValueT = TypeVar("ValueT")


class FormPart(ValuedContainerWidget[ValueT], Generic[ValueT]):
    """A value widget of magicgui that edits one field.

    `changed` is emitted when the value has changed, by whomever.

    Parameters
    ----------
    path : str, optional
        Of the field in the recipe, which becomes the object name; by default the widget's name.
    shared : Shared, optional
        What it shares with the other parts of its form.
    widgets : sequence of Widget
        What it consists of.
    **kwargs
        As for any magicgui widget.
    """

    def __init__(
        self,
        *,
        path: str = "",
        shared: Shared | None = None,
        widgets: Sequence[Widget] = (),
        **kwargs: Any,
    ) -> None:
        self.path = path or kwargs.get("name", "")
        self.shared = shared or Shared()
        super().__init__(widgets=widgets, labels=False, **kwargs)
        self.margins = (0, 0, 0, 0)
        self.native.layout().setSpacing(6)

    @property
    def refused(self) -> SignalInstance:
        """Emitted with why a change was refused, in a sentence, or empty when all is well again."""
        return self.shared.refused

    def reset_choices(self, *_: Any) -> None:
        """Do nothing: what can be chosen for a field never changes."""

    def set_pixel_size(self, um: float | None) -> None:
        """Show lengths in µm too, given the size of a pixel; None when it is not known."""
        self.shared.pixel_size_um = um
        for row in self.native.findChildren(NumberRow):
            row.set_pixel_size(um)

    def tell(self, *_: Any) -> None:
        """Tell that the value has changed."""
        self.changed.emit(self.get_value())
