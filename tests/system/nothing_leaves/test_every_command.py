"""Every command is in a group that is watched, and the watch sees what would leave."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

from tests.system.commands import ROOT
from tests.system.every_command import GROUPS
from tests.system.island import Island, island, why_not
from tests.system.nothing_leaves.watch import WATCHED, NothingLeaves, strangers
from viewer.cli import COMMANDS

pytestmark = WATCHED
KINDS = ".xdf .toml .json .parquet .csv .html .pdf .png .fif .edf .tsv .gz"


def test_every_command_is_in_a_group() -> None:
    assert set(chain(*(group.commands for group in GROUPS.values()))) == set(COMMANDS)


def test_every_kind_of_file_is_written_by_some_group() -> None:
    assert set(chain(*(group.kinds for group in GROUPS.values()))) >= set(KINDS.split())


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_is_watched(group: str) -> None:
    tests = import_module(f"tests.system.nothing_leaves.test_{group}")
    assert tests.pytestmark is WATCHED
    assert issubclass(tests.TestGroup, NothingLeaves) and tests.TestGroup.group == group


def on_the_watched_network(place: Island, code: str, home: Path) -> list[dict[str, object]]:
    """Run Python code there, in which no telemetry is switched off; return what left because of it."""
    before = len(place.left())
    kept = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK")}
    subprocess.run(
        [*place.prefix, sys.executable, "-c", code], env=kept | {"HOME": str(home)}, check=True, timeout=200
    )
    return place.left()[before:]


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "watched")
def test_the_watch_sees_a_name_that_is_asked_for_and_a_connection(tmp_path: Path) -> None:
    call = "import socket\ntry: socket.create_connection(('home.example', 443), 1)\nexcept OSError: pass"
    with island(tmp_path) as place:
        seen = strangers(on_the_watched_network(place, call, tmp_path))
    assert {"asked": "home.example"} in seen
    assert {"to": "198.51.100.7", "port": 443, "kind": "tcp"} in seen


def test_without_our_umask_other_users_could_read(tmp_path: Path) -> None:
    code = "from pathlib import Path; import sys; Path(sys.argv[1]).write_text('x')"
    subprocess.run([sys.executable, "-c", code, tmp_path / "f"], umask=0, check=True, cwd=ROOT)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o666
