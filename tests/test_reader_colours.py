"""Colours of channels, from what different writers leave in their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_celltrack import open_movie
from napari_celltrack.readers.colours import of_hex, of_micro_manager, of_ome
from readers_scenes import write_ome_zarr

PIXELS = np.zeros((2, 8, 9), np.uint16)


def test_ome_tiff(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    # Red is the highest byte, and the whole number has a sign.
    colours = [0x00FF00FF, int.from_bytes(bytes([255, 0, 255, 255]), "big", signed=True)]
    tifffile.imwrite(
        path,
        PIXELS,
        photometric="minisblack",
        metadata={"axes": "CYX", "Channel": {"Name": ["a", "b"], "Color": colours}},
    )
    assert open_movie(path).colours == ("#00ff00", "#ff00ff")


def test_imagej(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    ramp, dark = np.arange(256, dtype=np.uint8), np.zeros(256, np.uint8)
    tables = [np.stack([ramp, dark, dark]), np.stack([ramp, ramp, ramp])]
    tifffile.imwrite(path, PIXELS, imagej=True, metadata={"axes": "CYX", "LUTs": tables})
    # Grey is no colour.
    assert open_movie(path).colours == ("#ff0000", "")


def test_ome_zarr(tmp_path: Path) -> None:
    path = write_ome_zarr(tmp_path / "a.zarr", np.zeros((3, 2, 16, 18), np.uint16), "0.4")
    group = zarr.open_group(path, mode="r+")
    group.attrs["omero"] = {"channels": [{"label": "a", "color": "00FFFF"}, {"label": "b"}]}
    assert open_movie(path).colours == ("#00ffff", "")


@pytest.mark.parametrize("colours", [[-65536, 65280], "[-65536, 65280]", "[-65536,65280"])
def test_micro_manager(colours) -> None:
    assert of_micro_manager({"ChColors": colours}) == ("#ff0000", "#00ff00")


def test_what_is_no_colour_is_none() -> None:
    assert [of_ome(value) for value in (None, "", "red", "-1", "0")] == [""] * 5
    assert [of_hex(value) for value in (None, "", "red", "FFFFFF", "1234567")] == [""] * 5
    assert of_micro_manager({"ChColors": 7}) == of_micro_manager({}) == ()
    assert of_micro_manager({"ChColors": ["red"]}) == ()


def test_a_file_without_colours_has_none(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, imagej=True, metadata={"axes": "CYX"})
    assert open_movie(tmp_path / "a.tif").colours == ()
