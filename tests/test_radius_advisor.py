from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.analysis.radius_advisor import advise_radius
from napari_celltrack.link import Nearest
from scenes import objects_at


def walkers(step_px: float, n_frames: int = 20, seed: int = 0) -> pd.DataFrame:
    """Return 100 cells, 40 px apart, that each walk about their place."""
    random = np.random.default_rng(seed)
    home = np.stack(np.meshgrid(np.arange(10), np.arange(10)), -1).reshape(-1, 2) * 40.0
    return objects_at([list(home + random.normal(0, step_px, home.shape)) for _ in range(n_frames)])


def test_plateau_holds_the_true_number_of_tracks() -> None:
    objects = walkers(2.0)
    advice = advise_radius(objects, 20)
    assert advice.plateau_px is not None
    low, high = advice.plateau_px
    assert low <= advice.suggested_px <= high
    for radius in (low, advice.suggested_px, high):
        linking = Nearest(max_distance_px=radius)(objects, 20)
        assert linking.track_id.max() == pytest.approx(100, abs=3)
    assert f"{advice.suggested_px:g} px suggested: 0% of links are ambiguous" in advice.sentence


def test_number_of_tracks_equals_the_nearest_linker_at_every_radius() -> None:
    objects = walkers(6.0)
    curve = advise_radius(objects, 20, radii_px=[3, 6, 12, 24, 48]).curve
    expected = [
        Nearest(max_distance_px=radius)(objects, 20).track_id.max() for radius in (3, 6, 12, 24, 48)
    ]
    assert curve["n_tracks"].tolist() == expected


def test_ambiguity_grows_with_the_radius_and_the_step() -> None:
    calm, wild = (advise_radius(walkers(step), 20, radii_px=[10, 30, 60]).curve for step in (2, 10))
    assert calm["ambiguous_share"].max() == 0
    assert wild["ambiguous_share"].is_monotonic_increasing
    assert wild["ambiguous_share"].iloc[-1] > 0.2


@pytest.mark.parametrize("places", [[], [[]], [[], []], [[(1, 1)]], [[(1, 1)], []]])
def test_too_little_to_say(places: list) -> None:
    advice = advise_radius(objects_at(places), len(places))
    assert advice.suggested_px is None
    assert advice.sentence.startswith("No search radius stands out")


def test_all_at_one_place() -> None:
    advice = advise_radius(objects_at([[(5.0, 5.0)] * 50] * 3), 3)
    assert advice.curve["n_tracks"].iloc[-1] >= 50
