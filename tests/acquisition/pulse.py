"""A sound server without sound hardware: what is played into its sink, a microphone hears."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TOOLS = ("pulseaudio", "paplay", "pactl")
PID = "DUO_PROCESS"
ALSA = """pcm.duo { type pulse device "duo.monitor" hint { show on description "duo" } }
pcm.pulse { type pulse }
pcm.!default { type pulse }
"""


def need_pulse() -> None:
    """Skip where there is no PulseAudio or PortAudio."""
    for tool in TOOLS:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    try:
        pytest.importorskip("sounddevice", reason="sounddevice is not installed")
    except OSError as error:
        pytest.skip(f"PortAudio is not installed ({error})")


@contextmanager
def null_sink(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server with the two-channel sink duo; yield the environment that reaches it, and its `PID`."""
    home, run = folder / "home", folder / "run"
    home.mkdir()
    run.mkdir(mode=0o700)
    (home / ".asoundrc").write_text(ALSA)
    environment = os.environ | {"HOME": str(home), "XDG_RUNTIME_DIR": str(run)}
    environment.pop("PULSE_SERVER", None)
    sink = "module-null-sink sink_name=duo rate=48000 channels=2"
    command = [
        "pulseaudio",
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "-L",
        "module-native-protocol-unix",
    ]
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen([*command, "-L", sink], env=environment, stdout=log, stderr=log)
    try:
        _await_server(environment, server, folder / "pulse.log")
        yield environment | {PID: str(server.pid)}
    finally:
        server.terminate()
        try:
            server.wait(30.0)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(30.0)


def _await_server(environment: dict[str, str], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60.0
    while subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.skip(f"PulseAudio does not run here: {log.read_text()[-300:]}")
        time.sleep(0.05)


def play(path: Path, environment: dict[str, str]) -> None:
    """Begin to play a file into the sink; the server holds it whole, so no busy player can make it late."""
    for words in (["upload-sample", str(path), "sound"], ["play-sample", "sound", "duo"]):
        subprocess.run(["pactl", *words], env=environment, check=True)
