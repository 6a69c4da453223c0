"""Forms made from the fields of a Settings class. Importing it tells magicgui of our types."""

from napari_celltrack.gui.forms.registered_types import register_types

register_types()
