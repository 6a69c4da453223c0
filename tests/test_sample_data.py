from __future__ import annotations

import numpy as np

from napari_celltrack.sample_data import dividing_nuclei


def test_same_seed_same_movie_and_truth_fits_it() -> None:
    made, again = (dividing_nuclei(8, (128, 160), 8, n_divisions=2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(made.frames, again.frames)
    assert (made.frames != dividing_nuclei(8, (128, 160), 8, n_divisions=2, seed=4).frames).any()
    assert len(np.unique(made.labels[0])) == 1 + 8
    assert len(np.unique(made.labels[-1])) == 1 + 10
    # Two daughters a mother, and no mother beside her daughters.
    assert sorted(np.unique(list(made.parents.values()), return_counts=True)[1]) == [2, 2]
    for daughter, mother in made.parents.items():
        for frame in made.labels:
            assert not ((frame == daughter).any() and (frame == mother).any())
    # Cells are brighter than what is between them.
    assert made.frames[made.labels > 0].mean() > 2 * made.frames[made.labels == 0].mean()


def test_without_cells() -> None:
    made = dividing_nuclei(2, (40, 40), 0, n_divisions=0)
    assert made.labels.max() == 0
    assert made.movie().n_frames == 2
