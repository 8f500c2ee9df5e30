from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acquisition.event import Event, Notice
from acquisition.events.pauses import Pauses
from acquisition.stream import Chunk, ClockOffset, Modality, Role, StreamInfo
from tests.acquisition.sine_driver import info

ON = Event(time=10.0, code="consent_pause", phase="on", actor="client")
ECG = info(Role.CLIENT)


def chunk(stream: StreamInfo, *times: float, values: tuple[float, ...] = ()) -> Chunk:
    samples = np.array(values or [0.0] * len(times))
    return Chunk(stream, np.array(times), samples[:, None])


def kept(pauses: Pauses, item: Chunk) -> list[float]:
    out = pauses.admit(item)
    assert out is None or isinstance(out, Chunk)
    return [] if out is None else out.times.tolist()


def resumed(at: float = 20.0) -> Pauses:
    pauses = Pauses()
    pauses.pause(ON)
    pauses.resume(Role.CLIENT, at)
    return pauses


def test_everything_of_a_paused_person_is_withheld_and_nothing_of_the_other() -> None:
    pauses = Pauses()
    pauses.pause(ON)
    assert kept(pauses, chunk(ECG, 5.0, 11.0)) == []
    assert pauses.admit(Notice(time=11.0, kind="gap", role=Role.CLIENT)) is None
    assert kept(pauses, chunk(info(Role.THERAPIST), 11.0)) == [11.0]


def test_after_the_resume_what_is_stamped_before_it_is_withheld() -> None:
    assert kept(resumed(), chunk(ECG, 19.99, 20.0, 20.01)) == [20.0, 20.01]


def test_remote_stamps_are_compared_on_this_machines_clock() -> None:
    pauses = Pauses()
    pauses.pause(ON)
    offset = ClockOffset(ECG, 1000.0, -990.0)
    assert pauses.admit(offset) is None
    assert pauses.resume(Role.CLIENT, 20.0) == [offset]
    assert kept(pauses, chunk(ECG, 1009.0, 1010.5)) == [1010.5]


@pytest.mark.parametrize("modality", [Modality.RR, Modality.PPI])
def test_an_interval_that_began_in_the_pause_is_withheld(modality: Modality) -> None:
    stream = replace(info(Role.CLIENT, modality, 0.0), unit="ms")
    beats = chunk(stream, 20.79, 20.81, 21.3, values=(800.0, 800.0, 800.0))
    assert kept(resumed(), beats) == [20.81, 21.3]


def test_a_stream_of_the_room_is_withheld_while_either_is_paused_but_markers_are_not() -> None:
    room, markers = info(Role.DYAD, Modality.VOICE, 1.0), info(Role.DYAD, Modality.MARKERS, 0.0)
    pauses = Pauses()
    pauses.pause(ON)
    assert kept(pauses, chunk(room, 11.0)) == []
    assert kept(pauses, chunk(markers, 11.0)) == [11.0]
    assert kept(resumed(), chunk(room, 19.0, 21.0)) == [21.0]


@pytest.mark.parametrize(("client", "therapist"), [(20.0, 30.0), (30.0, 20.0)])
def test_what_the_room_heard_counts_from_the_later_of_two_resumes(client: float, therapist: float) -> None:
    room = info(Role.DYAD)
    pauses = Pauses()
    for role in (Role.CLIENT, Role.THERAPIST):
        pauses.pause(replace(ON, actor=str(role)))
    ends = {Role.CLIENT: client, Role.THERAPIST: therapist}
    for role, at in sorted(ends.items(), key=lambda item: item[1]):
        pauses.resume(role, at)
    assert kept(pauses, chunk(room, 19.0, 25.0, 29.9, 30.0, 31.0)) == [30.0, 31.0]
    assert kept(pauses, chunk(info(Role.CLIENT), 19.0, 25.0, 31.0)) == [
        t for t in (19.0, 25.0, 31.0) if t >= client
    ]


def test_markers_of_the_room_go_on_while_a_person_is_paused() -> None:
    markers = replace(info(Role.DYAD), modality=Modality.MARKERS)
    pauses = Pauses()
    pauses.pause(ON)
    assert kept(pauses, chunk(markers, 11.0)) == [11.0]
    assert kept(pauses, chunk(info(Role.DYAD), 11.0)) == []
    assert kept(resumed(), chunk(markers, 19.0, 21.0)) == [19.0, 21.0]


def test_a_stream_of_the_room_is_kept_where_nobody_was_ever_paused() -> None:
    sound = replace(info(Role.DYAD), modality=Modality.RESP)
    assert kept(Pauses(), chunk(sound, 1.0, 2.0)) == [1.0, 2.0]
