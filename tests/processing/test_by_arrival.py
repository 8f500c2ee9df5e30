"""Streams on a clock of their own keep their session: what their stamps say of the hour is not believed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.batch import Item
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from acquisition.timebase.account import Account, Remark
from processing.admission import Admission
from processing.by_arrival import FASTEST, ByArrival
from processing.sample_times import SampleTimes
from tests.acquisition.timebase.stamped import Push, bursts, even, jittered
from tests.drawing import few
from tests.processing.test_sample_times import ECG, batches
from tests.processing.world import comparable, run_items

PUSHES: list[Push] = [even, jittered(0.003), bursts]


def session(stamps: FloatArray, came: FloatArray) -> list[Item]:
    """Return slices of 0.1 s in which samples come that are stamped so, numbered."""
    out, at = list[Item](), 0
    for number in range(int((came[-1] - came[0] + 4.0) / 0.1)):
        tick = came[0] - 0.05 + 0.1 * number
        stop = int(came.searchsorted(tick, "right"))
        if stop > at:
            out.append(Chunk(ECG, stamps[at:stop], np.arange(at, stop, dtype=np.float64)[:, None]))
        at = stop
        out.append(Tick(number, tick, tick))
    return out


def admitted(items: list[Item], cuts: list[int]) -> tuple[FloatArray, FloatArray, list[str]]:
    """Return the times of the samples that count, their numbers, and what is said of the stream."""
    laid, gate = SampleTimes(ECG), Admission(2.0)
    times, numbers = list[FloatArray](), list[FloatArray]()
    for batch in batches(items, cuts):
        part, waits = laid.lay(batch.streams.get(ECG.key), batch.ticks)
        got = gate.admit(part, batch.ticks, waits)
        if part is not None:
            times.append(got.times)
            numbers.append(part.samples[got.keep, 0])
    return np.concatenate(times), np.concatenate(numbers), laid.account.lines()


def streamed(push: Push, off: float, ppm: float, seconds: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return when samples were, what they are stamped with by a clock that is off, and when they come [s]."""
    true = 100.0 + np.arange(int(seconds * 130.0)) / 130.0
    stamps = push(true, np.random.default_rng(0))
    came = np.maximum.accumulate(np.fmax(stamps, true)) + 0.03
    return true, 100.0 + (stamps - 100.0) * (1.0 + 1e-6 * ppm) + off, came


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("off", [0.6, 2.0, 30.0, -3.0, -50.0, 90.0, -1e6])
def test_a_clock_that_is_set_wrongly_loses_no_session(push: Push, off: float) -> None:
    true, stamps, came = streamed(push, off, 0.0, 40.0)
    times, numbers, said = admitted(session(stamps, came), [50])
    late = 12.0 if -60.0 < off < 0.0 else 0.0  # ten seconds tell that all are late
    assert len(numbers) >= len(true) - late * 130.0
    error = times - true[numbers.astype(int)]
    assert np.ptp(error) < 0.02
    assert np.abs(error).max() < 0.15
    assert [text for text in said if "placed by when" in text]


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("ppm", [200.0, -200.0, 80.0])
def test_a_clock_that_drifts_stays_beside_the_others(push: Push, ppm: float) -> None:
    """Else it is ahead of what came by half a second in 42 minutes, and nothing more counts."""
    true, stamps, came = streamed(push, 0.0, ppm, 5400.0)
    times, numbers, said = admitted(session(stamps, came), [3000])
    assert len(numbers) == len(true)
    assert np.abs(times - true).max() < 0.25
    assert np.abs((times - true)[-130 * 600 :]).max() < 0.12
    beat = round(0.85 * 130.0)
    steps = (times - true)[130 * 60 :]
    assert np.abs(steps[beat:] - steps[:-beat]).max() < (0.004 if push is bursts else 0.0015)
    assert [text for text in said if "ppm" in text]


@few(8)
@given(
    cuts=st.lists(st.integers(1, 90), min_size=1, max_size=6),
    off=st.sampled_from([0.4, 1.5, -2.5]),
    ppm=st.sampled_from([0.0, 5000.0, -5000.0]),
)
def test_what_is_placed_by_arrival_does_not_depend_on_batches(
    cuts: list[int], off: float, ppm: float
) -> None:
    _, stamps, came = streamed(jittered(0.003), off, ppm, 60.0)
    items = session(stamps, came)
    whole, cut = admitted(items, [10**6]), admitted(items, cuts)
    assert np.array_equal(whole[0], cut[0]) and np.array_equal(whole[1], cut[1]) and whole[2] == cut[2]


@pytest.mark.parametrize("cuts", [[1], [7], [10**6]])
def test_before_which_sample_it_is_said_does_not_depend_on_batches(cuts: list[int]) -> None:
    _, stamps, came = streamed(jittered(0.003), -2.5, 0.0, 40.0)
    laid = SampleTimes(ECG)
    for batch in batches(session(stamps, came), cuts):
        laid.lay(batch.streams.get(ECG.key), batch.ticks)
    (remark,) = laid.account.remarks
    assert abs(came[remark.at] - came[0] - 10.0) < 0.2


def test_what_is_said_stands_in_the_order_of_the_samples() -> None:
    """In one batch the time base speaks of the last sample before arrivals of the first are judged."""
    account = Account(130.0)
    account.remarks += [Remark(900, "clock", "second"), Remark(5, "clock", "first")]
    assert account.lines() == ["first", "second"]


def moved(times: np.ndarray, came: np.ndarray) -> tuple[FloatArray, list[str]]:
    """Return by how much times are moved whose samples came so [s], and what is said."""
    said = list[str]()
    came = np.maximum.accumulate(came)
    ticks = times[0] + 0.1 * np.arange(int((came[-1] - times[0]) / 0.1) + 2)
    arrived = ticks[ticks.searchsorted(came)]
    by_arrival = ByArrival(2.0, lambda _, what: said.append(what))
    shifts = by_arrival.shifts(times, np.zeros(len(times)), arrived, np.arange(len(times)))
    return np.zeros(len(times)) if shifts is None else shifts, said


@pytest.mark.parametrize("period", [1.0 / 130.0, 0.1, 0.25, 0.5000001, 73 / 130.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_stalls_and_steps_of_a_radios_delay_move_nothing(period: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = 100.0 + np.arange(int(3600.0 / period)) * period * (1.0 + rng.uniform(-1e-4, 1e-4))
    delay = 0.01 + rng.exponential(0.02, len(times))
    for begin in rng.uniform(times[0], times[-1], 3):
        delay[times > begin] += rng.uniform(-0.1, 0.4)
    for begin in rng.uniform(times[0] + 60.0, times[-1], 20):
        held = (times > begin) & (times < begin + 6.0)
        delay[held] = np.maximum(delay[held], begin + 6.0 - times[held])
    shifts, said = moved(times, times + np.maximum(delay, 0.001))
    assert not shifts.any()
    assert not said


@pytest.mark.parametrize("ahead", [0.45, 0.3])
def test_a_stream_that_gets_ahead_is_brought_back_gently(ahead: float) -> None:
    """By steps that its clock makes now and then, none of them so large that it is told."""
    times = 100.0 + np.arange(1200 * 25) / 25.0
    shifts, _ = moved(times + np.where(times > 400.0, ahead, 0.0), times + 0.02)
    assert not shifts[times < 400.0].any()
    assert abs(shifts[-1] + ahead) < 0.05
    assert np.abs(np.diff(shifts)).max() <= 1.2 * FASTEST / 25.0


def test_a_clock_without_an_end_of_jumps_says_little() -> None:
    times = 100.0 + np.arange(1200 * 25) / 25.0
    _, said = moved(times + np.floor((times - 100.0) / 30.0), times + 0.02)
    assert 1 <= len(said) <= 4


@pytest.mark.parametrize("modality", [Modality.RR, Modality.PPI])
@pytest.mark.parametrize("off", [0.0, 0.6, 30.0, -3.0, 1.7e9])
def test_beats_on_another_clock_are_kept_beside_one_wrong_stamp(modality: Modality, off: float) -> None:
    rr = 0.85 + 0.04 * np.random.default_rng(0).standard_normal(200)
    beats = 1000.0 + np.cumsum(rr)
    info = StreamInfo(
        name="beats", role=Role.CLIENT, modality=modality, sfreq=0.0, unit="ms", channels=("b",)
    )
    stamps, session, at = beats + off, list[Item](), 0
    stamps[[30, 90, 150]] += 3e7
    for number in range(1800):
        tick = 1000.0 + 0.1 * number
        stop = int((beats + 0.05).searchsorted(tick, "right"))
        if stop > at:
            session.append(Chunk(info, stamps[at:stop], 1e3 * rr[at:stop, None]))
        at = stop
        session.append(Tick(number, tick, tick))
    samples = run_items(session, [info], 3000)
    assert comparable(samples) == comparable(run_items(session, [info], [7, 90]))
    found = [s for s in samples if s.index == "ibi" and s.value > 0]
    assert len(found) >= 200 - 3 - 1 - (12 if off == -3.0 else 0)
    for one in found:
        nearest = int(np.abs(beats - one.time).argmin())
        assert abs(beats[nearest] - one.time) < 0.2
        assert one.value == pytest.approx(1e3 * rr[nearest], abs=1e-6)


@pytest.mark.parametrize("seconds", [1.6, 2.2, 3.0, 6.0])
@pytest.mark.parametrize("apart", [0.0, 8e-6])
def test_packets_that_are_farther_apart_than_a_silence_tell_their_times(seconds: float, apart: float) -> None:
    """The first of them is all there is when it is to be settled: it says nothing of the rate."""
    true, size = 100.0 + np.arange(130 * 90) / 130.0, round(130.0 * seconds)
    packet = np.arange(len(true)) // size
    last = np.minimum((packet + 1) * size, len(true)) - 1
    came = true[last] + np.random.default_rng(0).uniform(0.02, 0.05, packet[-1] + 1)[packet]
    stamps = came + apart * (np.arange(len(true)) % size)
    times, numbers, said = admitted(session(stamps, came), [40])
    assert not said
    share = min(1.0, 2.0 / seconds)  # what comes later than 2 s does not count
    assert len(numbers) > 0.9 * share * len(true)
    error = times - true[numbers.astype(int)]
    assert np.abs(error - np.median(error)).max() < 0.04
    assert abs(np.median(error)) < 0.06


@pytest.mark.parametrize("ahead", [0.7, 0.9, 3.0])
@pytest.mark.parametrize("cuts", [[10**6], [1], [7, 200]])
def test_where_samples_are_placed_anew_no_interval_is_too_short(ahead: float, cuts: list[int]) -> None:
    """Those stamped too far ahead were dropped, and those after them stood where the last had been."""
    true = 100.0 + np.arange(130 * 40) / 130.0
    times, came = true + np.where(true > 113.0, ahead, 0.0), np.ceil(10.0 * true + 1.0) / 10.0
    said, by, out, at, k = list[str](), ByArrival(2.0, lambda _, what: said.append(what)), [], 0, 0
    while at < len(times):
        part = slice(at, at + cuts[k % len(cuts)])
        shifts = by.shifts(times[part], np.zeros(len(times[part])), came[part], np.arange(len(times))[part])
        out.append(times[part] if shifts is None else times[part] + shifts)
        at, k = at + cuts[k % len(cuts)], k + 1
    moved = np.concatenate(out)
    assert len(said) == 1 and "placed by when" in said[0]
    placed = np.flatnonzero(np.isfinite(moved))
    steps, waited = np.diff(moved[placed]), np.diff(true[placed])
    assert (steps > 0.0).all()
    assert np.abs(steps - waited)[steps < 0.15].max() < 1e-6
    assert np.abs(moved - true)[-130:].max() < 0.15
