"""Object table -> track ids and parents, one file a method.

Each method is called with the objects and the number of frames, and returns a
:class:`~napari_celltrack.link.linking.Linking`.
"""

from __future__ import annotations

from napari_celltrack.link.linking import Linking
from napari_celltrack.link.nearest import Nearest

#: The menu of linkers.
Linker = Nearest

__all__ = ["Linker", "Linking", "Nearest"]
