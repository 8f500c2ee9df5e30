"""A sender that begins anew at another rate is laid at that rate; nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from acquisition.timebase.lay import lay
from acquisition.timebase.pace import Pace
from tests.acquisition.timebase.stamped import Push, chunked, jittered, mixed, rounded, stalling, stream
from tests.acquisition.timebase.test_timebase import pushed
from tests.drawing import few


def begun_anew(push: Push, rates: tuple[float, float], gap: float) -> tuple[FloatArray, FloatArray]:
    """Return times and stamps of a minute each at two rates [Hz]."""
    before = 100.0 + np.arange(round(60.0 * rates[0])) / rates[0]
    after = before[-1] + gap + np.arange(1, round(60.0 * rates[1])) / rates[1]
    true = np.concatenate((before, after))
    rng = np.random.default_rng(0)
    return true, np.concatenate((push(before, rng), push(after, rng)))


@pytest.mark.parametrize("push", [jittered(0.003), jittered(0.001), rounded])
@pytest.mark.parametrize(
    "rates", [(130.0, 250.0), (130.0, 100.0), (250.0, 500.0), (512.0, 256.0), (250.0, 130.0)]
)
@pytest.mark.parametrize("gap", [0.0, 10.0])
def test_another_rate_keeps_the_session(push: Push, rates: tuple[float, float], gap: float) -> None:
    true, stamps = begun_anew(push, rates, gap)
    found = lay(stamps, rates[0])
    off = 1e3 * (found.times - true)
    later = off[true > 170.0 + gap]
    assert np.isfinite(later).all()
    assert np.ptp(later) < 2.0
    assert abs(np.nanmedian(later) - np.median(off[:5000])) < 151.0  # as by what joins two manners at most
    assert np.isnan(found.times).mean() < 0.035
    assert found.account.segments == 1
    assert sum(loss.seconds for loss in found.account.losses) < gap + 1.0


@few(10)
@given(
    rate=st.sampled_from([60.0, 100.0, 250.0, 500.0]),
    cuts=st.lists(st.integers(1, 700), min_size=1, max_size=5),
    arrivals=st.booleans(),
)
def test_another_rate_is_found_at_the_same_sample_in_any_pieces(
    rate: float, cuts: list[int], arrivals: bool
) -> None:
    true, stamps = begun_anew(jittered(0.003), (130.0, rate), 0.0)
    heard = np.ceil(true * 10.0) / 10.0 if arrivals else None
    whole, cut = (pushed(stamps, heard, 130.0, c) for c in ([10**6], cuts))
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert np.array_equal(whole[1], cut[1]) and whole[2] == cut[2]


CALM: list[Push] = [jittered(0.003), jittered(0.01), stalling(1.0), chunked(10, 0.01, 130.0), rounded]


@pytest.mark.parametrize("push", CALM)
@pytest.mark.parametrize("lost", [0, 1, 36, 130])
def test_jitter_stalls_and_losses_are_no_other_rate(push: Push, lost: int) -> None:
    sent = stream(push, lost=lost, seconds=900.0, off=0.01)
    assert Pace(1.0 / 130.0).other(sent.stamps) == -1


def test_nothing_that_comes_in_one_manner_after_another_takes_long() -> None:
    """Each change is told once at a sample: a stream of all manners ends."""
    for seed in range(12):
        stamps, arrivals, sfreq = mixed(seed)
        times, _, _ = pushed(stamps, arrivals, sfreq, [10**6])
        assert len(times) == len(stamps)
