"""Alignment by voice: rows of whole seconds place a video to hundredths; what fits nowhere is refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from acquisition.linking.aligning import Alignment, by_voice
from acquisition.linking.hour import Hour
from acquisition.linking.loudness import STEP, Listener, Loudness
from acquisition.linking.media import listen
from acquisition.linking.refining import student
from acquisition.linking.spoken import spoken_of
from acquisition.stream import PEOPLE, Role
from acquisition.voice.models import SFREQ, Samples, load_models
from acquisition.voice.prosody import Prosody
from tests.acquisition.linking.hours import BEGIN, heard, rows_of, voices, write_video
from tests.acquisition.speech import alternating, dialogue, need_models


def hour_of(sound: dict[Role, Samples], people: Sequence[Role] = PEOPLE) -> Hour:
    spoken = spoken_of({role: rows_of(sound[role]) for role in people})
    return Hour(BEGIN, BEGIN + len(sound[Role.CLIENT]) / SFREQ, spoken, ())


def loudness_of(*parts: tuple[float, Samples]) -> Loudness:
    listener = Listener()
    for start, sound in parts:
        listener.push(round(start * SFREQ), sound)
    return listener.finish()


@pytest.fixture(scope="module")
def hour() -> Hour:
    return hour_of(voices())


def off(found: Alignment, start: float, ppm: float, at: float) -> float:
    return found.offset + at * (1 + 1e-6 * found.drift) - (BEGIN + start + at * (1 + 1e-6 * ppm))


@pytest.mark.parametrize(
    ("start", "stop", "ppm", "noise"),
    [
        (0.0, 240.0, 0.0, 1e-3),
        (20.37, 200.0, 300.0, 1e-3),
        (-25.4, 130.0, -200.0, 1e-3),
        (90.71, 260.0, 0.0, 4e-3),
    ],
)
def test_offset_and_drift_are_found_within_the_error_that_is_said(
    start: float, stop: float, ppm: float, noise: float, hour: Hour
) -> None:
    found = by_voice(loudness_of((0.0, heard(voices(), start, stop, ppm=ppm, noise=noise))), hour)
    assert not found.reason
    assert found.error < 0.1
    for at in (max(-start, 0.0), min(stop, 240.0) - start):
        assert abs(off(found, start, ppm, at)) <= min(found.error, 0.06)


def test_rows_of_one_person_alone_do(hour: Hour) -> None:
    alone = hour_of(voices(), [Role.CLIENT])
    found = by_voice(loudness_of((0.0, heard(voices(), 10.0, 230.0))), alone)
    assert not found.reason
    assert abs(off(found, 10.0, 0.0, 110.0)) <= min(found.error, 0.06)


def test_gaps_in_rows_and_in_sound_are_left_out(hour: Hour) -> None:
    rows = {role: rows_of(voices()[role]) for role in PEOPLE}
    stamps, values = rows[Role.CLIENT]
    kept = (stamps < BEGIN + 60) | (stamps > BEGIN + 100)
    rows[Role.CLIENT] = stamps[kept], values[kept]
    sound = heard(voices(), 5.0, 235.0)
    cut = loudness_of((3.0, sound[3 * SFREQ : 130 * SFREQ]), (150.0, sound[150 * SFREQ :]))
    assert np.isnan(cut.power[round(140 / STEP)])
    found = by_voice(cut, Hour(hour.begin, hour.end, spoken_of(rows), ()))
    assert not found.reason
    assert abs(off(found, 5.0, 0.0, 100.0)) <= min(found.error, 0.06)


def test_what_is_of_another_hour_or_no_speech_is_not_aligned(hour: Hour) -> None:
    other = heard(voices(seed=2), 0.0, 240.0)
    tone = np.sin(np.arange(200 * SFREQ) * 0.1) * np.abs(np.sin(np.arange(200 * SFREQ) * 2e-4))
    for sound in (other, tone.astype(np.float32)):
        found = by_voice(loudness_of((0.0, sound)), hour)
        assert "does not tell where it belongs" in found.reason
        assert np.isnan(found.offset)


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (np.zeros(100 * SFREQ, np.float32), "silent"),
        (np.zeros(0, np.float32), "no sound"),
        (np.ones(5 * SFREQ, np.float32), "at least 30 s"),
    ],
)
def test_what_cannot_be_heard_is_said(sound: Samples, said: str, hour: Hour) -> None:
    assert said in by_voice(loudness_of((0.0, sound)), hour).reason


def test_without_voice_it_says_so(hour: Hour) -> None:
    loud = loudness_of((0.0, heard(voices(), 0.0, 60.0)))
    assert by_voice(loud, Hour(0.0, 1.0, spoken_of({}), ())).reason == "no voice was recorded"
    silent = {role: np.zeros_like(x) for role, x in voices().items()}
    assert "speech was recorded for 0 s" in by_voice(loud, hour_of(silent)).reason
    apart = Hour(hour.begin, hour.end, hour.spoken, (), together=False)
    assert "not on one clock" in by_voice(loud, apart).reason


def test_loudness_does_not_depend_on_how_sound_comes_and_is_where_it_was() -> None:
    sound = np.zeros(8 * SFREQ, np.float32)
    sound[3 * SFREQ : 3 * SFREQ + 160] = np.random.default_rng(1).standard_normal(160)
    whole = loudness_of((0.0, sound)).total
    cuts = [0, 1000, 1256, 40000, 40001, len(sound)]
    parts = [(a / SFREQ, sound[a:b]) for a, b in pairwise(cuts)]
    assert np.array_equal(whole, loudness_of(*parts).total)
    late = loudness_of((2.0, sound)).total
    for total, at in ((whole, 3.005), (late, 5.005)):
        known = np.nan_to_num(total)
        centre = float(np.sum(known * (np.arange(len(known)) + 0.5)) / known.sum() * STEP)
        assert centre == pytest.approx(at, abs=0.004)


def test_students_percentile() -> None:
    for tells, value in ((10, 2.2281), (22, 2.0739), (46, 2.0129)):
        assert student(tells) == pytest.approx(value, rel=0.002)


def test_speech_that_the_product_itself_made_rows_of_places_a_video(tmp_path: Path) -> None:
    need_models()
    starts, seconds = alternating(5, pause=0.4)
    # Sentences that come again at equal times would fit in more than one place.
    later = np.cumsum(np.random.default_rng(2).uniform(0.0, 3.0, len(starts)))
    mics, _ = dialogue(
        [(role, at + float(x)) for (role, at), x in zip(starts, later, strict=True)],
        seconds + float(later[-1]),
    )
    prosody = Prosody(PEOPLE, load_models(), gains={})
    for role, sound in mics.items():
        prosody.push(role, BEGIN + np.arange(len(sound)) / SFREQ, sound)
    found = prosody.finish()
    rows = {
        role: np.array([[row.time, *row.values] for f in found if f.role is role for row in f.rows])
        for role in PEOPLE
    }
    spoken = spoken_of({role: (x[:, 0], x[:, 1:]) for role, x in rows.items()})
    hour = Hour(BEGIN, BEGIN + seconds, spoken, ())
    room = np.asarray(0.3 * mics[Role.CLIENT] + 0.1 * mics[Role.THERAPIST])
    video = write_video(tmp_path / "hour.mp4", room[round(8.28 * SFREQ) :], rate=SFREQ, late=0.4)
    _, loudness = listen(video)
    result = by_voice(loudness, hour)
    assert not result.reason
    assert abs(off(result, 8.28, 0.0, 30.0)) <= min(result.error, 0.06)
