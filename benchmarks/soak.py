"""Does the window survive? Movies switched, deleted and dropped at random, in a real window.

Each round does one thing that takes layers away while cells are being found, as a hurried hand
would: another movie, the movie deleted, all layers selected and deleted, layers of ours deleted one
by one, a movie dropped, an object painted and the movie left. What must hold is checked after each:
nothing failed, no layer of ours outlives its image, and all that a person made is still there.
It is drawn by software, as on virtual machines and remote desktops, where a mistake with OpenGL
ends the process; so the exit code is the result. Needs a display; without one:

    tools/with_display python benchmarks/soak.py [--rounds 100] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Callable

# Before OpenGL is loaded.
os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")

import napari
import numpy as np
from napari.layers import Image, Layer
from napari.utils.notifications import Notification, notification_manager

from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.workbench import open_workbench
from napari_celltrack.link import Nearest
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Manual, NoSplit, Regions
from watching import close, settle, wait_until

#: Shapes of the movies: frames, and with planes, with channels, with both; and one image.
SHAPES = ((6, 96, 96), (6, 96, 96), (5, 128, 64), (4, 2, 96, 96), (3, 2, 2, 64, 64), (96, 96))
#: Names of the layers that go with their image; a person's have other ones here.
OURS = ("cells", "tracks", "detections", "selected", "search", "compared", "prepared")
#: Value of what is painted by hand: no id that is found.
PAINTED = 999


def made_movie(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return bright squares that move a little, the same in all planes and channels."""
    noise = np.random.default_rng(seed).normal(100, 3, shape)
    for frame in range(shape[0] if len(shape) > 2 else 1):
        part = noise[frame] if len(shape) > 2 else noise
        for y in range(8, shape[-2] - 16, 24):
            for x in range(8, shape[-1] - 16, 24):
                part[..., y : y + 10, x + frame : x + frame + 10] += 500
    return noise.astype(np.uint16)


class Soak:
    """A window with all docks open, and what is done to it.

    Parameters
    ----------
    seed : int
        The same seed does the same things in the same order, at about the same times.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._n_movies = 0
        self._errors: list[str] = []
        notification_manager.notification_ready.connect(self._hear)
        self.viewer = napari.Viewer(title="soak")
        self.session = session_of(self.viewer)
        self.session.set_recipe(
            Recipe(
                segment=Regions(threshold=Manual(value=300.0), split=NoSplit()),
                link=Nearest(max_distance_px=8),
            )
        )
        self.session.preview_frames = 4
        open_workbench(self.viewer)
        #: What a person made, and must not lose.
        self._kept: list[tuple[Layer, np.ndarray]] = []
        self.drop()

    # What is done

    def drop(self) -> None:
        """Add a movie; it is used if there is no other."""
        self._n_movies += 1
        shape = self._random.choice(SHAPES)
        self.viewer.add_image(made_movie(shape, self._n_movies), name=f"movie {self._n_movies}")

    def switch(self) -> None:
        """Use another movie."""
        if len(self._images()) < 2:
            self.drop()
        others = [image for image in self._images() if image is not self.session.layer]
        self.session.open_layer(self._random.choice(others))

    def delete_movie(self) -> None:
        """Delete the movie in use; the docks take another, where there is one."""
        if self.session.layer is not None:
            self.viewer.layers.remove(self.session.layer)

    def delete_ours(self) -> None:
        """Delete layers of ours one by one; they come back with the next change."""
        for name in self._random.sample(OURS, 3):
            if name in self.viewer.layers:
                self.viewer.layers.remove(name)
                settle(self._random.uniform(0, 0.2))
        self.session.request_preview()

    def delete_all_one_by_one(self) -> None:
        """Delete all layers, the uppermost first or last."""
        layers = list(self.viewer.layers)
        for layer in self._random.choice((layers, layers[::-1])):
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
                settle(self._random.choice((0, 0.05)))
        self._kept.clear()

    def select_all_and_delete(self) -> None:
        """Delete all layers at once."""
        self.viewer.layers.select_all()
        self.viewer.layers.remove_selected()
        self._kept.clear()

    def hide_and_delete(self) -> None:
        """Hide everything but one layer and delete the movie."""
        for layer in list(self.viewer.layers)[:-1]:
            layer.visible = False
        settle(0.1)
        self.delete_movie()

    def paint_and_switch(self) -> None:
        """Correct a cell by hand and leave the movie at once: the correction stays."""
        if "cells" not in self.viewer.layers or self.session.layer is None:
            return
        cells = self.viewer.layers["cells"]
        # The sliders of the viewer may go further than this movie.
        steps = self.viewer.dims.current_step[-cells.ndim : -2] if cells.ndim > 2 else ()
        at = tuple(min(step, n - 1) for step, n in zip(steps, cells.data.shape, strict=False))
        cells.mode, cells.selected_label, cells.brush_size = "paint", PAINTED, 5
        cells.paint((*at, 40, 40), PAINTED)
        settle(self._random.choice((0, 0.4)))
        self._kept.append((cells, np.argwhere(np.asarray(cells.data) == PAINTED)))
        self.switch()

    # Rounds

    def round(self) -> str:
        """Do one thing, look, and return what was done."""
        acts: tuple[Callable[[], None], ...] = (
            self.switch,
            self.switch,
            self.delete_movie,
            self.delete_ours,
            self.select_all_and_delete,
            self.delete_all_one_by_one,
            self.hide_and_delete,
            self.paint_and_switch,
            self.drop,
        )
        act = self._random.choice(acts)
        act()
        settle(self._random.choice((0.05, 0.2, 0.6)))
        self.check()
        if not self._images():
            self.drop()
            settle(self._random.choice((0, 0.3, 1.0)))
        return act.__name__

    def check(self) -> None:
        """Raise where something was lost, left behind, or failed."""
        names = [layer.name for layer in self.viewer.layers]
        if self._errors:
            raise AssertionError(f"napari reported {self._errors}")
        if self.session.layer is None and (left := set(names) & set(OURS)):
            raise AssertionError(f"{left} outlived their image")
        for layer, painted in self._kept:
            if layer not in self.viewer.layers:
                raise AssertionError(f"{layer.name}, corrected by hand, is gone; there are {names}")
            if not (np.asarray(layer.data)[tuple(painted.T)] == PAINTED).all():
                raise AssertionError(f"what was painted in {layer.name} is gone")

    def settle(self) -> None:
        """Wait until the cells of what is left are found."""
        if self.session.layer is not None:
            wait_until(lambda: self.session.found is not None, timeout_s=60)
        self.check()

    def _images(self) -> list[Image]:
        layers = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        return [layer for layer in layers if layer.name not in OURS]

    def _hear(self, notification: Notification) -> None:
        if str(notification.severity).lower().endswith("error"):
            self._errors.append(str(notification.message))


def main() -> None:
    """Run the rounds, and say what was done in each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    soak = Soak(options.seed)
    settle(1)
    for number in range(1, options.rounds + 1):
        print(f"{number}: {soak.round()}", flush=True)
    soak.settle()
    close(soak.viewer)
    print(f"{options.rounds} rounds, and the window lives", flush=True)


if __name__ == "__main__":
    main()
