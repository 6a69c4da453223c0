"""The ``celltrack`` command: the engine without a window.

Exit codes: 0 all done, 1 some files failed or the run was stopped, 2 wrong use, 130 stopped before
there was anything to keep.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import napari_celltrack
from napari_celltrack.cli.check import check
from napari_celltrack.cli.inputs import AsJson, RecipeFile
from napari_celltrack.cli.plan import plan
from napari_celltrack.cli.plot import plot
from napari_celltrack.cli.run import (
    OutputFolder,
    Restart,
    Strict,
    err_console,
    out_console,
    plain,
    run,
    run_and_report,
    shown,
)
from napari_celltrack.cli.stopping import STOPPED, stopped_once
from napari_celltrack.cli.streams import accept_all_text, echo_json, echo_yaml
from napari_celltrack.cli.view import demo_table, open_window, why_no_window
from napari_celltrack.errors import CelltrackError

app = typer.Typer(
    help="Count cells and follow them, from image files to tables.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
recipe_app = typer.Typer(help="Make, check and show recipes: settings as one file.")
app.add_typer(recipe_app, name="recipe", no_args_is_help=True)


def main() -> None:
    """Run the command; expected failures are one sentence and exit code 2."""
    accept_all_text()
    with stopped_once():
        try:
            app()
        except CelltrackError as error:
            err_console.print(f"[red]Error:[/] {plain(error)}")
            sys.exit(2)
        except SystemExit as end:
            if end.code == STOPPED:
                err_console.print("Stopped.")
            raise


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Count cells and follow them; without a command, in napari."""
    if version:
        out_console.print(f"celltrack {napari_celltrack.__version__}")
        raise typer.Exit()
    if context.invoked_subcommand is None:
        raise typer.Exit(open_window([]))


@app.command()
def view(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Images, videos, folders of frames, or results of celltrack run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open napari with all docks, and with files; celltrack alone opens it empty."""
    raise typer.Exit(open_window(files or []))


app.command()(run)


@app.command()
def link(  # noqa: PLR0917
    labels: Annotated[
        list[str],
        typer.Argument(
            metavar="LABELS...",
            help="A folder of label images, one a frame; a quoted pattern; or a stack in one file.",
            show_default=False,
        ),
    ],
    out: OutputFolder,
    recipe: Annotated[
        Path | None,
        typer.Option("-r", "--recipe", help="A recipe; its stages from 'objects' on are used."),
    ] = None,
    restart: Restart = False,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Link cells that are labelled already (by Cellpose, StarDist, hand) to tracks.

    The result folder holds tables, the labels and, in 01_RES, tracks in the format of the Cell
    Tracking Challenge; with several LABELS, a folder for each.
    """
    from napari_celltrack.batch import RunOptions, link_labels
    from napari_celltrack.recipe import Recipe

    settings = Recipe.load(recipe) if recipe is not None else None
    events = link_labels(labels, out, settings, RunOptions(restart=restart, strict=strict))
    run_and_report(events, len(labels), out, as_json=as_json)


@app.command()
def score(
    result: Annotated[
        Path,
        typer.Argument(help="A result with 01_RES in it, or 01_RES itself.", show_default=False),
    ],
    truth: Annotated[
        Path, typer.Argument(help="The truth: 01_GT, or its folder TRA.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Compare tracks with truth: cells, links, divisions, and each link that is wrong."""
    from napari_celltrack.analysis import read_ctc, score_ctc
    from napari_celltrack.cli.score import score_texts

    found = score_ctc(read_ctc(result), read_ctc(truth, is_truth=True))
    if as_json:
        echo_json(found.to_json())
    else:
        for text in score_texts(found):
            out_console.print(text)
    if found.measures is None:
        err_console.print(
            r"DET, SEG, TRA and LNK are left out; install them with pip install "
            r"'napari-celltrack\[score]'."
        )


app.command()(check)
app.command()(plan)
app.command()(plot)


@app.command()
def demo(
    out: OutputFolder = Path("celltrack-demo"),
    no_view: Annotated[
        bool, typer.Option("--no-view", help="Do not open napari when it is done.")
    ] = False,
) -> None:
    """Make a movie of dividing nuclei with known truth, run it, and say how well it went."""
    from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
    from napari_celltrack.errors import ResultError
    from napari_celltrack.recipe import Recipe
    from napari_celltrack.results.own_files import FileFact
    from napari_celltrack.results.result_folder import not_ours
    from napari_celltrack.sample_data import dividing_nuclei
    from napari_celltrack.whole_files import written_whole

    made = dividing_nuclei()
    movie_file = out / "movie" / made.name
    try:
        movie_file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(movie_file) as hidden:
            made.save(hidden)
            if os.path.lexists(movie_file) and not FileFact.of(hidden).is_of(movie_file):
                raise ResultError(not_ours(movie_file))
    except OSError as error:
        raise ResultError(
            f"The demo cannot be written to {out} ({error.strerror}); choose another with -o."
        ) from error
    results = out / "results"
    options = RunOptions(restart=True)
    events = run_files(Recipe(), find_inputs([movie_file]), results, options)
    with shown(events, 1) as passing:
        (done,) = [event for event in passing if isinstance(event, FileDone)]
    if done.status == "failed":
        raise CelltrackError(done.error)
    out_console.print(demo_table(done, results / done.item.name, made))
    out_console.print(f"Movie, tables and labels are in {plain(out)}")
    if not no_view and not why_no_window():
        open_window([movie_file])


@app.command()
def info(
    file: Annotated[str, typer.Argument(help="An image file, a folder of frames or a pattern.")],
) -> None:
    """Say how a file is read: axes, channels, calibration, data type; one line a fact."""
    from napari_celltrack.readers import open_movie

    movie = open_movie(file)
    size, interval = movie.pixel_size_um, movie.frame_interval_s
    facts = {
        "file": movie.name,
        "axes": movie.axes + (f"  ({movie.axes_note})" if movie.axes_note else ""),
        "frames": movie.n_frames,
        "planes in Z": movie.n_z,
        "size": f"{movie.width_px} x {movie.height_px} px (width x height)",
        "data type": movie.dtype,
        "channels": ", ".join(movie.channels),
        "pixel size": f"{size[1]:g} x {size[0]:g} µm (width x height)" if size else "unknown",
        "Z step": f"{movie.z_step_um:g} µm" if movie.z_step_um else "unknown",
        "frame interval": f"{interval:g} s" if interval else "unknown",
    }
    if movie.n_z == 1:
        del facts["Z step"]
    for name, value in facts.items():
        out_console.print(f"{name}: {plain(value)}")
    for note in movie.notes:
        if note != movie.axes_note:  # which stands beside the axes
            out_console.print(f"note: {plain(note)}")
    movie.close()


@recipe_app.command("new")
def recipe_new(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write; the screen without it.")
    ] = None,
) -> None:
    """Write the default recipe, with a comment on every setting."""
    from napari_celltrack.recipe import Recipe
    from napari_celltrack.reference import annotated_yaml

    text = annotated_yaml(Recipe())
    if out is None:
        echo_yaml(text)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CelltrackError(f"{out} exists already; choose another name.") from None
    except OSError as error:
        raise CelltrackError(
            f"{out} cannot be written ({error.strerror}); choose another place."
        ) from error
    out_console.print(f"Wrote {plain(out)}")


@recipe_app.command("check")
def recipe_check(file: RecipeFile) -> None:
    """Say whether a recipe is valid, and if not, which settings are wrong."""
    from napari_celltrack.recipe import Recipe

    Recipe.load(file)
    out_console.print(f"{plain(file)} is a valid recipe.")


@recipe_app.command("show")
def recipe_show(file: RecipeFile) -> None:
    """Print a recipe with every setting spelled out, defaults included."""
    from napari_celltrack.recipe import Recipe

    echo_yaml(Recipe.load(file).to_yaml())
