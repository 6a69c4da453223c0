"""Frame health: which frames of a movie are saturated, blurred, empty, or have jumped.

Frames are read one at a time and shrunk first, so that a movie can be checked while the user views
it. Nothing is changed; the user decides what to do about a bad frame.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import astuple, dataclass, replace
from time import monotonic

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.input import Input, as_grey
from napari_celltrack.movie import Movie, Plane
from napari_celltrack.preprocess import phase_shift_px
from napari_celltrack.tables import FRAME
from napari_celltrack.text import plural

Floats = npt.NDArray[np.float64]

#: Columns of the table, in order.
MEAN, GROUND, SATURATED_PERCENT, FOCUS = "mean", "background", "saturated_percent", "focus"
STEP_Y_PX, STEP_X_PX, IS_EMPTY, PROBLEM = "step_y_px", "step_x_px", "is_empty", "problem"

#: Frames are shrunk to these sizes before they are measured, and before they are aligned.
_LARGEST_PX, _LARGEST_ALIGNED_PX = 512, 256
#: The brightest values of cameras of 8 to 16 bits, also if scaled up to 16 bits.
_FULL = (255, 1023, 4095, 16383, 32767, 65472, 65520, 65532, 65535)
#: A frame is empty if its signal is below this many times the noise, or this many grey levels.
_LEAST_SIGNAL, _LEAST_LEVELS = 6.5, 0.3
#: Noise after the smoothing that precedes the search for signal, relative to that of a pixel.
_NOISE_LEFT = 0.17
#: Side of the window whose mean is the brightness around a signal.
_AROUND_PX = 65
#: If most frames are saturated, only those with this many times the usual share are reported.
_MORE_SATURATED = 3.0
#: Share of pixels at the brightest possible value from which a frame counts as saturated, in %.
_SATURATED_PERCENT = 0.1
#: Number of robust standard deviations from the usual value above which a value is unusual.
_UNUSUAL = 6.0
#: Smallest changes that count: of log focus, of brightness relative to the signal, of position.
_LEAST_BLUR, _LEAST_CHANGE, _LEAST_JUMP_PX = 0.4, 0.25, 3.0
#: Frames on each side that a frame's focus is compared with.
_NEIGHBOURS = 5


@dataclass(frozen=True)
class FrameHealth:
    """Measurements of one frame.

    Parameters
    ----------
    frame : int
        True index.
    mean : float
        Mean grey value.
    background : float
        Grey value of the darkest twentieth.
    saturated_percent : float
        Share of the pixels at the brightest value of the camera.
    focus : float
        Variance of the Laplacian over that of the image; lower in a blurred image. It depends on
        neither brightness, nor the camera's offset, nor the number of cells.
    step_y_px, step_x_px : float
        How far the field has moved since the last frame that was not empty.
    is_empty : bool
        Whether the frame is constant or nothing stands out of its noise.
    """

    frame: int
    mean: float
    background: float
    saturated_percent: float
    focus: float
    step_y_px: float = 0.0
    step_x_px: float = 0.0
    is_empty: bool = False


def health_of(plane: Plane, frame: int = 0) -> FrameHealth:
    """Measure one frame.

    Parameters
    ----------
    plane : ndarray, shape (Y, X)
        In grey values of the file, of any real dtype.
    frame : int
        True index.

    Returns
    -------
    FrameHealth
        With steps of 0, as they need a second frame.

    References
    ----------
    Pech-Pacheco, J. L. et al. (2000). Diatom autofocusing in brightfield microscopy: a comparative
    study. 15th International Conference on Pattern Recognition, 3, 314-317 (variance of the
    Laplacian).
    """
    grey = as_grey(plane)
    pixels = _shrunk(grey, _LARGEST_PX)
    brightest = grey.max()
    full = np.count_nonzero(grey == brightest) if brightest in _FULL else 0
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
    spread = float(smooth.var())
    laplacian = float(cv2.Laplacian(smooth, cv2.CV_32F, borderType=cv2.BORDER_REFLECT).var())
    return FrameHealth(
        frame,
        mean=float(pixels.mean(dtype=np.float64)),
        background=float(np.percentile(pixels[::2, ::2], 5)),
        saturated_percent=0.0 if grey.min() == brightest else 100 * full / grey.size,
        focus=laplacian / spread if spread > 0 else 0.0,
        is_empty=_is_empty(pixels, is_integer=grey.dtype.kind != "f"),
    )


def frame_health(
    movie: Movie, recipe_input: Input, frames: Sequence[int] | None = None
) -> Generator[FrameHealth, None, None]:
    """Measure frame after frame; closing the generator stops it.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe_input : Input
        Its channel, crop and projection over Z are used, its projection over time is not.
    frames : sequence of int, optional
        True indices, in order; by default all frames of the recipe.

    Yields
    ------
    FrameHealth

    Raises
    ------
    MovieError, RecipeError
        If a frame cannot be read, or the recipe does not fit the movie.
    """
    each = recipe_input.replace(project_t=None)
    before: Plane | None = None
    for frame in each.frames_of(movie) if frames is None else frames:
        plane = each(movie, frame)
        health = health_of(plane, frame)
        if not health.is_empty:
            small = _shrunk(plane, _LARGEST_ALIGNED_PX)
            scale = plane.shape[0] / small.shape[0], plane.shape[1] / small.shape[1]
            step = (0.0, 0.0)
            if before is not None:
                step = phase_shift_px(small, before, max(small.shape) / 3)
            before = small
            health = replace(health, step_y_px=step[0] * scale[0], step_x_px=step[1] * scale[1])
        yield health


def judge(rows: Sequence[FrameHealth]) -> pd.DataFrame:
    """Find the frames that may be bad, in comparison with the others of the movie.

    Parameters
    ----------
    rows : sequence of FrameHealth
        As :func:`frame_health` yields them, in order.

    Returns
    -------
    DataFrame
        The fields of :class:`FrameHealth` and `problem`: what is wrong, in words; empty if
        nothing is.
    """
    columns = list(FrameHealth.__dataclass_fields__)
    table = pd.DataFrame([astuple(row) for row in rows], columns=columns)
    table = table.astype({FRAME: np.int64, IS_EMPTY: bool})
    problems: list[list[str]] = [["empty"] if empty else [] for empty in table[IS_EMPTY]]
    full = _is_saturated(table)
    # If most frames are saturated, all of the movie is; the summary says so, not each frame.
    usual = float(table[SATURATED_PERCENT].median()) if 2 * full.sum() > len(table) else 0.0
    unusual = full & (table[SATURATED_PERCENT].to_numpy() > _MORE_SATURATED * usual)
    for row in np.flatnonzero(unusual).tolist():
        problems[row].append(f"saturated: {table[SATURATED_PERCENT].iloc[row]:.2g} % of the pixels")
    seen = np.flatnonzero(~table[IS_EMPTY])
    for row in seen[_is_blurred(table[FOCUS].to_numpy()[seen])].tolist():
        problems[row].append("out of focus")
    steps = table[[STEP_Y_PX, STEP_X_PX]].to_numpy()[seen]
    for index in np.flatnonzero(_is_jump(steps)).tolist():
        length = float(np.hypot(*steps[index]))
        problems[int(seen[index])].append(f"the stage jumped by {length:.0f} px")
    signal = float((table[MEAN] - table[GROUND]).iloc[seen].median()) if len(seen) else 0.0
    for index in _changes(table[MEAN].to_numpy()[seen], signal):
        problems[int(seen[index])].append("sudden change of brightness")
    judged: pd.DataFrame = table.assign(**{PROBLEM: ["; ".join(words) for words in problems]})
    return judged


def judge_frames(
    movie: Movie, recipe_input: Input, every_s: float
) -> Generator[pd.DataFrame, None, None]:
    """Look at all frames, and judge now and then what was seen so far.

    Parameters
    ----------
    movie, recipe_input
        As for :func:`frame_health`.
    every_s : float
        How often to judge.

    Yields
    ------
    DataFrame
        As :func:`judge` gives it; the last is of all frames.
    """
    rows: list[FrameHealth] = []
    judged_at = monotonic()
    for row in frame_health(movie, recipe_input):
        rows.append(row)
        if monotonic() - judged_at > every_s:
            yield judge(rows)
            judged_at = monotonic()
    yield judge(rows)


def drift_px(judged: pd.DataFrame) -> Floats:
    """Return how far each frame is from where the movie began, shape (n_frames,).

    Parameters
    ----------
    judged : DataFrame
        As :func:`judge` gives it.
    """
    steps = judged[[STEP_Y_PX, STEP_X_PX]].to_numpy(np.float64)
    return np.asarray(np.hypot(*steps.cumsum(axis=0).T))


def summarise(judged: pd.DataFrame) -> str:
    """Summarise the health of a movie in a few words.

    Parameters
    ----------
    judged : DataFrame
        As :func:`judge` gives it.

    Returns
    -------
    str
        E.g. "Saturated: 3 frames. Drift: 4 px over the movie. No empty frames."
    """
    if judged.empty:
        return "No frames were looked at."
    words = []
    if n_full := int(_is_saturated(judged).sum()):
        words.append(f"Saturated: {_frames(n_full)}.")
    for kind, name in (
        ("out of focus", "Out of focus"),
        ("jumped", "Stage jumped"),
        ("brightness", "Sudden change of brightness"),
    ):
        n_frames = int(judged[PROBLEM].str.contains(kind, regex=False).sum())
        if n_frames:
            words.append(f"{name}: {_frames(n_frames)}.")
    if len(judged) > 1:
        drift = float(drift_px(judged).max())
        words.append(f"Drift: {drift:.0f} px over the movie." if drift >= 1 else "No drift.")
    n_empty = int(judged[IS_EMPTY].sum())
    words.append(f"Empty: {_frames(n_empty)}." if n_empty else "No empty frames.")
    return " ".join(words)


def _is_saturated(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    percent = table[SATURATED_PERCENT].to_numpy()
    return ~table[IS_EMPTY].to_numpy(bool) & (percent >= _SATURATED_PERCENT)


def _frames(n_frames: int) -> str:
    return f"{n_frames} {plural(n_frames, 'frame')}"


def _shrunk(grey: Plane, largest_px: int) -> npt.NDArray[np.float32]:
    """Return means over blocks, so that no side is longer than a limit."""
    factor = -(-max(grey.shape) // largest_px)
    if factor > 1:
        size = tuple(max(1, length // factor) for length in grey.shape[::-1])
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    return np.ascontiguousarray(grey, dtype=np.float32)


def _is_empty(pixels: npt.NDArray[np.float32], *, is_integer: bool) -> bool:
    """Return whether nothing but hot pixels stands out of the noise."""
    steps = np.abs(np.diff(pixels, axis=1)) if pixels.shape[1] > 1 else np.zeros(1)
    noise = 1.4826 * float(np.median(steps)) / np.sqrt(2)
    calm = cv2.medianBlur(pixels, 3).reshape(pixels.shape)
    smooth = cv2.GaussianBlur(calm, (0, 0), 2.0, borderType=cv2.BORDER_REFLECT)
    around = cv2.blur(smooth, (_AROUND_PX, _AROUND_PX), borderType=cv2.BORDER_REFLECT)
    signal = float((smooth - around).max())
    least = _LEAST_SIGNAL * _NOISE_LEFT * noise
    # Rounding alone: float32 sums of a constant image differ in the last digits.
    rounding = 1e-5 * float(np.abs(pixels).max())
    return bool(signal <= max(least, _LEAST_LEVELS if is_integer else 0.0, rounding))


def _is_blurred(focus: Floats) -> npt.NDArray[np.bool_]:
    """Return which frames are far less sharp than their neighbours."""
    sharpness = np.log(np.maximum(focus, 1e-12))
    window = 2 * _NEIGHBOURS + 1
    usual = pd.Series(sharpness).rolling(window, center=True, min_periods=1).median().to_numpy()
    below = usual - sharpness
    return np.asarray(below > max(_UNUSUAL * _spread(below), _LEAST_BLUR))


def _is_jump(steps: Floats) -> npt.NDArray[np.bool_]:
    """Return which steps are far from the usual drift."""
    if not len(steps):
        return np.zeros(0, np.bool_)
    beside = np.hypot(*(steps - np.median(steps, axis=0)).T)
    return np.asarray(beside > max(_UNUSUAL * 1.4826 * float(np.median(beside)), _LEAST_JUMP_PX))


def _changes(mean: Floats, signal: float) -> Generator[int, None, None]:
    """Yield the frames whose brightness differs from the frames before, once per change."""
    if not len(mean):
        return
    least = max(_UNUSUAL * _spread(np.diff(mean)), _LEAST_CHANGE * signal)
    usual = mean[0]
    for index in range(1, len(mean)):
        has_settled = abs(mean[index] - mean[index - 1]) <= least
        if abs(mean[index] - usual) > least and not has_settled:
            yield index
        else:
            usual = mean[index]


def _spread(values: Floats) -> float:
    """Return the robust standard deviation, 0 without values."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0
