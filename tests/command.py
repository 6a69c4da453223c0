"""The ``celltrack`` command as its users have it, without a process of its own."""

from __future__ import annotations

import io
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

import pytest

from napari_celltrack.cli.command import main

#: Python shows these to developers only.
_UNSEEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    stdout: str
    stderr: str


def celltrack(*arguments: object, code: int = 0) -> Done:
    """Run the command by the function that the console script calls; a process takes seconds."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["celltrack", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(record=True) as warned,
        pytest.raises(SystemExit) as ended,
    ):
        main()
    done = Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())
    assert done.code == code, done.stdout + done.stderr
    # Users would read them between the lines of the command.
    assert not [str(one.message) for one in warned if not issubclass(one.category, _UNSEEN)]
    return done
