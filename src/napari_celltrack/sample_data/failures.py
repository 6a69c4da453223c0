"""Failure school: a small movie in which each event that breaks tracks happens once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import ndimage

from napari_celltrack.sample_data.drawing import (
    Floats,
    Nucleus,
    draw,
    expose,
    textured,
    uneven_background,
)
from napari_celltrack.sample_data.made_movie import MadeMovie
from napari_celltrack.tables import FRAME, KIND, TRACK_ID, X_PX, Y_PX

SHAPE, N_FRAMES = (256, 256), 36
PHOTONS = 700.0
SENTENCE = "sentence"

#: Frame of each event, counted from 0.
JUMP, GAP, DIVISION, BORDER, SWAP = 5, 8, 10, 12, 15
MERGE, SPLIT, BLURRED, EMPTY = 18, 22, 27, 31
_JUMP_PX, _BLUR_PX = 34.0, 7.0
_RADIUS_PX = 7.0
#: Places (y, x) of cells that jitter around their place and cause no errors.
_QUIET = ((30, 128), (128, 30), (226, 128), (128, 226), (30, 226), (226, 226))


@dataclass(frozen=True, eq=False, kw_only=True)
class FailureSchool(MadeMovie):
    """A movie in which linkers make errors, and the list of these places.

    Parameters
    ----------
    errors : DataFrame
        One row per event, in order: ``frame``, ``y_px``, ``x_px``, ``kind``, ``track_id`` (0 for
        an event of the whole frame), ``sentence``.
    """

    errors: pd.DataFrame = field(default_factory=pd.DataFrame)


def failure_school(seed: int = 0) -> FailureSchool:
    """Make the movie: 36 frames of 256 x 256 px, mostly quiet cells.

    A cell jumps too far; one is missing for a frame; one divides; one leaves through the border;
    two pass each other so that the nearest cell is the wrong one; two merge and separate; one
    frame is out of focus; one is black.

    Parameters
    ----------
    seed : int
        The same seed gives the same movie; the events are the same for all seeds.

    Returns
    -------
    FailureSchool
    """
    random = np.random.default_rng(seed)
    paths = [*_troubled(random), *(_wander(place, random) for place in _QUIET)]
    frames = np.zeros((N_FRAMES, *SHAPE), np.uint16)
    labels = np.zeros((N_FRAMES, *SHAPE), np.int32)
    for frame in range(N_FRAMES):
        if frame == EMPTY:
            frames[frame] = expose(np.zeros(SHAPE), random)  # the shutter stayed closed
            continue
        light, labels[frame] = draw(list(_nuclei(paths, frame)), SHAPE)
        light = textured(light, random)
        if frame == BLURRED:
            light = ndimage.gaussian_filter(light, _BLUR_PX)
        frames[frame] = expose(uneven_background(SHAPE) + PHOTONS * light, random)
    parents = {_DAUGHTERS[0]: _MOTHER, _DAUGHTERS[1]: _MOTHER}
    return FailureSchool(
        frames,
        labels,
        parents,
        name="failure_school.tif",
        pixel_size_um=0.5,
        frame_interval_s=120.0,
        errors=_errors(paths),
    )


#: Track ids of the cells with an event, in the order of :func:`_troubled`.
_JUMPER, _BLINKER, _LEAVER, _LEFT, _RIGHT, _ABOVE, _BELOW, _MOTHER = range(1, 9)
_DAUGHTERS = (9, 10)


def _troubled(random: np.random.Generator) -> Iterator[Floats]:
    """Yield the paths (T, 2) of the cells with an event."""
    frame = np.arange(N_FRAMES)
    still = np.zeros(N_FRAMES)
    jumper = _wander((70, 60), random)
    jumper[JUMP:, 1] += _JUMP_PX
    yield jumper
    blinker = _wander((75, 190), random)
    blinker[GAP] = np.nan
    yield blinker
    # From frame BORDER on the centre is outside.
    yield np.stack([190 + still, 4.5 * (BORDER - 0.5 - frame)], 1)
    # Steps of 17 px in rows 16 px apart: at SWAP each is nearest to the old place of the other.
    along = np.where(frame < SWAP, -8.5, 8.5)
    along += np.sign(along) * np.minimum(np.abs(frame - (SWAP - 0.5)) - 0.5, 2) * 5
    yield np.stack([120 + still, 110 + along], 1)
    yield np.stack([136 + still, 110 - along], 1)
    # Two cells come so close that the optics cannot separate them, then move apart.
    away = np.maximum(np.maximum(MERGE - frame, frame - (SPLIT - 1)), 0)
    half = np.where(away > 0, np.minimum(9 + 1.5 * away, 18), 4.0)
    yield np.stack([180 - half, 175 + still], 1)
    yield np.stack([180 + half, 175 + still], 1)
    mother = _wander((200, 85), random)
    mother[DIVISION:] = np.nan
    yield mother
    for side in (-1, 1):
        apart = np.minimum(7.5 + np.maximum(frame - DIVISION, 0), 13)
        daughter = mother[DIVISION - 1] + np.stack([still, side * apart], 1)
        daughter[:DIVISION] = np.nan
        yield daughter


def _wander(place: tuple[float, float], random: np.random.Generator) -> Floats:
    """Return the path of a cell that jitters around a place."""
    steps = random.normal(0, 0.6, (N_FRAMES, 2))
    path: Floats = np.array(place) + np.clip(np.cumsum(steps, axis=0), -5, 5)
    return path


def _nuclei(paths: list[Floats], frame: int) -> Iterator[Nucleus]:
    """Yield the cells of a frame; a path is NaN while its cell is absent."""
    for track_id, path in enumerate(paths, start=1):
        if np.isnan(path[frame]).any():
            continue
        axes = np.array([_RADIUS_PX, _RADIUS_PX - 1])
        small = 0.75 if track_id in _DAUGHTERS else 1.0
        yield Nucleus(track_id, path[frame], axes * small, angle=0.0, brightness=1.0)


def _errors(paths: list[Floats]) -> pd.DataFrame:
    """Return the events, in order."""

    def at(track_id: int, frame: int) -> tuple[float, float]:
        y, x = np.clip(paths[track_id - 1][frame], 0, np.array(SHAPE) - 1)
        return float(y), float(x)

    middle = (SHAPE[0] / 2 - 0.5, SHAPE[1] / 2 - 0.5)
    between = tuple(np.mean([at(_ABOVE, MERGE), at(_BELOW, MERGE)], axis=0))
    crossing = tuple(np.mean([at(_LEFT, SWAP), at(_RIGHT, SWAP)], axis=0))
    happens = [
        (
            JUMP,
            at(_JUMPER, JUMP),
            "jump",
            _JUMPER,
            f"The cell has jumped {_JUMP_PX:.0f} px to the right.",
        ),
        (GAP, at(_BLINKER, GAP - 1), "gap", _BLINKER, "The cell is missing for this one frame."),
        (
            DIVISION,
            at(_MOTHER, DIVISION - 1),
            "division",
            _MOTHER,
            "The cell has divided in two; no error, but it must not look like one.",
        ),
        (
            BORDER,
            at(_LEAVER, BORDER),
            "border",
            _LEAVER,
            "The cell is leaving through the left border; no error either.",
        ),
        (
            SWAP,
            crossing,
            "swap",
            _LEFT,
            "Two cells have passed each other; each is nearest to where the other was.",
        ),
        (MERGE, between, "merge", _ABOVE, "Two cells lie so close that they look like one."),
        (SPLIT, between, "split", _ABOVE, "The two cells are apart again."),
        (BLURRED, middle, "blurred frame", 0, "The whole frame is out of focus."),
        (EMPTY, middle, "empty frame", 0, "The frame is black: there was no light."),
    ]
    rows = [
        (frame, y, x, kind, track_id, sentence)
        for frame, (y, x), kind, track_id, sentence in happens
    ]
    columns = [FRAME, Y_PX, X_PX, KIND, TRACK_ID, SENTENCE]
    errors: pd.DataFrame = pd.DataFrame(rows, columns=columns)
    return errors
