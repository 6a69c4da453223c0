"""Shared: what all parts of one form share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from psygnal import Signal
from qtpy.QtWidgets import QWidget


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

    refused = Signal(str)
    _refusal: str = ""

    def refuse(self, sentence: str) -> None:
        """Say why the last change was refused, or with an empty sentence that all is well again."""
        if sentence != self._refusal:
            self._refusal = sentence
            self.refused.emit(sentence)
