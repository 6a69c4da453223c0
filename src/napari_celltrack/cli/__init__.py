"""The ``celltrack`` command: a file a part of it."""

from napari_celltrack.cli.command import app, main

__all__ = ["app", "main"]
