"""What misleads is no heart rate: waves in place of beats, a second pulse, beats that were passed over."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from benchmarks.looks_good import KINDS, Signal, bigeminy, fibrillation, rows, second_pulse, seen, waves
from processing.heart.config import HeartConfig
from processing.heart.hrv import all_rates
from processing.heart.ibi import DOUBTED, EVEN, IRREGULAR, PASSED_OVER, Intervals
from processing.heart.rpeaks import Beats, RPeaks, joined
from processing.heart.rpeaks_evidence import SHORT, SUREST, WEIGHTS
from processing.heart.rpeaks_evidence import Intervals as Prices
from processing.heart.rpeaks_refine import TURNING
from processing.heart.waves.echo import swing_after
from processing.heart.waves.running import Waves
from processing.heart.windows import beat_columns

RATE = 125.0


def made(make: object, sfreq: float = 250.0, seed: int = 0) -> Signal:
    return make(np.random.default_rng(seed), sfreq)  # type: ignore[no-any-return, operator]


def cut(signal: Signal, seconds: float) -> Signal:
    """Return the first seconds of a signal."""
    n = int(np.searchsorted(signal.beats, seconds - 0.5))
    ecg = signal.values[: round(seconds * signal.sfreq)]
    return Signal(ecg, signal.sfreq, signal.beats[:n], signal.normal[:n])


def bump(time: FloatArray, at: float, height: float, width: float) -> FloatArray:
    return np.asarray(height * np.exp(-0.5 * ((time - at) / width) ** 2))


def test_what_is_sure_to_be_no_t_wave_may_come_as_early_as_a_heart_can_beat() -> None:
    prices = Prices(WEIGHTS)
    assert prices.cost(SUREST, sure=True) == 0.0 < prices.cost(SUREST)
    assert prices.cost(SUREST - 0.01, sure=True) == pytest.approx(0.01 * WEIGHTS.short)
    assert prices.cost(SHORT - 0.01) == pytest.approx(0.01 * WEIGHTS.short)
    assert prices.cost(0.219, sure=True) == 1e3


def test_the_swing_after_a_wave_is_that_of_what_follows_over_its_own() -> None:
    time = np.arange(250) / RATE
    wave = bump(time, 0.8, 1.0, 0.025)
    middle, after = 100, round((0.8 + 1.0) * RATE)
    assert swing_after(wave, middle, after, RATE) < 1e-6
    own_t = wave + bump(time, 1.1, -0.5, 0.06)
    assert swing_after(own_t, middle, after, RATE) == pytest.approx(0.5 * 0.86 / 1.0, abs=0.03)
    assert swing_after(own_t, middle, middle + round(0.49 * RATE), RATE) == 0.0, "too near to the next beat"


@pytest.mark.parametrize("frequency", [2.0, 3.0, 4.0, 5.0])
def test_waves_do_not_rest_and_hold_one_frequency(frequency: float) -> None:
    time = np.arange(500) / RATE
    told = Waves(RATE)
    at = np.array([220, 300, 400])
    for shape in (np.sin(2 * np.pi * frequency * time), 2.0 * (frequency * time % 1.0) - 1.0):
        assert told.around(shape, at, 0).all()
        assert not told.around(shape, np.array([100]), 0).any(), "less than 1.55 s before it"
        assert not told.around(shape, np.array([480]), 0).any(), "less than 0.25 s after it"
    beats = sum((bump(time, t, 1.0, 0.012) for t in np.arange(0.3, 4.0, 1 / frequency)), np.zeros(500))
    assert not told.around(beats, at, 0).any(), "as frequent, but beats"


@pytest.mark.parametrize("kind", ["saw", "steep", "sharp", "sine"])
@pytest.mark.parametrize(("frequency", "sfreq"), [(2.0, 130.0), (3.3, 250.0), (4.5, 500.0)])
def test_no_interval_of_waves_is_a_value(kind: str, frequency: float, sfreq: float) -> None:
    signal = made(waves(kind, frequency, 1.5, 30.0, 60.0), sfreq)
    out = [
        s for s in rows(signal._replace(values=signal.values[: round(90 * sfreq)])) if 32.5 < s.time < 59.0
    ]
    assert [s.time for s in out if s.index in ("ibi", "hr") and np.isfinite(s.value)] == []
    told = {s.reason for s in out if s.index == "ecg_quality" and 36.0 < s.time < 58.0}
    assert told <= {"no separable beats", "electrode off"}
    assert told


@pytest.mark.parametrize(
    ("height", "every", "width"),
    [
        *((height, every, 0.010) for height in (0.6, 1.0, 2.0, 4.0) for every in (0.7, 1.0)),
        (2.0, 0.5, 0.010),
        (4.0, 1.1, 0.016),
        (3.0, 0.77, 0.014),
    ],
)
def test_a_second_pulse_gives_no_wrong_heart_rate(height: float, every: float, width: float) -> None:
    signal = made(second_pulse(height, every, width, 30.0, 120.0))
    counts = seen(cut(signal, 200.0))  # for up to 50 s after it, it is taken to go on
    assert counts.rates_off == 0
    assert counts.minutes_off == 0
    assert counts.rates_given > 40, "before it and after it"


def test_a_heart_alone_leaves_no_doubt_about_a_beat() -> None:
    out = rows(made(KINDS["rest"]))
    assert PASSED_OVER not in {s.reason for s in out}
    assert sum(np.isfinite(s.value) for s in out if s.index == "hr") > 330


@pytest.mark.parametrize("sfreq", [130.0, 250.0])
@pytest.mark.parametrize("after", [0.33, 0.36, 0.40])
def test_ectopic_beats_on_the_t_wave_are_found_or_said(sfreq: float, after: float) -> None:
    signal = made(bigeminy(0.545, after), sfreq)
    signal = cut(signal, 110.0)
    out = rows(signal)
    wide = signal.beats[signal.normal == 0]
    marks = [s for s in out if s.index == "ibi" and s.time > 25.0]
    found = np.array([s.time for s in marks])
    if after >= 0.36:
        missed = [t for t in wide[8:] if np.abs(found - t).min() > 0.08]
        assert missed == []
    across = [
        s for s in marks if np.isfinite(s.value) and ((wide > s.time - s.value / 1e3) & (wide < s.time)).any()
    ]
    assert len(across) <= 1
    assert not [s for s in out if s.index in ("hr", "rmssd") and s.time > 32.0 and np.isfinite(s.value)]


def test_fibrillation_has_a_heart_rate_only_where_it_is_that_of_all_beats() -> None:
    alone, wide = seen(made(fibrillation(0.8), 130.0)), seen(made(fibrillation(0.667, 0.1), 130.0, 3))
    assert alone.rates_given > 0.4 * alone.beats
    assert alone.rates_off <= 0.01 * alone.rates_given
    assert wide.missed >= 3
    assert wide.rates_given > 0.05 * wide.beats
    assert wide.rates_off == 0, "what was passed over as a T wave may be one of the wide beats"


def table(spans: FloatArray, normal: FloatArray, rhythm: float, at: slice = slice(None)) -> Intervals:
    rhythms = np.full(len(spans), EVEN)
    rhythms[at] = rhythm
    return Intervals(
        np.cumsum(spans),
        np.where(normal > 0, 1e3 * spans, np.nan),
        np.where(normal > 0, 0.0, 1.0),
        spans,
        normal > 0,
        np.zeros(len(spans), bool),
        rhythms,
        np.full(len(spans), np.nan),
        np.full((len(spans), TURNING), np.nan),
        [""] * len(spans),
    )


def rate(beats: Intervals) -> tuple[float, str]:
    column = beat_columns(beats, beats.times[-1:], HeartConfig(), has_shapes=True)[0]
    return float(column.values[0]), column.reasons[0]


def test_heart_rates_of_all_and_of_normal_intervals_differ_by_what_was_left_out() -> None:
    spans = np.full(24, 0.5)
    spans[[10, 15]] = 1.0
    beats = table(spans, np.where(spans == 1.0, 0.0, 1.0), IRREGULAR)
    # In the last 10 s: 16 intervals of 0.5 s and two of 1 s, so 108 a minute; of the normal ones 120.
    assert all_rates(beats, beats.times[-1:], 10.0) == pytest.approx([108.0])
    assert rate(beats)[1] == "irregular rhythm"
    # Two ectopic beats between those of an even rhythm: with them 20 beats in 10 s, without them 18.
    assert rate(beats._replace(rhythms=np.zeros(24)))[1] == "ectopic beats"
    once = np.where(np.arange(24) == 15, 1.0, 0.5)
    assert rate(table(once, np.where(once == 1.0, 0.0, 1.0), EVEN))[1] == "ectopic beats"
    longer = np.where(np.arange(24) == 15, 0.8, 0.5)  # 3.6 a minute between the two
    assert rate(table(longer, np.where(longer == 0.8, 0.0, 1.0), EVEN)) == (120.0, "")
    alike = table(np.full(24, 0.5), np.r_[np.ones(12), 0.0, np.ones(11)], IRREGULAR)
    assert rate(alike) == (120.0, "")


def test_one_beat_that_may_be_missing_leaves_no_heart_rate() -> None:
    spans, normal = np.full(24, 0.8), np.ones(24)
    assert rate(table(spans, normal, DOUBTED, slice(2, 3))) == (75.0, ""), "before the last 10 s"
    assert rate(table(spans, normal, DOUBTED, slice(20, 21)))[1] == PASSED_OVER


@pytest.mark.parametrize(
    ("kind", "begin"),
    [
        ("bigeminy, 110, after 0.36 s", 0.0),
        ("another pulse 2 times as high, each 0.7 s, 10 ms", 45.0),
        ("saw at 3 Hz, 1.5 mV", 45.0),
    ],
)
def test_doubt_does_not_depend_on_the_chunks(kind: str, begin: float) -> None:
    signal = made(KINDS[kind], 130.0)
    ecg = signal.values[round(begin * 130.0) : round((begin + 35.0) * 130.0)]
    times = np.arange(len(ecg)) / 130.0
    whole = RPeaks(130.0).update(times, ecg)
    assert whole.passed.any() or whole.waves.any(), "or nothing is tested"
    for size in (3, 13, 777):
        detector, parts = RPeaks(130.0), list[Beats]()
        for k in range(0, len(ecg), size):
            parts.append(detector.update(times[k : k + size], ecg[k : k + size]))
        again = joined(parts)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(whole, again, strict=True))
