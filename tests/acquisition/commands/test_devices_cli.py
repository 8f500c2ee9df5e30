"""attune devices scan, identify and check as commands, on emulated wearables and LSL streams."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import processing.commands.devices  # noqa: F401 - adds `check` to the commands of devices
from acquisition.commands.devices import devices_command
from tests.acquisition.ble_bench import device, session_text
from tests.acquisition.lsl_sender import announcement, outlet
from tests.waiting import wait_for

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
DEVICES = (sys.executable, "-m", "viewer.cli", "devices")
BELT, OTHER = "C7:4C:DA:51:37:51", "C7:4C:DA:51:37:52"
EDA_OUTLET = {"type": "EDA", "labels": ("EDA",), "units": ("uS",), "sfreq": 20.0}


@pytest.fixture
def tapped_eda() -> Iterator[str]:
    """Send skin conductance whose sensor is tapped every four seconds, until the test ends."""
    source_id = f"eda-{id(object())}"
    with tapping(source_id):
        yield source_id


@contextmanager
def tapping(source_id: str) -> Iterator[None]:
    """Send it as one stream."""
    import pylsl

    stop = threading.Event()
    out = outlet(source_id, **EDA_OUTLET)
    rng = np.random.default_rng(1)

    def send() -> None:
        begin, sent = pylsl.local_clock(), 0
        while not stop.wait(0.05):
            n = np.arange(sent, int((pylsl.local_clock() - begin) * 20))
            sent += len(n)
            if len(n):
                values = 5 + 0.005 * rng.standard_normal(len(n)) + 3.0 * (n % 80 == 79)
                out.push(begin + n / 20, values[:, None])

    thread = threading.Thread(target=send)
    thread.start()
    yield
    stop.set()
    thread.join()


def run(*arguments: str | Path) -> Result:
    """Run it here: a process of its own takes longer to begin than most commands take."""
    return CliRunner().invoke(devices_command, [*map(str, arguments)])


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*DEVICES, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def session(tmp_path: Path, *devices: str) -> Path:
    path = tmp_path / "session.toml"
    path.write_text(session_text(*devices), "utf-8")
    return path


def lsl_eda(source_id: str) -> str:
    return device("lsl_eda", role="therapist", source_id=source_id)


def test_scan_lists_wearables_and_streams_with_the_profile_that_fits() -> None:
    out = outlet("scanned", type="GSR", labels=("EDA",), units=("uS",))
    found: dict[str, Any] = {}

    def is_found() -> bool:
        done = run("scan", "--emulated", "--seconds", "3", "--json")
        found.update({f["identity"]: f for f in json.loads(done.stdout)})
        return BELT in found and "scanned" in found

    wait_for(is_found, "both are found")
    assert found[BELT]["kind"] == "ble"
    assert found[BELT]["profile"] == "polar_h10"
    assert found[BELT]["rssi"] == -50
    assert found["scanned"] == {
        "kind": "lsl",
        "name": announcement("scanned").name,
        "identity": "scanned",
        "profile": "lsl_eda",
        "rssi": None,
    }
    del out


def test_scan_prints_a_table_for_people() -> None:
    done = run("scan", "--emulated", "--no-lsl", "--seconds", "4")
    assert done.exit_code == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["name", "address", "or", "source_id", "signal", "profile"]
    assert any(BELT in row and "-50 dBm" in row and row.endswith("polar_h10") for row in rows)
    assert any(row.endswith("bitalino") for row in rows)


def test_identify_shows_live_which_stream_reacts_to_a_tap(tmp_path: Path, tapped_eda: str) -> None:
    emulated = {"emulated": True}
    path = session(
        tmp_path,
        device("polar_h10", address=BELT, settings={**emulated, "tap": 6.0}),
        device("polar_h10", role="therapist", address=OTHER, settings=emulated),
        lsl_eda(tapped_eda),
    )
    with running("identify", path, "--seconds", "200", "--json") as process:
        assert process.stdout is not None and process.stderr is not None
        first = json.loads(process.stdout.readline())
        assert first["event"] == "listening"
        assert first["missing"] == []
        belt = next(s for s in first["streams"] if (s["role"], s["stream"]) == ("client", "H10 ACC"))
        assert belt["device"] == "polar_h10" and BELT in belt["sender"]
        moved: set[tuple[str, str]] = set()
        while len(moved) < 2:
            line = json.loads(process.stdout.readline())
            assert line["event"] == "moved"
            moved.add((line["role"], line["device"]))
        assert moved == {("client", "polar_h10"), ("therapist", "lsl_eda")}
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        assert process.stderr.read() == ""


def test_identify_says_in_words_what_moves_and_what_is_missing(tmp_path: Path, tapped_eda: str) -> None:
    path = session(tmp_path, lsl_eda(tapped_eda))
    with running("identify", path, "--seconds", "200") as process:
        assert process.stdout is not None
        assert "listening to therapist" in process.stdout.readline()
        line = process.stdout.readline()
        assert line.startswith("therapist: ")
        assert "(lsl_eda) moves" in line


def test_check_tells_a_program_how_everything_is(tmp_path: Path) -> None:
    path = session(tmp_path, device("bitalino", address=BELT, settings={"emulated": True}))
    done = run("check", path, "--out", tmp_path, "--seconds", "2", "--json")
    said = json.loads(done.stdout)
    assert done.exit_code == (0 if said["ok"] else 1)
    assert {f["part"] for f in said["findings"]} == {
        "consent",
        "plan",
        "sealing",
        "device",
        "stream",
        "disk",
        "clock",
        "lsl",
    }
    (board,) = (f for f in said["findings"] if f["part"] == "device")
    assert board["ok"]
    for fact in ("rssi -50 dBm", "battery 87 %", "firmware 1.0"):
        assert fact in board["text"]


def test_check_tells_people_what_is_wrong_and_ends_with_1(tmp_path: Path, tapped_eda: str) -> None:
    path = session(tmp_path, lsl_eda(tapped_eda), device("lsl_ecg", source_id="nobody-sends-this"))
    words = [*DEVICES, "check", path, "--out", tmp_path, "--seconds", "2", "--wait", "5"]
    done = subprocess.run([*map(str, words)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok") and line.endswith("agreed to ecg, eda, acc, resp") for line in lines)
    assert any("median 5 µS" in line for line in lines)
    assert any(line.startswith("NOT OK") and "nobody-sends-this" in line for line in lines)


def test_a_check_hears_a_sender_that_is_another_than_at_the_last_check(tmp_path: Path) -> None:
    source_id = f"replaced-{time.monotonic_ns()}"
    path = session(tmp_path, lsl_eda(source_id))
    for expected in (0, 1):
        with tapping(source_id):
            done = run("check", path, "--out", tmp_path, "--seconds", "1", "--wait", "5", "--no-read")
        assert "median 5 µS" in done.stdout, done.stdout
        assert done.stdout.count("recordings expect this one from now on") == expected
