"""One outlet and no other, whatever liblsl connects to: against a sender that is made up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeout

from acquisition.lsl.pinned import PAUSE, SEARCH, Pinned
from tests.acquisition.lsl.test_lsl_inlet import Clock, FakeSender


class AllAtOnce(FakeSender):
    """Give all that came at once, as liblsl does."""

    def send(self, *times: float) -> None:
        """Send samples."""
        before = self.chunks.pop()[1].tolist() if self.chunks else []
        super().send(*before, *times)


@pytest.fixture
def sender() -> FakeSender:
    return AllAtOnce()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(pinned: Pinned) -> list[float]:
    out: list[float] = []
    while chunks := pinned.pull():
        out += [t for _, times in chunks for t in times.tolist()]
    return out


def sure(sender: FakeSender, clock: Clock) -> Pinned:
    pinned = Pinned(sender, clock.now, clock=clock)
    sender.answers.put(0.25)
    clock.now += SEARCH / 2
    assert pinned.time_correction(1.0) == 0.25
    return pinned


def test_a_quick_clock_offset_shows_who_it_is(sender: FakeSender, clock: Clock) -> None:
    pinned = sure(sender, clock)
    sender.send(1.0, 2.0)
    assert taken(pinned) == [1.0, 2.0]
    assert not pinned.unsure() and pinned.discarded() == 0


def test_after_a_late_one_a_look_that_began_later_must_have_seen_it(sender: FakeSender, clock: Clock) -> None:
    pinned = Pinned(sender, clock.now, clock=clock)
    clock.now += SEARCH + 0.1
    sender.answers.put(0.25)
    with pytest.raises(LslTimeout):
        pinned.time_correction(1.0)
    sender.send(1.0)
    assert taken(pinned) == [] and pinned.unsure()
    pinned.seen(clock.now - 0.1)
    assert taken(pinned) == [] and pinned.unsure()
    clock.now += 0.1
    pinned.seen(clock.now)
    sender.answers.put(0.25)
    assert taken(pinned) == [1.0] and not pinned.unsure()
    assert pinned.time_correction(1.0) == 0.25


def test_without_any_each_sample_waits_for_a_look_of_its_own(sender: FakeSender, clock: Clock) -> None:
    pinned = Pinned(sender, clock.now, clock=clock)
    clock.now += 2.0
    sender.send(1.0)
    assert taken(pinned) == []
    clock.now += 1.0
    pinned.seen(clock.now)
    clock.now += 1.0
    sender.send(2.0)
    assert taken(pinned) == [1.0]
    assert taken(pinned) == []
    pinned.leave()
    assert pinned.discarded() == 1  # the second, which nobody vouched for


def test_no_clock_offset_of_another_outlet_is_given(sender: FakeSender, clock: Clock) -> None:
    pinned = sure(sender, clock)
    sender.reset = True
    sender.answers.put(77.0)
    with pytest.raises(LostError):
        pinned.time_correction(1.0)
    assert pinned.astray()


@pytest.mark.parametrize(("stood", "kept"), [(PAUSE / 2, True), (PAUSE * 2, False)])
def test_a_change_while_samples_are_read_leaves_them_only_if_the_other_cannot_have_sent_them(
    sender: FakeSender, clock: Clock, stood: float, kept: bool
) -> None:
    pinned = sure(sender, clock)
    pull = sender.pull_chunk

    def slow(timeout: float, max_samples: int, *, as_numpy: bool) -> tuple[np.ndarray, np.ndarray]:
        clock.now += stood
        sender.reset = True
        return pull(timeout, max_samples, as_numpy=as_numpy)

    sender.pull_chunk = slow  # type: ignore[method-assign]
    sender.send(1.0)
    assert taken(pinned) == ([1.0] if kept else [])
    assert pinned.discarded() == (0 if kept else 1)
    sender.send(2.0)
    assert taken(pinned) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["own", "other", "drain", "change", "measure", "seen", "wait"]), max_size=40))
def test_whatever_happens_in_whatever_order_no_sample_of_another_outlet_is_given(steps: list[str]) -> None:
    sender, clock = AllAtOnce(), Clock()
    pinned, got, sent, alive, known = Pinned(sender, clock.now, clock=clock), list[float](), 0, True, False
    for step in steps:
        clock.now += 0.05
        if step == "own" and alive:
            sender.send(1.0)
            sent += 1
        elif step == "change" and alive:  # the own one ended; no sooner than this another one is connected
            clock.now += SEARCH + 0.1
            alive, sender.reset = False, known
        elif step == "other" and not alive:
            clock.now += PAUSE + 0.1
            sender.send(2.0)
        elif step == "measure":
            known = True
            sender.answers.put(0.0)
            try:
                pinned.time_correction(1.0)
            except (LostError, LslTimeout):
                pass
        elif step == "seen" and alive:
            pinned.seen(clock.now)
        elif step == "wait":
            clock.now += 1.0
        elif step == "drain":
            got += taken(pinned)
    got += taken(pinned)
    assert 2.0 not in got
    pinned.leave()
    assert len(got) + pinned.discarded() >= sent or not pinned.astray()
