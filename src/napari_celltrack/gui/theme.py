"""The few colours and sizes that napari's own theme does not have.

A label or control says what it is by its ``role`` (a dynamic property); how that looks is decided
here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari.utils.theme import Theme, get_theme
from qtpy.QtWidgets import QWidget

Role = Literal[
    "figure",
    "title",
    "hint",
    "derived",
    "foot",
    "problem",
    "step",
    "quiet",
    "card",
    "handle",
    "chip",
    "popup",
    "primary",
]

#: Width of the column of labels in every grid, in px; one number, so that all grids align.
LABEL_WIDTH_PX = 100
#: Width of a spin box in px: six digits, a unit and the two buttons.
SPIN_WIDTH_PX = 102
#: Space between rows, and before a section, in px.
ROW_GAP_PX = 4
SECTION_GAP_PX = 12
#: Width of what is derived from a value, e.g. its µm, in px; one number, so that sliders align.
DERIVED_WIDTH_PX = 66
#: Narrowest dock, in px; the docks fit a laptop of 1366 px beside napari's own panels.
DOCK_WIDTH_PX = 356

#: By the type of napari's theme: grey beside the text colour, and red that can be read as text.
_HINT = {"dark": "#9a9ca5", "light": "#62646b"}
_PROBLEM = {"dark": "#ff7b7b", "light": "#b3141f"}
#: The one colour of what can be dragged and of the frame in view.
_ACCENT = {"dark": "#4a9eff", "light": "#1d5fd1"}
#: Amber that can be read as text: done, but deserves a look.
_DOUBT = {"dark": "#e3b341", "light": "#8a5a00"}
#: Bars and areas, which are no text and may be fainter.
_FILL = {"dark": "#6f7586", "light": "#8d919e"}
_BAND = {"dark": "#39404d", "light": "#cfd3dc"}

#: What a dimension of an image is: time, depth and channels; rows and columns need none.
_CHIP = {
    "dark": {"T": "#2c7a54", "Z": "#2b6a85", "C": "#6d4f92"},
    "light": {"T": "#a9dcc0", "Z": "#a8d3e4", "C": "#d3bfe8"},
}

#: What is drawn over an image has the same colours in every theme, for images are dark.
LAYER_COLOURS = {
    "limit": "#4a9eff",
    "candidate": "#ffb000",
    "detection": "#ffffff",
    "a": "#ff5050",
    "b": "#4a9eff",
    "selected": "#ffee58",
}

#: Height of a small chart in a dock, and size of the text in it, in px.
CHART_HEIGHT_PX = 110
CHART_TEXT_PX = 10
#: What a colour of a chart says; the theme decides how that looks.
Ink = Literal["text", "hint", "accent", "problem", "doubt", "fill", "band"]


@dataclass(frozen=True)
class ChartColours:
    """Colours of a chart as ``"#rrggbb"``.

    Parameters
    ----------
    text : str
        Lines and labels that count.
    hint : str
        Axes, and what is stale.
    accent : str
        What can be dragged; the frame in view.
    problem : str
        What deserves a look.
    doubt : str
        What may be right and may deserve a look.
    fill, band : str
        Bars, and an area behind everything.
    paper : str
        The background.
    """

    text: str
    hint: str
    accent: str
    problem: str
    doubt: str
    fill: str
    band: str
    paper: str


def chart_colours(theme_id: str) -> ChartColours:
    """Return the colours of charts in a napari theme, readable on its background.

    Parameters
    ----------
    theme_id : str
        Name of a napari theme, as in ``viewer.theme``.
    """
    theme = get_theme(theme_id)
    kind = _kind(theme)
    return ChartColours(
        text=theme.text.as_hex(),
        hint=_HINT[kind],
        accent=_ACCENT[kind],
        problem=_PROBLEM[kind],
        doubt=_DOUBT[kind],
        fill=_FILL[kind],
        band=_BAND[kind],
        paper=theme.background.as_hex(),
    )


def plot_style(theme_id: str) -> Literal["dark", "light"]:
    """Return the style of plots that goes with a napari theme."""
    return "dark" if _kind(get_theme(theme_id)) == "dark" else "light"


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
    kind = _kind(theme)
    hint, problem = _HINT[kind], _PROBLEM[kind]
    background = theme.background.as_hex()
    chips = "".join(
        f'QToolButton[role="chip"][axis="{axis}"] {{ background-color: {colour}; }}'
        for axis, colour in _CHIP[kind].items()
    )
    return f"""
        QLabel[role="figure"] {{ font-size: 24pt; font-weight: 600; }}
        QLabel[role="figure"][long="true"] {{ font-size: 15pt; }}
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
        *[role="card"] {{ background-color: {theme.foreground.as_hex()}; border-radius: 3px; }}
        *[role="card"] .QWidget, *[role="card"] QLabel {{
            background-color: transparent;
        }}
        QLabel[role="handle"] {{ color: {hint}; }}
        QAbstractButton[role="step"] {{
            background-color: transparent; border: 0px; padding: 3px; text-align: left;
        }}
        QAbstractButton[role="step"][off="true"] {{ color: {hint}; }}
        QAbstractButton[role="step"]:hover, QAbstractButton[role="step"]:focus {{
            background-color: {theme.primary.as_hex()};
        }}
        QToolButton[role="chip"] {{
            background-color: {theme.foreground.as_hex()};
            border: 1px solid transparent; border-radius: 4px; padding: 3px 5px;
        }}
        {chips}
        QToolButton[role="chip"]:hover, QToolButton[role="chip"]:focus {{
            border: 1px solid {theme.text.as_hex()};
        }}
        QPushButton[role="primary"]:enabled {{
            background-color: {_ACCENT[kind]}; color: #ffffff; font-weight: 600;
        }}
        QPushButton[role="primary"]:enabled:focus {{
            border: 1px solid {theme.text.as_hex()};
        }}
        QFrame[role="popup"] {{ border: 1px solid {theme.primary.as_hex()}; }}
        QSpinBox[narrow="true"] {{ min-width: 36px; padding: 1px; }}
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


def _kind(theme: Theme) -> str:
    """Return ``"dark"`` or ``"light"``; before 0.9, napari's themes did not say so themselves."""
    red, green, blue = theme.background.as_rgb_tuple(alpha=False)
    return "dark" if red + green + blue < 3 * 128 else "light"
