"""Which beats are normal: by shape and by time, in every rhythm that must not become a wrong RMSSD."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import BoolArray, FloatArray, Modality
from processing.heart.config import HeartConfig
from processing.heart.families import Family
from processing.heart.hrv import rmssd
from processing.heart.ibi import SHORT, UNLIKE
from processing.heart.judging import BeatJudge, judge_beats
from processing.heart.windows import beat_columns
from processing.index import IndexSample
from tests.drawing import few
from tests.processing.heart.test_heart import picked, run, stream
from tests.recordings import belt_ecg

NORMAL_QRS = (
    (0.12, -0.16, 0.02),
    (-0.15, -0.028, 0.009),
    (1.1, 0.0, 0.011),
    (-0.2, 0.03, 0.01),
    (0.3, 0.26, 0.045),
)
WIDE_QRS = ((0.9, 0.0, 0.035), (-0.8, 0.085, 0.04), (-0.35, 0.30, 0.06))
BLOCKED_QRS = (
    (0.12, -0.17, 0.022),
    (0.7, 0.0, 0.02),
    (0.6, 0.045, 0.02),
    (-0.2, 0.09, 0.02),
    (-0.3, 0.32, 0.06),
)
"""Waves of a beat: height [mV], lag and width [s]; the last is wider than the normal one, and like it."""
Waves = tuple[tuple[float, float, float], ...]


def ecg_of(
    beats: FloatArray, wide: BoolArray, sfreq: float = 130.0, seed: int = 0, other: Waves = WIDE_QRS
) -> FloatArray:
    """Return an ECG [mV] with normal and wide beats."""
    t = np.arange(int((beats[-1] + 3.0) * sfreq)) / sfreq
    x = 0.01 * np.random.default_rng(seed).standard_normal(len(t))
    for beat, ectopic in zip(beats.tolist(), wide.tolist(), strict=True):
        for height, lag, width in other if ectopic else NORMAL_QRS:
            near = slice(*np.searchsorted(t, [beat + lag - 0.3, beat + lag + 0.3]))
            x[near] += height * np.exp(-0.5 * ((t[near] - beat - lag) / width) ** 2)
    return x


def with_ectopics(n: int, every: int, *, early: float, seed: int = 0) -> tuple[FloatArray, BoolArray]:
    """Return beats [s], every so manieth of them `early` by that share with a pause after it, and which."""
    rng = np.random.default_rng(seed)
    intervals = 0.85 + 0.02 * np.sin(2 * np.pi * 0.2 * np.arange(n)) + 0.01 * rng.standard_normal(n)
    wide = np.zeros(n, np.bool_)
    wide[30::every] = True
    at = np.flatnonzero(wide[:-1])
    intervals[at] *= 1.0 - early
    intervals[at + 1] *= 1.0 + early
    return 0.5 + np.cumsum(intervals), wide


def rows_of(beats: FloatArray, wide: BoolArray) -> list[IndexSample]:
    x = ecg_of(beats, wide)
    return run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 500)


def kinds_of(rows: list[IndexSample], beats: FloatArray) -> FloatArray:
    """Return the class of each beat; -1 where none was found."""
    found = picked(rows, "ibi_class")
    times, kinds = np.array([r.time for r in found]), np.array([r.value for r in found])
    at = np.abs(times - beats[:, None]).argmin(axis=1)
    return np.where(np.abs(times[at] - beats) < 0.06, kinds[at], -1.0)


@pytest.mark.parametrize(("every", "early"), [(10, 0.35), (5, 0.3), (7, 0.0), (6, 0.12)])
def test_wide_beats_are_ectopic_early_or_not_and_their_neighbours_normal(every: int, early: float) -> None:
    beats, wide = with_ectopics(260, every, early=early)
    rows = rows_of(beats, wide)
    kinds, inner = kinds_of(rows, beats), slice(5, -3)
    assert (kinds[inner][wide[inner]] == 1).all()
    assert (kinds[inner][~wide[inner]] == 0).mean() > 0.995
    normal = np.where(wide | np.roll(wide, 1), np.nan, 1e3 * np.diff(beats, prepend=np.nan))
    values = [r for r in picked(rows, "rmssd") if np.isfinite(r.value)]
    if every > 5:
        assert len(values) > 100
    for row in values:
        inside = (beats > row.time - 30.0) & (beats <= row.time + 30.001)
        assert row.value == pytest.approx(rmssd(normal[inside]), rel=0.2)


@pytest.mark.parametrize("every", [2, 3])
def test_ectopic_beats_for_minutes_give_no_rmssd_and_are_named(every: int) -> None:
    beats, wide = with_ectopics(360, every, early=0.35)
    rows = [r for r in picked(rows_of(beats, wide), "rmssd") if r.time > 90.0]
    said = [r.reason for r in rows if np.isnan(r.value)]
    assert len(said) == len(rows) > 100
    assert said.count("ectopic beats") > 0.95 * len(said)


@pytest.mark.parametrize("other", [WIDE_QRS, BLOCKED_QRS])
@pytest.mark.parametrize("usual", [0.55, 0.75, 1.0])
@pytest.mark.parametrize("early", [0.0, 0.05])
def test_two_shapes_in_turn_give_no_rmssd_though_every_beat_is_in_time(
    other: Waves, usual: float, early: float
) -> None:
    """Every second beat may be ectopic, and the marks of two shapes do not lie alike."""
    n = round(150.0 / usual)
    wide = np.arange(n) % 2 == 1
    noise = 0.01 * np.random.default_rng(5).standard_normal(n)
    beats = 0.5 + usual * np.cumsum(1.0 + np.where(wide, -early, early) + noise)
    x = ecg_of(beats, wide, other=other)
    rows = run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 500)
    assert not [r for r in picked(rows, "rmssd") if r.value == r.value and r.quality >= 0.5]
    assert "ectopic beats" in {r.reason for r in picked(rows, "rmssd")}


@pytest.mark.parametrize(("name", "share"), [("SUB_002", 0.90), ("SUB_013", 0.93)])
def test_a_belt_whose_faint_beats_change_among_several_shapes_has_rmssd(name: str, share: float) -> None:
    """QRS of 0.8 mV that breathing and noise alter: families of one shape, and no two that take turns."""
    ecg, sfreq = belt_ecg(name)
    found = picked(run(stream(Modality.ECG, sfreq), np.arange(len(ecg)) / sfreq, ecg, 5000), "rmssd")
    known = [r.value for r in found if np.isfinite(r.value) and r.quality >= 0.5]
    assert len(known) > share * len(found)
    assert 25.0 < np.median(known) < 40.0


def test_an_interval_comes_within_a_second_and_its_class_within_two() -> None:
    beats, wide = with_ectopics(200, 6, early=0.35)
    beats[120:] += 1.4
    rows = rows_of(beats, wide)
    waits = {name: [r.available - r.time for r in picked(rows, name)] for name in ("ibi", "ibi_class")}
    assert max(waits["ibi"]) <= 1.1, "a second and a tick"
    assert max(waits["ibi_class"]) <= 2.0
    assert max(waits["ibi_class"]) > 1.5, "a pause was put in"
    assert [r.time for r in picked(rows, "ibi")] == [r.time for r in picked(rows, "ibi_class")]


def test_what_a_beat_proves_to_be_and_the_interval_after_it_enter_nothing() -> None:
    beats, wide = with_ectopics(260, 11, early=0.3)
    rows = rows_of(beats, wide)
    values = {r.time: r.value for r in picked(rows, "ibi")}
    kinds = {r.time: r.value for r in picked(rows, "ibi_class")}
    times = sorted(values)
    after = [values[b] for a, b in pairwise(times) if kinds[a] >= 1]
    assert len(after) > 15
    assert np.isnan(after).all()
    rates = [60000 / r.value for r in picked(rows, "hr") if np.isfinite(r.value)]
    assert rates, "between two ectopic beats there is a heart rate"
    assert min(rates) > 800


def windows_of(beats: FloatArray, *, has_shapes: bool = False) -> tuple[FloatArray, list[str]]:
    """Return RMSSD of beats of which only the time is known, from the second minute on, and why not."""
    found = judge_beats(beats)
    late = beats[beats > beats[0] + 61.0]
    columns = {c.name: c for c in beat_columns(found, late, HeartConfig(), has_shapes=has_shapes)}
    return columns["rmssd"].values, columns["rmssd"].reasons


@pytest.mark.parametrize("spread", [0.15, 0.2, 0.25])
def test_a_rhythm_of_random_intervals_is_named_and_gives_no_rmssd(spread: float) -> None:
    rng = np.random.default_rng(4)
    values, why = windows_of(np.cumsum(np.maximum(0.35, 0.75 * (1 + spread * rng.standard_normal(500)))))
    assert np.isnan(values).all()
    assert why.count("irregular rhythm") > 0.9 * len(why)


@pytest.mark.parametrize("pattern", [(0.6, 1.1), (0.85, 0.55, 1.15)])
def test_short_and_long_intervals_in_turn_are_ectopic_beats(pattern: tuple[float, ...]) -> None:
    rng = np.random.default_rng(5)
    intervals = np.tile(pattern, 300)[:500] + 0.01 * rng.standard_normal(500)
    values, why = windows_of(np.cumsum(intervals))
    assert np.isnan(values).all()
    assert why.count("ectopic beats") > 0.9 * len(why)


@pytest.mark.parametrize(
    ("breaths", "mean"), [(0.10, 1.05), (0.12, 0.9), (0.15, 0.9), (0.15, 1.05), (0.17, 1.05)]
)
def test_strong_slow_breathing_keeps_its_windows(breaths: float, mean: float) -> None:
    shares = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        swing = 0.122 / (np.sqrt(2) * np.sin(np.pi * breaths * mean))
        beats, t, drift = [], 0.0, 0.0
        for _ in range(420):
            drift = 0.98 * drift + 0.006 * rng.standard_normal()
            depth = swing * (1 + 0.4 * np.sin(2 * np.pi * t / 37.0 + seed))
            t += mean * (1 + drift) + depth * np.sin(2 * np.pi * breaths * t) + 0.015 * rng.standard_normal()
            beats.append(t)
        times = np.array(beats)
        assert rmssd(1e3 * np.diff(times)) > 100
        values, _ = windows_of(times)
        shares.append(np.isfinite(values).mean())
        known = values[np.isfinite(values)]
        assert np.median(known) == pytest.approx(rmssd(1e3 * np.diff(times)), rel=0.2)
    assert np.mean(shares) > 0.8


@few(4)
@given(st.lists(st.integers(1, 80), min_size=1, max_size=20), st.integers(2, 9))
def test_classes_do_not_depend_on_chunking(cuts: list[int], every: int) -> None:
    beats, wide = with_ectopics(90, every, early=0.3)
    beats[60:] += 1.5
    x = ecg_of(beats, wide)
    x[3000:3300] = np.nan
    times, info = np.arange(len(x)) / 130.0, stream(Modality.ECG, 130.0)
    assert repr(run(info, times, x, cuts)) == repr(run(info, times, x, 3000))


def test_a_heart_that_gets_faster_keeps_its_normal_beats() -> None:
    rng = np.random.default_rng(8)
    faster = np.concatenate((np.full(60, 1.0), np.linspace(1.0, 0.55, 40), np.full(60, 0.55)))
    beats = 0.5 + np.cumsum(faster + 0.01 * rng.standard_normal(len(faster)))
    wide = np.zeros(len(beats), np.bool_)
    wide[20] = True
    kinds = kinds_of(rows_of(beats, wide), beats)
    assert kinds[20] == 1
    assert (kinds[22:-3] == 0).all()


def test_the_second_of_two_early_beats_is_early_too_though_in_time_after_the_first() -> None:
    """560, 880, 1160 ms make up three of 870: neither of the two beats between came when it should."""
    rng = np.random.default_rng(2)
    normal = 0.87 + 0.012 * rng.standard_normal(60)
    early = np.concatenate((normal[:40], [0.56, 0.88, 1.16], normal[43:]))
    found = judge_beats(np.concatenate(([0.0], np.cumsum(early))))
    assert np.flatnonzero(found.classes > 0).tolist() == [41, 42]
    assert np.isnan(found.values[41:44]).all() and np.isfinite(found.values[44])
    assert rmssd(found.values) == pytest.approx(rmssd(1e3 * normal), rel=0.15)


def test_a_beat_in_time_after_an_early_one_that_reset_the_node_is_normal() -> None:
    normal = 0.87 + 0.012 * np.random.default_rng(2).standard_normal(60)
    normal[40] = 0.56
    found = judge_beats(np.concatenate(([0.0], np.cumsum(normal))))
    assert np.flatnonzero(found.classes > 0).tolist() == [41]
    assert np.isnan(found.values[41:43]).all() and np.isfinite(found.values[43])


@pytest.mark.parametrize(("width", "kind"), [(1.0, 0.0), (2.6, 1.0)])
def test_a_tall_beat_is_normal_if_its_shape_is_the_very_same(width: float, kind: float) -> None:
    """A breath may make R 1.9 times as high; so high, another shape is ectopic though it comes in time."""
    beats, tall = with_ectopics(140, 9, early=0.0)
    other = tuple(
        (1.9 * height, lag, w * (width if abs(lag) < 0.05 else 1.0)) for height, lag, w in NORMAL_QRS
    )
    x = ecg_of(beats, tall, other=other)
    rows = run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 500)
    kinds = kinds_of(rows, beats)[:-1]
    assert (kinds[tall[:-1]] == kind).all() and (kinds[~tall[:-1]] == 0.0).all()


@pytest.mark.parametrize(
    ("beats", "likeness", "size", "cleared"),
    [
        (3, 0.80, 1.0, True),
        (3, 0.79, 1.0, False),
        (3, 0.80, 0.61, True),
        (3, 0.80, 0.59, False),
        (3, 0.80, 1.59, True),
        (3, 0.80, 1.61, False),
        (2, 0.80, 1.0, False),
    ],
)
def test_what_clears_a_beat_unlike_the_last_ones(
    beats: int, likeness: float, size: float, cleared: bool
) -> None:
    """It is like a normal family that was seen three times, 0.6 to 1.6 times as large."""
    family = Family(np.sin(np.linspace(0.0, 3.0, 34)))
    family.n = float(beats)
    assert BeatJudge._cleared(UNLIKE, likeness, size, family) == ("" if cleared else UNLIKE)
    assert BeatJudge._cleared("noise", likeness, size, family) == "noise"


@pytest.mark.parametrize("usual", [0.5, 0.6, 0.8, 1.1])
@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])
def test_an_extra_beat_is_one_and_the_next_is_normal_at_any_rate(usual: float, share: float) -> None:
    beats = usual * np.arange(1.0, 61.0)
    judged = judge_beats(np.sort(np.append(beats, beats[40] + share * usual)))
    odd = {k: kind for k, kind in enumerate(judged.classes.tolist()) if kind > 0}
    assert odd == {41: SHORT}, "the beat itself is extra, and nothing else"
