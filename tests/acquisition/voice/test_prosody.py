"""Prosody: who speaks, how, and that neither chunking nor gaps change what is said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import DeviceError
from acquisition.stream import PEOPLE, FloatArray, Role
from acquisition.voice.calibration import calibrate
from acquisition.voice.models import SFREQ, Samples
from acquisition.voice.nuclei import NucleusFinder
from acquisition.voice.prosody import Found, Prosody
from acquisition.voice.resample import Resampler
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS
from acquisition.voice.summary import Frame, Row, Summary
from tests.acquisition.speech import alternating, dialogue, need_models

BEGIN = 1000.3
Result = dict[Role, tuple[list[Row], list[Row], list[float]]]


class LoudIsSpeech:
    """Takes loud blocks for speech and zero crossings for pitch: fast, and as mindful of the past."""

    def activity(self) -> LoudIsSpeech.Activity:
        return self.Activity()

    def pitch(self) -> LoudIsSpeech.Pitch:
        return self.Pitch()

    class Activity:
        def __init__(self) -> None:
            self.state = 0.0

        def __call__(self, block: Samples) -> float:
            # With a memory, as the real one has: a start elsewhere must show.
            self.state = 0.5 * self.state + 0.5 * float(np.abs(block.astype(float)).max() > 0.05)
            return self.state

        def reset(self) -> None:
            self.state = 0.0

    class Pitch:
        def __call__(self, samples: Samples) -> tuple[FloatArray, FloatArray]:
            hops = samples[: len(samples) // 256 * 256].reshape(-1, 256)
            crossings = (np.diff(np.signbit(hops), axis=1) != 0).sum(axis=1)
            return crossings * SFREQ / 512.0, (crossings > 1).astype(float)


def run(
    mics: dict[Role, Samples], sizes: Sequence[int], *, times: FloatArray | None = None, models: object = None
) -> Result:
    """Hand the microphones over in pieces of the given sizes, which repeat."""
    prosody = Prosody(list(mics), models or LoudIsSpeech(), gains={})  # type: ignore[arg-type]
    n = len(next(iter(mics.values())))
    stamps = BEGIN + np.arange(n) / SFREQ if times is None else times
    found: list[Found] = []
    at = k = 0
    while at < n:
        stop = min(n, at + sizes[k % len(sizes)])
        for role, samples in mics.items():
            prosody.push(role, stamps[at:stop], samples[at:stop])
        found += prosody.advance(float(stamps[stop - 1]))
        at, k = stop, k + 1
    found += prosody.finish()
    return {
        role: (
            [r for f in found if f.role is role for r in f.rows],
            [r for f in found if f.role is role for r in f.turns],
            [b for f in found if f.role is role for b in f.begins],
        )
        for role in mics
    }


def bursts(seconds: float, seed: int = 0) -> dict[Role, Samples]:
    """Return tones that come and go, each person's leaking into the other's microphone."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SFREQ)) / SFREQ
    own = []
    for k in range(2):
        envelope = np.repeat(rng.random(len(t) // 3200 + 1) > 0.5, 3200)[: len(t)]
        own.append(0.3 * envelope * np.sin(2 * np.pi * (110 + 90 * k) * t))
    noise = 1e-3 * rng.standard_normal((2, len(t)))
    return {
        role: np.asarray(own[k] + 0.3 * own[1 - k] + noise[k], np.float32) for k, role in enumerate(PEOPLE)
    }


def column(rows: Sequence[Row], name: str) -> FloatArray:
    names = ROW_CHANNELS if len(rows[0].values) == len(ROW_CHANNELS) else TURN_CHANNELS
    return np.array([row.values[names.index(name)] for row in rows])


@cache
def bursts_at_once() -> str:
    return repr(run(bursts(6.0), [10**9]))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=5))
def test_result_does_not_depend_on_chunk_size(sizes: list[int]) -> None:
    sizes = sizes if sum(sizes) > 500 else [*sizes, 500]
    assert repr(run(bursts(6.0), sizes)) == bursts_at_once()


def test_result_does_not_depend_on_chunk_size_with_the_real_models() -> None:
    models = need_models()
    mics, _ = dialogue([(Role.THERAPIST, 0.3), (Role.CLIENT, 4.0)], 9.0)
    assert repr(run(mics, [777, 512, 1, 4000], models=models)) == repr(run(mics, [10**9], models=models))


def test_result_does_not_depend_on_who_is_handed_over_in_larger_pieces() -> None:
    mics = bursts(9.0)
    stamps = BEGIN + np.arange(9 * SFREQ) / SFREQ
    prosody = Prosody(list(mics), LoudIsSpeech(), gains={})
    # A back-log: what waits in small pieces is not silence, however long ago the large ones were.
    for role, size in ((Role.THERAPIST, 370), (Role.CLIENT, 9 * SFREQ)):
        for a in range(0, len(stamps), size):
            prosody.push(role, stamps[a : a + size], mics[role][a : a + size])
    found = prosody.advance(float(stamps[-1]) - 1.0) + prosody.finish()
    whole = run(mics, [512])
    for role in PEOPLE:
        assert repr([r for f in found if f.role is role for r in f.rows]) == repr(whole[role][0])
        assert repr([r for f in found if f.role is role for r in f.turns]) == repr(whole[role][1])


def test_a_gap_ends_the_stretch_and_is_equal_for_any_chunking() -> None:
    mics = bursts(8.0)
    times = BEGIN + np.arange(8 * SFREQ) / SFREQ
    times[3 * SFREQ + 100 :] += 0.35
    whole = run(mics, [10**9], times=times)
    for role in PEOPLE:
        rows, turns, begins = whole[role]
        assert begins == [times[0], times[3 * SFREQ + 100]]
        assert 1004.0 not in [row.time for row in rows]  # a second with a hole in it
        assert not [t for t in turns if t.time - t.values[0] < times[3 * SFREQ + 99] - 0.1 < 1003.7 < t.time]
    assert repr(run(mics, [1000, 7], times=times)) == repr(whole)


def test_without_the_other_microphone_nobody_is_credited() -> None:
    mics = bursts(4.0)
    prosody = Prosody(PEOPLE, LoudIsSpeech(), gains={})
    prosody.push(Role.CLIENT, BEGIN + np.arange(4 * SFREQ) / SFREQ, mics[Role.CLIENT])
    rows = [row for f in prosody.finish() if f.role is Role.CLIENT for row in f.rows]
    assert column(rows, "voice_activity").max() == 0.0
    assert column(rows, "uncertain").max() > 0.3


def test_silence_of_zeros_has_rows_without_voice() -> None:
    rows = run({Role.CLIENT: np.zeros(4 * SFREQ, np.float32)}, [1024])[Role.CLIENT][0]
    assert [row.time for row in rows] == [1002.0, 1003.0, 1004.0]
    assert column(rows, "voice_activity").max() == 0.0
    assert np.isnan(column(rows, "f0_median")).all()
    assert np.isnan(column(rows, "intensity")).all()


def test_two_voices_with_cross_talk_are_told_apart() -> None:
    models = need_models()
    starts, seconds = alternating()
    mics, truth = dialogue(starts, seconds)
    found = run(mics, [512], models=models)
    foreign = own = 0.0
    for role in PEOPLE:
        rows, turns, _ = found[role]
        mine = [(a, b) for who, a, b in truth if who is role]
        assert len(turns) == len(mine)
        for turn, (a, b) in zip(turns, mine, strict=True):
            assert turn.time - turn.values[0] - BEGIN == pytest.approx(a, abs=0.25)
            assert turn.time - BEGIN == pytest.approx(b, abs=0.25)
        for row in rows:
            overlap = sum(
                max(0.0, min(row.time - BEGIN, b + 0.3) - max(row.time - BEGIN - 1, a - 0.1)) for a, b in mine
            )
            foreign += row.values[ROW_CHANNELS.index("phonation")] if overlap == 0.0 else 0.0
            own += row.values[ROW_CHANNELS.index("phonation")]
    assert own > 15.0
    assert foreign <= 0.01 * own
    assert np.nanmedian(column(found[Role.THERAPIST][0], "f0_median")) == pytest.approx(102, rel=0.05)
    assert np.nanmedian(column(found[Role.CLIENT][0], "f0_median")) == pytest.approx(200, rel=0.05)


def test_one_person_alone_needs_no_other_microphone() -> None:
    mics = bursts(4.0)
    rows = run({Role.CLIENT: mics[Role.CLIENT]}, [512])[Role.CLIENT][0]
    assert column(rows, "voice_activity").max() > 0.3
    assert column(rows, "uncertain").max() == 0.0


def test_gains_move_the_gate() -> None:
    t = np.arange(4 * SFREQ) / SFREQ
    tone = np.asarray(0.3 * np.sin(2 * np.pi * 120 * t), np.float32)
    for gain, credited in ((0.0, Role.CLIENT), (-12.0, Role.THERAPIST)):
        prosody = Prosody(PEOPLE, LoudIsSpeech(), gains={Role.CLIENT: gain})
        for role, level in ((Role.CLIENT, 1.0), (Role.THERAPIST, 0.5)):
            prosody.push(role, BEGIN + t, level * tone)
        found = prosody.finish()
        active = {r: max(row.values[0] for f in found if f.role is r for row in f.rows) for r in PEOPLE}
        assert active[credited] == 1.0
        assert sum(active.values()) == 1.0


def test_calibration_makes_both_alike_and_says_when_microphones_are_too_near() -> None:
    models = need_models()
    readings = {}
    for role in PEOPLE:
        mics, _ = dialogue([(role, 0.2)], 6.0)
        mics[Role.CLIENT] = 4 * mics[Role.CLIENT]
        readings[role] = mics
    found = calibrate(readings, models)
    difference = found.gains[Role.THERAPIST] - found.gains[Role.CLIENT]
    alone = {role: dialogue([(role, 0.2)], 6.0)[0][role] for role in PEOPLE}
    assert difference == pytest.approx(
        12.04 + _loudness(alone[Role.CLIENT]) - _loudness(alone[Role.THERAPIST]), abs=1.0
    )
    assert found.separation[Role.CLIENT] + found.separation[Role.THERAPIST] == pytest.approx(20.0, abs=1.0)
    assert not found.warnings() or min(found.separation.values()) < 6.0
    with pytest.raises(DeviceError, match="of speech in the reading"):
        calibrate({Role.CLIENT: {Role.CLIENT: np.zeros(SFREQ, np.float32)}}, models)


def _loudness(samples: Samples) -> float:
    hops = (samples[: len(samples) // 256 * 256].reshape(-1, 256).astype(float) ** 2).mean(axis=1)
    return float(10 * np.log10(hops[hops > 1e-4].mean()))


def frames(own: Sequence[bool], f0: float = 120.0) -> list[Frame]:
    return [
        Frame(1000.0 + 0.016 * k, 0.01, on, False, -10.0, 0.4, f0 if on else np.nan, -20.0)
        for k, on in enumerate(own)
    ]


def test_a_turn_goes_on_through_short_pauses_and_counts_them() -> None:
    summary = Summary()
    for frame in frames([True] * 50 + [False] * 25 + [True] * 50 + [False] * 5 + [True] * 20 + [False] * 70):
        summary.push(frame)
    (turn,) = summary.turns
    assert turn.time == pytest.approx(1000.0 + 150 * 0.016)
    duration, phonation, pause, _, f0, intensity = turn.values
    assert duration == pytest.approx(150 * 0.016)
    assert pause == pytest.approx(25 * 0.016)
    assert phonation == pytest.approx(duration - pause)
    assert f0 == 120.0
    assert intensity == pytest.approx(-20.0)


def test_a_second_of_silence_ends_a_turn_and_a_click_is_none() -> None:
    summary = Summary()
    for frame in frames([True] * 30 + [False] * 63 + [True] * 30 + [False] * 63 + [True] * 5 + [False] * 63):
        summary.push(frame)
    assert [turn.values[0] for turn in summary.turns] == [pytest.approx(0.48)] * 2


def test_speaking_lasts_a_quarter_second_beyond_the_last_frame() -> None:
    summary = Summary()
    for frame in frames([True] * 20 + [False] * 60):
        summary.push(frame)
    share = summary.rows[0].values[0]
    assert share == pytest.approx((20 * 0.016 + 0.25) / 1.0, abs=0.017)


def test_nuclei_are_voiced_peaks_with_dips_of_two_decibels() -> None:
    k = np.arange(400)
    for depth, expected in ((6.0, 8), (1.5, 0)):
        finder = NucleusFinder()
        levels = -20.0 + depth / 2 * np.sin(2 * np.pi * k / 50)
        counted = sum(finder.push(float(level), own=True, voiced=True) for level in levels)
        assert counted == expected
    finder = NucleusFinder()
    assert not any(finder.push(float(-20 + 3 * np.sin(x / 8)), own=True, voiced=False) for x in k)


def test_nuclei_far_below_the_loudest_are_not_counted() -> None:
    finder = NucleusFinder()
    k = np.arange(188)  # ends in a dip
    loud = sum(finder.push(float(x), own=True, voiced=True) for x in -20 + 3 * np.sin(2 * np.pi * k / 50))
    faint = sum(finder.push(float(x), own=True, voiced=True) for x in -50 + 3 * np.sin(2 * np.pi * k / 50))
    assert (loud, faint) == (4, 0)


@pytest.mark.parametrize("sfreq", [8000.0, 44100.0, 48000.0])
def test_sound_of_other_rates_keeps_its_time_and_pitch_for_any_chunking(sfreq: float) -> None:
    pytest.importorskip("soxr", reason="soxr is not installed")
    t = np.arange(round(3 * sfreq)) / sfreq
    x = np.asarray(np.sin(2 * np.pi * 300 * t) * (t > 1.0), np.float32)
    results = []
    for size in (10**9, 700):
        resampler = Resampler(sfreq)
        pieces = [
            p
            for a in range(0, len(t), size)
            for p in resampler.push(BEGIN + t[a : a + size], x[a : a + size])
        ]
        pieces += resampler.finish()
        results.append(tuple(np.concatenate(column) for column in zip(*pieces, strict=True)))
    (times, sound), (times2, sound2) = results
    assert np.array_equal(times, times2)
    assert np.array_equal(sound, sound2)
    assert len(times) == pytest.approx(3 * SFREQ, abs=2)
    np.testing.assert_allclose(times, BEGIN + np.arange(len(times)) / SFREQ, atol=1e-6)
    inner = (times > BEGIN + 1.1) & (times < BEGIN + 2.9)
    np.testing.assert_allclose(sound[inner], np.sin(2 * np.pi * 300 * (times[inner] - BEGIN)), atol=2e-3)
