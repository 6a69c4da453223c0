from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d

from napari_celltrack.analysis import Peaks, Traces
from napari_celltrack.analysis.baseline import (
    FirstFrames,
    Maximin,
    RunningPercentile,
    WholePercentile,
)
from napari_celltrack.analysis.peaks import peaks
from napari_celltrack.analysis.traces import traces
from napari_celltrack.errors import RecipeError

WHOLE = WholePercentile(percentile=50)


def trace_of(values: list[float] | np.ndarray, track_id: int = 1) -> pd.DataFrame:
    """Return an object table of one track; NaN is a frame in which the cell was not seen."""
    table = pd.DataFrame({"frame": range(len(values)), "red_mean": np.asarray(values, float)})
    return table.dropna().assign(track_id=track_id, ring_px2=50.0)


def test_dff_worked_by_hand() -> None:
    found = traces(trace_of([10, 10, 15, 20, 10]), "red_mean", Traces(baseline=WHOLE), 0.5)
    assert found["f0"].tolist() == [10] * 5
    assert found["dff"].tolist() == [0, 0, 0.5, 1, 0]
    assert found["time_s"].tolist() == [0, 0.5, 1, 1.5, 2]
    assert found["flag"].tolist() == [""] * 5
    assert found["background"].isna().all()


def test_maximin_by_hand() -> None:
    # Lowest of three: 1 1 2 3 4; highest of three of these: 1 2 3 4 4.
    baseline = Maximin(window_frames=3, sigma_frames=0)
    assert baseline(np.array([1.0, 2, 3, 4, 5])).tolist() == [1, 2, 3, 4, 4]
    found = traces(trace_of([1, 2, 3, 4, 5]), "red_mean", Traces(baseline=baseline))
    assert found["dff"].tolist() == [0, 0, 0, 0, 0.25]


def test_maximin_is_that_of_suite2p() -> None:
    random = np.random.default_rng(0)
    f = 200 + 20 * np.sin(np.arange(900) / 150) + random.normal(0, 3, 900)
    f[300:320] += 150
    # Its defaults: sigma 10 frames, window int(60 s * frame rate), mirrored ends.
    length = int(60 * 7.5)
    smooth = gaussian_filter1d(f, 10.0)
    f0 = maximum_filter1d(minimum_filter1d(smooth, length), length)
    found = traces(trace_of(f), "red_mean", Traces(baseline=Maximin()), 1 / 7.5)
    np.testing.assert_allclose(found["f0"], f0, rtol=1e-12)
    np.testing.assert_allclose(found["dff"], (f - f0) / f0, rtol=1e-9)


def test_running_percentile_follows_drift_and_cuts_its_window_at_the_ends() -> None:
    baseline = RunningPercentile(percentile=0, window_frames=3)
    assert baseline(np.array([4.0, 3, 9, 5, 6])).tolist() == [3, 3, 3, 5, 5]
    slow = 100 + np.arange(400) * 0.5
    spiked = slow.copy()
    spiked[::40] += 300
    found = traces(
        trace_of(spiked), "red_mean", Traces(baseline=RunningPercentile(window_s=10)), 0.5
    )
    inside = found[found["flag"] == ""]
    assert inside["frame"].tolist() == list(range(10, 390))
    np.testing.assert_allclose(inside["f0"], slow[10:390], atol=6)
    assert found["flag"].iloc[[0, 9, 390]].tolist() == ["near the end of the trace"] * 3


def test_first_frames_and_whole_percentile() -> None:
    values = np.array([np.nan, 2, 4, 100, 100, 100])
    assert FirstFrames(n_frames=2)(values).tolist() == [3] * 6
    assert WholePercentile(percentile=0)(values).tolist() == [2] * 6
    nothing = np.full(3, np.nan)
    for baseline in (FirstFrames(), WholePercentile(), RunningPercentile(window_frames=2)):
        assert np.isnan(baseline(nothing)).all()


def test_window_in_seconds_needs_the_frame_interval() -> None:
    with pytest.raises(RecipeError, match=r"set input\.frame_interval_s, or give the baseline a w"):
        traces(trace_of([1, 2, 3]), "red_mean")
    found = traces(
        trace_of([1, 2, 3]), "red_mean", Traces(baseline=RunningPercentile(window_frames=3))
    )
    assert found["time_s"].isna().all()


@pytest.mark.parametrize("baseline", [RunningPercentile(), Maximin()])
def test_a_window_shorter_than_three_frames_is_refused_not_a_flat_line(baseline) -> None:
    f = [10, 10, 15, 20, 10]
    sentence = "60 s are less than 3 frames of 300 s each; set it to 900 s or more"
    with pytest.raises(RecipeError, match=sentence):
        traces(trace_of(f), "red_mean", Traces(baseline=baseline), 300.0)
    longer = baseline.replace(window_s=900.0)
    assert traces(trace_of(f), "red_mean", Traces(baseline=longer), 300.0)["dff"].max() > 0.05


@pytest.mark.parametrize(
    "baseline",
    [WHOLE, FirstFrames(), Maximin(window_frames=3), RunningPercentile(window_frames=3)],
)
def test_gap_is_a_flagged_empty_row(baseline: WholePercentile) -> None:
    values = [10, 10, np.nan, np.nan, 10, 10, 10]
    found = traces(trace_of(values), "red_mean", Traces(baseline=baseline))
    assert found["frame"].tolist() == list(range(7))
    assert (found["flag"] == "not seen").tolist() == [False, False, True, True] + [False] * 3
    assert found["dff"].isna().tolist() == [False, False, True, True] + [False] * 3
    assert found["dff"].dropna().abs().max() < 1e-12


def test_pixels_that_are_nan_are_no_gap() -> None:
    objects = trace_of([10, 10, 10])
    objects.loc[1, "red_mean"] = np.nan
    assert traces(objects, "red_mean", Traces(baseline=WHOLE))["flag"].tolist() == [
        "", "no value", "",
    ]  # fmt: skip


def test_every_second_frame_and_tracks_left_out() -> None:
    one = trace_of([10, 10, 10, 10, 10, 20])
    objects = pd.concat([one, trace_of([5, 5], 0), trace_of([7, 7, 7], 4)])
    objects = objects[objects["frame"] % 2 == 0]
    found = traces(objects, "red_mean", Traces(baseline=WHOLE), 2.0)
    assert found["track_id"].tolist() == [1, 1, 1, 4, 4]
    assert found["frame"].tolist() == [0, 2, 4, 0, 2]
    assert found["time_s"].tolist() == [0, 4, 8, 0, 4]
    assert (found["flag"] == "").all()


def test_background_is_taken_off_times_its_factor() -> None:
    objects = trace_of([100, 100, 150]).assign(red_background=[60.0, 60, np.nan])
    settings = Traces(baseline=WHOLE, subtract_background=True, background_factor=0.5)
    found = traces(objects, "red_mean", settings)
    assert found["background"].tolist()[:2] == [30, 30]
    assert found["f_corrected"].tolist()[:2] == [70, 70]
    assert found["f"].tolist() == [100, 100, 150]
    assert found["flag"].tolist() == ["", "", "no background"]
    assert np.isnan(found["dff"].iloc[2])
    total = objects.assign(red_total=objects["red_mean"] * 9, area_px2=9)
    of_total = traces(total, "red_total", settings)
    np.testing.assert_allclose(of_total["dff"], found["dff"])


def test_nothing_is_divided_by_a_baseline_near_zero() -> None:
    objects = trace_of([100.0, 100, 100, 140]).assign(red_background=99.9)
    settings = Traces(baseline=WHOLE, subtract_background=True)
    near_zero = traces(objects, "red_mean", settings)
    assert near_zero["flag"].tolist() == ["baseline near zero"] * 4
    assert near_zero["dff"].isna().all()
    assert near_zero["f0"].notna().all()
    allowed = traces(objects, "red_mean", settings.replace(min_baseline_percent=0))
    assert allowed["dff"].iloc[3] == pytest.approx(400)
    below = traces(objects.assign(red_background=120.0), "red_mean", settings)
    assert below["dff"].isna().all()
    dark = traces(trace_of([0, 0, 0]), "red_mean", Traces(baseline=WHOLE))
    assert dark["flag"].tolist() == ["baseline near zero"] * 3


def bleached(how: np.ndarray, n_cells: int = 12) -> pd.DataFrame:
    """Return cells of unlike brightness that bleach alike, fire now and then, come and go."""
    random = np.random.default_rng(5)
    cells = []
    for cell in range(n_cells):
        f = (100 + 50 * cell) * how * (1 + random.normal(0, 0.005, len(how)))
        start = random.integers(0, len(how) // 2) if cell % 3 == 0 and cell else 0
        f[:start] = np.nan
        at = 30 + 7 * cell
        f[at : at + 4] *= 1.8
        cells.append(trace_of(f, cell + 1))
    return pd.concat(cells)


@pytest.mark.parametrize("how", ["exponential", "population"])
def test_bleaching_is_undone(how: str) -> None:
    decay = 0.4 + 0.6 * np.exp(-np.arange(150) / 50)
    found = traces(bleached(decay), "red_mean", Traces(baseline=WHOLE, bleaching=how))
    for track_id, trace in found.groupby("track_id"):
        quiet = trace[(trace["frame"] - 30 - 7 * (track_id - 1)).abs() > 4]
        np.testing.assert_allclose(quiet["f_corrected"], 100 + 50 * (track_id - 1), rtol=0.035)
        fired = trace[trace["frame"] == 31 + 7 * (track_id - 1)]
        np.testing.assert_allclose(fired["dff"], 0.8, atol=0.06)


def test_exponential_fit_leaves_a_steady_trace_alone_and_takes_one_cell() -> None:
    steady = bleached(np.ones(80), 1)
    settings = Traces(baseline=WHOLE, bleaching="exponential")
    found = traces(steady, "red_mean", settings)
    np.testing.assert_allclose(found["f_corrected"], found["f"], rtol=0.02)
    short = traces(trace_of([5, 4, 3]), "red_mean", settings)
    assert short["f_corrected"].tolist() == [5, 4, 3]


def test_a_population_needs_cells() -> None:
    with pytest.raises(RecipeError, match="needs 5 cells and there are 1; choose the exponential"):
        traces(trace_of([5, 4, 3]), "red_mean", Traces(baseline=WHOLE, bleaching="population"))


def test_what_is_not_there_is_said() -> None:
    objects = trace_of([1, 2, 3])
    with pytest.raises(
        RecipeError, match=r"no column of numbers 'gren_mean'; choose one of .*red_m"
    ):
        traces(objects, "gren_mean")
    with pytest.raises(RecipeError, match=r"no ring background was measured of red; set measure\."):
        traces(objects, "red_mean", Traces(subtract_background=True))
    with pytest.raises(RecipeError, match="ring_px2 is not a brightness"):
        traces(objects, "ring_px2", Traces(subtract_background=True))


def test_no_cells_have_no_traces_and_no_peaks() -> None:
    empty = traces(trace_of([1, 2]).iloc[:0], "red_mean", Traces(baseline=WHOLE))
    assert len(empty) == 0
    assert peaks(empty).columns.tolist() == [
        "track_id", "frame", "time_s", "height_dff", "prominence_dff", "width_frames", "width_s",
        "flag",
    ]  # fmt: skip
    one = traces(trace_of([7]), "red_mean", Traces(baseline=WHOLE))
    assert one["dff"].tolist() == [0]
    assert len(peaks(one)) == 0


def test_peaks_have_their_time_height_and_width() -> None:
    f = np.full(60, 10.0)
    f[18:23] = [15, 20, 25, 20, 15]  # triangle: dF/F 1.5 at frame 20, half of it at 18.5 and 21.5
    f[40] = 11.5
    found = peaks(traces(trace_of(f), "red_mean", Traces(baseline=WHOLE), 0.5), Peaks())
    assert found["frame"].tolist() == [20]
    event = found.iloc[0]
    assert (event.time_s, event.height_dff, event.prominence_dff, event.flag) == (10, 1.5, 1.5, "")
    assert event.width_frames == pytest.approx(3)
    assert event.width_s == pytest.approx(1.5)

    def frames(**settings: float) -> list[int]:
        trace = traces(trace_of(f), "red_mean", Traces(baseline=WHOLE))
        return peaks(trace, Peaks(**settings))["frame"].tolist()

    assert frames(min_prominence=0.1) == [20, 40]
    assert frames(min_prominence=0.1, min_height=0.3) == [20]
    assert frames(min_prominence=0.1, min_distance_frames=30) == [20]
    assert frames(min_prominence=0.1, min_width_frames=2) == [20]


def test_peaks_over_gaps_and_ends_are_flagged() -> None:
    f = np.full(40, 10.0)
    f[10:15] = [15, 20, np.nan, 19, 14]
    f[36:] = [12, 14, 18, 15]
    found = peaks(traces(trace_of(f), "red_mean", Traces(baseline=WHOLE)))
    assert found["frame"].tolist() == [11, 38]
    assert found["flag"].tolist() == ["over a gap", "cut off"]
    assert found["width_s"].isna().all()
