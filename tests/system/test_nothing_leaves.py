"""Nothing leaves the machine and nothing is left on it: every command runs on a network that is watched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acquisition.speech import need_models
from tests.system.commands import ROOT
from tests.system.every_command import Laboratory
from tests.system.island import Island, island, why_not
from viewer.cli import COMMANDS

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="modes and namespaces are POSIX's"),
]
LSL_DISCOVERY = 16571
"""Port at which LSL looks for streams."""


@dataclass(frozen=True, slots=True)
class Day:
    """Hold what a day in the laboratory left."""

    laboratory: Laboratory
    left: list[dict[str, object]] | None


def on_the_watched_network(place: Island, code: str, home: Path) -> list[dict[str, object]]:
    """Run Python code there, in which no telemetry is switched off; return what left because of it."""
    before = len(place.left())
    kept = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK")}
    subprocess.run(
        [*place.prefix, sys.executable, "-c", code], env=kept | {"HOME": str(home)}, check=True, timeout=200
    )
    return place.left()[before:]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island | None]:
    if why_not():
        yield None
        return
    with island(tmp_path_factory.mktemp("island")) as place:
        yield place


@pytest.fixture(scope="module")
def day(watched: Island | None, tmp_path_factory: pytest.TempPathFactory) -> Day:
    need_models()
    laboratory = Laboratory(tmp_path_factory.mktemp("day"), watched.prefix if watched else ())
    before = len(watched.left()) if watched else 0
    laboratory.work()
    return Day(laboratory, watched.left()[before:] if watched else None)


def strangers(left: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return what is neither LSL's search for streams nor the system's own talk about multicast groups."""
    return [
        p
        for p in left
        if not (p.get("kind") == "udp" and p.get("port") == LSL_DISCOVERY)
        and not (p.get("kind") in ("igmp", "icmp6") and str(p.get("to")).startswith(("224.0.0.", "ff02::")))
    ]


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "watched")
def test_the_watch_sees_a_name_that_is_asked_for_and_a_connection(
    watched: Island | None, tmp_path: Path
) -> None:
    assert watched is not None
    call = "import socket\ntry: socket.create_connection(('home.example', 443), 1)\nexcept OSError: pass"
    seen = strangers(on_the_watched_network(watched, call, tmp_path))
    assert {"asked": "home.example"} in seen
    assert {"to": "198.51.100.7", "port": 443, "kind": "tcp"} in seen


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "watched")
def test_no_command_sends_a_packet_but_those_of_lsl(day: Day) -> None:
    assert day.left is not None
    assert strangers(day.left) == []


def test_every_command_was_run(day: Day) -> None:
    assert set(day.laboratory.ran) == set(COMMANDS)


def test_no_command_leaves_a_file_outside_recordings_results_and_settings(day: Day) -> None:
    left = [str(p) for place in day.laboratory.places for p in place.rglob("*")]
    own = str(day.laboratory.root / "run" / "attunement")
    assert [p for p in left if p != own] == []


def test_what_commands_write_is_the_users_alone(day: Day) -> None:
    modes = {p: p.stat().st_mode & 0o777 for p in day.laboratory.lab.rglob("*")}
    every = ".xdf .toml .json .parquet .csv .html .pdf .png .fif .edf .tsv .gz"
    assert {p.suffix for p in modes} >= set(every.split())
    assert {p for p, mode in modes.items() if mode != (0o700 if p.is_dir() else 0o600)} == set()


def test_without_our_umask_other_users_could_read(tmp_path: Path) -> None:
    code = "from pathlib import Path; import sys; Path(sys.argv[1]).write_text('x')"
    subprocess.run([sys.executable, "-c", code, tmp_path / "f"], umask=0, check=True, cwd=ROOT)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o666
