"""One skin for two people is told from its responses, and its coupling has no value."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import PEOPLE, FloatArray
from processing.config import PipelineConfig
from processing.coupling.one_skin import BINS, KIND, NEW, REASON, OneSkin
from processing.coupling.shared import Shared
from processing.coupling.slopes import HALF, RATE, means, rises_beside, slopes_of
from processing.coupling.synchrony import Synchrony
from processing.index import Estimator, IndexSample, index_sample
from tests.drawing import few
from tests.processing.coupling.test_synchrony import QUICK
from tests.processing.skin_signals import respond
from tests.processing.skins import (
    Pair,
    Sensor,
    answering,
    leaking,
    one_twice,
    paced,
    sensed,
    shape,
    skin,
    strangers,
    told_of,
    volleys,
)

SECONDS = 600.0


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def values(rows: list[IndexSample]) -> list[float]:
    return [r.value for r in rows if r.index == "one_skin"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("latency", [-0.7, -0.4, 0.0, 0.2, 0.7])
def test_two_sensors_on_one_person_are_told_whichever_is_later(latency: float, seed: int) -> None:
    rows = told_of(one_twice(drawn(seed), SECONDS, latency=latency, rate=8.0))
    assert values(rows) == [1.0] * len(rows)
    assert len(rows) == 9
    assert rows[0].time == 1000.0


@pytest.mark.parametrize("gain", [1.0, 0.2, 5.0])
def test_one_sensors_data_given_twice_are_told_in_any_unit_of_size(gain: float) -> None:
    eda, sfreq = one_twice(drawn(5), SECONDS, latency=0.0, rate=6.0)[0]
    assert set(values(told_of((Sensor(eda, sfreq), Sensor(3.0 + gain * eda, sfreq))))) == {1.0}


@pytest.mark.parametrize("seed", range(4))
def test_a_leak_of_three_tenths_either_way_is_told_though_each_has_responses_of_their_own(seed: int) -> None:
    found = values(told_of(leaking(drawn(seed), SECONDS, 0.3, 0.3)))
    assert np.mean(np.array(found) == 1.0) >= 0.9


@pytest.mark.parametrize("seed", range(10))
def test_two_people_are_two(seed: int) -> None:
    assert set(values(told_of(strangers(drawn(seed), SECONDS)))) == {0.0}


@pytest.mark.parametrize("uneven", [0.2, 0.3])
@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_two_people_who_answer_the_same_stimuli_are_not_one(seed: int, alike: bool, uneven: float) -> None:
    assert 1.0 not in values(told_of(answering(drawn(seed), SECONDS, uneven, alike=alike)))


@pytest.mark.parametrize("uneven", [0.2, 0.3])
@pytest.mark.parametrize("seed", range(8))
def test_two_people_who_answer_one_pace_are_not_one(seed: int, uneven: float) -> None:
    assert 1.0 not in values(told_of(paced(drawn(seed), SECONDS, uneven)))


def test_one_skin_that_answers_an_even_pace_is_told() -> None:
    rng, pace = drawn(1), np.arange(5.0, SECONDS - 8.0, 7.0)
    own, sizes = shape(rng), 0.3 * np.exp(0.4 * rng.standard_normal(len(pace)))
    one, other = (skin(rng, pace + late, sizes, SECONDS, own) for late in (0.0, 0.2))
    found = told_of((sensed(rng, one, 25, 0.002), sensed(rng, other, 4, 0.002)))
    assert set(values(found)) == {1.0}


@pytest.mark.parametrize("level", ["flat", "rising together", "noise"])
def test_of_skins_without_responses_nothing_is_said(level: str) -> None:
    rng, t = drawn(1), np.arange(0.0, SECONDS, 0.25)
    course = {"flat": 0.0 * t, "rising together": 0.002 * t + np.sin(t / 90.0), "noise": 0.0 * t}[level]
    noise = 0.02 if level == "noise" else 0.002
    one, other = (Sensor(5.0 + course + noise * rng.standard_normal(len(t)), 4.0) for _ in range(2))
    rows = told_of((one, other))
    assert {r.reason for r in rows} == {"too few responses"}
    assert all(math.isnan(r.value) and r.quality == 0.0 for r in rows)


def test_of_one_person_without_responses_beside_one_with_them_two_are_told() -> None:
    rng = drawn(2)
    lively = skin(rng, *volleys(rng, 8.0, SECONDS), SECONDS, shape(rng))
    still = sensed(rng, np.full(len(lively), 4.0), 4, 0.002)
    assert set(values(told_of((sensed(rng, lively, 4, 0.002), still)))) == {0.0}


def test_nothing_is_said_of_rises_beside_a_hole() -> None:
    """In the holes of one sensor the other's responses are no sign of two people."""
    one, other = one_twice(drawn(3), SECONDS, latency=0.3, rate=10.0)
    eda = other.eda.copy()
    for begin in np.arange(20.0, SECONDS, 40.0):
        eda[round(begin * other.sfreq) : round((begin + 15.0) * other.sfreq)] = np.nan
    assert set(values(told_of((one, Sensor(eda, other.sfreq))))) == {1.0}


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 7.3, 32.0, 1000.0])
@pytest.mark.parametrize("phase", [0.0, 0.37])
def test_means_of_bins_are_those_of_a_line_at_any_rate(sfreq: float, phase: float) -> None:
    times = np.asarray(100.0 + (np.arange(20 * round(sfreq)) + phase) / sfreq, np.float64)
    found = means(times, 2.0 + 0.5 * times, 102 * RATE, 8 * RATE)
    centres = 102.0 + (np.arange(8 * RATE) + 0.5) / RATE
    assert found == pytest.approx(2.0 + 0.5 * centres, abs=1e-6)
    assert slopes_of(found) == pytest.approx(0.5, abs=1e-6)
    beyond = means(times, times, 98 * RATE, 4 * RATE)
    assert np.isnan(beyond[: 2 * RATE]).all()
    assert np.isfinite(beyond[3 * RATE + 1 :]).all()


def test_where_samples_are_far_apart_there_are_no_means() -> None:
    times = np.concatenate((np.arange(0.0, 5.0, 0.25), np.arange(8.0, 12.0, 0.25)))
    found = means(times, times, 0, 10 * RATE)
    assert np.isnan(found[5 * RATE : 8 * RATE]).all()
    assert np.isfinite(found[: 4 * RATE]).all()
    assert np.isfinite(found[8 * RATE :]).all()
    assert np.isnan(means(times[:1], times[:1], 0, 8)).all()


@pytest.mark.parametrize("delay", [-0.9, -0.125, 0.0, 0.04, 0.31, 1.2])
def test_a_rise_says_by_how_much_the_other_is_later_and_how_large(delay: float) -> None:
    t = (np.arange(BINS) + 0.5) / RATE
    one, other = (slopes_of(respond(t, 20.0 + late, size)) for late, size in ((0.0, 0.4), (delay, 0.1)))
    (rise,) = rises_beside(one, other, 40 - HALF, 40 - HALF + NEW, 0.03, HALF / RATE)
    assert rise.time == pytest.approx(21.0, abs=0.07)
    assert rise.delay == pytest.approx(delay, abs=0.03)
    assert rise.gain == pytest.approx(math.log(0.25), abs=0.05)
    assert rise.alike > 0.99


def fed(
    pair: Pair, cuts: tuple[int, ...] = (), signal: str = "", pieces: int = 1, begin: float = 1000.0
) -> list[IndexSample]:
    """Return what is told batch by batch, and with a signal its coupling; samples come a second late."""
    config = PipelineConfig(synchrony=QUICK)
    lone = OneSkin(config)
    parts: list[Estimator] = [lone, *([Synchrony(signal, config=config)] if signal else [])]
    columns = [(sensor.times(begin), sensor.eda) for sensor in pair]
    levels = [
        index_sample(t, t + 10.0, role.value, "scl", float(np.interp(t, *column)), 1.0, "")
        for role, column in zip(PEOPLE, columns, strict=True)
        for t in (begin + np.arange(5.0, SECONDS - 5.0)).tolist()
    ]
    levels.sort(key=IndexSample.order)
    ticks: FloatArray = begin + np.arange(0.0, SECONDS, 0.5)
    edges = [0, *sorted(c for c in set(cuts) if 0 < c < len(ticks)), len(ticks)]
    out, since = list[IndexSample](), [-math.inf, -math.inf]
    for first, stop in pairwise(edges):
        now = ticks[first:stop]
        for k, (role, (times, eda)) in enumerate(zip(PEOPLE, columns, strict=True)):
            seen = (times > since[k]) & (times <= now[-1] - 4.0)
            for piece in np.array_split(np.flatnonzero(seen), pieces):
                lone.sink(role)(times[piece], eda[piece])
            since[k] = now[-1] - 4.0
        before = ticks[first - 1] if first else -math.inf
        made = [r for r in levels if before < r.available <= now[-1]]
        for part in parts:
            part.hear(made)
            made += part.advance(now, {"skin": now})
        out += [r for r in made if r.entity == "dyad"]
    return out


@few(10)
@given(
    cuts=st.lists(st.integers(1, 1199), max_size=8),
    pieces=st.integers(1, 5),
    begin=st.sampled_from([0.0, 1000.0, 86_400.37]),
)
def test_batches_change_nothing(cuts: list[int], pieces: int, begin: float) -> None:
    whole, cut = fed(trial(), (), "scl", 1, begin), fed(trial(), tuple(cuts), "scl", pieces, begin)
    assert sorted(map(repr, cut)) == sorted(map(repr, whole))


def test_samples_of_two_devices_that_follow_each_other_may_come_in_either_order() -> None:
    pair, config = one_twice(drawn(7), SECONDS, latency=0.2), PipelineConfig()
    found = []
    for swapped in (False, True):
        part = OneSkin(config)
        for role, sensor in zip(PEOPLE, pair, strict=True):
            times = sensor.times(0.0)
            halves = [times < 300.0, times >= 300.0]
            for half in reversed(halves) if swapped else halves:
                part.sink(role)(times[half], sensor.eda[half])
        ticks: FloatArray = np.arange(0.0, SECONDS, 1.0)
        found.append(part.advance(ticks, {"skin": ticks}))
    assert found[0] == found[1]


def trial() -> Pair:
    """Return two people of whom one wore both sensors in the first 250 s."""
    rng = drawn(11)
    one, other = (volleys(rng, 9.0, SECONDS) for _ in range(2))
    early, late = one[0] < 250.0, other[0] > 250.0
    both = tuple(np.concatenate((a[early], b[late])) for a, b in zip(one, other, strict=True))
    own = shape(rng)
    return (
        sensed(rng, skin(rng, *one, SECONDS, own), 4, 0.002),
        sensed(rng, skin(rng, both[0], both[1], SECONDS, own), 10, 0.002),
    )


@pytest.mark.parametrize("signal", ["scl", "sclslope"])
def test_coupling_has_no_value_where_there_is_one_skin(signal: str) -> None:
    rows = fed(one_twice(drawn(12), SECONDS, latency=0.0, rate=8.0), signal=signal)
    told = next(r.available for r in rows if r.value == 1.0 and r.index == "one_skin")
    assert told < 1000.0 + 160.0
    late = [r for r in rows if r.index == f"sync_{signal}" and r.available > told]
    assert late
    assert {r.reason for r in late} == {REASON}
    assert all(math.isnan(r.value) and r.quality == 0.0 for r in late)
    looks = [r for r in rows if r.index == f"sync_{signal}_p" and r.available > told + 60.0]
    assert looks
    assert all(math.isnan(r.value) for r in looks)


def test_coupling_of_two_people_has_its_values() -> None:
    rows = fed(strangers(drawn(13), SECONDS), signal="scl")
    late = [r for r in rows if r.index == "sync_scl" and r.available > 1060.0]
    assert late
    assert REASON not in {r.reason for r in rows}
    assert all(math.isfinite(r.value) for r in late)


def test_a_trial_ends_with_two_skins() -> None:
    found = values(fed(trial()))
    assert found[0] == 1.0
    assert found[-1] == 0.0


def test_spans_reach_over_the_window_of_a_look_and_on_until_the_next_is_known() -> None:
    shared = Shared(KIND)
    for k, value in enumerate([0.0, 1.0, math.nan, 0.0]):
        shared.hear([index_sample(50.0 * k, 155.0 + 50.0 * k, "dyad", "one_skin", value, 1.0, "")])
    assert shared.spans(205.0) == ((-100.0, 260.0),)
    assert shared.spans(255.0) == ((-100.0, 310.0),)
    assert shared.spans() == ((-100.0, 250.0),)
