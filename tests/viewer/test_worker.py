"""The worker hands over what it read, in order, and says when and why it ends."""

from __future__ import annotations

import threading

import pytest

from acquisition.batch import Batch
from acquisition.errors import Reassigned
from processing.index import IndexSample
from tests.viewer.synthetic import Session, index_samples, streams
from tests.waiting import wait_for
from viewer.worker import AHEAD, Again, Bare, Ended, Update, Worker

pytestmark = pytest.mark.realtime


class FakeFeed:
    """Give the batches of a made-up session, then end or wait."""

    def __init__(self, n: int, *, state: str = "closed") -> None:
        self.left = [Session().batch(10) for _ in range(n)]
        self.state = state
        self.polls = 0
        self.streams = streams()
        self.epochs = [(0, tuple(streams()))]
        self.changes = 0
        self.share = 0.5

    def again(self) -> None:
        self.left = [Session().batch(10) for _ in range(3)]

    @property
    def ended(self) -> bool:
        return self.state != "growing" and not self.left

    def poll(self) -> Batch | None:
        self.polls += 1
        if self.changes and len(self.left) <= 2:
            self.changes -= 1
            raise Reassigned("devices changed hands")
        return self.left.pop(0) if self.left else None


def drained(worker: Worker) -> list[Update | Again | Ended]:
    got: list[Update | Again | Ended] = []

    def done() -> bool:
        got.extend(worker.take())
        return bool(got) and isinstance(got[-1], Ended)

    wait_for(done)
    return got


def test_everything_comes_once_and_then_the_end() -> None:
    worker = Worker(FakeFeed(30), lambda: Bare(lambda batch: index_samples(0.0, 1.0)))
    worker.start()
    got = drained(worker)
    worker.close()
    assert len(got) == 31 and got[-1] == Ended("closed")
    assert all(isinstance(item, Update) and item.samples for item in got[:-1])
    assert isinstance(got[0], Update) and got[0].streams == tuple(streams())


def test_a_busy_window_holds_the_reading_up_and_loses_nothing() -> None:
    feed = FakeFeed(40)
    worker = Worker(feed, lambda: Bare(lambda batch: []))
    worker.start()
    wait_for(lambda: feed.polls > AHEAD)
    threading.Event().wait(0.3)
    assert feed.polls <= AHEAD + 2  # it waits
    assert len(drained(worker)) == 41
    worker.close()


def test_fault_in_the_pipeline_is_told() -> None:
    def push(batch: Batch) -> list[IndexSample]:
        raise ZeroDivisionError("injected")

    worker = Worker(FakeFeed(1), lambda: Bare(push))
    worker.start()
    assert drained(worker) == [Ended("cut", "ZeroDivisionError: injected")]
    worker.close()


def test_growing_recording_is_waited_for_until_closed() -> None:
    feed = FakeFeed(1, state="growing")
    worker = Worker(feed, lambda: Bare(lambda batch: []))
    worker.start()
    wait_for(lambda: feed.polls > 3)
    worker.close()
    assert not worker._thread.is_alive()


def test_when_devices_changed_hands_all_comes_once_more_through_a_new_pipeline() -> None:
    feed, made = FakeFeed(4), list[int]()
    feed.changes = 1
    worker = Worker(feed, lambda: Bare(lambda batch: made.append(1) or []))  # type: ignore[func-returns-value]
    worker.start()
    got = drained(worker)
    worker.close()
    kinds = [type(item).__name__ for item in got]
    assert kinds == ["Update", "Update", "Again", "Update", "Update", "Update", "Ended"]
    assert isinstance(got[3], Update) and got[3].streams == tuple(streams())
