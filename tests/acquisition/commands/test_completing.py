"""Completion in a shell, a second recorder that asks, and recordings that grow or are of a newer version."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete, FishComplete, ZshComplete
from click.testing import CliRunner

from acquisition.commands.already import ask_if_recorded
from acquisition.commands.files import verify_command
from acquisition.errors import ControlError, SessionError
from acquisition.recorder.store import RecordingStore
from acquisition.recording.altered import GROWING, newer, standing
from acquisition.recording.recording import Recording
from tests.acquisition.recorder.test_recorder import recording
from tests.acquisition.simulated import record, write_session
from tests.acquisition.sine_driver import SESSION, SineDriver
from viewer.cli import attune


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def offered(*args: str, incomplete: str = "") -> list[str]:
    complete = BashComplete(attune, {}, "attune", "_ATTUNE_COMPLETE")
    return [item.value for item in complete.get_completions(list(args), incomplete)]


@pytest.mark.parametrize("shell", [BashComplete, ZshComplete, FishComplete])
def test_every_shell_has_a_script(shell: type[BashComplete]) -> None:
    assert "_ATTUNE_COMPLETE" in shell(attune, {}, "attune", "_ATTUNE_COMPLETE").source()


def test_commands_roles_codes_and_options_are_completed() -> None:
    assert offered(incomplete="sta") == ["status", "status-page"]
    assert offered("pause") == ["client", "therapist"]
    assert "now_moment" in offered("mark", incomplete="now")
    assert "--from-start" in offered("swap", incomplete="--from")


def test_recordings_are_completed_by_path_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "recordings" / "2026-01-01_D07_S03")
    (tmp_path / "recordings" / "2026-notes").mkdir()
    assert offered("verify", incomplete="2026")[0] == "recordings/2026-01-01_D07_S03"
    assert offered("report", incomplete="recordings/2026")[0] == "recordings/2026-01-01_D07_S03"
    assert "recordings/2026-notes" not in offered("verify", incomplete="2026")


def test_those_that_run_are_completed_and_a_second_recorder_is_refused_unless_told(tmp_path: Path) -> None:
    with recording(SineDriver(), tmp_path / "out"):
        (path,) = (tmp_path / "out").iterdir()
        assert offered("status", "--recording", incomplete="2") == [path.name]
        with pytest.raises(ControlError, match=rf"recorded already: {path.name}.*--beside"):
            ask_if_recorded(SESSION.id, beside=False)
        ask_if_recorded(SESSION.id, beside=True)
        ask_if_recorded("D08_S01", beside=False)
    ask_if_recorded(SESSION.id, beside=False)


def test_at_a_terminal_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    answers = [False, True]
    with recording(SineDriver(), tmp_path / "out"):
        monkeypatch.setattr("acquisition.commands.already.sys.stdin", Terminal())
        monkeypatch.setattr(click, "confirm", lambda text, **how: answers.pop(0))
        with pytest.raises(ControlError, match="nothing was begun"):
            ask_if_recorded(SESSION.id, beside=False)
        ask_if_recorded(SESSION.id, beside=False)
        assert answers == []


def test_a_growing_recording_is_said_to_grow(tmp_path: Path) -> None:
    with RecordingStore(tmp_path / "r", fsync=0) as store:
        write_session(tmp_path / "r")
        store.tick(0.0, 1.7e9)
        assert GROWING in standing(tmp_path / "r")
    assert GROWING not in standing(tmp_path / "r")


def test_a_recording_of_a_newer_version_says_so(tmp_path: Path) -> None:
    path = record(tmp_path / "r")
    file = path / "session.toml"
    text = file.read_text("utf-8")
    assert newer(path) == ""
    assert "[recorded]" in text
    new = text.replace("[recorded]", '[recorded]\nversions = { attunement = "99.1" }', 1)
    file.write_text(new.replace("versions = {}\n", ""), "utf-8")
    assert newer(path) == "99.1"
    assert any("99.1, which is newer than this" in line for line in standing(path))
    file.write_text(file.read_text("utf-8") + "\n[holograms]\nsize = 3\n", "utf-8")
    with pytest.raises(SessionError, match=r"(?s)Attunement 99.1, newer than what reads it.*holograms"):
        _ = Recording(path).session
    assert CliRunner().invoke(verify_command, [str(path)]).exit_code == 1
