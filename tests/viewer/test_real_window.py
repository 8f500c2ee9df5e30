"""One window on a real X server, with keys that come from outside, as a technician's do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


def free_display() -> str:
    taken = {p.name for p in Path("/tmp/.X11-unix").glob("X*")}
    return next(f":{n}" for n in range(90, 200) if f"X{n}" not in taken)


@pytest.fixture
def display() -> Iterator[str]:
    if sys.platform != "linux" or not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool")
    name = free_display()
    server = subprocess.Popen(
        ["Xvfb", name, "-screen", "0", "1400x900x24", "-nolisten", "tcp"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: Path(f"/tmp/.X11-unix/X{name[1:]}").exists())
        yield name
    finally:
        server.terminate()
        server.wait(10)


def reader(stream: IO[str], lines: list[dict[str, object]]) -> threading.Thread:
    def follow() -> None:
        for line in stream:
            lines.append(json.loads(line))  # noqa: PERF401  # each line must be seen when it comes

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    return thread


def test_keys_of_a_real_keyboard_mark_moments(display: str) -> None:
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
            assert lines[0] == {"platform": "xcb"}

            def key(name: str) -> None:
                found = subprocess.run(
                    ["xdotool", "search", "--sync", "--name", "Attunement"],
                    env=environment, capture_output=True, text=True, check=True, timeout=30,
                )  # fmt: skip
                window = found.stdout.split()[0]
                subprocess.run(
                    ["xdotool", "windowfocus", "--sync", window], env=environment, timeout=30, check=True
                )
                subprocess.run(["xdotool", "key", name], env=environment, timeout=30, check=True)

            for n, name in enumerate(("m", "shift+n", "F5", "ctrl+z"), 2):
                key(name)
                wait_for(lambda n=n: len(lines) >= n)  # type: ignore[misc]
            assert [(e["code"], e["phase"], e["t_shift"]) for e in lines[1:]] == [
                ("mismatch", "point", 0.0),
                ("now_moment", "point", -10.0),
                ("baseline_rest", "on", 0.0),
                ("baseline_rest", "void", 0.0),
            ]
        finally:
            process.kill()
