"""Who a stream comes from: restarts, rivals and losses, without a network."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pylsl
import pytest

from acquisition.drivers.lsl import EARLY, LslDriver
from acquisition.drivers.lsl_link import Link
from acquisition.event import Notice
from acquisition.lsl.checked import Identity, checked, remember
from acquisition.lsl.network import Description, Remote
from acquisition.lsl.pinned import Pinned
from acquisition.stream import Chunk, ClockOffset, Modality, Role, StreamInfo
from tests.acquisition.lsl.test_lsl_inlet import FakeSender
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

INFO = StreamInfo(name="s", role=Role.CLIENT, modality=Modality.ECG, sfreq=100.0, unit="mV", channels=("a",))


def remote(uid: str, host: str = "lab") -> Remote:
    return Remote(
        name="n",
        type="ECG",
        source_id="s",
        host=host,
        uid=uid,
        sfreq=100.0,
        format="float32",
        n_channels=1,
        found=None,
    )


def alive(*uids: str) -> dict[str, Remote]:
    return {uid: remote(uid) for uid in uids}


@pytest.fixture
def link() -> Link:
    sender = FakeSender()
    sender.answers.put(0.0)
    link = Link(remote("a"), pinned(sender), Description(("x",), ("mV",), {}))
    link.attach(INFO, 0)
    return link


def pinned(sender: FakeSender) -> Pinned:
    return Pinned(sender, pylsl.local_clock())


def kinds(link: Link) -> list[str]:
    return [item.kind for item in link.drain() if isinstance(item, Notice)]


def test_the_pinned_outlet_alone_is_nothing_new(link: Link) -> None:
    assert [link.judge(alive("a")) for _ in range(3)] == ["same"] * 3
    assert kinds(link) == []


def test_another_uid_after_a_loss_is_a_new_segment(link: Link) -> None:
    assert link.judge(alive()) == "gone"
    assert link.judge(alive("b")) == "restarted"
    assert kinds(link) == ["segment"]
    assert link.judge(alive("b")) == "same"


def test_a_quick_restart_that_shows_both_once_is_still_a_restart(link: Link) -> None:
    assert link.judge(alive("a", "b")) == "suspect"
    assert link.judge(alive("b")) == "restarted"
    assert kinds(link) == ["segment"]


def test_two_outlets_side_by_side_are_rivals_and_the_second_never_takes_over(link: Link) -> None:
    link.judge(alive("a", "b"))
    assert link.judge(alive("a", "b")) == "same"
    assert kinds(link) == ["health"]
    assert link.judge(alive("b")) == "stolen"


def test_an_outlet_that_does_not_answer_twice_is_lost(link: Link) -> None:
    link.judge(alive())
    assert kinds(link) == []
    link.judge(alive())
    assert kinds(link) == ["lost"]
    link.judge(alive())
    assert kinds(link) == []


def test_each_taker_gets_its_channel(link: Link) -> None:
    assert link.column(INFO) == 0
    other = StreamInfo(
        name="all", role=Role.THERAPIST, modality=Modality.ACC, sfreq=100.0, unit="g", channels=("a", "b")
    )
    link.attach(other, None)
    assert np.unique([n.role for n in link.notices("health", "m")]).tolist() == ["client", "therapist"]


def opened(checked: Identity | None) -> tuple[Link, FakeSender]:
    sender = FakeSender()
    sender.answers.put(0.0)
    link = Link(remote("a"), pinned(sender), Description(("x",), ("mV",), {}), checked=checked)
    link.attach(INFO, None)
    return link, sender


def taken(items: Sequence[object]) -> list[float]:
    return [t for item in items if isinstance(item, Chunk) for t in item.times.tolist()]


@pytest.mark.parametrize(
    ("checked", "new", "doubted"),
    [
        (None, remote("b"), False),
        (None, remote("b", "elsewhere"), True),
        (Identity("lab", "a"), remote("b"), True),
        (Identity("lab", "a"), remote("b", "elsewhere"), True),
    ],
    ids=["restart", "other host", "other outlet than checked", "other host than checked"],
)
def test_who_comes_after_a_loss_is_believed_only_with_ground(
    checked: Identity | None, new: Remote, doubted: bool
) -> None:
    link, sender = opened(checked)
    now = pylsl.local_clock()
    sender.send(now)
    wait_for(lambda: taken(link.drain()) == [now])
    link.judge(alive())
    assert link.judge({new.uid: new}) == "restarted" and link.astray()
    again = FakeSender()
    again.answers.put(0.0)
    link.reopen(pinned(again), link.description)
    assert not link.astray()
    assert taken(link.drain()) == []  # the old connection's last, and the new one is taken
    wait_for(lambda: again.asked > 1, "the new one's clock offset")
    again.send(now + 0.1)
    assert taken(link.drain()) == ([] if doubted else [now + 0.1])
    assert taken(link.apart()) == ([now + 0.1] if doubted else [])
    assert bool(link.doubt) == doubted


@pytest.mark.parametrize(
    ("host", "since_start", "waits"),
    [("elsewhere", EARLY - 1.0, False), ("elsewhere", EARLY + 1.0, True), ("", EARLY + 1.0, False)],
    ids=["early", "late", "late, of this machine"],
)
def test_an_unchecked_stream_of_another_machine_waits_where_it_comes_late(
    host: str, since_start: float, waits: bool
) -> None:
    driver = LslDriver([])
    driver._late = pylsl.local_clock() + EARLY - since_start
    assert bool(driver._doubt(remote("a", host or socket.gethostname()))) == waits


def test_a_confirmed_sender_is_taken_from_that_moment_and_not_before() -> None:
    link, sender = opened(None)
    wait_for(lambda: any(isinstance(item, ClockOffset) for item in link.drain()))
    link.suspect("a test")
    early = pylsl.local_clock()
    sender.send(early)
    assert taken(link.drain()) == []
    link.confirm()
    later = pylsl.local_clock() + 0.01
    sender.send(early + 1e-6, later)
    items = link.drain()
    assert isinstance(items[-2], ClockOffset)  # the one that was measured while it was doubted
    assert taken(items) == [later]
    assert taken(link.apart()) == [early, early + 1e-6]


def test_what_comes_after_liblsl_went_on_with_another_outlet_is_counted_and_never_taken() -> None:
    link, sender = opened(None)
    now = pylsl.local_clock()
    sender.send(now)
    wait_for(lambda: taken(link.drain()) == [now])
    sender.reset = True
    sender.send(now + 2.0, now + 2.1)
    items = link.drain()
    assert link.astray() and link.must_look() and taken(items) == []
    assert [n.message[:9] for n in items if isinstance(n, Notice)] == ["2 samples"]
    sender.send(now + 2.2)
    assert taken(link.drain()) == []
    assert [link.judge(alive()) for _ in range(2)] == ["gone", "gone"]
    (lost,) = [n for n in link.drain() if isinstance(n, Notice)]
    assert lost.kind == "lost" and "does not answer in this session" in lost.message


def test_the_last_check_is_kept_for_half_a_day(tmp_path: Path) -> None:
    remember([remote("a")], now=1000.0, directory=tmp_path)
    remember([replace(remote("c", "there"), source_id="t")], now=2000.0, directory=tmp_path)
    assert checked(now=2000.0, directory=tmp_path) == {"s": Identity("lab", "a"), "t": Identity("there", "c")}
    assert checked(now=1000.0 + 43_201.0, directory=tmp_path).keys() == {"t"}
    assert (tmp_path / "checked.json").stat().st_mode & 0o077 == 0
    (tmp_path / "checked.json").write_text('{"s": 3, "t": {"host": 1}}')
    assert checked(directory=tmp_path) == {}
