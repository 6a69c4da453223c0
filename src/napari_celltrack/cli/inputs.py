"""Which files a command is to work on, and how: options that ``run`` and ``plan`` share.

Nothing heavy is imported before a command runs: ``celltrack --help`` is to answer at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_celltrack.errors import CelltrackError

if TYPE_CHECKING:
    from napari_celltrack.batch import Inputs
    from napari_celltrack.batch.overrides import Overrides
    from napari_celltrack.recipe import Recipe

OVERRIDES = "overrides.yaml"

RecipeFile = Annotated[Path, typer.Argument(help="A recipe as YAML.", show_default=False)]
InputPaths = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Image files, or folders: each file in a folder is one item.",
        show_default=False,
    ),
]
Pattern = Annotated[
    str | None, typer.Option(help="Which files of a folder to take, e.g. 'f*.tif'.")
]
Names = Annotated[
    str | None,
    typer.Option(
        help="What file names mean, e.g. '{condition}_w{well}_*.tif'; fields become columns."
    ),
]
Frames = Annotated[
    bool, typer.Option("--frames", help="Each folder is one movie, one file per frame.")
]
Also = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=PATH",
        help="Measure other files of the same frames too, e.g. 'er=er/{name}.tif'.",
        show_default=False,
    ),
]
OverridesFile = Annotated[
    Path | None,
    typer.Option(
        help="Changes of the recipe for some files; without it, overrides.yaml in the input "
        "folder if there is one.",
        show_default=False,
    ),
]
Rescale = Annotated[
    bool, typer.Option("--rescale", help="Adapt lengths to the pixel size of each file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@dataclass(frozen=True)
class Chosen:
    """With which settings a command is to work, and on which files."""

    recipe: RecipeFile
    inputs: InputPaths
    pattern: Pattern = None
    names: Names = None
    frames: Frames = False
    also: Also = None
    overrides: OverridesFile = None
    rescale: Rescale = False

    def load(self, out: Path | None) -> tuple[Recipe, Overrides | None, Inputs]:
        """Return the recipe, its overrides and the files, where results are to go into a folder.

        Raises
        ------
        CelltrackError
            If one of them cannot be read, or there is nothing to work on.
        """
        from napari_celltrack.batch import find_inputs
        from napari_celltrack.recipe import Recipe

        settings = Recipe.load(self.recipe)
        changes = load_overrides(self.overrides, self.inputs, settings)
        found = find_inputs(
            self.inputs,
            pattern=self.pattern,
            frames=self.frames,
            out=out,
            names=self.names,
            also=named_files(self.also or []),
        )
        return settings, changes, found


def takes_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :class:`Chosen` in place of its first parameter."""
    shared = signature(Chosen, eval_str=True).parameters
    _, *own = signature(command, eval_str=True).parameters.values()
    options = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in (*own, *shared.values())]

    def run_command(**given: Any) -> None:
        chosen = Chosen(**{name: given.pop(name) for name in shared})
        command(chosen, **given)

    run_command.__name__, run_command.__doc__ = command.__name__, command.__doc__
    run_command.__annotations__ = {each.name: each.annotation for each in options}
    # This is where typer looks for the options of a command.
    run_command.__signature__ = Signature(options)  # type: ignore[attr-defined]
    return run_command


def load_overrides(file: Path | None, inputs: Sequence[str], recipe: Recipe) -> Overrides | None:
    """Return the overrides that were named, or those that lie in the one folder of the input.

    Parameters
    ----------
    file : Path or None
        As it was named.
    inputs : sequence of str
        Paths of the command line.
    recipe : Recipe
        What they change.

    Raises
    ------
    RecipeError
        If they cannot be read, or make no recipe.
    """
    from napari_celltrack.batch.overrides import Overrides

    if file is None and len(inputs) == 1:
        beside = Path(inputs[0]) / OVERRIDES
        file = beside if beside.is_file() else None
    return None if file is None else Overrides.load(file, recipe)


def named_files(texts: Sequence[str]) -> dict[str, str]:
    """Return name and path of other files from texts such as ``er=er/{name}.tif``.

    Raises
    ------
    CelltrackError
        If a text has no name or no path.
    """
    named = {}
    for text in texts:
        name, sign, path = text.partition("=")
        if not (name and sign and path):
            raise CelltrackError(
                f"{text!r} does not say which files to measure too; write NAME=PATH, such as "
                "er=er/{name}.tif."
            )
        named[name] = path
    return named
