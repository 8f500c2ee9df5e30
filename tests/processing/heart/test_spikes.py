"""Spikes too narrow for a QRS are no beats and move none; narrow R waves are never taken for spikes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.correcting.signals import _without
from processing.heart.holes import Spikes
from processing.heart.input import EcgInput
from processing.heart.rpeaks import RPeaks, detect_r_peaks, joined
from processing.heart.table import BeatTable
from tests.processing.heart.test_heart import ecg
from tests.processing.heart.test_rpeaks import hits, rhythm

SECONDS = 40.0


def spiky(
    x: FloatArray, sfreq: float, samples: int, every: float, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return an ECG with spikes of 2-50 mV and either sign at random times, and those times [s]."""
    rng = np.random.default_rng(seed)
    at = np.flatnonzero(rng.random(len(x)) < 1.0 / (every * sfreq))
    at = at[(at > 3.0 * sfreq) & (at < len(x) - sfreq)]
    out = x.copy()
    for k in at.tolist():
        out[k : k + samples] += rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 5.0) * rng.choice([1.0, 10.0])
    return out, at / sfreq


@pytest.mark.parametrize(
    ("sfreq", "samples"), [(125.0, 1), (130.0, 1), (250.0, 2), (500.0, 1), (500.0, 3), (1000.0, 12)]
)
def test_spikes_are_no_beats_and_move_none(sfreq: float, samples: int) -> None:
    beats = rhythm(SECONDS)
    x, at = spiky(ecg(beats, sfreq, SECONDS + 2.0, noise=0.01), sfreq, samples, 2.0)
    found = detect_r_peaks(x, sfreq)
    assert len(at) > 10
    assert hits(found, beats, 0.02) == (0, 0)
    clear = np.abs(beats[:, None] - at).min(axis=1) > 0.15
    assert np.abs(found - beats)[clear].max() < 0.004


def test_a_beat_under_a_spike_is_refused_with_its_reason() -> None:
    beats = rhythm(SECONDS)
    x = ecg(beats, 250.0, SECONDS + 2.0, noise=0.01)
    hit = beats[[10, 20, 30]]
    x[np.round((hit + 0.008) * 250.0).astype(int)] += [8.0, -8.0, 30.0]
    table = BeatTable()
    heart = EcgInput(250.0, table)
    heart.update(np.arange(len(x)) / 250.0, x)
    heart.settle(math.inf)
    table.gather()
    rows = table.arrived
    assert hits(rows.times, beats, 0.02) == (0, 0)
    under = np.abs(rows.times[:, None] - hit).min(axis=1) < 0.02
    assert [rows.reasons[k] for k in np.flatnonzero(under)] == ["artefact"] * 3
    assert not rows.accepted[under].any()
    assert rows.accepted[~under][1:].sum() >= len(beats) - 1 - 2 * len(hit)


@pytest.mark.parametrize("sfreq", [125.0, 130.0, 250.0, 500.0, 1000.0])
@pytest.mark.parametrize("width", [0.006, 0.008])
def test_narrow_r_waves_alone_are_no_spikes(sfreq: float, width: float) -> None:
    time = np.arange(round(20.0 * sfreq)) / sfreq
    x = 0.01 * np.random.default_rng(3).standard_normal(len(time))
    beats = np.arange(0.5, 19.5, 0.43)
    for k, beat in enumerate(beats.tolist()):  # the electrode moves: all becomes four times as high
        x += (1.0 if k < 22 else 4.0) * np.exp(-0.5 * ((time - beat) / width) ** 2)
    spikes = Spikes(sfreq)
    _, y, known = spikes.push(time, x, time)
    assert spikes.known() == []
    assert np.array_equal(y, x[: len(y)])
    assert (known >= time[: len(y)]).all()


@pytest.mark.parametrize(("sfreq", "step"), [(130.0, 1), (500.0, 3)])
def test_the_result_does_not_depend_on_chunking_and_nothing_comes_late(sfreq: float, step: int) -> None:
    x, _ = spiky(ecg(rhythm(20.0), sfreq, 22.0, noise=0.05), sfreq, 1, 0.5)
    times = np.arange(len(x)) / sfreq
    whole = RPeaks(sfreq)
    at_once = joined([whole.update(times, x), whole.settle(math.inf)])
    one, parts = RPeaks(sfreq), []
    for k in range(0, len(x), step):
        piece = slice(k, k + step)
        parts.append(one.update(times[piece], x[piece]))
        assert (parts[-1].settled > times[k]).all()
        assert (parts[-1].settled <= np.nextafter(times[piece][-1], math.inf)).all()
    parts.append(one.settle(math.inf))
    for a, b in zip(at_once, joined(parts), strict=True):
        assert np.array_equal(a, b, equal_nan=True)
    assert whole.spikes.known() == one.spikes.known() != []


@pytest.mark.parametrize("sfreq", [130.0, 500.0])
def test_a_spike_at_either_edge_of_a_gap_hides_no_beat(sfreq: float) -> None:
    beats = rhythm(20.0)
    x, half = ecg(beats, sfreq, 22.0, noise=0.01), round(10.0 * sfreq)
    times = np.arange(len(x)) / sfreq
    times[half:] += 1.0
    x[half - 1] += 20.0
    x[half] -= 20.0
    detector = RPeaks(sfreq)
    found = joined([detector.update(times, x), detector.settle(math.inf)])
    clear = beats[np.abs(beats - 10.0) > 0.2]
    assert hits(found.times, clear + (clear > 10.0), 0.02) == (0, 0)
    assert found.trusted[3:].all()


def test_shapes_seen_in_correcting_are_without_spikes_too() -> None:
    x, _ = spiky(ecg(rhythm(20.0), 500.0, 22.0, noise=0.01), 500.0, 2, 1.0)
    times = np.arange(len(x)) / 500.0
    spikes = Spikes(500.0)
    _, clean, _ = spikes.push(times, x, times)
    assert len(spikes.known()) > 5
    assert np.allclose(_without(spikes.known(), times, x)[: len(clean)], clean, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("sfreq", [130.0, 500.0])
def test_nothing_waits_in_a_flat_line_and_beats_after_it_are_no_spikes(sfreq: float) -> None:
    beats = rhythm(20.0)
    x = np.concatenate((ecg(beats, sfreq, 20.0), np.zeros(round(30.0 * sfreq)), ecg(beats, sfreq, 20.0)))
    times = np.arange(len(x)) / sfreq
    spikes = Spikes(sfreq)
    _, y, known = spikes.push(times, x, times)
    assert spikes.known() == []
    assert np.array_equal(y, x[: len(y)])
    flat = (times[: len(y)] > 20.1) & (times[: len(y)] < 49.9)
    assert np.array_equal(known[flat], times[: len(y)][flat])
