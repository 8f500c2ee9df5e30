"""Samples that are not where their count says they are have no place: lost unseen, or in another order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.laid import BEHIND, TORN, Rising
from acquisition.timebase.lay import lay
from tests.acquisition.timebase.stamped import Push, Stamped, chunked, even, jittered, rounded, stream
from tests.acquisition.timebase.test_timebase import pushed
from tests.drawing import few

ACROSS = 0.85
"""About an interval between two beats [s]."""


def across(sent: Stamped, times: FloatArray, begin: float) -> FloatArray:
    """Return the errors [ms] of spans of 0.85 s between which no sample is without a place."""
    apart = round(ACROSS * sent.sfreq)
    gone = np.append(0, np.cumsum(np.isnan(times)))
    whole = gone[apart + 1 :] == gone[: -apart - 1]
    errors = 1e3 * ((times[apart:] - times[:-apart]) - (sent.true[apart:] - sent.true[:-apart]))
    return np.asarray(errors[whole & (sent.true[:-apart] > 100.0 + begin)])


def in_order(sent: Stamped, order: IntArray) -> Stamped:
    """Return a stream whose samples come in another order."""
    return Stamped(true=sent.true[order], stamps=sent.stamps[order], sfreq=sent.sfreq, lost=sent.lost)


def with_swapped(n: int, size: int, every: int) -> IntArray:
    """Return an order in which a chunk is overtaken by the next, once in so many samples."""
    order = np.arange(n)
    for begin in range(3 * every, n - 2 * size, every):
        order[begin : begin + size] += size
        order[begin + size : begin + 2 * size] -= size
    return order


@pytest.mark.parametrize("size", [6, 15, 30])
@pytest.mark.parametrize("push", [jittered(0.001), jittered(0.003)])
def test_swapped_chunks_among_jitter_move_no_interval(push: Push, size: int) -> None:
    """Each stood in the other's place before: intervals were off by as long as a chunk lasts."""
    plain = stream(push)
    sent = in_order(plain, with_swapped(len(plain.true), size, 130 * 8))
    found = lay(sent.stamps, sent.sfreq, np.arange(len(sent.true))[:, None])
    assert np.abs(across(sent, found.times, 5.0)).max() < 5.0
    assert np.isnan(found.times).mean() < 0.12
    assert not [remark for remark in found.account.remarks if "sends" in remark.message]


@pytest.mark.parametrize("by", [1, 2])
@pytest.mark.parametrize(("push", "sfreq"), [(even, 130.0), (rounded, 250.0), (even, 250.0), (even, 100.0)])
def test_single_samples_that_overtake_others_are_left_out(push: Push, sfreq: float, by: int) -> None:
    """Their values stood in each other's places, losses and jumps were told, and at 250 Hz another rate."""
    plain = stream(push, sfreq=sfreq)
    order = np.arange(len(plain.true))
    at = np.arange(round(4 * sfreq), len(order) - 10, round(1.3 * sfreq))
    order[at], order[at + by] = order[at + by].copy(), order[at].copy()
    sent = in_order(plain, order)
    found = lay(sent.stamps, sfreq)
    placed = np.isfinite(found.times)
    assert np.abs(found.times - sent.true)[placed].max() < 0.0015
    assert (~placed).sum() == 2 * len(at)
    assert not found.account.losses
    assert not found.account.remarks


@pytest.mark.parametrize("seed", range(4))
def test_losses_that_are_not_found_move_no_interval_for_long(seed: int) -> None:
    """A sender of ten samples at once that loses one chunk in a hundred, two close together now and then."""
    rng = np.random.default_rng(seed)
    sent = stream(jittered(0.003), sfreq=250.0, seed=seed)
    kept = (rng.random(len(sent.true) // 10) > 0.01)[np.arange(len(sent.true)) // 10]
    lossy = Stamped(true=sent.true[kept], stamps=sent.stamps[kept], sfreq=250.0, lost=sent.lost)
    found = lay(lossy.stamps, 250.0)
    holes = np.flatnonzero(np.diff(found.times) > 1.5 / 250.0)
    times = found.times.copy()
    times[holes] = np.nan  # an interval across is judged by the hole
    errors = np.abs(across(lossy, times, 5.0))
    assert (errors > 5.0).mean() < 0.02
    assert np.isnan(found.times).mean() < 0.15


@few(15)
@given(
    push=st.sampled_from([even, rounded, jittered(0.001), jittered(0.003), chunked(8, 0.005, 130.0)]),
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.integers(1, 900), min_size=1, max_size=5),
)
def test_what_is_left_out_does_not_depend_on_pieces(push: Push, seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    plain = stream(push, seconds=45.0, seed=seed)
    order = with_swapped(len(plain.true), int(rng.integers(1, 60)), int(rng.integers(300, 2000)))
    kept = rng.random(len(order) // 7 + 1)[np.arange(len(order)) // 7] > rng.choice([0.0, 0.02])
    stamps = plain.stamps[order][kept]
    whole, cut = (pushed(stamps, None, 130.0, c) for c in ([10**6], cuts))
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert np.array_equal(whole[1], cut[1]) and whole[2] == cut[2]


@few(30)
@given(
    steps=st.lists(
        st.sampled_from([0.01, 0.01, 0.01, 0.02, -0.05, -0.4, -2.0, 0.5]), min_size=2, max_size=60
    ),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_times_that_go_back_leave_a_gap(steps: list[float], cuts: list[int]) -> None:
    """What was passed over had a length, so that an interval across would be too short by it."""
    laid, got = np.cumsum(steps), list[FloatArray]()
    for pieces in ([len(laid)], cuts):
        order, out, at, k = Rising(), list[FloatArray](), 0, 0
        while at < len(laid):
            piece = laid[at : at + pieces[k % len(pieces)]]
            known = np.ones(len(piece), np.bool_)
            times = order.through(piece, known)
            out.append(np.where(known, times, np.nan))
            at, k = at + len(piece), k + 1
        got.append(np.concatenate(out))
    assert np.array_equal(got[0], got[1], equal_nan=True)
    placed = np.flatnonzero(np.isfinite(got[0]))
    assert (np.diff(got[0][placed]) >= 0.0).all()
    for one, other in itertools.pairwise(placed.tolist()):
        lowest = np.maximum.accumulate(laid[: one + 1])[-1] - laid[one + 1 : other + 1].min()
        if lowest > BEHIND + 1e-9:
            assert got[0][other] - got[0][one] >= TORN - 1e-9


@pytest.mark.parametrize("step", [4.0, 6.0, 10.0, 60.0])
@pytest.mark.parametrize("n", [2, 30, 121])
def test_samples_that_are_many_seconds_apart_by_their_rate_are_not_far_off(step: float, n: int) -> None:
    times: FloatArray = np.asarray(1000.0 + step * np.arange(n), np.float64)
    laid = lay(times, 1 / step)
    assert laid.account.lines() == []
    np.testing.assert_allclose(laid.times, times, atol=1e-6)
