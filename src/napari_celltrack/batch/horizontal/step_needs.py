"""Which steps of an item are on disk already, and which ones are to be run.

The key of a step holds the movie, the settings up to that step, the program version and, where
somebody has changed something before it by hand, the content of that. So everything is known
before anything runs: what has an equal key is used, whatever else is on disk or missing.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import napari_celltrack
from napari_celltrack.batch.fitted_recipe import fitted_recipe
from napari_celltrack.batch.horizontal.step_files import text_digest
from napari_celltrack.batch.horizontal.step_store import STEPS, StepStore
from napari_celltrack.batch.horizontal.stored_step import StoredStep, frames_text
from napari_celltrack.batch.inputs import Item, open_item, open_others
from napari_celltrack.batch.result import FileDone, kept_result, result_key
from napari_celltrack.batch.run_options import RunOptions, Step
from napari_celltrack.errors import ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe, Stage

#: The last stage of the recipe that goes into a step.
_UPTO: Mapping[Step, Stage] = {"prepare": "preprocess", "count": "objects", "measure": "measure"}


@dataclass(frozen=True)
class StepNeeds:
    """Which steps of one item must run.

    Parameters
    ----------
    keys : dict of str
        The key of each step.
    usable : frozenset of str
        Steps whose data on disk can be used.
    origin : str
        Digest of what was changed by hand, or is used as it is, and goes into the result; empty
        where the recipe alone says what the result is.
    warnings : tuple of str
        Sentences about data that is used and that the recipe did not make.
    """

    keys: Mapping[Step, str]
    usable: frozenset[Step]
    origin: str
    warnings: tuple[str, ...]

    def steps(self) -> tuple[Step, ...]:
        """Return the steps before the last one that a result needs to run.

        Tracks need the cells and their measurements; the prepared images are needed only where
        cells are detected.
        """
        made: set[Step] = {step for step in ("count", "measure") if step not in self.usable}
        if "count" in made and "prepare" not in self.usable:
            made.add("prepare")
        return tuple(step for step in STEPS if step in made)

    def used(self) -> tuple[Step, ...]:
        """Return the steps whose data on disk a result is made of."""
        read = ("prepare", "count", "measure") if "count" in self.steps() else ("count", "measure")
        return tuple(step for step in read if step in self.usable)


@dataclass(frozen=True)
class InspectedItem:
    """What is known of an item before its steps are run.

    Parameters
    ----------
    recipe : Recipe
        Its settings, adapted to it where that was asked for.
    fingerprint : str
        Of its movie.
    frames : dict of tuple of int
        True indices of the frames of which each step writes something.
    stored : dict of StoredStep
        What is on disk, by step.
    needs : StepNeeds
        Which steps must run.
    key : str
        Of the result.
    done : FileDone or None
        The result, if it is on disk and whole.
    warnings : tuple of str
        Sentences about how it was read, and how the recipe fits it.
    seconds : float
        How long it took to find out.
    """

    recipe: Recipe
    fingerprint: str
    frames: Mapping[Step, tuple[int, ...]]
    stored: Mapping[Step, StoredStep | None]
    needs: StepNeeds
    key: str
    done: FileDone | None
    warnings: tuple[str, ...]
    seconds: float


def inspect_item(
    recipe: Recipe,
    item: Item,
    out: Path,
    options: RunOptions,
) -> InspectedItem:
    """Open an item, and find out which steps are on disk and which ones must run.

    Parameters
    ----------
    recipe : Recipe
        Its settings, before they are adapted to it.
    item : Item
        The movie.
    out : Path
        The folder of the results.
    options : RunOptions
        How the run is executed.

    Raises
    ------
    CelltrackError
        If the movie cannot be opened, the recipe does not fit it, or data that is to be used as it
        is is missing.
    """
    started = time.perf_counter()
    if not out.is_dir():
        raise ResultError(
            f"The worker on {socket.gethostname()} has no folder {out}; results need a folder "
            "that all workers can write to."
        )
    with ExitStack() as stack:
        movie = opened(stack, recipe, item)
        others = opened_others(stack, item)
        recipe, warnings = fitted_recipe(recipe, item, movie, others, options)
        recipe.input.slices_in(movie)
        frames = frames_of_steps(movie, recipe)
        stores = {step: StepStore(out, step, item.name) for step in STEPS[:-1]}
        stored = {step: store.look() for step, store in stores.items()}
        fingerprints = [movie.fingerprint, *(other.fingerprint for other in others.values())]
        needs = find_needs(recipe, fingerprints, frames, stored, options)
        key = result_key(movie, item, recipe, others=others)
        if needs.origin:
            key = text_digest(key, needs.origin)
        done = kept_result(out / item.name, item, key, options)
        if done is None:
            # What is used is read once more beside: a disk may have lost what nobody has changed.
            stored |= {step: stores[step].look(is_thorough=True) for step in needs.used()}
            needs = find_needs(recipe, fingerprints, frames, stored, options)
        seconds = time.perf_counter() - started
        return InspectedItem(
            recipe, movie.fingerprint, frames, stored, needs, key, done, warnings, seconds
        )


def settings_of(recipe: Recipe, step: Step) -> str:
    """Return the settings that a step depends on, as canonical text."""
    return recipe.upto(_UPTO[step])


def find_needs(
    recipe: Recipe,
    fingerprints: Sequence[str],
    frames: Mapping[Step, tuple[int, ...]],
    stored: Mapping[Step, StoredStep | None],
    options: RunOptions,
) -> StepNeeds:
    """Compare what is on disk with what a recipe asks for.

    Parameters
    ----------
    recipe : Recipe
        The settings of the item.
    fingerprints : sequence of str
        Of its movie, and then of other files that are measured with it.
    frames : dict of tuple of int
        True indices of the frames of which each step writes something.
    stored : dict of StoredStep
        What is on disk, by step.
    options : RunOptions
        How the run is executed: `restart` and `from_step` say what of it may be used.

    Returns
    -------
    StepNeeds

    Raises
    ------
    ResultError
        If something that is needed before `from_step` is missing, is of other images, or cannot
        be read.
    """
    from_step = options.from_step
    keys: dict[Step, str] = {}
    usable: set[Step] = set()
    warnings: list[str] = []
    origin = ""
    for step in STEPS[:-1]:
        found = stored.get(step)
        movies = fingerprints if step == "measure" else fingerprints[:1]
        version = napari_celltrack.__version__
        keys[step] = text_digest(step, settings_of(recipe, step), version, origin, *movies)
        if from_step is not None and STEPS.index(step) < STEPS.index(from_step):
            if step not in _TAKEN[from_step]:
                continue
            if found is None:
                raise ResultError(
                    f"There is nothing that the step {step!r} has left, to go on from; run once "
                    "without --from-step."
                )
            if found.is_damaged:
                raise ResultError(
                    f"{found.title} is damaged ({found.damage}); run without --from-step to have "
                    "it made anew."
                )
            warnings += _oddities(recipe, found, stored)
        elif (
            found is None
            or options.restart
            or found.mark.key != keys[step]
            or (found.is_changed and from_step is not None)
        ):
            continue
        elif found.is_damaged:
            warnings.append(_damaged(found))
            continue
        _check(found, fingerprints[0], frames[step])
        usable.add(step)
        if found.is_changed:
            warnings.append(_changed(found))
        if found.is_changed or found.mark.key != keys[step]:
            origin = found.identity
    return StepNeeds(keys, frozenset(usable), origin, tuple(warnings))


def check_overwriting(found: StoredStep) -> None:
    """Refuse to run a step again, unasked, where a person has changed what it has written.

    Raises
    ------
    ResultError
        If it was changed by hand.
    """
    if found.is_changed:
        after = STEPS[STEPS.index(found.step) + 1]
        raise ResultError(
            f"{found.title} was changed by hand, and what it was made from is not the same now; "
            f"run with --from-step {after} to use it as it is, or with --from-step {found.step} to "
            "have it made anew."
        )


#: The steps before `from_step` whose data is used as it is.
_TAKEN: Mapping[Step, tuple[Step, ...]] = {
    "prepare": (),
    "count": ("prepare",),
    "measure": ("count",),
    "track": ("count", "measure"),
}


def _oddities(
    recipe: Recipe, found: StoredStep, stored: Mapping[Step, StoredStep | None]
) -> Iterator[str]:
    """Say why data that is used as it is may not be what the user thinks."""
    if found.mark.settings != settings_of(recipe, found.step):
        yield (
            f"{found.title} was made with other settings than those of the recipe and is used as "
            "it is."
        )
    cells = stored.get("count")
    if found.step == "measure" and cells is not None and found.mark.before != cells.identity:
        yield (
            f"{found.title} was not measured of {cells.title} as it is now; run with --from-step "
            "measure if it should be."
        )


def _check(found: StoredStep, fingerprint: str, frames: tuple[int, ...]) -> None:
    """Refuse data of other images or of other frames, and data that cannot be read."""
    if found.mark.fingerprint != fingerprint:
        raise ResultError(
            f"{found.title} was made of other images than those that are there now; run without "
            "--from-step."
        )
    if found.mark.frames != frames:
        raise ResultError(
            f"{found.title} holds other frames than the recipe asks for; run without --from-step."
        )
    if found.error:
        raise ResultError(found.error)


def _damaged(found: StoredStep) -> str:
    """Say that damaged data is made anew; with changes by hand in it, refuse that.

    Raises
    ------
    ResultError
        If it was changed by hand, too.
    """
    if found.is_changed:
        raise ResultError(
            f"{found.title} was changed by hand and is damaged now ({found.damage}); put a copy "
            f"back, or run with --from-step {found.step} to have it made anew beside what is left."
        )
    return f"{found.title} is damaged ({found.damage}) and is made anew."


def _changed(found: StoredStep) -> str:
    frames = found.changed_frames
    where = f" in {frames_text(frames)}" if frames else ""
    return f"{found.title} was changed by hand{where} and is used as it is."


def frames_of_steps(movie: Movie, recipe: Recipe) -> dict[Step, tuple[int, ...]]:
    """Return the frames of which each step writes something."""
    measured = tuple(recipe.input.frames_of(movie))
    found = measured[:1] if recipe.input.project_t else measured
    return {"prepare": found, "count": found, "measure": measured}


def opened(stack: ExitStack, recipe: Recipe, item: Item) -> Movie:
    """Open the movie of an item, to be closed with the stack."""
    movie = open_item(item, recipe)
    stack.callback(movie.close)
    return movie


def opened_others(stack: ExitStack, item: Item) -> dict[str, Movie]:
    """Open the other files of an item, to be closed with the stack."""
    others = open_others(item)
    for other in others.values():
        stack.callback(other.close)
    return others
