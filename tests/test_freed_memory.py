"""Memory that is freed stays with the process, where the C library can be taught so."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

_FAULTS = """
import json, resource
import numpy as np
from napari_celltrack.arrays.freed_memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(2**20, np.uint8) for _ in range(20)]
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

untaught = [faults() for _ in range(5)]
keep_freed_memory()
print(json.dumps([untaught, [faults() for _ in range(5)]]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library: nothing to teach")
def test_blocks_that_were_freed_are_used_again():
    # In a process in which nothing else was freed, 20 MB of pages of 4 kB.
    command = [sys.executable, "-c", _FAULTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    untaught, taught = json.loads(done.stdout)
    assert min(untaught) > 4000
    # The first time it grows the process; then it finds its pages.
    assert max(taught[1:]) < 100


def test_it_takes_no_memory():
    resource = pytest.importorskip("resource", reason="Windows tells no peak in this way")
    from napari_celltrack.arrays.freed_memory import keep_freed_memory

    keep_freed_memory()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10):
        keep_freed_memory()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 4 * 1024 * (1024 if sys.platform == "darwin" else 1)
