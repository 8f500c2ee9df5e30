"""A stream whose outlet is another than at the check: from the check to the results, by commands alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.event import Event, Notice
from acquisition.recorder.control import Client
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.runtime import runtime_directory
from acquisition.stream import Chunk
from acquisition.xdf.foreign import load_foreign
from processing.config import PipelineConfig
from processing.results.session_run import run_recording
from tests.acquisition.lsl_sender import sender
from tests.waiting import wait_for

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

SESSION = """\
[session]
id = "sender"
crisis_contact = "none: numbers only"
[client]
code = "C00"
consent = { version = "1", ecg = true, view = true }
[therapist]
code = "T00"
consent = { version = "1" }
[[device]]
role = "client"
profile = "lsl_ecg"
source_id = "room"
"""
AT_THE_CHECK, SINCE = 100_000, 200_000
"""First sample of the sender that was checked, and of the one that came in its place."""


@dataclass
class Room:
    """A laboratory with a checked session, while another outlet has taken the place of the checked one."""

    folder: Path

    def attune(self, *words: str, code: int = 0) -> str:
        """Run a command."""
        command = [sys.executable, "-m", "viewer.cli", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def recording(self) -> Iterator[Path]:
        """Record until the end of the block, once the stream waits and some of it was kept apart."""
        command = [sys.executable, "-m", "viewer.cli", "record", "session.toml", "--out", "out", "--json"]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: list(self.folder.glob("out/*/unconfirmed/*.xdf")), "something kept apart")
            (path,) = self.folder.glob("out/*")
            yield path
            Client.find().stop()
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Check the devices once, and return what is remembered of it."""
    folder = tmp_path_factory.mktemp("check")
    (folder / "session.toml").write_text(SESSION, "utf-8")
    words = [sys.executable, "-m", "viewer.cli", "devices", "check", "session.toml", "--seconds", "1"]
    own = os.environ | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with sender("room", AT_THE_CHECK):
        said = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=own)
    (kept,) = folder.rglob("checked.json")
    text = kept.read_text("utf-8")
    assert "room" in json.loads(text), said
    return text


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: str) -> Iterator[Room]:
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    assert os.environ["ATTUNEMENT_LSL_SESSION"]  # no other run is met
    (runtime_directory() / "checked.json").write_text(checked, "utf-8")
    (tmp_path / "session.toml").write_text(SESSION, "utf-8")
    with sender("room", SINCE):
        yield Room(tmp_path)


def stored(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return stamps and values in the client's file."""
    chunks = [i for i in Recording(path) if isinstance(i, Chunk)]
    if not chunks:
        return np.empty(0), np.empty(0)
    return np.concatenate([c.times for c in chunks]), np.concatenate([c.samples[:, 0] for c in chunks])


def answers(path: Path) -> list[Event]:
    return [i for i in Recording(path) if isinstance(i, Event) and i.code == "confirm"]


def status_when(ticks: int) -> dict[str, Any]:
    client = Client.find()
    until = client.status()["ticks"] + ticks
    wait_for(lambda: client.status()["ticks"] >= until)
    return client.status()


def test_confirmed_it_is_the_persons_from_then_on_in_file_and_pipeline(room: Room) -> None:
    with room.recording() as path:
        assert status_when(5)["waiting"][0]["why"].startswith("its outlet is another than at the check")
        assert room.attune("confirm").startswith("client room ecg: 'stream room of ")
        assert "confirmed" in room.attune("confirm", "client room ecg")
        assert status_when(80)["waiting"] == []
    times, values = stored(path)
    (said,) = answers(path)
    assert (said.actor, said.value) == ("system", "client room ecg")
    assert times[0] >= said.time and len(times) > 100
    assert (np.diff(values) == 1).all() and values[0] > SINCE, "one stretch, without what came before"
    (file,) = (path / "unconfirmed").iterdir()
    (kept,) = [s for s in load_foreign(file) if len(s.times)]
    assert kept.times[-1] < said.time
    assert kept.samples[-1, 0] < values[0] <= kept.samples[-1, 0] + 40, "next to nothing lies between"
    assert verify(path) == []
    rows = run_recording(path, config=PipelineConfig()).samples
    assert rows and not [r for r in rows if r.entity == "client" and not r.reason and r.time < times[0]]


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "unanswered"])
def test_refused_or_unanswered_it_is_deleted_counted_and_never_the_persons(room: Room, refused: bool) -> None:
    with room.recording() as path:
        status_when(10)
        if refused:
            assert "samples deleted" in Client.find().confirm("client room ecg", yes=False).note
            assert status_when(10)["waiting"] == []
    assert not (path / "unconfirmed").exists()
    assert len(stored(path)[0]) == 0
    told = [i.message for i in Recording(path) if isinstance(i, Notice) and "never confirmed" in i.message]
    notes = [e.note for e in answers(path)]
    (said,) = notes if refused else told
    assert [int(w) for w in said.replace(";", " ").split() if w.isdecimal()][-1] > 20, "counted"
    assert verify(path) == []
