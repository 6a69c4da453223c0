"""A recipe as a short Python script: the same answer without a window."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import Settings

_PACKAGE = "napari_celltrack"
_WIDTH = 88
_INDENT = "    "
#: Placeholder for the movie where none is named.
_ANY_MOVIE = "movie.tif"
#: The field that names the method; in Python the class does.
_TAG = "method"

_SCRIPT = '''\
"""Count cells and follow them: made by napari-celltrack {version}."""

{imports}

recipe = {recipe}

movie = open_movie({opened}){note}
objects, overlaps, shifts_px = [], [], {{}}
for found in run(movie, recipe):
    print(f"frame {{found.frame}}: {{len(found.objects)}} cells")
    objects.append(found.objects)
    overlaps.append(found.overlaps)
    shifts_px[found.frame] = found.shift_px
tables = link_objects(movie, recipe, objects, overlaps, shifts_px)

tables.objects.to_csv("objects.csv", index=False)  # a row a cell and frame
tables.tracks.to_csv("tracks.csv", index=False)  # a row a track
tables.counts.to_csv("counts.csv", index=False)  # a row a frame
tables.events.to_csv("events.csv", index=False)  # a row a place that deserves a look
tables.drift.to_csv("drift.csv", index=False)  # a row a frame
'''


def to_script(recipe: Recipe, movie_path: str | Path | None = None) -> str:
    """Return a script that runs a recipe on a movie and writes its tables as CSV.

    It names only what differs from the defaults, and uses only public names of the package.
    Exports other than tables are left out.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    movie_path : str or Path, optional
        The file, folder or pattern to open; by default a name to be replaced.

    Returns
    -------
    str
        Python source.
    """
    opened = repr_of(str(movie_path or _ANY_MOVIE))
    if recipe.input.axes is not None:
        opened += f", axes={repr_of(recipe.input.axes)}"
    return _SCRIPT.format(
        version=import_module(_PACKAGE).__version__,
        imports="\n".join(_imports(recipe)),
        recipe=constructor_of(recipe),
        opened=opened,
        note="" if movie_path else "  # your file, folder or pattern",
    )


def constructor_of(value: Any, indent: str = "") -> str:
    """Return the Python expression that makes a setting, without its defaults.

    Parameters
    ----------
    value : Settings, tuple, str, number or None
        A recipe or a part of it.
    indent : str
        Of the line that the expression begins in; used where it is broken over several lines.
    """
    if isinstance(value, Settings):
        name = type(value).__name__
        parts = [(f"{field}=", setting) for field, setting in _changed(value)]
        return _call(f"{name}(", parts, ")", indent)
    if isinstance(value, tuple):
        # A comma makes a tuple of one.
        close = ",)" if len(value) == 1 else ")"
        return _call("(", [("", part) for part in value], close, indent)
    return repr_of(value)


def repr_of(value: Any) -> str:
    """Return a plain value as Python writes it, text in double quotes."""
    if isinstance(value, str) and '"' not in value:
        return f'"{repr(value)[1:-1]}"'.replace("\\'", "'")
    return repr(value)


def _call(begin: str, parts: list[tuple[str, Any]], end: str, indent: str) -> str:
    """Write an expression in one line, or each of its parts in its own line."""
    line = begin + ", ".join(name + constructor_of(part) for name, part in parts) + end
    if not parts or ("\n" not in line and len(indent) + len(line) < _WIDTH):
        return line
    inner = indent + _INDENT
    lines = (f"{inner}{name}{constructor_of(part, inner)},\n" for name, part in parts)
    return f"{begin}\n{''.join(lines)}{indent}{end[-1]}"


def _changed(value: Settings) -> Iterator[tuple[str, Any]]:
    """Yield the fields that differ from their defaults, and their values."""
    for name, field in type(value).model_fields.items():
        setting = getattr(value, name)
        if name != _TAG and (
            field.is_required() or setting != field.get_default(call_default_factory=True)
        ):
            yield name, setting


def _imports(recipe: Recipe) -> Iterator[str]:
    """Yield a line for each package that the script takes names from."""
    homes: dict[str, set[str]] = {_PACKAGE: {"link_objects", "open_movie", "run"}}
    for cls in _classes(recipe):
        homes.setdefault(_home(cls), set()).add(cls.__name__)
    for home, names in sorted(homes.items()):
        # Classes first, then functions, as import sorters have it.
        ordered = sorted(names, key=lambda name: (name.islower(), name))
        line = f"from {home} import {', '.join(ordered)}"
        if len(line) > _WIDTH:
            lines = (f"{_INDENT}{name},\n" for name in ordered)
            line = f"from {home} import (\n{''.join(lines)})"
        yield line


def _classes(value: Any) -> Iterator[type[Settings]]:
    """Yield the classes that :func:`constructor_of` names."""
    if isinstance(value, Settings):
        yield type(value)
        for _, setting in _changed(value):
            yield from _classes(setting)
    elif isinstance(value, tuple):
        for part in value:
            yield from _classes(part)


def _home(cls: type[Settings]) -> str:
    """Return the shortest package that has a class among its public names."""
    parts = cls.__module__.split(".")
    packages = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
    return next(
        package
        for package in packages
        if package == cls.__module__
        or cls.__name__ in getattr(import_module(package), "__all__", ())
    )
