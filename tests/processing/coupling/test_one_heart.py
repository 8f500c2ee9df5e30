"""One heart for two people is told from their beats, and its coupling has no value."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.coupling.one_heart import KIND, REASON, OneHeart
from processing.coupling.shared import Shared
from processing.coupling.synchrony import Synchrony
from processing.index import Estimator, IndexSample, index_sample
from tests.drawing import few
from tests.processing.coupling.test_synchrony import QUICK

SECONDS = 300.0


def heart(seed: int, mean: float = 0.85, spread: float = 0.03, seconds: float = SECONDS) -> FloatArray:
    """Return R times of a person whose intervals vary by `spread` [s]."""
    rng = np.random.default_rng(seed)
    n = int(seconds / mean) + 10
    slow = np.cumsum(rng.standard_normal(n)) * spread / 20.0
    beats = 1.0 + np.cumsum(mean + slow + spread * rng.standard_normal(n))
    return np.asarray(beats[beats < seconds])


def lead(beats: FloatArray, seed: int, lag: float) -> FloatArray:
    """Return the same beats as another electrode marks them: 3 ms off, some missed."""
    rng = np.random.default_rng(seed)
    moved = beats + lag + 0.003 * rng.standard_normal(len(beats))
    return np.asarray(moved[rng.random(len(beats)) > 0.04])


def intervals(client: FloatArray, therapist: FloatArray) -> list[IndexSample]:
    """Return `ibi` and `ibi_class` of both, in the order in which they became available."""
    rows = []
    for entity, beats in (("client", client), ("therapist", therapist)):
        steps = 1000.0 * np.diff(beats, prepend=math.nan)
        for at, value in zip(beats.tolist(), steps.tolist(), strict=True):
            rows.append(index_sample(at, at + 0.5, entity, "ibi", value, 1.0, ""))
            rows.append(index_sample(at, at + 1.5, entity, "ibi_class", 0.0, 1.0, ""))
    return sorted(rows, key=IndexSample.order)


def strap(beats: FloatArray, seed: int) -> list[IndexSample]:
    """Return what a strap's intervals give: whole 1/1024 s, each stamped up to 0.4 s late."""
    late = beats + 0.4 * np.random.default_rng(seed).random(len(beats))
    steps = np.round(1024.0 * np.diff(beats, prepend=math.nan)) / 1.024
    return [
        index_sample(at, at + 0.5, "therapist", "ibi", value, 1.0, "")
        for at, value in zip(late.tolist(), steps.tolist(), strict=True)
    ]


def told(rows: list[IndexSample], cuts: tuple[int, ...] = (), signal: str = "") -> list[IndexSample]:
    """Return what is told of intervals, and with a signal its coupling, batch by batch."""
    config = PipelineConfig(synchrony=QUICK)
    parts: list[Estimator] = [OneHeart(config), *([Synchrony(signal, config=config)] if signal else [])]
    ticks: FloatArray = np.arange(1, round(SECONDS * 10), dtype=np.float64) * 0.1
    out = list[IndexSample]()
    edges = [0, *sorted(c for c in set(cuts) if 0 < c < len(ticks)), len(ticks)]
    for first, stop in pairwise(edges):
        now = ticks[first:stop]
        since = ticks[first - 1] if first else -math.inf
        made = [r for r in rows if since < r.available <= now[-1]]
        for part in parts:
            part.hear(made)
            made += part.advance(now, {"heart": now - 0.05})
        out += [r for r in made if r.entity == "dyad"]
    return out


def values(rows: list[IndexSample], index: str = "one_heart") -> list[float]:
    return [r.value for r in rows if r.index == index]


@pytest.mark.parametrize("lag", [0.0, 0.012, -0.35, 2.5, -4.5])
def test_two_leads_of_one_heart_are_told_at_whatever_lag(lag: float) -> None:
    beats = heart(1)
    rows = told(intervals(beats, lead(beats, 2, lag)))
    assert values(rows)[1:] == [1.0] * (len(values(rows)) - 1)
    assert next(r.available for r in rows if r.value == 1.0) < 45.0


def test_a_strap_and_an_ecg_of_one_heart_are_told_though_its_stamps_are_late() -> None:
    beats = heart(1)
    of_ecg = [r for r in intervals(beats, beats[:0]) if r.index == "ibi"]
    rows = told(sorted([*of_ecg, *strap(beats, 2)], key=IndexSample.order))
    assert set(values(rows)) == {1.0}
    apart = told(sorted([*of_ecg, *strap(heart(7), 2)], key=IndexSample.order))
    assert set(values(apart)) == {0.0}


def silence(seconds: float) -> list[IndexSample]:
    """Return what is said of both people each 5 s where no beat comes."""
    return [
        index_sample(t, t + 0.5, who, "ibi", math.nan, 0.0, "no data")
        for t in np.arange(5.0, seconds, 5.0).tolist()
        for who in ("client", "therapist")
    ]


def test_rows_of_silence_are_no_beats() -> None:
    """Both people's lie at the same moments, and with them there would be enough to look at."""
    few_beats = intervals(heart(1, mean=2.4), heart(2, mean=2.4))
    rows = told(sorted([*few_beats, *silence(SECONDS)], key=IndexSample.order))
    assert {r.reason for r in rows} == {"too few beats"}


def test_a_beat_counts_though_its_interval_has_no_value() -> None:
    beats = heart(1) + 0.001
    rows = intervals(beats, beats + 0.2)
    without = [r._replace(value=math.nan) if r.index == "ibi" else r for r in rows]
    assert set(values(told(without))) == {1.0}


@pytest.mark.parametrize("seed", range(8))
def test_two_people_are_two_even_with_the_same_mean(seed: int) -> None:
    assert set(values(told(intervals(heart(seed), heart(seed + 100))))) == {0.0}


@pytest.mark.parametrize("apart", [0.015, 0.03])
def test_people_who_follow_each_other_beat_by_beat_are_not_one(apart: float) -> None:
    beats, rng = heart(3), np.random.default_rng(9)
    follows = np.cumsum(np.diff(beats, prepend=0.0) + apart * rng.standard_normal(len(beats)))
    assert 1.0 not in values(told(intervals(beats, follows)))


def test_of_beats_that_are_too_even_nothing_is_said() -> None:
    paced = np.arange(1.0, SECONDS, 0.85)
    rows = [r for r in told(intervals(paced, paced + 0.2)) if r.index == "one_heart"]
    assert {r.reason for r in rows} == {"not clear from the beats"}
    assert all(math.isnan(r.value) for r in rows)


def test_of_few_beats_nothing_is_said() -> None:
    beats = heart(4)
    rows = told(intervals(beats[:20], beats[:20]))
    assert {r.reason for r in rows} == {"too few beats"}
    rows = told(intervals(beats, beats[::3]))
    assert {r.reason for r in rows} == {"too few beats"}


@few(15)
@given(cuts=st.lists(st.integers(1, 2998), max_size=8))
def test_batches_change_nothing(cuts: list[int]) -> None:
    rows = intervals(*trial())
    assert sorted(map(repr, told(rows, tuple(cuts), "hr"))) == sorted(map(repr, told(rows, (), "hr")))


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_minutes_begin_with_the_session_though_one_persons_watermark_comes_later(size: int) -> None:
    """A stream that is admitted however late it is passes nothing before its first sample."""
    ticks: FloatArray = 0.1 * np.arange(1500, dtype=np.float64)
    passed = np.where(ticks < 40.0, -math.inf, ticks)
    part, out = OneHeart(PipelineConfig()), list[IndexSample]()
    for first in range(0, len(ticks), size):
        out += part.advance(ticks[first : first + size], {"heart": passed[first : first + size]})
    assert [r.time for r in out] == [10.0 * k for k in range(12)]


def trial() -> tuple[FloatArray, FloatArray]:
    """Return beats of two people, of whom one wore both belts in the first 100 s."""
    one, other = heart(5), heart(6)
    both = lead(one[one < 100.0], 7, 0.004)
    return one, np.concatenate([both, other[other > 101.0]])


def test_coupling_has_no_value_where_there_is_one_heart_and_comes_back() -> None:
    rows = [r for r in told(intervals(*trial()), signal="hr") if r.index == "sync_hr"]
    window, lag = QUICK.window, QUICK.max_lag
    late = [r for r in rows if 45.0 < r.time < 100.0]
    assert late
    assert {r.reason for r in late} == {REASON}
    # Told of the minute that ends at 150 s at the latest: half of its beats are in common.
    after = [r for r in rows if r.time - window / 2 - lag > 150.0]
    assert after
    assert all(math.isfinite(r.value) for r in after)


def test_looks_leave_out_the_time_of_one_heart() -> None:
    beats = heart(8)
    rows = told(intervals(beats, lead(beats, 9, 0.0)), signal="hr")
    looks = [r for r in rows if r.index == "sync_hr_p" and r.time > QUICK.first_look]
    assert looks
    assert {r.reason for r in looks} == {REASON}
    assert all(math.isnan(r.value) for r in rows if r.index == "sync_hr" and r.time > 45.0)


def test_spans_last_through_what_is_open_and_end_with_two_hearts() -> None:
    shared = Shared(KIND)
    for k, value in enumerate([0.0, 1.0, math.nan, math.nan, 0.0, math.nan, 1.0]):
        shared.hear([index_sample(30.0 + 60.0 * k, 61.0 + 60.0 * k, "dyad", "one_heart", value, 1.0, "")])
    assert shared.spans() == ((60.0, 240.0), (360.0, 420.0))
    assert shared.spans(122.0) == ((60.0, 120.0),)
    assert shared.spans(120.9) == ()


def pulses(beats: FloatArray, seed: int, swing: float) -> FloatArray:
    """Return when the pulse is at the arm: by `swing` earlier and later with breath [s]; some are lost."""
    rng = np.random.default_rng(seed)
    breath = np.sin(2.0 * np.pi * rng.uniform(0.15, 0.35) * beats + rng.uniform(0.0, 6.0))
    found = beats + 0.25 + swing * breath + 0.005 * rng.standard_normal(len(beats))
    return np.asarray(found[rng.random(len(beats)) > 0.03])


def with_t_waves(beats: FloatArray, seed: int) -> FloatArray:
    """Return beats and T waves, as a lead with high ones is counted."""
    rng = np.random.default_rng(seed)
    t = beats + 0.28 + 0.005 * rng.standard_normal(len(beats))
    return np.sort(np.concatenate([beats, t]))


@pytest.mark.parametrize("swing", [0.02, 0.03])
@pytest.mark.parametrize("seed", range(4))
def test_a_pulse_whose_delay_swings_with_breath_is_of_the_same_heart(seed: int, swing: float) -> None:
    beats = heart(seed)
    found = values(told(intervals(beats, pulses(beats, seed + 50, swing))))
    assert np.mean(np.array(found) == 1.0) >= 0.9
    apart = values(told(intervals(heart(seed + 100), pulses(beats, seed + 50, swing))))
    assert 1.0 not in apart


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_lead_that_counts_t_waves_too_is_of_the_same_heart(seed: int, swapped: bool) -> None:
    beats = heart(seed)
    one, other = lead(beats, seed + 20, 0.012), with_t_waves(beats, seed + 30)
    found = values(told(intervals(other, one) if swapped else intervals(one, other)))
    assert set(found[1:]) == {1.0}
    stranger = heart(seed + 100)
    assert 1.0 not in values(told(intervals(other, stranger) if swapped else intervals(stranger, other)))


@pytest.mark.parametrize("own", [0.006, 0.015])
def test_people_whose_beats_drift_apart_are_two_though_they_breathe_to_one_pace(own: float) -> None:
    """Their delay swings as that of a pulse does, and then is another: over a minute by more than a swing."""
    hits = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        both = []
        for phase in rng.uniform(0.0, 6.0, 2):
            times, slow = [1.0], 0.0
            while times[-1] < SECONDS:
                slow = 0.98 * slow + 0.002 * rng.standard_normal()
                step = 0.9 * (1.0 + slow) + 0.03 * np.sin(2.0 * np.pi * 0.22 * times[-1] + phase)
                times.append(times[-1] + step + own * rng.standard_normal())
            both.append(np.array(times))
        hits += values(told(intervals(*both))).count(1.0)
    assert hits == 0


def test_a_heart_at_twice_the_rate_of_another_is_another() -> None:
    for seed in range(6):
        slow, fast = heart(seed, mean=1.05, seconds=SECONDS), heart(seed + 60, mean=0.525, spread=0.012)
        assert 1.0 not in values(told(intervals(slow, fast))) + values(told(intervals(fast, slow)))
