"""Units of length and time, in all the ways in which programs and people write them.

A unit is a stem, such as metre, and a prefix, such as micro; both as a word or as an abbreviation.
Upper and lower case mean the same.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from typing import Any

_PREFIXES = {
    "femto": 1e-15, "f": 1e-15,
    "pico": 1e-12, "p": 1e-12,
    "nano": 1e-9, "n": 1e-9,
    "micro": 1e-6, "µ": 1e-6, "u": 1e-6, "mc": 1e-6,
    "milli": 1e-3, "m": 1e-3,
    "centi": 1e-2, "c": 1e-2,
    "deci": 1e-1, "d": 1e-1,
    "kilo": 1e3, "k": 1e3,
    "": 1.0,
}  # fmt: skip
#: Micrometres in one unit that takes a prefix, and in one that takes none.
_METRES = {"m": 1e6, "meter": 1e6, "metre": 1e6, "mètre": 1e6, "metro": 1e6}
_LENGTHS = {"µ": 1.0, "mu": 1.0, "micro": 1.0, "micron": 1.0, "angstrom": 1e-4, "ångström": 1e-4,
            "ångstrom": 1e-4, "å": 1e-4}  # fmt: skip
#: Seconds, in the same way.
_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconde": 1.0}
_TIMES = {"min": 60.0, "minute": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "d": 86400.0,
          "day": 86400.0}  # fmt: skip
#: What stands for "not calibrated": nothing needs to be said of it.
_NO_UNITS = frozenset(
    ("", "pixel", "pixels", "px", "pix", "frame", "frames", "none", "null", "unknown", "undefined",
     "referenceframe", "unit", "units")
)  # fmt: skip
_MAY_BE_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)


def _table(stems: dict[str, float], others: dict[str, float]) -> dict[str, float]:
    """Return the value of each spelling of each unit, in the singular and the plural."""
    one = {
        prefix + stem: factor * value
        for prefix, factor in _PREFIXES.items()
        for stem, value in stems.items()
    } | others
    # Abbreviations of one letter have no plural: "ms" is no number of metres.
    return {name + "s": value for name, value in one.items() if len(name) > 1} | one


#: µm in one unit of length. Inches are absent on purpose: they come from the dpi of a printer.
_UM_PER_UNIT = _table(_METRES, _LENGTHS)
_S_PER_UNIT = _table(_SECONDS, _TIMES)


def length_um(value: Any, unit: Any) -> float | None:
    """Return a length in µm, or None if value or unit make no sense."""
    return _in_unit(value, unit, _UM_PER_UNIT)


def time_s(value: Any, unit: Any) -> float | None:
    """Return a time in s, or None if value or unit make no sense."""
    return _in_unit(value, unit, _S_PER_UNIT)


def is_no_unit(unit: Any) -> bool:
    """Whether a word says that there is no calibration, such as pixel or nothing at all."""
    return _plain(unit) in _NO_UNITS


def number_of(value: Any) -> float | None:
    """Return a positive finite number, or None; a comma may stand for the decimal point.

    1,000 is none: it may be one or a thousand.
    """
    if isinstance(value, str) and not _MAY_BE_THOUSANDS.fullmatch(value.strip()):
        value = value.strip().replace(",", ".")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _in_unit(value: Any, unit: Any, units: dict[str, float]) -> float | None:
    number, factor = number_of(value), units.get(_plain(unit))
    result = number * factor if number is not None and factor is not None else None
    return result if result is not None and math.isfinite(result) and result > 0 else None


def _plain(unit: Any) -> str:
    """Return a unit as the tables have it."""
    return _as_in_tables("" if unit is None else str(unit))


@lru_cache(maxsize=256)
def _as_in_tables(unit: str) -> str:
    """Return a unit without what spellings differ in.

    ImageJ writes µ as the six characters of its escape; µ also exists as the Greek letter mu, and
    becomes two characters where UTF-8 was read as Latin-1.
    """
    text = _ESCAPE.sub(lambda code: chr(int(code[1], 16)), unit)
    text = text.replace("Âµ", "µ").replace("Î¼", "µ").strip().strip("\0[]().\"' ")
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_-]+", "", text.replace("\N{GREEK SMALL LETTER MU}", "µ"))
