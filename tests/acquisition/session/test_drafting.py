from __future__ import annotations

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.errors import SessionError
from acquisition.session.drafting import EMPTY, draft_from, faults_of, write_new
from acquisition.session.session import Participant, Recorded
from acquisition.session.toml import dump_session, load_session, parse_session
from tests.acquisition.session.test_session import EXAMPLE


@pytest.fixture
def last(tmp_path: Path) -> Path:
    """Return a recording that has been made."""
    folder = tmp_path / "2026-11-22_D07_S09"
    folder.mkdir()
    made = replace(
        parse_session(EXAMPLE, "x"), id="D07_S09", number=9, recorded=Recorded(started="2026", streams=())
    )
    (folder / "session.toml").write_text(dump_session(made), encoding="utf-8")
    return folder


def test_the_next_session_counts_on_and_keeps_the_rest(last: Path, tmp_path: Path) -> None:
    draft = draft_from(last, tmp_path)
    assert (draft.id, draft.number, draft.recorded) == ("D07_S10", 10, None)
    write_new(tmp_path / "session.toml", draft)
    wanted = replace(parse_session(EXAMPLE, "x"), id="D07_S10", number=10)
    assert load_session(tmp_path / "session.toml") == wanted


def test_a_profile_of_ones_own_is_found_from_the_new_place(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    shipped = Path(__file__).parents[3] / "device_profiles" / "lsl_ecg.toml"
    (old / "own.toml").write_bytes(shipped.read_bytes())
    (old / "session.toml").write_text(EXAMPLE.replace('"lsl_ecg"', '"own.toml"'), encoding="utf-8")
    write_new(tmp_path / "new" / "session.toml", draft_from(old / "session.toml", tmp_path / "new"))
    assert load_session(tmp_path / "new" / "session.toml").devices[0].definition is not None


@pytest.mark.parametrize("code", ["Anna", "C", "C 07", "", "\ud800", "C07\n"])
def test_what_is_no_code_is_refused_by_the_rule_of_session_files(code: str, tmp_path: Path) -> None:
    faults = faults_of(replace(EMPTY, client=Participant(code)), "[client] code", tmp_path)
    assert len(faults) == 1 and "code" in faults[0]
    assert not faults_of(replace(EMPTY, client=Participant("C07")), "[client] code", tmp_path)


def test_nothing_is_written_over_and_nothing_faulty_is_written(tmp_path: Path) -> None:
    path = tmp_path / "session.toml"
    with pytest.raises(SessionError):
        write_new(path, EMPTY)
    assert not path.exists()
    write_new(path, parse_session(EXAMPLE, "x"))
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        write_new(path, parse_session(EXAMPLE, "x"))
    assert path.read_bytes() == before
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
