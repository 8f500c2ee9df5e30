"""A stream from elsewhere waits for a confirmation: kept apart, and never used before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.cli import confirm_command
from acquisition.drivers import Waiting
from acquisition.errors import ControlError
from acquisition.event import Event, Notice
from acquisition.lsl.clock import local_clock
from acquisition.recorder import unconfirmed
from acquisition.recorder.control import Client
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Chunk, ClockOffset, Role
from acquisition.xdf.foreign import load_foreign
from tests.acquisition.recorder.test_recorder import recording
from tests.acquisition.sine_driver import SineDriver, info
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

ODD = info(Role.CLIENT, name="odd")


class Impostor(SineDriver):
    """Send sines of both people, and one more stream whose sender is in doubt."""

    def __init__(self) -> None:
        super().__init__()
        self.doubted, self.refused, self.apart = True, False, 0

    def waiting(self) -> list[Waiting]:
        said = {
            "source_id": "o-1",
            "sender": "'odd' (host elsewhere) uid b",
            "why": "it comes from elsewhere",
        }
        return [Waiting(role=Role.CLIENT, name="odd", since=1.0, **said)] if self.doubted else []

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        if not self.doubted:
            return []
        self.apart += 1
        return [Chunk(ODD, np.array([local_clock()]), np.array([[7.5]], np.float32))]

    def confirm(self, key: tuple[Role, str], *, yes: bool) -> None:
        assert key == ODD.key
        self.doubted, self.refused = False, not yes


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def apart(path: Path) -> list[Path]:
    return sorted((path / "unconfirmed").glob("*")) if (path / "unconfirmed").exists() else []


def waited(driver: Impostor, client: Client, parent: Path) -> Path:
    """Wait until something was kept apart."""
    wait_for(lambda: driver.apart > 3)
    ticks = client.status()["ticks"]
    wait_for(lambda: client.status()["ticks"] > ticks)
    [path] = parent.iterdir()
    return path


def test_confirmed_it_is_recorded_from_then_on_and_what_came_before_stays_apart(tmp_path: Path) -> None:
    driver, parent = Impostor(), tmp_path / "out"
    with recording(driver, parent) as client:
        path = waited(driver, client, parent)
        (waiting,) = client.status()["waiting"]
        assert (waiting["role"], waiting["name"]) == ("client", "odd")
        event = client.confirm("client odd")
        late = event.time + 1.0
        driver.extra.append(Chunk(ODD, np.array([late]), np.array([[8.5]], np.float32)))
        wait_for(lambda: not driver.extra)
        assert client.status()["waiting"] == []
    items = list(Recording(path))
    odd = [i for i in items if isinstance(i, Chunk) and i.info.name == "odd"]
    assert [c.samples.tolist() for c in odd] == [[[8.5]]]
    (said,) = [i for i in items if isinstance(i, Event) and i.code == "confirm"]
    assert (said.actor, said.value) == ("system", "client odd")
    (file,) = apart(path)
    assert file.name == "client_odd.xdf" and file.stat().st_mode & 0o077 == 0
    (kept,) = [s for s in load_foreign(file) if s.header.name == "odd"]
    assert len(kept.times) >= 3 and set(kept.samples[:, 0].tolist()) == {7.5}
    assert verify(path) == []
    file.write_bytes(file.read_bytes()[:-1])
    assert [f.file for f in verify(path)] == ["unconfirmed/client_odd.xdf"]


@pytest.mark.parametrize("answered", [True, False], ids=["denied", "unanswered"])
def test_denied_or_unanswered_it_is_deleted_and_counted(tmp_path: Path, answered: bool) -> None:
    driver, parent = Impostor(), tmp_path / "out"
    with recording(driver, parent) as client:
        path = waited(driver, client, parent)
        assert len(apart(path)) == 1  # so there was something to delete
        if answered:
            client.confirm("odd", yes=False)
            assert driver.refused
            assert apart(path) == []
    assert not (path / "unconfirmed").exists()
    assert verify(path) == []
    items = list(Recording(path))
    said = [i.note for i in items if isinstance(i, Event) and i.code == "confirm"]
    told = [i.message for i in items if isinstance(i, Notice) and "never confirmed" in i.message]
    assert (len(said), len(told)) == ((1, 0) if answered else (0, 1))
    assert "samples deleted" in said[0] if answered else "are deleted" in told[0]
    assert (
        b"odd" not in (path / "client.xdf").read_bytes().replace(told[0].encode() if told else b"", b"")
        or told
    )


def test_nothing_of_a_paused_person_is_kept_apart_either(tmp_path: Path) -> None:
    driver, parent = Impostor(), tmp_path / "out"
    with recording(driver, parent) as client:
        path = waited(driver, client, parent)
        client.pause("client")
        ticks = client.status()["ticks"] + 2
        wait_for(lambda: client.status()["ticks"] >= ticks)
        (file,) = apart(path)
        before = file.read_bytes().count(np.float32(7.5).tobytes())
        wait_for(lambda: client.status()["ticks"] >= ticks + 5)
        assert file.read_bytes().count(np.float32(7.5).tobytes()) == before > 0


def test_a_sender_in_doubt_cannot_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unconfirmed, "MOST", 20_000)
    driver, parent = Flood(), tmp_path / "out"
    with recording(driver, parent) as client:
        wait_for(lambda: driver.apart > 12)
        (file,) = apart(next(parent.iterdir()))
        assert 20_000 <= file.stat().st_size < 60_000
        event = client.confirm("client odd", yes=False)
        sent = driver.apart * 1000
    assert int(event.note.split()[-3]) in range(sent - 3000, sent + 1), "all is counted"


def test_what_was_on_its_way_at_the_confirmation_is_no_stream_that_waits(tmp_path: Path) -> None:
    driver, parent = Late(), tmp_path / "out"
    with recording(driver, parent) as client:
        path = waited(driver, client, parent)
        client.confirm("client odd")
        seen = driver.apart
        wait_for(lambda: driver.apart > seen + 2)
        assert len(apart(path)) == 1
    assert len(apart(path)) == 1
    assert not [i for i in Recording(path) if isinstance(i, Notice) and "never confirmed" in i.message]


class Flood(Impostor):
    """Send a thousand samples a call while in doubt."""

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        times = local_clock() + np.arange(1000) / 1e4
        return [Chunk(ODD, times, np.full((1000, 1), 7.5, np.float32)) for _ in super().unconfirmed()]


class Late(Impostor):
    """Go on to hand out what came before the confirmation."""

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        self.apart += 1
        return [Chunk(ODD, np.array([local_clock() - 1.0]), np.array([[7.5]], np.float32))]


def test_a_stream_that_does_not_wait_cannot_be_confirmed(tmp_path: Path) -> None:
    with recording(Impostor(), tmp_path / "out") as client, pytest.raises(ControlError) as refused:
        client.confirm("ECG")
    assert "'ECG' does not wait" in str(refused.value) and "client odd" in str(refused.value)


def test_an_answer_for_one_sender_is_not_taken_for_another(tmp_path: Path) -> None:
    with recording(Impostor(), tmp_path / "out") as client:
        (waiting,) = client.waiting()
        with pytest.raises(
            ControlError, match=r"comes from somebody else by now: 'odd' \(host elsewhere\) uid b"
        ):
            client.confirm("client odd", sender=waiting["sender"] + "c")
        assert client.waiting() == [waiting]
        event = client.confirm("client odd", sender=waiting["sender"], source="key")
        assert event.source == "key"
        with pytest.raises(ControlError, match="no mark 'confirm' to undo"):
            client.undo("confirm")
        with pytest.raises(ControlError, match="written by the software only"):
            client.call("mark", code="confirm")


def test_the_command_lists_and_confirms(tmp_path: Path) -> None:
    driver = Impostor()
    with recording(driver, tmp_path / "out"):
        wait_for(lambda: driver.apart > 1)
        listed = CliRunner().invoke(confirm_command, [])
        assert listed.output == "client odd: 'odd' (host elsewhere) uid b: it comes from elsewhere\n"
        done = CliRunner().invoke(confirm_command, ["o-1", "--json"])
        assert '"code": "confirm"' in done.output
        assert CliRunner().invoke(confirm_command, []).output == "no stream waits for a confirmation\n"
        again = CliRunner().invoke(confirm_command, ["odd"])
        assert again.exit_code == 1
