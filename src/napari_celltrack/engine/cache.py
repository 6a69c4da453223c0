"""StageCache: results of stages, remembered under keys and bounded in bytes.

A key holds everything that a result depends on, so nothing is ever invalidated: a changed
parameter is another key, and turning it back is a hit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

ArrayT = TypeVar("ArrayT", bound=npt.NDArray[np.generic])


class StageCache:
    """The most recently used arrays, up to a number of bytes; safe to share between threads.

    Parameters
    ----------
    max_bytes : int
        Arrays are forgotten, least recently used first, to stay below it.
    """

    def __init__(self, max_bytes: int = 512 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._arrays: OrderedDict[Hashable, npt.NDArray[np.generic]] = OrderedDict()
        self._n_bytes = 0

    @property
    def n_bytes(self) -> int:
        """Bytes held now."""
        return self._n_bytes

    def __len__(self) -> int:
        return len(self._arrays)

    def get(self, key: Hashable, compute: Callable[[], ArrayT]) -> ArrayT:
        """Return the array under `key`, computing it when it is not there.

        The array is made read-only, since every later caller gets the same one. Two threads that
        miss at the same time both compute: equal keys give equal arrays.

        Parameters
        ----------
        key : hashable
            Everything the result depends on.
        compute : callable
            Called without arguments on a miss.

        Returns
        -------
        ndarray
            Not to be written to.
        """
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return cast(ArrayT, self._arrays[key])
        array = compute()
        array.setflags(write=False)
        with self._lock:
            self._n_bytes += array.nbytes - self._forget(key)
            self._arrays[key] = array
            while self._n_bytes > self.max_bytes and self._arrays:
                self._n_bytes -= self._arrays.popitem(last=False)[1].nbytes
        return array

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._arrays.clear()
            self._n_bytes = 0

    def _forget(self, key: Hashable) -> int:
        old = self._arrays.pop(key, None)
        return 0 if old is None else old.nbytes
