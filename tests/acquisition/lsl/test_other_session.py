"""An outlet of the same name, type and source_id in another LSL session, with real outlets and processes."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack

import numpy as np
import pylsl
import pytest
from pylsl.util import TimeoutError as LslTimeout

from acquisition.event import Notice
from tests.acquisition.lsl_sender import Listening, binding, listening, sender

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

THEIRS, AGAIN = 1_000_000, 2_000_000
QUIET = 3.5
"""Seconds in which the other outlet's samples came, before they were kept out: 1.8 s."""


def values(listener: Listening) -> np.ndarray:
    return listener.values(listener.driver.streams()[0].name)[:, 0]


def said(listener: Listening, words: str) -> bool:
    return any(isinstance(i, Notice) and words in i.message for i in listener.items)


def theirs(listener: Listening) -> int:
    return int(((values(listener) >= THEIRS) & (values(listener) < AGAIN)).sum())


def test_another_sessions_outlet_is_never_recorded_and_ones_own_comes_back() -> None:
    with ExitStack() as stack:
        stack.enter_context(sender("room", THEIRS, "abroad"))
        own = stack.enter_context(sender("room", 0))
        listener = stack.enter_context(listening(binding("room")))
        listener.until(lambda: len(values(listener)) > 50, "samples")
        own.kill()
        died = time.monotonic()
        listener.until(lambda: said(listener, "does not answer in this session"), "the notice")
        listener.until(lambda: time.monotonic() - died > QUIET, "the other one had time")
        assert theirs(listener) == 0
        stack.enter_context(sender("room", AGAIN))
        listener.until(lambda: bool((values(listener) >= AGAIN).any()), "ones own again")
        listener.until(lambda: said(listener, "outlet restarted"), "the notice of the restart")
        listener.until(lambda: bool((values(listener) >= AGAIN + 100).any()), "and on")
    assert theirs(listener) == 0
    got = values(listener)
    assert len(np.unique(got)) == len(got)
    assert np.all(np.diff(listener.times(listener.driver.streams()[0].name)) > 0)
    lost = [i for i in listener.items if isinstance(i, Notice) and i.kind == "lost"]
    assert len(lost) == 1


def test_one_that_appears_when_ones_own_dies_is_never_recorded() -> None:
    with ExitStack() as stack:
        own = stack.enter_context(sender("moment", 0))
        listener = stack.enter_context(listening(binding("moment")))
        listener.until(lambda: len(values(listener)) > 50, "samples")
        own.kill()
        other = stack.enter_context(sender("moment", THEIRS, "abroad"))
        listener.until(lambda: said(listener, "does not answer in this session"), "the notice")
        other.kill()  # both are gone
        stack.enter_context(sender("moment", AGAIN))
        listener.until(lambda: bool((values(listener) >= AGAIN).any()), "ones own again")
    assert theirs(listener) == 0


def test_a_quick_restart_beside_another_session_goes_on_with_ones_own() -> None:
    with ExitStack() as stack:
        stack.enter_context(sender("quick", THEIRS, "abroad"))
        own = stack.enter_context(sender("quick", 0))
        listener = stack.enter_context(listening(binding("quick")))
        listener.until(lambda: len(values(listener)) > 50, "samples")
        own.kill()
        stack.enter_context(sender("quick", AGAIN))
        listener.until(lambda: bool((values(listener) >= AGAIN + 50).any()), "ones own again")
    assert theirs(listener) == 0


@pytest.mark.parametrize("other", ["rate=50", "label=resp channel"])
def test_a_restart_as_another_stream_is_refused(other: str) -> None:
    key = f"changed {other[:4]}"
    with ExitStack() as stack:
        own = stack.enter_context(sender(key, 0))
        listener = stack.enter_context(listening(binding(key)))
        listener.until(lambda: len(values(listener)) > 50, "samples")
        own.kill()
        changed = stack.enter_context(sender(key, THEIRS, other))
        listener.until(lambda: said(listener, "with other properties than before"), "the refusal")
        listener.until(lambda: not listener.driver.ready(), "it is not open")
        changed.kill()
        stack.enter_context(sender(key, AGAIN))
        listener.until(lambda: bool((values(listener) >= AGAIN).any()), "as it was before, it is taken")
    assert theirs(listener) == 0


def test_what_a_sender_sent_right_before_it_ended_is_recorded() -> None:
    with ExitStack() as stack:
        stack.enter_context(sender("last", THEIRS, "abroad"))
        own = stack.enter_context(sender("last", 0, "ends"))
        listener = stack.enter_context(listening(binding("last")))
        ends_with_its_last(listener, own, 0)
        again = stack.enter_context(sender("last", AGAIN, "ends"))
        ends_with_its_last(listener, again, AGAIN)
    assert theirs(listener) == 0


def ends_with_its_last(listener: Listening, own: subprocess.Popen[str], first: int) -> None:
    listener.until(lambda: bool((values(listener) >= first).any()), "samples")
    own.terminate()
    own.wait()
    assert own.stdout is not None
    last = float(own.stdout.readline())
    listener.until(lambda: last in values(listener), "the last one")


def test_a_sender_whose_clock_is_not_measured_is_recorded_once_it_was_seen_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(self: pylsl.StreamInlet, timeout: float = 0.0) -> float:
        raise LslTimeout  # as where a firewall lets no answer through; liblsl then tells of no change

    monkeypatch.setattr(pylsl.StreamInlet, "time_correction", never)
    monkeypatch.setattr("acquisition.lsl.inlet.PATIENCE", 0.5)
    with ExitStack() as stack:
        stack.enter_context(sender("blocked", THEIRS, "abroad"))
        own = stack.enter_context(sender("blocked", 0))
        listener = stack.enter_context(listening(binding("blocked")))
        listener.until(lambda: len(values(listener)) > 120, "samples, look by look")
        own.kill()
        died = time.monotonic()
        listener.until(lambda: said(listener, "is gone"), "the notice")
        listener.until(lambda: time.monotonic() - died > QUIET, "the other one had time")
        stack.enter_context(sender("blocked", AGAIN))
        listener.until(lambda: bool((values(listener) >= AGAIN).any()), "ones own again")
        listener.until(lambda: said(listener, "or may have: not recorded"), "what was discarded is counted")
    assert theirs(listener) == 0
    got = values(listener)
    own_ones = got[got < THEIRS]
    assert np.array_equal(own_ones, np.arange(own_ones[0], own_ones[0] + len(own_ones)))
