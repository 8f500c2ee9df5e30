"""Where in a QRS the mark lies: the rules that are stated, each with the place it gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import firwin

from acquisition.stream import FloatArray
from processing.heart.rpeaks_refine import CLIMB, TURNING, Refiner

RATE = 1000.0


def marks(beats: list[FloatArray], refiner: Refiner) -> FloatArray:
    """Return the offset of the mark from the middle of each beat [ms]."""
    n = 2 * refiner.margin + 1
    ecg = np.concatenate([np.pad(beat, (n - len(beat)) // 2) for beat in beats])
    centres = n * np.arange(len(beats)) + n // 2
    at, off, *_ = refiner(ecg, centres)
    return 1e3 / RATE * (at + off - centres)


def beat(*waves: tuple[float, float, float]) -> FloatArray:
    """Return a QRS of waves: height [mV], lag [ms], width [ms]."""
    t = np.arange(-120.0, 121.0)
    return np.asarray(sum(h * np.exp(-0.5 * ((t - lag) / width) ** 2) for h, lag, width in waves))


@pytest.mark.parametrize("lag", [30.0, 35.0, 38.0])
def test_the_mark_climbs_from_the_sharpest_place_to_the_top(lag: float) -> None:
    """Beside a broad wave the sharpest place and the top of the low-passed ECG lie some ms apart."""
    lying = beat((1.0, 0.0, 9.0), (2.2, lag, 40.0))
    smooth = np.convolve(lying, firwin(201, 30.0, fs=RATE), "same")
    k = int(np.argmax(smooth))
    before, at, after = smooth[k - 1 : k + 2]
    top = k - 120 + 0.5 * (before - after) / (before - 2 * at + after)
    assert 4.0 < top < 1e3 * CLIMB
    assert marks([lying], Refiner(RATE))[0] == pytest.approx(top, abs=0.01)


def qrs(ratio: float) -> FloatArray:
    """Return a QRS whose R stands out that many times as far as its S, 60 ms later."""
    return beat((1.0, 0.0, 9.0), (-1.0 / ratio, 60.0, 9.0))


@pytest.mark.parametrize(
    ("ratios", "on_s"),
    [
        ([1.25] * 20 + [0.57], True),
        ([1.25] * 17 + [0.9] * 4 + [0.57], True),
        ([1.25] * 15 + [0.9] * 5 + [0.57], False),
        ([1.25] * 20 + [0.65], False),
        ([1.25] * 14 + [0.57], True),
    ],
)
def test_a_beat_of_other_proportions_than_the_last_nine_has_its_own_deflection(
    ratios: list[float], on_s: bool
) -> None:
    """0.57 is under 1/1.65, and 1/1.6 of 1.25 but not of 0.9: which of them is the median of nine decides."""
    last = marks([qrs(ratio) for ratio in ratios], Refiner(RATE))[-1]
    assert last == pytest.approx(60.0 if on_s else 0.0, abs=3.0)


@pytest.mark.parametrize("sfreq", [80.0, 90.0, 100.0, 130.0, 152.0, 214.0, 250.0, 1000.0])
def test_beats_are_placed_at_any_rate(sfreq: float) -> None:
    """From 141 to 156 and from 211 to 218 Hz eleven slopes lie about an R peak, not nine."""
    times = np.arange(round(12.0 * sfreq)) / sfreq
    beats = np.arange(1.0, 11.0)
    ecg = np.exp(-0.5 * ((times[:, None] - beats) / 0.011) ** 2).sum(axis=1)
    found = Refiner(sfreq)(ecg, np.rint(beats * sfreq).astype(np.int64))
    assert np.abs((found.places + found.rest) / sfreq - beats).max() < 0.001
    assert found.turning.shape == (10, TURNING)
    assert np.abs(found.turning[3:, :-1]).max() < 1.0
