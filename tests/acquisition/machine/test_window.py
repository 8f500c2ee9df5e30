from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from acquisition.machine.window import INSTALL, LIBRARIES, display, not_loading, window

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the libraries of Linux")


def hide(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a file that is no library before the system's own."""
    (folder / name).touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))


@pytest.mark.parametrize(
    "name", ["libxcb-cursor.so.0", "libEGL.so.1", "libdbus-1.so.3", "libxcb-keysyms.so.1"]
)
def test_a_hidden_library_is_named_with_its_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p for f in window() for p in f.packages}
    assert LIBRARIES[name] not in before
    hide(name, tmp_path, monkeypatch)
    assert list(not_loading([name])) == [name]  # it is hidden
    found = [f for f in window() if f.said.startswith(f"{name} cannot be loaded")]
    assert [(f.state, f.packages) for f in found] == [("missing", (LIBRARIES[name],))]


def test_several_hidden_libraries_are_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("libxcb-icccm.so.4", "libxcb-shape.so.0"):
        hide(name, tmp_path, monkeypatch)
    assert {"libxcb-icccm4", "libxcb-shape0"} <= {p for f in window() for p in f.packages}


def test_a_library_that_ends_the_process_is_named_alone() -> None:
    dead = "libthis-is-not-there.so.1"
    assert list(not_loading(["libc.so.6", dead])) == [dead]


def test_without_pyside_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquisition.machine.window.find_spec", lambda _: None)
    assert [(f.state, f.mend) for f in window()] == [("missing", "pip install .")]


@pytest.mark.parametrize("file", ["README.md", ".ci/preflight.py"])
def test_the_packages_to_install_are_the_same_everywhere(file: str) -> None:
    words = set(re.findall(r"[\w.+-]+", (ROOT / file).read_text(encoding="utf-8")))
    assert set(INSTALL.split()) <= words
    assert set(INSTALL.split()) <= set(LIBRARIES.values())


def test_a_display_that_answers_is_found_and_a_dead_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "w")
    assert [f.state for f in display()] == ["missing"]
    place = os.path.relpath(tmp_path / "w")  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        assert [f.state for f in display()] == ["ok"]
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setenv("DISPLAY", ":64999")
    assert [f.state for f in display()] == ["missing"]
    monkeypatch.setenv("DISPLAY", "elsewhere:0")
    assert [f.state for f in display()] == ["unknown"]
