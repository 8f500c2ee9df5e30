"""A closed recording whose files were changed: window, picture and export say so, and whole ones nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytestqt.qtbot import QtBot

from acquisition.recording.verify import verify
from processing.commands.export import KINDS, export_command
from tests.processing.results.test_altered import flip_a_bit, take_a_person_away
from tests.processing.simulated_hour import marks, write_hour
from tests.waiting import wait_for
from viewer import settings as persistence
from viewer.opened import open_window
from viewer.status.altered import altered_words

pytestmark = pytest.mark.realtime

WORDS = "CHANGED SINCE THE CLOSE: client.xdf (attune verify)"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("h") / "hour"
    write_hour(path, seed=3, past=1.0, minutes=1.0, events=marks(3, 1.0))
    assert verify(path) == []
    return path


@pytest.fixture
def changed(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "hour")
    flip_a_bit(tmp_path / "hour")
    return tmp_path / "hour"


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("mne", "edf")])
def test_an_export_says_beside_its_files_what_was_changed(
    whole: Path, changed: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    for path, altered in ((changed, True), (whole, False)):
        done = CliRunner().invoke(export_command, [str(path), "--to", kind, "--out", str(out)])
        assert done.exit_code == 0, done.output
        assert ("client.xdf: not as it was when the recording was closed" in done.output) is altered
        said = [p for p in out.rglob("*") if p.name in ("README", "hour_altered.txt")]
        texts = "".join(p.read_text("utf-8") for p in said)
        assert ("client.xdf: not as it was when the recording was closed" in texts) is altered
        assert all(p.stat().st_mode & 0o077 == 0 for p in said)


def test_the_words_name_the_file_and_count_the_others(whole: Path, changed: Path) -> None:
    assert altered_words(whole) == ""
    assert altered_words(changed) == WORDS
    take_a_person_away(changed)
    assert altered_words(changed) == "CHANGED SINCE THE CLOSE: client.xdf and 1 more (attune verify)"
    (changed / "therapist.xdf").write_bytes((whole / "therapist.xdf").read_bytes())
    (changed / "manifest.json").unlink()
    assert altered_words(changed) == "NO MANIFEST: changes cannot be told"


def test_the_window_says_so_for_good(
    changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)
    window = open_window(changed)
    try:
        wait_for(lambda: window.fault)
        window.draw_all()
        assert window.panel.strip.latency.text() == WORDS
    finally:
        window.close()
