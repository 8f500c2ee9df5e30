"""study.toml: what it declares, each fault by its place, and codes that fit or do not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from acquisition.errors import RecordingError, SessionError
from acquisition.events.corrections_file import refuse_editor
from acquisition.events.overlay import Edit, rater_file
from acquisition.events.overlay_file import append_edits
from acquisition.events.who import who_fault
from acquisition.recording.amendments import checked
from acquisition.session.patterns import CodePatterns
from acquisition.session.study import Retention, find_study, read_study, study_of
from acquisition.session.toml import dump_session, kept_by, load_session, parse_session

KEY = "age1" + "q" * 58
STUDY = f"""
[study]
name = "Window of tolerance"
code = "(P|TH)-[0-9]{{3}}"
dyad = "DY-[0-9]{{3}}"
id = "DY-[0-9]{{3}}_S[0-9]{{2}}"

[retention]
years = 10

[[covariate]]
name = "attachment"
of = "client"
levels = ["secure", "anxious"]

[[covariate]]
name = "experience"
of = ["client", "therapist"]
unit = "years"
low = 0
high = 60

[[recipient]]
name = "Data manager"
key = "{KEY}"
"""
SESSION = """
[session]
id = "{id}"
dyad = "{dyad}"
crisis_contact = "ext. 4400"
[client]
code = "{client}"
[therapist]
code = "{therapist}"
"""
FITS = {"id": "DY-004_S02", "dyad": "DY-004", "client": "P-004", "therapist": "TH-001"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY, "utf-8")
    (tmp_path / "sessions").mkdir()
    return tmp_path / "sessions"


def session_file(folder: Path, **said: str) -> Path:
    path = folder / "session.toml"
    path.write_text(SESSION.format(**(FITS | said)), "utf-8")
    return path


def test_what_it_declares(folder: Path) -> None:
    study = read_study(folder.parent / "study.toml")
    attachment, experience = study.covariates["attachment"], study.covariates["experience"]
    assert (attachment.kind, attachment.of, attachment.levels) == (
        "level",
        ("client",),
        ("secure", "anxious"),
    )
    assert (experience.kind, experience.unit) == ("number", "years")
    assert experience.of == ("client", "therapist")
    assert attachment.value("secure") == "secure" and experience.value("12.5") == 12.5
    assert study.retention == Retention(years=10)
    assert [(r.name, r.key) for r in study.recipients] == [("Data manager", KEY)]
    assert study.code_patterns.said().keys() == {"code", "dyad", "id"}


@pytest.mark.parametrize(
    ("name", "said"),
    [("attachment", "Secure"), ("experience", "61"), ("experience", "nan"), ("experience", True)],
)
def test_a_value_that_is_not_allowed_is_told_what_is(folder: Path, name: str, said: object) -> None:
    covariate = read_study(folder.parent / "study.toml").covariates[name]
    with pytest.raises(ValueError, match=r"secure, anxious|from 0 to 60 "):
        covariate.value(said)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[study]\ncode = ".+"', "lets names in"),
        ('[study]\nid = "[A-Za-z_]+"', "lets names in"),
        ('[study]\ncode = "C[0-9"', "no regular expression"),
        ('[study]\nfoo = "x"', "unknown key"),
        ("[retention]\nyears = 0", "whole number from 1 to 100"),
        ('[retention]\nyears = 2\nkeep_until = "2030-01-01"', "either years or keep_until"),
        ('[[covariate]]\nname = "Age"\nof = "client"\nunit = "years"', "lower-case"),
        ('[[covariate]]\nname = "age"\nof = "patient"\nunit = "years"', "client, therapist, dyad, session"),
        ('[[covariate]]\nname = "age"\nof = []\nunit = "years"', "at least one of"),
        ('[[covariate]]\nname = "age"\nof = "client"', "either levels, or the unit"),
        ('[[covariate]]\nname = "age"\nof = "client"\nlevels = ["a", "a"]', "must differ"),
        ('[[covariate]]\nname = "age"\nof = "client"\nunit = "y"\nlow = 3\nhigh = 2', "not be above"),
        ('[[recipient]]\nname = "x"\nkey = "ssh-rsa"', "age1"),
        ("[study", "not TOML"),
    ],
)
def test_each_fault_names_its_place(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "study.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SessionError, match=fault) as caught:
        read_study(file)
    assert all(line.startswith(str(file)) for line in str(caught.value).splitlines())


def test_it_is_found_beside_or_above(folder: Path) -> None:
    assert find_study(session_file(folder)) == folder.parent / "study.toml"
    assert find_study(folder / "not" / "yet" / "there") == folder.parent / "study.toml"
    nearer = folder / "study.toml"
    nearer.write_text("", "utf-8")
    assert find_study(folder) == nearer
    said = study_of(folder, folder.parent / "study.toml")
    assert said is not None and said.name == "Window of tolerance"


def test_codes_of_the_study_fit_and_nothing_else_does(folder: Path) -> None:
    session = load_session(session_file(folder))
    assert session.client.code == "P-004"
    for key, value in (("client", "C07"), ("client", "Anna Huber"), ("id", "Maria"), ("dyad", "D07")):
        with pytest.raises(SessionError, match="as the study says"):
            load_session(session_file(folder, **{key: value}))


def test_a_recording_says_itself_which_codes_fit(folder: Path, tmp_path: Path) -> None:
    session = load_session(session_file(folder))
    elsewhere = parse_session(dump_session(session), "session.toml", Path("/"))
    assert elsewhere.patterns == session.patterns and elsewhere.client.code == "P-004"
    assert checked("client", "P-005", elsewhere.patterns) == ("client", "P-005")
    with pytest.raises(RecordingError, match="as the study says"):
        checked("client", "C07", elsewhere.patterns)
    with pytest.raises(RecordingError, match="never a name"):
        checked("client", "P-005", CodePatterns())


def test_raters_have_the_codes_of_the_study(folder: Path) -> None:
    file = folder.parent / "study.toml"
    file.write_text(STUDY.replace("[study]", '[study]\nrater = "RA-[0-9]{2}"'), "utf-8")
    recording = folder / "recording"
    recording.mkdir()
    (recording / "session.toml").write_text(dump_session(load_session(session_file(folder))), "utf-8")
    for who, fits in (("RA-01", True), ("TH-001", True), ("R2", False), ("Anna", False)):
        edit = Edit(op="void", id="x", who=who)
        if fits:
            append_edits(rater_file(recording, who), [edit])
            refuse_editor(who, recording=recording)
            continue
        assert who_fault(who, recording).startswith("must fit")
        with pytest.raises(RecordingError, match="as the study says, never a name"):
            append_edits(rater_file(recording, who), [edit])
    assert who_fault("R2") == "" and who_fault("RA-01").startswith("must be a code such as R2")


def test_a_faulty_study_is_named_when_a_session_is_read(folder: Path) -> None:
    (folder / "study.toml").write_text("[study]\ncode = 3\n", "utf-8")
    with pytest.raises(SessionError, match=r"study.toml: \[study\] code"):
        load_session(session_file(folder))


def test_how_long_a_recording_is_kept(folder: Path) -> None:
    study = study_of(folder)
    session = load_session(session_file(folder))
    assert kept_by(session, study, date(2026, 5, 3)).protection.keep_until == "2036-05-03"
    assert kept_by(session, study, date(2028, 2, 29)).protection.keep_until == "2038-02-28"
    assert kept_by(session, None, date(2026, 5, 3)).protection.keep_until == ""
