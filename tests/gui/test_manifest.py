from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from npe2 import PluginManager, PluginManifest
from npe2.manifest.utils import import_python_name
from qtpy.QtWidgets import QWidget

import napari_celltrack
from napari_celltrack.readers import MOVIE_SUFFIXES

FILE = Path(napari_celltrack.__file__).parent / "napari.yaml"
MANIFEST = PluginManifest.from_file(FILE)
COMMANDS = {command.id: command for command in MANIFEST.contributions.commands}


def test_is_what_napari_finds() -> None:
    MANIFEST.validate_imports()
    PluginManager.instance().discover()
    assert "napari-celltrack" in PluginManager.instance()
    assert (Path(__file__).parents[2] / "napari.yaml").resolve() == FILE.resolve()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_each_command_leads_to_something_that_can_be_called(command) -> None:
    assert callable(import_python_name(command.python_name))


@pytest.mark.parametrize("widget", MANIFEST.contributions.widgets, ids=lambda w: w.display_name)
def test_each_widget_is_given_the_viewer(widget) -> None:
    made = import_python_name(COMMANDS[widget.command].python_name)
    assert issubclass(made, QWidget)
    # napari goes by this name; the type is only text, as annotations are postponed.
    assert list(inspect.signature(made).parameters) == ["napari_viewer"]
    assert widget.display_name == COMMANDS[widget.command].title


def test_menu_names_are_plain_and_tabs_differ() -> None:
    names = [widget.display_name for widget in MANIFEST.contributions.widgets]
    names += [sample.display_name for sample in MANIFEST.contributions.sample_data]
    assert all(name == name[0] + name[1:].lower() for name in names)  # sentence case
    tabs = [name.split()[0] for name in names[: len(MANIFEST.contributions.widgets)]]
    assert len(set(tabs)) == len(tabs)


def test_reader_takes_videos_and_no_single_images() -> None:
    (reader,) = MANIFEST.contributions.readers
    suffixes = {pattern.lstrip("*") for pattern in reader.filename_patterns}
    assert suffixes < set(MOVIE_SUFFIXES)
    assert {".mp4", ".avi", ".mov"} < suffixes
    assert not suffixes & {".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif"}
