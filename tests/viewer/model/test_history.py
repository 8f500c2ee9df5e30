"""What is drawn of a signal does not depend on how it came, and never joins what a gap parted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from viewer.model import history
from viewer.model.history import BLOCK, Line, Waveform
from viewer.model.trace import Trace


def waveform(times: FloatArray, values: FloatArray, cuts: list[int], sfreq: float) -> Waveform:
    wave = Waveform(sfreq)
    bounds = [0, *sorted(c % (len(times) + 1) for c in cuts), len(times)]
    for begin, end in pairwise(bounds):
        wave.append(times[begin:end], values[begin:end])
    return wave


def joined(line: Line, gap: float) -> bool:
    """Tell whether two finite neighbours of a line are further apart than a gap."""
    x, y = line
    both = np.isfinite(y[1:]) & np.isfinite(y[:-1])
    return bool(np.any(np.diff(x)[both] > gap))


def two_stretches(n: int, sfreq: float, gap: float) -> tuple[FloatArray, FloatArray]:
    t = np.arange(n) / sfreq
    t[n // 2 :] += gap
    return t, np.sin(t)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 5000), max_size=12),
    n=st.integers(2, 3000),
    sfreq=st.sampled_from([4.0, 130.0, 1000.0]),
    n_bins=st.sampled_from([20, 300, 1400]),
)
def test_lines_do_not_depend_on_how_samples_were_cut(
    cuts: list[int], n: int, sfreq: float, n_bins: int
) -> None:
    times, values = two_stretches(n, sfreq, 7.0)
    whole, cut = waveform(times, values, [], sfreq), waveform(times, values, cuts, sfreq)
    for (x, y), (u, v) in (
        (whole.line(0.0, 1e9, n_bins)[0], cut.line(0.0, 1e9, n_bins)[0]),
        (whole.tail(3), cut.tail(3)),
    ):
        np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


@pytest.mark.parametrize("n_bins", [5, 50, 500, 100_000])
@pytest.mark.parametrize("sfreq", [4.0, 130.0, 1000.0])
def test_no_line_crosses_a_gap_at_any_width(n_bins: int, sfreq: float) -> None:
    times, values = two_stretches(round(40 * sfreq), sfreq, 30.0)
    wave = waveform(times, values, [], sfreq)
    assert np.max(np.diff(times)) > 30.0  # the gap is there
    line, _ = wave.line(0.0, 70.0, n_bins)
    assert not joined(line, 20.0 if n_bins == 5 else 10.0)
    assert not joined(wave.tail(0), 1.0)


def test_gap_at_a_block_boundary_is_still_a_break() -> None:
    wave = Waveform(100.0)
    wave.append(np.arange(BLOCK) / 100, np.zeros(BLOCK))
    wave.append(5.0 + np.arange(BLOCK) / 100, np.zeros(BLOCK))
    assert not joined(wave.tail(0), 1.0)


def test_thinning_keeps_every_peak() -> None:
    sfreq, n = 1000.0, 600_000
    values = np.zeros(n)
    peaks = np.arange(500, n, 7919)
    values[peaks] = 1.0
    wave = waveform(np.arange(n) / sfreq, values, [], sfreq)
    (x, y), end = wave.line(0.0, 600.0, 1000)
    assert len(y) < 2600
    for peak in peaks[peaks < end]:
        near = np.abs(x - peak / sfreq) <= 0.5
        assert y[near].max() == 1.0


def test_bins_stay_where_they_are_while_the_page_fills() -> None:
    sfreq = 1000.0
    wave = Waveform(sfreq)
    t = np.arange(120_000) / sfreq
    y = np.sin(40 * t)
    wave.append(t[:90_000], y[:90_000])
    (before, low), _ = wave.line(0.0, 300.0, 1000)
    wave.append(t[90_000:], y[90_000:])
    (after, high), _ = wave.line(0.0, 300.0, 1000)
    np.testing.assert_array_equal(before, after[: len(before)])
    np.testing.assert_array_equal(low, high[: len(low)])


@pytest.mark.parametrize(("sfreq", "n_bins"), [(130.0, 1300), (16.0, 900), (250.0, 2000), (1000.0, 1300)])
def test_bins_stand_where_their_samples_are(sfreq: float, n_bins: int) -> None:
    wave = Waveform(sfreq)
    t = np.arange(round(60 * sfreq)) / sfreq
    spikes = np.zeros(len(t))
    at = np.arange(5, 55, 1.37)
    spikes[np.round(at * sfreq).astype(int)] = 1.0
    wave.append(t, spikes)
    (x, y), _ = wave.line(0.0, 60.0 if sfreq > 100 else 300.0, n_bins)
    assert not np.isnan(y).any()  # there is no gap
    size = wave.bin_size(60.0 if sfreq > 100 else 300.0, n_bins)
    seen = x[y > 0.5]
    assert size > 2 and len(seen) >= len(at)
    assert all(np.abs(seen - moment).min() <= size / sfreq for moment in at)


def held(wave: Waveform) -> int:
    """Return how many bytes a waveform has taken."""
    levels = [c for level in (wave._blocks, wave._coarse) for c in (level.stamps, level.lows, level.highs)]
    return sum(c.part(c.first, c.n).nbytes for c in (wave._values, *levels))


def test_hours_at_1000_hz_take_no_more_memory_than_one() -> None:
    wave = Waveform(1000.0)
    minute, taken = np.zeros(60_000), {}
    for k in range(240):
        wave.append(60.0 * k + np.arange(60_000) / 1000, minute)
        taken[k + 1] = held(wave)
    assert wave.n == 14_400_000
    assert taken[240] < 17e6 and max(taken[k] for k in range(120, 241)) - min(taken[120], taken[150]) < 4e6


def test_slow_signal_takes_little_memory() -> None:
    wave = Waveform(32.0)
    for k in range(240):
        wave.append(60.0 * k + np.arange(1920) / 32, np.zeros(1920))
    assert held(wave) < 9e5


def test_oldest_samples_are_drawn_as_long_bins_that_stand_where_their_samples_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "KEPT", 4096)
    monkeypatch.setattr(history, "BLOCKS", 1024)
    t = np.arange(100_000) / 100.0
    t[30_000:] += 40.0  # the gap is among the oldest
    y = np.sin(t / 3)
    y[np.arange(500, 100_000, 1777)] = 5.0
    short, whole = Waveform(100.0), Waveform(100.0, whole=True)
    for k in range(0, len(t), 5000):
        short.append(t[k : k + 5000], y[k : k + 5000])
        whole.append(t[k : k + 5000], y[k : k + 5000])
    assert short._blocks.sure > 80_000 and whole._blocks.sure == 0
    (x, line), _ = short.line(100.0, 130.0, 2000)
    (x2, line2), _ = whole.line(100.0, 130.0, 2000)
    assert len(x) < 40 < len(x2)
    assert x[0] <= 101.5 and x[-1] >= 127.0
    assert line.max() == line2.max() == 5.0 and line.min() == pytest.approx(line2.min(), abs=0.5)
    assert np.abs(x[np.argmax(line)] - x2[np.argmax(line2)]) <= 2.56
    (x, line), _ = short.line(280.0, 360.0, 2000)
    assert not np.isfinite(line[(x > 303.0) & (x < 337.0)]).any() and not joined((x, line), 20.0)
    np.testing.assert_array_equal(short.line(0.0, 1040.0, 300)[0][1], whole.line(0.0, 1040.0, 300)[0][1])
    low, high = short.extent(100.0, 130.0)
    assert low < -0.9 and high == pytest.approx(5.0)


@pytest.mark.parametrize("chunk", [7, 400, 40_000])
def test_old_samples_are_drawn_as_blocks_and_new_ones_one_by_one(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    t = np.arange(40_000) / 100.0
    y = np.sin(t * 7) + 0.3 * np.sin(t * 91)
    whole = Waveform(100.0)
    whole.append(t, y)
    monkeypatch.setattr(history, "KEPT", 10_000)
    wave = Waveform(100.0)
    for k in range(0, len(t), chunk):
        wave.append(t[k : k + chunk], y[k : k + chunk])
    assert len(wave.values) == 10_000 and wave._values.n - wave._values.first <= max(12_500, chunk)
    (x, line), end = wave.line(390.0, 400.0, 2000)
    (x2, line2), end2 = whole.line(390.0, 400.0, 2000)
    assert end == end2
    np.testing.assert_array_equal(x, x2)
    np.testing.assert_array_equal(line, line2)
    (x, line), _ = wave.line(100.0, 110.0, 2000)
    assert 2 * 60 <= len(x) <= 2 * 65 and x[0] <= 100.1
    (_, full), _ = whole.line(100.0, 110.0, 2000)
    assert line.max() == pytest.approx(full.max(), abs=1e-6) and line.min() == pytest.approx(
        full.min(), abs=1e-6
    )
    np.testing.assert_array_equal(wave.line(0.0, 400.0, 500)[0][1], whole.line(0.0, 400.0, 500)[0][1])


def test_gap_in_old_samples_stays_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 1000)
    wave = Waveform(100.0)
    wave.append(np.arange(1000) / 100.0, np.ones(1000))
    wave.append(13.0 + np.arange(4000) / 100.0, np.ones(4000))
    (x, y), _ = wave.line(5.0, 20.0, 5000)
    inside = (x > 10.1) & (x < 13.0)
    assert np.isnan(y).any() and not np.isfinite(y[inside]).any()


def test_all_nan_signal_draws_nothing() -> None:
    wave = Waveform(130.0)
    wave.append(np.arange(1300) / 130, np.full(1300, np.nan))
    (_, y), _ = wave.line(0.0, 10.0, 50)
    assert not np.isfinite(y).any()
    assert np.isnan(wave.extent(0.0, 10.0)).all()


def test_trace_tells_what_was_known_at_a_moment() -> None:
    trace = Trace(6.0)
    trace.append(np.array([10.0, 11.0]), np.array([1.0, np.nan]), np.array([12.0, 13.0]), ["", "electrode"])
    assert trace.at(11.9) is None
    first, second = trace.at(12.5), trace.at(99.0)
    assert first is not None and first.value == 1.0 and first.reason == ""
    assert second is not None and np.isnan(second.value) and second.reason == "electrode"


def test_trace_breaks_at_nan_and_at_silence() -> None:
    trace = Trace(6.0)
    times = np.array([0.0, 1.0, 2.0, 3.0, 20.0, 21.0])
    trace.append(times, np.array([1.0, 1.0, np.nan, 1.0, 1.0, 1.0]), times, [""] * 6)
    assert not joined(trace.line(0.0, 30.0, 1000), 6.0)
    assert np.isnan(trace.line(0.0, 30.0, 1000)[1]).sum() == 2


def test_the_line_of_a_trace_goes_on_to_one_neighbour_beyond_each_end() -> None:
    trace, times = Trace(6.0), np.arange(10.0)
    trace.append(times, times, times, [""] * 10)
    for start, stop, expected in ((3.0, 6.0, times[2:7]), (3.5, 5.5, times[3:7]), (-5.0, 50.0, times)):
        np.testing.assert_array_equal(trace.line(start, stop, 1000)[0], expected)


def test_late_index_sample_is_put_where_it_belongs() -> None:
    trace = Trace(6.0)
    trace.append(np.array([1.0, 3.0]), np.array([1.0, 3.0]), np.array([1.0, 3.0]), ["", ""])
    trace.append(np.array([2.0]), np.array([2.0]), np.array([4.0]), [""])
    np.testing.assert_array_equal(trace.times, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(trace.values, np.array([1.0, 2.0, 3.0], np.float32))


def test_trace_keeps_reasons_and_qualities_in_any_order() -> None:
    trace, rng = Trace(6.0), np.random.default_rng(3)
    words = ["", "electrode", "spoke 51 % of the window"]
    times = np.arange(400.0)
    reasons = [words[k] for k in np.repeat(rng.integers(0, 3, 80), 5).tolist()]
    quality = np.where(rng.random(400) < 0.2, np.nan, np.round(rng.random(400), 4))
    order = np.arange(400)
    order[200:260] = rng.permutation(np.arange(200, 260))
    for part in np.array_split(order, 17):
        trace.append(times[part], times[part], times[part], [reasons[k] for k in part], quality[part])
    for k in range(400):
        point = trace.at(k + 0.5)
        assert point is not None and (point.time, point.reason) == (k, reasons[k])
        assert point.quality == quality[k] or (np.isnan(point.quality) and np.isnan(quality[k]))


def test_sample_is_known_from_its_moment_on() -> None:
    trace = Trace(6.0)
    moments = np.asarray(0.1 * np.arange(1, 30) + 1e-7, np.float64)
    trace.append(moments - 0.05, moments, moments, [""] * len(moments))
    for k, moment in enumerate(moments.tolist()):
        point = trace.at(moment)
        assert point is not None and point.time == pytest.approx(moment - 0.05)
        before = trace.at(moment - 0.001)
        assert (before is None) == (k == 0)
