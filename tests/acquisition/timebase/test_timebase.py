"""The time base finds the times of samples that their stamps do not say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from acquisition.timebase.base import TORN, TimeBase
from acquisition.timebase.change import Change
from acquisition.timebase.lay import Whole, lay
from acquisition.timebase.manner import Manner
from tests.acquisition.timebase.stamped import (
    PACKET,
    Push,
    Stamped,
    bursts,
    changing,
    chunked,
    deduced,
    even,
    interval_errors,
    jittered,
    mixed,
    only_last,
    rounded,
    shared,
    stalling,
    stream,
    uneven,
)


def laid(sent: Stamped) -> Whole:
    return lay(sent.stamps, sent.sfreq)


@pytest.mark.parametrize("push", [bursts, shared, deduced(130.0), only_last])
@pytest.mark.parametrize("off", [0.0, 0.005, 0.02, -0.02])
def test_packets_are_laid_on_a_line_through_their_arrivals(push: Push, off: float) -> None:
    sent = stream(push, off=off)
    found = laid(sent)
    assert found.account.manner is Manner.PACKETS
    assert np.std(interval_errors(sent, found)) < 1.5
    assert np.abs(interval_errors(sent, found)).max() < 6.0
    assert np.std(interval_errors(sent, found, after=60.0)) < 0.3
    assert np.abs(interval_errors(sent, found, after=60.0)).max() < 1.0
    assert not found.account.losses
    assert not found.account.remarks


@pytest.mark.parametrize(
    ("sfreq", "n", "late"),
    [
        (130.0, 4, 0.005),
        (130.0, 10, 0.002),
        (250.0, 10, 0.005),
        (512.0, 16, 0.005),
        (512.0, 50, 0.002),
        (1000.0, 20, 0.002),
        (1000.0, 32, 0.005),
        (1000.0, 64, 0.01),
        (1000.0, 100, 0.002),
    ],
)
@pytest.mark.parametrize("off", [0.0, 0.02])
def test_short_chunks_stamped_once_are_laid_evenly(sfreq: float, n: int, late: float, off: float) -> None:
    """As `push_chunk` of LSL does: one stamp for a chunk, and the others follow from the rate it says."""
    sent = stream(chunked(n, late, sfreq), sfreq=sfreq, off=off, seconds=60.0)
    found = laid(sent)
    assert np.abs(interval_errors(sent, found)).max() < 5.0
    assert not found.account.losses
    assert found.account.segments == 1


@pytest.mark.parametrize(
    ("sfreq", "n", "late"), [(250.0, 10, 0.002), (512.0, 50, 0.002), (1000.0, 100, 0.005)]
)
def test_chunks_that_are_missing_are_found(sfreq: float, n: int, late: float) -> None:
    sent = stream(chunked(n, late, sfreq), sfreq=sfreq, lost=n, seconds=120.0)
    found = laid(sent).account.losses
    assert len(found) == len(sent.lost)
    assert max(abs(loss.seconds - n / sfreq) for loss in found) < 0.01


@pytest.mark.parametrize("push", [jittered(0.003), jittered(0.0005), rounded])
@pytest.mark.parametrize("off", [0.02, 0.029, -0.02])
def test_jitter_at_nearly_another_rate_is_no_loss(push: Push, off: float) -> None:
    sent = stream(push, off=off, seconds=60.0)
    found = laid(sent)
    assert not found.account.losses
    assert np.abs(interval_errors(sent, found)).max() < 1.0


@pytest.mark.parametrize(
    ("sfreq", "n", "most"),
    [
        (4.0, 4, 3.0),
        (25.0, 5, 5.0),
        (130.0, 4, 1.5),
        (1000.0, 32, 1.0),
        (1000.0, 100, 1.5),
        (1000.0, 2500, 3.0),
    ],
)
def test_packets_of_any_length_are_laid_evenly(sfreq: float, n: int, most: float) -> None:
    rng = np.random.default_rng(0)
    true = 50.0 + np.arange(int(240 * sfreq)) / sfreq
    packet = np.arange(len(true)) // n
    last = np.minimum((packet + 1) * n - 1, len(true) - 1)
    stamps = true[last] + rng.uniform(0.0, 0.01, packet[-1] + 1)[packet] + np.arange(len(true)) % n * 1e-6
    found = lay(stamps, sfreq)
    off = 1e3 * (found.times - true)[int(60 * sfreq) :]
    assert np.std(off) < most
    assert not found.account.lines()


@pytest.mark.parametrize(("sfreq", "grid"), [(512.0, 0.01), (130.0, 0.1), (130.0, 1.0), (1000.0, 0.004)])
def test_stamps_on_a_coarse_grid_are_laid_evenly(sfreq: float, grid: float) -> None:
    true = 50.0 + np.arange(int(120 * sfreq)) / sfreq
    found = lay(np.floor(true / grid + 1e-9) * grid, sfreq)
    off = 1e3 * (found.times - true)[int(30 * sfreq) :]
    assert np.std(off) < 0.5
    assert not found.account.lines()


@pytest.mark.parametrize("sfreq", [130.0, 256.0, 500.0, 1000.0])
def test_stamps_rounded_to_milliseconds_cost_nothing(sfreq: float) -> None:
    sent = stream(rounded, sfreq=sfreq, seconds=60.0)
    found = laid(sent)
    assert np.abs(interval_errors(sent, found)).max() < 0.5
    assert not found.account.losses


@pytest.mark.parametrize(("sfreq", "off"), [(130.0, 0.0), (130.0, 0.005), (1000.0, 0.0)])
def test_jitter_is_taken_out(sfreq: float, off: float) -> None:
    sent = stream(jittered(0.003), sfreq=sfreq, off=off)
    found = laid(sent)
    assert found.account.manner is Manner.JITTER
    assert np.abs(interval_errors(sent, found)).max() < 0.5
    assert not found.account.losses
    assert found.account.segments == 1


@pytest.mark.parametrize("push", [even, jittered(0.003), bursts, deduced(250.0)])
def test_a_wrong_rate_is_found_and_told_once(push: Push) -> None:
    sent = stream(push, says=250.0)
    found = laid(sent)
    (told,) = found.account.remarks
    assert told.message in ("says 250 Hz, sends 130 Hz", "says 250 Hz, sends 130.1 Hz")
    assert found.sfreq == pytest.approx(130.0, rel=0.05)
    assert np.std(interval_errors(sent, found)) < 1.5


def test_a_rate_that_is_not_said_is_found() -> None:
    found = laid(stream(even, says=0.0))
    assert found.sfreq == pytest.approx(130.0, rel=1e-6)
    assert [r.message for r in found.account.remarks] == ["says no rate, sends 130 Hz"]


def test_uneven_steps_are_the_times() -> None:
    sent = uneven()
    found = laid(sent)
    assert found.account.manner is Manner.UNEVEN
    assert np.abs(interval_errors(sent, found)).max() < 0.01
    assert not found.account.losses
    (told,) = found.account.remarks
    assert told.message.startswith("says 166.5 Hz, sends 15")


@pytest.mark.parametrize(
    ("push", "sfreq", "lost"),
    [
        (even, 1000.0, 1),
        (even, 130.0, 1),
        (even, 130.0, 2),
        (jittered(0.001), 1000.0, 1),
        (jittered(0.003), 130.0, 1),
        (jittered(0.003), 130.0, 2),
        (jittered(0.003), 130.0, 10),
        (rounded, 360.0, 36),
        (bursts, 130.0, PACKET),
    ],
)
def test_every_loss_is_found_and_none_is_invented(push: Push, sfreq: float, lost: int) -> None:
    sent = stream(push, sfreq=sfreq, lost=lost)
    found = laid(sent)
    assert len(sent.lost) >= 7  # else nothing was lost
    assert [round(loss.samples) for loss in found.account.losses] == [lost] * len(sent.lost)
    places = np.array([loss.at for loss in found.account.losses])
    assert np.abs(places - sent.lost).max() <= 0.1 * sfreq
    assert np.percentile(np.abs(interval_errors(sent, found)), 95) < 5.0


def test_what_was_lost_within_a_packet_has_no_place() -> None:
    sent = stream(bursts, lost=36)
    found = laid(sent)
    assert len(found.account.losses) == len(sent.lost)
    assert found.account.unplaced == PACKET * len(sent.lost)
    for place in sent.lost.tolist():
        without = np.flatnonzero(np.isnan(found.times))
        assert np.abs(without - place).min() < PACKET


@pytest.mark.parametrize("length", [0.2, 0.4, 1.0])
def test_a_stall_that_is_caught_up_is_no_loss(length: float) -> None:
    sent = stream(stalling(length))
    found = laid(sent)
    assert np.diff(sent.stamps).max() > 0.9 * length  # else nothing stalled
    assert not found.account.losses
    assert np.abs(interval_errors(sent, found)).max() < 1.0


@pytest.mark.parametrize("push", [even, jittered(0.003), bursts])
def test_the_rate_outlives_a_gap(push: Push) -> None:
    sent = stream(push, off=0.005, gap=8.0)
    found = laid(sent)
    later = sent.true > 178.0
    errors = (found.times - sent.true)[later] * 1e3
    assert np.ptp(errors) < (5.0 if push is not bursts else 13.0)
    assert len(found.account.losses) == 1


JUMPS = [10.0, -10.0, 1e6, -1e6, -1.0]
LEFT_OUT = round(TORN * 130.0)
"""Samples without a place where stamps begin anew: how many never came is in no stamp."""


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("push", [even, jittered(0.003), bursts])
def test_stamps_that_jump_for_good_begin_a_segment_that_goes_on_at_once(jump: float, push: Push) -> None:
    sent = stream(push)
    half = len(sent.true) // 2
    stamps = sent.stamps + np.where(np.arange(len(sent.true)) > half, jump, 0.0)
    base = TimeBase(sent.sfreq)
    times = np.append(base.push(stamps, sent.stamps).times, base.drain())
    assert base.account.segments == 2
    assert "clock segment" in base.account.remarks[0].message
    # With jitter the earlier stamps are seen before it is known that the clock was set.
    assert LEFT_OUT <= np.isnan(times).sum() <= LEFT_OUT + (52 if push not in (even, bursts) else 0)
    error = times - sent.true
    assert np.nanmax(np.abs(error - np.nanmedian(error))) < (0.01 if push is even else 0.1)


@pytest.mark.parametrize("jump", [10.0, -10.0, 1e6, 1.0])
@pytest.mark.parametrize("n", [1, 5])
def test_stamps_that_jump_once_are_replaced(jump: float, n: int) -> None:
    sent = stream(even)
    half = len(sent.true) // 2
    stamps = sent.stamps.copy()
    stamps[half : half + n] += jump
    base = TimeBase(sent.sfreq)
    times = np.append(base.push(stamps, sent.stamps).times, base.drain())
    assert (base.account.segments, base.account.slips) == (1, n)
    assert np.abs(times - sent.true).max() < 1e-3


@pytest.mark.parametrize("every", [1.0, 2.3, 4.0])
def test_between_jumps_that_follow_closely_samples_have_no_place(every: float) -> None:
    sent = stream(even)
    jumps = np.floor(np.maximum(sent.true - 130.0, 0.0) / every) * -20.0
    base = TimeBase(sent.sfreq)
    times = np.append(base.push(sent.stamps + jumps, sent.stamps).times, base.drain())
    assert base.account.segments > 30
    assert len(base.account.lines()) <= 6
    assert len(base.account.remarks) < 60
    placed = np.isfinite(times)
    assert (~placed[: round((30.0 + 3.0 * every) * 130)]).sum() == 2 * LEFT_OUT
    assert not placed[round((30.2 + 3.0 * every) * 130) :].any()
    assert np.abs(times - sent.true)[placed].max() < 0.01


def test_samples_have_a_place_again_once_jumps_have_ended() -> None:
    sent = stream(even)
    jumps = np.minimum(np.floor(np.maximum(sent.true - 130.0, 0.0) / 2.0), 5.0) * -20.0
    for cuts in ([10**6], [13, 500, 1, 77], [7]):
        times, _, told = pushed(sent.stamps + jumps, sent.true, sent.sfreq, cuts)
        without = sent.true[np.isnan(times)][2 * LEFT_OUT :]
        assert without[0] == pytest.approx(136.0, abs=0.2)
        assert without[-1] == pytest.approx(145.0, abs=0.2)
        assert "samples left out" in told


def test_jumps_that_are_far_apart_take_no_place() -> None:
    sent = stream(even)
    jumps = np.floor(sent.true / 12.0) * -20.0
    times, _, _ = pushed(sent.stamps + jumps, sent.true, sent.sfreq, [10**6])
    jumped = np.flatnonzero(np.diff(jumps)) + 1
    assert np.isnan(times).sum() == LEFT_OUT * len(jumped)
    assert np.isnan(times[jumped]).all()


@pytest.mark.parametrize(("sfreq", "seed"), [(250.0, 102), (1000.0, 100), (1000.0, 101), (1000.0, 102)])
def test_after_a_stall_samples_have_a_place(sfreq: float, seed: int) -> None:
    """A line is put right by some small jumps then; only where one is larger nobody knows what is missing."""
    sent = stream(stalling(1.0), sfreq=sfreq, seed=seed)
    found = laid(sent)
    assert found.account.segments > 3
    assert found.account.unplaced < 10.0 * sfreq


@pytest.mark.parametrize("push", [even, rounded, jittered(0.003), bursts, shared, deduced(130.0)])
@pytest.mark.parametrize(("by", "unit"), [(1e3, "milliseconds"), (1e6, "microseconds")])
def test_another_unit_is_read_as_such_and_told_once(push: Push, by: float, unit: str) -> None:
    sent = stream(push, seconds=60.0)
    arrivals = np.ceil(10.0 * sent.stamps) / 10.0
    stamps = 100.0 + (sent.stamps - sent.stamps[0]) * by
    for cuts in ([10**6], [1], [13, 500, 1, 77]):
        times, _, told = pushed(stamps, arrivals, sent.sfreq, cuts)
        off = 1e3 * (times - sent.true)[round(15.0 * sent.sfreq) :]
        assert np.abs(off[110:] - off[:-110]).max() < 6.0
        newest = int(np.flatnonzero(arrivals == arrivals[0])[-1])
        assert abs(np.median(times - sent.true) - (stamps[newest] - sent.stamps[newest])) < 0.1
        assert told.count(f"stamps are {unit}, not seconds") == 1
        assert "jump" not in told


@pytest.mark.parametrize("held", [0.5, 1.5, 2.2])
def test_another_unit_is_read_as_such_where_the_first_samples_were_held_back(held: float) -> None:
    """As the inlet does while it looks whether the sender's clock has moved: 10 s were lost."""
    sent = stream(even, seconds=60.0)
    arrivals = np.maximum(np.ceil(10.0 * sent.stamps) / 10.0, sent.stamps[0] + held)
    times, _, told = pushed(1e3 * sent.stamps, arrivals, sent.sfreq, [13, 500, 1, 77])
    assert np.abs(np.diff(times) - 1.0 / sent.sfreq).max() < 1e-4
    assert told.count("stamps are milliseconds, not seconds") == 1


def test_a_clock_that_jumps_at_the_beginning_is_no_other_unit() -> None:
    sent = stream(even, seconds=30.0)
    for at, jump in ((3, 100.0), (100, 1000.0), (200, 2000.0)):
        stamps = sent.stamps + np.where(np.arange(len(sent.true)) >= at, jump, 0.0)
        for cuts in ([10**6], [1], [13, 500, 1, 77]):
            times, _, told = pushed(stamps, sent.true, sent.sfreq, cuts)
            assert "not seconds" not in told
            assert np.nanmax(np.abs(np.diff(times) - 1.0 / 130.0)) < 1e-6
            assert np.isnan(times).sum() == LEFT_OUT


def test_where_it_is_not_known_when_samples_came_a_step_forward_is_a_gap() -> None:
    sent = stream(even)
    half = len(sent.true) // 2
    stamps = sent.stamps + np.where(np.arange(len(sent.true)) > half, 10.0, 0.0)
    found = lay(stamps, sent.sfreq)
    assert np.array_equal(found.times, stamps)
    assert len(found.account.losses) == 1


@pytest.mark.parametrize("jump", [7.0, 30.0, 1000.0])
@pytest.mark.parametrize("n", [1, 20, 300])
def test_a_step_forward_that_soon_goes_back_is_no_gap(jump: float, n: int) -> None:
    sent = stream(even)
    half = len(sent.true) // 2
    stamps = sent.stamps.copy()
    stamps[half : half + n] += jump
    found = lay(stamps, sent.sfreq)
    assert (found.account.segments, found.account.slips, found.account.losses) == (1, n, [])
    assert np.abs(found.times - sent.true).max() < 1e-3


@pytest.mark.parametrize("heard", [False, True])
def test_stamps_that_stand_still_far_off_are_counted_on(*, heard: bool) -> None:
    sent = stream(even)
    stamps = sent.stamps + 1000.0
    for start in (2000, 9000):
        stamps[start : start + 1000] = 0.0
    base = TimeBase(sent.sfreq)
    times = base.push(stamps, sent.stamps if heard else None).times
    times = np.append(times, base.drain())
    assert (base.account.segments, base.account.slips) == (1, 2000)
    assert np.abs(times - sent.true - 1000.0).max() < 1e-3


@pytest.mark.parametrize("says", [1.0, 0.97, 1.1, 2.0])
def test_packets_of_over_a_second_tell_their_rate_where_each_sample_is_heard(says: float) -> None:
    number = np.arange(120 * 125)
    true, last = number / 125, ((number // 156 + 1) * 156 - 1) / 125
    base = TimeBase(125 * says)
    laid = base.push(last, np.ceil(10 * true) / 10).times
    times = np.append(laid, base.drain())
    assert np.abs(times - true)[7500:-300].max() < 0.02


@pytest.mark.parametrize("end", [1, 100])
def test_what_comes_after_a_gap_at_the_end_of_a_file_has_its_stamps(end: int) -> None:
    sent = stream(even)
    stamps = sent.stamps + np.where(np.arange(len(sent.true)) >= len(sent.true) - end, 30.0, 0.0)
    assert np.array_equal(lay(stamps, sent.sfreq).times, stamps)


def test_samples_without_a_stamp_are_counted_on() -> None:
    sent = stream(even)
    stamps = sent.stamps.copy()
    rng = np.random.default_rng(0)
    stamps[rng.integers(0, len(stamps), 40)] = np.nan
    stamps[rng.integers(0, len(stamps), 10)] = np.inf
    stamps[rng.integers(0, len(stamps), 10)] = -np.inf
    found = lay(stamps, sent.sfreq)
    assert found.account.not_numbers == np.sum(~np.isfinite(stamps))
    assert np.abs(found.times - sent.true).max() < 1e-6


def test_exact_stamps_are_left_alone_and_soon_wait_for_nothing() -> None:
    sent = stream(even, seconds=60.0)
    base = TimeBase(sent.sfreq)
    found = base.push(sent.stamps)
    assert np.array_equal(found.times, sent.stamps)
    assert np.array_equal(found.settled[400:], np.arange(400, len(sent.stamps)))
    assert found.settled[0] / sent.sfreq < 2.6


@pytest.mark.parametrize(("push", "most"), [(jittered(0.003), 0.6), (rounded, 0.6), (bursts, 1.7)])
def test_times_are_settled_in_time(push: Push, most: float) -> None:
    sent = stream(push)
    found = TimeBase(sent.sfreq).push(sent.stamps)
    waited = (found.settled - np.arange(len(found.settled)))[int(5 * sent.sfreq) :] / sent.sfreq
    assert waited.max() <= most


STEPS = st.sampled_from(
    [0.0, -0.01, 0.02, 0.3, -0.3, 1.0, -1.0, 8.0, -8.0, 1e6, -1e6, np.nan, np.inf, 4000.0]
)
WALK = st.lists(st.one_of(st.just(0.01), st.just(0.01), st.just(0.01), STEPS), max_size=700)
anything = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


CHANGES = [
    (even, bursts, 10.0),
    (jittered(0.003), bursts, 8.0),
    (rounded, shared, 10.0),
    (even, jittered(0.003), 10.0),
    (rounded, deduced(130.0), 8.0),
    (jittered(0.003), deduced(130.0), 8.0),
    (jittered(0.01), even, 1.0),
    (deduced(130.0), bursts, 8.0),
    (bursts, even, 1.0),
    (shared, jittered(0.003), 1.0),
    (deduced(130.0), even, 1.0),
]


@pytest.mark.parametrize("says", [130.0, 250.0])
@pytest.mark.parametrize("first", [0, 31])
def test_packets_that_are_held_up_at_the_beginning_make_no_other_rate(says: float, first: int) -> None:
    """One of the first four 0.3 s late: the mean rate of the others is off by a tenth."""
    for held in range(4):
        sent = stream(bursts, seed=held, seconds=60.0)
        stamps = sent.stamps.copy()
        packet = np.arange(len(stamps)) // PACKET
        stamps[packet == held] += 0.3
        base = TimeBase(says)
        times = np.append(base.push(stamps[first:], stamps[first:]).times, base.drain())
        off = 1e3 * (times - sent.true[first:])[15 * 130 :]
        assert np.abs(off[110:] - off[:-110]).max() < 6.0
        assert not base.account.losses


def test_two_packets_that_are_held_up_alike_are_no_loss() -> None:
    sent = stream(bursts, seed=3)
    stamps = sent.stamps.copy()
    packet = np.arange(len(stamps)) // PACKET
    for held in (60, 61, 150, 151, 250, 251):
        stamps[packet == held] += 0.2
    found = lay(np.maximum.accumulate(stamps), sent.sfreq)
    assert not found.account.losses
    assert found.account.segments == 1
    assert not np.isnan(found.times).any()
    assert np.abs(interval_errors(sent, found)).max() < 6.0


@pytest.mark.parametrize(("before", "after", "most"), CHANGES)
@pytest.mark.parametrize("at", [60.0, 61.7])
def test_a_stream_that_goes_on_in_another_manner_is_laid_rightly(
    before: Push, after: Push, most: float, at: float
) -> None:
    """`most` is in ms; it takes 2.5 s to see the new manner, and 15 s to learn the way of packets."""
    sent = changing(before, after, at=at)
    base = TimeBase(sent.sfreq)
    out = base.push(sent.stamps, sent.true)
    waited = (out.settled - np.arange(len(out.settled))) / sent.sfreq
    times = np.append(out.times, base.drain())
    assert waited[int((at - 2.0) * sent.sfreq) :].max() < 3.0
    assert not base.account.losses
    assert base.account.segments == 1
    apart = round(0.85 * sent.sfreq)
    off = 1e3 * (times - sent.true)
    errors = np.abs(off[apart:] - off[:-apart])
    assert np.nanmax(errors[int((at - 2.0) * sent.sfreq) :]) < most
    assert np.isnan(times).sum() <= 0.5 * sent.sfreq  # stamps of packets, seen ahead of jitter
    assert np.std(off[int((at + 15.0) * sent.sfreq) :]) < 3.2


@pytest.mark.parametrize("length", [0.1, 0.4, 1.0])
def test_even_stamps_that_stall_once_and_catch_up_are_no_loss(length: float) -> None:
    """The samples that came too late lie between those that came in time."""
    sent = stream(even)
    stamps = sent.stamps.copy()
    held = (stamps > 160.0) & (stamps < 160.0 + length)
    stamps[held] = 160.0 + length + 1e-5 * np.arange(held.sum())
    found = lay(np.maximum.accumulate(stamps), sent.sfreq)
    assert not found.account.losses
    assert np.abs(found.times - sent.true).max() < 1.5 / sent.sfreq


@pytest.mark.parametrize(("before", "after", "most"), CHANGES)
def test_where_the_manner_changes_chunks_do_not_matter(before: Push, after: Push, most: float) -> None:
    sent = changing(before, after, at=40.0)
    whole = pushed(sent.stamps, sent.true, sent.sfreq, [10**6])
    # Sample by sample only where the manner changes and is seen to: that is a push for each of them.
    around = [round(35.0 * sent.sfreq), *[1] * round(12.0 * sent.sfreq), 10**6]
    for cuts in (around, [13], [7, 200, 1, 73], [1000]):
        cut = pushed(sent.stamps, sent.true, sent.sfreq, cuts)
        assert np.array_equal(whole[0], cut[0], equal_nan=True)
        assert np.array_equal(whole[1], cut[1])
        assert whole[2] == cut[2]


def pushed(
    stamps: FloatArray, arrivals: FloatArray | None, sfreq: float, cuts: list[int]
) -> tuple[FloatArray, FloatArray, str]:
    """Return times, what settled them, and what is told of them, pushed in pieces of these lengths, which
    repeat."""
    base, times, settled, at, k = TimeBase(sfreq), [np.empty(0)], [np.empty(0)], 0, 0
    while at < len(stamps):
        piece = slice(at, at + cuts[k % len(cuts)])
        out = base.push(stamps[piece], None if arrivals is None else arrivals[piece])
        assert (out.settled >= at).all()
        assert (out.settled < min(piece.stop, len(stamps))).all()
        times.append(out.times)
        settled.append(out.settled.astype(np.float64))
        at, k = piece.stop, k + 1
    laid = np.concatenate([*times, base.drain()])
    account = base.account
    told = repr((account.sfreq, account.manner, account.losses, account.segments, account.lines()))
    return laid, np.concatenate(settled), told


@anything
@given(
    steps=st.one_of(WALK, st.lists(st.floats(width=64), max_size=700)),
    walks=st.booleans(),
    heard=st.booleans(),
    sfreq=st.sampled_from([0.0, 1.0, 4.0, 100.0, 1000.0]),
    cuts=st.lists(st.integers(1, 200), min_size=1, max_size=30),
)
def test_any_stamps_in_any_chunks_give_the_same_rising_times(
    steps: list[float], walks: bool, heard: bool, sfreq: float, cuts: list[int]
) -> None:
    stamps = np.array(steps, np.float64)
    if walks:
        known = np.abs(stamps) < 1e12
        stamps = np.where(known, 1000.0 + np.cumsum(np.where(known, stamps, 0.01)), np.nan)
    arrivals = np.arange(len(stamps), dtype=np.float64) // 10 * 0.1 if heard else None
    times, settled, told = pushed(stamps, arrivals, sfreq, [10**6])
    again, settled_again, told_again = pushed(stamps, arrivals, sfreq, cuts)
    assert len(times) == len(stamps)
    assert np.array_equal(times, again, equal_nan=True)
    assert np.array_equal(settled, settled_again)
    assert told == told_again
    placed = times[~np.isnan(times)]
    assert np.isfinite(placed).all()
    assert (np.diff(placed) >= 0.0).all()


@pytest.mark.parametrize("push", [jittered(0.003), bursts, deduced(130.0), stalling(0.4)])
@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_times_do_not_depend_on_chunks(push: Push, cuts: list[int]) -> None:
    sent = stream(push, lost=10, seconds=60.0)
    whole, cut = pushed(sent.stamps, None, sent.sfreq, [10**6]), pushed(sent.stamps, None, sent.sfreq, cuts)
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert np.array_equal(whole[1], cut[1])


@pytest.mark.parametrize(
    ("push", "lost"),
    [(jittered(0.003), 10), (bursts, 73), (bursts, 36), (only_last, 0), (chunked(8, 0.02, 130.0), 1)],
)
def test_times_after_minutes_do_not_depend_on_chunks(push: Push, lost: int) -> None:
    sent = stream(push, lost=lost, seconds=150.0)
    whole = pushed(sent.stamps, None, sent.sfreq, [10**6])
    for cuts in ([1, 700, 74, 3000], [5000]):
        cut = pushed(sent.stamps, None, sent.sfreq, cuts)
        assert np.array_equal(whole[0], cut[0], equal_nan=True)
        assert np.array_equal(whole[1], cut[1])


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=5),
    missing=st.lists(st.floats(0.0, 0.999), max_size=3),
)
def test_any_mixture_of_manners_is_the_same_in_any_chunks(
    seed: int, cuts: list[int], missing: list[float]
) -> None:
    same_in_any_chunks(seed, cuts, missing)


@pytest.mark.parametrize(("seed", "cut"), [(9, 1), (14, 3), (37, 2), (50, 3), (54, 1), (77, 13), (159, 13)])
def test_mixtures_that_were_not_the_same_once_are(seed: int, cut: int) -> None:
    same_in_any_chunks(seed, [cut])


def test_a_manner_that_is_told_again_at_the_same_sample_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else it is told for ever, where nothing is laid in between: at another rate blocks are longer."""

    def find(self: Change, stamps: FloatArray, first: int) -> int:
        return 3080 - first if first <= 3080 < first + len(stamps) else -1

    monkeypatch.setattr(Change, "find", find)
    push = jittered(0.003)
    fast, slow = stream(push, sfreq=260.0, seconds=10.0), stream(push, sfreq=180.0, seconds=30.0)
    stamps = np.concatenate((fast.stamps, slow.stamps - 100.0))
    arrivals = np.concatenate((fast.true, slow.true + 10.0))
    for cuts in ([10**6], [1], [13, 500, 1, 77]):
        laid = pushed(stamps, arrivals, fast.sfreq, cuts)[0]
        assert np.abs(np.diff(laid[4000:]) * slow.sfreq - 1.0).max() < 0.1


@pytest.mark.parametrize(("sfreq", "digits"), [(30.0, 3), (80.0, 2), (130.0, 3)])
def test_a_stream_begins_with_as_many_samples_in_any_chunks(sfreq: float, digits: int) -> None:
    """Also where steps add up to just as many seconds as are needed."""
    stamps = np.round(np.arange(round(6.0 * sfreq)) / sfreq, digits)
    whole = pushed(stamps, None, 0.0, [10**6])
    for cuts in ([13, 500, 1, 77], [7], [100, 3]):
        assert np.array_equal(whole[1], pushed(stamps, None, 0.0, cuts)[1])


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_stamps_that_are_no_times_are_settled_by_the_last_that_came(sfreq: float) -> None:
    true = 1000.0 + np.arange(round(120.0 * sfreq)) / sfreq
    stamps = np.where((true > 1030.0) & (true < 1036.0), 0.0, true)
    for cuts in ([1], [10**6], [13, 1]):
        pushed(stamps, true, sfreq, cuts)  # which looks at that


def same_in_any_chunks(seed: int, cuts: list[int], missing: Sequence[float] = ()) -> None:
    stamps, arrivals, sfreq = mixed(seed)
    stamps[[int(share * len(stamps)) for share in missing]] = np.nan
    whole, cut = pushed(stamps, arrivals, sfreq, [10**6]), pushed(stamps, arrivals, sfreq, cuts)
    assert np.array_equal(whole[0], cut[0], equal_nan=True)
    assert np.array_equal(whole[1], cut[1])
    assert whole[2] == cut[2]


@pytest.mark.parametrize(
    ("seed", "drained"), [(1285716801, (10519, 11326, 11403)), (1808237791, (791, 3310, 3373))]
)
def test_samples_that_waited_may_be_drained_anywhere(seed: int, drained: tuple[int, ...]) -> None:
    """Each comes once, also where a line is found anew later than usual because of it."""
    stamps, arrivals, sfreq = mixed(seed)
    base, times, at = TimeBase(sfreq), list[FloatArray](), 0
    for stop in (*drained, len(stamps)):
        heard = None if arrivals is None else arrivals[at:stop]
        times += [base.push(stamps[at:stop], heard).times, base.drain()]
        at = stop
    assert len(np.concatenate(times)) == len(stamps)


@pytest.mark.parametrize("every", [15, 40, 60])
def test_a_stream_that_is_drained_again_and_again_goes_on(every: int) -> None:
    """For minutes no line is found anew; then it is, from all of them at once."""
    sent = stream(jittered(0.003), seconds=300.0)
    base, begin, end = TimeBase(sent.sfreq), round(30 * sent.sfreq), round(260 * sent.sfreq)
    times = [base.push(sent.stamps[:begin], sent.true[:begin]).times]
    for at in range(begin, end, every):
        piece = slice(at, min(at + every, end))
        times += [base.push(sent.stamps[piece], sent.true[piece]).times, base.drain()]
    times += [base.push(sent.stamps[end:], sent.true[end:]).times, base.drain()]
    laid = np.concatenate(times)
    assert len(laid) == len(sent.stamps)
    assert (np.diff(laid) >= 0).all()
    assert np.abs(laid[end + begin :] - sent.true[end + begin :]).max() < 0.004
