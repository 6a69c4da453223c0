"""Calibration: lengths in µm and times in s, and None for what a file does not state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_celltrack.readers.units import is_no_unit, length_um, number_of, time_s

#: The fields of a calibration in words.
_WORDS = {
    "pixel_size_um": "pixel size",
    "z_step_um": "Z step",
    "frame_interval_s": "frame interval",
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
    unread : tuple of (str, str)
        Fields above that the file states in a way that is not understood, each with a sentence
        without its full stop.
    """

    pixel_size_um: tuple[float, float] | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None
    unread: tuple[tuple[str, str], ...] = ()

    def swapped(self) -> Calibration:
        """Return the calibration of the transposed image."""
        size = self.pixel_size_um
        return replace(self, pixel_size_um=(size[1], size[0])) if size else self

    def or_else(self, other: Calibration) -> Calibration:
        """Return this calibration, with what it does not know from another source."""
        known = {
            field: getattr(self, field) or getattr(other, field)
            for field in ("pixel_size_um", "z_step_um", "frame_interval_s")
        }
        unread = dict((*other.unread, *self.unread))
        return Calibration(
            **known,
            unread=tuple((field, why) for field, why in unread.items() if known[field] is None),
        )

    def without(self, *fields: str) -> Calibration:
        """Return the calibration without what some fields say."""
        nothing: dict[str, Any] = dict.fromkeys(fields)
        unread = tuple((field, why) for field, why in self.unread if field not in fields)
        return replace(self, **nothing, unread=unread)


def calibrated(
    *,
    height: tuple[Any, Any] = (None, None),
    width: tuple[Any, Any] = (None, None),
    z_step: tuple[Any, Any] = (None, None),
    interval: tuple[Any, Any] = (None, None),
) -> Calibration:
    """Return the calibration that values and their units make.

    Parameters
    ----------
    height, width, z_step, interval : (value, unit)
        As they stand in the file, whatever their types; None where they do not.
    """
    sides = length_um(*height), length_um(*width)
    read: dict[str, Any] = {
        "pixel_size_um": both(*sides),
        "z_step_um": length_um(*z_step),
        "frame_interval_s": time_s(*interval),
    }
    unread = (
        ("pixel_size_um", _unread("pixel_size_um", height, sides[0])),
        ("pixel_size_um", _unread("pixel_size_um", width, sides[1])),
        ("z_step_um", _unread("z_step_um", z_step, read["z_step_um"])),
        ("frame_interval_s", _unread("frame_interval_s", interval, read["frame_interval_s"])),
    )
    return Calibration(**read, unread=tuple(dict(entry for entry in unread if entry[1]).items()))


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


def _unread(field: str, stated: tuple[Any, Any], read: Any) -> str:
    """Return what stands in a file and is not understood, in words; empty if there is nothing."""
    value, unit = stated
    if read is not None or value is None or is_no_unit(unit):
        return ""
    word = " ".join(str(unit).split())[:40]
    if number_of(value) is None:
        text = " ".join(str(value).split())[:40]
        try:
            is_zero = float(text) == 0
        except ValueError:
            is_zero = not text
        # Zero is how many programs write that they do not know.
        return "" if is_zero else f"its {_WORDS[field]} {text!r} is no size, and is left out"
    return f"its {_WORDS[field]} is in {word!r}, which is no unit that is known, and is left out"
