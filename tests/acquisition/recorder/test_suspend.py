"""A suspend: senders, recorder and follower stand still together, and the wall clock goes on without them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.commands.files import verify_command
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.recorder.control import Client
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import PEOPLE, Chunk
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from tests.acquisition.lsl_sender import sender
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

STILL, SLEPT = 4.0, 3600.0
"""Seconds for which every process is stopped, and by which the wall clock is ahead afterwards."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be stopped there")
def test_all_stand_still_and_only_what_was_due_meanwhile_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    flag, parent, live = tmp_path / "woken", tmp_path / "out", tmp_path / "live"
    words = ["-m", "tests.acquisition.recorder.suspended_child", str(parent), str(flag), str(SLEPT)]
    with sender("c", 1000, "skip") as one, sender("t", 5000, "skip") as other:
        recorder = subprocess.Popen([sys.executable, *words])
        wait_for(lambda: list(parent.glob("*/session.toml")) and "recording" in states())
        (path,) = parent.iterdir()
        command = ["-m", "viewer.cli", "process", str(path), "--follow", "--out", str(live)]
        follower = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
        try:
            wait_for_ticks(30)
            everyone = (one, other, recorder, follower)
            begun = local_clock()
            for process in everyone:
                process.send_signal(signal.SIGSTOP)
            time.sleep(STILL)
            flag.touch()  # the wall clock went on while nothing else did
            for process in reversed(everyone):
                process.send_signal(signal.SIGCONT)
            ended = local_clock()
            wait_for_ticks(30)
            Client.find().stop()
            assert recorder.wait(60) == 0
            assert follower.wait(120) == 0
        finally:
            for process in (recorder, follower):
                process.kill()
                process.wait()

    items = list(Recording(path))
    for role in PEOPLE:
        chunks = [i for i in items if isinstance(i, Chunk) and i.info.role is role]
        times = np.concatenate([c.times for c in chunks])
        values = np.concatenate([c.samples[:, 0] for c in chunks])
        steps, missing = np.diff(times), np.diff(values) - 1
        (k,) = np.flatnonzero(steps > 0.5)
        assert begun - 1.0 < times[k] < ended and times[k] < begun + 0.2 and times[k + 1] > ended - 0.2
        assert steps[k] * 100 == pytest.approx(missing[k] + 1, abs=1e-3), "the gap is what was never sent"
        assert not missing[np.arange(len(missing)) != k].any(), "nothing else is missing, and nothing twice"
        (gap,) = [
            i for i in items if isinstance(i, Notice) and i.role is role and i.kind == "gap" and i.stream
        ]
        assert (gap.start, gap.stop) == pytest.approx((times[k], times[k + 1]), abs=0.011)
        assert int(re.search(r"(\d+) samples", gap.message)[1]) == missing[k]  # type: ignore[index]

    assert verify(path) == []
    said = CliRunner().invoke(verify_command, [str(path)]).output
    assert f"{path}: whole" in said
    still = re.search(r"noted: at 0:00:\d\d: the recorder stood still for ([\d.]+) s", said)
    assert still is not None and STILL - 0.3 < float(still[1]) < STILL + 2.0
    jump = re.search(r"noted: .*wall clock jumped by \+([\d.]+) s", said)
    assert jump is not None and float(jump[1]) == pytest.approx(SLEPT, abs=1.0)

    process_recording(path, tmp_path / "after", config=PipelineConfig())
    followed, later = (pq.read_table(d / path.name / "indices.parquet") for d in (live, tmp_path / "after"))
    assert repr(followed.to_pydict()) == repr(later.to_pydict())
    assert later.num_rows > 50


def states() -> list[str]:
    try:
        return [str(Client.find().status()["state"])]
    except Exception:  # not there yet
        return []


def wait_for_ticks(n: int) -> None:
    client = Client.find()
    until = client.status()["ticks"] + n
    wait_for(lambda: client.status()["ticks"] >= until)
