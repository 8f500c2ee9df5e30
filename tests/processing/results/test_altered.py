"""A closed recording whose files were changed is not computed from unless that is wanted, and then said."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from processing.cli import process_command
from tests.processing.simulated_hour import marks, write_hour


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("h") / "hour"
    write_hour(path, seed=3, past=1.0, minutes=1.0, events=marks(3, 1.0))
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "hour")
    return tmp_path / "hour"


def process(path: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(process_command, [str(path), "--out", str(path.parent / "results"), *words])
    return done.exit_code, done.output


def spoil_session(path: Path) -> str:
    text = (path / "session.toml").read_text()
    assert "lateness = 2.0" in text
    (path / "session.toml").write_text(text.replace("lateness = 2.0", "lateness = 0.0", 1))
    return "session.toml: damaged: its SHA-256 differs from the manifest"


def flip_a_bit(path: Path) -> str:
    data = bytearray((path / "client.xdf").read_bytes())
    data[len(data) // 2] ^= 4
    (path / "client.xdf").write_bytes(data)
    return "client.xdf: damaged: its SHA-256 differs from the manifest"


def take_a_person_away(path: Path) -> str:
    (path / "therapist.xdf").unlink()
    return "therapist.xdf: missing: is in the manifest, and not there"


def exchange_people(path: Path) -> str:
    for a, b in (("client", "x"), ("therapist", "client"), ("x", "therapist")):
        os.rename(path / f"{a}.xdf", path / f"{b}.xdf")
    return "client.xdf: damaged"


@pytest.mark.parametrize("spoil", [spoil_session, flip_a_bit, take_a_person_away, exchange_people])
def test_a_changed_recording_is_refused_and_named(path: Path, spoil: object) -> None:
    assert callable(spoil)
    says = spoil(path)
    code, said = process(path)
    assert code == 1
    assert says in said
    assert not (path.parent / "results").exists()
    code, said = process(path, "--accept-damage")
    assert code == 0
    remarks = json.loads((path.parent / "results" / "hour" / "session.json").read_text())["remarks"]
    assert any("not as it was when the recording was closed" in line for line in remarks)


def test_a_whole_recording_with_later_edits_and_notes_is_computed(path: Path) -> None:
    (path / "overlay.jsonl").write_text("")
    with (path / "session.toml").open("a") as file:
        file.write('\n[record]\nstage_of_change = "action"\n')
    assert process(path)[0] == 0
    remarks = json.loads((path.parent / "results" / "hour" / "session.json").read_text())["remarks"]
    assert not any("closed" in line for line in remarks)


def test_without_a_manifest_the_results_say_that_nothing_is_proven(path: Path) -> None:
    (path / "manifest.json").unlink()
    assert process(path)[0] == 0
    remarks = json.loads((path.parent / "results" / "hour" / "session.json").read_text())["remarks"]
    assert any(line.startswith("manifest.json: missing: nothing shows") for line in remarks)
