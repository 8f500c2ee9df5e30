"""The whole of it on a real X server: recorder, pipeline, window, and keys that become events on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquisition.event import Event
from acquisition.events.overlay import effective
from acquisition.recorder.control import Client
from acquisition.recording.recording import Recording
from acquisition.simulation.demo_session import simulated_session
from tests.viewer.test_real_window import ROOT, display
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

__all__ = ["display"]
PATIENCE = 90.0


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition, asking four times a second: each look may start a program."""
    wait_for(condition, seconds=seconds, pause=0.25)


class Live:
    """A session that runs in a window on an X server."""

    def __init__(self, tmp_path: Path, display: str) -> None:
        self.environment = {
            **os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
        }  # fmt: skip
        session = tmp_path / "session.toml"
        session.write_text(simulated_session(seed=3).replace("past = true", "past = false"), "utf-8")
        command = [sys.executable, "-m", "viewer.cli", "live", str(session), "--out", str(tmp_path)]
        self.said = (tmp_path / "said.txt").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=self.said, stderr=subprocess.STDOUT
        )
        self._folder = tmp_path
        self._feed: Recording | None = None
        self.events: list[Event] = []

    def text(self) -> str:
        return Path(self.said.name).read_text("utf-8")

    @property
    def path(self) -> Path | None:
        found = list(self._folder.glob("*/dyad.xdf"))
        return found[0].parent if found else None

    def window(self) -> str:
        """Return the id of the window, "" while there is none."""
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "Attunement — demo"],
            env=self.environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return found.stdout.split()[0] if found.stdout.split() else ""

    def key(self, *names: str) -> None:
        for command in (["windowfocus", "--sync", self.window()], ["key", "--delay", "60", *names]):
            subprocess.run(["xdotool", *command], env=self.environment, timeout=60, check=True)

    def stored(self, code: str) -> list[Event]:
        """Return the events of a code that are in the recording by now."""
        assert self.path is not None
        if self._feed is None:
            self._feed = Recording(self.path, follow=True)
        while (batch := self._feed.poll()) is not None:
            self.events += [event for _, event in batch.events]
        return [e for e in self.events if e.code == code]

    def press_until(self, names: tuple[str, ...], condition: Callable[[], bool], *, tries: int = 3) -> None:
        """Press once, and again only if the X server lost the key."""
        for _ in range(tries):
            self.key(*names)
            try:
                until(condition, PATIENCE / tries)
            except AssertionError:
                continue
            return
        pytest.fail(f"{names} never reached the recording: {self.text()}")


@pytest.fixture
def live(display: str, tmp_path: Path) -> Iterator[Live]:
    running = Live(tmp_path, display)
    try:
        until(lambda: bool(running.window()) or running.process.poll() is not None, PATIENCE)
        if running.process.poll() is not None and "xcb" in running.text():
            pytest.skip("Qt's xcb platform does not start here (see docs/window.md for its libraries)")
        assert running.process.poll() is None, running.text()
        yield running
    finally:
        running.process.terminate()
        try:
            running.process.wait(60)
        except subprocess.TimeoutExpired:
            running.process.kill()
        running.said.close()


@pytest.mark.slow
def test_keys_in_the_window_become_events_of_the_recording(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first key may come before the window hears any; more than one of it does no harm.
    live.press_until(("m",), lambda: bool(live.stored("mismatch")), tries=30)
    live.press_until(("shift+n",), lambda: bool(live.stored("now_moment")))
    live.press_until(("F8", "w", "o", "r", "k", "Return"), lambda: len(live.stored("segment")) > 1)
    live.press_until(("Return", "h", "i", "Return"), lambda: bool(live.stored("note")))
    live.press_until(("F12",), lambda: bool(live.stored("consent_pause")))
    # Pressed before the window has seen that it is paused, the key asks for the same again: paused is paused.
    live.press_until(("F12",), lambda: len(live.stored("consent_pause")) > 1, tries=30)
    moment = live.stored("now_moment")[0]
    assert (moment.t_shift, moment.phase, moment.source) == (-10.0, "point", "key")
    (segment,) = effective(live.stored("segment"))
    assert (segment.phase, segment.value) == ("on", "work")
    assert live.stored("note")[0].note == "hi"
    assert [e.phase for e in live.stored("consent_pause")][:2] == ["on", "off"]
    monkeypatch.setenv("XDG_RUNTIME_DIR", live.environment["XDG_RUNTIME_DIR"])
    path = live.path
    assert path is not None
    Client.find(path).stop()
    until(lambda: Recording(path).state == "closed", PATIENCE)
    assert {"mismatch", "now_moment", "segment", "note"} <= {e.code for e in live.events}
