"""Threads or processes: what suits a folder on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.machine import TYPICAL_OWN_BYTES, free_memory_bytes, n_cores
from napari_celltrack.batch.workers import PoolKind
from napari_celltrack.readers.images import split_image

#: Images of this size keep one core busy for half a minute: long enough for processes to pay on two
#: cores, though they start in seconds and threads at once. With more cores they pay sooner.
_LONG_RUN_BYTES = 512 * 2**20
#: Free memory that there must be for each process, beside the frames that it works on.
_BYTES_EACH = 2 * TYPICAL_OWN_BYTES


def suitable_pool(items: Sequence[Item], n_workers: int | None = None) -> PoolKind:
    """Choose processes for a long run, if there is memory for them, and threads otherwise.

    How long it will be is told by the size of the files: opening them all to learn it would take
    longer than a wrong choice costs.

    Parameters
    ----------
    items : sequence of Item
        What is to be run.
    n_workers : int, optional
        As many at once; by default one a core.

    Returns
    -------
    {"threads", "processes"}
    """
    n = n_workers or n_cores()
    free_bytes = free_memory_bytes()
    if n < 2 or free_bytes is None or free_bytes < n * _BYTES_EACH:
        return "threads"
    n_bytes = sum(_size(file) for item in items for file in _files_of(item))
    return "processes" if n_bytes >= _LONG_RUN_BYTES else "threads"


def _files_of(item: Item) -> Iterator[Path]:
    paths: Iterable[str] = (part.path for part in item.parts) if item.parts else (item.path,)
    for path in (split_image(Path(path))[0] for path in paths):
        if path.is_dir():
            yield from path.rglob("*")
        elif path.exists():
            yield path
        else:  # a pattern of frames
            yield from path.parent.glob(path.name)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # gone meanwhile: the run will say so
        return 0
