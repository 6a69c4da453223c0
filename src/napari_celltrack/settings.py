"""Settings: the frozen base of everything that users can tune.

A *method* of any stage is a subclass with one ``__call__``: its parameters are fields, its data
is the argument. Type, default, bounds, title and help of a parameter are declared once, in its
field; forms, tooltips, YAML, checks and the reference page are made from that declaration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_celltrack.errors import RecipeError

SettingsT = TypeVar("SettingsT", bound="Settings")
_MethodT = TypeVar("_MethodT")

#: One of several methods, e.g. ``OneOf[Otsu | Manual]``: a recipe names it by ``method``.
OneOf = Annotated[_MethodT, Field(discriminator="method")]

#: ``json_schema_extra`` of a field that is right as it is for nearly every movie: forms fold it
#: away.
ADVANCED: dict[str, Any] = {"advanced": True}

#: As many mistakes are told; a file of something else has thousands.
_MOST_MISTAKES = 20

#: The unit of a field is the ending of its name.
UNIT_OF_SUFFIX = {
    "_px": "px",
    "_px2": "px²",
    "_um": "µm",
    "_um2": "µm²",
    "_s": "s",
    "_frames": "frames",
    "_percent": "%",
    "_rad": "rad",
    "_px_per_frame": "px/frame",
    "_um_per_s": "µm/s",
}


class Settings(BaseModel):
    """A frozen group of parameters; unknown keys, NaN and out-of-range values are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    def replace(self: SettingsT, **changes: Any) -> SettingsT:
        """Return a validated copy with some fields changed.

        Parameters
        ----------
        **changes
            New values by field name.

        Returns
        -------
        Settings
            A new value of the same class.

        Raises
        ------
        RecipeError
            If a name is unknown or a value is out of range.
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return parse(type(self), {**values, **changes})


def parse(cls: type[SettingsT], values: Any) -> SettingsT:
    """Validate plain values into settings, or say in words what is wrong and where.

    Parameters
    ----------
    cls : type
        The settings class to make.
    values : dict
        Plain values, as read from YAML.

    Returns
    -------
    Settings
        An instance of `cls`.

    Raises
    ------
    RecipeError
        One sentence per mistake, each with the path of its field.
    """
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        mistakes = list(_sentences(error, values))
        if len(mistakes) > _MOST_MISTAKES:
            mistakes[_MOST_MISTAKES:] = [f"and {len(mistakes) - _MOST_MISTAKES} more"]
        raise RecipeError("; ".join(mistakes)) from error


def unit_of(name: str) -> str:
    """Return the unit that the name of a field or column ends in, or an empty string."""
    endings = [ending for ending in UNIT_OF_SUFFIX if name.endswith(ending)]
    return UNIT_OF_SUFFIX[max(endings, key=len)] if endings else ""


def _sentences(error: ValidationError, values: Any) -> Iterable[str]:
    for mistake in error.errors(include_url=False):
        yield f"{_path(mistake['loc'], values)}: {_in_words(mistake)}"


def _path(location: tuple[int | str, ...], value: Any) -> str:
    """Join a location into ``preprocess[0].sigma_px``.

    pydantic puts the name of the chosen method into the location of a menu of methods. The user
    did not write it, so it is left out.
    """
    path = ""
    for part in location:
        if part == _entry(value, "method"):
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
        value = _entry(value, part)
    return path.lstrip(".") or "recipe"


def _entry(value: Any, part: int | str) -> Any:
    """Return one entry of a mapping, sequence or settings, or None where there is none."""
    if isinstance(part, int):
        return value[part] if isinstance(value, list | tuple) and part < len(value) else None
    return value.get(part) if isinstance(value, dict) else getattr(value, part, None)


def _in_words(mistake: Any) -> str:
    kind, value, context = mistake["type"], mistake["input"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return "is not a known setting, check its spelling"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_invalid":
        return f"unknown method {context['tag']!r}, use one of {context['expected_tags']}"
    if kind == "union_tag_not_found":
        return "needs a 'method'"
    message = mistake["msg"].removeprefix("Value error, ")
    shown = repr(value)
    return f"{message[0].lower()}{message[1:]}, not {shown if len(shown) < 60 else 'this value'}"
