"""The horizontal strategy: each step over all images before the next one.

What a step writes stays on disk. Never more than a few frames are in memory, whatever the number of
images, and what a step has written can be opened, checked and changed before the run goes on from
there.
"""

from __future__ import annotations

from napari_celltrack.batch.horizontal.run_steps import run_horizontal

__all__ = ["run_horizontal"]
