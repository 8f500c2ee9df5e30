"""Devices that change hands while they are recorded: from the next slice on all is the other person's."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.commands.files import verify_command
from acquisition.commands.hands import swap_command
from acquisition.errors import AttunementError, ControlError, Reassigned
from acquisition.event import Event, Notice
from acquisition.recorder import replacing
from acquisition.recorder.control import Client
from acquisition.recording.contents import STOOD_STILL
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.session.session import Consent, Participant
from acquisition.stream import Chunk, Modality, Role
from tests.acquisition.recorder.test_recorder import recording
from tests.acquisition.sine_driver import SESSION, SineDriver, info
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


CLIENTS, THERAPISTS = 1234.5677490234375, 4321.12353515625
"""What the device that the client wears first sends, and the therapist's: found again in the bytes."""


def valued() -> SineDriver:
    driver = SineDriver()
    driver.value = {Role.CLIENT: CLIENTS, Role.THERAPIST: THERAPISTS}
    return driver


def passes(client: Client, n: int = 4) -> None:
    ticks = client.status()["ticks"] + n
    wait_for(lambda: client.status()["ticks"] >= ticks)


def count(path: Path, role: str, value: float) -> int:
    return (path / f"{role}.xdf").read_bytes().count(struct.pack("<f", value))


def values(path: Path, role: Role) -> set[float]:
    chunks = [i for i in Recording(path) if isinstance(i, Chunk) and i.info.role is role]
    return {float(v) for c in chunks for v in c.samples[:, 0]}


def test_swapped_from_now_each_file_takes_the_other_device_from_the_next_slice_on(tmp_path: Path) -> None:
    driver, parent = valued(), tmp_path / "out"
    with recording(driver, parent) as client:
        passes(client)
        event = client.swap()
        assert (event.code, event.actor, event.value) == ("assign", "system", "client ⇄ therapist from now")
        passes(client)
        [path] = parent.iterdir()
        before = count(path, "client", CLIENTS)
        passes(client, 8)
        assert count(path, "client", CLIENTS) == before > 0
        assert count(path, "client", THERAPISTS) > 0
        states = {(s["role"], s["name"]): s["state"] for s in client.status()["streams"]}
        assert states == {("client", "ECG 2"): "ok", ("therapist", "ECG 2"): "ok"}
    assert verify(path) == []
    told = [i.message for i in Recording(path) if isinstance(i, Notice)]
    assert [line for line in told if STOOD_STILL not in line] == []  # a busy machine may hold the recorder up
    (said,) = [i for i in Recording(path) if isinstance(i, Event) and i.code == "assign"]
    assert said.id == event.id
    names = [(str(i.role), i.name) for i in Recording(path).streams]
    assert names == [("client", "ECG"), ("therapist", "ECG 2"), ("therapist", "ECG"), ("client", "ECG 2")]
    assert values(path, Role.CLIENT) == {CLIENTS, THERAPISTS}


def test_swapped_from_the_start_all_is_the_other_persons_and_verify_names_where_it_stands(
    tmp_path: Path,
) -> None:
    driver, parent = valued(), tmp_path / "out"
    with recording(driver, parent) as client:
        passes(client)
        done = CliRunner().invoke(swap_command, ["--from-start", "--only", "heart"])
        assert done.output == "client ⇄ therapist from the start (heart)\n"
        passes(client)
    [path] = parent.iterdir()
    assert values(path, Role.CLIENT) == {THERAPISTS}
    assert values(path, Role.THERAPIST) == {CLIENTS}
    assert [(str(i.role), i.name) for i in Recording(path).streams] == [
        ("therapist", "ECG"),
        ("client", "ECG"),
    ]
    said = CliRunner().invoke(verify_command, [str(path)])
    assert said.exit_code == 0
    assert "client.xdf: ECG: from slice 0 to " in said.output
    assert "the therapist's, as assigned later" in said.output


def test_an_undone_swap_never_was_and_goes_back_from_the_next_slice_on(tmp_path: Path) -> None:
    driver, parent = valued(), tmp_path / "out"
    with recording(driver, parent) as client:
        passes(client)
        client.swap()
        passes(client)
        client.undo()
        passes(client, 6)
        states = {(s["role"], s["name"]) for s in client.status()["streams"]}
        assert states == {("client", "ECG"), ("therapist", "ECG")}
    [path] = parent.iterdir()
    assert count(path, "client", THERAPISTS) > 0  # so there was something to put right
    assert values(path, Role.CLIENT) == {CLIENTS}
    assert values(path, Role.THERAPIST) == {THERAPISTS}


def test_the_device_goes_under_the_pause_of_whose_it_is_now(tmp_path: Path) -> None:
    driver, parent = valued(), tmp_path / "out"
    with recording(driver, parent) as client:
        client.pause("therapist")
        passes(client)
        client.swap()
        passes(client, 6)
        [path] = parent.iterdir()
        assert count(path, "therapist", CLIENTS) == 0
        assert count(path, "client", THERAPISTS) > 0
        before = count(path, "client", CLIENTS)
        passes(client)
        assert count(path, "client", CLIENTS) == before
        client.resume("therapist")
        wait_for(lambda: count(path, "therapist", CLIENTS) > 0)
    assert verify(path) == []


def test_nothing_is_stored_of_a_device_to_which_its_new_person_did_not_consent(tmp_path: Path) -> None:
    driver, parent = valued(), tmp_path / "out"
    driver.infos = [info(Role.CLIENT), replace(info(Role.THERAPIST, Modality.EDA), name="EDA")]
    session = replace(SESSION, client=Participant("C07", Consent(version="1", ecg=True)))
    with recording(driver, parent, session) as client:
        passes(client)
        client.swap("start")
        passes(client, 6)
    [path] = parent.iterdir()
    assert count(path, "client", THERAPISTS) == 0
    assert count(path, "therapist", CLIENTS) > 0
    assert values(path, Role.CLIENT) == set()
    assert [(str(i.role), str(i.modality)) for i in Recording(path).streams] == [("therapist", "ecg")]


def test_what_follows_a_recording_is_told_that_devices_changed_hands(tmp_path: Path) -> None:
    driver, parent = valued(), tmp_path / "out"
    with recording(driver, parent) as client:
        [path] = parent.iterdir()
        followed = Recording(path, follow=True)
        wait_for(lambda: followed.poll() is not None)
        client.swap()
        with pytest.raises(Reassigned):
            wait_for(lambda: followed.poll() is None and False)
        again = Recording(path, follow=True)
        wait_for(lambda: again.poll() is not None)
        assert len(again.epochs) == 2


def test_wrong_words_are_refused_and_name_the_choices(tmp_path: Path) -> None:
    with recording(valued(), tmp_path / "out") as client:
        passes(client)
        with pytest.raises(ControlError, match="one of start, now"):
            client.swap("yesterday")
        with pytest.raises(ControlError, match="one of heart, skin, breath, voice"):
            client.swap("now", ["belt"])
        with pytest.raises(ControlError, match=r"no such device is expected \(streams: ecg"):
            client.swap("now", ["skin"])
        with pytest.raises(AttunementError, match="profile"):
            client.replace("client", "no_such_thing", source_id="x")
        with pytest.raises(ControlError, match="nothing to replace"):
            client.replace("client", "lsl_eda", source_id="x")
        with pytest.raises(ControlError, match="unknown field 'colour'"):
            client.replace("client", "lsl_ecg", source_id="x", colour="red")
        passes(client)


def test_a_new_device_takes_the_place_of_another_in_the_same_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = SineDriver(info(Role.CLIENT, sfreq=200.0))
    spare.value, spare.open = {Role.CLIENT: 77.25}, False
    monkeypatch.setattr(replacing, "opener", lambda _: lambda devices, session: spare)
    driver, parent = valued(), tmp_path / "out"
    with recording(driver, parent) as client:
        passes(client)
        assert client.replace("client", "lsl_ecg", source_id="spare") == "client lsl_ecg (spare)"
        passes(client)
        [path] = parent.iterdir()
        assert count(path, "client", 77.25) == 0  # it is not open yet: the old one goes on
        spare.open = True
        wait_for(lambda: count(path, "client", 77.25) > 0)
        before = count(path, "client", CLIENTS)
        passes(client, 6)
        assert count(path, "client", CLIENTS) == before
        names = {(s["role"], s["name"]) for s in client.status()["streams"]}
        assert names == {("client", "ECG 2"), ("therapist", "ECG")}
    assert spare.stopped == 1
    assert verify(path) == []
    found = Recording(path)
    assert [(str(i.role), i.name, i.sfreq) for i in found.streams] == [
        ("client", "ECG", 100.0),
        ("therapist", "ECG", 100.0),
        ("client", "ECG 2", 200.0),
    ]
    items = list(found)
    times = np.concatenate([i.times for i in items if isinstance(i, Chunk) and i.info.name == "ECG 2"])
    assert len(times) > 20
    told = [i.message for i in items if isinstance(i, Notice)]
    assert told == []
