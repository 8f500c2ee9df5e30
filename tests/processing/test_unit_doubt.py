"""A unit that cannot be right is named, together with the one that could."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acquisition.stream import Modality
from processing.unit_doubt import doubted_ecg, doubts, looks_like, with_doubts


@pytest.mark.parametrize(
    ("amplitude", "unit", "said"),
    [
        (1e-3, "mV", "unit looks like V, not mV"),
        (1e-3, "µV", "unit looks like mV, not µV"),
        (1e3, "mV", "unit looks like µV, not mV"),
        (1e3, "V", "unit looks like mV, not V"),
        (1e6, "volts", "unit looks like µV, not V"),
        (1e-6, "V", "not in V"),
        (1e3, "", "unit looks like µV, not mV"),
        (0.03, "mV", ""),
        (35.0, "mV", ""),
        (math.nan, "mV", ""),
        (0.0, "mV", ""),
    ],
)
def test_the_size_of_r_tells_the_unit_of_an_ecg(amplitude: float, unit: str, said: str) -> None:
    assert doubted_ecg(amplitude, unit) == said


def test_a_resistance_has_no_other_unit() -> None:
    assert looks_like(Modality.EDA, "kOhm", -1) == "not in kOhm"
    assert looks_like(Modality.EDA, "nS", 2) == "unit looks like mS, not nS"


def test_the_beats_up_to_a_moment_are_asked_and_no_others() -> None:
    times = np.arange(40.0)
    heights = np.where(times < 20, 1e-3, 1.0)
    found = doubts(times, heights, np.array([-1.0, 0.0, 19.5, 26.5, 30.0, 200.0]), "mV")
    named = "unit looks like V, not mV"
    assert found == ["", named, named, named, "", ""]
    assert with_doubts(np.array([70.0, math.nan]), ["", "gap"], [named, named]) == [named, "gap"]
