"""How cells move: the drift they share, and how much of a step is like the step before.

A cell's step is modelled as `persistence` times its last step plus a random step, the same for all
cells of a movie. Persistence is measured from the links: near 1 for cells that move straight, 0 for
a random walk, and below 0 where steps are mostly errors of position; there the mean of the last
places is the best prediction. So predictions reach only as far as this movie supports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.detections import squared

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Steps = npt.NDArray[np.complex128]

#: Weight of the prior that there is no persistence, in pairs of consecutive steps.
PRIOR_STEPS = 20.0
#: The median of the squared length of a normal step in the plane, over its variance per axis.
MEDIAN_SQUARED = 2 * np.log(2)


@dataclass(frozen=True)
class MotionModel:
    """A model of steps.

    Parameters
    ----------
    persistence : float
        Share of a step that the next one repeats.
    step_px2 : float
        Variance of a step along an axis.
    surprise_px2 : float
        Variance of the part of a step that the step before does not predict.
    """

    persistence: float
    step_px2: float
    surprise_px2: float

    @classmethod
    def measured(cls, place: Steps, previous: Ids) -> MotionModel:
        """Measure the model from links.

        Parameters
        ----------
        place : ndarray, shape (n_objects,), complex128
            Places y + xi in px.
        previous : ndarray, shape (n_objects,), int64
            Row of the last detection, one frame before, or -1.
        """
        now = np.flatnonzero(previous >= 0)
        step = np.zeros(len(place), np.complex128)
        step[now] = place[now] - place[previous[now]]
        step_px2 = _variance(squared(step[now]))
        again = now[previous[previous[now]] >= 0]
        last, before = step[again], step[previous[again]]
        # Steps far longer than usual are probably wrong links, so they do not count here.
        usual = squared(last) + squared(before) <= 20 * step_px2
        last, before = last[usual], before[usual]
        prior = 2 * PRIOR_STEPS * step_px2
        together = float(np.vdot(before, last).real)
        alone = float(np.vdot(before, before).real) + prior
        persistence = float(np.clip(together / alone, -0.5, 0.95)) if alone > 0 else 0.0
        surprise_px2 = min(step_px2, _variance(squared(last - persistence * before)))
        if len(last) < PRIOR_STEPS or surprise_px2 < 0.05 * step_px2:
            surprise_px2 = step_px2 * (1 - persistence**2)
        return cls(persistence, step_px2, surprise_px2)

    def cost_px2(self, step: Steps, before: Steps, has_before: npt.NDArray[np.bool_]) -> Floats:
        """Return how unlikely steps are, scaled like their squared length.

        Parameters
        ----------
        step : ndarray, shape (n,), complex128
            Steps in px, y + xi.
        before : ndarray, shape (n,), complex128
            The steps before them.
        has_before : ndarray, shape (n,), bool
            Where there is a step before; elsewhere the cost is the squared length.

        Returns
        -------
        ndarray, shape (n,), float64
            Twice the negative log likelihood in units of `step_px2`, up to a constant.
        """
        plain = squared(step)
        if not self.step_px2:
            return plain
        scale = self.step_px2 / self.surprise_px2
        foretold = squared(step - self.persistence * before) * scale
        foretold -= 2 * self.step_px2 * np.log(scale)
        return np.where(has_before, foretold, plain)


def _variance(squared_px2: Floats) -> float:
    """Return the variance per axis, from the median length, so that outliers do not count."""
    return float(np.median(squared_px2)) / MEDIAN_SQUARED if len(squared_px2) else 0.0
