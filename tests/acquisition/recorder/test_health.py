from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acquisition.event import Notice
from acquisition.recorder.health import HealthWatch
from acquisition.stream import Chunk, Modality, Role, StreamInfo
from tests.acquisition.sine_driver import info
from tests.acquisition.timebase.stamped import (
    Push,
    Stamped,
    bursts,
    deduced,
    even,
    jittered,
    rounded,
    stream,
)

ECG = info(Role.CLIENT)
VOUCHED = replace(ECG, exact=True)
"""The same from a driver whose stamps are the times."""


def chunk(start: float, stop: float, stream: StreamInfo = ECG) -> Chunk:
    times = np.arange(start, stop - 1e-9, 1 / (stream.sfreq or 1.0))
    return Chunk(stream, times, np.zeros((len(times), 1)))


def watch(stream: StreamInfo = ECG) -> HealthWatch:
    health = HealthWatch()
    health.expect([stream], 0.0)
    return health


def run(
    health: HealthWatch, begin: float, end: float, stream: StreamInfo = ECG, *, silent: bool = False
) -> list[Notice]:
    """Run cycles of 100 ms from begin to end; return the notices."""
    out = []
    for k in range(round(begin * 10) + 1, round(end * 10) + 1):
        now = k / 10
        out += [] if silent else health.hear(chunk(now - 0.1, now, stream), now)
        out += health.check(now, now)
    return out


def test_a_steady_stream_gives_no_notice_and_its_rate() -> None:
    health = watch()
    assert run(health, 0, 20) == []
    [ecg] = health.report(20.0)
    assert (ecg.state, ecg.samples, ecg.gaps) == ("ok", 2000, 0)
    assert ecg.rate == pytest.approx(100.0)
    assert ecg.age == 0


def test_silence_is_told_once_within_two_seconds_with_its_bounds() -> None:
    health = watch()
    run(health, 0, 5)
    [stale] = run(health, 5, 15, silent=True)
    assert (stale.kind, stale.stream, stale.role) == ("stale", "ECG", Role.CLIENT)
    assert stale.time <= 7.0
    assert (stale.start, stale.stop) == (5.0, stale.time)
    assert health.report(15.0)[0].state == "stale"
    resumed, gap = run(health, 15, 17)
    assert (resumed.kind, resumed.start, resumed.stop) == ("resumed", 5.0, 15.1)
    assert gap.kind == "gap"
    assert [gap.start, gap.stop] == pytest.approx([4.99, 15.0])
    assert gap.message == "1000 samples missing"


def test_late_samples_without_a_loss_resume_without_a_gap() -> None:
    health = watch()
    run(health, 0, 5)
    run(health, 5, 10, silent=True)
    assert [n.kind for n in health.hear(chunk(5.0, 10.0), 10.0)] == ["resumed"]


def test_a_stream_that_never_sends_is_told() -> None:
    [stale] = run(watch(), 0, 5, silent=True)
    assert stale.kind == "stale"
    assert watch().report(1.0)[0].state == "waiting"


@pytest.mark.parametrize(
    ("modality", "quiet"), [(Modality.RR, 5.0), (Modality.MARKERS, 3600.0), (Modality.PPI, 14.0)]
)
def test_streams_that_are_sparse_by_nature_may_be_silent(modality: Modality, quiet: float) -> None:
    stream = info(Role.CLIENT, modality, 0.0)
    assert watch(stream).check(quiet, quiet) == []


@pytest.mark.parametrize(
    ("modality", "every", "told"),
    [(Modality.RR, 0.9, 2.3), (Modality.RR, 8.0, 20.1), (Modality.PPI, 5.0, 12.6), (Modality.RR, 40.0, 30.1)],
)
def test_a_silence_is_one_by_the_stream_s_own_cadence(modality: Modality, every: float, told: float) -> None:
    stream = info(Role.CLIENT, modality, 0.0)
    health = watch(stream)
    for k in range(1, 20):
        now = every * k
        health.hear(Chunk(stream, np.array([now]), np.zeros((1, 1))), now)
        if every < 30.0 and k > 9:
            assert health.check(now + 0.99 * every, now + 0.99 * every) == []
    assert health.check(now + told - 0.2, now + told - 0.2) == []
    [stale] = health.check(now + told, now + told)
    assert stale.kind == "stale"


def test_one_outage_does_not_lengthen_what_counts_as_silence() -> None:
    stream = info(Role.CLIENT, Modality.RR, 0.0)
    health, at = watch(stream), [*range(1, 15), *range(60, 70)]
    for now in at:
        health.hear(Chunk(stream, np.array([float(now)]), np.zeros((1, 1))), float(now))
    assert [n.kind for n in health.check(69.0 + 2.6, 0.0)] == ["stale"]


def test_lost_samples_are_a_gap_and_jitter_is_none() -> None:
    health = watch(VOUCHED)
    health.hear(chunk(0.0, 1.0, VOUCHED), 1.0)
    jittered = chunk(1.0, 2.0, VOUCHED)
    jittered.times[:] += np.random.default_rng(1).uniform(-0.02, 0.02, len(jittered.times))
    assert health.hear(jittered, 2.0) == []
    [gap] = health.hear(chunk(2.5, 3.0, VOUCHED), 3.0)
    assert gap.kind == "gap"
    assert health.report(3.0)[0].gaps == 1


def test_one_lost_sample_of_a_slow_stream_is_a_gap() -> None:
    eda = replace(info(Role.CLIENT, Modality.EDA, 4.0), exact=True)
    health = watch(eda)
    health.hear(chunk(0.0, 2.0, eda), 2.0)
    [gap] = health.hear(chunk(2.25, 3.0, eda), 3.0)
    assert gap.message == "1 sample missing"


def test_a_gap_that_the_driver_told_is_not_told_twice() -> None:
    health = watch(VOUCHED)
    health.hear(chunk(0.0, 1.0, VOUCHED), 1.0)
    health.told(Notice(time=2.0, kind="gap", role=Role.CLIENT, stream="ECG", start=0.99, stop=2.0))
    assert health.hear(chunk(2.0, 3.0, VOUCHED), 3.0) == []
    assert health.report(3.0)[0].gaps == 1


def test_a_gap_that_begins_where_another_ended_is_told_too() -> None:
    health = watch(VOUCHED)
    health.hear(chunk(0.0, 1.0, VOUCHED), 1.0)
    health.told(Notice(time=2.0, kind="gap", role=Role.CLIENT, stream="ECG", start=0.99, stop=2.0))
    assert health.hear(chunk(2.0, 2.005, VOUCHED), 2.0) == []
    [gap] = health.hear(chunk(2.5, 3.0, VOUCHED), 3.0)
    assert (gap.start, gap.stop, gap.message) == (2.0, 2.5, "49 samples missing")


def test_many_gaps_of_one_cycle_are_one_notice() -> None:
    health = watch(VOUCHED)
    times = np.linspace(0.0, 24.5, 50)
    [notice] = health.hear(Chunk(VOUCHED, times, np.zeros((50, 1))), 25.0)
    assert notice.message.startswith("49 gaps, ")
    assert (notice.start, notice.stop) == (0.0, 24.5)


def test_stamps_that_run_backwards_are_told_as_clock() -> None:
    health = watch(VOUCHED)
    health.hear(chunk(100.0, 101.0, VOUCHED), 101.0)
    assert [n.kind for n in health.hear(chunk(0.0, 1.0, VOUCHED), 102.0)] == ["clock"]


def test_a_pause_is_no_gap_and_no_silence() -> None:
    health = watch()
    run(health, 0, 5)
    health.pause(Role.CLIENT, 5.0, on=True)
    assert health.report(5.0)[0].state == "paused"
    assert run(health, 5, 60, silent=True) == []
    health.pause(Role.CLIENT, 60.0, on=False)
    assert run(health, 60, 65) == []


@pytest.mark.parametrize("jump", [3600.0, -2.0])
def test_a_jump_between_the_clocks_is_told(jump: float) -> None:
    health = HealthWatch()
    assert health.check(10.0, 1000.0) == health.check(10.1, 1000.1 + 0.4) == []
    [notice] = health.check(10.2, 1000.6 + jump)
    assert (notice.kind, notice.role, notice.start, notice.stop) == ("clock", Role.DYAD, 10.1, 10.2)
    assert f"{jump:+.3f} s" in notice.message


def heard(sent: Stamped, begin: float = 100.0) -> tuple[list[Notice], HealthWatch]:
    """Return what is told of a stream, in cycles of 100 ms."""
    ecg = info(Role.CLIENT, Modality.ECG, sent.sfreq)
    health = watch(ecg)
    health.begin(begin)
    late = np.clip(sent.stamps - sent.true, 0.0, 1.0)
    arrive = np.maximum.accumulate(sent.true + np.where(np.abs(sent.stamps - sent.true) < 5.0, late, 0.0))
    out, at = list[Notice](), 0
    for k in range(1, int((arrive[-1] - begin) * 10) + 2):
        now = begin + k / 10
        stop = int(np.searchsorted(arrive, now, "right"))
        if stop > at:
            out += health.hear(Chunk(ecg, sent.stamps[at:stop], np.zeros((stop - at, 1))), now)
        at = stop
        out += health.check(now, now)
    return out, health


@pytest.mark.parametrize("push", [bursts, deduced(130.0), jittered(0.003), rounded, even])
def test_stamps_that_are_no_times_are_no_gaps(push: Push) -> None:
    sent = stream(push, seconds=60.0)
    assert push is not bursts or np.diff(sent.stamps).max() > 0.5  # else there were no bursts
    told, health = heard(sent)
    assert told == []
    assert health.report(160.0)[0].gaps == 0


@pytest.mark.parametrize("push", [even, bursts, deduced(250.0)])
def test_a_wrong_rate_is_told_once(push: Push) -> None:
    told, _ = heard(stream(push, says=250.0, seconds=90.0))
    assert [n.kind for n in told] == ["clock"]
    assert told[0].message.startswith("says 250 Hz, sends 130")


def test_a_gap_of_a_stream_that_nobody_vouches_for_is_told_with_its_bounds() -> None:
    told, health = heard(stream(jittered(0.003), gap=8.0, seconds=120.0))
    assert [n.kind for n in told] == ["stale", "resumed", "gap"]
    assert (told[2].start, told[2].stop) == pytest.approx((160.0, 168.0), abs=0.02)
    assert told[2].message == "1040 samples missing"
    assert health.report(220.0)[0].gaps == 1


def test_small_losses_are_told_once() -> None:
    told, _ = heard(stream(even, lost=2))
    assert [n.message for n in told] == ["2 samples missing; further small losses are only counted"]


@pytest.mark.parametrize("jump", [10.0, -10.0, 1e6])
def test_a_jump_of_the_stamps_is_told_as_a_segment(jump: float) -> None:
    sent = stream(even, seconds=60.0)
    sent.stamps[len(sent.stamps) // 2 :] += jump
    told, _ = heard(sent)
    assert [n.kind for n in told] == ["segment"]
    assert "clock segment" in told[0].message


@pytest.mark.parametrize(("modality", "quiet"), [(Modality.PPI, 39.0), (Modality.RR, 5.9)])
def test_a_band_that_takes_half_a_minute_to_its_first_pulses_is_not_stale(
    modality: Modality, quiet: float
) -> None:
    stream = info(Role.CLIENT, modality, 0.0)
    health = watch(stream)
    assert run(health, 0.0, quiet, stream, silent=True) == []
    [told] = run(health, quiet, quiet + 2.0, stream, silent=True)
    assert told.kind == "stale"
