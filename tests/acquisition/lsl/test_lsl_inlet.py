"""One inlet, against a sender that is made up here."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pylsl.util import TimeoutError as LslTimeout

from acquisition.lsl.inlet import ANSWERS, PATIENCE, STEADY, Inlet, Offset, Remark, Samples
from acquisition.lsl.pinned import Pinned
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime


class FakeSender:
    """Behave like pylsl's inlet: chunks and clock offsets are what the test puts in."""

    def __init__(self) -> None:
        self.chunks: list[tuple[NDArray[Any], NDArray[np.float64]]] = []
        self.answers: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.reset = False
        self.asked = 0

    def pull_chunk(
        self, timeout: float, max_samples: int, *, as_numpy: bool
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        assert timeout == 0.0
        assert as_numpy
        if not self.chunks:
            return np.empty((0, 1)), np.empty(0)
        values, times = self.chunks.pop(0)
        if len(times) > max_samples:
            self.chunks.insert(0, (values[max_samples:], times[max_samples:]))
        return values[:max_samples], times[:max_samples]

    def pull(self) -> list[tuple[NDArray[Any], NDArray[np.float64]]]:
        """Behave like an inlet that is pinned to its outlet: what was sent at once comes at once."""
        chunks, self.chunks = self.chunks[:1], self.chunks[1:]
        return chunks

    def time_correction(self, timeout: float) -> float:
        self.asked += 1
        answer = self.answers.get()
        if answer is None:
            raise LslTimeout
        return answer

    def was_clock_reset(self) -> bool:
        reset, self.reset = self.reset, False
        return reset

    def close_stream(self) -> None:
        self.answers.put(None)

    def send(self, *times: float) -> None:
        """Send a sample for each stamp; its value is its stamp."""
        self.chunks.append((np.array(times)[:, np.newaxis], np.array(times)))


class Clock:
    """Show the time that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inlet(sender: FakeSender, clock: Clock) -> Iterator[Inlet]:
    inlet = Inlet(sender, 10.0, clock=clock)
    inlet.start()
    yield inlet
    sender.answers.put(None)
    inlet.stop()


def measured(inlet: Inlet, sender: FakeSender, value: float | None) -> None:
    """Let the sender answer the next question for its clock, and wait until the answer is there."""
    before = inlet._measured.qsize(), inlet.missed
    sender.answers.put(value)
    wait_for(lambda: (inlet._measured.qsize(), inlet.missed) != before, "a measurement")


def stamps(items: list[Offset | Samples | Remark]) -> list[float]:
    return [t for item in items if isinstance(item, Samples) for t in item.times.tolist()]


def test_samples_wait_for_the_first_clock_offset(inlet: Inlet, sender: FakeSender) -> None:
    sender.send(1000.0)
    assert inlet.drain() == []
    measured(inlet, sender, 0.25)
    items = inlet.drain()
    assert items[0] == Offset(collected=999.75, value=0.25)
    assert stamps(items) == [1000.0]


def test_without_an_offset_zero_is_used_after_five_seconds_and_it_is_told(
    inlet: Inlet, sender: FakeSender, clock: Clock
) -> None:
    sender.send(1000.0)
    clock.now += PATIENCE - 0.1
    assert inlet.drain() == []
    clock.now += 0.2
    items = inlet.drain()
    assert items[0] == Offset(collected=clock.now, value=0.0)
    assert isinstance(items[1], Remark)
    assert items[1].kind == "clock"
    assert stamps(items) == [1000.0]


def test_a_measurement_that_times_out_is_skipped_and_counted(inlet: Inlet, sender: FakeSender) -> None:
    measured(inlet, sender, None)
    assert inlet.drain() == []
    measured(inlet, sender, 0.5)
    assert inlet.missed == 1
    assert inlet.drain() == [Offset(collected=999.5, value=0.5)]


def test_draining_goes_on_until_nothing_is_left(sender: FakeSender, clock: Clock) -> None:
    inlet = Inlet(Pinned(sender, clock.now, clock=clock), 10.0, clock=clock)
    inlet.start()
    try:
        measured(inlet, sender, 0.0)
        sender.send(*np.linspace(900.0, 1000.0, 3000).tolist())
        assert len(stamps(inlet.drain())) == 3000
        assert inlet.drain() == []
    finally:
        sender.answers.put(None)
        inlet.stop()


def test_a_new_offset_precedes_the_first_sample_of_a_reset_clock(
    inlet: Inlet, sender: FakeSender, clock: Clock
) -> None:
    measured(inlet, sender, 0.0)
    sender.send(999.9, 1000.0)
    inlet.drain()
    wait_for(lambda: sender.asked == 1, "the next question")
    sender.send(1000.1, 5.0, 5.1)
    clock.now = 1000.3
    assert stamps(inlet.drain()) == [1000.1]
    measured(inlet, sender, 995.2)
    items = inlet.drain()
    assert isinstance(items[0], Remark)
    assert "reset" in items[0].message
    assert isinstance(items[1], Offset)
    assert items[1].value == 995.2
    assert stamps(items) == [5.0, 5.1]


def test_stamps_that_jump_under_a_steady_clock_are_taken_as_they_are_after_a_while(
    inlet: Inlet, sender: FakeSender, clock: Clock
) -> None:
    measured(inlet, sender, 0.0)
    sender.send(1000.0, 2000.0)
    assert stamps(inlet.drain()) == [1000.0]
    clock.now += PATIENCE + 0.1
    items = inlet.drain()
    assert [i.kind for i in items if isinstance(i, Remark)] == ["clock"]
    assert stamps(items) == [2000.0]
    sender.send(3000.0)
    assert stamps(inlet.drain()) == [3000.0]


def test_stamps_that_jump_are_taken_sooner_once_the_senders_clock_is_seen_to_be_steady(
    inlet: Inlet, sender: FakeSender, clock: Clock
) -> None:
    measured(inlet, sender, 0.0)
    inlet.drain()
    clock.now += 0.1
    sender.send(1000.0, 990.0)
    assert stamps(inlet.drain()) == [1000.0]
    rounds = 0
    while not stamps(inlet.drain()):
        rounds += 1
        clock.now += STEADY / 4
        measured(inlet, sender, 0.0)
    assert ANSWERS <= rounds <= 8
    assert clock.now - 1000.1 < PATIENCE


def test_a_clock_offset_other_than_that_of_the_outlet_before_is_told(
    sender: FakeSender, clock: Clock
) -> None:
    inlet = Inlet(sender, 10.0, known=3.0, clock=clock)
    inlet.start()
    try:
        measured(inlet, sender, 500.0)
        remark, offset = inlet.drain()
    finally:
        sender.answers.put(None)
        inlet.stop()
    assert isinstance(remark, Remark) and "changed by 497.000 s" in remark.message
    assert offset == Offset(collected=500.0, value=500.0)


def test_text_is_decoded_and_bounded(inlet: Inlet, sender: FakeSender) -> None:
    measured(inlet, sender, 0.0)
    values = np.array([["Ruhe µ".encode()], [b"\xff\xfe"], [b"x" * 100_000]], object)
    sender.chunks.append((values, np.array([1.0, 2.0, 3.0])))
    [part] = [item for item in inlet.drain() if isinstance(item, Samples)]
    assert part.values[0, 0] == "Ruhe µ"
    assert part.values[1, 0] == "\ufffd\ufffd"
    assert len(part.values[2, 0]) == 16_384


@pytest.mark.parametrize("stamp", [np.inf, -np.inf, np.nan, 1e300])
def test_a_stamp_that_no_clock_shows_holds_nothing_back_and_is_told(
    inlet: Inlet, sender: FakeSender, stamp: float
) -> None:
    measured(inlet, sender, 0.0)
    sender.send(999.8, stamp, 999.9)
    items = inlet.drain()
    assert stamps(items) == [999.8, 999.9]
    (told,) = [item for item in inlet.drain() if isinstance(item, Remark)]
    assert told.message.startswith("1 samples dropped: stamps that no clock shows")


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
def test_a_clock_offset_that_is_no_time_is_skipped_and_counted(
    inlet: Inlet, sender: FakeSender, value: float
) -> None:
    measured(inlet, sender, value)
    assert inlet.drain() == []
    measured(inlet, sender, 0.5)
    assert inlet.missed == 1
    assert inlet.drain() == [Offset(collected=999.5, value=0.5)]
