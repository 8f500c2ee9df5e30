"""Whether there is a display: one that answers, not one that is named."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from viewer.desktop import has_display


def test_a_display_that_is_named_and_not_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_display()
    monkeypatch.setenv("DISPLAY", ":4711")
    assert not has_display()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert not has_display()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen(1)
        assert has_display()


def test_an_offscreen_platform_is_none_and_another_machines_display_is_taken_at_its_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISPLAY", "elsewhere:10.0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert has_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert not has_display()


@pytest.mark.skipif(sys.platform != "linux", reason="the libraries of Linux")
@pytest.mark.parametrize(
    ("library", "package", "said"),
    [("libxcb-icccm.so.4", "libxcb-icccm4", "open a window"), ("libEGL.so.1", "libegl1", "be loaded")],
)
def test_the_library_that_the_loader_misses_is_the_one_that_is_blamed(
    library: str, package: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / library).touch()  # no library, found before the system's own
    kept = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", "from viewer.desktop import require_qt; require_qt()"],
        env=kept | {"DISPLAY": ":4711", "LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert f"Qt cannot {said}: " in line and library in line
    assert f"apt-get install {package};" in line
