"""Tonic level: responses hardly move it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processing.skin.scl import tonic_level
from tests.processing.skin_signals import eda_with


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
def test_the_level_is_that_under_ten_responses_a_minute(sfreq: float) -> None:
    rng = np.random.default_rng(8)
    onsets = np.sort(rng.uniform(5, 590, 100))
    _, eda = eda_with(600.0, sfreq, onsets.tolist(), rng.uniform(0.05, 0.5, 100).tolist())
    _, level = tonic_level(eda, sfreq)
    assert abs(np.nanmean(level[60:]) - 5.0) <= 0.05
    # The plain median is far off on the same signal.
    assert np.median(eda) - 5.0 > 0.15


def test_a_level_without_responses_is_itself() -> None:
    times, level = tonic_level(np.full(400, 7.0), 4.0)
    assert times[0] == 5.0 and times[-1] == 95.0
    np.testing.assert_allclose(level[1:], 7.0)


def test_there_is_no_level_without_signal() -> None:
    assert np.isnan(tonic_level(np.full(400, np.nan), 4.0)[1]).all()
    assert len(tonic_level(np.empty(0), 4.0)[0]) == 0


def test_a_real_wrist_recording_keeps_its_level_within_its_signal(data_dir: Path) -> None:
    with np.load(data_dir / "eda" / "wrist_e4_61min.npz") as data:
        eda = data["eda"].astype(float)
    times, level = tonic_level(eda, 4.0)
    assert np.isfinite(level).mean() > 0.95
    for t, value in zip(times[60:].tolist(), level[60:].tolist(), strict=True):
        window = eda[int((t - 5) * 4) : int((t + 5) * 4)]
        assert np.isnan(value) or value <= window.max() + 0.01
