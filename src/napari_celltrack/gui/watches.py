"""Watches: what somebody looks at, so that nothing is computed that nobody sees."""

from __future__ import annotations

from types import TracebackType
from typing import Literal

from typing_extensions import Self

#: Of the frame in view and those round it; tracks are looked at together with their cells.
Watched = Literal["cells", "tracks"]


class Watches:
    """Knows who looks at what in a viewer."""

    def __init__(self) -> None:
        self._open: list[Watch] = []

    @property
    def cells(self) -> bool:
        """Whether somebody looks at cells, alone or with their tracks."""
        return bool(self._open)

    @property
    def tracks(self) -> bool:
        """Whether somebody looks at tracks."""
        return any(watch.what == "tracks" for watch in self._open)

    def begin(self, what: Watched) -> Watch:
        """Begin to look; :meth:`Watch.end` ends it."""
        watch = Watch(what, self._open)
        self._open.append(watch)
        return watch


class Watch:
    """Somebody looks, from :meth:`Watches.begin` until :meth:`end`, or within a `with` block.

    Parameters
    ----------
    what : {"cells", "tracks"}
    among : list of Watch
        All that have not ended.
    """

    def __init__(self, what: Watched, among: list[Watch]) -> None:
        self.what = what
        self._among = among

    def end(self) -> None:
        """Look no more; what is on its way is not drawn. A second call does nothing."""
        if self in self._among:
            self._among.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()
