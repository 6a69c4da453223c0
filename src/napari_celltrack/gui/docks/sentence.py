"""Sentences about what the window shows; each goes when that has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel

from napari_celltrack.gui.theme import Role, set_role
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe


class Known(Protocol):
    """What has a movie and a recipe: a session, and what was found with them."""

    @property
    def movie(self) -> Movie | None:
        """Return the movie, or None."""

    @property
    def recipe(self) -> Recipe:
        """Return the settings."""


class KnownFrame(Known, Protocol):
    """What has a frame, too: a session, and the cells of one frame."""

    @property
    def frame(self) -> int:
        """Return the true index of the frame."""


def movie_of(known: Known) -> Hashable:
    """Return what a sentence about a movie depends on."""
    movie = known.movie
    if movie is None:
        return None
    return movie.fingerprint, movie.axes, movie.pixel_size_um, movie.frame_interval_s


def cells_of(known: Known) -> Hashable:
    """Return what a sentence about cells depends on: movie, and settings up to measuring."""
    return movie_of(known), known.recipe.upto("measure")


def links_of(known: Known) -> Hashable:
    """Return what a sentence about all tracks depends on, before any is left out."""
    return movie_of(known), known.recipe.upto("link"), known.recipe.motion


def tracks_of(known: Known) -> Hashable:
    """Return what a sentence about tracks depends on: movie, and settings up to their filter."""
    return movie_of(known), known.recipe.upto("tracks"), known.recipe.motion


def cells_of_frame(known: KnownFrame) -> Hashable:
    """Return what a sentence about the cells of a frame depends on."""
    return cells_of(known), known.frame


def frame_of(known: KnownFrame) -> Hashable:
    """Return what a sentence about a frame depends on: movie, all settings, and the frame."""
    return movie_of(known), known.recipe, known.frame


class About(NamedTuple):
    """What a sentence is about, and how that was when it was found out.

    Parameters
    ----------
    part : callable
        From a session to what the sentence depends on.
    then : Hashable
        What that was.
    """

    part: Callable[..., Hashable]
    then: Hashable

    @classmethod
    def of(cls, part: Callable[..., Hashable], known: Known) -> About:
        """Return what a sentence is about that was found out from something."""
        return cls(part, part(known))

    def holds(self, session: Known) -> bool:
        """Whether a session still shows it."""
        return self.part(session) == self.then


class Sentence(QLabel):
    """A line of text, which goes when what it is about has changed.

    The dock that it stands in has it :meth:`check` at each change.

    Parameters
    ----------
    name : str
        Object name.
    role : Role, optional
        How it looks.
    """

    #: It went, and was not replaced.
    gone = Signal()

    def __init__(self, name: str, role: Role | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setWordWrap(True)
        if role is not None:
            set_role(self, role)
        self._about: About | None = None

    def say(self, text: str, about: About | None = None) -> None:
        """Say something; without what it is about, until something else is said."""
        self._about = about
        self.setMinimumHeight(0)
        self.setText(text)

    def check(self, session: Known) -> None:
        """Go if it is not true any more."""
        if self._about is not None and not self._about.holds(session):
            self.go()

    def go(self) -> None:
        """Say nothing, in the same room: most often the next sentence is on its way."""
        if self._about is not None:
            self.setMinimumHeight(self.height() if self.isVisible() else 0)
            self._about = None
            self.clear()
            self.gone.emit()
