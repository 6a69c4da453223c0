"""``python -m napari_celltrack`` is the ``celltrack`` command."""

from __future__ import annotations

import signal
from contextlib import suppress


def start() -> None:
    """Run the command; Ctrl+C while it is still being imported ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    from napari_celltrack.cli.command import main

    main()


if __name__ == "__main__":
    start()
