"""How long after its R peak a beat comes: at most a second at any rate, the recorder's tick included."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray, Modality
from processing.heart.rpeaks import RPeaks
from processing.heart.rpeaks_front import earliest_peak
from processing.heart.rpeaks_refine import BOX, REACH
from tests.processing.heart.test_heart import ecg, picked, run, stream

TICK = 0.1
"""What is settled comes with the next slice of a recording [s]."""


def hard(sfreq: float, seed: int) -> FloatArray:
    """Return an ECG whose decisions take long: a low QRS in noise, a wave like it 85 ms before it, so that
    marks lie far before the middle of the energy."""
    rng = np.random.default_rng(seed)
    beats = 0.7 + np.cumsum(0.85 + 0.04 * rng.standard_normal(140))
    x = 0.3 * ecg(beats, sfreq, 120.0)
    times = np.arange(len(x)) / sfreq
    for beat in beats[beats < 119.0].tolist():
        near = slice(*np.searchsorted(times, [beat - 0.2, beat]))
        x[near] += 0.3 * np.exp(-0.5 * ((times[near] - beat + 0.085) / 0.014) ** 2)
    return x + 0.12 * np.interp(times, np.arange(7300) / 60, rng.standard_normal(7300))


@pytest.mark.parametrize(
    "sfreq", [100.0, 104.0, 125.0, 130.0, 187.4, 187.6, 250.0, 256.0, 257.0, 360.0, 500.0, 1000.0, 2048.0]
)
def test_a_beat_is_settled_a_tick_before_the_second_is_over_at_any_rate(sfreq: float) -> None:
    late = list[float]()
    for seed in range(2):
        x = hard(sfreq, seed)
        beats = RPeaks(sfreq).update(np.arange(len(x)) / sfreq, x)
        late += (beats.settled - beats.times).tolist()
    assert len(late) > 200
    assert sum(wait > 0.8 for wait in late) > 10, "decisions that take as long as they may"
    assert max(late) <= 1.0 - TICK


@pytest.mark.parametrize("cuts", [1, 7, 3000])
def test_its_row_is_available_within_a_second(cuts: int) -> None:
    x = hard(257.0, 3)
    rows = run(stream(Modality.ECG, 257.0), np.arange(len(x)) / 257.0, x, cuts)
    beats = {row.time for row in picked(rows, "ibi_class")}
    waits = [row.available - row.time for row in picked(rows, "ibi") if row.time in beats]
    assert len(waits) > 100
    assert min(waits) > 0.3
    assert max(waits) <= 1.0


@pytest.mark.parametrize("rate", [100.0, 128.5, 187.4])
def test_the_earliest_peak_is_the_first_of_both_deflections(rate: float) -> None:
    middle = round(0.12 * rate) + 3
    at = np.arange(-middle, middle + 1) / rate
    for up, down in ((-0.05, 0.04), (0.03, -0.06)):
        shape = np.exp(-0.5 * ((at - up) / 0.01) ** 2) - np.exp(-0.5 * ((at - down) / 0.01) ** 2)
        found = earliest_peak(shape[None] + 5.0, rate)[0] / rate
        assert min(up, down) - 0.012 - 1 / rate < found <= min(up, down) + 0.5 / rate
    both = earliest_peak(np.stack((shape, shape[::-1])), rate)
    assert both.tolist() == [earliest_peak(s[None], rate)[0] for s in (shape, shape[::-1])]
    assert earliest_peak(np.empty((0, len(at))), rate).shape == (0,)
    assert middle >= round(BOX * rate) + round(REACH * rate)
