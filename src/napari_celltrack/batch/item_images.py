"""From files to the images in them: each position is an item, and the files of a set are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_celltrack.batch.names import folder_names
from napari_celltrack.readers.images import find_images, split_image

if TYPE_CHECKING:
    from napari_celltrack.batch.inputs import Item


def items_of_images(items: Sequence[Item]) -> tuple[tuple[Item, ...], dict[Path, str]]:
    """Replace items by the images that they hold.

    Parameters
    ----------
    items : sequence of Item
        One for each file, folder of frames, or group of files.

    Returns
    -------
    items : tuple of Item
        The same ones where a file holds one image. Of a set of files the item of the first file,
        or of the first that was asked for, stands for all.
    parts : dict
        Path of each file that is no item of its own, and why.
    """
    asked = {Path(item.path).absolute() for item in items}
    found: dict[str, Item] = {}
    parts: dict[Path, str] = {}
    for item in items:
        path, number = split_image(Path(item.path))
        if number is not None:
            labels = [image.label for image in find_images(path)]
            label = labels[number] if number < len(labels) else str(number)
            found[item.path] = replace(item, name=f"{path.stem}_{label}" if label else path.stem)
            continue
        if item.parts or not path.exists():
            found[item.path] = item
            continue
        for image in find_images(path):
            is_elsewhere = image.file.absolute() != path.absolute()
            if is_elsewhere and not path.is_dir():
                parts[path] = f"it is a part of {image.file.name}"
            if image.path not in found and not (is_elsewhere and image.file.absolute() in asked):
                found[image.path] = _item_of(item, image.path, image.label)
    names = folder_names([item.name for item in found.values()], list(found))
    unique = (replace(item, name=n) for item, n in zip(found.values(), names, strict=True))
    return tuple(unique), parts


def _item_of(item: Item, path: str, label: str) -> Item:
    """Return the item of one image of a file."""
    if path == item.path:
        return item
    folder = Path(item.path).parent
    is_inside = Path(path).is_relative_to(folder)
    file = Path(path).relative_to(folder).as_posix() if is_inside else Path(path).name
    return replace(item, path=path, file=file, name=f"{item.name}_{label}" if label else item.name)
