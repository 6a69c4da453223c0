"""Object table -> track ids and parents, one file a method.

Each method is called with the objects and the number of frames, and returns a
:class:`~napari_celltrack.link.linking.Linking`.
"""

from __future__ import annotations

from napari_celltrack.link.assignment import Assignment
from napari_celltrack.link.candidates import Pairs, candidate_pairs
from napari_celltrack.link.linking import Linking
from napari_celltrack.link.nearest import Nearest, closest_first
from napari_celltrack.link.stationary import link_still
from napari_celltrack.link.trackpy import Trackpy

#: The menu of linkers; ``method`` says which.
Linker = Assignment | Nearest | Trackpy

__all__ = [
    "Assignment",
    "Linker",
    "Linking",
    "Nearest",
    "Pairs",
    "Trackpy",
    "candidate_pairs",
    "closest_first",
    "link_still",
]
