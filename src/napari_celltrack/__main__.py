"""``python -m napari_celltrack`` is the ``celltrack`` command."""

from __future__ import annotations

from napari_celltrack.cli.command import main

main()
