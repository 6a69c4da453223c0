"""CellSource: where the cells of each frame come from, and the pipeline from there to tables.

Every caller (docks, command line, batch) goes through this file. Frames are worked on one at a
time; :meth:`CellSource.run` is a generator, so progress is counting and cancelling is not asking
on.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
import numpy.typing as npt

from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.cells import Cells
from napari_celltrack.engine.frames import FrameResult, in_order, with_overlaps
from napari_celltrack.engine.measuring import measure_cells
from napari_celltrack.engine.preparing import needs_reference, shift_of
from napari_celltrack.engine.segmenting import segment_frame
from napari_celltrack.movie import Movie
from napari_celltrack.readers import check_label_movie, number_labels, read_labels
from napari_celltrack.recipe import Input, Recipe

Labels = npt.NDArray[np.int32]

#: Room to keep what all frames share (the cells of a projection over time, the reference that they
#: are compared with) beside the stages of the frames in work; of each pixel, for each thread.
_BYTES_A_PIXEL = 64


@dataclass(frozen=True, eq=False)
class CellSource:
    """Where the cells of each frame come from: the image, label images, or corrections by hand.

    A value without results and caches, which can be sent to another process.

    Parameters
    ----------
    movie : Movie
        What is measured; cells are found in it unless they are given.
    recipe : Recipe
        Its stages up to `measure` are used, and `link` to see whether it asks for overlaps.
    given : Movie, optional
        Label images that take the place of segmentation; one frame serves all.
    corrected : mapping of int to ndarray
        The cells of frames that were corrected by hand, by true index, shape (Y, X), int32. They
        are taken as they are: no filter leaves any of them out.
    others : mapping of str to Movie
        Other images of the same frames, measured under the same cells, by the name of their
        columns; see :func:`~napari_celltrack.engine.measuring.measure_frame`.
    """

    movie: Movie
    recipe: Recipe
    _: KW_ONLY
    given: Movie | None = None
    corrected: Mapping[int, Labels] = field(default_factory=dict)
    others: Mapping[str, Movie] = field(default_factory=dict)

    @classmethod
    def of_labels(
        cls, labels: Movie, recipe: Recipe, others: Mapping[str, Movie] | None = None
    ) -> CellSource:
        """Return the source of cells that are given without an image.

        Parameters
        ----------
        labels : Movie
            Label images: a pixel holds the number of its cell, unique within its frame.
        recipe : Recipe
            Used as :func:`for_labels` leaves it.
        others : mapping of str to Movie, optional
            Images of the same frames.

        Raises
        ------
        MovieError
            If these are not label images.
        """
        check_label_movie(labels)
        # Drift is found in images, and there is none.
        recipe = for_labels(recipe).replace(preprocess=())
        return cls(labels, recipe, given=labels, others=others or {})

    def cells(self, frame: int, cache: StageCache | None = None) -> Cells:
        """Return the cells of a frame.

        Parameters
        ----------
        frame : int
            True index.
        cache : StageCache, optional
            Where results of the stages are looked up and kept.

        Returns
        -------
        Cells
            A frame with given numbers that do not fit int32 is numbered 1..n in their order.

        Raises
        ------
        MovieError, RecipeError
            If the frame cannot be read, the recipe does not fit the movie, or what is given are
            no labels.
        """
        if frame in self.corrected:
            name = f"{self.movie.name}, corrected in frame {frame},"
            return Cells(*number_labels(self.corrected[frame], name))
        if self.given is None:
            return Cells.found(segment_frame(self.movie, self.recipe, frame, cache))
        cells = Cells(*read_labels(self.given, min(frame, self.given.n_frames - 1)))
        return cells.only(self.recipe.objects(cells.ids))

    def measure(self, frame: int, cache: StageCache | None = None) -> FrameResult:
        """Measure the cells of a frame, also in other files; see :meth:`cells`."""
        cells = self.cells(frame, cache)
        objects = measure_cells(self.movie, self.recipe, frame, cells, self.others)
        shift_px = shift_of(self.movie, self.recipe, frame, cache)
        return FrameResult(frame, cells.labels, objects, shift_px=shift_px)

    def run(
        self,
        cache: StageCache | None = None,
        *,
        frames: Sequence[int] | None = None,
        n_threads: int = 1,
    ) -> Generator[FrameResult, None, None]:
        """Measure the cells of frame after frame, with overlaps where the linker asks for them.

        Frames come in order whatever the number of threads, and only a few are worked on ahead,
        so memory does not grow with the movie. Closing the generator cancels what has not begun.

        Parameters
        ----------
        cache : StageCache, optional
            Where results of the stages are looked up and kept.
        frames : sequence of int, optional
            Which frames; by default all that the recipe names.
        n_threads : int
            Frames worked on at once.

        Yields
        ------
        FrameResult
        """
        movie, recipe = self.movie, self.recipe
        wanted = recipe.input.frames_of(movie) if frames is None else frames
        if cache is None:
            cache = shared_cache(movie, recipe, n_threads)
        if recipe.input.project_t is not None:
            # Once, before several threads would all begin to read the whole movie.
            self.cells(wanted[0], cache)
        found = in_order(lambda frame: self.measure(frame, cache), wanted, n_threads)
        yield from with_overlaps(recipe, found)


def run(
    movie: Movie,
    recipe: Recipe,
    cache: StageCache | None = None,
    *,
    frames: Sequence[int] | None = None,
    others: Mapping[str, Movie] | None = None,
    n_threads: int = 1,
) -> Generator[FrameResult, None, None]:
    """Find and measure the cells of frame after frame in images; see :meth:`CellSource.run`.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        All stages up to `measure` are used.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.
    frames : sequence of int, optional
        Which frames; by default all that the recipe names.
    others : mapping of str to Movie, optional
        Other files of the same frames, measured under the same labels, by the name of their
        columns; see :func:`~napari_celltrack.engine.measuring.measure_frame`.
    n_threads : int
        Frames worked on at once.

    Yields
    ------
    FrameResult
    """
    source = CellSource(movie, recipe, others=others or {})
    return source.run(cache, frames=frames, n_threads=n_threads)


def run_frame(
    movie: Movie,
    recipe: Recipe,
    frame: int,
    cache: StageCache | None = None,
    others: Mapping[str, Movie] | None = None,
) -> FrameResult:
    """Find and measure the cells of one frame, also in other files of the same frames."""
    return CellSource(movie, recipe, others=others or {}).measure(frame, cache)


def for_labels(recipe: Recipe) -> Recipe:
    """Return a recipe without what has no meaning where label images are the input.

    Label images have one channel, are taken whole, frame by frame, and hold no intensities. The
    stages `preprocess` and `segment` stay as they are and are not used.
    """
    standard = Input()
    plain = recipe.input.replace(
        channel=standard.channel,
        crop=None,
        project_t=None,
        measure_each_frame=standard.measure_each_frame,
    )
    return recipe.replace(input=plain, measure=recipe.measure.replace(channels=()))


def shared_cache(movie: Movie, recipe: Recipe, n_threads: int = 1) -> StageCache | None:
    """Return a cache with room for what all frames share; None where they share nothing.

    Shared are the image of a projection over time with its cells, and the reference frame of
    steps that compare with it.
    """
    if recipe.input.project_t is None and not needs_reference(recipe):
        return None
    return StageCache(_BYTES_A_PIXEL * movie.height_px * movie.width_px * (max(1, n_threads) + 1))
