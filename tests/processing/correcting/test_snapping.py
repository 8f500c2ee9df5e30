"""Where near a moment an R wave is, next to samples that are missing."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import Modality, Role, StreamInfo
from processing.correcting.signals import RawSignal
from processing.correcting.snapping import BEFORE, snapped

ECG = StreamInfo(
    name="ecg", role=Role.CLIENT, modality=Modality.ECG, sfreq=250.0, unit="mV", channels=("ECG",)
)
BEATS = np.arange(1.0, 30.0)


@pytest.mark.parametrize("begin", [0.0, 1.0 - BEFORE])
def test_a_wave_is_found_to_the_sample_where_the_one_before_it_is_missing(begin: float) -> None:
    times = np.arange(0.0, 31.0, 0.004)
    waves = np.exp(-0.5 * ((times[:, None] - BEATS) / 0.01) ** 2).sum(axis=1)
    there = times >= begin - 1e-9
    signal = RawSignal(info=ECG, times=times[there], values=waves[there])
    assert snapped(signal, BEATS[1:], 1.0321) == pytest.approx(1.0, abs=3e-4)
