"""Calibration: lengths in µm and times in s, and None for what a file does not state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

#: µm in one unit of length. Inches are absent on purpose: they come from the dpi of a printer.
UM_PER_UNIT = {
    "pm": 1e-6,
    "picometer": 1e-6,
    "å": 1e-4,
    "angstrom": 1e-4,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "um": 1.0,
    "µm": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "m": 1e6,
    "meter": 1e6,
}
#: Seconds in one unit of time.
S_PER_UNIT = {
    "ns": 1e-9,
    "nanosecond": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "microsecond": 1e-6,
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
}


@dataclass(frozen=True)
class Calibration:
    """What a file states about sizes and times; None where it states nothing.

    Parameters
    ----------
    pixel_size_um : (float, float) or None
        Height and width of a pixel in µm.
    z_step_um : float or None
        Distance between planes in µm.
    frame_interval_s : float or None
        Time between frames in s.
    """

    pixel_size_um: tuple[float, float] | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None

    def swapped(self) -> Calibration:
        """Return the calibration of the transposed image."""
        size = self.pixel_size_um
        return replace(self, pixel_size_um=(size[1], size[0])) if size else self


def length_um(value: Any, unit: Any) -> float | None:
    """Return a length in µm, or None if value or unit make no sense."""
    return _in_unit(value, unit, UM_PER_UNIT)


def time_s(value: Any, unit: Any) -> float | None:
    """Return a time in s, or None if value or unit make no sense."""
    return _in_unit(value, unit, S_PER_UNIT)


def both(height: float | None, width: float | None) -> tuple[float, float] | None:
    """Return a pixel size, or None if a side is unknown."""
    return None if height is None or width is None else (height, width)


def interval_of(times_s: Sequence[float]) -> float | None:
    """Return the interval of time stamps in s, or None if it varies by more than 10 %."""
    steps = np.diff(np.asarray(times_s, dtype=np.float64))
    if steps.size == 0 or not np.all(np.isfinite(steps)) or steps.min() <= 0:
        return None
    middle = float(np.median(steps))
    return middle if float(np.abs(steps - middle).max()) <= 0.1 * middle else None


def _in_unit(value: Any, unit: Any, units: dict[str, float]) -> float | None:
    # ImageJ writes µ as the six characters \u00B5; µ also exists as the Greek letter mu.
    name = str(unit).strip().lower()
    name = name.replace("\\u00b5", "µ").replace("\N{GREEK SMALL LETTER MU}", "µ")
    factor = units.get(name)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if factor is None or not math.isfinite(number) or number <= 0:
        return None
    return number * factor
