from __future__ import annotations

import threading
import time

import pytest

from acquisition.recorder.speaker import Speaker

pytestmark = pytest.mark.realtime


def test_what_is_said_comes_in_order() -> None:
    speaker, heard = Speaker(), list[int]()
    for n in range(50):
        speaker.say(lambda n=n: heard.append(n))  # type: ignore[misc]
    assert speaker.close(60.0)
    assert heard == list(range(50))


def test_a_reader_that_hangs_holds_nobody_up() -> None:
    speaker, hang, begun = Speaker(longest=8), threading.Event(), threading.Event()

    def hanging() -> None:
        begun.set()
        hang.wait(120)

    speaker.say(hanging)
    assert begun.wait(60)  # so the reader does hang
    begin = time.monotonic()
    for _ in range(1000):
        speaker.say(lambda: None)
    assert time.monotonic() - begin < 5
    assert speaker.dropped == 1000 - 8
    assert not speaker.close(0.05)
    hang.set()


def test_a_reader_that_is_gone_is_talked_to_no_more() -> None:
    speaker, tries = Speaker(), list[int]()

    def broken() -> None:
        tries.append(1)
        raise BrokenPipeError

    for _ in range(5):
        speaker.say(broken)
    assert not speaker.close(60.0)
    assert speaker.muted
    assert tries == [1]
