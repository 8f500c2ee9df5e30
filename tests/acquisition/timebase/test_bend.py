"""A rate that becomes another in mid-stream is followed; a link that slows down for a while is none."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import BoolArray, FloatArray
from acquisition.timebase.base import TimeBase
from acquisition.timebase.bend import bend
from acquisition.timebase.lay import Whole, lay
from tests.acquisition.timebase.stamped import (
    Push,
    Stamped,
    bursts,
    changed_rate,
    chunked,
    deduced,
    jittered,
    rounded,
    slowing,
    stream,
)
from tests.acquisition.timebase.test_timebase import pushed

PUSHES = [jittered(0.003), jittered(0.01), rounded, chunked(8, 0.005, 130.0), bursts, deduced(130.0)]


def used(sent: Stamped, found: Whole, begin: float, end: float) -> FloatArray:
    """Return the errors of those spans of 0.85 s between two times that have no hole [ms]."""
    n = round(0.85 * sent.sfreq)
    whole = np.isfinite(found.times).astype(np.int64)
    whole[1:] &= np.diff(found.times) < 1.5 / sent.sfreq
    sums = np.cumsum(np.append(0, whole))
    use: BoolArray = sums[n + 1 :] - sums[: -n - 1] == n + 1
    use &= (sent.true[:-n] >= begin) & (sent.true[n:] < end)
    off = 1e3 * (found.times - sent.true)
    return np.asarray((off[n:] - off[:-n])[use])


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("change", [0.05, 0.01, -0.01, -0.05])
def test_another_rate_in_mid_stream_is_followed(push: Push, change: float) -> None:
    sent = changed_rate(push, change)
    found = lay(sent.stamps, sent.sfreq)
    errors = used(sent, found, 180.0, 215.0)
    assert len(errors) > 30 * sent.sfreq
    assert np.abs(errors).max() < 3.0
    assert np.std(errors) < 1.0
    assert found.account.segments + len(found.account.losses) <= 3
    assert np.abs(found.times - sent.true)[-round(5 * sent.sfreq) : -round(sent.sfreq)].max() < 0.2


@pytest.mark.parametrize("sfreq", [250.0, 1000.0])
@pytest.mark.parametrize("change", [0.003, -0.01])
def test_another_rate_is_followed_at_any_rate(sfreq: float, change: float) -> None:
    sent = changed_rate(jittered(0.003), change, sfreq=sfreq, at=40.0, seconds=80.0)
    found = lay(sent.stamps, sent.sfreq)
    assert np.abs(used(sent, found, 155.0, 175.0)).max() < 2.0
    assert found.account.segments + len(found.account.losses) <= 5  # a hundred where it is not followed


@pytest.mark.parametrize(
    ("push", "share"), [(jittered(0.003), 0.02), (jittered(0.003), 0.05), (bursts, 0.05)]
)
def test_while_a_link_may_have_slowed_down_samples_have_no_place(push: Push, share: float) -> None:
    sent = stream(slowing(push, share, 3.0))
    found = lay(sent.stamps, sent.sfreq)
    assert found.account.unplaced > 0
    errors = used(sent, found, 115.0, 275.0)
    assert len(errors) > 110 * sent.sfreq
    assert np.mean(np.abs(errors) > 5.0) < 0.01


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("change", [0.03, -0.03])
def test_another_rate_is_the_same_in_any_pieces(push: Push, change: float) -> None:
    sent = changed_rate(push, change, at=25.0, seconds=50.0)
    whole = pushed(sent.stamps, sent.true, sent.sfreq, [10**6])
    for cuts in ([13, 500, 1, 77], [round(20.0 * sent.sfreq), *[1] * 900, 10**6]):
        cut = pushed(sent.stamps, sent.true, sent.sfreq, cuts)
        assert np.array_equal(whole[0], cut[0], equal_nan=True)
        assert np.array_equal(whole[1], cut[1])
        assert whole[2] == cut[2]


def test_samples_of_another_rate_are_settled_in_time() -> None:
    for push, most in ((jittered(0.003), 0.6), (bursts, 1.7)):
        sent = changed_rate(push, -0.02)
        settled = TimeBase(sent.sfreq).push(sent.stamps).settled
        waited = (settled - np.arange(len(settled)))[round(5 * sent.sfreq) :] / sent.sfreq
        assert waited.max() <= most


def test_a_step_is_no_bend_and_a_bend_begins_where_it_does() -> None:
    rng, counts = np.random.default_rng(0), 13.0 * np.arange(50.0)
    late = rng.normal(0.0, 0.001, 50)
    step = late + np.where(np.arange(50) >= 20, 0.008, 0.0)
    assert bend(np.stack((counts, step)), 20, 0.001, 1 / 130) is None
    ramp = late + 1e-4 * np.maximum(counts - 260.0, 0.0)
    found = bend(np.stack((counts, ramp)), 20, 0.001, 1 / 130)
    assert found is not None
    assert found.slope == pytest.approx(1e-4, rel=0.05)
    assert found.begin == pytest.approx(260.0, abs=26.0)
    assert found.sure > 6.0


@pytest.mark.parametrize("push", [*PUSHES, chunked(20, 0.005, 130.0)])
def test_a_rate_that_stays_has_no_bend(push: Push) -> None:
    for seed in range(3):
        sent = stream(push, off=0.005, seconds=150.0, seed=seed)
        found = lay(sent.stamps, sent.sfreq)
        assert found.account.unplaced <= 65  # half a second of jitter by chance
        assert np.abs(used(sent, found, 130.0, 245.0)).max() < 3.0


@pytest.mark.parametrize("deduces", [True, False])
@pytest.mark.parametrize("size", [13, 26, 73])
@pytest.mark.parametrize("faster", [-0.08, -0.04, 0.04])
def test_short_packets_at_another_rate_have_places_again(size: int, faster: float, deduces: bool) -> None:
    """Packets of 0.1 s had none till the end: a bend was sought behind 60 of them, and proved after 8 s."""
    rng, before = np.random.default_rng(size), 1000.0 + np.arange(round(35.0 * 130.0)) / 130.0
    after = before[-1] + np.arange(1, round(75.0 * 130.0)) / (130.0 * (1.0 + faster))
    true = np.append(before, after)
    true = true[: len(true) // size * size]
    came = np.repeat(true[size - 1 :: size] + rng.uniform(0.003, 0.006, len(true) // size), size)
    within = np.tile(np.arange(size), len(true) // size)
    stamps = came - (size - 1 - within) / 130.0 if deduces else came + 8e-6 * within
    times = TimeBase(130.0).push(stamps, came).times
    settled = times[round(65.0 * 130.0) :]
    assert not np.isnan(settled).any()
    off = settled - true[round(65.0 * 130.0) : len(times)]
    assert np.nanmax(np.abs(off[100:] - off[:-100])) < 0.005
