from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition.session.toml import load_session
from processing.commands.new import WORDS, new_command
from tests.acquisition.session.test_session import EXAMPLE

PERSON = ["2026-10", *"yyn", "n", "y", "n", "n", "n"]
HEAD = ["D07_S03", "D07", "3", "remote", "duty clinician, ext. 4400"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def new(answers: list[str], *arguments: str) -> Result:
    return CliRunner().invoke(new_command, list(arguments), input="\n".join(answers) + "\n")


def test_answers_become_a_session_file_and_a_sheet(tmp_path: Path) -> None:
    devices = ["polar_h10 C7:4C:DA:51:37:51", "lsl_eda opensignals-0007", "-", "-"]
    result = new([*HEAD, "C07", *PERSON, "T02", *PERSON, *devices])
    assert result.exit_code == 0, result.output
    session = load_session(tmp_path / "session.toml")
    assert (session.id, session.dyad, session.number) == ("D07_S03", "D07", 3)
    assert session.setting == "remote"
    assert session.client.consent.ecg and session.client.consent.voice
    assert not session.client.consent.raw_audio and not session.therapist.consent.view
    assert [(d.role, d.profile, d.source_id or d.address) for d in session.devices] == [
        ("client", "polar_h10", "C7:4C:DA:51:37:51"),
        ("client", "lsl_eda", "opensignals-0007"),
    ]
    assert (tmp_path / "session_consent.pdf").read_bytes().startswith(b"%PDF")


def test_a_name_in_place_of_a_code_is_refused_and_asked_again(tmp_path: Path) -> None:
    wrong = ["Anna Weber", "C07", *PERSON, "C07", "T02", *PERSON]
    result = new([*HEAD[:2], "three", *HEAD[2:], *wrong, "polr x", "lsl_eda", "-", "-"])
    assert result.exit_code == 0, result.output
    for said in (
        "must be a whole number",
        "at most four letters, then one to six digits, such as C07; never a name",
        "also the client's",
        "no device profile named 'polr' (known: bitalino,",
        "source_id: missing",
    ):
        assert said in result.output
    assert load_session(tmp_path / "session.toml").client.code == "C07"


def test_the_last_session_is_proposed_and_counted_on(tmp_path: Path) -> None:
    (tmp_path / "last.toml").write_text(EXAMPLE, encoding="utf-8")
    result = new([""] * 40, "next.toml", "--from", "last.toml")
    assert result.exit_code == 0, result.output
    before, after = load_session(tmp_path / "last.toml"), load_session(tmp_path / "next.toml")
    assert (after.id, after.number) == ("D07_S04", 4)
    assert (after.client, after.therapist, after.devices) == (before.client, before.therapist, before.devices)


@pytest.mark.parametrize("name", ["session.toml", "session_consent.pdf"])
def test_what_is_there_is_not_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("kept")
    result = new([])
    assert result.exit_code == 2 and "not written over" in result.output
    assert (tmp_path / name).read_text() == "kept"


def test_answers_that_end_early_write_nothing(tmp_path: Path) -> None:
    assert new([*HEAD, "C07"]).exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_every_consent_has_words() -> None:
    from processing.report.consent_sheet import ITEMS

    assert set(WORDS) == set(ITEMS)
