"""Suggest settings: how to find cells in an image that nobody has tuned anything for.

A handful of ways to find cells is tried on one frame, and the one whose cells look most like cells
is taken. The standard settings are kept unless another way is clearly better, in this frame or in
the middle and at the end of the movie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from napari_celltrack.analysis.frame_health import health_of
from napari_celltrack.analysis.plausibility import Plausibility, plausibility
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.parts import part_to_try
from napari_celltrack.engine.preparing import preprocess_frame
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.movie import Movie, Plane
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import (
    Contrast,
    FillHoles,
    Li,
    LocalMean,
    LogBlobs,
    Open,
    Otsu,
    Regions,
    Segmenter,
    Threshold,
    Triangle,
    WatershedDistance,
)
from napari_celltrack.text import plural

Labels = npt.NDArray[np.int32]

#: The cells that the standard settings are made for are about so wide; scaled by less than a
#: factor of `_AS_IT_IS` they are left alone.
_STANDARD_PX, _AS_IT_IS = 28.0, 2.0
#: Another way must be so many times better than the standard settings.
_CLEARLY_BETTER = 1.5
#: Objects smaller than this share of a cell are left out.
_LEAST_AREA = 0.1
#: Blobs of more than this are not tried: the filters would take seconds.
_WIDEST_BLOB_PX = 100.0
#: What is wider than this share of the image is background.
_WIDEST = 0.5
#: Below this score nothing found looks like cells; those of the test images have 0.25 to 0.65.
_LEAST_SCORE = 0.15
#: Discs are round whatever they lie on, so their shape speaks for little.
_DISCS, _DISCS_COUNT = "blobs", 0.5
#: A way that loses more than this share of its score in another frame does not hold for the movie.
_MOST_LOST = 0.4
#: The few ways that the size of the cells is first measured with.
_FIRST = ("standard", "otsu", "triangle")

#: What each way to find cells is called.
_NAMES = {
    "standard": "the standard settings",
    "scaled": "the standard settings, scaled to the cells",
    "flat": "a low threshold above the background, split by shape",
    "dim": "the standard settings, made to find dimmer cells",
    "otsu": "Otsu's threshold",
    "li": "Li's threshold",
    "triangle": "the triangle threshold, split by shape",
    "local": "a local threshold",
    _DISCS: "blobs",
}


@dataclass(frozen=True)
class Suggestion:
    """Settings that fit one frame.

    Parameters
    ----------
    recipe : Recipe
        The recipe with other settings in `segment` and `objects`; the same one where nothing
        could be suggested.
    sentence : str
        What is suggested and why, in words.
    cell_diameter_px : float or None
        About how wide the cells are; None where none were found.
    n_cells : int
        Cells found in the part of the frame that was tried.
    scores : dict of str to float
        How much the cells of each way that was tried look like cells, from 0 to 1; that of the
        standard settings is called "standard".
    """

    recipe: Recipe
    sentence: str
    cell_diameter_px: float | None
    n_cells: int
    scores: dict[str, float]


@dataclass(frozen=True)
class _Trial:
    """One way to find cells, and what it finds."""

    name: str
    segment: Segmenter
    objects: ObjectFilter
    labels: Labels
    looks: Plausibility
    score: float


def suggest(
    movie: Movie,
    recipe: Recipe,
    frame: int,
    clicks_px: Sequence[tuple[float, float]] | None = None,
    cache: StageCache | None = None,
) -> Suggestion:
    """Suggest settings from one frame, or from a few clicks on cells in it.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` and `preprocess` are used; what it says about finding cells is not.
    frame : int
        True index.
    clicks_px : sequence of (float, float), optional
        Places (y, x) in the whole image, one on each of a few cells. Each is to lie in a cell of
        its own.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.

    Returns
    -------
    Suggestion

    Raises
    ------
    MovieError, RecipeError
        If the frame cannot be read, or the recipe does not fit the movie.
    """
    image = preprocess_frame(movie, recipe, frame, cache)
    if health_of(image).is_empty:
        sentence = (
            f"Nothing stands out of the noise in frame {frame}, so nothing is suggested; "
            "choose a frame with cells."
        )
        return Suggestion(recipe, sentence, None, 0, {})
    rows, columns = recipe.input.slices_in(movie)
    corner = np.array([rows.start or 0, columns.start or 0])
    clicks = np.array(clicks_px or [], np.float64).reshape(-1, 2) - corner
    part = part_to_try(image, clicks)
    clicks = clicks - [part[0].start, part[1].start]
    best, trials = _best_of(_contiguous(image, part), clicks)
    if best is not None and not len(clicks):
        others = (
            _contiguous(preprocess_frame(movie, recipe, other, cache), part)
            for other in _other_frames(movie, recipe, frame)
        )
        best, trials = _best_of_all(best, trials, [each for each in others if _is_worth(each)])
    scores = {trial.name: round(trial.score, 3) for trial in trials}
    if best is None or (best.score < _LEAST_SCORE and not len(clicks)):
        sentence = (
            f"Nothing in frame {frame} looks much like cells, so nothing is suggested; "
            "click on a few cells, or choose another channel or frame."
        )
        return Suggestion(recipe, sentence, None, 0, scores)
    changed = recipe.replace(
        segment=best.segment,
        objects=best.objects.replace(exclude_border=recipe.objects.exclude_border),
    )
    looks, sentence = best.looks, _sentence(best, trials, clicks)
    return Suggestion(changed, sentence, looks.diameter_px, looks.n_cells, scores)


def _is_worth(image: Plane) -> bool:
    """Tell whether there is anything to try a way on."""
    return not health_of(image).is_empty


def _contiguous(image: Plane, part: tuple[slice, slice]) -> Plane:
    return np.ascontiguousarray(image[part])


def _other_frames(movie: Movie, recipe: Recipe, frame: int) -> list[int]:
    """Return the middle and the last frame, as far as they are others."""
    frames = recipe.input.frames_of(movie)
    if recipe.input.project_t:
        return []
    return sorted({frames[len(frames) // 2], frames[-1]} - {frame})


def _best_of(image: Plane, clicks: npt.NDArray[np.float64]) -> tuple[_Trial | None, list[_Trial]]:
    """Measure the size of the cells by a few ways, then try all ways with settings for it."""
    with_dim = len(clicks) > 0
    ways = _ways(1.0, with_dim=with_dim)
    known = _try_all(image, _STANDARD_PX, {name: ways[name] for name in _FIRST})
    if not known:
        return None, []
    first = _choose(known, clicks)
    diameter_px = _clicked_diameter(first, clicks) or first.looks.diameter_px
    ways = _ways(diameter_px / _STANDARD_PX, with_dim=with_dim)
    trials = _try_all(image, diameter_px, ways)
    return _with_least_area(_choose(trials, clicks), clicks), trials


def _best_of_all(
    best: _Trial, trials: list[_Trial], others: list[Plane]
) -> tuple[_Trial, list[_Trial]]:
    """Take the way that is best in all images, should that of the first not hold in the others."""
    diameter_px = best.looks.diameter_px
    way = {best.name: (best.segment, best.objects)}
    held = [_try_all(image, diameter_px, way) for image in others]
    if all(tried and tried[0].score >= (1 - _MOST_LOST) * best.score for tried in held):
        return best, trials
    ways = {trial.name: (trial.segment, trial.objects) for trial in trials}
    scores = {trial.name: [trial.score] for trial in trials}
    for image in others:
        found = {trial.name: trial.score for trial in _try_all(image, diameter_px, ways)}
        for name, known in scores.items():
            known.append(found.get(name, 0.0))
    over_all = [
        replace(trial, score=float(np.prod(scores[trial.name]) ** (1 / len(scores[trial.name]))))
        for trial in trials
    ]
    return _choose(over_all, np.empty((0, 2))), over_all


def _try_all(
    image: Plane, diameter_px: float, ways: Mapping[str, tuple[Segmenter, ObjectFilter]]
) -> list[_Trial]:
    """Find cells in all ways; those that find none, or one as wide as the image, are left out."""
    trials = []
    for name, (segment, objects) in ways.items():
        labels = np.asarray(objects(segment(image)), np.int32)
        looks = plausibility(image, labels, diameter_px)
        if 0 < looks.diameter_px < _WIDEST * max(image.shape):
            score = looks.score * (_DISCS_COUNT if name == _DISCS else 1.0)
            trials.append(_Trial(name, segment, objects, labels, looks, score))
    return trials


def _ways(scale: float, *, with_dim: bool) -> dict[str, tuple[Segmenter, ObjectFilter]]:
    """Return the ways to find cells of the standard size times `scale`, by name."""
    standard = Regions(), ObjectFilter()
    if 1 / _AS_IT_IS <= scale <= _AS_IT_IS:
        base = Contrast()
        own_scale = 1.0
    else:
        own_scale = scale
        base = Contrast(
            smoothing_px=_within(scale, 0.5, 20.0),
            local_radius_px=round(_within(5 * scale, 1, 50)),
            background_px=round(_within(128 * scale, 64, 4096)),
        )
    diameter_px = _STANDARD_PX * scale
    objects = ObjectFilter(min_area_px2=_least_area_px2(diameter_px))
    split = WatershedDistance(
        min_distance_px=_within(6 * own_scale, 2, 400),
        smoothing_px=_within(own_scale, 0.5, 20),
    )
    by_shape = split.replace(intensity_weight=0.0)
    clean = (FillHoles(), Open(radius_px=round(_within(diameter_px / 14, 1, 20))))
    flat = base.replace(typical_percent=0.0, local_percent=0.0)

    def regions(threshold: Threshold, cut: WatershedDistance) -> tuple[Segmenter, ObjectFilter]:
        return Regions(threshold=threshold, morphology=clean, split=cut), objects

    ways: dict[str, tuple[Segmenter, ObjectFilter]] = {"standard": standard}
    if own_scale != 1.0:
        ways["scaled"] = regions(base, split)
    if with_dim:
        ways["dim"] = regions(base.replace(noise_factor=3.0, typical_percent=8.0), split)
    ways["flat"] = regions(flat, by_shape)
    ways["otsu"] = regions(Otsu(), split)
    ways["li"] = regions(Li(), split)
    ways["triangle"] = regions(Triangle(), by_shape)
    ways["local"] = regions(LocalMean(radius_px=round(_within(2 * diameter_px, 5, 500))), split)
    if diameter_px <= _WIDEST_BLOB_PX:
        blobs = LogBlobs(
            min_diameter_px=max(1.5, 0.7 * diameter_px),
            max_diameter_px=max(3.0, 1.4 * diameter_px),
            n_scales=4,
        )
        ways[_DISCS] = blobs, objects
    return ways


def _choose(trials: list[_Trial], clicks: npt.NDArray[np.float64]) -> _Trial:
    """Return the best way: the standard settings unless another one is clearly better."""
    hits = [_n_hit(trial.labels, clicks) for trial in trials]
    most = max(hits)
    able = [trial for trial, n_hit in zip(trials, hits, strict=True) if n_hit == most]
    best = max(able, key=lambda trial: trial.score)
    for name in ("standard", "scaled"):
        for trial in able:
            if trial.name == name and best.score <= _CLEARLY_BETTER * trial.score:
                return trial
    return best


def _n_hit(labels: Labels, clicks: npt.NDArray[np.float64]) -> int:
    """Return how many cells were clicked on: two clicks in one cell are one."""
    names = _clicked(labels, clicks)
    return len(np.unique(names[names > 0]))


def _clicked(labels: Labels, clicks: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return the label under each click, 0 outside the image."""
    at = np.rint(clicks).astype(np.int64)
    inside = ((at >= 0) & (at < labels.shape)).all(axis=1)
    names = np.zeros(len(at), np.int32)
    names[inside] = labels[at[inside, 0], at[inside, 1]]
    return names


def _clicked_areas(trial: _Trial, clicks: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    names = _clicked(trial.labels, clicks)
    areas: npt.NDArray[np.int64] = np.bincount(trial.labels.ravel())[np.unique(names[names > 0])]
    return areas


def _clicked_diameter(trial: _Trial, clicks: npt.NDArray[np.float64]) -> float | None:
    """Return the typical diameter of the cells that were clicked on, None without any."""
    areas = _clicked_areas(trial, clicks)
    return 2 * float(np.sqrt(np.median(areas) / np.pi)) if len(areas) else None


def _with_least_area(trial: _Trial, clicks: npt.NDArray[np.float64]) -> _Trial:
    """Let no cell through that is far smaller than those clicked on."""
    areas = _clicked_areas(trial, clicks)
    if not len(areas):
        return trial
    objects = trial.objects.replace(min_area_px2=max(1, int(0.3 * areas.min())))
    return replace(trial, objects=objects)


def _least_area_px2(diameter_px: float) -> int:
    return max(4, int(_LEAST_AREA * np.pi / 4 * diameter_px**2))


def _sentence(best: _Trial, trials: list[_Trial], clicks: npt.NDArray[np.float64]) -> str:
    n = best.looks.n_cells
    found = f"{n} {plural(n, 'cell')} of about {best.looks.diameter_px:.0f} px"
    if len(clicks):
        n_hit = _n_hit(best.labels, clicks)
        under = f"{n_hit} of {len(clicks)} clicks each in a cell of its own"
        return f"Suggested: {_NAMES[best.name]}, {found}, {under}."
    if best.name == "standard":
        return f"The standard settings fit: {found}."
    standard = next((trial for trial in trials if trial.name == "standard"), None)
    compared = ""
    if standard is not None:
        compared = f"; the standard settings find {standard.looks.n_cells}, less like cells"
    return f"Suggested: {_NAMES[best.name]}, {found}{compared}."


def _within(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))
