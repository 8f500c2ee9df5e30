"""Alignment by marks: claps that are heard, times that are typed, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.linking.hour import Hour, clock, seconds_of
from acquisition.linking.loudness import Listener, Loudness
from acquisition.linking.marking import by_claps, by_pairs, claps_in
from acquisition.linking.spoken import spoken_of
from tests.acquisition.linking.hours import BEGIN, heard, voices

LENGTH = 220.0


def hour_of(*marks: float) -> Hour:
    return Hour(BEGIN, BEGIN + 240.0, spoken_of({}), tuple(BEGIN + mark for mark in marks))


def loudness_of(*claps: float, start: float = 10.0, ppm: float = 0.0) -> Loudness:
    listener = Listener()
    listener.push(0, heard(voices(), start, start + LENGTH, claps=claps, ppm=ppm))
    return listener.finish()


def test_claps_are_told_from_speech() -> None:
    times, strengths = claps_in(loudness_of(20.0, 170.0))
    best = np.sort(times[np.argsort(-strengths)][:2])
    assert best == pytest.approx([10.0, 160.0], abs=0.02)


def test_two_marks_give_offset_and_drift() -> None:
    found = by_claps(loudness_of(20.0, 170.0), hour_of(20.1, 170.05), LENGTH)
    assert not found.reason
    assert abs(found.offset - (BEGIN + 10.0)) <= found.error < 0.5
    assert found.method == "marks"
    assert "0:20.10" in found.basis


def test_claps_that_fit_marks_nowhere_are_refused() -> None:
    found = by_claps(loudness_of(20.0, 200.0), hour_of(20.0, 101.3), LENGTH)
    assert found.reason
    assert np.isnan(found.offset)


def test_one_mark_needs_one_clear_clap_or_a_start() -> None:
    assert "more than one" in by_claps(loudness_of(20.0, 120.0), hour_of(20.0), LENGTH).reason
    hinted = by_claps(loudness_of(20.0, 120.0), hour_of(20.0), LENGTH, BEGIN + 12.0)
    assert not hinted.reason
    assert abs(hinted.offset - (BEGIN + 10.0)) <= hinted.error


def test_without_marks_or_sound_it_says_so() -> None:
    assert "no sync_mark" in by_claps(loudness_of(20.0), hour_of(), LENGTH).reason
    assert "no sound" in by_claps(Listener().finish(), hour_of(20.0), LENGTH).reason


def test_pairs_tell_drift_as_far_as_clocks_have_one() -> None:
    pairs = [(10.0, 1010.0), (2710.0, 3710.0 + 0.54)]  # 200 ppm over 45 minutes
    found = by_pairs(pairs, 3000.0, "typed times")
    assert 0.0 < found.drift <= 200.0
    for video, stamp in pairs:
        assert abs(found.offset + video * (1 + 1e-6 * found.drift) - stamp) < found.error
    one = by_pairs(pairs[:1], 60.0, "typed times")
    assert (one.offset, one.drift) == (1000.0, 0.0)
    assert 0.2 < one.error < 0.5
    wrong = by_pairs([(10.0, 1010.0), (700.0, 1750.0), (1400.0, 2400.0)], 3000.0, "typed times")
    assert "do not fit on one line" in wrong.reason


def test_intervals_of_pairs_hold() -> None:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        drift, late = rng.normal(0, 100), rng.normal(0, 0.06)
        video = np.sort(rng.uniform(0, 3000, int(rng.integers(1, 4))))
        stamps = 100 + video * (1 + 1e-6 * drift) + late + rng.normal(0, 0.1, len(video))
        found = by_pairs(list(zip(video.tolist(), stamps.tolist(), strict=True)), 3000.0, "times")
        if found.reason:
            held += 1
            continue
        errors = [
            found.offset + v * (1 + 1e-6 * found.drift) - 100 - v * (1 + 1e-6 * drift) for v in (0, 3000)
        ]
        held += max(map(abs, errors)) <= found.error
    assert held >= 0.95 * 400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12.5", 12.5), ("1:02.25", 62.25), ("1:00:00", 3600.0), ("-0:04", -4.0), ("-3", -3.0)],
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(clock(seconds)) == pytest.approx(seconds, abs=0.005)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1:60",
        "1:2:3:4",
        "nan",
        "1e5",
        "1.5:00",
        "--3",
        ":3",
        "3:",
        "١",
        "²",
        "9" * 9,
        "9" * 400,
        "-" + "9" * 400,
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert seconds_of(text) is None
