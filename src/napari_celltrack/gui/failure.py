"""What the window says of an error."""

from __future__ import annotations

import logging

from napari.utils.notifications import ErrorNotification, notification_manager

from napari_celltrack.errors import CelltrackError

_log = logging.getLogger(__name__)


def report(error: Exception) -> str:
    """Return what to say of an error; one that nobody expected is shown and logged by napari, too.

    Parameters
    ----------
    error : Exception
        A :class:`CelltrackError` says by itself what is wrong and what to do.
    """
    if isinstance(error, CelltrackError):
        return str(error)
    _log.error("something unexpected happened", exc_info=error)
    notification_manager.dispatch(ErrorNotification(error))
    return (
        f"Something unexpected happened ({type(error).__name__}: {error}). Please report it with "
        "the text that napari shows."
    )
