"""Whether a window can open: Qt's platform plugin is really loaded, and the display is asked for."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path

from acquisition.machine.finding import Finding

LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
"""System libraries that Qt's X11 plugin and its own libraries load, and their packages in Debian 12.

As `ldd` lists them for PySide6 6.11 and `dpkg -S` finds them.
"""
INSTALL = (
    "libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 "
    "libfontconfig1 libdbus-1-3 libglib2.0-0"
)
"""The fewest packages that bring all of these with what they depend on."""
PLUGIN = Path("Qt", "plugins", "platforms", "libqxcb.so")
PATIENCE = 60.0
"""Seconds that loading may take on a slow disk."""
_LIBRARY = re.compile(r"[\w+.-]+\.so[\w.]*")
# In a process of its own: a library that is broken may end the one that loads it.
_LOAD = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError as error:
        print(name, " ".join(str(error).split()), sep="\\t")
"""


def window() -> Iterator[Finding]:
    """Tell whether Qt and its window system plugin load, and each library that is missing."""
    about = "window"
    spec = find_spec("PySide6")
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        yield Finding(about=about, state="missing", said="PySide6 is not installed", mend="pip install .")
        return
    plugin = Path(places[0]) / PLUGIN
    if sys.platform != "linux":
        yield Finding(about=about, state="ok", said="PySide6 is installed")
    elif not plugin.is_file():
        yield Finding(about=about, state="unknown", said=f"{plugin}: Qt's X11 plugin is not there")
    else:
        yield from _loaded(plugin)


def _loaded(plugin: Path) -> Iterator[Finding]:
    if not (failed := not_loading([str(plugin)])):
        yield Finding(about="window", state="ok", said="Qt's X11 plugin loads, with every library it needs")
        return
    missing = list(not_loading(LIBRARIES)) or _named(failed[str(plugin)])
    for name in missing:
        package = LIBRARIES.get(name, "")
        yield Finding(
            about="window",
            state="missing",
            said=f"{name} cannot be loaded; Qt needs it to open a window",
            mend="" if package else f"install what has {name}",
            packages=(package,) if package else (),
        )
    if not missing:
        yield Finding(about="window", state="missing", said=failed[str(plugin)])


def _named(error: str) -> list[str]:
    name = first_library(error)
    return [name] if name else []


def first_library(error: str) -> str:
    """Return the library that the loader misses, by what it says; "" where it names none but the plugin."""
    found = [name for name in _LIBRARY.findall(error) if name != PLUGIN.name]
    return found[0] if found else ""


def opens_with_x11() -> bool:
    """Tell whether Qt would open a window with its X11 plugin here: on Linux, without Wayland."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return False
    return bool(os.environ.get("DISPLAY")) and not _wayland()


def plugin_fault() -> str:
    """Return why Qt's X11 plugin cannot be loaded; "" if it can, or is not where it is expected.

    It is loaded for good, as Qt does in the next moment.
    """
    spec = find_spec("PySide6")
    for place in spec.submodule_search_locations or () if spec else ():
        if (plugin := Path(place) / PLUGIN).is_file():
            try:
                ctypes.CDLL(str(plugin))
            except OSError as error:
                return str(error)
    return ""


def not_loading(names: Collection[str]) -> dict[str, str]:
    """Return the libraries that cannot be loaded, and why; they are tried in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, *names],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
    failed = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    if not done.returncode:
        return failed
    if len(names) > 1:
        return {name: why for one in names for name, why in not_loading([one]).items()}
    return dict.fromkeys(names, f"loading it ended the process ({done.returncode})")


def display() -> Iterator[Finding]:
    """Tell whether a display answers on this machine; one on another machine is not asked."""
    about = "display"
    if sys.platform in ("win32", "darwin"):
        yield Finding(about=about, state="ok", said="the system's own")
        return
    if platform := os.environ.get("QT_QPA_PLATFORM", ""):
        yield Finding(
            about=about,
            state="missing" if platform in ("offscreen", "minimal") else "note",
            said=f"QT_QPA_PLATFORM = {platform!r} decides where the window goes",
            mend="unset QT_QPA_PLATFORM",
        )
        return
    if (place := _wayland()) and _answers(place):
        yield Finding(about=about, state="ok", said=f"Wayland, {place}")
        return
    name = os.environ.get("DISPLAY", "")
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", name)
    if not name:
        said = "neither DISPLAY nor WAYLAND_DISPLAY leads to one" if place else "no display is named"
        mend = "log in at the screen; without one `attune record` records, and `attune demo --headless` runs"
        yield Finding(about=about, state="missing", said=said, mend=mend)
    elif not local:
        yield Finding(about=about, state="unknown", said=f"DISPLAY = {name!r} is elsewhere, and is not asked")
    elif any(_answers(f"{mark}/tmp/.X11-unix/X{local[1]}") for mark in ("", "\0")):
        yield Finding(about=about, state="ok", said=f"X11, {name}")
    else:
        mend = "log in at the screen, or set DISPLAY to the one that runs"
        yield Finding(about=about, state="missing", said=f"DISPLAY = {name!r} does not answer", mend=mend)


def _wayland() -> str:
    name, folder = os.environ.get("WAYLAND_DISPLAY", ""), os.environ.get("XDG_RUNTIME_DIR", "")
    return str(Path(folder) / name) if name and (folder or Path(name).is_absolute()) else ""


def _answers(place: str) -> bool:
    """Tell whether something listens at a local socket; it gets no byte."""
    if sys.platform == "win32":
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(2.0)
        try:
            asked.connect(place)
        except OSError:
            return False
    return True
