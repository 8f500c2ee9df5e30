"""Who a stream comes from: restarts, rivals and losses, without a network."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.drivers.lsl_link import Link
from acquisition.event import Notice
from acquisition.lsl.network import Description, Remote
from acquisition.stream import Modality, Role, StreamInfo
from tests.acquisition.lsl.test_lsl_inlet import FakeSender

INFO = StreamInfo(name="s", role=Role.CLIENT, modality=Modality.ECG, sfreq=100.0, unit="mV", channels=("a",))


def remote(uid: str) -> Remote:
    return Remote(
        name="n",
        type="ECG",
        source_id="s",
        host=f"host-{uid}",
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
    link = Link(remote("a"), sender, Description(("x",), ("mV",), {}))
    link.attach(INFO, 0)
    return link


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
