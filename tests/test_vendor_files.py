"""Files of microscopes that are not read say how their images get here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch import find_inputs
from napari_celltrack.errors import CelltrackError, MovieError
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe

#: Names, how such files begin, and the program to export from.
FILES = {
    "a.czi": (b"ZISRAWFILE" + bytes(60), "ZEN"),
    "a.lif": (b"\x70\0\0\0" + bytes(60), "LAS X"),
    "a.nd2": (b"\xda\xce\xbe\x0a" + bytes(60), "NIS-Elements"),
    "a.oib": (b"\xd0\xcf\x11\xe0" + bytes(60), "FluoView"),
    "a.vsi": (b"II*\0" + bytes(60), "cellSens"),
    "A.IMS": (b"\x89HDF\r\n\x1a\n" + bytes(60), "Imaris"),
    "renamed.tif": (b"ZISRAWFILE" + bytes(60), "ZEN"),
    "a.mrc": (bytes(64), "Fiji"),
    "a.npy": (b"\x93NUMPY" + bytes(60), "tifffile.imwrite"),
}


@pytest.fixture(params=FILES)
def file(request, tmp_path: Path) -> tuple[Path, str]:
    """Return a file of another program, and what has to be named."""
    begin, program = FILES[request.param]
    path = tmp_path / "images" / request.param
    path.parent.mkdir()
    path.write_bytes(begin)
    return path, program


def test_a_file_of_another_program_names_the_way_out(file) -> None:
    path, program = file
    with pytest.raises(MovieError) as refused:
        open_movie(path)
    assert program in str(refused.value)
    assert str(refused.value).startswith(path.name)
    assert "TIFF" in str(refused.value)
    assert str(refused.value).endswith(".")


def test_the_command_line_names_the_way_out(file, tmp_path: Path) -> None:
    path, program = file
    assert program in celltrack("info", path, code=2).stderr
    Recipe().save(tmp_path / "recipe.yaml")
    run = celltrack("run", tmp_path / "recipe.yaml", path, "--out", tmp_path / "out", code=1)
    assert program in run.stdout + run.stderr


def test_a_folder_of_them_names_the_way_out(file) -> None:
    path, program = file
    if path.suffix == ".tif":  # by its name it is an image, and is opened to see
        assert len(find_inputs([path.parent]).items) == 1
        return
    with pytest.raises(MovieError, match=program):
        open_movie(path.parent)
    with pytest.raises(CelltrackError, match=program):
        find_inputs([path.parent])


def test_one_among_images_is_passed_over_with_its_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    image = np.zeros((32, 32), np.uint8)
    image[4:12, 4:12] = 200
    tifffile.imwrite(folder / "b.tif", image)
    (folder / "a.czi").write_bytes(FILES["a.czi"][0])
    (folder / "notes.txt").write_text("hello")
    found = find_inputs([folder])
    assert [item.file for item in found.items] == ["b.tif"]
    assert "ZEN" in found.reasons[0]
    assert found.reasons[1] == "it is no image"
    Recipe().save(tmp_path / "recipe.yaml")
    run = celltrack("run", tmp_path / "recipe.yaml", folder, "--out", tmp_path / "out")
    assert "export it from ZEN as OME-TIFF" in " ".join(run.stderr.split())
