"""What a recording says of itself can be put right, beside it and with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.commands.amend import amend_command
from acquisition.errors import RecordingError
from acquisition.importing.store import Imported, store
from acquisition.recording.amendments import AMENDMENTS_NAME, checked
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.session.patterns import CodePatterns
from acquisition.stream import Modality, Role, StreamInfo


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Write a closed recording."""
    info = StreamInfo(
        name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=4.0, unit="uS", channels=("",)
    )
    item = Imported(info=info, times=np.arange(20) / 4, samples=np.ones((20, 1)), offsets=[])
    store(tmp_path / "rec", [item], sources=[])
    return tmp_path / "rec"


def amend(recording: Path, *words: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    done = CliRunner().invoke(amend_command, [str(recording), *words])
    return done.exit_code, done.stderr or done.stdout


def test_the_last_amendment_of_a_key_holds_and_the_files_stay_as_they_were(recording: Path) -> None:
    before = {p.name: p.read_bytes() for p in recording.iterdir()}
    assert amend(recording, "dyad=D07", "number=3", "setting=remote", "--why", "typed wrong")[0] == 0
    assert amend(recording, "number=4", "client=C07", "covariates.medication=ssri", "--why", "again")[0] == 0
    session = Recording(recording).session
    assert session is not None
    assert (session.dyad, session.number, session.client.code) == ("D07", 4, "C07")
    assert session.covariates == {"medication": "ssri"} and session.setting == "remote"
    assert session.client.consent.eda
    assert {p.name: p.read_bytes() for p in recording.iterdir() if p.name != AMENDMENTS_NAME} == before
    assert not verify(recording)


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ("id=X", "cannot be amended (known: dyad, number"),
        ("client=Anna Meier", "must be a code"),
        ("number=-1", "whole number"),
        ("started=yesterday", "ISO 8601"),
        ("setting=home", "must be one of room, remote"),
        ("covariates.Name=x", "cannot be amended"),
        ("client=T00", "both be T00"),
        ("dyad", "KEY=VALUE"),
    ],
)
def test_what_may_not_be_amended_is_refused_and_nothing_written(
    recording: Path, pair: str, reason: str
) -> None:
    code, said = amend(recording, pair, "number=1", "--why", "x")
    assert code in (1, 2)
    assert reason in said
    assert not (recording / AMENDMENTS_NAME).exists()


def test_a_torn_last_line_was_never_written_and_another_fault_is_named(recording: Path) -> None:
    amend(recording, "number=2", "--why", "x")
    place = recording / AMENDMENTS_NAME
    place.write_text(place.read_text() + '{"key": "number", "val')
    session = Recording(recording).session
    assert session is not None
    assert session.number == 2
    place.write_text("no json\n" + place.read_text())
    with pytest.raises(RecordingError, match="line 1"):
        _ = Recording(recording).session


def test_a_start_may_have_a_zone() -> None:
    assert checked("started", "2024-05-20T11:53:07+02:00", CodePatterns())[1].endswith("+02:00")
