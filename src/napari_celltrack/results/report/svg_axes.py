"""Small charts of the report, written as SVG by hand.

Matplotlib takes a tenth of a second for each, most of it for ticks; a report has two charts a
file. These take a few milliseconds and look alike. All colours but those of tracks are the page's
own, light or dark.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: More corners than these are drawn as pixels, which are smaller then.
MAX_CORNERS = 1500
#: Room around the axes, for numbers and words.
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 8.0, 6.0, 34.0
_TICKS = 5
#: Pixels of a drawn picture to one of the page, as screens are fine today.
_FINE = 2
_WEBP_QUALITY = 90
#: Put into each SVG, whose black is the page's own colour then, and stays black on paper.
THEMED = (
    "<style>:root{color:#1c1e22}@media (prefers-color-scheme:dark){:root{color:#d7d9de}}"
    "@media print{:root{color:#000}}</style>"
)


@dataclass(frozen=True)
class SvgAxes:
    """The axes of a chart: its size in px of the page, and what their ends stand for.

    Parameters
    ----------
    width, height : float
        Of the whole picture.
    x, y : tuple of (float, float)
        Values at the left and right end, and at the lower and upper end.
    x_label, y_label : str
        Words beside the axes.
    """

    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str
    y_label: str

    @property
    def inner(self) -> tuple[float, float]:
        """Width and height between the axes."""
        return self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM

    def places(self, xy: Floats) -> Floats:
        """Return where values are drawn, from the upper left corner of the axes.

        Parameters
        ----------
        xy : ndarray, shape (n, 2), float64

        Returns
        -------
        ndarray, shape (n, 2), float64
            In px of the page.
        """
        width, height = self.inner
        share_x = (xy[:, 0] - self.x[0]) / (self.x[1] - self.x[0])
        share_y = (xy[:, 1] - self.y[0]) / (self.y[1] - self.y[0])
        return np.column_stack([share_x * width, (1 - share_y) * height])


def chart_uri(axes: SvgAxes, body: str) -> str:
    """Return axes with something drawn between them, as a data URI.

    Parameters
    ----------
    axes : SvgAxes
        The axes.
    body : str
        SVG, with the upper left corner of the axes at 0, 0.
    """
    width, height = axes.inner
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {axes.width:g} {axes.height:g}" '
        f'width="{axes.width:g}" height="{axes.height:g}" font-family="system-ui,sans-serif" '
        f'font-size="10" fill="currentColor">{THEMED}'
        f'<g transform="translate({_LEFT:g} {_TOP:g})">',
        body,
        f'<path d="M0 0V{height:.1f}H{width:.1f}" fill="none" stroke="currentColor" '
        'stroke-width=".8"/>',
    ]
    for value in ticks(*axes.x):
        at = axes.places(np.array([[value, 0.0]]))[0, 0]
        parts.append(
            f'<path d="M{at:.1f} {height:.1f}v3.5" stroke="currentColor" stroke-width=".8"/>'
            f'<text x="{at:.1f}" y="{height + 14:.1f}" text-anchor="middle">{value:g}</text>'
        )
    for value in ticks(*axes.y):
        at = axes.places(np.array([[0.0, value]]))[0, 1]
        parts.append(
            f'<path d="M0 {at:.1f}h-3.5" stroke="currentColor" stroke-width=".8"/>'
            f'<text x="-6" y="{at + 3.5:.1f}" text-anchor="end">{value:g}</text>'
        )
    parts.append(
        f'<text x="{width / 2:.1f}" y="{height + 28:.1f}" text-anchor="middle">'
        f"{escape(axes.x_label)}</text>"
        f'<text transform="translate({-_LEFT + 10:g} {height / 2:.1f}) rotate(-90)" '
        f'text-anchor="middle">{escape(axes.y_label)}</text></g></svg>'
    )
    return data_uri("image/svg+xml", "".join(parts).encode())


def curve(axes: SvgAxes, xy: Floats) -> str:
    """Return a line through values, shape (n, 2); a dot where there is only one."""
    at = axes.places(xy)
    if len(at) == 1:
        return f'<circle cx="{at[0, 0]:.1f}" cy="{at[0, 1]:.1f}" r="2"/>'
    return (
        f'<path d="{_path(at)}" fill="none" stroke="currentColor" stroke-width="1.2" '
        'stroke-linejoin="round"/>'
    )


def bars(axes: SvgAxes, edges: Floats, heights: Floats) -> str:
    """Return the bars of a histogram, from the edges of n + 1 bins and n heights."""
    lower = axes.places(np.column_stack([edges[:-1], np.zeros(len(heights))]))
    upper = axes.places(np.column_stack([edges[1:], heights]))
    return "".join(
        f'<rect x="{x0:.1f}" y="{y1:.1f}" width="{max(0.5, x1 - x0 - 0.5):.1f}" '
        f'height="{y0 - y1:.1f}" fill-opacity=".55"/>'
        for (x0, y0), (x1, y1) in zip(lower, upper, strict=True)
    )


def lines(axes: SvgAxes, xy: Floats, ends: npt.NDArray[np.int64], colours: Floats) -> str:
    """Return many lines, one after the other; as pixels where they have very many corners.

    Parameters
    ----------
    axes : SvgAxes
        The axes.
    xy : ndarray, shape (n, 2), float64
        The corners of all lines.
    ends : ndarray, shape (m,), int64
        Where each line ends among them.
    colours : ndarray, shape (m, 4), float64
        Red, green, blue, alpha from 0 to 1.
    """
    at = axes.places(xy)
    each = list(zip(np.split(at, ends[:-1]), (colours[:, :3] * 255).round(), strict=True))
    if len(at) > MAX_CORNERS:
        return _as_pixels(axes, each)
    return "".join(
        f'<path d="{_path(line)}" fill="none" stroke="#{int(r):02x}{int(g):02x}{int(b):02x}"/>'
        for line, (r, g, b) in each
        if len(line) > 1
    )


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two, at most six; `low` may be the larger one."""
    low, high = min(low, high), max(low, high)
    raw = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def data_uri(kind: str, data: bytes) -> str:
    """Return data that stands in the page itself."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _path(at: Floats) -> str:
    return "M" + "L".join(_numbers(at))


def _numbers(at: Floats) -> Iterator[str]:
    return (f"{x:.1f} {y:.1f}" for x, y in at)


def _as_pixels(axes: SvgAxes, each: list[tuple[Floats, Floats]]) -> str:
    width, height = axes.inner
    shape = (math.ceil(height * _FINE), math.ceil(width * _FINE), 4)
    drawn = np.zeros(shape, np.uint8)
    for line, (red, green, blue) in each:
        # Four more bits than whole pixels: lines stay smooth.
        corners = np.round(line * _FINE * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(drawn, [corners], False, (blue, green, red, 255), _FINE, cv2.LINE_AA, shift=4)
    # Soft edges were mixed with black; without this they would be dark on a light page.
    alpha = np.maximum(drawn[..., 3:], 1).astype(np.float32) / 255
    drawn[..., :3] = np.minimum(drawn[..., :3] / alpha, 255).astype(np.uint8)
    options = [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY]
    done, small = cv2.imencode(".webp", drawn, options)
    if not done:
        return ""
    uri = data_uri("image/webp", small.tobytes())
    return f'<image href="{uri}" width="{width:g}" height="{height:g}"/>'
