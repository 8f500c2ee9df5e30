"""Where noise or coarse steps could make the smallest response, there is no saying of responses, but of the
level there is."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.skin.config import SkinConfig
from processing.skin.eda import detect_scrs
from processing.skin.scr import ResponseFinder
from tests.processing.skin_signals import column, comparable, eda_with, feed

NOISE = "noise: responses of 0.05 µS do not stand out"


def at_rest(sfreq: float, noise: float, step: float = 0.0, seconds: float = 120.0) -> FloatArray:
    """Return a level that falls slowly, with white noise [µS], in steps."""
    t = np.arange(round(seconds * sfreq)) / sfreq
    x = 5.0 - 0.001 * t + noise * np.random.default_rng(1).standard_normal(len(t))
    return np.round(x / step) * step if step else x


@pytest.mark.parametrize(
    ("sfreq", "noise", "step"),
    [
        (3.0, 0.03, 0.0),
        (4.0, 0.05, 0.0),
        (15.0, 0.1, 0.0),
        (32.0, 0.1, 0.0),
        (4.0, 0.015, 0.05),
        (32.0, 0.015, 0.05),
    ],
)
def test_noise_that_could_make_a_response_leaves_only_the_level(
    sfreq: float, noise: float, step: float
) -> None:
    eda = at_rest(sfreq, noise, step)
    rows = feed(np.arange(len(eda)) / sfreq, eda, sfreq, seconds=120.0)
    late = [r for r in rows if r.time > 15.0]
    assert len([r for r in rows if r.index == "scr"]) <= 3  # of the first seconds
    assert not [r for r in late if r.index == "scr"]
    quality = [r for r in late if r.index == "eda_quality"]
    assert np.mean([r.quality < 0.5 and r.reason == NOISE for r in quality]) > 0.9
    rates = [r for r in late if r.index == "scr_rate" and r.time > 50.0]
    assert rates
    assert all(np.isnan(r.value) and r.reason == NOISE for r in rates)
    levels = [r for r in late if r.index == "scl" and r.time < 108.0]
    assert min(r.quality for r in levels) > 0.9
    assert np.abs(np.array([r.value for r in levels]) - 4.95).max() < 0.15


@pytest.mark.parametrize(
    ("sfreq", "noise", "step"), [(2.0, 0.005, 0.0), (4.0, 0.005, 0.0), (15.0, 0.01, 0.02), (100.0, 0.02, 0.0)]
)
def test_noise_that_responses_stand_out_of_is_none(sfreq: float, noise: float, step: float) -> None:
    eda = at_rest(sfreq, noise, step)
    _, quality = column(feed(np.arange(len(eda)) / sfreq, eda, sfreq, seconds=120.0), "eda_quality")
    assert (quality == 1.0).all()


def test_noise_is_told_where_nothing_is_smoothed_too() -> None:
    """At 2 Hz noise of 0.02 µS gave eight responses a minute at quality 1."""
    found = detect_scrs(at_rest(2.0, 0.025, seconds=600.0), 2.0)
    assert len(found.onset) <= 6


def test_responses_in_noise_are_not_announced_but_their_tails_are_no_level() -> None:
    t, eda = eda_with(180.0, 4.0)
    eda += 0.03 * np.random.default_rng(2).standard_normal(len(t))
    config = SkinConfig()
    finder = ResponseFinder(4.0, config.scr, config.quality, config.falls)
    found = finder.push(t, eda, np.zeros(len(t), np.int8), np.zeros(len(t), bool))
    late = [scr for scr in found.scrs if scr.peak > 10.0]
    assert not late
    assert np.abs(np.array([scr.onset for scr in found.felt]) - 120.0).min() < 1.0


def test_noise_is_the_same_for_any_chunks() -> None:
    quiet, loud = at_rest(15.0, 0.005, seconds=60.0), at_rest(15.0, 0.1, seconds=60.0)
    eda = np.concatenate((quiet, loud, quiet))
    t = np.arange(len(eda)) / 15.0
    whole = comparable(feed(t, eda, 15.0))
    assert any(NOISE in row for row in whole)
    assert comparable(feed(t, eda, 15.0, cuts=np.arange(0.3, 180.0, 0.7).tolist())) == whole
    assert comparable(feed(t, eda, 15.0, cuts=[61.0, 61.1, 90.0])) == whole


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 32.0])
@pytest.mark.parametrize(("frequency", "size"), [(0.25, 0.2), (0.33, 0.2), (0.5, 0.3)])
def test_a_breath_or_a_hand_that_moves_the_electrode_on_and_on_gives_no_responses(
    sfreq: float, frequency: float, size: float
) -> None:
    """The first three swings may be responses: nothing before them says that they are none."""
    t = np.arange(round(180.0 * sfreq)) / sfreq
    eda = at_rest(sfreq, 0.003, seconds=180.0) + size * np.sin(2.0 * np.pi * frequency * t)
    assert len(detect_scrs(eda, sfreq).onset) <= 7


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 32.0])
@pytest.mark.parametrize("depth", [0.7, 1.5])
def test_a_slow_dip_is_no_response(sfreq: float, depth: float) -> None:
    """Two seconds down, faster than the skin can, and two up."""
    t, eda = eda_with(90.0, sfreq, (60.0,), (0.4,))
    dip = np.where((t >= 30.0) & (t < 34.0), 0.5 - 0.5 * np.cos(2.0 * np.pi * (t - 30.0) / 4.0), 0.0)
    np.testing.assert_allclose(detect_scrs(eda - depth * dip, sfreq).onset, [60.0], atol=0.8)
