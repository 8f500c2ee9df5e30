"""Reference band, smoothing, and the state machine with its golden signal."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.arousal.band import (
    BITS,
    NO_BAND,
    ArousalConfig,
    Scale,
    Smoothing,
    band,
    bits_of,
    channel_sets,
    partial_reason,
    scale_of,
    weighted,
)
from processing.arousal.excursion import BandState, excursions, recovery, shares_of_time

CONFIG = ArousalConfig()


def golden() -> tuple[FloatArray, FloatArray]:
    t, a = np.arange(3000.0), np.zeros(3000)
    shapes = ((300, 1200, 4, 20, 60), (1200, 2400, 6, 20, 120), (2400, 3000, -3, 10, 30))
    for start, stop, p, r, tau in shapes:
        u = t[start:stop] - start
        a[start:stop] = np.where(u <= r, p * u / r, p * np.exp(-(u - r) / tau))
    return t, a


def test_the_golden_signal_gives_its_excursions() -> None:
    t, a = golden()
    found = excursions(t, a, -2.0, 2.0, 1.0)
    assert [(e.side, e.on, e.off) for e in found] == [(1, 311, 379), (1, 1207, 1387), (-1, 2407, 2431)]
    np.testing.assert_allclose([e.depth for e in found], [2, 4, 1], atol=1e-12)
    np.testing.assert_allclose([e.area for e in found], [46.829, 243.037, 7.379], atol=5e-4)
    assert not any(e.censored for e in found)
    shares = shares_of_time(t, np.ones(3000, bool), found)
    np.testing.assert_allclose(shares, [90.933, 8.267, 0.800], atol=5e-4)


def test_the_golden_signal_gives_its_recovery() -> None:
    t, a = golden()
    assert [recovery(t, a, 0.0, e) for e in excursions(t, a, -2.0, 2.0, 1.0)] == [
        (42.0, False),
        (84.0, False),
        (21.0, False),
    ]


def test_a_gap_censors_and_short_gaps_merge() -> None:
    t, a = golden()
    a[340:345] = np.nan
    first = excursions(t, a, -2.0, 2.0, 1.0)[0]
    assert (first.on, first.off, first.censored) == (311, 379, True)
    a[340:360] = np.nan
    found = excursions(t, a, -2.0, 2.0, 1.0)
    assert [(e.on, e.off, e.censored) for e in found[:2]] == [(311, 340, True), (1207, 1387, False)]
    assert recovery(t, a, 0.0, found[0]) == (20.0, True)


def test_what_is_not_known_within_an_excursion_is_no_share_of_its_time() -> None:
    a = np.repeat([0.0, 3.0, np.nan, 3.0, np.nan, 3.0], [20, 30, 8, 30, 9, 13])
    t = np.arange(float(len(a)))
    found = excursions(t, a, -2.0, 2.0, 1.0)
    assert [(e.on, e.off) for e in found] == [(20.0, 110.0)], "one, over gaps of at most ten seconds"
    np.testing.assert_allclose(shares_of_time(t, np.isfinite(a), found), [2000 / 93, 7300 / 93, 0.0])


def test_an_excursion_still_open_at_the_end_is_censored() -> None:
    t, a = golden()
    last = excursions(t[:330], a[:330], -2.0, 2.0, 1.0)[-1]
    assert (last.on, last.off, last.censored) == (311, 330, True)


def test_less_than_ten_seconds_past_the_edge_is_no_excursion() -> None:
    t, a = np.arange(100.0), np.zeros(100)
    a[40:50] = 3.0
    assert excursions(t, a, -2.0, 2.0, 1.0) == []
    a[50] = 3.0
    assert len(excursions(t, a, -2.0, 2.0, 1.0)) == 1


def test_the_live_state_is_known_when_it_can_be() -> None:
    t, a = golden()
    machine, states = BandState(), []
    for row in zip(t.tolist(), a.tolist(), strict=True):
        machine.step(*row, -2.0, 2.0, 1.0)
        states.append(machine.state)
    changes = np.flatnonzero(np.diff(states)) + 1
    np.testing.assert_array_equal(changes, [321, 384, 1217, 1392, 2417, 2436])
    np.testing.assert_array_equal(np.array(states)[changes], [1, 0, 1, 0, -1, 0])


def series(*parts: tuple[int, float]) -> tuple[FloatArray, FloatArray]:
    """Return seconds and an index that stands at each value for so long."""
    a = np.concatenate([np.full(n, value) for n, value in parts])
    return np.arange(float(len(a))), a


@pytest.mark.parametrize(("back", "n"), [(5, 1), (6, 2)])
def test_an_excursion_ends_after_five_seconds_within(back: int, n: int) -> None:
    """The fifth second after the first one within decides; merging would hide it."""
    t, a = series((20, 0.0), (20, 3.0), (back, 0.0), (20, 3.0), (20, 0.0))
    assert len(excursions(t, a, -2.0, 2.0, 1.0, merge=0.0)) == n


@pytest.mark.parametrize(("between", "n"), [(10, 1), (11, 2)])
def test_excursions_with_ten_seconds_between_them_are_one(between: int, n: int) -> None:
    t, a = series((20, 0.0), (20, 3.0), (between, 0.0), (20, 3.0), (20, 0.0))
    assert len(excursions(t, a, -2.0, 2.0, 1.0)) == n


@pytest.mark.parametrize(("stays", "seconds"), [(5, 32.0), (6, 20.0)])
def test_half_way_back_is_where_it_stays_for_five_seconds(stays: int, seconds: float) -> None:
    t, a = series((20, 0.0), (20, 4.0), (stays, 1.0), (12 - stays, 2.5), (30, 0.0))
    (one,) = excursions(t, a, -2.0, 2.0, 1.0)
    assert recovery(t, a, 0.0, one) == (seconds, False)


def test_a_series_may_begin_past_either_edge_and_be_as_short_as_two_samples() -> None:
    for side in (1, -1):
        (one,) = excursions(*series((15, 3.0 * side)), -2.0, 2.0, 1.0)
        assert (one.side, one.on, one.off, one.censored) == (side, 0.0, 15.0, True)
        (one,) = excursions(*series((2, 3.0 * side)), -2.0, 2.0, 1.0, hold=0.0)
        assert (one.duration, one.area) == (2.0, 2.0)
        assert excursions(*series((1, 3.0 * side)), -2.0, 2.0, 1.0, hold=0.0) == []
    assert excursions(np.empty(0), np.empty(0), -2.0, 2.0, 1.0) == []


def test_from_above_to_below_it_is_within_until_below_is_decided() -> None:
    machine, states = BandState(), []
    for time, value in enumerate([3.0] * 15 + [-3.0] * 15):
        machine.step(float(time), value, -2.0, 2.0, 1.0)
        states.append(machine.state)
    np.testing.assert_array_equal(states[10:], [1.0] * 10 + [0.0] * 5 + [-1.0] * 5)


def test_one_known_second_is_all_of_the_time() -> None:
    assert shares_of_time(np.arange(3.0), np.array([False, True, False]), []) == (100.0, 0.0, 0.0)
    assert all(math.isnan(x) for x in shares_of_time(np.arange(3.0), np.zeros(3, bool), []))


def test_after_a_gap_a_value_past_an_edge_stays_unknown_until_decided() -> None:
    machine = BandState()
    for time in range(12):
        machine.step(float(time), 3.0, -2.0, 2.0, 1.0)
        assert math.isnan(machine.state) if time < 10 else machine.state == 1.0
    machine.step(12.0, math.nan, -2.0, 2.0, 1.0)
    assert math.isnan(machine.state)
    machine.step(13.0, 0.0, -2.0, 2.0, 1.0)
    assert machine.state == 0.0


def test_the_band_is_the_wider_of_both_spreads_around_both_medians() -> None:
    rng = np.random.default_rng(0)
    rest, talk = rng.standard_normal(310), 1.0 + 2.0 * rng.standard_normal(130)
    got = band([rest], [talk], CONFIG)
    still, speaking = rest[10:], talk[10:]
    spread = max(1.4826 * np.median(np.abs(x - np.median(x))) for x in (still, speaking))
    assert got.scale == pytest.approx(spread) and got.talk
    assert got.low == pytest.approx(np.median(still) - 2 * spread)
    assert got.high == pytest.approx(np.median(speaking) + 2 * spread)


def test_the_floor_sets_the_width_of_a_steady_rest() -> None:
    got = band([np.zeros(300)], [], CONFIG)
    assert (got.low, got.high, got.scale, got.talk) == (-1.5, 1.5, 0.75, False)


def test_too_little_rest_gives_no_band_and_too_little_talk_is_left_out() -> None:
    assert band([np.zeros(189)], [np.zeros(120)], CONFIG) == NO_BAND
    assert band([np.zeros(190)], [np.ones(69)], CONFIG).talk is False
    assert band([np.zeros(190)], [np.ones(70)], CONFIG).high == 2.5


def test_scale_has_a_floor() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 100.0, np.nan])
    assert scale_of(values, 0.5) == Scale(3.0, 1.4826)
    assert scale_of(np.full(5, 60.0), 4.0) == Scale(60.0, 4.0)
    assert math.isnan(weighted({}, {}, {}))


def test_the_mean_goes_on_after_a_short_gap_and_starts_anew_after_a_long_one() -> None:
    for gap, value in ((3, None), (20, 10.0)):
        smoothing = Smoothing(CONFIG)
        for _ in range(30):
            smoothing.step(0.0)
        assert all(math.isnan(smoothing.step(math.nan)) for _ in range(gap))
        after = [smoothing.step(10.0) for _ in range(12)]
        first = next(x for x in after if not math.isnan(x))
        assert first == value if value is not None else 0.0 <= first < 10.0
        assert math.isnan(after[0]) == (gap == 20)


def test_sets_of_channels_and_what_is_missing() -> None:
    assert [bits_of(s) for s in channel_sets(["scr", "hr", "scl"])] == [1, 2, 4, 3, 5, 6, 7]
    assert [partial_reason(b) for b in (3, 5, 7)] == ["", "", ""]
    assert partial_reason(1) == "partial: no EDA"
    assert partial_reason(6) == "partial: no heart rate"


def smoothed(values: list[float]) -> list[float]:
    smoothing = Smoothing(CONFIG)
    return [smoothing.step(v) for v in values]


@pytest.mark.parametrize(("n_valid", "there"), [(4, False), (5, True)])
def test_the_median_needs_half_of_its_window(n_valid: int, there: bool) -> None:
    # Of ten seconds that many are valid, the newest among them.
    values = [math.nan] * (10 - n_valid) + [3.0] * n_valid
    assert (smoothed(values)[-1] == 3.0) is there


def test_the_mean_takes_up_what_the_median_says_with_the_weight_of_the_time_that_passed() -> None:
    # Twelve seconds at 0, then 1: the sixth 1 moves the median of ten to 0.5, the seventh to 1.
    after = smoothed([0.0] * 12 + [1.0] * 7)[12:]
    assert after[:4] == [0.0] * 4
    first = (1.0 - math.exp(-1 / 5)) * 0.5
    assert after[4] == pytest.approx(first)
    assert after[5] == pytest.approx(first + (1.0 - math.exp(-1 / 5)) * (1.0 - first))


@pytest.mark.parametrize("gap", [1, 4, 5, 6, 7, 9, 10, 11])
def test_after_a_gap_the_mean_weighs_all_the_seconds_it_lasted_or_starts_anew(gap: int) -> None:
    smoothing = Smoothing(CONFIG)
    for _ in range(20):
        smoothing.step(0.0)
    seconds = 0
    for k in range(40):
        value = smoothing.step(math.nan if k < gap else 8.0)
        seconds += 1
        if not math.isnan(value):
            break
    # A window that still holds zeros has its median at 0; one that holds none, or fewer, at 8.
    zeros, eights = max(0, 10 - gap - (seconds - gap)), seconds - gap
    median = 0.0 if zeros > eights else 4.0 if zeros == eights else 8.0
    whole = seconds - 1 >= 10
    weight = 1.0 if whole else 1.0 - math.exp(-seconds / 5)
    assert value == pytest.approx(weight * median)


def test_the_edges_stand_k_scales_off_the_medians_each_as_the_therapist_set_it() -> None:
    config = replace(CONFIG, k_low=1.0, k_high=3.0)
    got = band([np.zeros(300)], [np.full(130, 2.0)], config)
    assert (got.low, got.high, got.scale, got.talk) == (-0.75, 2.0 + 2.25, 0.75, True)


def test_the_first_ten_seconds_of_a_baseline_are_left_out() -> None:
    rest = np.concatenate((np.full(10, 50.0), np.zeros(180)))
    assert band([rest], [], CONFIG).high == 1.5
    assert band([rest[1:]], [], CONFIG) == NO_BAND


def test_weights_share_what_is_there() -> None:
    scales = {"hr": Scale(60.0, 4.0), "scl": Scale(1.0, 0.5), "scr": Scale(2.0, 0.5)}
    weights = {"hr": 0.4, "scl": 0.4, "scr": 0.2}
    # z = 1, -2 and 3.
    values = {"hr": 64.0, "scl": 0.0, "scr": 3.5}
    assert weighted(values, scales, weights) == pytest.approx((0.4 * 1 - 0.4 * 2 + 0.2 * 3) / 1.0)
    del values["hr"]
    assert weighted(values, scales, weights) == pytest.approx((-0.4 * 2 + 0.2 * 3) / 0.6)


def test_the_bits_of_the_channels_are_those_that_other_programs_read() -> None:
    assert BITS == {"hr": 1, "scl": 2, "scr": 4, "f0": 8}
