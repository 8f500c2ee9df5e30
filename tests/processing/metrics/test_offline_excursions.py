"""Time in band, excursions and recovery on the golden signal: to the second and the hundredth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from processing.arousal.band import ArousalConfig
from processing.arousal.excursion import Excursion
from processing.hour.measure import Measure
from processing.hour.timeline import Person
from processing.hour.uncertainty import poisson_interval
from processing.metrics.excursions import excursion_measures, find
from processing.metrics.in_band import time_in_band
from processing.metrics.recovery import kaplan_meier_median, recoveries, recovery_measures
from tests.processing.hours import golden, person

CONFIG = ArousalConfig()


def by_name(measures: list[Measure]) -> dict[str, Measure]:
    """Return measures by name."""
    return {m.metric: m for m in measures}


def of_the_golden_signal() -> tuple[Person, list[Excursion]]:
    """Return the golden person and the excursions."""
    times, a = golden()
    someone = person(a)
    return someone, find(someone, times, CONFIG)


def test_the_golden_signal_has_the_listed_excursions() -> None:
    _, found = of_the_golden_signal()
    assert [(e.on, e.off) for e in found] == [(311.0, 379.0), (1207.0, 1387.0), (2407.0, 2431.0)]
    assert [e.depth for e in found] == pytest.approx([2.0, 4.0, 1.0])
    assert [e.area for e in found] == pytest.approx([46.829, 243.037, 7.379], abs=5e-4)
    assert not any(e.censored for e in found)


def test_the_golden_signal_has_the_listed_shares_of_time() -> None:
    someone, found = of_the_golden_signal()
    got = by_name(time_in_band(someone, golden()[0], found))
    assert got["time_in_pct"].value == pytest.approx(90.933, abs=5e-4)
    assert got["time_above_pct"].value == pytest.approx(8.267, abs=5e-4)
    assert got["time_below_pct"].value == pytest.approx(0.800, abs=5e-4)
    assert got["time_in_pct"].valid_pct == 100.0
    assert got["time_in_pct"].ci_low < got["time_in_pct"].value < got["time_in_pct"].ci_high
    # Two lie above the band and one below; each share has the limits and the number of its own.
    rests = [got[f"time_{where}_pct"].reason for where in ("in", "above", "below")]
    assert rests == ["rests on 3 stretches", "rests on 2 stretches", "rests on 1 stretch"]
    above, below = got["time_above_pct"], got["time_below_pct"]
    assert above.ci_low < above.value < above.ci_high and below.ci_low < below.value < below.ci_high
    turned = person(-golden()[1])
    mirror = by_name(time_in_band(turned, golden()[0], find(turned, golden()[0], CONFIG)))
    other = mirror["time_below_pct"]
    assert (other.ci_low, other.ci_high) == pytest.approx((above.ci_low, above.ci_high))


def test_the_golden_signal_has_the_listed_recoveries() -> None:
    someone, found = of_the_golden_signal()
    got = recoveries(someone, golden()[0], found)
    assert [(r.seconds, r.censored) for r in got] == [(42.0, False), (84.0, False), (21.0, False)]
    median = by_name(recovery_measures(got, 100.0, ""))["recovery_t50"]
    assert (median.value, median.n) == (42.0, 3)


def test_counts_and_rate_of_the_golden_signal() -> None:
    someone, found = of_the_golden_signal()
    got = by_name(excursion_measures(someone, found, "S01"))
    assert got["excursions_count"].value == 3.0
    assert (got["excursions_above_count"].value, got["excursions_below_count"].value) == (2.0, 1.0)
    assert got["excursions_rate"].value == pytest.approx(3.6)
    assert got["excursions_rate"].ci_low == pytest.approx(0.6187 * 1.2, rel=1e-3)
    assert got["excursions_rate"].ci_high == pytest.approx(8.7673 * 1.2, rel=1e-3)
    assert got["excursion_depth_mean"].value == pytest.approx(7.0 / 3.0)


def test_where_nothing_is_valid_nothing_is_counted_and_the_reason_said() -> None:
    got = excursion_measures(person(np.full(1200, np.nan)), [], "S01")
    assert [(math.isnan(m.value), m.n, bool(m.reason)) for m in got] == [(True, 0, True)] * 8


def test_a_gap_cuts_an_excursion_in_two() -> None:
    times, a = golden()
    a[1300:1330] = np.nan
    someone = person(a)
    found = find(someone, times, CONFIG)
    cut = [e for e in found if e.censored]
    assert [(e.on, e.off) for e in cut] == [(1207.0, 1300.0), (1330.0, 1387.0)]
    got = by_name(excursion_measures(someone, found, "S01"))
    assert got["excursions_censored_count"].value == 2.0
    assert got["excursion_duration_mean"].n == 2
    assert got["excursion_depth_mean"].n == 4
    only = by_name(excursion_measures(someone, cut, "S01"))["excursion_duration_mean"]
    assert (math.isnan(only.value), only.n, only.reason) == (True, 0, "no excursion that was not cut")


def test_a_gap_of_at_most_ten_seconds_leaves_one_excursion_but_censors_it() -> None:
    times, a = golden()
    a[1300:1310] = np.nan
    found = find(person(a), times, CONFIG)
    assert [(e.on, e.off, e.censored) for e in found if e.on == 1207.0] == [(1207.0, 1387.0, True)]


def test_a_gap_before_half_way_back_censors_the_recovery() -> None:
    times, a = golden()
    a[1280:1290] = np.nan
    someone = person(a)
    found = find(someone, times, CONFIG)
    got = recoveries(someone, times, found)
    at_gap = next(r for r, e in zip(got, found, strict=True) if e.on == 1207.0)
    assert at_gap.censored
    assert at_gap.seconds == 60.0


@pytest.mark.parametrize(
    ("valid", "says"), [(1700, "57 % valid, 60 % are needed"), (0, "no valid second in the hour proper")]
)
def test_too_little_of_the_hour_gives_no_share_and_says_why(valid: int, says: str) -> None:
    times, a = golden()
    a[valid:] = np.nan
    got = by_name(time_in_band(person(a), times, []))
    assert math.isnan(got["time_in_pct"].value)
    assert got["time_in_pct"].reason == says


def test_less_than_ten_minutes_give_no_share_even_if_all_is_valid() -> None:
    got = by_name(time_in_band(person(np.zeros(500)), np.arange(500.0), []))
    assert math.isnan(got["time_in_pct"].value)
    assert got["time_in_pct"].reason == "8.3 min valid, 10 min are needed"


@pytest.mark.parametrize(("spoken", "why"), [(60, ""), (59, "59 s of it, 60 s are needed")])
def test_a_minute_of_speech_is_needed_for_its_share(spoken: int, why: str) -> None:
    times, a = golden()
    got = by_name(time_in_band(person(a, speaking=(times < spoken).astype(float)), times, []))
    assert got["time_in_speaking_pct"].reason.startswith(why) and math.isnan(
        got["time_in_speaking_pct"].value
    ) == bool(why)


def test_shares_of_time_are_split_by_own_speech() -> None:
    times, a = golden()
    speaking = (times >= 1000.0).astype(float)
    someone = person(a, speaking=speaking)
    got = by_name(time_in_band(someone, times, find(someone, times, CONFIG)))
    assert got["time_in_speaking_pct"].value == pytest.approx(100.0 * (2000 - 204) / 2000)
    assert got["time_in_listening_pct"].value == pytest.approx(100.0 * (1000 - 68) / 1000)
    alone = got["time_in_listening_pct"]
    assert alone.ci_low < alone.value < alone.ci_high, "one excursion is enough for an interval"
    someone = person(a, speaking=np.ones(3000))
    got = by_name(time_in_band(someone, times, find(someone, times, CONFIG)))
    whole, spoken = got["time_in_pct"], got["time_in_speaking_pct"]
    assert (spoken.ci_low, spoken.ci_high) == pytest.approx((whole.ci_low, whole.ci_high))
    assert by_name(time_in_band(person(a), times, []))["time_in_speaking_pct"].reason == "no voice activity"


def test_poisson_intervals_are_those_of_the_tables() -> None:
    assert poisson_interval(0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert poisson_interval(3) == pytest.approx((0.619, 8.767), abs=1e-3)
    assert poisson_interval(10) == pytest.approx((4.795, 18.390), abs=1e-3)


def test_the_median_counts_those_that_were_cut() -> None:
    seconds, seen = np.array([10.0, 20.0, 30.0, 40.0]), np.array([True, False, True, True])
    assert kaplan_meier_median(seconds, seen)[0] == 30.0
    even = np.array([12.0, 19.0, 23.0, 40.0])
    assert kaplan_meier_median(even, np.ones(4, bool))[0] == 21.0, "the middle of the stretch at one half"
    assert kaplan_meier_median(even, np.array([True, True, False, False]))[0] == 19.0
    assert math.isnan(kaplan_meier_median(seconds, np.zeros(4, bool))[0])
    assert recovery_measures([], 100.0, "")[0].reason == "no excursion"
