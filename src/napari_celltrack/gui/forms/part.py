"""Part: what the parts of a form have in common, and what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from magicgui.types import Undefined
from magicgui.widgets import Widget
from magicgui.widgets.bases import ValuedContainerWidget
from psygnal import Signal
from qtpy.QtWidgets import QWidget

from napari_celltrack.field_facts import FieldFacts
from napari_celltrack.gui.forms.wheel import no_accident

ValueT = TypeVar("ValueT")


@dataclass(eq=False)
class Shared:
    """What all parts of one form share.

    Parameters
    ----------
    below : mapping of str to QWidget, optional
        Widgets that belong below a section, by the path of the section.
    """

    below: Mapping[str, QWidget] = field(default_factory=dict)
    #: Size of a pixel, to show lengths in µm too; None when it is not known.
    pixel_size_um: float | None = None

    pixel_size_changed = Signal()
    #: What stands in grey beside the number of a path.
    noted = Signal(str, str)
    #: Why the last change was refused, in a sentence, or empty when all is well again.
    refused = Signal(str)

    def set_pixel_size(self, um: float | None) -> None:
        """Show lengths in µm too, or stop showing them."""
        if um != self.pixel_size_um:
            self.pixel_size_um = um
            self.pixel_size_changed.emit()


class Part(ValuedContainerWidget, Generic[ValueT]):
    """A value widget of magicgui that edits one field.

    `changed` is emitted when the value has changed, by whomever.

    Parameters
    ----------
    facts : FieldFacts, optional
        Of the field; a widget that magicgui makes for a parameter has none.
    path : str
        Of the field in the recipe, which becomes the object name.
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
        facts: FieldFacts | None = None,
        path: str = "",
        shared: Shared | None = None,
        widgets: Sequence[Widget] = (),
        **kwargs: Any,
    ) -> None:
        self.facts = facts
        self.path = path
        self.shared = shared or Shared()
        kwargs.pop("value", Undefined)
        super().__init__(widgets=widgets, labels=False, **kwargs)
        self.margins = (0, 0, 0, 0)
        self.native.layout().setSpacing(6)


def dress(widget: QWidget, facts: FieldFacts, path: str) -> None:
    """Give a control the object name, tooltip and accessible name of its field."""
    widget.setObjectName(path)
    widget.setToolTip(facts.help)
    widget.setAccessibleName(facts.title)
    no_accident(widget)
