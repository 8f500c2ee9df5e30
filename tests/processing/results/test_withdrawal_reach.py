"""How far a withdrawal reaches: all of the person's, wherever it lies, and nothing of anybody else's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acquisition.cli import main
from acquisition.commands.amend import amend_command
from acquisition.errors import KeyGoneError
from acquisition.event import Event
from acquisition.protection.audit import AUDIT_NAME, keep
from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import identity_of, lock
from acquisition.protection.vault import new_keys
from acquisition.recording.derived import note
from acquisition.recording.identity import new_id
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Role
from processing.commands.process import process_recording
from processing.commands.retention import retention_command
from processing.commands.withdraw import withdraw_command
from processing.config import PipelineConfig
from tests.processing.simulated_hour import START, write_hour

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bare")]

WORD = "nobody-else-says-this"
SAID = Event(time=START + 3.0, code="suds", actor="client", value=7.0, id="said")


def hour(
    path: Path, people: tuple[str, str] = ("C01", "T01"), *, seed: int = 1, sealed: bool = False
) -> Path:
    keys = new_keys(new_id(), {Role.CLIENT: people[0], Role.THERAPIST: people[1]}) if sealed else None
    id = "" if keys else new_id()
    return write_hour(
        path, seed=seed, minutes=0.1, past=0.5, events=(SAID,), people=people, keys=keys, id=id, dyad="D01"
    )


def withdraw(*words: object) -> Result:
    return CliRunner().invoke(withdraw_command, [*map(str, words), "--yes"])


def done(*words: object) -> str:
    result = withdraw(*words)
    assert result.exit_code == 0, result.output
    return result.output


def holding(root: Path, word: str = WORD) -> list[str]:
    return [
        str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and word.encode() in p.read_bytes()
    ]


def certificate(path: Path) -> dict[str, Any]:
    [file] = path.glob("withdrawal-*.certificate.json")
    said: dict[str, Any] = json.loads(file.read_text())
    return said


def test_notes_of_added_events_and_of_what_refers_to_them_go_too(tmp_path: Path) -> None:
    path = hour(tmp_path / "rec")
    rows: list[dict[str, Any]] = [
        {"op": "add", "id": "new", "fields": {"actor": "client", "code": "suds", "time": START}, "who": "R1"},
        {"op": "edit", "id": "new", "fields": {"note": WORD}, "who": "R1"},
        {
            "op": "add",
            "id": "ref",
            "fields": {"actor": "therapist", "code": "suds", "time": START, "ref": "new", "note": WORD},
            "who": "R1",
        },
        {"op": "edit", "id": "ref", "fields": {"note": WORD}, "who": "R1"},
        {"op": "void", "id": "new", "who": "R1", "why": WORD},
        {
            "op": "add",
            "id": "t",
            "fields": {"actor": "therapist", "code": "suds", "time": START},
            "who": "R1",
        },
        {"op": "edit", "id": "t", "fields": {"note": "the other's"}, "who": "R1"},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "overlay.jsonl").write_text(text)
    process_recording(path, tmp_path / "results", config=PipelineConfig())
    assert holding(tmp_path)
    done(path, "client")
    assert holding(tmp_path) == []
    assert (path / "overlay.jsonl").read_text().splitlines() == text.splitlines()[-2:]


def test_halves_of_writes_and_files_that_say_to_be_theirs_go_others_are_named(tmp_path: Path) -> None:
    path = hour(tmp_path / "rec")
    for name in (".session.toml.0123abcd", ".client.xdf.new", ".overlay.jsonl.before", ".manifest.json.tmp"):
        (path / name).write_text(WORD)
    shutil.copy(path / "client.xdf", path / "client (1).xdf")
    (path / "letter.txt").write_text("whose it is nobody knows")
    output = done(path, "client")
    assert not (path / "client (1).xdf").exists() and holding(path) == []
    assert f"look into {path / 'letter.txt'}" in output
    assert [line for line in certificate(path)["look_into"] if "letter.txt" in line]
    # nor does it become a part of the recording
    assert [(f.file, f.problem) for f in verify(path)] == [("letter.txt", "added")]


def test_a_half_under_a_hidden_name_gets_its_own_name_back(tmp_path: Path) -> None:
    path = hour(tmp_path / "rec")
    whole = (path / "therapist.xdf").read_bytes()
    (path / "therapist.xdf").rename(path / ".therapist.xdf.before")
    done(path, "client")
    assert (path / "therapist.xdf").read_bytes() == whole
    assert verify(path) == []


@pytest.mark.parametrize("name", ["therapist.xdf", "dyad.xdf"])
def test_a_file_of_the_other_that_was_changed_before_is_still_found(tmp_path: Path, name: str) -> None:
    path = hour(tmp_path / "rec")
    data = bytearray((path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (path / name).write_bytes(data)
    before = [(f.file, f.problem) for f in verify(path)]
    assert (name, "damaged") in before
    done(path, "client")
    assert [(f.file, f.problem) for f in verify(path)] == before


def test_a_copy_made_by_hand_below_the_place_goes_with_it(tmp_path: Path) -> None:
    path = hour(tmp_path / "rec")
    shutil.copytree(path, tmp_path / "old" / "rec")
    other = hour(tmp_path / "old" / "other", ("C02", "T01"), seed=2)
    done(path, "client", "--from", tmp_path)
    for one in (path, tmp_path / "old" / "rec"):
        assert not (one / "client.xdf").exists() and verify(one) == []
        assert certificate(one)["person"] == "C01"
    assert (other / "client.xdf").exists() and not list(other.glob("withdrawal-*"))


def test_a_copy_that_is_refused_holds_nothing_up_and_is_left_by_name(tmp_path: Path) -> None:
    path = hour(tmp_path / "rec")
    shutil.copytree(path, tmp_path / "old")
    (tmp_path / "old" / "overlay.jsonl").symlink_to(path / "session.toml")
    result = withdraw(path, "client", "--from", tmp_path)
    assert result.exit_code == 1 and "overlay.jsonl is a link" in str(result.output) + str(result.exception)
    assert not (path / "client.xdf").exists() and (tmp_path / "old" / "client.xdf").exists()
    assert len(certificate(path)["left"]) == 1
    (tmp_path / "old" / "overlay.jsonl").unlink()
    done(path, "client", "--from", tmp_path)
    assert not (tmp_path / "old" / "client.xdf").exists()


def test_results_of_another_recording_of_the_same_name_stay(tmp_path: Path) -> None:
    path, other = hour(tmp_path / "a" / "S01"), hour(tmp_path / "b" / "S01", ("C02", "T02"), seed=2)
    out = tmp_path / "results"
    process_recording(path, out, config=PipelineConfig())
    process_recording(other, out, config=PipelineConfig())  # in the place of the first
    process_recording(other, tmp_path / "more", config=PipelineConfig())
    before = {p: p.read_bytes() for d in (out, tmp_path / "more") for p in d.rglob("*") if p.is_file()}
    output = done(path, "client", "--from", tmp_path)
    assert {p: p.read_bytes() for p in before} == before
    assert "holds results of another recording now" in output
    # results of a version that wrote no id, and then the other person
    said = out / "S01" / "session.json"
    row = json.loads(said.read_text())
    assert row.pop("recording_id") == str(Recording(other).session.recorded.id)  # type: ignore[union-attr]
    said.write_text(json.dumps(row))
    done(path, "therapist", "--from", tmp_path)
    assert (out / "S01" / "indices.parquet").read_bytes() == before[out / "S01" / "indices.parquet"]
    done(other, "client", "--from", tmp_path)
    for place in (out, tmp_path / "more"):
        assert json.loads((place / "S01" / "session.json").read_text())["withdrawn"] == {"client": "C02"}


def test_what_a_killed_run_left_in_the_making_goes_too(tmp_path: Path) -> None:
    path = hour(tmp_path / "rec")
    process_recording(path, tmp_path / "results", config=PipelineConfig())
    left = [tmp_path / "results" / ".rec.abcd_123", tmp_path / "gone" / ".rec.abcd_123"]
    note(path, tmp_path / "gone" / "rec", "results")  # killed before it was there
    other = tmp_path / "results" / ".rec2.abcd_123"
    for folder in (*left, other):
        folder.mkdir(parents=True)
        (folder / "indices.parquet").write_text(WORD)
    done(path, "client")
    assert not any(folder.exists() for folder in left) and other.exists()


def test_what_is_due_and_cannot_be_erased_holds_up_nothing_else(tmp_path: Path) -> None:
    paths = [hour(tmp_path / name, seed=k) for k, name in enumerate(("a", "b", "c"), 1)]
    for path in paths:
        file = path / "session.toml"
        file.write_text(
            file.read_text().replace("[recorded]", "[protection]\nkeep_until = 2025-01-01\n\n[recorded]", 1)
        )
    (paths[0] / "overlay.jsonl").symlink_to(paths[1] / "session.toml")
    wanted = ["apply", "--from", str(tmp_path), "--yes"]
    result = CliRunner().invoke(retention_command, wanted)
    assert result.exit_code == 1
    assert f"{paths[0]}: is due and not erased whole" in result.output
    assert [p.parent.name for p in sorted(tmp_path.rglob("*.xdf"))] == ["a"] * 3
    (paths[0] / "overlay.jsonl").unlink()
    assert CliRunner().invoke(retention_command, wanted).exit_code == 0
    assert not list(tmp_path.rglob("*.xdf"))


@pytest.mark.parametrize("what", ["results", "export", "report", "picture", "beats"])
def test_no_file_of_a_recording_is_taken_for_what_was_made_of_one(tmp_path: Path, what: str) -> None:
    """As of a version that wrote results into the recording, or where a recording lies by now."""
    path, other = hour(tmp_path / "rec"), hour(tmp_path / "other", ("C02", "T02"), seed=2)
    process_recording(path, tmp_path / "results", config=PipelineConfig())
    shutil.copytree(tmp_path / "results" / "rec", path, dirs_exist_ok=True)
    before = {p: p.read_bytes() for p in (*other.iterdir(), path / "therapist.xdf", path / "dyad.xdf")}
    for there in (path, other, other / "client.xdf"):
        note(path, there, what)
    done(path, "client")
    assert {p: p.read_bytes() for p in before} == before
    assert not (path / "client.xdf").exists() and Recording(path).session is not None
    assert any("indices.parquet" in line for line in certificate(path)["look_into"])


@pytest.mark.parametrize("by", ["amend", "an older amend"])
def test_who_had_a_code_by_mistake_takes_nobody_along(
    store: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    hour(tmp_path / "recs" / "a", sealed=True)
    other = hour(tmp_path / "recs" / "b", sealed=True, seed=2)  # of C02, begun as C01
    with monkeypatch.context() as patch:
        if by != "amend":
            patch.setattr("acquisition.protection.vault.rekey", lambda *_: None)
        amended = CliRunner().invoke(amend_command, [str(other), "client=C02", "--why", "mistyped"])
    assert amended.exit_code == 0
    done("--person", "C01", "--from", tmp_path / "recs")
    assert "C01" not in store.people()
    assert verify(other) == []
    assert {key[0] for batch in Recording(other).batches() for key in batch.streams} >= {Role.CLIENT}
    done("--person", "C02", "--from", tmp_path / "recs")
    assert not (other / "client.xdf").exists() and "C02" not in store.people()


def test_who_is_in_no_recording_here_loses_the_keys_of_those_elsewhere(
    store: KeyStore, tmp_path: Path
) -> None:
    path = hour(tmp_path / "recs" / "a", sealed=True)
    shutil.move(path, tmp_path / "away")
    refused = withdraw("--person", "C09", "--from", tmp_path / "recs")
    assert refused.exit_code == 1
    lock(store)
    assert "1 more keys are destroyed" in done("--person", "C01", "--from", tmp_path / "recs")
    assert store.people() == ["T01"]
    with pytest.raises(KeyGoneError):
        store.record(next(r["id"] for r in store.destroyed() if r["id"]))


def test_a_key_that_becomes_anothers_opens_wherever_it_is_cut_off(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = identity_of(store)
    whole = KeyStore._write
    for n in range(1, 7):
        key, secret = store.new_key("C01", "r", "client", identity)
        left = [n]

        def cut(self: KeyStore, name: str, data: bytes, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise InterruptedError
            whole(self, name, data)

        monkeypatch.setattr(KeyStore, "_write", cut)
        try:
            store.reassign(key, f"C1{n}", identity)
        except InterruptedError:
            pass
        monkeypatch.setattr(KeyStore, "_write", whole)
        assert store.key(key, identity) == secret
        store.reassign(key, f"C1{n}", identity)
        assert store.record(key).person == f"C1{n}" and store.key(key, identity) == secret
        store.destroy_person("C01", "asked")
        assert store.key(key, identity) == secret


def test_an_empty_log_was_cut_and_one_begun_anew_is_told(store: KeyStore) -> None:
    keep("store made", store=store.path)
    verified = CliRunner().invoke(main, ["audit", "verify"])
    assert verified.exit_code == 0 and "may have been deleted" not in verified.output
    (store.path / AUDIT_NAME).write_bytes(b"")
    assert CliRunner().invoke(main, ["audit", "verify"]).exit_code == 1
    assert CliRunner().invoke(main, ["audit", "anchor"]).exit_code == 1
    (store.path / AUDIT_NAME).unlink()
    keep("viewed", "a", store=store.path)
    assert (
        "a log before this one may have been deleted" in CliRunner().invoke(main, ["audit", "verify"]).output
    )
