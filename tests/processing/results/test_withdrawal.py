"""One person withdraws: nothing of them is left anywhere below, the other's is whole."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from acquisition.cli import main
from acquisition.errors import KeyStoreError
from acquisition.event import Event
from acquisition.events.overlay_file import append_lines
from acquisition.protection.audit import entries
from acquisition.protection.keystore import KeyStore
from acquisition.protection.sealed_file import read_file
from acquisition.protection.unlocked import lock, unlock
from acquisition.protection.vault import new_keys
from acquisition.recording.derived import derived
from acquisition.recording.identity import new_id
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Role
from processing.commands.export import export_command
from processing.commands.process import process_recording
from processing.commands.report import report_command
from processing.commands.retention import retention_command
from processing.commands.withdraw import withdraw_command
from processing.config import PipelineConfig
from tests.processing.simulated_hour import START, write_hour

pytestmark = pytest.mark.slow

CODES = {Role.CLIENT: "C01", Role.THERAPIST: "T01"}
ADDED = {"actor": "therapist", "code": "suds", "time": START}
SAID = Event(time=START + 5.0, code="suds", actor="client", source="review", value=7.0, id="said")


def make(tmp: Path, *, sealed: bool) -> Path:
    """Return a recording with results, report and an export, noted as they are made."""
    keys = new_keys(new_id(), CODES) if sealed else None
    path = write_hour(tmp / "2026-11-29_D01_S01", minutes=0.3, past=2.0, keys=keys, events=(SAID,))
    rows = [
        {"op": "edit", "id": "said", "fields": {"note": "a note"}, "who": "R1", "when": "", "why": ""},
        {
            "op": "add",
            "id": "new",
            "fields": {"actor": "therapist", "code": "suds", "time": START},
            "who": "R1",
        },
    ]
    (path / "overlay.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def derive(tmp: Path, path: Path) -> None:
    run = CliRunner()
    process_recording(path, tmp / "results", config=PipelineConfig(), report=True)
    assert run.invoke(report_command, [str(path), "--out", str(tmp / "apart.html")]).exit_code == 0
    assert run.invoke(export_command, [str(path), "--to", "csv", "--out", str(tmp / "csv")]).exit_code == 0


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp = tmp_path_factory.mktemp("plain")
    derive(tmp, make(tmp, sealed=False))
    return tmp


def copied(plain: Path, tmp: Path) -> tuple[Path, Path]:
    """Return a copy of everything, whose index names the copies."""
    shutil.copytree(plain, tmp / "all", symlinks=True)
    path = tmp / "all" / "2026-11-29_D01_S01"
    index = path / "derived.jsonl"
    index.write_text(index.read_text().replace(str(plain), str(tmp / "all")))
    return tmp / "all", path


def patterns(path: Path, role: Role, n: int = 1000) -> list[bytes]:
    """Return 32-byte pieces of a person's samples and of their indices."""
    rng = random.Random(4)
    data = b"".join(
        np.ascontiguousarray(part.samples).tobytes()
        for batch in Recording(path).batches()
        for key, part in batch.streams.items()
        if key[0] is role and part.samples.dtype != object
    )
    whole = (path / f"{role}.xdf").read_bytes()
    pieces = [data[(k := rng.randrange(len(data) - 32)) : k + 32] for _ in range(n // 2)]
    at = [rng.randrange(len(whole) // 10, len(whole) - 32) for _ in range(n // 2)]
    return pieces + [whole[k : k + 32] for k in at if b"<" not in whole[k : k + 32]]


def found_below(root: Path, wanted: list[bytes]) -> list[Path]:
    starts = np.array([int.from_bytes(w[:8], "little") for w in wanted], np.uint64)
    return [p for p in root.rglob("*") if p.is_file() and _holds(p.read_bytes(), starts, set(wanted))]


def _holds(data: bytes, starts: NDArray[np.uint64], wanted: set[bytes]) -> bool:
    """Tell whether a piece stands at any byte; its first eight are looked for at once."""
    for shift in range(8):
        words = np.frombuffer(data[shift : shift + (len(data) - shift) // 8 * 8], "<u8")
        for at in np.flatnonzero(np.isin(words, starts)).tolist():
            k = shift + 8 * at
            if data[k : k + 32] in wanted:
                return True
    return False


def rows_of(path: Path, entity: str) -> list[dict[str, object]]:
    return [row for row in pq.read_table(path).to_pylist() if row["entity"] == entity]


def same(a: list[dict[str, object]], b: list[dict[str, object]]) -> bool:
    return repr(a) == repr(b)


def nameless(rows: list[dict[str, object]], role: Role) -> list[dict[str, object]]:
    """Return rows that name neither the dyad nor whoever withdrew."""
    return [row | {k: None for k in ("dyad", role) if k in row} for row in rows]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("role", [Role.CLIENT, Role.THERAPIST])
def test_nothing_of_them_is_left_and_the_other_is_whole(plain: Path, tmp_path: Path, role: Role) -> None:
    root, path = copied(plain, tmp_path)
    other = Role.THERAPIST if role is Role.CLIENT else Role.CLIENT
    results = root / "results" / path.name
    before = {t: rows_of(results / t, other) for t in ("indices.parquet", "metrics.parquet")}
    bytes_before = (path / f"{other}.xdf").read_bytes(), (path / "dyad.xdf").read_bytes()
    wanted = [p for p in patterns(path, role) if p not in bytes_before[0] + bytes_before[1]]
    assert len(wanted) > 400
    assert found_below(root, wanted)
    result = CliRunner().invoke(withdraw_command, [str(path), str(role), "--yes", "--why", "asked"])
    assert result.exit_code == 0, result.output
    assert found_below(root, wanted) == []
    assert (path / f"{other}.xdf").read_bytes() == bytes_before[0]
    assert verify(path) == []
    for table, rows in before.items():
        left = pq.read_table(results / table)
        assert set(left["entity"].to_pylist()) == {str(other)}
        assert rows
        assert same(rows_of(results / table, other), nameless(rows, role))
        assert not {b"dyad", str(role).encode()} & set(left.schema.metadata)
        assert left.schema.metadata[str(other).encode()].decode() == CODES[other]
    assert not (results / "report.html").exists()
    tables = [f for f in results.iterdir() if f.is_file() and f.name != "session.json"]
    assert not any(CODES[role].encode() in f.read_bytes() for f in tables)
    assert not (root / "apart.html").exists()
    assert list((root / "csv").iterdir()) == []
    for table in ("excursions.parquet", "labels.parquet"):
        assert set(pq.read_table(results / table)["person"].to_pylist()) <= {str(other)}
    with (results / "events.csv").open(newline="") as file:
        left_events = list(csv.DictReader(file))
    assert all(row["actor"] != role for row in left_events)
    assert {(row["dyad"], row[role], row[other]) for row in left_events} == {("", "", CODES[other])}
    assert json.loads((results / "session.json").read_text())["withdrawn"] == {role: CODES[role]}
    overlay = (path / "overlay.jsonl").read_text()
    assert ("a note" in overlay) == (role is Role.THERAPIST)
    assert ('"new"' in overlay) == (role is Role.CLIENT)


def test_the_certificate_is_true_and_a_second_time_there_is_nothing(plain: Path, tmp_path: Path) -> None:
    root, path = copied(plain, tmp_path)
    size = (path / "client.xdf").stat().st_size
    dry = CliRunner().invoke(withdraw_command, [str(path), "client", "--dry-run"])
    assert f"client.xdf ({size} bytes)" in dry.output
    assert (path / "client.xdf").exists()
    assert CliRunner().invoke(withdraw_command, [str(path), "client"]).exit_code == 2
    done = CliRunner().invoke(withdraw_command, [str(path), "client", "--yes", "--json"])
    (name,) = json.loads(done.output)["certificates"]
    said = json.loads(Path(name).read_text())
    assert [one["bytes"] for one in said["erased"]] == [size]
    assert said["left"] == []
    assert (said["person"], said["role"]) == ("C01", "client")
    assert Path(name).with_suffix(".pdf").read_bytes()[:5] == b"%PDF-"
    for line in said["done"]:
        if line.startswith("delete file: "):
            assert not Path(line.removeprefix("delete file: ").rsplit(" (", 1)[0]).exists()
    again = CliRunner().invoke(withdraw_command, [str(path), "client", "--dry-run"])
    assert "client.xdf" not in again.output
    # what is left is read, and what is made of it anew agrees with what was left of the results
    left = {t: rows_of(root / "results" / path.name / t, "therapist") for t in ("indices.parquet",)}
    process_recording(path, tmp_path / "again", config=PipelineConfig())
    anew = rows_of(tmp_path / "again" / path.name / "indices.parquet", "therapist")
    assert same(anew, left["indices.parquet"])


@pytest.mark.usefixtures("bare")
def test_results_that_no_index_names_are_found_below_a_place(plain: Path, tmp_path: Path) -> None:
    root, path = copied(plain, tmp_path)
    (path / "derived.jsonl").unlink()
    elsewhere = root / "elsewhere"
    shutil.copytree(root / "results" / path.name, elsewhere)  # as `attune unseal RESULTS` writes them
    run = ["--person", "C01", "--from", str(root), "--yes"]
    result = CliRunner().invoke(withdraw_command, run)
    assert result.exit_code == 0, result.output
    for place in (root / "results" / path.name, elsewhere):
        left = pq.read_table(place / "indices.parquet")
        assert set(left["entity"].to_pylist()) == {"therapist"}
    assert not (path / "client.xdf").exists()
    unknown = CliRunner().invoke(withdraw_command, ["--person", "C99", "--from", str(root), "--yes"])
    assert unknown.exit_code == 1
    assert "C99: in no recording below" in unknown.output


def test_the_index_names_what_was_made(plain: Path) -> None:
    made = {(d.what, d.path.name) for d in derived(plain / "2026-11-29_D01_S01")}
    assert ("results", "2026-11-29_D01_S01") in made
    assert ("report", "apart.html") in made
    assert ("export", "events.csv") in made


@pytest.mark.usefixtures("bare")
def test_a_backup_made_before_opens_no_more(store: KeyStore, tmp_path: Path) -> None:
    path = make(tmp_path, sealed=True)
    second = new_keys(new_id(), CODES)
    other = write_hour(tmp_path / "2026-11-30_D01_S02", past=0.5, keys=second)
    shutil.copytree(path, tmp_path / "backup")
    assert os.listdir(tmp_path / "backup")
    result = CliRunner().invoke(withdraw_command, [str(path), "client", "--yes"])
    assert result.exit_code == 0, result.output
    with pytest.raises(KeyStoreError, match=r"client\.xdf is sealed: .* was destroyed"):
        Recording(tmp_path / "backup")
    assert len(list(Recording(other).batches())) > 0
    left = {key[0] for b in Recording(path).batches() for key in b.streams}
    assert left == {Role.THERAPIST}
    assert verify(path) == []
    said = next(path.glob("withdrawal-C01-*.certificate.json"))
    assert len(json.loads(said.read_text())["keys_destroyed"]) == 1
    gone = CliRunner().invoke(withdraw_command, ["--person", "C01", "--from", str(tmp_path), "--yes"])
    assert gone.exit_code == 0, gone.output
    assert store.people() == ["T01"]
    assert not (other / "client.xdf").exists()


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("role", [Role.CLIENT, Role.THERAPIST])
def test_copies_that_were_unsealed_or_repaired_lose_the_person_too(
    store: KeyStore, tmp_path: Path, role: Role
) -> None:
    """What we wrote ourselves is no copy out of reach: a plain one needs no key to be read."""
    path = make(tmp_path, sealed=True)
    other = Role.THERAPIST if role is Role.CLIENT else Role.CLIENT
    run, opened, mended, again = CliRunner(), tmp_path / "opened", tmp_path / "mended", tmp_path / "again"
    for words in (("unseal", path, opened), ("repair", path, mended), ("repair", opened, again)):
        done = run.invoke(main, [words[0], str(words[1]), "--out", str(words[2])])
        assert done.exit_code == 0, done.output
    process_recording(opened, tmp_path / "of_copy", config=PipelineConfig())
    copies = (opened, mended, again)
    kept = (opened / f"{other}.xdf").read_bytes() + (opened / "dyad.xdf").read_bytes()
    wanted = [p for p in patterns(opened, role) if p not in kept]
    assert len(wanted) > 100 and opened / f"{role}.xdf" in found_below(tmp_path, wanted)
    told = run.invoke(withdraw_command, [str(path), str(role), "--dry-run"])
    assert all(f"copy {copy.resolve()}: " in told.output for copy in copies), told.output
    done = run.invoke(withdraw_command, [str(path), str(role), "--yes"])
    assert done.exit_code == 0, done.output
    assert found_below(tmp_path, wanted) == []
    for copy in (path, *copies):
        assert not (copy / f"{role}.xdf").exists() and verify(copy) == []
        assert {key[0] for b in Recording(copy).batches() for key in b.streams} == {other}
        assert len(list(copy.glob("withdrawal-*.certificate.json"))) == 1
    assert rows_of(tmp_path / "of_copy" / "opened" / "indices.parquet", str(role)) == []
    assert rows_of(tmp_path / "of_copy" / "opened" / "indices.parquet", str(other)) != []


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ["2026-11-29_D01_S01_repaired", "a_copy_that_comes_first"])
def test_copies_below_the_place_that_is_looked_through_are_erased_once(
    store: KeyStore, tmp_path: Path, name: str
) -> None:
    path = make(tmp_path, sealed=True)
    for words in (("unseal", "plain"), ("repair", name)):
        done = CliRunner().invoke(main, [words[0], str(path), "--out", str(tmp_path / words[1])])
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(withdraw_command, ["--person", "C01", "--from", str(tmp_path), "--yes"])
    assert done.exit_code == 0, done.output
    for copy in (path, tmp_path / "plain", tmp_path / name):
        assert not (copy / "client.xdf").exists() and verify(copy) == []
        assert len(list(copy.glob("withdrawal-*.certificate.json"))) == 1
        assert done.output.count(f"{copy / 'client.xdf'} (") == 1


@pytest.mark.usefixtures("bare")
def test_a_copy_that_was_refused_because_it_would_be_the_recording_is_none(
    store: KeyStore, tmp_path: Path
) -> None:
    path = make(tmp_path, sealed=True)
    assert CliRunner().invoke(main, ["repair", str(path), "--out", str(path)]).exit_code == 1
    done = CliRunner().invoke(withdraw_command, [str(path), "client", "--yes"])
    assert done.exit_code == 0, done.output
    assert "copy " not in done.output
    assert not (path / "client.xdf").exists() and verify(path) == []


@pytest.mark.usefixtures("bare")
def test_what_took_the_place_of_a_copy_is_left_alone(store: KeyStore, tmp_path: Path) -> None:
    path = make(tmp_path, sealed=True)
    assert CliRunner().invoke(main, ["unseal", str(path), "--out", str(tmp_path / "x")]).exit_code == 0
    shutil.rmtree(tmp_path / "x")
    stranger = write_hour(tmp_path / "x", past=0.5)
    before = (stranger / "client.xdf").read_bytes()
    assert CliRunner().invoke(withdraw_command, [str(path), "client", "--yes"]).exit_code == 0
    assert (stranger / "client.xdf").read_bytes() == before


@pytest.mark.usefixtures("bare")
def test_with_a_locked_or_another_store_nothing_goes_until_it_is_said(
    store: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, sealed=True)
    append_lines(path / "corrections.jsonl", '{"op": "undo", "id": "u", "ref": "x", "who": "R1"}\n')
    directory = process_recording(path, tmp_path / "results", config=PipelineConfig()).directory
    before = {f: f.read_bytes() for f in (*path.rglob("*"), *directory.rglob("*")) if f.is_file()}
    ask = [str(path), "client", "--yes"]
    lock(store)
    locked = CliRunner().invoke(withdraw_command, ask)
    assert locked.exit_code == 1 and "attune keys unlock" in locked.output
    other, recovery = KeyStore.init(tmp_path / "other", "a long passphrase")
    unlock(other, recovery)
    for place, said in (
        (other.path, "is not in this key store"),
        (tmp_path / "none", "no key store is there"),
    ):
        monkeypatch.setenv("ATTUNE_KEYS", str(place))
        refused = CliRunner().invoke(withdraw_command, ask)
        assert refused.exit_code == 1 and said in refused.output and "--without-keys" in refused.output
    assert all(f.read_bytes() == data for f, data in before.items())
    monkeypatch.setenv("ATTUNE_KEYS", str(store.path))
    shutil.copytree(path, tmp_path / "backup")
    done = CliRunner().invoke(withdraw_command, [*ask, "--without-keys"])
    assert done.exit_code == 0, done.output
    assert list(directory.rglob("*.parquet")) == [] and not (path / "client.xdf").exists()
    unlock(store, store.open_with("a long passphrase"))
    with pytest.raises(KeyStoreError, match="was destroyed"):
        Recording(tmp_path / "backup")
    assert {key[0] for b in Recording(path).batches() for key in b.streams} == {Role.THERAPIST}
    assert verify(path) == []
    said = json.loads(next(path.glob("withdrawal-C01-*.certificate.json")).read_text())
    assert "without the unlocked key store" in said["not_reached"] and len(said["keys_destroyed"]) == 1


@pytest.mark.usefixtures("bare")
def test_what_was_kept_long_enough_goes_whole(plain: Path, tmp_path: Path) -> None:
    root, path = copied(plain, tmp_path)
    session = path / "session.toml"
    session.write_text(session.read_text() + '\n[protection]\nkeep_until = "2026-01-31"\n')
    run, where = CliRunner(), ["--from", str(root)]
    assert "2026-01-31" in run.invoke(retention_command, ["list", *where]).output
    assert "none is due" in run.invoke(retention_command, ["due", *where, "--on", "2026-01-31"]).output
    assert "kept until" in run.invoke(retention_command, ["due", *where, "--on", "2026-02-01"]).output
    assert run.invoke(retention_command, ["apply", *where]).exit_code == 2
    done = run.invoke(retention_command, ["apply", *where, "--yes"])
    assert done.exit_code == 0, done.output
    assert list(root.rglob("*.xdf")) == []
    assert len(list(path.glob("withdrawal-*.certificate.json"))) == 3
    assert "no recordings are there" in run.invoke(retention_command, ["list", *where]).output
    assert "none is due" in run.invoke(retention_command, ["apply", *where, "--yes"]).output
    for table in (root / "results").rglob("*.parquet"):
        assert pq.read_table(table).num_rows == 0


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ["2026-11-29_D01_S01_repaired", "0_copy_that_comes_first"])
def test_copies_of_what_was_kept_long_enough_go_once_with_it(
    store: KeyStore, tmp_path: Path, name: str
) -> None:
    path = make(tmp_path, sealed=True)
    session = path / "session.toml"
    session.write_text(session.read_text() + '\n[protection]\nkeep_until = "2026-01-31"\n')
    places = [tmp_path / "plain", tmp_path / name]
    for words, place in zip(("unseal", "repair"), places, strict=True):
        done = CliRunner().invoke(main, [words, str(path), "--out", str(place)])
        assert done.exit_code == 0, done.output
    due = CliRunner().invoke(retention_command, ["due", "--from", str(tmp_path), "--on", "2026-02-01"])
    assert due.output.count("was kept until") == 3
    done = CliRunner().invoke(retention_command, ["apply", "--from", str(tmp_path), "--yes"])
    assert done.exit_code == 0, done.output
    assert list(tmp_path.rglob("*.xdf")) == []
    for copy in (path, *places):
        said = [json.loads(f.read_bytes()) for f in copy.glob("withdrawal-*.certificate.json")]
        assert sorted(one["role"] for one in said) == ["client", "dyad", "therapist"]
        assert all(any("delete file" in line for line in one["done"]) for one in said)


@pytest.mark.usefixtures("bare")
def test_a_copy_that_was_withdrawn_from_before_gets_no_second_certificate(
    store: KeyStore, tmp_path: Path
) -> None:
    path, opened = make(tmp_path, sealed=True), tmp_path / "opened"
    assert CliRunner().invoke(main, ["unseal", str(path), "--out", str(opened)]).exit_code == 0
    for recording in (opened, path):
        done = CliRunner().invoke(withdraw_command, [str(recording), "client", "--yes"])
        assert done.exit_code == 0, done.output
        assert len(list(opened.glob("withdrawal-*.certificate.json"))) == 1


@pytest.mark.usefixtures("bare")
def test_sealed_results_are_left_to_the_other(store: KeyStore, tmp_path: Path) -> None:
    path = make(tmp_path, sealed=True)
    out = tmp_path / "results"
    open_ = process_recording(path, tmp_path / "open", config=PipelineConfig(), plain=True).directory
    directory = process_recording(path, out, config=PipelineConfig(), report=True).directory
    assert all(f.read_bytes()[:4] == b"ATS1" for f in directory.iterdir())
    assert process_recording(path, out, config=PipelineConfig(), report=True).skipped
    same_rows = pq.read_table(pa.BufferReader(read_file(directory / "indices.parquet")))
    assert same(same_rows.to_pylist(), pq.read_table(open_ / "indices.parquet").to_pylist())
    before = [row for row in same_rows.to_pylist() if row["entity"] == "therapist"]
    run = CliRunner()
    page = tmp_path / "page.html"
    assert "sealed" in run.invoke(report_command, [str(path), "--out", str(page)]).output
    assert page.read_bytes()[:4] == b"ATS1"
    shutil.copytree(out, tmp_path / "backup")
    result = run.invoke(withdraw_command, [str(path), "client", "--yes"])
    assert result.exit_code == 0, result.output
    assert not page.exists()
    left = pq.read_table(pa.BufferReader(read_file(directory / "indices.parquet"))).to_pylist()
    assert same(left, before)
    for file in (tmp_path / "backup").rglob("*.parquet"):
        with pytest.raises(KeyStoreError, match="was destroyed"):
            read_file(file)
    done = run.invoke(main, ["unseal", str(directory), "--out", str(tmp_path / "plain")])
    assert done.exit_code == 0, done.output
    assert pq.read_table(tmp_path / "plain" / "indices.parquet").num_rows == len(before)
    acts = [e.act for e in entries(store.path)[0]]
    assert acts.count("made plain") == 1
    assert {"processed", "reported", "withdrawn", "unsealed"} <= set(acts)


@pytest.mark.parametrize("how", ["cannot be read", "is missing"])
def test_a_recording_of_which_nobody_knows_whose_it_is_is_named_and_never_passed_over(
    plain: Path, tmp_path: Path, how: str
) -> None:
    everything, path = copied(plain, tmp_path)
    unknown = everything / "2026-11-30_D01_S02"
    shutil.copytree(path, unknown)
    (unknown / "derived.jsonl").unlink()
    (unknown / "session.toml").write_bytes(b"\xff")
    if how == "is missing":
        (unknown / "session.toml").unlink()
    words = ["--person", "C01", "--from", str(everything), "--yes"]
    for more in (["--dry-run"], []):
        done = CliRunner().invoke(withdraw_command, words + more)
        assert done.exit_code == 1
        assert f"{unknown}: nobody knows whose it is" in done.stderr
        assert (unknown / "client.xdf").exists()
    assert not (path / "client.xdf").exists()
