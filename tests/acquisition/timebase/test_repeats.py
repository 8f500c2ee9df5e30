"""Samples that come twice are told from a clock that is set back; the others keep their places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.account import Account
from acquisition.timebase.lay import lay
from acquisition.timebase.repeats import KEPT, Repeats
from tests.acquisition.timebase.stamped import Push, bursts, chunked, deduced, even, jittered, rounded, stream
from tests.acquisition.timebase.test_timebase import pushed
from tests.drawing import few

PUSHES: list[Push] = [even, rounded, jittered(0.003), bursts, deduced(130.0)]
SFREQ = 130.0


def left_out(stamps: FloatArray, rows: FloatArray, cuts: list[int]) -> tuple[IntArray, Account]:
    """Return which samples are left out if they come in such pieces, and what is noted."""
    account = Account(SFREQ)
    repeats, at, k, parts = Repeats(account), 0, 0, [np.empty(0, np.int64)]
    while at < len(stamps):
        end = at + cuts[k % len(cuts)]
        out = repeats.left_out(stamps[at:end], rows[at:end])
        parts += [] if out is None else [at + out.nonzero()[0]]
        at, k = end, k + 1
    return np.concatenate(parts), account


def values(n: int) -> FloatArray:
    """Return samples of which some are the same, as a sensor's are."""
    return np.random.default_rng(0).integers(-50, 50, (n, 1)).astype(np.float64)


@few(25)
@given(
    push=st.sampled_from(PUSHES),
    begin=st.integers(600, 7000),
    n=st.integers(2, 2000),
    after=st.integers(0, 500),
    cuts=st.lists(st.integers(1, 900), min_size=1, max_size=5),
)
def test_a_chunk_that_comes_again_leaves_the_stream_as_it_was(
    push: Push, begin: int, n: int, after: int, cuts: list[int]
) -> None:
    sent = stream(push, seconds=80.0)
    rows = values(len(sent.stamps))
    order = np.arange(len(rows))
    order = np.insert(order, begin + n + after, order[begin : begin + n])
    out, account = left_out(sent.stamps[order], rows[order], cuts)
    assert np.array_equal(np.delete(order, out), np.arange(len(rows)))
    assert account.again == n
    found, whole = lay(sent.stamps[order], SFREQ, rows[order]), lay(sent.stamps, SFREQ, rows)
    assert np.array_equal(found.times[~np.isnan(found.times)], whole.times)
    assert f"{n} samples came once more" in " ".join(found.account.lines())


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("wild", [0.0, -1.0, 1e9, 1e4])
@pytest.mark.parametrize("every", [500, 53, 7])
def test_stamps_that_are_far_off_are_not_taken_for_repeated_ones(push: Push, wild: float, every: int) -> None:
    sent = stream(push, seconds=60.0)
    stamps = sent.stamps.copy()
    stamps[np.random.default_rng(1).integers(500, len(stamps), len(stamps) // every)] = wild
    rows = np.round(values(len(stamps)) / 25.0)  # so coarse that many are the same
    out, _ = left_out(stamps, rows, [5000])
    assert len(out) == 0


def test_packets_whose_stamps_overlap_are_not_repeated() -> None:
    rng = np.random.default_rng(0)
    for size in (5, 30, 73):
        sent = stream(chunked(size, 0.05, 130.0), seconds=60.0)
        out, _ = left_out(sent.stamps, rng.integers(0, 3, (len(sent.stamps), 1)).astype(np.float64), [5000])
        assert len(out) == 0


@few(15)
@given(push=st.sampled_from(PUSHES), by=st.sampled_from([0.2, 1.0, 7.0, 3600.0]), at=st.integers(2000, 7000))
def test_a_clock_that_is_set_back_is_no_repetition(push: Push, by: float, at: int) -> None:
    sent = stream(push, seconds=80.0)
    stamps = sent.stamps - np.where(np.arange(len(sent.stamps)) >= at, by, 0.0)
    out, _ = left_out(stamps, np.random.default_rng(0).standard_normal((len(stamps), 2)), [5000])
    assert len(out) == 0


def test_what_came_too_long_ago_is_not_remembered() -> None:
    n = 3 * KEPT
    stamps = 100.0 + np.arange(n) / SFREQ
    rows = values(n)
    again = np.concatenate((stamps, stamps[:50])), np.concatenate((rows, rows[:50]))
    for cuts in ([10**6], [700]):
        assert len(left_out(*again, cuts)[0]) == 0


@pytest.mark.parametrize("push", PUSHES[:3])
def test_a_clock_that_is_set_back_and_forth_does_not_lengthen_the_hour(push: Push) -> None:
    """Each step back was gone on over, and each one forward taken for a gap."""
    sent = stream(push)
    odd = (sent.true // 20.0) % 2 == 1.0
    found = lay(sent.stamps - np.where(odd, 1.0, 0.0), SFREQ)
    error = found.times - sent.true
    assert np.nanmax(error) - np.nanmin(error) < 1.1  # it is not known which way the first step goes
    assert len(found.account.losses) <= 1
    assert found.account.segments >= 8


@few(25)
@given(
    push=st.sampled_from(PUSHES),
    at=st.lists(st.integers(500, 5000), min_size=2, max_size=6, unique=True),
    by=st.sampled_from([0.05, 0.3, 1.0, 4.0, 7.0]),
    cuts=st.lists(st.integers(1, 900), min_size=1, max_size=5),
)
def test_a_clock_that_is_set_to_and_fro_is_laid_alike_in_any_pieces(
    push: Push, at: list[int], by: float, cuts: list[int]
) -> None:
    sent = stream(push, seconds=45.0)
    set_to = np.cumsum(np.isin(np.arange(len(sent.stamps)), at)) % 2 * -by
    whole, cut = (pushed(sent.stamps + set_to, None, SFREQ, c) for c in ([10**6], cuts))
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert np.array_equal(whole[1], cut[1]) and whole[2] == cut[2]


def test_an_hour_of_summer_time_is_no_gap_of_an_hour() -> None:
    for push in PUSHES:
        sent = stream(push)
        found = lay(sent.stamps + np.where(sent.true > 200.0, 3600.0, 0.0), SFREQ)
        assert not found.account.losses
        assert abs(np.nanmax(found.times) - np.nanmin(found.times) - np.ptp(sent.true)) < 0.1


def swapped(n: int, begin: int, first: int, second: int) -> IntArray:
    """Return the order of samples of which two chunks come the other way round."""
    order = np.arange(n)
    chunks = order[begin : begin + first], order[begin + first : begin + first + second]
    order[begin : begin + first + second] = np.concatenate((chunks[1], chunks[0]))
    return order


@few(25)
@given(
    push=st.sampled_from([even, rounded]),
    begin=st.integers(600, 5000),
    first=st.integers(2, 300),
    second=st.integers(2, 300),
    cuts=st.lists(st.integers(1, 900), min_size=1, max_size=5),
)
def test_chunks_that_were_overtaken_are_left_out_and_move_nothing(
    push: Push, begin: int, first: int, second: int, cuts: list[int]
) -> None:
    sent = stream(push, seconds=60.0)
    rows, order = values(len(sent.stamps)), swapped(len(sent.stamps), begin, first, second)
    out, account = left_out(sent.stamps[order], rows[order], cuts)
    assert np.array_equal(order[out], np.arange(begin, begin + first))
    assert (account.overtaken, account.again) == (first, 0)
    found = lay(sent.stamps[order], SFREQ, rows[order])
    placed = np.isfinite(found.times)
    assert np.abs(found.times - sent.true[order])[placed].max() < 2e-3
    assert found.account.segments == 1
    assert f"{first} samples came after later ones" in " ".join(found.account.lines())


@pytest.mark.parametrize("n", [1, 2, 5, 60])
@pytest.mark.parametrize("jump", [0.05, 1.0, 2.0, -1.0, 1e5, -1e5])
def test_stamps_that_slip_or_are_set_back_overtake_none(n: int, jump: float) -> None:
    sent = stream(even, seconds=60.0)
    for end in (3000 + n, len(sent.stamps)):
        stamps = sent.stamps.copy()
        stamps[3000:end] += jump
        out, account = left_out(stamps, values(len(stamps)), [500])
        assert len(out) == 0
        assert account.overtaken == 0


def test_samples_that_are_missing_or_have_jitter_are_overtaken_by_none() -> None:
    for push in PUSHES:
        sent = stream(push, lost=10, seconds=120.0)
        out, _ = left_out(sent.stamps, values(len(sent.stamps)), [500])
        assert len(out) == 0


@few(25)
@given(
    size=st.integers(4, 130),
    packet=st.integers(12, 30),
    times=st.integers(1, 3),
    cuts=st.lists(st.integers(1, 900), min_size=1, max_size=5),
)
def test_a_packet_with_one_stamp_that_comes_again_at_once_is_left_out(
    size: int, packet: int, times: int, cuts: list[int]
) -> None:
    which = np.repeat(np.arange(40), size)
    rows, order = values(len(which)), np.arange(len(which))
    order = np.insert(order, [(packet + 1) * size] * times * size, np.tile(order[which == packet], times))
    stamps = 1000.0 + which[order] * size / SFREQ
    out, account = left_out(stamps, rows[order], cuts)
    assert np.array_equal(np.delete(order, out), np.arange(len(rows)))
    assert account.again == times * size


@few(25)
@given(size=st.integers(4, 130), cuts=st.lists(st.integers(1, 900), min_size=1, max_size=5))
def test_packets_that_share_a_stamp_all_stay(size: int, cuts: list[int]) -> None:
    which = np.repeat(np.arange(60), size)
    which[which % 7 == 3] += 1  # stamped with the packet after
    rows = np.arange(float(len(which)))[:, np.newaxis]
    assert not len(left_out(1000.0 + which * size / SFREQ, rows, cuts)[0])


def test_rounded_stamps_lose_no_sample_whose_value_is_the_first_of_their_second() -> None:
    # 130.2 Hz, stamps of whole seconds: now and then a 131st sample, which has any value.
    stamps = np.floor(1000.0 + np.arange(20_000) / 130.2)
    rows = (np.arange(20_000) % 2)[:, np.newaxis].astype(np.float64)
    rows[::3] = 5.0
    assert not len(left_out(stamps, rows, [997])[0])
