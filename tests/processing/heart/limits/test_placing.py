"""How well an R peak was placed: known from the ECG alone, and said where RMSSD may be mostly that."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray, Modality
from processing.heart.config import HeartConfig
from processing.heart.ibi import Arrival, Intervals
from processing.heart.judging import BeatJudge, judge_beats
from processing.heart.rpeaks import Beats, RPeaks, joined
from processing.heart.rpeaks_refine import FARTHEST
from processing.heart.windows import PLACED, PLACING, beat_columns, worth_of
from processing.index import IndexSample
from tests.drawing import few
from tests.processing.heart.test_heart import ecg, picked, run, stream

MINUTES = 2.5


def rhythm(step: float, seconds: float = 60.0 * MINUTES, seed: int = 0) -> FloatArray:
    """Return beats whose intervals change by `step` [s], root mean square."""
    rng = np.random.default_rng(seed)
    beats = 0.7 + np.cumsum(0.85 + step / np.sqrt(2.0) * rng.standard_normal(int(seconds / 0.85) + 9))
    return beats[beats < seconds - 0.5]


def noise(n: int, sfreq: float, low: float, high: float) -> FloatArray:
    """Return noise of a band [Hz], sd 1 mV."""
    rng = np.random.default_rng(3)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1.0 / sfreq)
    spectrum[(frequency < low) | (frequency > high)] = 0.0
    out = np.fft.irfft(spectrum, n)
    return np.asarray(out / out.std(), np.float64)


def found(x: FloatArray, sfreq: float) -> Beats:
    detector = RPeaks(sfreq)
    return joined([detector.update(np.arange(len(x)) / sfreq, x), detector.settle(np.inf)])


def squares(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values[5:-5] ** 2)))


@pytest.mark.parametrize("sfreq", [125.0, 130.0, 250.0, 1000.0])
@pytest.mark.parametrize(
    ("low", "high", "size"), [(0.0, 60.0, 0.02), (0.0, 60.0, 0.08), (15.0, 60.0, 0.05), (1.0, 10.0, 0.1)]
)
def test_it_is_known_how_far_noise_moves_the_marks(
    sfreq: float, low: float, high: float, size: float
) -> None:
    beats = rhythm(0.03)
    x = ecg(beats, sfreq, 60.0 * MINUTES)
    told = found(x + size * noise(len(x), sfreq, low, high), sfreq)
    away = told.times[:, None] - beats
    off = away[np.arange(len(away)), np.abs(away).argmin(axis=1)]
    found_ones = np.abs(off) < 0.03
    assert len(beats) - 1 <= found_ones.sum() <= len(off) <= len(beats) + 1
    assert np.isnan(told.placing[:2]).all()
    off = off[found_ones]
    assert squares(told.placing[found_ones]) == pytest.approx(squares(off - np.median(off)), rel=0.3)


@pytest.mark.parametrize("sfreq", [125.0, 130.0, 250.0, 1000.0])
def test_without_noise_next_to_nothing_is_in_doubt(sfreq: float) -> None:
    told = found(ecg(rhythm(0.03), sfreq, 60.0 * MINUTES), sfreq)
    assert np.nanmax(told.placing) < 1.5e-4
    alike: FloatArray = np.asarray(0.7 + 0.8 * np.arange(int(75 * MINUTES) - 2), np.float64)
    assert np.nanmax(found(ecg(alike, sfreq, 60.0 * MINUTES), sfreq).placing) < 1e-5


def test_a_breath_that_turns_a_qrs_and_changes_its_size_is_no_noise() -> None:
    beats = rhythm(0.03)
    sfreq = 250.0
    t = np.arange(int(60 * MINUTES * sfreq)) / sfreq
    x = np.zeros(len(t))
    for k, beat in enumerate(beats.tolist()):
        turn = math.sin(2 * math.pi * k / 5)
        near = slice(*np.searchsorted(t, [beat - 0.25, beat + 0.25]))
        after = t[near] - beat
        x[near] += (1 + 0.15 * turn) * np.exp(-0.5 * (after / 0.011) ** 2)
        x[near] -= (0.25 + 0.1 * turn) * np.exp(-0.5 * ((after - 0.035) / 0.014) ** 2)
    told = found(x + 0.002 * noise(len(x), sfreq, 0.0, 60.0), sfreq)
    assert squares(told.placing) < 2e-4


@few(8)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_it_does_not_depend_on_chunking(cuts: list[int]) -> None:
    x = ecg(rhythm(0.03, 30.0), 130.0, 31.0, noise=0.1)
    x[1500:1700] = np.nan
    times = np.arange(len(x)) / 130.0
    whole = found(x, 130.0)
    detector, parts, start = RPeaks(130.0), list[Beats](), 0
    for size in [*cuts, len(x)]:
        parts.append(detector.update(times[start : start + size], x[start : start + size]))
        start += size
    parts.append(detector.settle(np.inf))
    assert np.array_equal(joined(parts).placing, whole.placing, equal_nan=True)


def test_a_line_without_a_wave_says_nothing_of_a_place_but_that() -> None:
    x = ecg(rhythm(0.03, 40.0), 130.0, 40.0)
    x[2600:] = 0.0
    placing = found(x, 130.0).placing
    assert not np.isinf(placing).any()
    assert np.nanmax(placing) <= FARTHEST


def rows(x: FloatArray) -> list[IndexSample]:
    return run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 3000)


def test_a_still_heart_in_noise_has_an_rmssd_that_says_so() -> None:
    """Steps of 2 ms, R peaks to about 1 ms: most of an RMSSD of 3 ms is that."""
    beats = rhythm(0.002)
    clean, noisy = (rows(ecg(beats, 130.0, 60.0 * MINUTES, noise=size)) for size in (0.0, 0.1))
    for index in ("rmssd", "rmssd_low", "rmssd_high", "lnrmssd"):
        good = [r for r in picked(clean, index) if r.time > 60.0]
        assert len(good) > 60 and {(r.reason, r.quality) for r in good} == {("", 1.0)}
        late = [r for r in picked(noisy, index) if r.time > 60.0]
        assert len(late) > 60 and all(math.isfinite(r.value) for r in late)
        assert {r.reason for r in late} == {PLACING}
        assert max(r.quality for r in late) < 0.5
    for low, true in zip(picked(noisy, "rmssd_low"), picked(clean, "rmssd"), strict=True):
        assert not low.time > 60.0 or low.value < true.value
    rates = [r for r in picked(noisy, "hr") if r.time > 20.0]
    assert {r.reason for r in rates} == {""}


def test_a_rest_at_130_hz_keeps_its_quality() -> None:
    out = rows(ecg(rhythm(0.012), 130.0, 60.0 * MINUTES, noise=0.03))
    late = [r for r in picked(out, "rmssd") if r.time > 60.0]
    assert len(late) > 60
    assert {(r.reason, r.quality) for r in late} == {("", 1.0)}


def test_quality_falls_from_a_half_where_a_third_of_the_squares_may_be_placing() -> None:
    worth = worth_of(np.array([0.0, PLACED, PLACED + 1e-9, 0.65, 1.0]))
    assert worth == pytest.approx([1.0, 1.0, 0.5, 0.25, 0.0])
    assert worth[2] < 0.5


def beside(beats: Intervals, name: str) -> tuple[float, str]:
    column = next(
        c for c in beat_columns(beats, beats.times[-1:], HeartConfig(), has_shapes=True) if c.name == name
    )
    worth = 1.0 if column.worth is None else float(column.worth[0])
    return worth, column.reasons[0]


def test_where_a_gate_is_shut_its_reason_is_said_and_an_even_pulse_is_uncertain() -> None:
    even = judge_beats(np.linspace(0.0, 150.0, 201))
    placed = even._replace(placing=np.full(201, 1.0))
    assert beside(even, "rmssd") == (1.0, "")
    assert beside(placed, "rmssd") == (0.0, PLACING)
    assert beside(placed, "lnrmssd") == (0.0, PLACING)
    few_beats = placed._replace(paired=np.zeros(201, np.bool_))
    assert beside(few_beats, "rmssd")[1] == "too few normal beats"
    assert beside(placed, "sdnn") == (0.0, PLACING)


def test_of_a_beat_that_somebody_vouches_for_nothing_is_in_doubt() -> None:
    judge = BeatJudge(has_shapes=False)
    for k in range(6):
        beat = Arrival(0.8 * k, 0.8 * k, 0.8 if k else math.nan, "", placing=0.001, vouched=k == 3)
        judge.push(beat)
    judge.settle(math.inf)
    told = [v.placing for v in judge.taken()]
    assert told[:3] == [0.001] * 3 and math.isnan(told[3]) and told[4:] == [0.001] * 2
