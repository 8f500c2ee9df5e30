"""LSL streams through real outlets and inlets on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pylsl
import pytest
from numpy.typing import NDArray

from acquisition.event import Notice
from acquisition.lsl.network import resolve
from acquisition.lsl.outlet import Outlet
from acquisition.stream import Chunk, ClockOffset, Modality, Role
from tests.acquisition.lsl_sender import Listening, binding, listening, name_of, outlet, sender
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime


@pytest.fixture
def outlets() -> Iterator[list[Outlet]]:
    """Close what a test opened."""
    opened: list[Outlet] = []
    yield opened
    for out in opened:
        out.close()


def push(out: Outlet, values: NDArray[Any]) -> NDArray[np.float64]:
    """Send values 10 ms apart, up to now; return their stamps."""
    times: NDArray[np.float64] = pylsl.local_clock() + np.arange(1 - len(values), 1) / 100
    out.push(times, values)
    return times


def notices(listener: Listening) -> list[Notice]:
    return [item for item in listener.items if isinstance(item, Notice)]


def test_more_outlets_than_liblsl_has_ports_for_are_all_found(outlets: list[Outlet]) -> None:
    names = [f"crowd {i}" for i in range(24)]
    outlets += [outlet(name) for name in names]
    wait_for(lambda: set(names) <= {remote.source_id for remote in resolve()}, "all outlets")


def test_two_channels_of_one_stream_go_to_two_roles(outlets: list[Outlet]) -> None:
    outlets.append(outlet("two", labels=("left", "right"), units=("mV", "uV"), format="int16"))
    with listening(
        binding("two", channel="left"), binding("two", role=Role.THERAPIST, channel=1)
    ) as listener:
        values = np.arange(400, dtype=np.int16).reshape(200, 2)
        times = push(outlets[0], values)
        listener.until(lambda: len(listener.values("two 1 ecg")) == 200, "all samples")
        infos = {info.role: info for info in listener.driver.streams()}
    assert np.array_equal(listener.values("two left ecg"), values[:, :1])
    assert np.array_equal(listener.values("two 1 ecg"), values[:, 1:])
    assert np.array_equal(listener.times("two left ecg"), times)
    assert listener.values("two left ecg").dtype == np.int16
    assert (infos[Role.CLIENT].unit, infos[Role.THERAPIST].unit) == ("mV", "uV")
    assert infos[Role.CLIENT].format == "int16"


def test_an_offset_precedes_the_first_sample(outlets: list[Outlet]) -> None:
    outlets.append(outlet("first"))
    with listening(binding("first")) as listener:
        push(outlets[0], np.zeros((10, 1)))
        listener.until(lambda: len(listener.values("first ecg")) == 10, "all samples")
    assert isinstance(next(i for i in listener.items if isinstance(i, ClockOffset | Chunk)), ClockOffset)


def test_marker_text_arrives_as_it_was_sent(outlets: list[Outlet]) -> None:
    outlets.append(outlet("marks", type="Markers", format="string", sfreq=0.0, units=("",)))
    texts = ["start", '{"v":1,"code":"Pause µ"}', ""]
    with listening(binding(name=name_of("marks"), role=Role.DYAD, modality=Modality.MARKERS)) as listener:
        push(outlets[0], np.array(texts, object)[:, np.newaxis])
        listener.until(lambda: len(listener.values(f"{name_of('marks')} markers")) == 3, "all markers")
    assert listener.values(f"{name_of('marks')} markers")[:, 0].tolist() == texts


def test_a_source_id_that_two_outlets_claim_is_refused(outlets: list[Outlet]) -> None:
    outlets += [outlet("double"), outlet("double")]
    with listening(binding("double"), ready=False) as listener:
        listener.until(lambda: "2 outlets" in str(listener.driver.missing()), "the refusal")
        assert not listener.driver.ready()
        assert any("2 outlets" in n.message for n in notices(listener))
        outlets.pop().close()
        listener.until(listener.driver.ready, "the stream, once it is one")


def test_a_stream_without_source_id_is_refused(outlets: list[Outlet]) -> None:
    outlets.append(outlet("", name="nameless"))
    with listening(binding(name="nameless"), ready=False) as listener:
        listener.until(lambda: "no source_id" in str(listener.driver.missing()), "the refusal")
        listener.until(lambda: any("refused" in n.message for n in notices(listener)), "the notice")
        assert not listener.driver.ready()


def test_an_ecg_at_10_hz_is_recorded_and_said_to_be_of_no_use(outlets: list[Outlet]) -> None:
    outlets.append(outlet("slow", sfreq=10.0))
    with listening(binding("slow")) as listener:
        push(outlets[0], np.zeros((10, 1)))
        listener.until(lambda: len(listener.values("slow ecg")) == 10, "all samples")
        said = "ECG at 10 Hz: 100-1000 Hz are needed"
        listener.until(lambda: any(said in n.message for n in notices(listener)), "the notice")
    assert [(n.kind, n.stream) for n in notices(listener) if said in n.message] == [("health", "slow ecg")]


def test_a_stream_that_is_not_there_is_told_with_those_that_are(outlets: list[Outlet]) -> None:
    outlets.append(outlet("present"))
    with listening(binding("absent"), ready=False) as listener:
        listener.until(lambda: "source_id 'present'" in str(listener.driver.missing()), "what is there")
        assert "no stream source_id 'absent'" in listener.driver.missing()[0]
        assert "type 'ECG'" in listener.driver.missing()[0]


def test_a_stream_that_comes_late_is_opened(outlets: list[Outlet]) -> None:
    with listening(binding("late"), ready=False) as listener:
        listener.until(lambda: bool(listener.driver.missing()), "a first look")
        outlets.append(outlet("late"))
        listener.until(listener.driver.ready, "the late stream")
        assert listener.driver.streams()[0].sfreq == 100.0


def test_what_arrived_before_the_stop_is_still_delivered(outlets: list[Outlet]) -> None:
    outlets.append(outlet("last"))
    with listening(binding("last")) as listener:
        push(outlets[0], np.zeros((10, 1)))
        listener.until(lambda: len(listener.values("last ecg")) == 10, "the first samples")
        push(outlets[0], np.ones((10, 1)))
        link = listener.driver._links["last"]
        wait_for(lambda: link._pinned._raw.samples_available() > 0, "samples in the inlet")  # type: ignore[attr-defined]
        listener.driver.stop()
        listener.drain()
        assert len(listener.values("last ecg")) == 20


def test_a_sender_that_was_killed_and_started_again_goes_on_without_duplicates() -> None:
    with ExitStack() as stack:
        killed = stack.enter_context(sender("again", 0))
        listener = stack.enter_context(listening(binding("again")))
        listener.until(lambda: len(listener.values("again ecg")) > 50, "samples of the first sender")
        killed.kill()
        killed.wait()
        before = listener.values("again ecg")
        stack.enter_context(sender("again", 1_000_000))
        listener.until(
            lambda: bool(np.any(listener.values("again ecg") >= 1_000_000)), "samples of the second"
        )
        listener.until(lambda: any(n.kind == "segment" for n in notices(listener)), "the notice")
    values, times = listener.values("again ecg")[:, 0], listener.times("again ecg")
    assert len(values) > len(before)
    assert len(np.unique(values)) == len(values)
    assert np.all(np.diff(times) > 0)
    gap = np.diff(times)[np.searchsorted(values, 1_000_000) - 1]
    assert gap > 0.1


def test_a_rival_that_appears_later_never_takes_over(outlets: list[Outlet]) -> None:
    with ExitStack() as stack:
        own = stack.enter_context(sender("mine", 0))
        listener = stack.enter_context(listening(binding("mine")))
        listener.until(lambda: len(listener.values("mine ecg")) > 10, "samples")
        stack.enter_context(sender("mine", 1_000_000))
        listener.until(lambda: any("claims" in n.message for n in notices(listener)), "the rival is seen")
        own.kill()
        own.wait()
        listener.until(lambda: any(n.kind == "lost" for n in notices(listener)), "the loss")
        assert not listener.driver.ready()
    assert np.all(listener.values("mine ecg") < 1_000_000)
