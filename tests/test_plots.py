"""Plots draw what is in their tables, and what is clicked is what was drawn."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from pandas.testing import assert_frame_equal

from napari_celltrack.analysis import Traces, ensemble_msd, fit_msd, steps
from napari_celltrack.analysis.msd import msd
from napari_celltrack.analysis.peaks import peaks
from napari_celltrack.analysis.traces import traces
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.measure.intensity import STATISTICS
from napari_celltrack.plots import (
    STYLES,
    Picked,
    Plot,
    plot_counts,
    plot_heat_map,
    plot_histogram,
    plot_msd,
    plot_path_length,
    plot_paths,
    plot_scatter,
    plot_steps,
    plot_traces,
    save_plot,
    track_colours,
)
from napari_celltrack.plots.curves import MAX_STACKED
from napari_celltrack.plots.fit import fit_label
from napari_celltrack.plots.kinds import columns_of
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.plots.segments import MAX_CORNERS


def objects(n_frames: int = 5, um: float = np.nan, s: float = np.nan) -> pd.DataFrame:
    """Two cells: 1 goes right by 10 px a frame, 2 goes down by 5 px a frame."""
    frame = np.tile(np.arange(n_frames), 2)
    one = np.repeat([True, False], n_frames)
    x, y = np.where(one, 10.0 * frame, 100.0), np.where(one, 20.0, 5.0 * frame + 50)
    return pd.DataFrame({
        "track_id": np.where(one, 1, 2), "frame": frame, "time_s": frame * s,
        "x_px": x, "y_px": y, "x_um": x * um, "y_um": y * um, "red_mean": frame + 1.0,
    })  # fmt: skip


def lines_of(plot) -> list[np.ndarray]:
    (drawn,) = [
        artist for artist in plot.ax.collections
        if isinstance(artist, LineCollection) and artist.get_label() == "_tracks"
    ]  # fmt: skip
    return [path.vertices for path in drawn.get_paths()]


def test_paths_are_centroids_in_image_orientation() -> None:
    plot = plot_paths(objects())
    one, two = lines_of(plot)
    np.testing.assert_array_equal(one, np.column_stack([10.0 * np.arange(5), np.full(5, 20.0)]))
    np.testing.assert_array_equal(
        two, np.column_stack([np.full(5, 100.0), 50 + 5.0 * np.arange(5)])
    )
    assert plot.ax.yaxis_inverted()
    assert plot.ax.get_xlabel() == "x (px)"


def test_paths_from_origin_are_in_um_when_calibrated() -> None:
    plot = plot_paths(objects(um=0.5), from_origin=True)
    np.testing.assert_array_equal(lines_of(plot)[0][:, 0], 5.0 * np.arange(5))
    assert plot.ax.get_xlabel() == "x from start (µm)"


def test_steps_over_calibrated_time() -> None:
    plot = plot_steps(steps(objects(), (0.5, 0.5), 60.0))
    np.testing.assert_allclose(lines_of(plot)[0], [(1, 5), (2, 5), (3, 5), (4, 5)])
    assert plot.ax.get_xlabel() == "time (min)"
    assert plot.ax.get_ylabel() == "step (µm)"


def test_a_line_ends_where_a_frame_is_missing_or_nan() -> None:
    table = objects(7)
    table.loc[3, "red_mean"] = np.nan
    plot = plot_traces(table, "red_mean")
    assert [len(line) for line in lines_of(plot)] == [3, 3, 7]
    assert plot.ax.get_xlabel() == "frame"


def test_what_is_clicked_is_what_was_drawn() -> None:
    plot = plot_paths(objects())
    plot.figure.canvas.draw()
    x, y = plot.ax.transData.transform((30.0, 20.0))
    assert plot.pick(x + 2, y - 2) == Picked(1, 3)
    x, y = plot.ax.transData.transform((50.0, 55.0))
    assert plot.pick(x, y) is None


def test_a_cell_of_the_heat_map_is_track_and_frame() -> None:
    table = objects()
    table.loc[table["track_id"] == 2, "red_mean"] = [9.0, 1.0, 1.0, 1.0, 1.0]
    plot = plot_heat_map(table, "red_mean")
    plot.figure.canvas.draw()
    assert plot.pick(*plot.ax.transData.transform((3.0, 0.0))) == Picked(2, 3)


def test_selected_tracks_stand_out_and_the_rest_stays_as_drawn() -> None:
    plot = plot_paths(objects())
    before = lines_of(plot)
    plot.select([2, 77])
    assert plot.selected == (2,)
    for old, new in zip(before, lines_of(plot), strict=True):
        np.testing.assert_array_equal(old, new)
    plot.select([])
    assert plot.selected == ()


@pytest.mark.parametrize("n_rows", [0, 1])
def test_empty_and_single_tables_are_drawn(n_rows: int) -> None:
    table = objects().iloc[:n_rows]
    counts = pd.DataFrame({"frame": table["frame"], "n_cells": table["track_id"]})
    plots = [
        plot_paths(table), plot_paths(table, from_origin=True), plot_traces(table, "red_mean"),
        plot_traces(table, "red_mean", stacked=True), plot_heat_map(table, "red_mean"),
        plot_histogram(table, "red_mean"), plot_scatter(table, "x_px", "y_px"), plot_counts(counts),
    ]  # fmt: skip
    for plot in plots:
        plot.set_cursor(0)
        plot.select([1])
        plot.figure.canvas.draw()
        assert bool(plot.sentence) == (n_rows == 0)


@pytest.mark.parametrize(
    "suffix, magic", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_saved_files_are_what_their_suffix_says(tmp_path, suffix, magic) -> None:
    file = tmp_path / f"paths.{suffix}"
    save_plot(plot_paths(objects()), file)
    assert file.read_bytes().startswith(magic)
    assert list(tmp_path.iterdir()) == [file]


def test_other_suffixes_and_places_that_are_not_there_are_refused(tmp_path) -> None:
    plot = plot_paths(objects())
    with pytest.raises(CelltrackError):
        save_plot(plot, tmp_path / "paths.bmp")
    with pytest.raises(ResultError):
        save_plot(plot, tmp_path / "none" / "paths.png")


def many_tracks(n_tracks: int, n_frames: int = 4) -> pd.DataFrame:
    """Tracks of which the one with id `n` is seen in `n_frames` frames, the others in one less."""
    ids = np.repeat(np.arange(1, n_tracks + 1), n_frames)
    frame = np.tile(np.arange(n_frames), n_tracks)
    kept = (frame < n_frames - 1) | (ids == n_tracks)
    table = pd.DataFrame({"track_id": ids, "frame": frame, "red_mean": np.sin(frame + ids)})
    return table[kept]


def picture(plot: Plot) -> np.ndarray:
    """Return what stands on the canvas, shape (y, x, 3), uint8."""
    return np.asarray(plot.figure.canvas.buffer_rgba())[..., :3].copy()


def on_canvas(plot: Plot) -> Plot:
    """Draw a plot on a canvas without a screen."""
    FigureCanvasAgg(plot.figure)
    plot.figure.canvas.draw()
    return plot


def rgb(colour: str | np.ndarray) -> np.ndarray:
    """Return red, green and blue from 0 to 255."""
    return np.round(255 * np.array(to_rgb(colour)))


def is_near(image: np.ndarray, colour: str | np.ndarray) -> np.ndarray:
    """Tell of each pixel whether it has a colour, give or take what smoothing changes."""
    return np.abs(image.astype(float) - rgb(colour)).max(axis=-1) <= 40


def test_the_cursor_is_blitted_at_its_frame_and_nowhere_else() -> None:
    plot = on_canvas(plot_steps(steps(objects(), (0.5, 0.5), 60.0)))
    before = picture(plot)
    for frame in (2, 3):
        plot.set_cursor(frame)
        changed = (picture(plot) != before).any(axis=-1)
        x, _ = plot.ax.transData.transform((frame, 5.0))  # a minute a frame
        assert np.abs(np.flatnonzero(changed.any(axis=0)) - x).max() <= 3
        assert is_near(picture(plot)[changed], STYLES["dark"].cursor).any()
    plot.set_cursor(None)
    np.testing.assert_array_equal(picture(plot), before)


def test_blitted_dots_stand_at_the_cells_of_the_frame() -> None:
    plot = on_canvas(plot_paths(objects()))
    before = picture(plot)
    plot.set_cursor(4)
    y, x = np.nonzero((picture(plot) != before).any(axis=-1))
    places = plot.ax.transData.transform([(40.0, 20.0), (100.0, 70.0)])
    places[:, 1] = len(before) - places[:, 1]  # pixels count from above
    away = np.hypot(x[:, None] - places[:, 0], y[:, None] - places[:, 1])
    assert away.min(axis=1).max() <= 8
    assert (away.min(axis=0) <= 6).all()


def test_a_selected_track_is_blitted_in_its_colour_and_others_fade() -> None:
    plot = on_canvas(plot_paths(objects(), style="print"))
    left, low, width, height = plot.ax.bbox.bounds

    def coloured(colour: np.ndarray) -> int:
        """Count the pixels within the axes that have a colour."""
        inside = picture(plot)[::-1][int(low) + 3 : int(low + height) - 3]
        return int(is_near(inside[:, int(left) + 3 : int(left + width) - 3], colour).sum())

    one, two = track_colours([1, 2])
    before, one_before, two_before = picture(plot), coloured(one), coloured(two)
    plot.select([2])
    assert one_before > 20
    assert coloured(one) == 0
    assert coloured(two) > 1.3 * two_before
    plot.select([])
    np.testing.assert_array_equal(picture(plot), before)


@pytest.mark.parametrize("from_origin", [False, True])
def test_plots_share_axes_and_the_later_one_still_widens_them(caplog, from_origin) -> None:
    first = plot_paths(objects(), from_origin=from_origin)
    far = objects()
    far["x_px"] *= 10.0
    plot_paths(far, ax=first.ax, from_origin=from_origin)
    on_canvas(first)
    assert first.ax.get_xlim()[1] >= 10 * 40.0
    assert first.ax.get_autoscale_on()
    assert not caplog.records


def test_path_length_adds_up() -> None:
    plot = plot_path_length(steps(objects(), (0.5, 0.5), 60.0))
    one, two = lines_of(plot)
    np.testing.assert_allclose(one[:, 1], [0, 5, 10, 15, 20])
    np.testing.assert_allclose(two[:, 1], [0, 2.5, 5, 7.5, 10])
    assert plot.ax.get_ylabel() == "cumulative path (µm)"


def test_msd_of_straight_ways_is_the_square_of_speed_and_lag() -> None:
    curves = msd(objects(), pixel_size_um=(0.5, 0.5), frame_interval_s=2.0)
    plot = plot_msd(curves, ensemble_msd(curves), fit_msd(ensemble_msd(curves)))
    lag = np.arange(1, 5)
    for line, um in zip(lines_of(plot), (5.0, 2.5), strict=True):
        np.testing.assert_allclose(line, np.column_stack([2.0 * lag, (um * lag) ** 2]))
    assert plot.ax.get_xlabel() == "lag (s)"
    assert plot.ax.get_ylabel() == "mean squared displacement (µm²)"
    assert plot.ax.get_legend().get_texts()[1].get_text().endswith("α = 2.00")


def test_the_msd_legend_lies_above_the_curves() -> None:
    curves = msd(objects())
    plot = on_canvas(plot_msd(curves, ensemble_msd(curves), fit_msd(ensemble_msd(curves))))
    legend = plot.ax.get_legend().get_window_extent()
    assert legend.y0 >= plot.ax.bbox.y1
    assert legend.y1 <= plot.figure.bbox.y1


@pytest.mark.parametrize("height_in", [3.0, 1.26, 1.1])
def test_a_label_fits_whatever_the_height(height_in) -> None:
    curves = msd(objects())
    plot = plot_msd(curves)
    plot.figure.set_size_inches(3.65, height_in)
    canvas = FigureCanvasAgg(plot.figure)
    fit_label(plot.ax, canvas.get_renderer())
    canvas.draw()
    shown = plot.ax.yaxis.label.get_window_extent(canvas.get_renderer())
    assert shown.y0 >= 0
    assert shown.y1 <= plot.figure.bbox.height
    assert plot.ax.get_ylabel().replace("\n", " ") == "mean squared displacement (px²)"
    assert ("\n" in plot.ax.get_ylabel()) == (height_in < 3)


def test_numbers_on_log_axes_lie_beside_each_other() -> None:
    plot = on_canvas(plot_msd(msd(objects())))
    renderer = plot.figure.canvas.get_renderer()
    ticks = [*plot.ax.xaxis.get_majorticklabels(), *plot.ax.xaxis.get_minorticklabels()]
    low, high = plot.ax.get_xlim()
    shown = [each for each in ticks if each.get_text() and low <= each.get_position()[0] <= high]
    assert len(shown) >= 2
    boxes = sorted((each.get_window_extent(renderer) for each in shown), key=lambda box: box.x0)
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes))
    assert {each.get_color() for each in shown} == {STYLES["dark"].text}


def test_stacked_traces_grow_and_then_say_which_are_drawn() -> None:
    few = plot_traces(many_tracks(5), "red_mean", stacked=True)
    some = plot_traces(many_tracks(MAX_STACKED), "red_mean", stacked=True)
    many = plot_traces(many_tracks(300), "red_mean", stacked=True, selected=[123])
    assert few.figure.get_figheight() < some.figure.get_figheight()
    assert some.figure.get_figheight() == many.figure.get_figheight()
    assert not some.sentence
    assert many.sentence == "60 of 300 tracks are drawn, those seen longest."
    assert many.ax.get_title(loc="left") == many.sentence
    assert {123, 300} < set(many.points.track_id)
    assert len(lines_of(many)) == MAX_STACKED
    np.testing.assert_array_equal(many.colours(np.array([123])), track_colours([123], [1, 300]))


def test_a_screen_gets_fewer_corners_and_a_file_all(tmp_path) -> None:
    table = pd.DataFrame({
        "track_id": np.repeat(np.arange(1, 301), 100), "frame": np.tile(np.arange(100), 300)
    })  # fmt: skip
    table["red_mean"] = np.random.default_rng(0).normal(size=len(table))
    plot = on_canvas(plot_traces(table, "red_mean"))
    shown = [len(line) for line in lines_of(plot)]
    assert sum(shown) <= MAX_CORNERS
    save_plot(plot, tmp_path / "traces.svg")
    lines = re.findall(r'd="(M [^"]*)"', (tmp_path / "traces.svg").read_text())
    assert sorted(line.count("L ") + 1 for line in lines)[-300:] == [100] * 300
    assert [len(line) for line in lines_of(plot)] == shown


@pytest.mark.parametrize("style", ["dark", "light", "print"])
def test_a_style_is_the_paper_and_the_words(style) -> None:
    plot = on_canvas(plot_counts(pd.DataFrame({"frame": [0, 1], "n_cells": [3, 4]}), style=style))
    image = picture(plot)
    np.testing.assert_array_equal(image[0, 0], rgb(STYLES[style].background))
    assert is_near(image, STYLES[style].text).any()
    assert to_hex(plot.ax.xaxis.label.get_color()) == STYLES[style].text


def test_what_several_plots_are_made_of_is_computed_once_and_belongs_to_each() -> None:
    table = objects(n_frames=30)
    numbers = Numbers(
        objects=table, tracks=table[["track_id"]].drop_duplicates(), counts=table[["frame"]],
        drift=None, pixel_size_um=None, frame_interval_s=1.0, traces=Traces(), channel="red",
    )  # fmt: skip
    expected = traces(table, "red_mean", numbers.traces, 1.0)
    assert_frame_equal(numbers.dff("red_mean"), expected)
    assert_frame_equal(numbers.steps(), steps(table, frame_interval_s=1.0))
    assert_frame_equal(numbers.peaks("red_mean"), peaks(expected, numbers.traces.peaks))
    one = numbers.dff("red_mean")
    assert np.shares_memory(one["dff"], numbers.dff("red_mean")["dff"])
    one["dff"] = 7.0
    assert_frame_equal(numbers.dff("red_mean"), expected)
    assert_frame_equal(numbers.dff("x_px"), traces(table, "x_px", numbers.traces, 1.0))


def test_every_statistic_of_a_channel_is_a_brightness_to_draw() -> None:
    table = objects().assign(**{f"red_{name}": 1.0 for name in STATISTICS})
    numbers = Numbers(
        objects=table, tracks=table[["track_id"]].drop_duplicates(), counts=table[["frame"]],
        drift=None, pixel_size_um=None, frame_interval_s=1.0, traces=Traces(), channel="red",
    )  # fmt: skip
    assert set(columns_of(numbers, "brightness")) == {f"red_{name}" for name in STATISTICS}
