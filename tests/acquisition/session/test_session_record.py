"""The session record in session.toml: every key as documented, every fault named, and the manifest."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from acquisition.errors import SessionError
from acquisition.recording import manifest
from acquisition.recording.verify import verify
from acquisition.session.record import Answers, SessionRecord
from acquisition.session.toml import dump_session, load_session, parse_session
from acquisition.stream import Role

HEAD = """\
[session]
id = "D07_S03"
crisis_contact = "duty clinician, ext. 4400"
[client]
code = "C07"
consent = { version = "1", ecg = true }
[therapist]
code = "T02"
consent = { version = "1", ecg = true }
"""
RECORD = """
[record]
stage_of_change = ["preparation", "action"]
recycled = true
functions = { survival = 1, restoration = 2.5, exploration = 4, risk_taking = 0 }
principles = { therapist = "yes", timing = "partly", scope = "no" }
dose = { supportive = 60, change_oriented = 30 }

[[record.instrument]]
name = "suds"
of = "client"
when = "before"
answers = [70]
[[record.instrument]]
name = "gad7"
of = "client"
when = "after"
answers = [0, 1, 2, nan, 0, 1, 3]
"""


def test_every_key_of_the_record_is_read_and_what_was_not_noted_is_not_there() -> None:
    record = parse_session(HEAD + RECORD, "s").record
    assert record.stages == ("preparation", "action") and record.recycled
    assert record.functions == {"survival": 1, "restoration": 2.5, "exploration": 4, "risk_taking": 0}
    assert record.principles == {"therapist": "yes", "timing": "partly", "scope": "no"}
    assert record.dose == {"supportive": 60.0, "change_oriented": 30.0}
    assert record.answers[0] == Answers(instrument="suds", of=Role.CLIENT, when="before", answers=(70.0,))
    assert math.isnan(record.answers[1].answers[3])
    assert parse_session(HEAD, "s").record == SessionRecord()


def test_a_record_that_is_written_reads_the_same() -> None:
    session = parse_session(HEAD + RECORD.replace("nan", "1"), "s")
    assert parse_session(dump_session(session), "s") == session


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('mood = "good"', '[record] mood = "good": unknown key'),
        ("functions = { survival = 5 }", "functions.survival = 5: must be from 0 to 4"),
        ("functions = { closeness = 1 }", "functions.closeness = 1: unknown key"),
        ('principles = { timing = "maybe" }', "must be one of yes, partly, no"),
        ('stage_of_change = "stuck"', "must be one of precontemplation"),
        ('stage_of_change = ["action", "stuck"]', 'no "stuck" (known: precontemplation'),
        ('recycled = "yes"', "must be true or false"),
        ("dose = { supportive = 70, change_oriented = 40 }", "at most 100 together"),
    ],
)
def test_a_fault_in_the_record_is_named(line: str, says: str) -> None:
    with pytest.raises(SessionError) as error:
        parse_session(f"{HEAD}\n[record]\n{line}\n", "s")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('name = "suds"\nof = "dyad"\nwhen = "after"\nanswers = [1]', "must be one of client, therapist"),
        ('name = "suds"\nof = "client"\nwhen = "later"\nanswers = [1]', "must be one of before, after"),
        ('name = "suds"\nof = "client"\nwhen = "after"\nanswers = ["x"]', "numbers only"),
        ('name = "suds"\nof = "client"\nwhen = "after"', "answers: must be a list"),
        ('of = "client"\nwhen = "after"\nanswers = [1]', "name: missing"),
    ],
)
def test_a_fault_in_a_filled_in_instrument_is_named(line: str, says: str) -> None:
    with pytest.raises(SessionError) as error:
        parse_session(f"{HEAD}\n[[record.instrument]]\n{line}\n", "s")
    assert says in str(error.value)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """Return a directory whose session.toml is under a manifest."""
    (tmp_path / "session.toml").write_text(HEAD, "utf-8")
    manifest.write(tmp_path)
    return tmp_path


def test_a_record_added_after_the_close_is_no_damage(closed: Path) -> None:
    with (closed / "session.toml").open("a", encoding="utf-8") as file:
        file.write(RECORD)
    assert verify(closed) == []
    assert load_session(closed / "session.toml").record.stages == ("preparation", "action")


@pytest.mark.parametrize("more", ['[lsl]\nscope = "site"\n', RECORD + '[lsl]\nscope = "site"\n', "x = ["])
def test_anything_else_added_after_the_close_is_damage(more: str, closed: Path) -> None:
    with (closed / "session.toml").open("a", encoding="utf-8") as file:
        file.write(more)
    assert [f.problem for f in verify(closed)] == ["damaged"]


def test_a_change_before_the_record_is_damage(closed: Path) -> None:
    (closed / "session.toml").write_text(HEAD.replace("C07", "C08") + RECORD, "utf-8")
    assert [f.problem for f in verify(closed)] == ["damaged"]
