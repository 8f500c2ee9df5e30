"""Short holes in an ECG: what is put in came with the sample after the hole, not before."""

from __future__ import annotations

import numpy as np
import pytest

from processing.heart.rpeaks import RPeaks
from tests.processing.heart.test_heart import ecg
from tests.processing.heart.test_rpeaks import rhythm


@pytest.mark.parametrize("sfreq", [130.0, 250.0])
@pytest.mark.parametrize("spiky", [False, True])
def test_no_beat_is_settled_before_the_sample_that_decides_it_came(sfreq: float, spiky: bool) -> None:
    """A watermark may pass any moment before the next sample: it would tell a beat earlier, had it come."""
    seconds, rng = 60.0, np.random.default_rng(4)
    x = ecg(rhythm(seconds, seed=3), sfreq, seconds, noise=0.02)
    if spiky:
        x[rng.integers(0, len(x), 60)] += 3.0
    times = np.arange(len(x)) / sfreq
    for begin in range(0, len(x), round(0.3 * sfreq)):  # no two of them make one that ends a stretch
        times[begin : begin + int(rng.integers(0, round(0.13 * sfreq)))] = np.nan
    there = np.isfinite(times)
    detector, n = RPeaks(sfreq), 0
    for time, value in zip(times[there], x[there], strict=True):
        found = detector.update(np.array([time]), np.array([value]))
        n += len(found.times)
        assert (found.settled >= time).all()
    assert n > 30
