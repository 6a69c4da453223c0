from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs the command as if packages were not installed, and keeps a window from opening.
_COMMAND = """
import subprocess, sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))
def opened(command, check):
    print("opened", *command[1:])
    return subprocess.CompletedProcess(command, 3)
subprocess.run = opened
from napari_celltrack.cli.command import main
try:
    main()
finally:
    print([name for name in ("napari", "qtpy", "numpy") if sys.modules.get(name)], file=sys.stderr)
"""
_QT = "PyQt6,PySide6,PyQt5,PySide2"


def celltrack(*arguments: object, without: str = "nothing", display: bool = True):
    """Run the command in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if "DISPLAY" not in k}
    if display:
        environment["DISPLAY"] = ":0"
    return subprocess.run(
        [sys.executable, "-c", _COMMAND, without, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_opens_a_window_with_the_files_and_ends_as_it_ends(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    done = celltrack("view", tmp_path / "a.mp4", tmp_path, "t*.tif")
    expected = f"opened -m napari_celltrack.gui -- {tmp_path / 'a.mp4'} {tmp_path} t*.tif\n"
    assert done.stdout == expected
    assert done.returncode == 3


def test_without_a_command_it_opens_an_empty_window() -> None:
    done = celltrack()
    assert done.stdout == "opened -m napari_celltrack.gui --\n"


@pytest.mark.parametrize("without", ["napari", _QT])
def test_without_napari_it_says_how_to_get_it(without: str) -> None:
    done = celltrack("view", without=without)
    assert done.returncode == 2
    assert "pip install 'napari-celltrack[all]'" in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only here a display may be missing")
def test_without_a_display_it_says_so() -> None:
    done = celltrack(display=False)
    assert done.returncode == 2
    assert "no display" in done.stderr


def test_a_file_that_is_not_there_is_said_before_the_window_opens(tmp_path: Path) -> None:
    done = celltrack("view", tmp_path / "none.tif")
    assert done.returncode == 2
    assert "none.tif does not exist" in done.stderr.replace("\n", " ")
    assert done.stdout == ""


def test_help_imports_nothing_heavy() -> None:
    done = celltrack("--help")
    assert done.returncode == 0
    assert "view" in done.stdout
    assert done.stderr.splitlines()[-1] == "[]"
