"""What a benchmark was run on: nothing that names the computer or its user."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "scikit-image": "scikit-image",
    "OpenCV": "opencv-python-headless",
    "napari": "napari",
    "trackpy": "trackpy",
    "laptrack": "laptrack",
}


def describe_machine() -> str:
    """Return processor, cores, memory, system and versions in a sentence."""
    libraries = [
        f"{name} {found}" for name, package in _LIBRARIES.items() if (found := _version(package))
    ]
    memory = _memory_gb()
    return (
        f"{_processor()}, {os.cpu_count()} cores{f', {memory:.0f} GB' if memory else ''}, "
        f"{platform.system()}, Python {platform.python_version()}, {', '.join(libraries)}"
    )


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
