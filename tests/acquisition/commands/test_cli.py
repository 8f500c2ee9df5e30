from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from acquisition import cli
from acquisition.commands.command import Command
from acquisition.errors import SessionError
from acquisition.event import Event
from acquisition.recorder.begin import record
from acquisition.recorder.control import Client, endpoints
from acquisition.recording.recording import Recording
from tests.acquisition.session.test_session import EXAMPLE
from tests.acquisition.sine_driver import SESSION, SineDriver
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[3]
SIMULATED = EXAMPLE.replace('"lsl_ecg"\nname = "Polar H10 12345678"', '"simulated"').replace(
    '"lsl_eda"\nsource_id = "opensignals-0007"\nchannel = "EDA"\nunit = "uS"', '"simulated"'
)


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def attune(*args: object) -> Result:
    return CliRunner().invoke(cli.main, [str(a) for a in args])


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Path]:
    """Record in this process until the test ends."""
    stop = threading.Event()
    thread = threading.Thread(
        target=record, args=(SESSION, tmp_path / "out"), kwargs={"drivers": [SineDriver()], "stop": stop}
    )
    thread.start()
    until = time.monotonic() + 90
    while not endpoints():
        assert time.monotonic() < until
    yield tmp_path / "out"
    stop.set()
    thread.join(90)


@pytest.mark.parametrize("command", [c.name for c in cli.COMMANDS])
def test_every_command_has_help(command: str) -> None:
    result = attune(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("args", [["mark"], ["pause"], ["pause", "dyad"], ["record", "gone.toml"], ["fly"]])
def test_wrong_usage_exits_2(args: list[str]) -> None:
    assert attune(*args).exit_code == 2


@pytest.mark.parametrize(
    "args", [["status"], ["mark", "suds"], ["pause", "client"], ["resume", "client"], ["stop"]]
)
def test_without_a_recorder_the_error_is_one_line_and_exit_1(args: list[str]) -> None:
    result = attune(*args)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "no recorder is running\n")


def test_every_fault_of_a_session_file_is_a_line_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_text(
        EXAMPLE.replace('"C07"', '"Anna"').replace("number = 3", "colour = 3")
    )
    result = attune("record", tmp_path / "session.toml")
    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{tmp_path}/session.toml: [") for line in lines)


def test_commands_talk_to_the_recorder(recorder: Path) -> None:
    wait_for(lambda: "client ECG" in attune("status").output, "the stream is open")
    status = json.loads(attune("status", "--json").output)
    assert status["session"] == "D07_S03"
    event = json.loads(attune("mark", "suds", "--value", "35", "--note", "hand", "--json").output)
    assert (event["code"], event["value"], event["source"]) == ("suds", 35.0, "cli")
    assert attune("mark", "suds", "--undo").output.startswith("suds void (client)")
    assert attune("pause", "client").output.startswith("consent_pause on (client)")
    assert json.loads(attune("status", "--json").output)["paused"] == ["client"]
    assert attune("pause", "client").stderr == "the client is paused already\n"
    assert attune("resume", "client").exit_code == 0
    assert "near: segment" in attune("mark", "segmnt").stderr
    assert attune("stop").output.endswith("closed\n")
    assert Recording(next(recorder.iterdir())).state == "closed"


def test_a_mark_says_how_long_ago_how_sure_and_by_whom(recorder: Path) -> None:
    words = ("--ago", "10", "--unc", "2", "--rater", "R2", "--note", "at the door", "--actor", "client")
    event = json.loads(attune("mark", "over_observed", "--on", "--value", "3", *words, "--json").output)
    assert attune("mark", "over_observed", "--on").stderr == "interval 'over_observed' is open already\n"
    assert attune("mark", "over_observed", "--off").output.startswith("over_observed off (client)")
    assert "must be a code such as R2" in attune("mark", "mismatch", "--rater", "Anna").stderr
    assert attune("stop").exit_code == 0
    on, off = (i for i in Recording(next(recorder.iterdir())) if isinstance(i, Event))
    assert asdict(on) == event
    assert (on.t_shift, on.t_unc, on.rater, on.value, on.note) == (-10.0, 2.0, "R2", 3.0, "at the door")
    assert on.onset == on.time - 10.0
    assert (off.phase, off.ref, off.t_shift, off.t_unc) == ("off", on.id, 0.0, 5.0)


def test_the_device_list_shows_every_profile() -> None:
    assert "lsl_eda" in attune("devices", "list").output
    profiles = json.loads(attune("devices", "list", "--json").output)
    assert {"simulated", "lsl_ecg"} <= {p["name"] for p in profiles}


def test_verify_tells_a_whole_recording_from_a_changed_one(tmp_path: Path) -> None:
    path = record(SESSION, tmp_path, seconds=0.3, drivers=[SineDriver()]).path
    assert attune("verify", path).exit_code == 0
    data = bytearray((path / "client.xdf").read_bytes())
    data[len(data) // 2] ^= 1
    (path / "client.xdf").write_bytes(data)
    result = attune("verify", path)
    assert result.exit_code == 1
    assert "client.xdf" in result.stderr
    found = json.loads(attune("verify", path, "--json").output)
    assert not found["ok"]


def test_an_error_shows_its_traceback_only_if_asked() -> None:
    @click.command(cls=Command)
    def fail() -> None:
        raise SessionError("session.toml", ["one", "two"])

    plain = CliRunner().invoke(fail)
    assert (plain.exit_code, plain.stderr) == (1, "session.toml: one\nsession.toml: two\n")
    assert isinstance(CliRunner().invoke(fail, ["--debug"]).exception, SessionError)


def test_a_file_that_cannot_be_opened_is_one_line() -> None:
    @click.command(cls=Command)
    def fail() -> None:
        Path("/not/there").read_bytes()

    result = CliRunner().invoke(fail)
    assert (result.exit_code, result.stderr) == (1, "/not/there: No such file or directory\n")


def test_record_writes_json_lines_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_text(SIMULATED)
    args = ["record", str(tmp_path / "session.toml"), "--out", str(tmp_path / "out"), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "acquisition.cli", *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if lines[-1]["event"] == "status":
            process.send_signal(signal.SIGINT)
            break
    rest, err = process.communicate(timeout=60)
    lines += [json.loads(line) for line in rest.splitlines()]
    assert (process.returncode, err) == (0, "")
    events = [line["event"] for line in lines]
    assert events[:2] == ["started", "recording"]
    assert events[-1] == "stopped"
    assert Recording(lines[0]["recording"]).state == "closed"


def test_record_imports_neither_the_radio_nor_lsl_nor_qt_for_simulated_devices(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_text(SIMULATED)
    code = (
        "import sys; from acquisition.cli import main; "
        f"main(['record', '{tmp_path}/session.toml', '--seconds', '0.3', '--out', '{tmp_path}/out'], "
        "standalone_mode=False); "
        "print(sorted({'scipy', 'PySide6', 'pandas', 'bleak', 'pylsl', 'bumble', 'rich', 'matplotlib'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"


def start_with_pipe(tmp_path: Path) -> tuple[subprocess.Popen[str], Path]:
    (tmp_path / "session.toml").write_text(SIMULATED)
    args = ["record", str(tmp_path / "session.toml"), "--out", str(tmp_path / "out"), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "acquisition.cli", *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(json.loads(process.stdout.readline())["recording"])


def await_ticks(n: int) -> int:
    """Wait until the recorder has written n more ticks; return how many there are."""
    until = time.monotonic() + 90
    first = 0
    while time.monotonic() < until:
        ticks: int = Client.find().status()["ticks"]
        first = first or ticks
        if first and ticks >= first + n:
            return ticks
    pytest.fail("the recorder stands still")


def test_a_reader_that_goes_away_does_not_end_the_recording(tmp_path: Path) -> None:
    process, path = start_with_pipe(tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    await_ticks(25)  # two more status lines by then
    Client.find().stop()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert Recording(path).state == "closed"
