"""One window on a real X server, with keys that come from outside, as a technician's do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def display() -> Iterator[str]:
    if sys.platform != "linux" or not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool")
    # The server itself takes a number that nobody has, and says it once it can be connected to.
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield f":{server.stdout.readline().strip()}"
        finally:
            server.terminate()
            server.wait(60)


def reader(stream: IO[str], lines: list[dict[str, object]]) -> threading.Thread:
    def follow() -> None:
        for line in stream:
            lines.append(json.loads(line))  # noqa: PERF401  # each line must be seen when it comes

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    return thread


Window = tuple[Callable[..., None], list[dict[str, object]]]


@pytest.fixture
def window(display: str) -> Iterator[Window]:
    """Return what sends keys to a window in a process of its own, and what the window has stored so far."""
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    command = [sys.executable, "-m", "tests.viewer.real_window"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines: list[dict[str, object]] = []
            reader(process.stdout, lines)
            wait_for(lambda: bool(lines) or process.poll() is not None)
            if process.poll() is not None:
                pytest.skip("Qt's xcb platform does not start here (see docs/window.md for its libraries)")
            assert lines.pop(0) == {"platform": "xcb"}

            def send(*words: str, to: str = "Attunement") -> None:
                found = subprocess.run(
                    ["xdotool", "search", "--sync", "--name", to],
                    env=environment, capture_output=True, text=True, check=True, timeout=90,
                )  # fmt: skip
                name = found.stdout.split()[0]
                subprocess.run(
                    ["xdotool", "windowfocus", "--sync", name], env=environment, timeout=90, check=True
                )
                subprocess.run(["xdotool", *words], env=environment, timeout=90, check=True)

            yield send, lines
        finally:
            process.kill()


def test_keys_of_a_real_keyboard_mark_moments(window: Window) -> None:
    send, lines = window
    for n, name in enumerate(("m", "shift+n", "F5", "ctrl+z"), 1):
        send("key", name)
        wait_for(lambda n=n: len(lines) >= n)  # type: ignore[misc]
    assert [(e["code"], e["phase"], e["t_shift"]) for e in lines] == [
        ("mismatch", "point", 0.0),
        ("now_moment", "point", -10.0),
        ("baseline_rest", "on", 0.0),
        ("baseline_rest", "void", 0.0),
    ]


def test_what_is_typed_beside_the_note_box_is_a_note_and_marks_nothing(window: Window) -> None:
    send, lines = window
    send("type", "--delay", "60", "Mm no, mention 12 moments")
    send("key", "Return")
    wait_for(lambda: lines)
    assert [(e["code"], e["note"]) for e in lines] == [("note", "Mm no, mention 12 moments")]
    send("sleep", "1", "key", "m")  # the note is stored, and a lone letter marks again
    wait_for(lambda: len(lines) >= 2)
    assert lines[1]["code"] == "mismatch"


def test_two_letters_and_slow_ones_mark(window: Window) -> None:
    send, lines = window
    send("type", "--delay", "60", "mn")
    wait_for(lambda: len(lines) >= 2)
    send("type", "--delay", "900", "nmn")
    wait_for(lambda: len(lines) >= 5)
    names = {"m": "mismatch", "n": "now_moment"}
    assert [e["code"] for e in lines] == [names[letter] for letter in "mnnmn"]
    send("key", "F10")  # marks at once, and after what waits
    wait_for(lambda: len(lines) >= 6)
    assert lines[5]["code"] == "sync_mark"


def test_undo_goes_back_through_all_that_was_marked(window: Window) -> None:
    send, lines = window
    send("key", "m", "F10", "F5")
    wait_for(lambda: len(lines) >= 3)
    send("key", "ctrl+z", "ctrl+z", "ctrl+z", "ctrl+z")
    wait_for(lambda: len(lines) >= 6)
    assert [e["phase"] for e in lines[3:]] == ["void"] * 3
    assert [e["ref"] for e in lines[3:]] == [e["id"] for e in reversed(lines[:3])]


def test_markers_reach_the_recorder_from_the_glance_and_escape_stores_nothing(window: Window) -> None:
    send, lines = window
    send("key", "ctrl+g")
    for n, name in enumerate(("F5", "m"), 1):
        send("key", name, to="glance")
        wait_for(lambda n=n: len(lines) >= n)  # type: ignore[misc]
    send("key", "Escape", "space", "F10", to="glance")
    wait_for(lambda: len(lines) >= 3)
    assert [e["code"] for e in lines] == ["baseline_rest", "mismatch", "sync_mark"]
