"""Facts of the fields of a Settings class: kind, unit, bounds, words. The one reader of pydantic.

Forms, tooltips and the reference page ask here for what a field declares.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from napari_celltrack.settings import Settings, unit_of

Kind = Literal[
    "number", "flag", "choice", "choices", "text", "texts", "settings", "methods", "steps"
]
#: Classes by the name of their method.
Methods: TypeAlias = dict[str, type[Settings]]

#: Choices whose names are abbreviations.
_SPELLED_OUT = {"min": "minimum", "max": "maximum", "sd": "standard deviation"}
#: Kinds that hold settings of their own: one value, one of several methods, a list of methods.
SECTIONS: tuple[Kind, ...] = ("settings", "methods", "steps")


@dataclass(frozen=True)
class FieldFacts:
    """What one field of a Settings class declares.

    Parameters
    ----------
    name, title, help : str
        Name in the class; words to show.
    annotation : type
        As the field declares it.
    default : object
        Its default.
    kind : str
        What may be edited of it; see :data:`Kind`.
    unit : str
        E.g. ``"px"``, or empty.
    optional : bool
        Whether None is a value.
    is_int : bool
        Whether a number is whole, or a text may be a whole number.
    advanced : bool
        Whether it is right as it is for nearly every movie.
    bounds : mapping of str to float
        By ``ge``, ``gt``, ``le`` and ``lt``.
    choices : tuple
        Values of a choice.
    methods : dict
        Classes by method name, for a section.
    """

    name: str
    title: str
    help: str
    annotation: Any
    default: Any
    kind: Kind
    unit: str = ""
    optional: bool = False
    is_int: bool = False
    advanced: bool = False
    bounds: Mapping[str, float] = field(default_factory=dict)
    choices: tuple[Any, ...] = ()
    methods: Methods = field(default_factory=dict)

    @property
    def lower(self) -> float | None:
        """The lower bound; an excluded one is returned as it is, the class refuses the value."""
        return self.bounds.get("ge", self.bounds.get("gt"))

    @property
    def upper(self) -> float | None:
        """The upper bound, as in :attr:`lower`."""
        return self.bounds.get("le", self.bounds.get("lt"))


@cache
def all_fields_of(cls: type[Settings]) -> tuple[FieldFacts, ...]:
    """Return the fields of a class in the order of their declaration.

    Parameters
    ----------
    cls : type
        A Settings class.

    Returns
    -------
    tuple of FieldFacts
    """
    return tuple(_facts(name, info) for name, info in cls.model_fields.items())


@cache
def fields_of(cls: type[Settings]) -> tuple[FieldFacts, ...]:
    """Return the fields that a user can change: all but constants such as the method's name.

    Parameters
    ----------
    cls : type
        A Settings class.

    Returns
    -------
    tuple of FieldFacts
    """
    facts = all_fields_of(cls)
    return tuple(each for each in facts if not (each.kind == "choice" and len(each.choices) == 1))


def methods_of(annotation: Any) -> tuple[type[Settings], ...]:
    """Return the settings classes that a field may hold: one, a menu of them, or none.

    Parameters
    ----------
    annotation : type
        As a field declares it; tuples, options and annotations are looked into.
    """
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return (annotation,)
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple):
        found = (methods_of(part) for part in get_args(annotation))
        return tuple(dict.fromkeys(cls for classes in found for cls in classes))
    return ()


def method_name(cls: type[Settings]) -> str:
    """Return the name of a method as recipes spell it, or of the class of one that has none."""
    info = cls.model_fields.get("method")
    return str(info.default) if info else cls.__name__


def title_of(cls: type[Settings]) -> str:
    """Return what a method is called in a menu: the title of its class, or its name in words."""
    return cls.model_config.get("title") or in_words(method_name(cls))


def in_words(identifier: str) -> str:
    """Return an identifier as it stands in a menu, e.g. ``"Fill holes"``."""
    words = _SPELLED_OUT.get(identifier, identifier).replace("_", " ")
    return words[:1].upper() + words[1:]


def summary_of(cls: type[Settings]) -> str:
    """Return the first paragraph of what a settings class says about itself."""
    return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


def help_of(cls: type[Settings]) -> str:
    """Return what a menu says about a method: what it does, and how recipes spell it."""
    return f"{summary_of(cls)}\nIn a recipe: {method_name(cls)}"


def _facts(name: str, info: FieldInfo) -> FieldFacts:
    bare, metadata = _strip(info.annotation)
    optional = type(None) in get_args(bare)
    if optional:
        inner = [arg for arg in get_args(bare) if arg is not type(None)]
        # X | Y cannot be written for types that are known only when this runs.
        bare, more = _strip(inner[0] if len(inner) == 1 else Union[tuple(inner)])  # noqa: UP007
        metadata += more
    extra = info.json_schema_extra
    return FieldFacts(
        name=name,
        title=info.title or in_words(name),
        help=info.description or "",
        annotation=info.annotation,
        default=info.get_default(call_default_factory=True),
        unit=unit_of(name),
        optional=optional,
        advanced=isinstance(extra, dict) and bool(extra.get("advanced")),
        bounds=_bounds([*info.metadata, *metadata]),
        **_kind(bare),
    )


def _kind(bare: Any) -> dict[str, Any]:
    """Return the kind of a bare annotation and what belongs to it."""
    if methods := _by_method(bare):
        one = "methods" if len(methods) > 1 else "settings"
        return {"kind": "steps" if get_origin(bare) is tuple else one, "methods": methods}
    item = get_args(bare)[0] if get_origin(bare) is tuple else None
    if get_origin(item or bare) is Literal:
        return {"kind": "choices" if item else "choice", "choices": get_args(item or bare)}
    if item:
        return {"kind": "texts", "is_int": int in (item, *get_args(item))}
    if bare in (bool, int, float):
        return {"kind": "flag" if bare is bool else "number", "is_int": bare is int}
    return {"kind": "text", "is_int": int in get_args(bare)}


def _by_method(annotation: Any) -> Methods:
    return {method_name(cls): cls for cls in methods_of(annotation)}


def _bounds(metadata: list[Any]) -> dict[str, float]:
    return {
        key: getattr(rule, key)
        for key in ("ge", "gt", "le", "lt")
        for rule in metadata
        if getattr(rule, key, None) is not None
    }


def _strip(annotation: Any) -> tuple[Any, list[Any]]:
    """Take ``Annotated`` off; return what is inside and what was annotated."""
    metadata: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata += more
    # A Field() inside Annotated carries its constraints in a list of its own.
    inner = [c for entry in metadata if isinstance(entry, FieldInfo) for c in entry.metadata]
    return annotation, [*metadata, *inner]
