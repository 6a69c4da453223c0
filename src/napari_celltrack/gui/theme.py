"""The few colours and sizes that napari's own theme does not have.

A label or control says what it is by its ``role`` (a dynamic property); how that looks is decided
here and nowhere else.
"""

from __future__ import annotations

from typing import Literal

from napari.utils.theme import get_theme
from qtpy.QtWidgets import QWidget

Role = Literal["figure", "title", "hint", "derived", "foot", "problem", "step", "quiet"]

#: Width of the column of labels in every grid, in px; one number, so that all grids align.
LABEL_WIDTH_PX = 94
#: Width of a spin box in px: six digits, a unit and the two buttons.
SPIN_WIDTH_PX = 102
#: Space between rows, and before a section, in px.
ROW_GAP_PX = 4
SECTION_GAP_PX = 12
#: Width of what is derived from a value, e.g. its µm, in px; reserved, so that sliders align.
DERIVED_WIDTH_PX = 68
#: Narrowest dock, in px; the docks fit a laptop of 1366 px beside napari's own panels.
DOCK_WIDTH_PX = 366

#: By the type of napari's theme: grey beside the text colour, and red that can be read as text.
_HINT = {"dark": "#9a9ca5", "light": "#62646b"}
_PROBLEM = {"dark": "#ff7b7b", "light": "#b3141f"}


def style_sheet(theme_id: str) -> str:
    """Return the style sheet of a dock.

    Parameters
    ----------
    theme_id : str
        Name of a napari theme, as in ``viewer.theme``.

    Returns
    -------
    str
        Qt style sheet that goes on top of napari's.
    """
    theme = get_theme(theme_id)
    hint, problem = _HINT[theme.type], _PROBLEM[theme.type]
    background = theme.background.as_hex()
    return f"""
        QLabel[role="figure"] {{ font-size: 24pt; font-weight: 600; }}
        QLabel[role="figure"][stale="true"] {{ color: {hint}; }}
        QLabel[role="title"] {{ font-weight: 600; }}
        QLabel[role="hint"], QLabel[role="derived"], QLabel[role="foot"] {{ color: {hint}; }}
        QLabel[role="problem"] {{ color: {problem}; }}
        QToolButton[role="quiet"] {{
            background-color: {background}; border: 0px; padding: 3px 5px;
        }}
        QToolButton[role="quiet"]::menu-indicator {{ image: none; width: 0px; }}
        QToolButton[role="quiet"]:hover, QToolButton[role="quiet"]:focus {{
            background-color: {theme.primary.as_hex()};
        }}
        *[wrong="true"] {{ border: 1px solid {problem}; }}
        QScrollArea {{ border: 0px; }}
    """


def set_role(widget: QWidget, role: Role) -> None:
    """Say what a widget is, which decides how it looks."""
    set_state(widget, "role", role)


def set_state(widget: QWidget, name: str, value: bool | str) -> None:
    """Set a property that the style sheet asks for, and restyle the widget if it changed."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    # Qt looks at properties only when a widget is polished.
    widget.style().unpolish(widget)
    widget.style().polish(widget)
