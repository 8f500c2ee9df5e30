"""Ohms in the place of siemens, and what has no zero, are doubted by the signal itself; siemens are not."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.skin.doubt import BELOW, ENOUGH, NO_SKIN, NO_ZERO, OHMS, RUNNING, SHARE, SPAN, Upright, Zero
from processing.skin.eda_quality import REASONS, Fault
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
def test_kiloohms_and_megohms_are_doubted_from_some_minutes_on(
    rate: float, level: float, numerator: float, sfreq: float
) -> None:
    """At 1 Hz each steep fall was a movement, and what movements hide was not looked at."""
    eda = numerator / skin(rate, level, sfreq=sfreq)
    rows = feed(np.arange(len(eda)) / sfreq, eda, sfreq)
    late = [r for r in rows if r.index != "eda_quality" and (250 if rate > 3.0 else 450) < r.time < 850]
    assert {"scl", "scl_low", "scl_high", "scr_rate"} <= {r.index for r in late}
    assert np.mean([r.reason == OHMS or r.value != r.value for r in late]) > 0.9
    assert all(r.quality == 0.0 for r in rows if r.reason == OHMS)


@pytest.mark.parametrize("rate", [6.0, 12.0])
def test_a_signal_that_is_turned_over_is_doubted_from_some_minutes_on(rate: float) -> None:
    eda = 14.0 - skin(rate, 6.0, seconds=420.0)
    rows = feed(np.arange(len(eda)) / 4.0, eda, 4.0)
    late = [r for r in rows if r.index in ("scl", "scr_rate") and r.time > 260]
    assert np.mean([r.reason == OHMS for r in late]) > 0.9


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0, 2.0, 6.0, 15.0])
@pytest.mark.parametrize("level", [0.5, 6.0, 40.0])
@pytest.mark.parametrize("sfreq", [1.0, 4.0])
def test_a_conductance_is_not_doubted(rate: float, level: float, sfreq: float) -> None:
    eda = skin(rate, level, sfreq=sfreq)
    rows = feed(np.arange(len(eda)) / sfreq, eda, sfreq)
    assert not [r for r in rows if r.reason in (OHMS, NO_ZERO, NO_SKIN)]


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
    assert any(OHMS in row for row in whole)
    assert comparable(feed(t, eda, 4.0, cuts=np.arange(0.3, 600.0, 0.9).tolist())) == whole


def high_passed(eda: FloatArray, sfreq: float, constant: float) -> FloatArray:
    """Return what an amplifier leaves that passes no slow change; time constant [s]."""
    keep, out, held = float(np.exp(-1.0 / (sfreq * constant))), np.empty(len(eda)), 0.0
    for k, step in enumerate(np.diff(eda, prepend=eda[0]).tolist()):
        held = keep * (held + step)
        out[k] = held
    return out


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 32.0])
@pytest.mark.parametrize("taken", ["filter", "mean", "spread", "zero"])
def test_a_signal_that_was_below_zero_has_no_level_that_looks_good(taken: str, sfreq: float) -> None:
    """Of a real hour from which the mean was taken a half had a level at quality 1."""
    eda = skin(4.0, 5.0, sfreq=sfreq) + 0.4 * np.sin(np.arange(round(900 * sfreq)) / sfreq / 100.0)
    made = {
        "filter": high_passed(eda, sfreq, 60.0),
        "mean": eda - eda.mean(),
        "spread": (eda - eda.mean()) / eda.std(),
        "zero": eda - np.quantile(eda, 0.2) - 0.1,
    }[taken]
    assert (made < -BELOW).mean() > 0.02, "the fault is there"
    rows = feed(np.arange(len(made)) / sfreq, made, sfreq)
    below = np.flatnonzero(made < -BELOW)[0] / sfreq
    known = [r for r in rows if r.index in ("scl", "scr_rate", "scr") and r.time > below + 120.0]
    good = [r for r in known if r.value == r.value and r.quality >= 0.5]
    assert len(good) <= 0.1 * len(known)
    assert any(r.reason == NO_ZERO and r.quality == 0.0 for r in known)
    assert any(r.reason == REASONS[Fault.BENEATH] for r in rows if r.index == "eda_quality")


def test_moments_below_zero_and_a_zero_that_matters_little_doubt_nothing() -> None:
    eda = skin(4.0, 5.0)
    t = np.arange(len(eda)) / 4.0
    eda[(t % 60.0) < 2.0] = -0.4
    eda[(t > 300.0) & (t < 330.0)] = -1.5 * BELOW
    rows = feed(t, eda, 4.0)
    assert not [r for r in rows if r.reason == NO_ZERO]
    assert any(r.index == "scl" and r.value == r.value and r.time > 340.0 for r in rows)


def test_the_zero_is_off_by_what_several_seconds_say_and_stays_so() -> None:
    zero = Zero()
    for mean in [*[-0.4] * (RUNNING - 1), 0.1, *[-1.0] * (RUNNING - 1), float("nan"), -1.0]:
        zero.push(mean)
    assert zero.off == 0.0 and not zero.doubts(0.01)
    for mean in [-0.6, -0.3, -0.2, -0.6, -0.6, 5.0]:
        zero.push(mean)
    zero.pause()
    assert zero.off == 0.2
    assert zero.doubts(0.19 / SHARE) and zero.doubts(float("nan"))
    assert not zero.doubts(0.21 / SHARE) and not zero.doubts(float("nan"))


def test_the_doubt_of_a_zero_is_the_same_for_any_chunks() -> None:
    eda = skin(6.0, 2.0, 600.0) - 2.2
    t = np.arange(len(eda)) / 4.0
    whole = comparable(feed(t, eda, 4.0))
    assert any(NO_ZERO in row for row in whole)
    assert comparable(feed(t, eda, 4.0, cuts=np.arange(0.3, 600.0, 0.9).tolist())) == whole


def open_electrode(level: float, sfreq: float, seconds: float = 300.0) -> FloatArray:
    """Return what an electrode reads that is off: a level that wanders, and noise of 2 nS [µS]."""
    rng = np.random.default_rng(3)
    n = round(seconds * sfreq)
    return np.asarray(level * (1.0 + 0.05 * np.sin(np.arange(n) / n * 9.0)) + 0.002 * rng.standard_normal(n))


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
@pytest.mark.parametrize("level", [0.07, 0.12, 0.2])
def test_an_electrode_that_is_off_from_the_start_is_in_doubt(sfreq: float, level: float) -> None:
    """Nothing was before it to have fallen from: it was a level at quality 1 for the whole hour."""
    x = open_electrode(level, sfreq)
    rows = feed(np.arange(len(x)) / sfreq, x, sfreq)
    levels = [r for r in rows if r.index == "scl"]
    assert {r.reason for r in levels if r.time >= 70.0} == {NO_SKIN}
    assert all((r.quality == 0.0) == (r.reason == NO_SKIN) for r in levels if r.time >= 10.0)
    assert any(r.index == "scr_rate" and r.reason == NO_SKIN for r in rows)
    assert comparable(feed(np.arange(len(x)) / sfreq, x, sfreq, cuts=[7.3, 66.1, 66.2, 200.0])) == comparable(
        rows
    )


@pytest.mark.parametrize("height", [0.04, 0.2])
def test_low_skin_that_has_responded_once_is_not_in_doubt(height: float) -> None:
    x = open_electrode(0.15, 4.0)
    t = np.arange(len(x)) / 4.0
    rows = feed(t, x + respond(t, 100.0, height), 4.0)
    said = [r.time for r in rows if r.index == "scl" and r.reason == NO_SKIN]
    assert 55.0 <= min(said) < 70.0 and 94.0 <= max(said) < 100.0
    assert not [r for r in feed(t, x + respond(t, 30.0, height), 4.0) if r.reason == NO_SKIN]


def test_after_a_silence_low_skin_has_to_respond_anew_and_higher_skin_has_not() -> None:
    for level, doubted in ((0.15, True), (0.3, False)):
        x = open_electrode(level, 4.0)
        t = np.arange(len(x)) / 4.0
        x = x + respond(t, 30.0, 0.1)
        t = t + 60.0 * (t >= 100.0)
        said = [r.time for r in feed(t, x, 4.0) if r.index == "scl" and r.reason == NO_SKIN]
        assert bool(said) == doubted and (not said or min(said) >= 215.0)
