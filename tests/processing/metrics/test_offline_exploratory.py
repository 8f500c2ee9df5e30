"""What is exploratory: swings of the index against first-order noise, and hours without a stretch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from processing.arousal.band import ArousalConfig
from processing.hour.measure import Measure
from processing.metrics.excursions import find
from processing.metrics.oscillation import oscillation_measures
from processing.metrics.stretch import stretch_measures
from processing.metrics.tolerated import Edge
from tests.processing.hours import golden, person, wandering

CONFIG = ArousalConfig()
NO_EDGE = Edge(value=math.nan, reason="3 labels")
NAMES = ("arousal_oscillation_p", "arousal_oscillation_ratio", "arousal_oscillation_period")


def named(measures: list[Measure]) -> dict[str, Measure]:
    return {m.metric: m for m in measures}


def test_a_swing_of_known_period_stands_out_of_noise_also_across_a_gap() -> None:
    noise = wandering(3000, 60.0, 1.0, np.random.default_rng(1))
    a = noise + np.sin(2 * np.pi * np.arange(3000.0) / 150.0)
    a[500:620] = np.nan
    got = named(oscillation_measures(person(a), "S01", CONFIG))
    assert got["arousal_oscillation_p"].value <= 0.01
    assert got["arousal_oscillation_period"].value == pytest.approx(150.0, abs=4.0)
    assert got["arousal_oscillation_p"].method.endswith("exploratory")


def test_first_order_noise_has_no_period_and_says_so() -> None:
    a = wandering(3000, 60.0, 1.0, np.random.default_rng(2))
    got = named(oscillation_measures(person(a), "S01", CONFIG))
    assert got["arousal_oscillation_p"].value > 0.05
    assert math.isnan(got["arousal_oscillation_period"].value)
    assert got["arousal_oscillation_period"].reason.startswith("no peak above AR(1) noise")


def test_the_same_index_gives_the_same_swing_whoever_it_is_of() -> None:
    a = wandering(2000, 60.0, 1.0, np.random.default_rng(3))
    mine, other = (oscillation_measures(person(a, entity=e), "S01", CONFIG) for e in ("client", "therapist"))
    assert repr(mine) == repr(other)


@pytest.mark.parametrize(
    ("a", "says"),
    [
        (np.zeros(1700), "28.3 min, 30 min are needed"),
        (np.full(3000, np.nan), "no valid second"),
        (np.zeros(3000), "the index does not vary"),
    ],
    ids=["short", "nothing valid", "flat"],
)
def test_an_hour_without_ground_has_no_swing(a: np.ndarray, says: str) -> None:
    got = named(oscillation_measures(person(a), "S01", CONFIG))
    for name in NAMES:
        assert math.isnan(got[name].value)
        assert says in got[name].reason


def test_stretches_of_the_golden_signal_are_timed() -> None:
    times, a = golden()
    found = find(person(a), times, ArousalConfig())
    got, rate, _ = stretch_measures(person(a), times, found, NO_EDGE)
    # Past 1 SD: a rise to p in r s, a decay by e^(-u/τ): r (1 - 1/p) + τ ln p.
    known = sum(r * (1 - 1 / p) + tau * math.log(p) for p, r, tau in ((4, 20, 60), (6, 20, 120), (3, 10, 30)))
    assert got.value * 60.0 == pytest.approx(known, abs=3.0)
    assert (got.n, got.reason) == (3, "")
    assert (rate.value, rate.n) == (0.0, 0), "each of them went on to an excursion"


def test_there_and_back_without_an_excursion_is_an_alternation_and_what_a_gap_hides_is_none() -> None:
    a = np.zeros(3600)
    for start in (200, 800, 1400):
        a[start : start + 60] = 1.5
    a[1440:1500] = np.nan
    got, rate, _ = stretch_measures(person(a), np.arange(3600.0), [], NO_EDGE)
    assert (got.n, rate.n) == (3, 2)
    assert rate.value == pytest.approx(2 / (3540 / 3600)) and rate.ci_low < rate.value < rate.ci_high


def test_time_between_the_band_and_the_tolerated_edge_is_timed_where_that_is_known() -> None:
    a = np.zeros(3600)
    a[200:320], a[800:860], a[1400:1500] = 2.5, 4.0, 1.5
    times = np.arange(3600.0)

    def stretched(edge: Edge) -> Measure:
        return stretch_measures(person(a), times, [], edge)[2]

    assert stretched(Edge(value=3.0)).value == pytest.approx(2.0)
    assert stretched(Edge(value=5.0)).value == pytest.approx(3.0)
    below = stretched(Edge(value=1.0))
    assert (below.value, below.reason) == (0.0, "the tolerated edge lies within the band")
    assert math.isnan(stretched(NO_EDGE).value) and stretched(NO_EDGE).reason == "3 labels"


def test_an_hour_that_stayed_near_rest_has_no_stretch_recorded() -> None:
    a = np.zeros(3000)
    a[100:109] = 1.5
    got, *_ = stretch_measures(person(a), np.arange(3000.0), [], NO_EDGE)
    assert (got.value, got.n, got.reason) == (0.0, 0, "no stretch recorded")


def test_too_little_data_says_nothing_of_a_stretch() -> None:
    a = np.zeros(3000)
    a[1700:] = np.nan
    got, *_ = stretch_measures(person(a), np.arange(3000.0), [], NO_EDGE)
    assert math.isnan(got.value)
    assert got.reason == "57 % valid, 60 % are needed"
