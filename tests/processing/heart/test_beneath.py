"""Another heart beneath the beats: told where it is, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from benchmarks.looks_good import KINDS, Signal, seen
from processing.heart.rpeaks import Beats, RPeaks, joined
from processing.heart.rpeaks_evidence import Levels
from processing.heart.waves.beneath import EVERY, HOLD, INTERVALS, WINDOW, Beneath, lies_beneath
from processing.heart.waves.passed import NONE, STRONG, PassedOver

RATE = 125.0
BEAT = Levels(0.37)
BEAT.accept(1.0, 1.0)


def drawn(beats: FloatArray, others: FloatArray, *, size: float = 0.25, width: float = 0.012) -> FloatArray:
    """Return 25 s of ECG: beats of 1 mV with P and T waves, other waves, and noise of 5 µV."""
    time = np.arange(round(25.0 * RATE)) / RATE
    out = 0.005 * np.random.default_rng(0).standard_normal(len(time))
    waves = [
        (b + at, h, w) for b in beats for at, h, w in ((0, 1, 0.012), (-0.17, 0.12, 0.022), (0.28, 0.3, 0.05))
    ]
    for at, height, wide in [*waves, *((t, size, width) for t in others)]:
        out += height * np.exp(-0.5 * ((time - at) / wide) ** 2)
    return np.asarray(out)


def told(beats: FloatArray, others: FloatArray, **wave: float) -> bool:
    places = np.round(beats * RATE).astype(np.int64)
    return lies_beneath(drawn(beats, others, **wave), np.stack((places[:-1], places[1:]), axis=1), RATE)


def beats_of(step: float, begin: float = 0.5) -> FloatArray:
    at = begin + step * np.arange(int((24.4 - begin) / step))
    return np.asarray(np.round(at * RATE) / RATE)


BEATS = beats_of(0.6)
UNEVEN = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.3, 26))
UNEVEN = UNEVEN[UNEVEN < 24.0]


@pytest.mark.parametrize("step", [0.53, 0.77, 0.93, 1.1])
@pytest.mark.parametrize("size", [-0.4, 0.2])
def test_a_smaller_heart_is_told_by_its_march(step: float, size: float) -> None:
    assert told(BEATS, beats_of(step, 0.31), size=size)


def test_what_keeps_the_time_of_the_beats_or_no_time_is_none() -> None:
    assert not told(BEATS, np.empty(0))
    assert not told(BEATS, BEATS + 0.3), "as long after each"
    assert told(BEATS, UNEVEN, size=0.2), "uneven, of one shape"
    assert not told(beats_of(0.8), beats_of(0.8)[::2] + 0.4), "as long after every second: ectopic beats"
    assert not told(BEATS, UNEVEN, size=0.1), "uneven and small"
    assert told(BEATS, UNEVEN, size=0.5), "uneven and far out of the noise: a heart with ectopic beats"
    assert not told(BEATS, beats_of(0.9, 0.31), width=0.045), "too slow for a QRS"
    assert not told(BEATS, beats_of(4.1, 0.31)), "five in all"
    assert not told(BEATS[:INTERVALS], beats_of(0.9, 0.31)), "seven intervals"


def test_it_is_looked_for_where_steep_waves_were_passed_over() -> None:
    place = int(EVERY * RATE)

    def after(*waves: tuple[int, float, float], own: bool = True) -> list[tuple[int, int]]:
        follow = Beneath(RATE)
        for at, height, slope in waves:
            follow.note(at, height, slope, BEAT)
        assert follow.beat(100, is_own=True) == []
        assert follow.beat(200, is_own=own) == []
        assert follow.beat(300, is_own=True) == []
        return follow.beat(place, is_own=True)

    early, mid, late = ((at, 0.2, 0.2) for at in (110, 250, 190))
    assert after(early, mid, late) == [(100, 200), (200, 300), (300, place)]
    assert after(early, mid, late, own=False) == [(300, place)]
    assert after(early, mid) == [], "one apart from the other"
    assert after(late, (290, 0.2, 0.2), (990, 0.2, 0.2)) == [], "P waves"
    assert after(early, mid, (190, 0.11, 0.2)) == [], "small"
    assert after(early, mid, (190, 0.2, 0.14)) == after(early, mid, (190, 0.14, 0.11)) == [], "flat"
    some = [(110, 0.21, 0.17), (210, 0.21, 0.17)]
    assert after(*some), "large, after two of four beats, at one place"
    assert after(some[0], (210, 0.19, 0.17)) == after(some[0], (210, 0.21, 0.16)) == after(some[0]) == []
    assert after(*some, (310, 0.3, 0.3)) == [], "after three of four"
    follow = Beneath(RATE)
    for at in (110, 250, 190):
        follow.note(at, 0.2, 0.2, BEAT)
    for at in (100, 200, 300, 250 + int(WINDOW * RATE)):
        assert follow.beat(at, is_own=True) == [], "too long ago"


def test_another_rhythm_goes_on_for_as_long_as_is_said() -> None:
    follow = PassedOver()
    follow.goes_on(3.5)
    follow.goes_on(2.0)
    assert [follow.beat(t, t - 1.0, is_own=True) for t in (1.0, 2.0, 3.0, 4.0)] == [STRONG] * 3 + [NONE]
    follow.restart()
    assert follow.beat(1.0, 0.0, is_own=True) == NONE


def hearts(seconds: float = 75.0, sfreq: float = 130.0) -> Signal:
    signal = KINDS["another heart 4 times as high, each 0.6 s"](np.random.default_rng(0), sfreq)
    n = round(seconds * sfreq)
    inside = signal.beats < seconds - 0.5
    return Signal(signal.values[:n], sfreq, signal.beats[inside], signal.normal[inside])


def test_a_larger_heart_gives_no_rate_of_its_own() -> None:
    counts = seen(hearts())
    # from 30 s on; until enough of its beats were seen nothing tells
    assert counts.rates_off <= 10
    assert counts.minutes_off == 0
    assert counts.rates_given > 25, "before it"


def test_what_lies_beneath_does_not_depend_on_the_chunks() -> None:
    signal = hearts()
    times = np.arange(len(signal.values)) / 130.0
    whole = RPeaks(130.0).update(times, signal.values)
    assert np.count_nonzero(whole.passed[whole.times > 40.0] == STRONG) > 30, f"for {HOLD:g} s"
    for size in (77, 1300):
        detector, parts = RPeaks(130.0), list[Beats]()
        for k in range(0, len(times), size):
            parts.append(detector.update(times[k : k + size], signal.values[k : k + size]))
        again = joined(parts)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(whole, again, strict=True))
