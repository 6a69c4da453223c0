"""CellChannel: finds the channel with the cells where the recipe of a window names none."""

from __future__ import annotations

from collections.abc import Callable

from napari_celltrack.engine import ChannelGuess, guess_channel
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe


class CellChannel:
    """Looks at the channels of a movie in the background, and knows which one was its guess."""

    def __init__(self) -> None:
        self.lane = Lane("celltrack channel")
        self._asked: Movie | None = None
        self._guess: ChannelGuess | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the channels of a movie are being looked at."""
        return self._asked is not None

    def is_guessed(self, recipe: Recipe) -> bool:
        """Whether the channel of a recipe was found here, and not chosen by a person."""
        return self._guess is not None and recipe.input.channel == self._guess.channel

    def sentence(self, recipe: Recipe) -> str:
        """Return what was assumed of the channel of a recipe; empty where it was chosen."""
        return self._guess.sentence if self._guess is not None and self.is_guessed(recipe) else ""

    def find(
        self,
        movie: Movie,
        recipe: Recipe,
        take: Callable[[ChannelGuess], None],
        fail: Callable[[Exception], None],
    ) -> None:
        """Find the channel of a movie with the cells."""

        def end(guess: ChannelGuess) -> None:
            if self._asked is movie:
                self._asked, self._guess = None, guess
                take(guess)

        def stop(error: Exception) -> None:
            if self._asked is movie:
                self._asked = None
                fail(error)

        self._asked = movie
        self.lane.submit(one_result(guess_channel, movie, recipe.input), end, stop)

    def stop(self) -> None:
        """Wait for no channel; what was found before is known."""
        self.lane.cancel()
        self._asked = None

    def forget(self) -> None:
        """Take whatever channel there is as chosen, and wait for no other."""
        self.stop()
        self._guess = None
