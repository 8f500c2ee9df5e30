"""Ohms in the place of siemens are doubted by the shape of the signal; siemens are not."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.skin.upright import DOUBT, ENOUGH, SPAN, Upright
from tests.processing.skin_signals import comparable, feed, respond


def skin(rate: float, level: float, seconds: float = 900.0, sfreq: float = 4.0) -> FloatArray:
    """Return skin conductance with so many responses a minute [µS]."""
    rng = np.random.default_rng(round(10 * rate))
    t = np.arange(round(seconds * sfreq)) / sfreq
    x = level + 0.03 * level * np.sin(t / 50.0) + 0.003 * rng.standard_normal(len(t))
    onset = 5.0
    while rate and onset < seconds - 20.0:
        x += respond(t, onset, float(rng.uniform(0.02, 0.15)) * level, rise=float(rng.uniform(1.0, 2.5)))
        onset += 2.0 + rng.exponential(60.0 / rate - 2.0)
    return np.asarray(x)


@pytest.mark.parametrize("rate", [3.0, 6.0, 12.0])
@pytest.mark.parametrize(("level", "numerator"), [(25.0, 1000.0), (40.0, 1000.0), (2.0, 1.0), (6.0, 1.0)])
@pytest.mark.parametrize("sfreq", [1.0, 4.0])
def test_kiloohms_and_megohms_are_doubted_from_seven_minutes_on(
    rate: float, level: float, numerator: float, sfreq: float
) -> None:
    """At 1 Hz each steep fall was a movement, and what movements hide was not looked at."""
    eda = numerator / skin(rate, level, sfreq=sfreq)
    rows = feed(np.arange(len(eda)) / sfreq, eda, sfreq)
    late = [r for r in rows if r.index != "eda_quality" and 450 < r.time < 850]
    assert {"scl", "scl_low", "scl_high", "scr_rate"} <= {r.index for r in late}
    assert np.mean([r.reason == DOUBT or r.value != r.value for r in late]) > 0.9
    assert all(r.quality == 0.0 for r in rows if r.reason == DOUBT)


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0, 2.0, 6.0, 15.0])
@pytest.mark.parametrize("level", [0.5, 6.0, 40.0])
@pytest.mark.parametrize("sfreq", [1.0, 4.0])
def test_a_conductance_is_not_doubted(rate: float, level: float, sfreq: float) -> None:
    eda = skin(rate, level, sfreq=sfreq)
    rows = feed(np.arange(len(eda)) / sfreq, eda, sfreq)
    assert not [r for r in rows if r.reason == DOUBT]


def test_nothing_is_said_before_enough_is_known_nor_across_a_silence() -> None:
    upright, said = Upright(), []
    inverse = 1.0 / skin(6.0, 5.0)[::4]
    for second, mean in enumerate(inverse.tolist()):
        upright.push(second, mean)
        said.append(upright.doubted)
    assert not any(said[: int(ENOUGH * SPAN)]) and all(said[int(ENOUGH * SPAN) + 30 :])
    upright.pause()
    assert not upright.doubted


def test_the_doubt_is_the_same_for_any_chunks() -> None:
    eda = 1.0 / skin(6.0, 2.0, 600.0)
    t = np.arange(len(eda)) / 4.0
    whole = comparable(feed(t, eda, 4.0))
    assert any(DOUBT in row for row in whole)
    assert comparable(feed(t, eda, 4.0, cuts=np.arange(0.3, 600.0, 0.9).tolist())) == whole
