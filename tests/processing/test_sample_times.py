"""Samples wait for their times: nothing depends on how ticks are batched, and none is forgotten."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from acquisition.batch import Batch, Gatherer, Item
from acquisition.stream import Chunk, ClockOffset, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from acquisition.timebase.vouched import needs_time_base
from processing.admission import Admission
from processing.pipeline import Pipeline
from processing.sample_times import SampleTimes
from tests.acquisition.timebase.stamped import Push, bursts, deduced, even, jittered, stream
from tests.drawing import few
from tests.processing.heart.test_heart import ecg
from tests.processing.heart.test_rpeaks import rhythm
from tests.processing.test_pipeline import SPANS
from tests.processing.world import INFOS, World, comparable, items, run_items

ECG = StreamInfo(
    name="ECG", role=Role.CLIENT, modality=Modality.ECG, sfreq=130.0, unit="mV", channels=("ECG",)
)
MANNERS: list[Push] = [even, jittered(0.003), bursts, deduced(130.0)]
some = few(6, suppress_health_check=list(HealthCheck))


def sent(
    push: Push,
    samples: FloatArray | None = None,
    *,
    silent: Sequence[tuple[float, float]] = (),
    seed: int = 0,
    offset: float = 0.004,
) -> tuple[list[Item], FloatArray]:
    """Return a stream as its recorder delivers it, samples that count, and the times of the samples.

    Nothing comes between the moments in `silent` [s after the beginning]; it comes at their end.
    """
    true = stream(push, seconds=40.0 if samples is None else len(samples) / 130.0)
    values = np.arange(len(true.true), dtype=np.float64) if samples is None else samples
    arrive = np.maximum.accumulate(np.fmax(true.stamps, true.true))
    for begin, end in silent:
        held = (arrive >= 100.0 + begin) & (arrive < 100.0 + end)
        arrive[held] = 100.0 + end
    rng, out, at, tick, number = np.random.default_rng(seed), list[Item](), 0, 99.95, 0
    while tick < arrive[-1] + 4.0:
        stop = int(np.searchsorted(arrive, tick, "right"))
        if stop > at:
            out.append(Chunk(ECG, true.stamps[at:stop], values[at:stop, None]))
            at = stop
        if number == 150:
            out.append(ClockOffset(ECG, tick, offset))
        out.append(Tick(number, tick, 1.7e9 + tick))
        number, tick = number + 1, tick + float(rng.uniform(0.05, 0.2))
    return out, true.true


def batches(session: Sequence[Item], cuts: Sequence[int]) -> Iterator[Batch]:
    """Yield a session in batches of so many ticks, these numbers in turn."""
    gatherer, k = Gatherer(), 0
    for item in session:
        gatherer.add(item)
        if isinstance(item, Tick) and (gatherer.n_ticks == cuts[k % len(cuts)] or item is session[-1]):
            yield gatherer.take()
            k += 1


def settled(session: Sequence[Item], cuts: Sequence[int]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times and values of samples with the tick at which each came, and the watermark of each tick."""
    times, gate, n = SampleTimes(ECG), Admission(2.0), 0
    rows, marks = list[FloatArray](), list[FloatArray]()
    for batch in batches(session, cuts):
        part, waits = times.lay(batch.streams.get(ECG.key), batch.ticks)
        got = gate.admit(part, batch.ticks, waits)
        if part is not None:
            rows.append(np.column_stack([got.times, part.samples[got.keep, 0], part.slices[got.keep] + n]))
        marks.append(got.watermarks)
        n += len(batch.ticks)
    return np.concatenate(rows), np.concatenate(marks), np.array([gate.late, gate.future])


@pytest.mark.parametrize("push", MANNERS)
@some
@given(
    cuts=st.lists(st.integers(1, 90), min_size=1, max_size=8),
    begin=st.floats(0.0, 30.0),
    length=st.floats(0.0, 4.0),
)
def test_any_batching_of_ticks_gives_the_same_samples(
    push: Push, cuts: list[int], begin: float, length: float
) -> None:
    session, _ = sent(push, silent=[(begin, begin + length)])
    at_once, cut = settled(session, [10**6]), settled(session, cuts)
    assert all(np.array_equal(a, b) for a, b in zip(at_once, cut, strict=True))


@pytest.mark.parametrize("push", MANNERS)
@pytest.mark.parametrize(("begin", "length"), [(2.7, 3.5), (5.375, 2.542), (9.15, 2.836), (26.06, 2.366)])
def test_after_a_silence_samples_are_laid_as_soon_as_before(push: Push, begin: float, length: float) -> None:
    """Those that waited are drained within a block, and beyond where the line was to be found anew."""
    session, _ = sent(push, silent=[(begin, begin + length)])
    rows, _, _ = settled(session, [1])
    ticks = np.array([item.time for item in session if isinstance(item, Tick)])
    assert (np.diff(rows[:, 1]) > 0).all()
    assert (ticks[rows[:, 2].astype(int)] - rows[:, 0]).max() < 4.0
    assert rows[-1, 1] == sum(len(item.times) for item in session if isinstance(item, Chunk)) - 1


@pytest.mark.parametrize("push", MANNERS)
def test_every_sample_comes_in_order_and_not_before_the_watermark(push: Push) -> None:
    session, _ = sent(push, silent=[(12.0, 13.8)])
    rows, marks, dropped = settled(session, [1])
    n = sum(len(item.times) for item in session if isinstance(item, Chunk))
    assert np.array_equal(rows[:, 1], np.arange(n))
    assert dropped.sum() == 0
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert (np.diff(marks) >= 0).all()
    before = np.append(-np.inf, marks)[rows[:, 2].astype(int)]
    assert (rows[:, 0] >= before).all()


@pytest.mark.parametrize("push", MANNERS)
def test_a_stream_that_falls_silent_holds_the_watermark_no_longer_than_one_that_is_vouched_for(
    push: Push,
) -> None:
    session, _ = sent(push)
    ticks = np.array([item.time for item in session if isinstance(item, Tick)])
    early = [i for i in session if not isinstance(i, Chunk) or i.times[-1] < 120.0]
    _, marks, dropped = settled(early, [7])
    assert dropped.sum() == 0
    silent = ticks > 120.0 + 2.2
    assert np.allclose(marks[silent], ticks[silent] - 2.0)


def test_a_stream_with_good_stamps_waits_for_nothing_once_that_is_known() -> None:
    session, true = sent(even)
    rows, marks, _ = settled(session, [10**6])
    ticks = np.array([item.time for item in session if isinstance(item, Tick)])
    late = ticks[rows[:, 2].astype(int)] - rows[:, 0]
    assert late[true - true[0] > 3.0].max() < 0.21
    assert marks[int(rows[-1, 2])] == pytest.approx(true[-1] + 0.004)


def test_a_stream_that_is_vouched_for_needs_no_time_base() -> None:
    exact = replace(ECG, exact=True)
    stamped = replace(ECG, name="ECG device time", modality=Modality.DEVICE_TIME, sfreq=0.0)
    assert not needs_time_base(exact, [exact])
    assert not needs_time_base(ECG, [ECG, stamped])
    assert not needs_time_base(replace(ECG, device="simulated"), [])
    assert not needs_time_base(replace(ECG, modality=Modality.RR), [])
    assert needs_time_base(ECG, [ECG, replace(stamped, role=Role.THERAPIST)])


@pytest.mark.parametrize(("push", "most"), [(even, 0.5), (jittered(0.003), 0.7), (bursts, 4.0)])
def test_intervals_are_right_whatever_the_stamps(push: Push, most: float) -> None:
    beats = rhythm(60.0)
    session, _ = sent(push, ecg(beats, 130.0, 62.0), offset=0.0)
    out = run_items(session, (ECG,), 40)
    found = [(s.time, s.value) for s in out if s.index == "ibi" and s.value == s.value and s.time > 118.0]
    assert len(found) > 35
    ends = np.array([time for time, _ in found]) - 100.0
    nearest = np.abs(ends[:, None] - beats[1:]).argmin(axis=1)
    errors = np.array([value for _, value in found]) - 1e3 * np.diff(beats)[nearest]
    assert np.abs(errors).max() < most + 0.5
    assert not {s.reason for s in out if "off" in s.reason}


@pytest.mark.parametrize("ahead", [1.7e9, -5000.0])
def test_stamps_of_another_clock_are_placed_by_their_arrival(ahead: float) -> None:
    session, _ = sent(jittered(0.003))
    moved: list[Item] = [replace(i, times=i.times + ahead) if isinstance(i, Chunk) else i for i in session]
    here, there = settled(session, [7]), settled(moved, [7])
    assert there[2].sum() == 0
    later = slice(200, None)
    off = there[0][later, 0] - here[0][later, 0]
    assert np.abs(off - np.median(off)).max() < 1e-3
    assert 0.0 <= np.median(off) < 0.3


@pytest.mark.parametrize(("by", "unit"), [(1.0, ""), (1e3, "milliseconds"), (1e6, "microseconds")])
@pytest.mark.parametrize("ahead", [0.0, 0.5, 999.0, -5000.0])
@pytest.mark.parametrize("cuts", [(10**6,), (1,), (13, 2, 40)])
def test_of_stamps_in_another_unit_the_unit_is_said_and_a_clock_of_their_own_in_seconds(
    by: float, unit: str, ahead: float, cuts: tuple[int, ...]
) -> None:
    session, _ = sent(even, offset=0.0)
    base = SampleTimes(ECG)
    for batch in batches(session, cuts):
        part = batch.streams.get(ECG.key)
        moved = None if part is None else replace(part, times=(part.times + ahead) * by)
        base.lay(moved, batch.ticks)
    lines = base.account.lines()
    assert sum("not seconds" in line for line in lines) == (1 if unit else 0)
    assert not unit or f"stamps are {unit}, not seconds: they are read as such" in lines
    of_clock = [line for line in lines if "off the recorder's clock" in line]
    assert len(of_clock) == (1 if abs(ahead) > 60.0 else 0)
    assert all(abs(float(line.split()[2]) - ahead) < 0.3 for line in of_clock)


def test_the_session_tells_what_the_stamps_are_like() -> None:
    session, _ = sent(bursts)
    wrong, gatherer = replace(ECG, sfreq=250.0), Gatherer()
    pipeline = Pipeline((replace(ECG, sfreq=math.nan),), session_id="test")  # it was found later
    for item in session:
        gatherer.add(replace(item, info=wrong) if isinstance(item, Chunk) else item)
    pipeline.push(gatherer.take())
    (account,) = pipeline.time_bases.values()
    assert account.manner == "packets"
    assert [r.message for r in account.remarks] == ["says 250 Hz, sends 130 Hz"]


UNVOUCHED = tuple(replace(info, device="lsl", exact=False) for info in INFOS)


@few(3, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32 - 1),
    stalls=SPANS,
    drops=SPANS,
    bogus=st.integers(0, 3),
    late=st.integers(0, 20),
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=6),
)
def test_any_batching_gives_the_same_indices_of_streams_nobody_vouches_for(
    seed: int,
    stalls: list[tuple[int, float, float]],
    drops: list[tuple[int, float, float]],
    bogus: int,
    late: int,
    cuts: list[int],
) -> None:
    world = World(seed=seed, stalls=stalls, drops=drops, bogus=bogus, late=late, offsets=4, infos=UNVOUCHED)
    session = items(world)
    assert comparable(run_items(session, UNVOUCHED, cuts)) == comparable(
        run_items(session, UNVOUCHED, 10_000)
    )
