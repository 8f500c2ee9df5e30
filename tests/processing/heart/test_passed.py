"""Which of the waves that were passed over may be beats."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from benchmarks.looks_good_drawn import GROUPS
from processing.heart.ibi import EVEN, PASSED_OVER, Arrival
from processing.heart.judging import BeatJudge
from processing.heart.rpeaks_path import normalised_parts
from processing.heart.waves.passed import (
    FAINT,
    FEWEST,
    HOLD,
    KEPT,
    NONE,
    ODD_CONTRAST,
    ODD_HEIGHT,
    ODD_SCORE,
    OFTEN,
    SEEN,
    SOME,
    STRONG,
    WEAK,
    PassedOver,
    Wave,
)

GRID = np.arange(-18, 19) / 125.0


def shape(width: float = 0.012, place: float = 0.0) -> FloatArray:
    return np.asarray(normalised_parts(np.exp(-0.5 * ((GRID - place) / width) ** 2)[None])[0], np.float64)


def wave(
    time: float, evidence: float = NONE, *, height: float = 0.5, width: float = 0.012, clear: bool = False
) -> Wave:
    return Wave(time, height, shape(width), evidence, clear)


def told(follow: PassedOver, beats: list[float], waves: list[Wave], *, is_own: bool = True) -> list[float]:
    """Return what is said of each beat after the first."""
    out = []
    for before, time in zip([np.nan, *beats], beats, strict=False):
        for one in waves:
            if before < one.time < time:
                follow.note(one)
        out.append(follow.beat(time, before, is_own=is_own))
    return out[1:]


def test_one_wave_is_weak_evidence_and_several_alike_are_strong() -> None:
    beats = [float(k) for k in range(8)]
    apart = [wave(k + d, WEAK) for k, d in ((1, 0.30), (3, 0.42), (5, 0.55))]
    assert told(PassedOver(), beats, apart) == [NONE, WEAK, NONE, WEAK, NONE, STRONG, NONE]
    coupled = [wave(k + 0.4, WEAK) for k in (1, 3, 5)]
    assert told(PassedOver(), beats, coupled) == [NONE, WEAK, NONE, STRONG, NONE, STRONG, NONE]
    assert OFTEN == 3


def test_waves_of_another_shape_or_size_or_long_ago_are_not_alike() -> None:
    beats = [float(k) for k in range(60)]
    wide = [wave(1.4, WEAK), wave(3.4, WEAK, width=0.05)]
    assert STRONG not in told(PassedOver(), beats, wide)
    larger = [wave(1.4, WEAK), wave(3.4, WEAK, height=1.0)]
    assert STRONG not in told(PassedOver(), beats, larger)
    late = [wave(1.4, WEAK), wave(45.4, WEAK)]
    assert STRONG not in told(PassedOver(), beats, late)


def test_few_that_may_be_beats_among_many_of_their_shape_are_t_waves() -> None:
    beats = [float(k) for k in range(20)]
    waves = [wave(k + 0.4, WEAK if k in (9, 15) else NONE) for k in range(20)]
    assert told(PassedOver(), beats, waves) == [WEAK if k in (9, 15) else NONE for k in range(19)]


def test_waves_of_their_own_time_are_another_rhythm_and_those_of_the_beats_are_none() -> None:
    beats = np.cumsum(0.9 + 0.12 * np.sin(np.arange(60))).tolist()
    for locked in ([wave(b + 0.3) for b in beats], [wave(b - 0.16) for b in beats]):
        assert set(told(PassedOver(), beats, locked)) == {NONE}
    other = [wave(t) for t in np.arange(1.0, 25.0, 0.77).tolist()]
    found = told(PassedOver(), beats, other)
    strong = [time for time, evidence in zip(beats[1:], found, strict=True) if evidence == STRONG]
    assert other[FEWEST - 1].time < strong[0] < other[2 * FEWEST].time
    assert other[-1].time + HOLD - 0.9 < strong[-1] < other[-1].time + HOLD + 1.1
    assert len(strong) == sum(strong[0] <= time <= strong[-1] for time in beats)


def test_a_clear_wave_after_some_beats_is_no_t_wave() -> None:
    beats = [float(k) for k in range(3 * SEEN)]
    some = [wave(k + 0.35, clear=True) for k in range(0, 3 * SEEN, 2)]
    found = told(PassedOver(), beats, some)
    assert found[SEEN::2] == [STRONG] * len(found[SEEN::2])
    assert set(found[1::2]) == {NONE}, "between the others nothing was passed over"
    each = [wave(k + 0.35, clear=True) for k in range(3 * SEEN)]
    assert set(told(PassedOver(), beats, each)) == {NONE}
    assert set(told(PassedOver(), beats, [w._replace(clear=False) for w in some])) == {NONE}
    assert set(told(PassedOver(), beats, some, is_own=False)) == {NONE}, "the T waves of ectopic beats"
    assert set(told(PassedOver(), beats, some[: SOME - 1])) == {NONE}


def test_so_many_waves_are_remembered() -> None:
    follow, beats = PassedOver(), [float(k) for k in range(KEPT + 4)]
    between = [wave(k + 0.4, width=0.05 + 0.002 * (k % 2), height=0.2) for k in range(2, KEPT + 2)]
    assert told(follow, beats, [wave(1.4, WEAK), *between, wave(KEPT + 2.4, WEAK)])[-1] == WEAK


@pytest.mark.parametrize(("even", "reason"), [(True, ""), (False, PASSED_OVER)])
def test_a_single_wave_is_motion_where_the_rhythm_is_even(even: bool, reason: str) -> None:
    judge, time = BeatJudge(has_shapes=False), 0.0
    for k in range(14):
        step = 0.8 if even or k % 3 else 1.1
        time += step
        judge.push(Arrival(time, time, step if k else np.nan, ""))
    assert judge.push(Arrival(time + 0.8, time + 0.8, 0.8, "", passed=WEAK)).reason == reason
    judge.settle(np.inf)
    assert (judge.taken()[-1].rhythm == EVEN) is even
    strong = judge.push(Arrival(time + 1.6, time + 1.6, 0.8, "", passed=STRONG))
    assert strong.reason == PASSED_OVER


def test_a_wave_that_stands_out_hardly_is_faint_evidence_for_the_next_beat_alone() -> None:
    border = (ODD_HEIGHT, ODD_CONTRAST, ODD_SCORE)
    for k in range(3):
        follow, over = PassedOver(), [value + 0.1 for value in border]
        follow.look(*over)
        assert [follow.beat(t, t - 1.0, is_own=True) for t in (1.0, 2.0)] == [FAINT, NONE]
        over[k] = border[k]
        follow.look(*over)
        assert follow.beat(3.0, 2.0, is_own=True) == NONE
        follow.look(*(value + 0.1 for value in border))
        follow.note(wave(3.4, WEAK))
        assert follow.beat(4.0, 3.0, is_own=True) == WEAK
        follow.look(*(value + 0.1 for value in border))
        follow.restart()
        assert follow.beat(1.0, 0.0, is_own=True) == NONE


@pytest.mark.parametrize(
    ("evidence", "steady", "irregular", "left"),
    [
        (FAINT, False, True, FAINT),
        (FAINT, False, False, NONE),
        (FAINT, True, False, NONE),
        (WEAK, False, False, WEAK),
        (WEAK, True, False, NONE),
        (WEAK, True, True, WEAK),
        (STRONG, True, False, STRONG),
        (NONE, False, True, NONE),
    ],
)
def test_what_a_single_wave_tells_hangs_on_the_rhythm(
    evidence: float, steady: bool, irregular: bool, left: float
) -> None:
    beat = Arrival(1.0, 1.0, 0.8, "", passed=evidence)
    assert beat.without_motion(is_steady=steady, is_irregular=irregular).passed == left


def test_a_faint_wave_leaves_no_interval_where_there_is_no_rhythm() -> None:
    steps = np.random.default_rng(0).uniform(0.45, 1.1, 40)
    for intervals, reason in ((steps, PASSED_OVER), (np.full(40, 0.8), "")):
        judge, time = BeatJudge(has_shapes=True), 0.0
        for step in intervals.tolist():
            time += step
            judge.push(Arrival(time, time, step, ""))
        known = judge.push(Arrival(time + 0.8, time + 0.8, 0.8, "", passed=FAINT))
        assert known.reason == reason


def test_signals_are_drawn_alike_by_one_seed_and_otherwise_by_another() -> None:
    for name in ("rest", "pulse, simulated", "heart, simulated", "ectopic", "fibrillation"):
        one, same, other = (GROUPS[name](np.random.default_rng(seed), 130.0) for seed in (1, 1, 2))
        assert np.array_equal(one.values, same.values)
        assert not np.array_equal(one.values, other.values)
        assert len(one.values) == 300 * 130
        assert len(one.beats) == len(one.normal) > 200
