"""A sampling rate said too low by a factor: told by beats too long for a heart so slow, by nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray, Modality
from processing.heart.table import no_arrivals
from processing.heart.waves.stretched import LASTS, STRETCHED, RateDoubt
from processing.index import IndexSample
from processing.verdicts import verdicts
from tests.drawing import few
from tests.processing.heart.test_heart import picked, run, stream

Waves = tuple[tuple[float, float, float], ...]
"""Height [mV], place after R and sd [s]."""
NARROW: Waves = ((0.12, -0.16, 0.02), (-0.15, -0.028, 0.009), (1.1, 0.0, 0.011), (-0.2, 0.03, 0.01))
BLOCK: Waves = ((0.12, -0.22, 0.02), (0.2, -0.06, 0.012), (-1.2, 0.0, 0.03))
T: Waves = ((0.3, 0.27, 0.045),)
SLOW_T: Waves = ((0.35, 0.33, 0.05),)
LATE_T: Waves = ((-0.4, 0.39, 0.055),)
LONG_T: Waves = ((0.35, 0.44, 0.05),)


def heart(interval: float, waves: Waves, sfreq: float, seconds: float) -> FloatArray:
    """Return the ECG of a heart whose intervals spread by 2 %."""
    rng = np.random.default_rng(0)
    beats = 0.7 + np.cumsum(interval * (1.0 + 0.02 * rng.standard_normal(int(seconds / interval))))
    t = np.arange(int(seconds * sfreq)) / sfreq
    x = 0.01 * rng.standard_normal(len(t))
    for height, lag, width in waves:
        for beat in beats[beats < seconds - 1.0]:
            near = slice(*np.searchsorted(t, [beat + lag - 0.25, beat + lag + 0.25]))
            x[near] += height * np.exp(-0.5 * ((t[near] - beat - lag) / width) ** 2)
    return x


def rows(x: FloatArray, said: float, cuts: list[int] | int = 600) -> list[IndexSample]:
    return run(stream(Modality.ECG, said), np.arange(len(x)) / said, x, cuts)


@pytest.mark.parametrize(
    ("interval", "waves"), [(0.8, NARROW + T), (0.7, NARROW + T), (0.9, NARROW + SLOW_T)]
)
def test_a_rate_said_to_be_half_of_what_it_is_puts_all_that_follows_in_doubt(
    interval: float, waves: Waves
) -> None:
    """A resting heart had a heart rate of 37, at quality 1."""
    out = rows(heart(interval, waves, 250.0, 100.0), 125.0)
    for index in ("hr", "ibi", "rmssd"):
        late = [r for r in picked(out, index) if r.time > 120.0 and math.isfinite(r.value)]
        assert len(late) > 10 and {(r.quality, r.reason) for r in late} == {(0.0, STRETCHED)}
    seconds = [r for r in picked(out, "ecg_quality") if 120.0 < r.time < 190.0]
    assert {(r.value, r.reason) for r in seconds} == {(0.0, STRETCHED)}
    assert verdicts(out) and STRETCHED in verdicts(out)[0]
    good = rows(heart(interval, waves, 250.0, 100.0), 250.0)
    assert STRETCHED not in {r.reason for r in good}


@pytest.mark.parametrize(
    ("interval", "waves"),
    [
        (1.5, NARROW + SLOW_T),
        (1.3, NARROW + LONG_T),
        (1.6, BLOCK + SLOW_T),
        (1.5, BLOCK + LATE_T),
        (1.25, BLOCK + SLOW_T),
        (1.5, (*BLOCK, (0.15, 0.52, 0.02))),
        (1.5, BLOCK),
    ],
)
def test_a_slow_heart_is_not_in_doubt(interval: float, waves: Waves) -> None:
    """Also with a block, a long QT, atrial waves that are not conducted, or without a T wave."""
    out = rows(heart(interval, waves, 250.0, 130.0), 250.0)
    assert sum(r.quality > 0.5 for r in picked(out, "hr")) > 40
    assert STRETCHED not in {r.reason for r in out}


@few(4)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_the_doubt_does_not_depend_on_chunks(cuts: list[int]) -> None:
    x = heart(0.8, NARROW + T, 250.0, 60.0)
    x[9000:9010] = np.nan
    out = rows(x, 125.0, cuts)
    assert repr(out) == repr(rows(x, 125.0))
    assert STRETCHED in {r.reason for r in out}


def test_a_doubt_holds_for_five_minutes_from_when_it_is_known() -> None:
    doubt = RateDoubt()
    assert doubt.at(np.array([1.0, 2.0])) == ["", ""]
    doubt._told = [60.0]
    said = doubt.at(np.array([59.0, 60.0, 60.1, 60.0 + LASTS, 60.1 + LASTS]))
    assert said == ["", "", STRETCHED, STRETCHED, ""]
    doubt.look(1e6, no_arrivals())
    assert doubt._told == [60.0]
