"""Voice quality against known answers and Praat on the whole file; rows of it only where asked for."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.errors import DeviceError
from acquisition.stream import Role
from acquisition.voice import quality
from acquisition.voice.channel import _bands
from acquisition.voice.models import HOP, SFREQ, Samples
from acquisition.voice.prosody import Prosody
from acquisition.voice.quality import LEAST, LONGEST, Quality, VoicedRuns, load_measure, measure
from acquisition.voice.rows import ROW_CHANNELS
from tests.acquisition.speech import need_models, spoken

Floats = NDArray[np.float64]


def need_praat() -> None:
    pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")


def pulses(periods: Floats, heights: Floats) -> Samples:
    """Return decaying pulses of the given periods [s] and heights."""
    t = np.arange(round(float(periods.sum()) * SFREQ)) / SFREQ
    out = np.zeros(len(t))
    for start, height in zip(np.cumsum(periods) - periods[0], heights, strict=True):
        near = (t >= start) & (t < start + 0.02)
        u = t[near] - start
        out[near] += height * np.exp(-u / 0.002) * np.sin(2 * np.pi * 700.0 * u)
    return np.asarray(out, np.float32)


def varied(mean: float, share: float) -> Floats:
    """Return values of which each differs from the one before, by a share of their mean."""
    return np.asarray(mean * (1.0 + share * np.random.default_rng(3).standard_normal(180)))


def local(values: Floats) -> float:
    """Return the mean difference of neighbours in per cent of the mean: what Praat calls local."""
    return 100.0 * float(np.abs(np.diff(values)).mean() / values.mean())


@pytest.mark.parametrize("share", [0.004, 0.012])
def test_jitter_is_that_of_the_periods(share: float) -> None:
    need_praat()
    periods = varied(1 / 125.0, share)
    found = measure(pulses(periods, np.full(180, 0.3)))
    assert found.jitter == pytest.approx(local(periods), rel=0.25)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_shimmer_is_that_of_the_heights(share: float) -> None:
    need_praat()
    heights = varied(0.3, share)
    found = measure(pulses(np.full(180, 1 / 125.0), heights))
    assert found.shimmer == pytest.approx(local(heights), rel=0.25)


@pytest.mark.parametrize("decibels", [5.0, 15.0])
def test_harmonicity_of_a_tone_in_noise(decibels: float) -> None:
    need_praat()
    rng = np.random.default_rng(4)
    t = np.arange(2 * SFREQ) / SFREQ
    tone = np.sum([np.sin(2 * np.pi * 140.0 * k * t) / k for k in range(1, 12)], axis=0)
    noise = rng.standard_normal(len(t))
    noise *= tone.std() / noise.std() * 10 ** (-decibels / 20)
    assert measure(np.asarray(0.1 * (tone + noise), np.float32)).hnr == pytest.approx(decibels, abs=1.0)


def test_stretches_are_measured_from_0_3_s_on_and_in_parts_of_2_s() -> None:
    lengths: list[float] = []

    def take(samples: Samples) -> Quality:
        lengths.append(len(samples) / SFREQ)
        return Quality(lengths[-1], 10.0, 1.0, 2.0)

    runs, hop = VoicedRuns(take), np.zeros(HOP, np.float32)
    for n in (5, math.ceil(LEAST * SFREQ / HOP), 300):
        for _ in range(n):
            runs.push(hop, voiced=True)
        runs.push(hop, voiced=False)
    whole = math.ceil(LONGEST * SFREQ / HOP)
    assert [round(x * SFREQ / HOP) for x in lengths] == [
        math.ceil(LEAST * SFREQ / HOP),
        whole,
        whole,
        300 - 2 * whole,
    ]


def rows_of(sound: Samples, sizes: Sequence[int], *, asked: bool = True) -> Floats:
    measures = {Role.CLIENT: load_measure()} if asked else {}
    prosody = Prosody([Role.CLIENT], need_models(), gains={}, measures=measures)
    times = 100.0 + np.arange(len(sound)) / SFREQ
    found = []
    at = k = 0
    while at < len(sound):
        stop = min(at + sizes[k % len(sizes)], len(sound))
        prosody.push(Role.CLIENT, times[at:stop], sound[at:stop])
        found += prosody.advance(float(times[stop - 1]))
        at, k = stop, k + 1
    found += prosody.finish()
    return np.array([row.values for f in found for row in f.rows])


def test_rows_agree_with_praat_on_the_whole_sentence() -> None:
    need_praat()
    import parselmouth
    from parselmouth.praat import call

    sound = np.concatenate([np.zeros(8000, np.float32), spoken(Role.THERAPIST), np.zeros(16000, np.float32)])
    rows = rows_of(sound, [10**9])
    hnr, jitter, shimmer = (rows[:, ROW_CHANNELS.index(name)] for name in ("hnr", "jitter", "shimmer"))
    assert np.isfinite(hnr).sum() >= 2
    whole = parselmouth.Sound(spoken(Role.THERAPIST).astype(np.float64), SFREQ)
    harmonicity = whole.to_harmonicity_cc(minimum_pitch=60.0).values
    voiced = harmonicity[harmonicity > 0.0]
    points = call(whole, "To PointProcess (periodic, cc)", 60.0, 600.0)
    assert np.nanmean(hnr) == pytest.approx(np.median(voiced), abs=4.0)
    reference = 100 * call(points, "Get jitter (local)", 0.0, 0.0, 1e-4, 0.02, 1.3)
    assert np.nanmean(jitter) == pytest.approx(reference, rel=0.8)
    reference = 100 * call([whole, points], "Get shimmer (local)", 0.0, 0.0, 1e-4, 0.02, 1.3, 1.6)
    assert np.nanmean(shimmer) == pytest.approx(reference, rel=0.8)


def test_rows_do_not_depend_on_chunk_size_and_are_absent_unless_asked_for() -> None:
    need_praat()
    sound = np.concatenate([np.zeros(8000, np.float32), spoken(Role.THERAPIST)])
    whole = rows_of(sound, [10**9])
    assert repr(rows_of(sound, [3000, 77]).tolist()) == repr(whole.tolist())
    plain = rows_of(sound, [10**9], asked=False)
    places = [ROW_CHANNELS.index(name) for name in ("hnr", "jitter", "shimmer")]
    assert np.isnan(plain[:, places]).all()
    rest = [k for k in range(len(ROW_CHANNELS)) if k not in places]
    np.testing.assert_array_equal(plain[:, rest], whole[:, rest])


def test_mid_band_share_of_tones() -> None:
    t = np.arange(2 * HOP) / SFREQ
    for f0, share in ((200.0, 0.0), (1000.0, 1.0), (6000.0, 0.0)):
        assert _bands(np.sin(2 * np.pi * f0 * t))[1] == pytest.approx(share, abs=0.02)
    two = np.sin(2 * np.pi * 200.0 * t) + np.sin(2 * np.pi * 1000.0 * t)
    assert _bands(two)[1] == pytest.approx(0.5, abs=0.02)


def test_without_praat_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"praat-parselmouth not installed .*attunement\[voice-quality\]"):
        load_measure()
    assert importlib.util.find_spec("json")
