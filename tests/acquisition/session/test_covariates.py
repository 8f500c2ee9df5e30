"""Covariates of people and sessions: as the study declares them, kept by the recording, amended lawfully."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.errors import RecordingError, SessionError
from acquisition.recording.amendments import Amendment, applied, checked, refuse_undeclared
from acquisition.session.session import Recorded
from acquisition.session.study import read_study
from acquisition.session.toml import dump_session, load_session, parse_session

STUDY = """
[[covariate]]
name = "attachment"
of = "client"
levels = ["1", "2"]
[[covariate]]
name = "experience"
of = "therapist"
unit = "years"
low = 0
high = 60
[[covariate]]
name = "phase"
of = "session"
levels = ["early", "late"]
"""
SESSION = """
[session]
id = "D07_S03"
crisis_contact = "ext. 4400"
covariates = { phase = "late" }
[client]
code = "C07"
covariates = { attachment = "1" }
[therapist]
code = "T02"
covariates = { experience = 12 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY, "utf-8")
    (tmp_path / "session.toml").write_text(SESSION, "utf-8")
    return tmp_path


def test_they_stand_with_whom_they_are_of_and_are_written_as_they_were_read(folder: Path) -> None:
    session = load_session(folder / "session.toml")
    assert session.covariates == {"phase": "late"}
    assert session.client.covariates == {"attachment": "1"}
    assert session.therapist.covariates == {"experience": 12.0}
    assert parse_session(dump_session(session), "again", folder) == session


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('attachment = "1"', 'attachment = "3"', "must be one of 1, 2"),
        ("experience = 12", "experience = 70", "must be a number from 0 to 60 [years]"),
        ("experience = 12", "expirience = 12", "declares no such covariate of therapist (known: experience)"),
        ('phase = "late"', 'attachment = "1"', "of dyad or session (known: phase)"),
    ],
)
def test_what_the_study_does_not_declare_is_a_fault(folder: Path, old: str, new: str, fault: str) -> None:
    (folder / "session.toml").write_text(SESSION.replace(old, new), "utf-8")
    with pytest.raises(SessionError) as told:
        load_session(folder / "session.toml")
    assert fault in str(told.value) and len(told.value.faults) == 1


def test_without_a_study_there_are_none(folder: Path) -> None:
    (folder / "study.toml").unlink()
    with pytest.raises(SessionError, match=r"no study\.toml beside the session file"):
        load_session(folder / "session.toml")


def test_a_recording_keeps_them_whatever_its_study_says_later(folder: Path) -> None:
    text = dump_session(load_session(folder / "session.toml"))
    text += '\n[recorded]\nstarted = "2026-11-22T10:00:00+01:00"\n'
    (folder / "study.toml").unlink()
    (folder / "session.toml").write_text(text, "utf-8")
    session = load_session(folder / "session.toml")
    assert session.recorded == Recorded(started="2026-11-22T10:00:00+01:00", streams=())
    assert session.client.covariates == {"attachment": "1"}


def test_an_amendment_says_whose_it_is_and_obeys_the_study(folder: Path) -> None:
    session, study = load_session(folder / "session.toml"), read_study(folder / "study.toml")
    key, value = checked("client.covariates.attachment", "2", session.patterns)
    refuse_undeclared({key: value}, study)
    assert applied(session, {key: value}).client.covariates == {"attachment": "2"}
    assert applied(session, {"client": "C08"}).client.covariates == {"attachment": "1"}
    assert '"about": "client"' in Amendment(key=key, value=value, when="", why="").to_json()
    for wrong, why in (({key: "9"}, "must be one of 1, 2"), ({"covariates.x": "1"}, "known: phase")):
        with pytest.raises(RecordingError, match=why):
            refuse_undeclared(wrong, study)
