"""Small charts: what is drawn, where the axes are, and what mouse and keyboard do."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.charts.drawing import AxesStyle, plane_of, x_ticks, y_ticks
from napari_celltrack.gui.charts.series import (
    ChartBand,
    ChartBars,
    ChartLine,
    ChartPoints,
    curve,
)
from napari_celltrack.gui.theme import chart_colours


@pytest.fixture
def make_chart(qtbot):
    def make(**options) -> Chart:
        chart = Chart("my_chart", "My chart", "frame", "cells", **options)
        chart.setFixedWidth(320)
        qtbot.addWidget(chart)
        chart.show()
        qtbot.waitExposed(chart)
        return chart

    return make


def colours_in(chart: Chart) -> dict[str, int]:
    """Return how often each colour occurs in the picture."""
    image = chart.grab().toImage()
    names: dict[str, int] = {}
    for y in range(image.height()):
        for x in range(image.width()):
            name = image.pixelColor(x, y).name()
            names[name] = names.get(name, 0) + 1
    return names


def middle(chart: Chart, x: float) -> QPoint:
    return QPoint(round(chart.px_of(x)), chart.height() // 3)


def seen_points(series: tuple) -> list[tuple[str, list[float]]]:
    """Return what each part of a curve shows: its kind and the x of what can be seen."""
    found = []
    for part in series:
        kind = "dots" if isinstance(part, ChartPoints) else "dotted" if part.dotted else "solid"
        found.append((kind, part.x[np.isfinite(part.y)].tolist()))
    return found


def test_a_curve_is_solid_where_it_is_current_and_dotted_where_it_is_stale():
    series = curve([0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [False, False, True, True, True])
    # The dotted part begins at the last current point: there is no hole between the two.
    assert seen_points(series)[:2] == [("dotted", [1, 2, 3, 4]), ("solid", [0, 1])]


def test_a_point_without_a_neighbour_is_a_dot():
    series = curve([0, 1, 2, 3], [np.nan, 4, np.nan, 5], [False, False, False, True])
    dots = [(part.x.tolist(), part.ink) for part in series if isinstance(part, ChartPoints)]
    assert dots == [([1.0], "text"), ([3.0], "hint")]


def test_bars_that_deserve_a_look_are_red(make_chart):
    chart = make_chart()
    ends, middle = np.array([0.0, 2.0]), np.array([1.0])
    chart.show_series(
        ChartBars(ends, np.full(2, 5.0)), ChartBars(middle, np.full(1, 5.0), ink="problem")
    )
    colours = chart_colours("dark")
    seen = colours_in(chart)
    # Two thirds of the bars are plain and one is red.
    assert seen[colours.problem] * 2 == pytest.approx(seen[colours.fill], rel=0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_and_lines_can_be_read_on_the_background(theme):
    colours = chart_colours(theme)

    def light_of(name: str) -> float:
        parts = np.array(QColor(name).getRgbF()[:3])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    def contrast(name: str) -> float:
        low, high = sorted((light_of(name), light_of(colours.paper)))
        return (high + 0.05) / (low + 0.05)

    # The Web Content Accessibility Guidelines ask for 4.5 for text and 3 for graphics.
    assert min(contrast(c) for c in (colours.text, colours.hint, colours.problem)) >= 4.5
    assert contrast(colours.accent) >= 3


def test_a_theme_changes_the_colours(make_chart):
    chart = make_chart()
    chart.show_series(ChartBars(np.arange(3.0), np.ones(3)))
    assert chart_colours("dark").fill in colours_in(chart)
    chart.restyle("light")
    assert chart_colours("light").fill in colours_in(chart)
    assert chart_colours("dark").fill not in colours_in(chart)


def test_without_data_it_says_why(make_chart):
    chart = make_chart(empty="not counted yet")
    words = colours_in(chart)
    chart.clear("")
    assert len(words) > len(colours_in(chart)) == 1
    chart.plot_lines([], [])
    assert len(colours_in(chart)) == 1


@pytest.mark.parametrize(
    ("limits", "whole", "wanted"),
    [
        ((0, 43), True, ["0", "10", "20", "30", "40"]),
        ((0, 1), False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ((0, 2), True, ["0", "1", "2"]),
        ((10, 14), True, ["10", "11", "12", "13", "14"]),
        ((-10, 10), False, ["-10", "-5", "0", "5", "10"]),
        ((0, 65535), False, ["0", "20000", "40000", "60000"]),
    ],
)
def test_the_axis_is_marked_at_round_values(limits, whole, wanted):
    style = AxesStyle("x", "y", whole_x=whole)
    assert [text for _, text in x_ticks(limits, 5 * 44, style)] == wanted


@pytest.mark.parametrize("limits", [(1.0, 1.0), (0.0, float("nan")), (float("-inf"), 1.0)])
def test_an_axis_without_a_range_has_no_marks(limits):
    assert x_ticks(limits, 300, AxesStyle("x", "y")) == []


def test_a_logarithmic_axis_is_marked_at_powers_of_ten():
    style = AxesStyle("x", "y", log_y=True)
    assert [text for _, text in y_ticks((0.5, 3e3), 400, style)] == ["1", "10", "100", "1000"]


@pytest.mark.parametrize("y_label", ["", "cells", "mean intensity [grey levels]"])
@pytest.mark.parametrize("top", [1.0, 123_456.0])
def test_nothing_that_is_written_is_cut_off(make_chart, y_label, top):
    chart = make_chart()
    chart.set_labels("time [h]", y_label)
    chart.plot_lines([0, 1000], [0, top])
    image = chart.grab().toImage()
    edges = {image.pixelColor(0, y).name() for y in range(image.height())}
    edges |= {image.pixelColor(image.width() - 1, y).name() for y in range(image.height())}
    edges |= {image.pixelColor(x, image.height() - 1).name() for x in range(image.width())}
    assert len(edges) == 1


def test_equal_values_bars_below_zero_and_gaps_have_a_place(qapp):
    metrics = QFontMetricsF(qapp.font())
    style = AxesStyle("x", "y")
    for series, x_inside, y_inside in (
        ([ChartLine(np.array([3.0]), np.array([7.0]))], 3.0, 7.0),
        ([ChartLine(np.array([0.0, 1.0]), np.array([np.nan, np.nan]))], 0.5, 0.5),
        ([ChartBars(np.array([0.0, 1.0]), np.array([-5.0, 2.0]))], 1.0, -5.0),
        ([ChartBand(2.0, 4.0)], 3.0, 0.5),
    ):
        plane = plane_of(series, (300, 110), style, metrics)
        left, right = plane.x_limits
        low, high = plane.y_limits
        assert left < x_inside < right
        assert low <= y_inside < high


def test_a_click_says_where_in_the_units_of_the_axes(make_chart, qtbot):
    chart = make_chart(clickable=True)
    chart.plot_lines(np.arange(44), np.arange(44), x_range=(0, 43))
    with qtbot.waitSignal(chart.clicked_at) as clicked:
        qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=middle(chart, 20))
    a_pixel = 43 / (chart.px_of(43) - chart.px_of(0))
    assert clicked.args[0] == pytest.approx(20, abs=a_pixel)
    assert 20 < clicked.args[1] < 43


def test_the_line_is_dragged_and_stays_in_the_axis(make_chart, qtbot):
    chart = make_chart()
    chart.show_series(ChartBars(np.arange(256.0), np.ones(256)))
    chart.set_limit(64.0)
    heard: list[float] = []
    chart.dragged.connect(heard.append)
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=middle(chart, 64))
    qtbot.mouseMove(chart, middle(chart, 150))
    # While it is held, what comes from elsewhere is late.
    chart.set_limit(10.0)
    assert chart.limit_x == pytest.approx(150, abs=1)
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=QPoint(5000, 20))
    assert heard[-1] == chart.limit_x == pytest.approx(255.5)
    chart.set_limit(10.0)
    assert chart.limit_x == 10.0


def test_many_moves_are_told_at_times_and_the_last_one_always(make_chart, qtbot):
    chart = make_chart()
    chart.show_series(ChartBars(np.arange(256.0), np.ones(256)))
    chart.set_limit(0.0)
    heard: list[float] = []
    chart.dragged.connect(heard.append)
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=middle(chart, 0))
    for x in range(0, 250, 2):
        qtbot.mouseMove(chart, middle(chart, x))
    qtbot.wait(100)
    assert heard[-1] == pytest.approx(248, abs=1)
    assert len(heard) < 60
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=middle(chart, 30))
    assert heard[-1] == pytest.approx(30, abs=1)


def test_a_line_that_cannot_be_dragged_leaves_clicks_alone(make_chart, qtbot):
    chart = make_chart(clickable=True)
    chart.plot_lines([0, 10], [0, 1])
    chart.set_limit(5.0, draggable=False)
    with qtbot.waitSignal(chart.clicked), qtbot.assertNotEmitted(chart.dragged):
        qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=middle(chart, 8))
    assert chart.limit_x == 5.0


def hover(chart: Chart, place: QPointF) -> None:
    """Move the mouse over a chart; the screen's own mouse would be moved in a time of its own."""
    button, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, chart.mapToGlobal(place), button, button, keys
    )
    QApplication.sendEvent(chart, event)


def test_the_mouse_shows_what_it_can_do(make_chart):
    chart = make_chart(clickable=True)
    hover(chart, QPointF(100, 30))
    assert chart.cursor().shape() == Qt.CursorShape.ArrowCursor
    chart.plot_lines([0, 10], [0, 1])
    hover(chart, QPointF(101, 30))
    assert chart.cursor().shape() == Qt.CursorShape.PointingHandCursor
    chart.set_limit(5.0)
    hover(chart, QPointF(102, 30))
    assert chart.cursor().shape() == Qt.CursorShape.SizeHorCursor


def test_the_keyboard_moves_the_line_and_the_frame(make_chart, qtbot):
    chart = make_chart(clickable=True)
    chart.plot_lines(np.arange(11), np.arange(11), x_range=(0, 10))
    chart.set_cursor(4)
    with qtbot.waitSignal(chart.clicked) as clicked:
        qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert clicked.args == [5]
    chart.set_limit(5.0)
    with qtbot.waitSignal(chart.dragged) as dragged:
        qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert dragged.args[0] == pytest.approx(4.9)


def test_the_line_of_the_frame_moves_without_a_new_drawing(make_chart):
    chart = make_chart()
    chart.plot_lines([0, 10], [1, 1])
    accent = chart_colours("dark").accent
    assert accent not in colours_in(chart)
    chart.set_cursor(5.0)
    assert colours_in(chart)[accent] > 0
    chart.set_cursor(None)
    assert accent not in colours_in(chart)


def test_it_can_be_found_and_read_out(make_chart):
    chart = make_chart(tooltip="What it shows.")
    assert chart.objectName() == "my_chart"
    assert chart.accessibleName() == "My chart"
    assert chart.toolTip() == "What it shows."
