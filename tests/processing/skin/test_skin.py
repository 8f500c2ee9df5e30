"""Skin: the rows of the estimator, their times, delays and reasons; any chunking gives equal ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import Chunk
from processing.index import IndexSample
from processing.skin.config import SkinConfig
from processing.skin.scr import detect_scrs
from processing.skin.skin import Skin
from tests.drawing import few
from tests.processing.skin_signals import ONSETS, column, comparable, eda_with, feed, info

UNITS = {
    "scl": "uS",
    "scl_low": "uS",
    "scl_high": "uS",
    "scr": "uS",
    "scr_onset": "s",
    "scr_rate": "1/min",
    "scr_amp": "ln uS",
    "eda_quality": "",
}


@pytest.mark.parametrize("sfreq", [4.0, 100.0])
def test_known_responses_level_and_rate(sfreq: float) -> None:
    t, eda = eda_with(240.0, sfreq)
    rows = feed(t, eda, sfreq)
    assert {r.index: r.unit for r in rows} == UNITS
    peaks, heights = column(rows, "scr")
    np.testing.assert_allclose(peaks, np.add(ONSETS, 2.0), atol=0.5)
    np.testing.assert_array_equal(heights, detect_scrs(eda, sfreq).amplitude)
    np.testing.assert_allclose(column(rows, "scr_onset")[1], ONSETS, atol=0.8)
    times, level = column(rows, "scl")
    low, high = column(rows, "scl_low")[1], column(rows, "scl_high")[1]
    late = (times >= 10) & np.isfinite(level)
    assert (low[late] <= 5.0).all() and (high[late] >= 5.0).all() and (level[late] >= low[late]).all()
    calm = (times >= 70) & (times <= 80) | (times >= 110) & (times <= 120)
    np.testing.assert_allclose(level[calm], 5.0, atol=0.06)
    times, rate = column(rows, "scr_rate")
    assert rate[times == 60.0] == 3.0
    assert rate[times == 200.0] == 0.0
    _, amp = column(rows, "scr_amp")
    inside = heights[(peaks >= 30.0) & (peaks < 90.0)]
    assert amp[times == 60.0] == pytest.approx(np.log1p(inside).mean())
    assert np.isnan(amp[times == 200.0])


def test_grids_lie_on_whole_seconds_and_delays_are_as_stated() -> None:
    t, eda = eda_with(200.0, 4.0)
    rows = feed(t + 1000.3, eda, 4.0)
    for index, step, delay in (("scl", 1, 10.0), ("scr_rate", 5, 35.0), ("eda_quality", 1, 6.0)):
        mine = [r for r in rows if r.index == index]
        assert mine[0].time == np.ceil(1000.1 / step) * step
        np.testing.assert_array_equal(np.diff([r.time for r in mine]), step)
        assert all(delay - 1e-9 <= r.available - r.time <= delay + 0.1 + 1e-9 for r in mine)
    assert all(r.available - r.time <= 3.0 for r in rows if r.index == "scr")


@few(4)
@given(
    sfreq=st.sampled_from([4.0, 32.0]),
    cuts=st.lists(st.floats(0.1, 170.0), max_size=10),
    jitter=st.booleans(),
    holes=st.lists(st.tuples(st.floats(0, 160), st.sampled_from([np.nan, 0.0, 99.0])), max_size=2),
)
def test_any_chunking_gives_equal_rows(
    sfreq: float, cuts: list[float], jitter: bool, holes: list[tuple[float, float]]
) -> None:
    t, eda = eda_with(170.0, sfreq)
    if jitter:
        t = np.sort(t + np.random.default_rng(1).uniform(-0.004, 0.004, len(t)))
        t, eda = t[10:], eda[10:]
    for start, value in holes:
        eda[(t >= start) & (t < start + 3.0)] = value
    whole = comparable(feed(t, eda, sfreq))
    assert comparable(feed(t, eda, sfreq, cuts=cuts)) == whole
    assert comparable(feed(t, eda, sfreq, cuts=np.arange(0.4, 170.0, 0.4).tolist())) == whole


def test_a_gap_is_no_data_and_the_rest_stays() -> None:
    t, eda = eda_with(240.0, 4.0)
    kept = (t < 90.0) | (t >= 110.0)
    rows = feed(t[kept], eda[kept], 4.0)
    scl = {r.time: r for r in rows if r.index == "scl"}
    assert np.isnan(scl[100.0].value) and scl[100.0].reason == "no data" and scl[100.0].quality == 0.0
    assert scl[84.0].value == pytest.approx(5.0, abs=0.06) and scl[117.0].value == pytest.approx(
        5.0, abs=0.06
    )
    quality = {r.time: r for r in rows if r.index == "eda_quality"}
    assert np.isnan(quality[100.0].value) and quality[60.0].value == 1.0
    assert [r.time for r in rows if r.index == "scr" and 89 < r.time < 111] == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.0, "electrode off"), (np.nan, "no data"), (5.0, "EDA flat"), (900.0, "not in µS")],
)
def test_a_signal_that_cannot_be_eda_has_no_value_and_says_why(value: float, reason: str) -> None:
    t = np.arange(600) / 4.0
    rows = feed(t, np.full(600, value), 4.0)
    late = [r for r in rows if r.index in ("scl", "scr_rate", "scr_amp") and r.time >= 60]
    assert late
    assert all(np.isnan(r.value) and reason in r.reason and r.quality == 0.0 for r in late)
    assert not [r for r in rows if r.index == "scr"]


def test_an_electrode_off_for_half_a_minute_gates_what_it_touches() -> None:
    t, eda = eda_with(240.0, 25.0)
    eda[(t >= 90) & (t < 110)] = 0.001 * np.random.default_rng(0).standard_normal(500)
    rows = feed(t, eda, 25.0)
    scl = {r.time: r for r in rows if r.index == "scl"}
    near = next(r for r in rows if r.index == "eda_quality" and r.time == 87.0)
    assert near.value == 0.5 and "within 5 s" in near.reason
    after = next(r for r in rows if r.index == "eda_quality" and r.time == 113.0)
    assert after.value == 0.0 and "within 5 s" in after.reason
    assert "electrode off" in scl[100.0].reason
    assert scl[75.0].value == pytest.approx(5.0, abs=0.06)
    assert scl[145.0].value == pytest.approx(5.0, abs=0.15)
    ends = [{r.time: r.value for r in rows if r.index == index} for index in ("scl_low", "scl_high")]
    assert all(not ends[0][s] > 5.0 and not ends[1][s] < 5.0 for s in map(float, range(70, 135)))


def test_an_expected_stream_that_never_comes_has_rows_without_data() -> None:
    rows = feed(np.empty(0), np.empty(0), 4.0, seconds=120.0)
    assert {r.index for r in rows} == {"scl", "scl_low", "scl_high", "scr_rate", "scr_amp", "eda_quality"}
    assert all(np.isnan(r.value) and r.reason == "no data" for r in rows)


@pytest.mark.parametrize("sfreq", [1.0, 2.0])
def test_slow_streams_have_a_level_and_quality(sfreq: float) -> None:
    t, eda = eda_with(240.0, sfreq)
    rows = feed(t + np.random.default_rng(0).uniform(0, 0.004, len(t)), eda, sfreq)
    times, level = column(rows, "scl")
    np.testing.assert_allclose(level[(times > 160) & (times < 220)], 5.0, atol=0.05)
    times, quality = column(rows, "eda_quality")
    assert (quality[times > 2] == 1.0).all()


@pytest.mark.parametrize("sfreq", [0.5, 0.2, 1 / 60])
@pytest.mark.parametrize("stated", [True, False])
def test_less_than_a_value_a_second_tells_neither_level_nor_rates(sfreq: float, stated: bool) -> None:
    t = np.arange(round(3600 * sfreq)) / sfreq
    eda = 3.0 + 0.1 * np.sin(t / 200.0)
    eda[::9] = np.nan
    rows = feed(t, eda, sfreq if stated else 0.0)
    late = [r for r in rows if r.time > 60.0 + 16.0 / sfreq]
    assert {r.index for r in late} == {"scl", "scl_low", "scl_high", "scr_rate", "scr_amp", "eda_quality"}
    assert all(np.isnan(r.value) and r.reason.startswith("less than one value a second") for r in late)


@pytest.mark.parametrize("unknown", [0.0, float("nan")])
def test_a_stream_that_does_not_say_its_rate_is_timed_by_its_stamps(unknown: float) -> None:
    t, eda = eda_with(200.0, 4.0)
    peaks, _ = column(feed(t, eda, unknown), "scr")
    np.testing.assert_allclose(peaks, np.add(ONSETS, 2.0), atol=0.5)
    cuts = np.arange(0.1, 200.0, 0.1).tolist()
    assert comparable(feed(t, eda, unknown)) == comparable(feed(t, eda, unknown, cuts=cuts))


def test_stamps_far_from_zero_change_only_the_stamps() -> None:
    t, eda = eda_with(160.0, 4.0)
    near, far, below = (feed(t + shift, eda, 4.0) for shift in (0.0, 2.0**30, -(2.0**20)))
    for other, shift in ((far, 2.0**30), (below, -(2.0**20))):
        times, values = column(other, "scr")
        np.testing.assert_array_equal(times - shift, column(near, "scr")[0])
        np.testing.assert_array_equal(values, column(near, "scr")[1])


def test_no_tick_no_row() -> None:
    skin = Skin("client", config=SkinConfig())
    skin.update(Chunk(info(4.0), np.empty(0), np.empty((0, 1))))
    assert skin.advance(np.empty(0), {"skin": np.empty(0)}) == list[IndexSample]()


def test_a_real_wrist_recording(data_dir: Path) -> None:
    with np.load(data_dir / "eda" / "wrist_e4_61min.npz") as data:
        eda = data["eda"].astype(float)
    rows = feed(np.arange(len(eda)) / 4.0, eda, 4.0)
    _, level = column(rows, "scl")
    assert 0.8 < np.nanmedian(level) < 1.4
    first = next(r for r in rows if r.index == "eda_quality")
    assert first.value < 1.0 and "invalid EDA" in first.reason
    _, rate = column(rows, "scr_rate")
    assert 0.0 <= np.nanmedian(rate) < 15.0
