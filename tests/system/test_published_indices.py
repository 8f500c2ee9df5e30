"""Other programs mark a running session and read its indices: the documented example, and MNE-LSL."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from acquisition.lsl.network import PORTS, SESSION_VARIABLE
from tests.system.commands import ROOT, attune, await_true, indices, rows, started, the_recording
from tests.system.test_main_job import SESSION, SIMULATED

pytestmark = pytest.mark.realtime

EXAMPLE = ROOT / "docs" / "examples" / "psychopy_session.py"
PUBLISHING = """
[[device]]
role = "dyad"
profile = "lsl_markers"
source_id = "psychopy-room-1"
[lsl]
publish = ["indices"]
"""
MNE = """
import json, math, sys, time
from mne_lsl.stream import StreamLSL
stream = StreamLSL(1000, name="Attunement client").connect(acquisition_delay=0.05, timeout=60)
value, at = (stream.ch_names.index(f"ecg_quality{end}") for end in ("", " time"))
until = time.monotonic() + 60
found = []
while len(found) < 3 and time.monotonic() < until:
    data, stamps = stream.get_data()
    found = [(data[at, k], data[value, k], stamps[k]) for k in range(len(stamps)) if data[at, k] > 0]
    time.sleep(0.1)
stream.disconnect()
print(json.dumps(found))
"""


@pytest.fixture
def lsl(tmp_path: Path) -> dict[str, str]:
    """Return an environment that puts other programs' liblsl into the session of these tests."""
    config = tmp_path / "lsl_api.cfg"
    config.write_text(
        f"[multicast]\nResolveScope=machine\n[ports]\nPortRange={PORTS}\n"
        f"[lab]\nSessionID={os.environ[SESSION_VARIABLE]}\n"
        "KnownPeers={127.0.0.1}\n[log]\nlevel=-3\n"
    )
    return os.environ | {"LSLAPICFG": str(config)}


def start(*command: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *command], stdout=pipe, stderr=pipe, text=True, env=environment)


@pytest.mark.slow
def test_the_example_marks_and_reads_and_mne_lsl_hears_the_values_of_the_table(
    tmp_path: Path, lsl: dict[str, str]
) -> None:
    pytest.importorskip("mne_lsl")
    runtime, out, results = tmp_path / "run", tmp_path / "out", tmp_path / "results"
    (tmp_path / "session.toml").write_text(SESSION + SIMULATED + PUBLISHING)
    arguments = ("--trials", "2", "--seconds", "3", "--index", "eda_quality", "--patience", "90")
    example = start(str(EXAMPLE), *arguments, environment=lsl)
    with started("record", tmp_path / "session.toml", "--out", out, runtime=runtime) as recorder:
        await_true(lambda: any(out.glob("*/client.xdf")))
        path = the_recording(out)
        await_true(lambda: (path / "session.toml").exists())
        with started("process", path, "--out", results, "--follow", runtime=runtime) as follower:
            mne = start("-c", MNE, environment=lsl)
            said, complaints = example.communicate(timeout=180)
            heard, fault = mne.communicate(timeout=120)
            attune("stop", runtime=runtime)
            assert recorder.wait(60) == 0
            assert follower.wait(60) == 0
    assert example.returncode == 0, complaints
    assert said.endswith("done\n")
    read = re.findall(r"^eda_quality (\S+), quality 1\.00, (\S+) s ago$", said, re.MULTILINE)
    assert read
    assert all(0.0 <= float(value) <= 1.0 for value, _ in read)
    with (results / path.name / "events.csv").open(newline="") as file:
        marks = [(r["code"], r["source"]) for r in csv.DictReader(file) if r["code"].startswith("trial")]
    assert marks == [(f"trial {k} {end}", "lsl") for k in (1, 2) for end in ("begins", "ends")]
    table = rows(indices(results / path.name), "client", "ecg_quality")
    columns = [table[name].to_pylist() for name in ("time", "value", "available")]
    computed = {time: (value, available) for time, value, available in zip(*columns, strict=True)}
    assert mne.returncode == 0, fault
    received = json.loads(heard)
    assert len(received) >= 3
    for time, value, stamp in received:
        there, available = computed[time]
        assert stamp == pytest.approx(available, abs=0.5)  # MNE-LSL corrects for the clock of the sender
        assert value == there or (math.isnan(value) and math.isnan(there))
