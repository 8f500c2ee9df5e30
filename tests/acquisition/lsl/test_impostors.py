"""A stream of the right name from another machine, with real outlets: the other machine is a host name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from acquisition.event import Notice
from acquisition.lsl.checked import Identity
from acquisition.stream import Chunk, Role
from tests.acquisition.lsl_sender import Listening, binding, listening, sender

UNSHARE = shutil.which("unshare")


def can_rename_the_host() -> bool:
    """Tell whether a process here can have a host name of its own."""
    command = [UNSHARE or "false", "--uts", "hostname", "elsewhere"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not can_rename_the_host(), reason="no host name of one's own (unshare --uts)"),
]


@contextmanager
def elsewhere(source_id: str, first: int) -> Iterator[None]:
    """Run a sender that says it is on another machine."""
    assert UNSHARE is not None
    run = f"hostname elsewhere && exec {sys.executable} -m tests.acquisition.lsl_sender {source_id} {first}"
    process = subprocess.Popen([UNSHARE, "--uts", "sh", "-c", run], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()


def first_values(listener: Listening) -> set[float]:
    return {float(v) // 100_000 for v in listener.values(listener.driver.streams()[0].name).ravel()}


def waits(listener: Listening) -> bool:
    return [w.role for w in listener.driver.waiting()] == [Role.CLIENT]


def test_another_machine_that_takes_a_dead_senders_name_waits_and_is_kept_apart() -> None:
    with listening(binding("death"), ready=False) as listener:
        with sender("death", 100_000):
            listener.until(lambda: len(listener.values(listener.driver.streams()[0].name)) > 50, "samples")
        with elsewhere("death", 200_000):
            listener.until(lambda: waits(listener), "the other one waits")
            listener.until(
                lambda: any(isinstance(i, Chunk) for i in listener.driver.unconfirmed()), "samples kept apart"
            )
            (waiting,) = listener.driver.waiting()
            assert "elsewhere" in waiting.sender and "comes from 'elsewhere' now" in waiting.why
            assert first_values(listener) == {1.0}
            listener.driver.confirm((waiting.role, waiting.name), yes=True)
            listener.until(lambda: first_values(listener) == {1.0, 2.0}, "it is recorded once confirmed")
    assert any(
        isinstance(i, Notice) and "kept apart until `attune confirm" in i.message for i in listener.items
    )


def test_a_sender_from_another_machine_than_at_the_check_waits_and_can_be_refused() -> None:
    driver_of = Listening(binding("first"))
    driver_of.driver._checked = {"first": Identity("this-room", "u-1")}
    with elsewhere("first", 200_000):
        driver_of.driver.start()
        try:
            driver_of.until(lambda: waits(driver_of), "it waits")
            (waiting,) = driver_of.driver.waiting()
            assert waiting.why == "it comes from 'elsewhere', at the check it came from 'this-room'"
            driver_of.driver.confirm((waiting.role, waiting.name), yes=False)
            driver_of.until(
                lambda: any(isinstance(i, Notice) and "denied" in i.message for i in driver_of.items), "told"
            )
            assert not driver_of.driver.ready() and not driver_of.driver.waiting()
        finally:
            driver_of.driver.stop()
    assert first_values(driver_of) == set()
