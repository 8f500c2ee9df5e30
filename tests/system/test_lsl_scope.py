"""`[lsl] scope = "machine"`: programs of this machine find and read our streams, a neighbour does neither."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.commands import ROOT
from tests.system.island import ADDRESS, UPLINK, Island, island, why_not

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "two machines"),
]
EXPOSED = f"answers on {ADDRESS} ({UPLINK})"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    with island(tmp_path_factory.mktemp("island")) as made:
        yield made


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "ATTUNEMENT_LSL_SESSION"}


@contextmanager
def published(place: Island, scope: str, name: str) -> Iterator[str]:
    """Publish a stream on the island's machine; give what is said of who can read it."""
    process = subprocess.Popen(
        [*place.prefix, sys.executable, "-m", "tests.system.lsl_outlet", scope, name],
        cwd=ROOT, env=environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.communicate()


def look(prefix: tuple[str, ...]) -> dict[str, Any]:
    command = [*prefix, sys.executable, "-m", "tests.system.lsl_neighbour", "3", ADDRESS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), text=True, capture_output=True, check=True, timeout=200
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_neighbour_reads_the_stream_of_a_program_that_only_looks_on_the_machine(place: Island) -> None:
    with published(place, "raw", "theirs") as said:
        assert EXPOSED in said
        seen = look(place.next_door)
    assert (seen["found"], seen["read"]) == (["theirs"], ["theirs"])
    assert seen["ports"]


def test_ours_is_read_on_the_machine_and_neither_found_nor_reached_by_a_neighbour(place: Island) -> None:
    with published(place, "machine", "ours") as said:
        assert said == "answers on this machine only"
        with ThreadPoolExecutor(2) as pool:
            seen, here = pool.map(look, (place.next_door, place.prefix))
    assert seen == {"found": [], "read": [], "ports": []}
    assert (here["found"], here["read"]) == (["ours"], ["ours"])


def test_with_a_wider_scope_a_neighbour_reads_it_and_that_is_said(place: Island) -> None:
    with published(place, "link", "shared") as said:
        assert EXPOSED in said
        assert "everyone who reaches this address can read it" in said
        assert look(place.next_door)["read"] == ["shared"]


def test_a_replay_stays_on_the_machine(place: Island, tmp_path: Path) -> None:
    from tests.acquisition.simulated import record

    record(tmp_path / "a", n_ticks=300)
    process = subprocess.Popen(
        [*place.prefix, sys.executable, "-m", "viewer.cli", "replay", str(tmp_path / "a"), "--speed", "0.5"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        # It is there; in the moment an outlet is made it can be asked its name, and nothing is sent yet.
        assert look(place.prefix)["found"]
        assert look(place.next_door) == {"found": [], "read": [], "ports": []}
    finally:
        process.kill()
        process.communicate()


SESSION = """
[session]
id = "D01_S01"
crisis_contact = "test"
[client]
code = "C01"
consent = { version = "1", ecg = true }
[therapist]
code = "T01"
[[device]]
role = "client"
profile = "lsl_ecg"
source_id = "theirs"
unit = "mV"
[lsl]
publish = ["indices"]
"""


def test_recorder_and_check_say_which_address_answers_for_which_stream(place: Island, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SESSION)
    own = environment() | {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "PYTHONPATH": str(ROOT)}

    def said(*words: str) -> str:
        command = [*place.prefix, sys.executable, "-m", "viewer.cli", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=own, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=120, check=False,
        )  # fmt: skip
        return done.stdout

    with published(place, "raw", "theirs"):
        recorded = said("record", "s.toml", "--seconds", "2", "--out", "rec")
        checked = said("devices", "check", "s.toml", "--seconds", "2", "--no-read", "--out", "rec")
    assert f"source_id 'theirs', host {os.uname().nodename}): {EXPOSED}" in recorded
    assert EXPOSED in checked
    assert "publish: indices: answers on this machine only" in checked
