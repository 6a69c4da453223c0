"""Object table -> track ids and parents, one file per method.

What a method promises stands in :class:`~napari_celltrack.link.linker.LinkMethod`.
"""

from __future__ import annotations

from napari_celltrack.link.assignment import Assignment
from napari_celltrack.link.candidates import Pairs, candidate_pairs
from napari_celltrack.link.linker import Linking, LinkMethod, link_by_label
from napari_celltrack.link.nearest import Nearest, closest_first
from napari_celltrack.link.trackpy import Trackpy

#: The menu of linkers; ``method`` says which.
Linker = Assignment | Nearest | Trackpy

__all__ = [
    "Assignment",
    "LinkMethod",
    "Linker",
    "Linking",
    "Nearest",
    "Pairs",
    "Trackpy",
    "candidate_pairs",
    "closest_first",
    "link_by_label",
]
