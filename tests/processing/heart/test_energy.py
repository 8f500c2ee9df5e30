"""The energy in which beats are sought: the usual band, but for a narrow QRS that slow noise buries."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.heart.rpeaks import detect_r_peaks
from processing.heart.waves.energy import BANDS, BLOCK, FEWEST, Energy, _InBand
from tests.drawing import few
from tests.processing.heart.test_rpeaks import hits

RATE, WIDTH = 125.0, 10
SECONDS = 120.0


def buried(
    sfreq: float, seconds: float = SECONDS, height: float = 0.15, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return beats [s] and an ECG [mV] of a narrow QRS among waves of 4.7 Hz, two thirds of its height."""
    rng = np.random.default_rng(seed)
    beats = 0.7 + np.cumsum(0.9 + 0.05 * rng.standard_normal(int(seconds)))
    beats = beats[beats < seconds - 0.5]
    times = np.arange(round(seconds * sfreq)) / sfreq
    wander = np.cumsum(0.3 * rng.standard_normal(int(seconds) + 1))
    turns = 2 * np.pi * (4.7 * times + np.interp(times, np.arange(len(wander)), wander))
    ecg = 0.05 * np.sin(turns) + 0.02 * np.sin(2 * turns + 1.0)
    for beat in beats.tolist():
        near = slice(*np.searchsorted(times, [beat - 0.1, beat + 0.1]))
        ecg[near] -= height * np.exp(-0.5 * ((times[near] - beat) / 0.006) ** 2)
    return beats, ecg + 0.006 * rng.standard_normal(len(times))


def low_alone(ecg: FloatArray) -> FloatArray:
    return _InBand(BANDS[0], RATE, WIDTH).push(ecg)


@few(10)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=40))
def test_energy_does_not_depend_on_chunking(cuts: list[int]) -> None:
    _, ecg = buried(RATE, 60.0)
    energy, parts, at = Energy(RATE, WIDTH), list[FloatArray](), 0
    for cut in [*cuts, len(ecg)]:
        parts.append(energy.push(ecg[at : at + cut]))
        at += cut
    whole = Energy(RATE, WIDTH).push(ecg)
    assert np.array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(whole, low_alone(ecg)), "the other band counts"


def test_the_usual_band_alone_counts_where_beats_stand_out_and_in_white_noise() -> None:
    rng = np.random.default_rng(1)
    clear = buried(RATE, height=1.5)[1]
    muscles = buried(RATE)[1] + 0.1 * rng.standard_normal(round(SECONDS * RATE))
    for ecg in (clear, muscles, np.zeros(2000), np.full(2000, 3.0)):
        assert np.array_equal(Energy(RATE, WIDTH).push(ecg), low_alone(ecg))


def test_nothing_is_told_by_the_first_ten_seconds() -> None:
    _, ecg = buried(RATE)
    first = FEWEST * round(BLOCK * RATE)
    found, low = Energy(RATE, WIDTH).push(ecg), low_alone(ecg)
    assert np.array_equal(found[:first], low[:first])
    assert not np.array_equal(found[first : 2 * first], low[first : 2 * first])


def test_a_narrow_qrs_among_slow_waves_is_found_once_the_waves_are_known() -> None:
    wrong = n = 0
    for seed in range(3):
        beats, ecg = buried(360.0, seed=seed)
        found = detect_r_peaks(ecg, 360.0)
        wrong += sum(hits(found[found > 15.0], beats[beats > 15.0], 0.15))
        n += len(beats)
    assert wrong / n < 0.15, "in the low band alone a third"
