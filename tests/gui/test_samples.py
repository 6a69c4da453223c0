from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels, Points
from npe2 import PluginManager

PLUGIN = "napari-celltrack"


PluginManager.instance().discover()
SAMPLES = PluginManager.instance().get_manifest(PLUGIN).contributions.sample_data


@pytest.mark.parametrize("key", [sample.key for sample in SAMPLES])
def test_each_opens_calibrated_with_its_truth_hidden_over_it(viewer, key: str) -> None:
    layers = viewer.open_sample(PLUGIN, key)
    images = [layer for layer in layers if isinstance(layer, Image)]
    (truth,) = [layer for layer in layers if isinstance(layer, Labels)]
    assert images
    assert all(image.visible for image in images)
    assert not truth.visible
    for layer in layers:
        assert layer.scale.tolist() == images[0].scale.tolist()
        assert layer.units == images[0].units
        assert str(layer.units[-1]) == "micrometer"
        assert layer.data.shape == images[0].data.shape or isinstance(layer, Points)
    # Truth fits: cells are brighter than what is between them, at their place.
    first = np.asarray(images[0].data).reshape(-1, *images[0].data.shape[-2:])[0]
    cells = np.asarray(truth.data).reshape(-1, *first.shape)[0] > 0
    assert first[cells].mean() > 1.5 * first[~cells].mean()


def test_calcium_is_two_channels_with_known_traces(viewer) -> None:
    red, green, truth = viewer.open_sample(PLUGIN, "calcium")
    assert [green.name, red.name] == ["calcium green", "calcium red"]
    assert [green.colormap.name, red.colormap.name] == ["green", "red"]
    traces = truth.metadata["traces"]
    assert set(traces["track_id"]) == set(np.unique(truth.data)) - {0}
    assert len(traces) == len(green.data) * truth.data.max()


def test_failure_school_lists_its_errors_as_points(viewer) -> None:
    image, _, errors = viewer.open_sample(PLUGIN, "failure_school")
    assert isinstance(errors, Points)
    assert not errors.visible
    assert errors.data[:, 0].tolist() == errors.features["frame"].tolist()
    assert {"kind", "sentence"} <= set(errors.features)
    assert (errors.data >= 0).all()
    assert (errors.data < image.data.shape).all()
    assert list(errors.text.values) == list(errors.features["kind"])
