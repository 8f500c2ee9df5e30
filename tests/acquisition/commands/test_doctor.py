from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.commands import doctor
from acquisition.commands.doctor import doctor_command
from acquisition.machine.finding import Finding

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[3]


def give(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _: list(findings))


def test_a_note_lets_a_recording_work_and_what_is_missing_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    note = Finding(about="Bluetooth", state="note", said="no adapter", packages=("bluez",))
    give(monkeypatch, note)
    assert CliRunner().invoke(doctor_command).exit_code == 0
    give(monkeypatch, note, Finding(about="window", state="missing", said="x", packages=("libegl1",)))
    result = CliRunner().invoke(doctor_command)
    assert result.exit_code == 1
    assert "sudo apt-get install bluez libegl1\n" in result.output


def test_a_hidden_library_makes_the_doctor_fail_with_its_package(tmp_path: Path) -> None:
    (tmp_path / "libxcb-cursor.so.0").touch()
    done = run(["--json", "--out", str(tmp_path)], LD_LIBRARY_PATH=str(tmp_path))
    said = json.loads(done.stdout)
    assert (done.returncode, said["ready"], done.stderr) == (1, False, "")
    assert "libxcb-cursor0" in said["packages"]


def test_nothing_leaves_the_machine() -> None:
    watch = (
        "import sys\n"
        "def told(event, args):\n"
        "    if event in ('socket.connect', 'socket.sendto', 'socket.sendmsg', 'socket.getaddrinfo'):\n"
        "        print(event, type(args[1]).__name__, file=sys.stderr)\n"
        "sys.addaudithook(told)\n"
    )
    proof = subprocess.run(
        [sys.executable, "-c", f"{watch}import socket\nsocket.socket(type=2).connect(('127.0.0.1', 9))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert proof.stderr.split() == ["socket.connect", "tuple"]
    done = run([], watch, DISPLAY="example.org:0")
    assert done.returncode in (0, 1)
    # A local socket has a path where an address has a tuple.
    assert "tuple" not in done.stderr and "getaddrinfo" not in done.stderr and "send" not in done.stderr
    assert "Traceback" not in done.stderr


def run(arguments: list[str], before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    program = f"{before}import sys\nsys.argv[0] = 'attune'\nfrom viewer.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, "doctor", *arguments],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
