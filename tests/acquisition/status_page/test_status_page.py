"""The page outside the room: only who was let in sees it, it tells of devices alone, and it tells in time."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from acquisition.errors import ControlError
from acquisition.recorder.control import Client
from acquisition.status_page.app import LIFE, Door
from acquisition.status_page.serving import address_of
from acquisition.status_page.shown import GONE, over, shown
from acquisition.status_page.watch import Watch
from acquisition.stream import Modality, Role
from tests.acquisition.recorder.test_recorder import recording
from tests.acquisition.sine_driver import SESSION, SineDriver, info
from tests.acquisition.status_page.browser import Browser
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).resolve().parents[3]
CODES = (SESSION.id, SESSION.dyad, SESSION.client.code, SESSION.therapist.code)
IN_TIME = 3.0
"""Seconds within which a lost device or recorder must be on the page."""


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def driver() -> SineDriver:
    belts = [info(Role.CLIENT), info(Role.THERAPIST), info(Role.THERAPIST, Modality.EDA, 4.0)]
    return SineDriver(*belts)


@dataclass
class Phone:
    """Ask as a phone does, and keep every byte that comes back."""

    host: str
    port: int
    secure: bool = False
    cookie: str = ""
    heard: list[bytes] = field(default_factory=list)

    def ask(self, method: str, path: str, host: str = "") -> tuple[int, dict[str, str], bytes]:
        link = self._link()
        headers = ({"Cookie": self.cookie} if self.cookie else {}) | ({"Host": host} if host else {})
        link.request(method, path, headers=headers)
        answer = link.getresponse()
        said, body = {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        self.heard += [body, json.dumps(said).encode()]
        link.close()
        return answer.status, said, body

    def enter(self, token: str) -> None:
        status, said, _ = self.ask("POST", f"/enter/{token}")
        assert status == 303
        self.cookie = said["set-cookie"].split(";")[0]
        self.flags = said["set-cookie"].lower()

    def _link(self) -> http.client.HTTPConnection:
        if not self.secure:
            return http.client.HTTPConnection(self.host, self.port, timeout=60)
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=60, context=ssl._create_unverified_context()
        )

    def states(self) -> Generator[dict[str, Any], None, None]:
        """Yield what is pushed."""
        with closing(self._link()) as link:
            link.request("GET", "/events", headers={"Cookie": self.cookie})
            with link.getresponse() as answer:
                assert answer.status == 200
                while line := answer.readline():
                    self.heard.append(line)
                    if line.startswith(b"data:"):
                        yield json.loads(line[5:])


@contextmanager
def served(*more: str) -> Iterator[tuple[list[str], Phone]]:
    """Serve the page in a process of its own; give the tokens it prints and a phone."""
    command = [sys.executable, "-m", "acquisition.commands.status_page", *more]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=dict(os.environ)
    ) as page:
        assert page.stdout is not None and page.stderr is not None
        try:
            said = page.stdout.readline()
            if "certificate" in said:
                said = page.stdout.readline()
            found = re.match(r"(https?)://([^:/]+):(\d+)/enter/(\S+)", said)
            assert found, page.stderr.read()
            yield [found[4]], Phone("127.0.0.1", int(found[3]), secure=found[1] == "https")
        finally:
            page.terminate()
            _, complaints = page.communicate(timeout=60)
            assert complaints == ""


def test_without_a_token_nothing_is_told_and_a_token_serves_once(tmp_path: Path) -> None:
    with recording(driver(), tmp_path / "out"), served() as (tokens, phone):
        for path in ("/", "/events", "/enter/wrong"):
            status, _, body = phone.ask("GET", path)
            assert status == 403
            assert b"ecording</h1>" not in body and b"heart" not in body
        assert phone.ask("POST", "/looked")[0] == 403
        assert phone.ask("GET", "/", host="evil.example")[0] == 400
        assert phone.ask("GET", f"/enter/{tokens[0]}")[0] == 200  # a look ahead does not use it up
        phone.enter(tokens[0])
        assert "httponly" in phone.flags and "samesite=strict" in phone.flags
        assert phone.ask("GET", "/")[0] == 200
        other = Phone(phone.host, phone.port)
        assert other.ask("POST", f"/enter/{tokens[0]}")[0] == 403
        assert other.ask("GET", "/")[0] == 403
        _, said, _ = phone.ask("GET", "/")
        assert said["cache-control"] == "no-store" and "default-src 'none'" in said["content-security-policy"]


def test_a_lost_device_and_a_recording_that_ends_are_told_in_time_and_nothing_that_was_measured(
    tmp_path: Path,
) -> None:
    belts = driver()
    belts.value = {Role.CLIENT: 1234.5, Role.THERAPIST: 4321.25}
    with served("--allow-mark") as (tokens, phone):
        phone.enter(tokens[0])
        states = phone.states()
        assert next(states)["state"] == "none"
        with recording(belts, tmp_path / "out"):
            now = next(s for s in states if s["state"] == "recording" and not s["alarm"])
            assert [(d["who"], d["what"], d["word"]) for d in now["devices"]] == [
                ("client", "heart", "ok"),
                ("therapist", "heart", "ok"),
                ("therapist", "skin", "ok"),
            ]
            assert phone.ask("POST", "/looked")[0] == 204
            assert next(s for s in states if s["marker"] is not None)["marker"] < 60
            belts.mute.add(Role.THERAPIST)
            begun = time.monotonic()
            lost = next(s for s in states if s["alarm"])
            assert time.monotonic() - begun < IN_TIME
            assert {d["level"] for d in lost["devices"] if d["who"] == "therapist"} == {"lost"}
            belts.mute.clear()
            next(s for s in states if not s["alarm"])
        begun = time.monotonic()
        ended = next(s for s in states if s["alarm"])
        assert time.monotonic() - begun < IN_TIME
        assert ended["head"] == "RECORDING ENDED"
        phone.ask("GET", "/")
        states.close()
    every = b"\n".join(phone.heard)
    assert len(phone.heard) > 8
    for secret in (*CODES, "1234", "4321", "100.0", "ECG", "EDA", "note", str(tmp_path)):
        assert secret.encode() not in every, secret


def test_a_killed_recorder_is_gone_and_one_that_hangs_does_not_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.acquisition.sine_driver", str(tmp_path / "out")]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)) as recorder:
        try:
            watch = Watch()
            wait_for(lambda: watch.look()["state"] == "recording")
            recorder.send_signal(19)  # SIGSTOP
            begun = time.monotonic()
            assert watch.look()["head"] == "RECORDER DOES NOT ANSWER"
            assert time.monotonic() - begun < IN_TIME
            recorder.send_signal(18)  # SIGCONT
            wait_for(lambda: watch.look()["state"] == "recording")
        finally:
            recorder.kill()
            recorder.wait(60)
    now = watch.look()
    assert (now["state"], now["alarm"], now["devices"]) == ("gone", True, [])


def test_on_the_network_it_is_under_tls() -> None:
    with served("--address", "0.0.0.0:0") as (tokens, phone):
        assert phone.secure
        phone.host = "127.0.0.1"
        status, _, _ = phone.ask("POST", f"/enter/{tokens[0]}", host="localhost")
        assert status == 303


@pytest.mark.slow
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
def test_a_browser_shows_it_and_turns_red(tmp_path: Path, size: tuple[int, int]) -> None:
    belts = driver()
    with Browser(size) as browser, recording(belts, tmp_path / "out"), served() as (tokens, phone):
        browser.open(f"http://127.0.0.1:{phone.port}/enter/{tokens[0]}")
        wait_for(lambda: "client · heart" in browser.text)
        assert browser.text.startswith("RECORDING")
        assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
        belts.mute.add(Role.CLIENT)
        begun = time.monotonic()
        wait_for(lambda: bool(browser.run("document.body.classList.contains('alarm')")))
        assert time.monotonic() - begun < IN_TIME
        assert "NOTHING ARRIVES" in browser.text
        assert not any(code in browser.text for code in CODES)


def test_only_what_is_listed_passes() -> None:
    stream = {"role": "client", "name": "C07 belt", "modality": "rr", "state": "ok", "rate": 1.2, "age": 0.4}
    status = {
        "state": "recording",
        "session": "D07_S03",
        "recording": "/x/D07_S03",
        "elapsed": 61.7,
        "streams": [
            stream | {"samples": 73, "battery": 9.6},
            stream | {"modality": "markers", "role": "dyad"},
        ],
        "open": [{"code": "rupture_withdraw"}],
        "waiting": [{"name": "C07"}],
        "disk_free": 5e9,
    }
    assert shown(status) == {
        "state": "recording",
        "head": "RECORDING",
        "alarm": False,
        "elapsed": 61,
        "devices": [{"who": "client", "what": "heart", "level": "low", "word": "battery low", "battery": 9}],
        "disk": "5.0 GB free",
        "marker": None,
    }
    assert shown({"state": "?", "streams": [{"role": "C07", "modality": "ecg"}]})["devices"] == []
    assert over(GONE, shown(status))["elapsed"] == 61


def test_a_token_is_young_and_a_new_one_takes_its_place() -> None:
    now, told = [0.0], list[str]()
    door = Door(opened=told.append, clock=lambda: now[0])
    first = door.token
    now[0] = LIFE + 1
    assert not door.exchange(first)
    second = door.renew()
    cookie = door.exchange(second)
    assert door.knows(cookie) and not door.knows("x") and not door.exchange(second)
    assert told == [door.token] and door.token not in (first, second)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("", "127.0.0.1", 0), ("8443", "127.0.0.1", 8443), ("localhost:80", "127.0.0.1", 80)],
)
def test_addresses(text: str, host: str, port: int) -> None:
    found = address_of(text)
    assert (found.host, found.port, found.loopback) == (host, port, True)


@pytest.mark.parametrize("text", ["x y", "127.0.0.1:99999", "nowhere.invalid:1"])
def test_an_address_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ControlError, match="address"):
        address_of(text)


def test_a_client_that_asks_for_the_last_marker_is_told_when_it_was(tmp_path: Path) -> None:
    with recording(driver(), tmp_path / "out") as client:
        assert client.status()["last_marker"] is None
        client.call("mark", code="now_moment")
        assert 0 <= client.status()["last_marker"] < 60
        assert isinstance(client, Client)
