"""The description of an OME-TIFF: its images, where their planes are, their calibration.

It stands in the first file of a set, in each of them, or in a companion file beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.calibration import Calibration, calibrated, interval_of
from napari_celltrack.readers.colours import of_ome
from napari_celltrack.readers.units import time_s
from napari_celltrack.whole_files import file_at

#: More planes than any recording has; a list of them is made before the pages are looked at.
MOST_PLANES = 10_000_000


@dataclass(frozen=True)
class OmeImage:
    """One image of an OME description.

    Parameters
    ----------
    name : str
        As the microscope calls it, such as a position; may be empty.
    pixels : Element
        Its sizes, channels and planes.
    uuid : str
        Of the file in which the description stands.
    """

    name: str
    pixels: ET.Element
    uuid: str

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels; nothing if none has one."""
        names = [channel.get("Name", "") for channel in _children(self.pixels, "Channel")]
        return tuple(names) if any(names) else ()

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours of the channels."""
        return tuple(of_ome(channel.get("Color")) for channel in _children(self.pixels, "Channel"))

    @property
    def calibration(self) -> Calibration:
        """What it states about sizes and times."""
        pixels = self.pixels
        size = {
            axis: (
                pixels.get(f"PhysicalSize{axis}"),
                pixels.get(f"PhysicalSize{axis}Unit", "µm"),
            )
            for axis in "XYZ"
        }
        stated = calibrated(
            height=size["Y"],
            width=size["X"],
            z_step=size["Z"],
            interval=(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s")),
        )
        return stated.or_else(Calibration(frame_interval_s=_interval(pixels)))

    def files(self) -> tuple[str, ...]:
        """Return the names of the files of its planes; nothing for the file that describes it."""
        found = (name for name, _, _ in self._parts() if name)
        return tuple(dict.fromkeys(found))

    def holds(self, name: str, page: int, *, is_own: bool) -> bool:
        """Whether a page is one of its planes.

        Parameters
        ----------
        name : str
            Of the file of the page.
        page : int
            Its number in the file.
        is_own : bool
            The description stands in that file, which may have been renamed.
        """
        return any(
            first <= page < first + n and (is_own if not file else file.lower() == name.lower())
            for file, first, n in self._parts()
        )

    def _parts(self) -> Iterator[tuple[str, int, float]]:
        """Yield file, first page and number of pages of each block of planes."""
        for block in _children(self.pixels, "TiffData"):
            file = next(iter(_children(block, "UUID")), None)
            is_own = file is None or (self.uuid and file.text == self.uuid)
            name = "" if file is None or is_own else file.get("FileName", "")
            one = 1 if "IFD" in block.attrib else math.inf
            n = block.get("PlaneCount", block.get("NumPlanes"))
            yield name, int(block.get("IFD", "0")), one if n is None else int(n)


def images_in(xml: str, name: str) -> tuple[OmeImage, ...]:
    """Return the images of an OME description that have pixels; nothing if it cannot be read.

    Raises
    ------
    MovieError
        If it claims more planes than any recording has.
    """
    try:
        root = ET.fromstring(xml)
    except ET.ParseError:
        return ()
    images = []
    for node in _children(root, "Image"):
        for pixels in _children(node, "Pixels"):
            _check_size(pixels, name)
            if _children(pixels, "TiffData"):
                images.append(OmeImage(node.get("Name", ""), pixels, root.get("UUID", "")))
    return tuple(images)


def companion_of(xml: str) -> str:
    """Return the name of the file to which a description without images points, or nothing."""
    if "BinaryOnly" not in xml:
        return ""
    try:
        root = ET.fromstring(xml)
    except (ET.ParseError, ValueError):
        return ""
    return next((node.get("MetadataFile", "") for node in _children(root, "BinaryOnly")), "")


def read_companion(path: Path) -> str:
    """Return the text of a companion file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return file_at(path).read_text(encoding="utf-8", errors="replace")


def _check_size(pixels: ET.Element, name: str) -> None:
    lengths = [pixels.get(f"Size{axis}", "1") for axis in "TZC"]
    n_planes = math.prod(int(length) if length.strip().isdigit() else 1 for length in lengths)
    if n_planes > MOST_PLANES:
        raise MovieError(
            f"{name} is damaged: it claims {n_planes} planes; copy or export it again."
        )


def _interval(pixels: ET.Element) -> float | None:
    """Return the interval of the time stamps of the first plane of each frame."""
    stamps = {}
    for plane in _children(pixels, "Plane"):
        is_first = plane.get("TheZ", "0") == "0" and plane.get("TheC", "0") == "0"
        # Zero is a valid stamp of the first frame, but time_s refuses it.
        value, unit = plane.get("DeltaT"), plane.get("DeltaTUnit", "s")
        second = time_s(1, unit)
        if is_first and value is not None and second is not None:
            stamps[int(plane.get("TheT", "0"))] = float(value) * second
    if sorted(stamps) != list(range(len(stamps))):
        return None
    return interval_of([stamps[frame] for frame in sorted(stamps)])


def _children(node: ET.Element, tag: str) -> list[ET.Element]:
    # The version of the schema stands before the tag.
    return [child for child in node if str(child.tag).rpartition("}")[2] == tag]
