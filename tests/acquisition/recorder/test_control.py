from __future__ import annotations

import json
import os
import queue
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.errors import ControlError
from acquisition.event import Event
from acquisition.recorder.control import MAX_LINE, Client, endpoints
from acquisition.recorder.control_server import Request, Server
from acquisition.recorder.door import WAITING
from acquisition.runtime import runtime_directory
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path / "run" / "attunement"


class Desk:
    """Answer requests of a server in a thread, as a recorder does; keep what was asked."""

    def __init__(self, recording: Path) -> None:
        self.server = Server(recording)
        self.asked: list[Request] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        while not self._end.wait(0.005):
            for request in self.server.take():
                self.asked.append(request)
                if request.command == "mark" and "code" not in request.fields:
                    request.refuse("no code")
                else:
                    request.answer(event=request.fields, state="recording")

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self.server.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "2026-11-22_D07_S03")
    yield desk
    desk.close()


def talk(port: int, *lines: bytes) -> list[bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link, link.makefile("rb") as file:
        link.sendall(b"".join(lines))
        link.shutdown(socket.SHUT_WR)
        return file.readlines()


def test_a_command_makes_the_round_trip(desk: Desk) -> None:
    client = Client.find()
    assert client.status()["state"] == "recording"
    event = client.mark(Event(time=12.5, code="now_moment", source="key"))
    assert (event.code, event.time) == ("now_moment", 12.5)
    client.pause("client")
    client.stop()
    assert [r.command for r in desk.asked] == ["status", "mark", "pause", "stop"]


def test_a_time_that_is_nan_is_left_to_the_recorder(desk: Desk) -> None:
    with pytest.raises(TypeError):  # this desk stamps nothing
        Client.find().mark(Event(time=float("nan"), code="now_moment"))
    assert "time" not in desk.asked[0].fields


def test_a_refusal_is_an_error_with_the_reason(desk: Desk) -> None:
    with pytest.raises(ControlError, match=r"^no code$"):
        Client.find().call("mark")


def test_only_the_user_can_read_the_token(desk: Desk, runtime: Path) -> None:
    [file] = runtime.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    assert desk.server.token not in repr(Client.find().endpoint)


def test_a_directory_that_others_can_read_is_refused(runtime: Path) -> None:
    runtime_directory()
    runtime.chmod(0o755)
    with pytest.raises(ControlError, match=r"only you can read"):
        runtime_directory()


def test_without_a_runtime_directory_a_private_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    path = runtime_directory()
    assert path == tmp_path / f"attunement-{os.getuid()}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_no_recorder_is_an_error() -> None:
    with pytest.raises(ControlError, match=r"no recorder is running"):
        Client.find()
    with pytest.raises(ControlError, match=r"no recorder writes D09 \(running: none\)"):
        Client.find("D09")


def test_of_several_recorders_one_must_be_named(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "2026-11-22_D08_S01")
    try:
        with pytest.raises(ControlError, match=r"several recorders.*D07_S03, 2026-11-22_D08_S01 \(say which"):
            Client.find()
        assert Client.find("2026-11-22_D08_S01").endpoint.port == other.server.port
        assert Client.find(tmp_path / "2026-11-22_D07_S03").endpoint.port == desk.server.port
    finally:
        other.close()
    assert Client.find().endpoint.port == desk.server.port


def test_the_file_of_a_killed_recorder_is_swept(runtime: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stale = runtime_directory() / "gone-1-1.json"
    stale.write_text(json.dumps({"recording": "/gone", "port": port, "token": "x", "pid": 1}))
    (runtime / "half.json").write_text("{")
    assert endpoints() == []
    assert not stale.exists()


def test_a_wrong_token_is_refused_and_the_connection_closed(desk: Desk) -> None:
    line = json.dumps({"token": "wrong", "command": "stop"}).encode() + b"\n"
    answers = talk(desk.server.port, line, line)
    assert [json.loads(a) for a in answers] == [{"ok": False, "error": "bad token"}]
    assert desk.asked == []


@pytest.mark.parametrize(
    "line", [b"hello\n", b"[1]\n", b"\xff\xfe\n", b"{}\n", b'{"command": 1}\n', b"[" * 5000 + b"\n"]
)
def test_a_malformed_line_is_answered_and_the_connection_goes_on(desk: Desk, line: bytes) -> None:
    good = json.dumps({"token": desk.server.token, "command": "status"}).encode() + b"\n"
    first, second = (json.loads(a) for a in talk(desk.server.port, line, good))
    assert not first["ok"]
    assert second["ok"]


def test_a_line_without_end_is_cut_off(desk: Desk) -> None:
    [answer] = talk(desk.server.port, b"x" * (MAX_LINE + 1))
    assert "longer than" in json.loads(answer)["error"]
    assert Client.find().status()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=80),
        st.dictionaries(
            st.sampled_from(["command", "token", "x"]),
            st.one_of(st.none(), st.text(max_size=8), st.integers()),
        ).map(lambda d: json.dumps(d).encode()),
    )
)
def test_any_line_gets_an_answer(desk: Desk, line: bytes) -> None:
    answer = desk.server.reply(line)
    assert answer["ok"] is False
    json.dumps(answer)


CROWD = """
import encodings.idna, os, socket, sys
if hasattr(os, "getuid") and os.getuid() == 0:
    os.setuid(65534)
links = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(int(sys.argv[2]))]
for link in links[: len(links) // 2]:
    link.sendall(b"{")
print(len({link.getsockname() for link in links}), flush=True)
sys.stdin.read()
"""


@contextmanager
def crowd(port: int, n: int) -> Iterator[None]:
    """Keep silent connections open, another user's where that is possible; half of them begin to speak."""
    command = [sys.executable, "-c", CROWD, str(port), str(n)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline().split() == [str(n).encode()]
        yield
    finally:
        child.communicate()


@pytest.mark.parametrize("n", [100, 500])
def test_silent_connections_of_anybody_hold_up_no_pause_and_no_stop(desk: Desk, n: int) -> None:
    with crowd(desk.server.port, n):
        client = Client.find()
        for command in ("pause", "resume", "stop", "status") * 5:
            began = time.monotonic()
            client.call(command, role="client")
            assert time.monotonic() - began < 2.0
    assert [r.command for r in desk.asked] == ["pause", "resume", "stop", "status"] * 5


def test_those_who_knock_again_and_again_hold_up_nobody(desk: Desk) -> None:
    end = threading.Event()
    knocks = []

    def knock() -> None:
        while not end.is_set():
            with suppress(OSError):
                talk(desk.server.port, b'{"command": "stop", "token": ""}\n')
                knocks.append(1)

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        for _ in range(20):
            assert Client.find().status()
        assert knocks
    finally:
        end.set()
        thread.join()
    assert {r.command for r in desk.asked} == {"status"}


def test_of_too_many_silent_ones_the_first_has_to_go(desk: Desk) -> None:
    links = [socket.create_connection(("127.0.0.1", desk.server.port)) for _ in range(WAITING + 1)]
    links[0].settimeout(60)
    assert links[0].recv(1) == b""
    for link in links:
        link.close()


def test_a_place_that_another_has_taken_is_named_and_another_serves(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "squatter").mkdir(mode=0o700)
    runtime.parent.mkdir()
    runtime.symlink_to(tmp_path / "squatter")
    assert runtime.is_dir()  # it is taken
    with caplog.at_level("WARNING"):
        found = runtime_directory()
    assert found == tmp_path / f"attunement-{os.getuid()}"
    assert f"{runtime}: is a link that user '" in caplog.text
    desk = Desk(tmp_path / "r")  # a recorder begins all the same, and is found
    try:
        assert Client.find().status()
    finally:
        desk.close()


def test_where_every_place_is_anothers_the_owner_and_the_way_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    me = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: me + 12345)
    with pytest.raises(
        ControlError, match=rf"belongs to user '\w+' \(uid {me}\), not to you; .*XDG_RUNTIME_DIR"
    ):
        runtime_directory()


def test_a_recorder_that_stops_refuses_what_still_waits(tmp_path: Path) -> None:
    server = Server(tmp_path / "r")
    answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    line = json.dumps({"token": server.token, "command": "status"}).encode()
    thread = threading.Thread(target=lambda: answers.put(server.reply(line)))
    thread.start()
    wait_for(lambda: not server._requests.empty(), "the request waits")
    server.close()
    assert answers.get(timeout=60) == {"ok": False, "error": "the recorder stops"}
    thread.join()
