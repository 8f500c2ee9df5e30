"""The rules by which a candidate is a beat, each against the number it states."""

from __future__ import annotations

from itertools import combinations
from math import exp, log

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.heart.rpeaks import detect_r_peaks
from processing.heart.rpeaks_evidence import RECENT, UNUSUAL, WEIGHTS, Intervals, Levels, Tails
from processing.heart.rpeaks_path import PENDING, Path, Pending
from processing.heart.rpeaks_trust import NOISE, SlowNoise

RATE = 125.0


def after(since: float, height: float, slope: float, before: float) -> float:
    """Return what speaks for a candidate so many seconds after a beat of height 1 and slope 1."""
    path = Path(RATE)
    for _ in range(3):
        path._levels.accept(1.0, 1.0)
    return path._after_beat(round(since * RATE), height, slope, before)[0]


def test_what_is_larger_than_what_came_before_has_a_bonus_and_what_is_smaller_a_price() -> None:
    assert after(0.8, 1.0, 1.0, before=1.0) == WEIGHTS.alone
    assert after(0.8, 1.0, 1.0, before=2.0) == pytest.approx(-WEIGHTS.shadow * log(2.0))
    assert after(0.8, 0.5, 1.0, before=2.0) == pytest.approx(-WEIGHTS.shadow * log(4.0))


@pytest.mark.parametrize(
    ("since", "slope", "height", "price"),
    [
        # Soon after a beat and half as steep: a T wave. As steep as half: none.
        (0.40, 0.49, 0.9, WEIGHTS.tail),
        (0.40, 0.50, 0.9, 0.0),
        (0.43, 0.49, 0.9, 0.0),
        # Flat (under 0.38) and low (under 0.55): a T wave, twice its price while few beats are known.
        (0.30, 0.37, 0.54, WEIGHTS.tail + 2 * WEIGHTS.late_tail),
        (0.45, 0.37, 0.54, 2 * WEIGHTS.late_tail),
        (0.45, 0.37, 0.55, 0.0),
        (0.45, 0.38, 0.54, 0.0),
        (0.61, 0.37, 0.54, 2 * WEIGHTS.late_tail),
        (0.63, 0.10, 0.10, 0.0),
        # As soon as 0.2 s after a beat nothing else tells.
        (0.20, 0.37, 0.54, WEIGHTS.tail),
    ],
)
def test_a_flat_low_wave_after_a_beat_has_its_price(
    since: float, slope: float, height: float, price: float
) -> None:
    assert after(since, height, slope, before=height) == pytest.approx(WEIGHTS.alone - price)


def test_beats_are_forgotten_after_two_and_a_half_seconds_without_one() -> None:
    for seconds, forgotten in ((2.4, False), (2.6, True)):
        path = Path(RATE)
        for _ in range(3):
            path._levels.accept(5.0, 1.0)
        path._last = 0
        shape = np.zeros((2 * 2 + 1, 4))
        path._arrive(round(seconds * RATE), 1.0, 0.1, 1.0, 1.0, 1.0, round((seconds + 0.7) * RATE), shape)
        assert path._levels.few is forgotten
        assert path._levels.height == (0.0 if forgotten else 5.0)


def known(seconds: float, n: int = RECENT) -> Intervals:
    intervals = Intervals(WEIGHTS)
    for _ in range(n):
        intervals.learn(seconds)
    return intervals


def test_an_interval_costs_by_how_far_it_is_from_the_usual_one() -> None:
    usual = known(0.8)
    assert usual.cost(0.8) == pytest.approx(0.0)
    # A spread of 0.18 in the logarithm is the least.
    assert usual.cost(0.8 * exp(-0.18)) == pytest.approx(0.5)
    assert usual.cost(0.8 * exp(-0.36)) == pytest.approx(2.0)
    assert usual.cost(0.45) == WEIGHTS.early, "never more, however early"
    assert usual.cost(0.45, clear=True) == WEIGHTS.early_clear
    assert usual.cost(0.8 * exp(0.09)) == pytest.approx(0.5 * 0.25)
    # After one and a half intervals a beat is missing, and each further interval costs more.
    assert usual.cost(1.6) == pytest.approx(WEIGHTS.late + WEIGHTS.missed * 0.5)
    assert usual.cost(2.4) == pytest.approx(WEIGHTS.late + WEIGHTS.missed * 1.5)
    assert usual.cost(60.0) == WEIGHTS.silence


def test_an_interval_under_a_third_of_a_second_costs_more_the_shorter_it_is() -> None:
    unknown = Intervals(WEIGHTS)
    assert unknown.cost(0.36) == 0.0
    assert unknown.cost(0.30) == pytest.approx(0.06 * WEIGHTS.short)
    assert unknown.cost(0.219) == 1e3
    assert known(0.8).cost(0.30) == pytest.approx(0.06 * WEIGHTS.short + WEIGHTS.early)


def test_few_intervals_are_a_weak_reason_to_call_a_beat_early() -> None:
    whole, few = known(0.8, 50), known(0.8, 1)
    assert 0.0 < few.cost(0.45) < whole.cost(0.45) == WEIGHTS.early


def test_no_interval_of_a_pause_or_of_noise_is_learnt() -> None:
    intervals = known(0.8)
    for seconds in (0.25, 0.1, 2.0, 5.0):
        intervals.learn(seconds)
    assert intervals.cost(0.8) == pytest.approx(0.0)
    assert intervals.silence(0.8) == pytest.approx(0.0)
    assert intervals.silence(1.6) == pytest.approx(WEIGHTS.late + WEIGHTS.missed * 0.5)


def test_the_threshold_lies_between_what_was_rejected_and_the_beats() -> None:
    levels = Levels(low=0.25)
    assert levels.at(2.0, 0.7, 0.5) == pytest.approx((0.2 + 0.5 * 1.8, 0.7)), "few beats: what is given"
    for height, slope in ((1.0, 0.1), (2.0, 0.2), (3.0, 0.3), (4.0, 0.4)):
        levels.accept(height, slope)
    # The lowest quarter of four heights is the second lowest; the noise is a tenth of it while unknown.
    assert levels.at(9.0, 9.0, 0.5) == pytest.approx((0.2 + 0.5 * 1.8, 0.3))
    for height in (0.4, 0.6, 0.8):
        levels.reject(height)
    assert levels.at(9.0, 9.0, 0.5)[0] == pytest.approx(0.6 + 0.5 * 1.4)
    # What is half as high again as the middle beat (3) may be a beat itself: no noise.
    levels.reject(4.5)
    assert levels.at(9.0, 9.0, 0.5)[0] == pytest.approx(0.6 + 0.5 * 1.4)
    for _ in range(8):
        levels.reject(4.4)
    assert levels.at(9.0, 9.0, 0.5)[0] == pytest.approx(1.0), "noise counts up to half of the beats"


def test_a_wave_that_most_beats_have_costs_by_how_many_have_it() -> None:
    tails = Tails()
    for has in (True, True, True, False):
        if has:
            assert tails.saw() == 2.0
            tails.rejected(0.3)
        tails.next_beat()
    assert tails.saw() == pytest.approx(2.0 * 3 / 4)
    tails.next_beat()
    for _ in range(4):
        tails.next_beat()
    # Of the last eight beats four have it: not most.
    assert tails.saw() == 0.0


def test_what_is_much_higher_than_what_usually_follows_a_beat_is_no_t_wave() -> None:
    tails = Tails()
    for _ in range(4):
        assert tails.usual(100.0)
        tails.rejected(0.2)
        tails.rejected(0.3)
        tails.next_beat()
    assert tails.usual(0.3 * UNUSUAL - 1e-9)
    assert not tails.usual(0.3 * UNUSUAL)


def test_the_weights_can_be_sought_anew() -> None:
    path = Path(RATE, WEIGHTS._replace(alone=7.0))
    assert path._after_beat(10_000, 1.0, 1.0, 1.0)[0] == 7.0


@pytest.mark.parametrize("sfreq", [130.0, 250.0, 500.0])
def test_a_wide_beat_that_comes_as_early_as_a_t_wave_is_known_by_those_before(sfreq: float) -> None:
    """Half a second after a usual beat in the first 40 s, a third of one afterwards."""
    usual = ((-0.025, -0.1, 0.010), (0.0, 1.0, 0.010), (0.03, -0.25, 0.011), (0.27, 0.3, 0.05))
    wide = ((0.0, 1.2, 0.032), (0.08, 0.5, 0.03), (0.30, -0.5, 0.07))
    rng = np.random.default_rng(0)
    time = np.arange(round(120.0 * sfreq)) / sfreq
    ecg, early, beats, at = 0.015 * rng.standard_normal(len(time)), list[float](), list[float](), 0.8
    while at < 117.0:
        apart = 0.72 * (1.0 + 0.06 * float(rng.standard_normal()))
        drawn: list[tuple[float, tuple[tuple[float, float, float], ...]]] = [(at, usual)]
        if len(beats) % 7 == 6:
            early.append(at + (0.5 if at < 40.0 else 0.33))
            drawn.append((early[-1], wide))
            apart += 0.7
        for moment, shape in drawn:
            beats.append(moment)
            for lag, height, width in shape:
                near = slice(*np.searchsorted(time, [moment + lag - 0.3, moment + lag + 0.3]))
                ecg[near] += height * np.exp(-0.5 * ((time[near] - moment - lag) / width) ** 2)
        at += apart
    found = detect_r_peaks(ecg, sfreq)
    assert len(early) > 15
    assert all(np.abs(found - moment).min() < 0.1 for moment in early)
    assert len(found) == len(beats)


def waves(rng: np.random.Generator, n: int, exponent: float) -> FloatArray:
    """Return noise that falls with this power of the frequency: (n, shifts, width), as shapes are."""
    size, around = 80 * n, np.arange(7)[:, None] + np.arange(31)
    spectrum = (
        np.fft.rfft(rng.standard_normal(size)) / np.maximum(np.fft.rfftfreq(size, 0.008), 1.0) ** exponent
    )
    cut = np.fft.irfft(spectrum, size)[80 * np.arange(n)[:, None, None] + around]
    cut = cut - cut.mean(axis=2, keepdims=True)
    return np.asarray(cut / np.sqrt((cut * cut).sum(axis=2, keepdims=True)))


def in_noise(contrast: float, rejected: FloatArray, own: float = 0.0) -> SlowNoise:
    """Return what is known after twelve trusted beats, each with one that is not, and some waves that were
    none; all beats of this contrast, or the trusted ones of their `own`."""
    noise = SlowNoise()
    for _ in range(12):
        noise.accept(own or contrast, trusted=True)
        noise.accept(contrast, trusted=False)
    for parts in rejected:
        noise.reject(parts[3])
    return noise


def test_slopes_tell_a_beat_in_slow_noise_and_nothing_in_white_or_none() -> None:
    rng = np.random.default_rng(1)
    shifts = 0.008 * (np.arange(7)[:, None] + np.arange(31) - 18.0)
    qrs = np.exp(-0.5 * (shifts / 0.012) ** 2)
    qrs -= qrs.mean(axis=1, keepdims=True)
    qrs /= np.sqrt((qrs * qrs).sum(axis=1, keepdims=True))
    slow, white = waves(rng, 200, 1.5), waves(rng, 12, 0.0)
    noise = in_noise(4.0, slow[:12])
    alone = noise.evidence(qrs, qrs[3])
    assert alone == pytest.approx(NOISE.weight * (1.0 - NOISE.middle))
    hidden = qrs + 1.5 * slow  # the noise has half as much again as the beat
    told = np.array(
        [[noise.evidence(parts, qrs[3]) for parts in kind] for kind in (hidden, slow)], np.float64
    )
    whole = np.array(
        [[max(p @ qrs[3] / np.sqrt((p * p).sum(axis=1))) for p in kind] for kind in (hidden, slow)]
    )
    apart = [np.mean(v[0][:, None] > v[1]) for v in (told, whole)]
    assert apart[0] > 0.97
    assert apart[0] > apart[1] + 0.05  # than the likeness of whole shapes
    assert in_noise(4.0, white).evidence(qrs, qrs[3]) is None
    assert in_noise(20.0, slow[:12]).evidence(qrs, qrs[3]) is None
    assert noise.evidence(qrs, None) is None
    assert in_noise(4.0, slow[:12], own=20.0).evidence(qrs, qrs[3]) is None, "wide beats, and no noise"
    ramp = np.tile(np.linspace(-1.0, 1.0, 31), (7, 1))
    assert noise.evidence(ramp, qrs[3]) == NOISE.least, "an ectopic beat is a beat"


@pytest.mark.parametrize("seed", range(40))
def test_the_best_path_is_the_best_of_all_paths(seed: int) -> None:
    """Every choice of the pending candidates is tried: what they say, less the intervals and the silences."""
    rng, path, at = np.random.default_rng(seed), Path(RATE), 260
    path._intervals, path._clear = known(0.8, n=int(rng.integers(0, RECENT + 1))), bool(rng.random() < 0.5)
    path._last = None if rng.random() < 0.2 else 0
    places = np.sort(rng.choice(np.arange(30, 300), size=int(rng.integers(1, PENDING + 1)), replace=False))
    scores, marks = rng.normal(1.0, 3.0, len(places)).tolist(), rng.random((len(places), 2)) < 0.4
    nothing = np.zeros((5, 4))
    path._pending = [
        Pending(int(place), score, 1.0, 1.0, 9.0, False, nothing, bool(clear), bool(sure), 999)
        for place, score, (clear, sure) in zip(places, scores, marks, strict=True)
    ]
    seen = [c for c in path._pending if c.place <= at] or path._pending[:1]

    def value(chosen: list[Pending]) -> float:
        total, time, clear = 0.0, path._last, path._clear
        for c in chosen:
            total += c.score
            if time is not None:
                total -= path._intervals.cost((c.place - time) / RATE, c.clear and clear, c.sure)
            time, clear = c.place, c.clear
        return total if time is None else total - path._intervals.silence((at - time) / RATE)

    every = [list(some) for n in range(len(seen) + 1) for some in combinations(seen, n)]
    having = max(value(some) for some in every if some[:1] == seen[:1])
    lacking = max(value(some) for some in every if some[:1] != seen[:1])
    assert path._margin(at) == pytest.approx(having - lacking)


@pytest.mark.parametrize("before", ["beat", "candidate"])
def test_one_that_looks_like_the_one_before_may_do_so_at_any_shift(before: str) -> None:
    """A candidate's middle lies some samples beside that of the beat it is like."""
    shape, other = np.eye(4)[0], np.eye(4)[1]
    path, shifted = Path(RATE), np.array([other, other, other, shape, other])
    if before == "beat":
        path._latest = shape
    else:
        at_rest = np.array([other, other, shape, other, other])
        path._pending = [Pending(30, 1.0, 1.0, 1.0, 9.0, False, at_rest, False, False, 999)]
    assert path._alike(shifted)
    assert not path._alike(np.array([other] * 5) if before == "beat" else np.array([np.eye(4)[2]] * 5))
