from __future__ import annotations

import numpy as np
import pytest

from napari_celltrack.engine.cache import StageCache


def test_a_hit_is_not_computed_again() -> None:
    cache = StageCache()
    first = cache.get("a", lambda: np.ones(10))
    again = cache.get("a", lambda: pytest.fail("computed twice"))
    assert again is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 2


def test_least_recently_used_goes_first_and_bytes_stay_below_the_bound() -> None:
    cache = StageCache(max_bytes=250)
    for key in "ab":
        cache.get(key, lambda: np.zeros(100, np.uint8))
    cache.get("a", lambda: pytest.fail("still there"))
    cache.get("c", lambda: np.zeros(100, np.uint8))
    assert cache.n_bytes == 200
    cache.get("a", lambda: pytest.fail("used last, so still there"))
    asked = []
    cache.get("b", lambda: asked.append("b") or np.zeros(100, np.uint8))
    assert asked == ["b"]


def test_an_array_beyond_the_bound_is_given_but_not_kept() -> None:
    cache = StageCache(max_bytes=10)
    assert cache.get("a", lambda: np.zeros(100, np.uint8)).shape == (100,)
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_an_error_leaves_nothing_behind() -> None:
    cache = StageCache()
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: np.ones(1 // 0))
    assert cache.get("a", lambda: np.ones(3)).sum() == 3
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)
