"""What this machine has to give now: memory, disk, cores.

Linux says it all in files. Elsewhere psutil is asked, which comes with napari but is no dependency
of the command line: without it memory is unknown, which is said and not guessed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from napari_celltrack.arrays.freed_memory import give_back_freed_memory

#: Memory of a fresh process with all libraries of a run, where the system does not say.
TYPICAL_OWN_BYTES = 230_000_000

_PROC = Path("/proc")
_GROUPS = Path("/sys/fs/cgroup")


def free_memory_bytes() -> int | None:
    """Return how much memory is free now, also within the limits of a container, or None."""
    free = _free_of_linux(_PROC / "meminfo")
    if free is None:
        try:
            import psutil  # type: ignore[import-untyped]
        except ImportError:
            return None
        return int(psutil.virtual_memory().available)
    return min([free, *rooms_in_groups(_PROC / "self/cgroup", _GROUPS)])


def own_memory_bytes() -> int:
    """Return how much memory this process holds, without what it has freed and not given back."""
    give_back_freed_memory()
    try:
        pages = int((_PROC / "self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass
    try:
        import psutil
    except ImportError:
        return TYPICAL_OWN_BYTES
    return int(psutil.Process().memory_info().rss)


def free_disk_bytes(folder: Path) -> int | None:
    """Return how much room is on the disk of a folder that may not exist yet, or None."""
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return None


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def rooms_in_groups(membership: Path, root: Path) -> Iterator[int]:
    """Yield the room that is left in each control group of this process that has a limit.

    Parameters
    ----------
    membership : Path
        A file like ``/proc/self/cgroup``.
    root : Path
        Where groups are mounted.

    References
    ----------
    https://docs.kernel.org/admin-guide/cgroup-v2.html, "Memory Interface Files".
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            top, files = root, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / name.lstrip("/")
        # A limit of any group above holds too. In a container the names may lead nowhere, while
        # its own group is what is mounted at the top.
        for place in (group, *group.parents):
            room = _room(place, *files)
            if room is not None:
                yield room
            if place == top:
                break


def _room(group: Path, limit: str, used: str, files_held: str) -> int | None:
    try:
        most = (group / limit).read_text(encoding="ascii").strip()
        if most == "max":
            return None
        now = int((group / used).read_text(encoding="ascii"))
        with suppress(OSError, ValueError):
            for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
                # Files that were read stay in memory only until it is asked for.
                name, value = line.split()
                now -= int(value) if name == files_held else 0
        return max(0, int(most) - now)
    except (OSError, ValueError):
        return None


def _free_of_linux(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
