"""What every setting is, in words, made from the fields that declare them.

The same declarations that forms and checks are made from give the comments of a new recipe and
the reference page of the docs (``python -m napari_celltrack.reference > docs/reference.md``).
"""

from __future__ import annotations

import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import Settings, unit_of

_TABLE_HEAD = (
    "| setting | title | default | limits | what it does |",
    "| --- | --- | --- | --- | --- |",
)
_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


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


def summary_of(cls: type[Settings]) -> str:
    """Return the first sentence of what a settings class says about itself."""
    return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


def limits_of(name: str, field: FieldInfo) -> str:
    """Return unit, bounds and choices of a field in words, e.g. ``px, from 0 to 50``."""
    bounds = {
        word: getattr(rule, key)
        for key, word in _BOUNDS.items()
        for rule in field.metadata
        if getattr(rule, key, None) is not None
    }
    words = [unit_of(name)] if unit_of(name) else []
    if bounds:
        words.append(" ".join(f"{word} {value:g}" for word, value in bounds.items()))
    choices = _choices(field.annotation)
    if len(choices) > 1:
        words.append("one of " + ", ".join(choices))
    return ", ".join(words)


def annotated_yaml(recipe: Recipe) -> str:
    """Return a recipe as YAML with a comment above every setting: what it does, its limits."""
    return "\n".join(_lines(recipe, "")) + "\n"


def reference_page() -> str:
    """Return the reference of all settings as Markdown."""
    parts = [
        "# Settings",
        "Every setting of a recipe, made from the code (`python -m napari_celltrack.reference`). "
        "Lengths are in pixels.",
    ]
    for stage, field in Recipe.model_fields.items():
        if stage != "version":
            parts.append(f"## {stage}\n\n{field.description}")
            parts += _sections(field, stage)
    return "\n\n".join(parts) + "\n"


def _lines(value: Settings, indent: str) -> Iterator[str]:
    for name, field in type(value).model_fields.items():
        menu = methods_of(field.annotation)
        setting = getattr(value, name)
        if name != "method":
            limits = _menu(menu) or limits_of(name, field)
            comment = f"{field.description} ({limits})" if limits else str(field.description)
            mark = f"{indent}# "
            yield from textwrap.wrap(comment, 96, initial_indent=mark, subsequent_indent=mark)
        if isinstance(setting, Settings):
            yield f"{indent}{name}:"
            yield from _lines(setting, indent + "  ")
        elif isinstance(setting, tuple) and menu and setting:
            yield f"{indent}{name}:"
            for step in setting:
                first, *others = _lines(step, indent + "  ")
                yield f"{indent}- {first.strip()}"
                yield from others
        else:
            yield f"{indent}{name}: {_scalar(setting)}"


def _scalar(value: Any) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _menu(methods: tuple[type[Settings], ...]) -> str:
    names = [_method_name(cls) for cls in methods if "method" in cls.model_fields]
    return "methods: " + ", ".join(names) if len(names) > 1 else ""


def _method_name(cls: type[Settings]) -> str:
    return str(cls.model_fields["method"].default)


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        return [choice for part in get_args(annotation) for choice in _choices(part)]
    return []


def _sections(field: FieldInfo, path: str) -> Iterator[str]:
    for cls in methods_of(field.annotation):
        if "method" in cls.model_fields:
            yield f"### {path}: {_method_name(cls)}\n\n{summary_of(cls)}"
        elif "." in path:
            yield f"### {path}\n\n{summary_of(cls)}"
        rows = [
            f"| `{name}` | {inner.title} | {_default(inner)} | {limits_of(name, inner)} "
            f"| {inner.description} |"
            for name, inner in cls.model_fields.items()
            if name != "method"
        ]
        if rows:
            yield "\n".join([*_TABLE_HEAD, *rows])
        for name, inner in cls.model_fields.items():
            if methods_of(inner.annotation):
                yield from _sections(inner, f"{path}.{name}")


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, Settings):
        return _method_name(type(value)) if "method" in type(value).model_fields else ""
    if isinstance(value, tuple):
        steps = [_method_name(type(v)) if isinstance(v, Settings) else str(v) for v in value]
        return ", ".join(steps)
    return "" if value is None else str(value)


if __name__ == "__main__":
    sys.stdout.write(reference_page())
