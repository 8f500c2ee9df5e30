"""A withdrawal is killed at any change of the disk: the same command finishes it, and the other is whole."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from acquisition.event import Event
from acquisition.events.assignments import Move, assign_event
from acquisition.recording.derived import COPY, note
from acquisition.recording.identity import new_id
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Modality, Role
from processing.commands.process import process_recording
from processing.commands.withdraw import withdraw_command
from processing.config import PipelineConfig
from tests.processing.simulated_hour import START, infos, write_hour

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="a process is forked, and ends at once"),
    pytest.mark.usefixtures("bare"),
]

NAME = "2026-11-29_D01_S01"
WORD = "nobody-else-says-this"
STEP = 19
"""Every so many changes of the disk it is killed; the test begins at two of them."""
CHANGES = ("replace", "link", "unlink", "rename", "open")


def exchanged() -> Event:
    """Return the event by which the two people's skin was exchanged from the start."""
    skin = [i for i in infos() if i.modality is Modality.EDA]
    other = {Role.CLIENT: Role.THERAPIST, Role.THERAPIST: Role.CLIENT}
    names = {i.role: i.name for i in skin}
    moves = [Move(of=i.key, to=other[i.role], name=names[other[i.role]]) for i in skin]
    return assign_event(START + 2.0, "start", moves, "client ⇄ therapist from the start")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a place with a recording in which skins were exchanged, results, rows, an answer and a copy."""
    tmp = tmp_path_factory.mktemp("whole")
    said = Event(time=START + 3.0, code="suds", actor="client", value=7.0, id="said", note=WORD)
    path = write_hour(tmp / NAME, minutes=0.1, past=0.5, events=(exchanged(), said), id=new_id())
    rows: list[dict[str, Any]] = [
        {"op": "edit", "id": "said", "fields": {"note": WORD}, "who": "R1"},
        {
            "op": "add",
            "id": "new",
            "fields": {"actor": "therapist", "code": "suds", "time": 1.0},
            "who": "R1",
        },
    ]
    (path / "overlay.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    process_recording(path, tmp / "results", config=PipelineConfig(), report=True)
    shutil.copytree(path, tmp / "copy")
    note(path, tmp / "copy", COPY)
    assert any(s.file is Role.THERAPIST for s in Recording(path).assignments.misfiled())
    return tmp


def at(whole: Path, tmp: Path) -> Path:
    """Return a copy of everything, whose index names the copies."""
    shutil.rmtree(tmp / "all", ignore_errors=True)
    shutil.copytree(whole, tmp / "all")
    for index in (tmp / "all").rglob("derived.jsonl"):
        index.write_text(index.read_text().replace(str(whole), str(tmp / "all")))
    return tmp / "all" / NAME


def killed_at(n: int, do: Callable[[], object]) -> bool:
    """Do something in a process that ends at its n-th change of the disk; tell whether it came so far."""
    child = os.fork()
    if child == 0:
        try:
            done = iter(range(1, sys.maxsize))
            for name in CHANGES:
                setattr(os, name, _ending(getattr(os, name), done, n))
            do()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _ending(change: Callable[..., Any], done: Iterator[int], n: int) -> Callable[..., Any]:
    def counted(*args: Any, **given: Any) -> Any:
        writes = change.__name__ != "open" or (len(args) > 1 and args[1] & (os.O_WRONLY | os.O_RDWR))
        if writes and next(done) == n:
            os._exit(9)
        return change(*args, **given)

    return counted


@pytest.mark.parametrize("first", [1, 10])
def test_wherever_it_is_killed_the_same_command_finishes_it(whole: Path, tmp_path: Path, first: int) -> None:
    path = at(whole, tmp_path)
    wanted = [str(path), "client", "--yes", "--from", str(path.parent)]

    def withdraw() -> int:
        return CliRunner().invoke(withdraw_command, wanted).exit_code

    for n in count(first, STEP):
        at(whole, tmp_path)
        killed = killed_at(n, withdraw)
        done = CliRunner().invoke(withdraw_command, wanted)
        assert done.exit_code == 0, (n, done.output)
        for one in (path, path.parent / "copy"):
            assert verify(one) == [], (n, one)
            assert (one / "therapist.xdf").exists() and not (one / "client.xdf").exists(), n
            assert list(one.glob("withdrawal-*.certificate.json")), n
            roles = {key[0] for batch in Recording(one).batches() for key in batch.streams}
            assert roles == {Role.THERAPIST}, n
        held = [p for p in path.parent.rglob("*") if p.is_file() and WORD.encode() in p.read_bytes()]
        assert held == [], n
        assert (path.parent / "results" / NAME / "indices.parquet").exists(), n
        assert list(path.parent.rglob(".*")) == [], n
        if not killed:
            break
    assert n > 30
