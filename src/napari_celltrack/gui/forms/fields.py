"""What the fields of a Settings class ask for: kind, bounds, unit, words. Knows no Qt."""

from __future__ import annotations

import re
import types
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from napari_celltrack.settings import Settings, unit_of

Kind = Literal[
    "number", "flag", "choice", "choices", "text", "texts", "settings", "methods", "steps"
]
#: Classes by the name of their method.
Methods: TypeAlias = dict[str, type[Settings]]

#: Kinds that are a section of a form with rows of its own.
SECTIONS: tuple[Kind, ...] = ("settings", "methods", "steps")
#: Fields that are right as they are for nearly every movie; a form folds them away.
RARE = frozenset(
    {
        "adaptive_step",
        "adaptive_stop_px",
        "area_weight",
        "background_px",
        "predict_motion",
        "remove_drift",
        "max_division_distance_px",
        "connectivity",
        "intensity_weight",
        "factor",
        "local_radius_px",
        "max_division_asymmetry",
        "max_gap_distance_px",
        "max_overlap_percent",
        "n_scales",
        "outside",
        "overlap_weight",
        "sigma_ratio",
        "smoothing_px",
        "steepness_percent",
        "unlinked_cost",
    }
)


@dataclass(frozen=True)
class FieldSpec:
    """One field of a Settings class, as a form wants to know it.

    Parameters
    ----------
    name, title, help : str
        Name in the class; words to show.
    kind : str
        What edits it; see :data:`Kind`.
    unit : str
        E.g. ``"px"``, or empty.
    optional : bool
        Whether None is a value.
    is_int : bool
        Whether a number is whole, or a text may be a whole number.
    lower, upper : float or None
        Bounds of a number, both included.
    choices : tuple
        Values of a choice.
    methods : dict
        Classes by method name, for a section.
    discriminator : str
        The field that names the method of a class.
    """

    name: str
    title: str
    help: str
    kind: Kind
    unit: str = ""
    optional: bool = False
    is_int: bool = False
    lower: float | None = None
    upper: float | None = None
    choices: tuple[Any, ...] = ()
    methods: Methods = field(default_factory=dict)
    discriminator: str = "method"


def fields_of(cls: type[Settings]) -> list[FieldSpec]:
    """Return the fields of a class that a user can change, in the order of their declaration.

    Parameters
    ----------
    cls : type
        A Settings class.

    Returns
    -------
    list of FieldSpec
        Without constants such as the name of the method.
    """
    specs = (_spec(name, info) for name, info in cls.model_fields.items())
    return [spec for spec in specs if not (spec.kind == "choice" and len(spec.choices) == 1)]


def is_folded(spec: FieldSpec, cls: type[Settings]) -> bool:
    """Whether a form folds a field of a class away; never all of its fields."""
    return spec.name in RARE and any(each.name not in RARE for each in fields_of(cls))


def half_sentence(help_: str) -> str:
    """Return the beginning of a help as it stands beside a title: one clause, no full stop."""
    clause = re.split(r"[.;,](?:\s|$)", help_, maxsplit=1)[0]
    return clause[:1].lower() + clause[1:]


def method_title(method: str) -> str:
    """Return the name of a method as it stands in a menu, e.g. ``"Fill holes"``."""
    words = method.replace("_", " ")
    return words[:1].upper() + words[1:]


def method_help(cls: type[Settings]) -> str:
    """Return the first paragraph of a method's docstring, which says what it does."""
    paragraph = (cls.__doc__ or "").strip().split("\n\n", maxsplit=1)[0]
    return " ".join(paragraph.split())


def method_of(spec: FieldSpec, value: Settings) -> str:
    """Return the name of the method that a value is of."""
    names = [name for name, cls in spec.methods.items() if type(value) is cls]
    return names[0]


def _spec(name: str, info: FieldInfo) -> FieldSpec:
    bare, metadata = _strip(info.annotation)
    optional = False
    if _is_union(bare) and type(None) in get_args(bare):
        optional = True
        inner = [arg for arg in get_args(bare) if arg is not type(None)]
        # X | Y cannot be written for types that are known only when this runs.
        bare, more = _strip(inner[0] if len(inner) == 1 else Union[tuple(inner)])  # noqa: UP007
        metadata = [*metadata, *more]
    lower, upper = _bounds([*info.metadata, *metadata])
    return FieldSpec(
        name=name,
        title=info.title or method_title(name),
        help=info.description or "",
        unit=unit_of(name),
        optional=optional,
        lower=lower,
        upper=upper,
        **_kind(bare, _discriminator([info, *metadata])),
    )


def _kind(bare: Any, discriminator: str | None) -> dict[str, Any]:
    """Return the kind of a bare annotation and what belongs to it."""
    if bare is bool:
        return {"kind": "flag"}
    if bare in (int, float):
        return {"kind": "number", "is_int": bare is int}
    if get_origin(bare) is Literal:
        return {"kind": "choice", "choices": get_args(bare)}
    if get_origin(bare) is tuple:
        return _kind_of_tuple(get_args(bare)[0])
    if classes := _settings_classes(bare):
        name = discriminator or "method"
        kind = "methods" if len(classes) > 1 else "settings"
        return {"kind": kind, "methods": _by_method(classes, name), "discriminator": name}
    return {"kind": "text", "is_int": int in get_args(bare)}


def _kind_of_tuple(item: Any) -> dict[str, Any]:
    bare, metadata = _strip(item)
    if classes := _settings_classes(bare):
        name = _discriminator(metadata) or "method"
        return {"kind": "steps", "methods": _by_method(classes, name), "discriminator": name}
    if get_origin(bare) is Literal:
        return {"kind": "choices", "choices": get_args(bare)}
    return {"kind": "texts", "is_int": bare is int or int in get_args(bare)}


def _settings_classes(bare: Any) -> list[type[Settings]]:
    """Return the classes of a union of Settings, or an empty list for anything else."""
    members = [_strip(arg)[0] for arg in get_args(bare)] if _is_union(bare) else [bare]
    if all(isinstance(member, type) and issubclass(member, Settings) for member in members):
        return members
    return []


def _by_method(classes: list[type[Settings]], discriminator: str) -> Methods:
    methods: Methods = {}
    for cls in classes:
        info = cls.model_fields.get(discriminator)
        named = get_args(info.annotation) if info else ()
        methods[named[0] if named else cls.__name__] = cls
    return methods


def _bounds(metadata: list[Any]) -> tuple[float | None, float | None]:
    """Return the bounds; an excluded one is returned as it is, the model refuses the value."""
    lower = upper = None
    for constraint in metadata:
        for name in ("ge", "gt"):
            lower = getattr(constraint, name, lower)
        for name in ("le", "lt"):
            upper = getattr(constraint, name, upper)
    return lower, upper


def _discriminator(metadata: list[Any]) -> str | None:
    names = (getattr(entry, "discriminator", None) for entry in metadata)
    return next((name for name in names if isinstance(name, str)), None)


def _strip(annotation: Any) -> tuple[Any, list[Any]]:
    """Take ``Annotated`` off; return what is inside and what was annotated."""
    metadata: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    # A Field() inside Annotated carries its constraints in a list of its own.
    inner = [c for entry in metadata if isinstance(entry, FieldInfo) for c in entry.metadata]
    return annotation, [*metadata, *inner]


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)
