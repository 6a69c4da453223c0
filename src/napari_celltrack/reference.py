"""What every setting is, in words, made from the fields that declare them.

The same declarations that forms and checks are made from give the comments of a new recipe and
the reference page of the docs (``python -m napari_celltrack.reference > docs/reference.md``).
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from napari_celltrack.field_facts import (
    FieldFacts,
    all_fields_of,
    fields_of,
    method_name,
    summary_of,
    title_of,
)
from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import Settings

_TABLE_HEAD = (
    "| setting | title | default | limits | what it does |",
    "| --- | --- | --- | --- | --- |",
)
_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


def limits_of(facts: FieldFacts) -> str:
    """Return unit, bounds and choices of a field in words, e.g. ``px, from 0 to 50``."""
    words = [facts.unit] if facts.unit else []
    bounds = [f"{_BOUNDS[key]} {value:g}" for key, value in facts.bounds.items()]
    if bounds:
        words.append(" ".join(bounds))
    if len(facts.choices) > 1:
        words.append("one of " + ", ".join(map(str, facts.choices)))
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
    for stage in fields_of(Recipe):
        parts.append(f"## {stage.name}\n\n{stage.help}")
        parts += _sections(stage, stage.name)
    return "\n\n".join(parts) + "\n"


def _lines(value: Settings, indent: str) -> Iterator[str]:
    for facts in all_fields_of(type(value)):
        name, setting = facts.name, getattr(value, facts.name)
        if name != "method":
            limits = _menu(facts) or limits_of(facts)
            comment = f"{facts.help} ({limits})" if limits else facts.help
            mark = f"{indent}# "
            yield from textwrap.wrap(comment, 96, initial_indent=mark, subsequent_indent=mark)
        if isinstance(setting, Settings):
            yield f"{indent}{name}:"
            yield from _lines(setting, indent + "  ")
        elif facts.kind == "steps" and setting:
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


def _menu(facts: FieldFacts) -> str:
    return "methods: " + ", ".join(facts.methods) if len(facts.methods) > 1 else ""


def _sections(facts: FieldFacts, path: str) -> Iterator[str]:
    for name, cls in facts.methods.items():
        if "method" in cls.model_fields:
            yield f"### {path}: {name}\n\n**{title_of(cls)}**. {summary_of(cls)}"
        elif "." in path:
            yield f"### {path}\n\n{summary_of(cls)}"
        fields = fields_of(cls)
        rows = [
            f"| `{each.name}` | {each.title} | {_default(each)} | {limits_of(each)} | {each.help} |"
            for each in fields
        ]
        if rows:
            yield "\n".join([*_TABLE_HEAD, *rows])
        for each in fields:
            yield from _sections(each, f"{path}.{each.name}")


def _default(facts: FieldFacts) -> str:
    value = facts.default
    if isinstance(value, Settings):
        return method_name(type(value)) if facts.kind == "methods" else ""
    if isinstance(value, tuple):
        steps = [method_name(type(v)) if isinstance(v, Settings) else str(v) for v in value]
        return ", ".join(steps)
    return "" if value is None else str(value)


if __name__ == "__main__":
    sys.stdout.write(reference_page())
