"""A sealed recording is read as a plain one, growing or finished, whole, cut or damaged; or not at all."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyxdf
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.cli import main
from acquisition.errors import KeyStoreError, RecordingError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import ENVIRONMENT
from acquisition.protection.unlocked import lock, unlock
from acquisition.protection.unseal import unseal
from acquisition.protection.vault import Keys, new_keys, sealed_header
from acquisition.protection.withdrawal import plan
from acquisition.recorder.begin import record as record_session
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id, read_identity
from acquisition.recording.recording import Recording
from acquisition.recording.repair import repair
from acquisition.recording.verify import verify
from acquisition.session.session import ProtectionSettings
from acquisition.session.toml import dump_session, parse_session
from acquisition.stream import PEOPLE, ROLES, Role
from tests.acquisition.recording.test_recording import follow
from tests.acquisition.simulated import SESSION, content, record

NAMES = [f"{role}.xdf" for role in ROLES]
modest = settings(deadline=None, max_examples=15)
seeds = st.integers(0, 2**32 - 1)
SEALED = ProtectionSettings(sealed=True)
pytestmark = pytest.mark.usefixtures("kept")
CODES = {Role.CLIENT: "C07", Role.THERAPIST: "T02"}


def keys() -> Keys:
    return new_keys(new_id(), CODES)


@modest
@given(seed=seeds, growth=seeds, closed=st.booleans())
def test_sealed_reads_as_plain_and_grows_as_plain(seed: int, growth: int, closed: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        d = Path(name)
        plain = content(Recording(record(d / "p", seed=seed, n_ticks=100, close=closed)).batches())
        sealed = Recording(record(d / "s", seed=seed, n_ticks=100, close=closed, keys=keys()))
        assert content(sealed.batches()) == plain
        assert sealed.state == ("closed" if closed else "cut")
        assert not sealed.damage
        files = {name: (d / "s" / name).read_bytes() for name in NAMES}
        assert not any(b"now_moment" in data or b"<type>ECG" in data for data in files.values())
        assert follow(files, d / "f", np.random.default_rng(growth)) == plain


@modest
@given(seed=seeds, growth=seeds, share=st.floats(0, 1), flip=st.booleans(), name=st.sampled_from(NAMES))
def test_cut_or_flipped_it_gives_nothing_wrong_and_says_so(
    seed: int, growth: int, share: float, flip: bool, name: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        d = Path(folder)
        whole = content(Recording(record(d / "s", seed=seed, n_ticks=100, keys=keys())).batches())
        assert verify(d / "s") == []
        data = bytearray((d / "s" / name).read_bytes())
        begin = 8 + int.from_bytes(data[4:8], "little")
        at = begin + int(share * (len(data) - begin - 1))
        if flip:
            data[at] ^= 1 + growth % 255
        else:
            del data[at:]
        (d / "s" / name).write_bytes(data)
        recording = Recording(d / "s")
        found = content(recording.batches())
        known = dict(enumerate(whole["ticks"])) | {
            number: (number, *rest) for number, *rest in whole["ticks"]
        }
        assert all(known[tick[0]] == tick for tick in found["ticks"])
        for key, part in found["streams"].items():
            assert set(part["times"]) <= set(whole["streams"][key]["times"])
        told = [e for _, e in whole["events"]]
        assert all(e in told for _, e in found["events"] if e.source != "lsl")  # those lean on clock offsets
        assert any(f.file == name for f in verify(d / "s"))
        if flip:
            assert recording.damage
        files = {n: (d / "s" / n).read_bytes() for n in NAMES}
        assert follow(files, d / "f", np.random.default_rng(growth)) == found


def test_exchanged_files_open_nothing(tmp_path: Path) -> None:
    path = record(tmp_path / "s", keys=keys())
    (path / "client.xdf").rename(path / "x")
    (path / "therapist.xdf").rename(path / "client.xdf")
    (path / "x").rename(path / "therapist.xdf")
    found = content(Recording(path).batches())
    assert {key[0] for key in found["streams"]} <= {Role.DYAD}
    problems = {(f.file, f.problem) for f in verify(path)}
    assert {("client.xdf", "swapped"), ("therapist.xdf", "swapped")} <= problems


def test_without_the_key_nothing_opens_and_the_message_says_what_to_type(
    tmp_path: Path, kept: KeyStore, made: tuple[Path, str]
) -> None:
    path = record(tmp_path / "s", keys=keys())
    copy = tmp_path / "backup"
    copy.mkdir()
    for file in path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    lock(kept)
    with pytest.raises(KeyStoreError, match=r"client\.xdf is sealed: .*locked \(`attune keys unlock`"):
        Recording(path)
    with pytest.raises(KeyStoreError, match="locked"):
        record_session(
            replace(SESSION, protection=ProtectionSettings(sealed=True)), tmp_path / "n", drivers=[]
        )
    assert not (tmp_path / "n").exists()
    unlock(kept, made[1])
    key = next(k.id for k in kept.records() if k.recording == read_identity(path / "client.xdf").recording)
    kept.destroy(key, "withdrawn")
    for place in (path, copy):
        with pytest.raises(KeyStoreError, match=r"was destroyed .*\(withdrawn\)"):
            Recording(place)


def test_every_file_of_a_person_has_a_key_of_its_own(tmp_path: Path) -> None:
    """A recorder that begins again, and two of one session, never share a key with a counter at 0."""
    both = keys()
    heads = set()
    for n in range(20):
        path = record(tmp_path / f"s{n}", n_ticks=2, keys=both)
        heads |= {(path / name).read_bytes()[:400] for name in NAMES}
    assert len(heads) == 60


def test_unsealed_it_is_what_a_plain_recording_is(tmp_path: Path) -> None:
    path = record(tmp_path / "s", seed=5, keys=keys())
    done = unseal(path, tmp_path / "u")
    assert [one.said for one in done] == ["plain"] * 3
    whole = content(Recording(path).batches())
    assert content(Recording(tmp_path / "u").batches()) == whole
    assert verify(tmp_path / "u") == []
    streams, _ = pyxdf.load_xdf(str(tmp_path / "u" / "client.xdf"))
    assert {s["info"]["name"][0] for s in streams} >= {"ECG", "RR"}
    with pytest.raises(RecordingError, match="is not sealed"):
        unseal(tmp_path / "u", tmp_path / "v")


def test_unseal_copies_what_the_keys_at_hand_open_and_names_the_rest(tmp_path: Path, kept: KeyStore) -> None:
    path = record(tmp_path / "s", seed=5, keys=keys())
    recording = read_identity(path / "client.xdf").recording
    key = next(k for k in kept.records() if (k.recording, k.role) == (recording, "client"))
    kept.destroy(key.id, "withdrawn")
    result = CliRunner().invoke(main, ["unseal", str(path), "--out", str(tmp_path / "u")])
    assert result.exit_code == 0, result.output
    assert "client.xdf: stays sealed: client.xdf is sealed" in result.output
    assert sorted(p.name for p in (tmp_path / "u").glob("*.xdf")) == ["dyad.xdf", "therapist.xdf"]
    assert verify(tmp_path / "u") == []


def test_a_repaired_copy_is_sealed_anew(tmp_path: Path) -> None:
    path = record(tmp_path / "s", seed=6, close=False, keys=keys())
    before = content(Recording(path).batches())
    repair(path, tmp_path / "r")
    assert content(Recording(tmp_path / "r").batches()) == before
    assert [(tmp_path / "r" / n).read_bytes()[:4] for n in NAMES] == [b"ATS1"] * 3
    assert all((tmp_path / "r" / n).read_bytes()[:400] != (path / n).read_bytes()[:400] for n in NAMES)
    assert Recording(tmp_path / "r").state == "closed"


def test_the_disk_that_refuses_costs_nothing_and_no_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    write, full = os.write, [False]

    def refusing(fd: int, data: bytes) -> int:
        if full[0]:
            write(fd, bytes(data[:7]))
            raise OSError(28, "No space left on device")
        return write(fd, data)

    both = keys()
    store = RecordingStore(tmp_path / "s", fsync=0, id=both.recording, keys=both)
    store.tick(1.0, 1.0)
    monkeypatch.setattr(os, "write", refusing)
    for k in range(2, 5):
        full[0] = True
        with pytest.raises(RecordingError, match="No space left"):
            store.tick(float(k), float(k))
        full[0] = False
    store.tick(9.0, 9.0)
    store.close()
    recording = Recording(tmp_path / "s")
    assert [t[1] for t in content(recording.batches())["ticks"]] == [1.0, 2.0, 3.0, 4.0, 9.0]
    assert not recording.damage


def test_the_session_file_says_how_it_is_protected() -> None:

    session = replace(SESSION, protection=ProtectionSettings(sealed=True, keep_until="2036-11-29"))
    assert parse_session(dump_session(session), "x").protection == session.protection
    assert "[protection]" not in dump_session(SESSION)
    bare = dump_session(SESSION) + "\n[protection]\nkeep_until = 2036-02-30\n"
    with pytest.raises(ValueError, match=r"\[protection\] keep_until|not TOML"):
        parse_session(bare, "x")
    wrong = dump_session(SESSION) + '\n[protection]\nkeep_until = "someday"\nsealed = "yes"\n'
    with pytest.raises(ValueError, match=r"\[protection\] sealed") as error:
        parse_session(wrong, "x")
    assert '[protection] keep_until = "someday": must be a date' in str(error.value)


def test_roles_are_of_people_and_the_dyad() -> None:
    assert set(keys().of) == set(ROLES)
    assert set(PEOPLE) < set(ROLES)


def test_verify_without_the_key_goes_by_the_manifest(
    tmp_path: Path, kept: KeyStore, made: tuple[Path, str]
) -> None:
    path = record(tmp_path / "s", keys=keys())
    lock(kept)
    try:
        result = CliRunner().invoke(main, ["verify", str(path)])
        assert result.exit_code == 0, result.output
        assert "whole by its manifest" in result.output
        assert "client.xdf is sealed" in result.output
        with pytest.raises(KeyStoreError, match="locked"):
            repair(path, tmp_path / "r")
        assert not (tmp_path / "r").exists()
        data = bytearray((path / "client.xdf").read_bytes())
        data[-1] ^= 1
        (path / "client.xdf").write_bytes(data)
        assert [f.problem for f in verify(path)] == ["damaged"]
    finally:
        unlock(kept, made[1])


def test_an_import_is_sealed_for_people_who_are_known_and_says_where_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "ecg.csv"
    table.write_text("t,ecg\n" + "".join(f"{k / 250},{k % 7}\n" for k in range(2500)))
    words = ["import", str(table), "--stream", "client:ecg:mV:250=ecg", "--sealed", "--out"]
    unknown = CliRunner().invoke(main, [*words, str(tmp_path / "a")])
    assert unknown.exit_code == 1
    assert "say --client and --therapist CODE" in unknown.output
    assert not (tmp_path / "a").exists()
    done = CliRunner().invoke(main, [*words, str(tmp_path / "b"), "--client", "C09", "--therapist", "T03"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "b" / "client.xdf").read_bytes()[:4] == b"ATS1"
    assert len(content(Recording(tmp_path / "b").batches())["streams"]) == 1
    assert verify(tmp_path / "b") == []
    assert "not sealed" not in done.output
    words.remove("--sealed")
    plain = CliRunner().invoke(main, [*words, str(tmp_path / "c")])
    assert plain.exit_code == 0 and "not sealed" in plain.stderr and "(--sealed seals it)" in plain.stderr
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "nowhere"))
    alone = CliRunner().invoke(main, [*words, str(tmp_path / "d")])
    assert alone.exit_code == 0 and "not sealed" not in alone.output


def test_a_file_is_no_directory_with_sealed_files(tmp_path: Path) -> None:
    (tmp_path / "x.xdf").write_bytes(b"garbage")
    assert sealed_header(tmp_path / "x.xdf" / "client.xdf") is None


def test_nobody_is_withdrawn_where_no_recording_is(tmp_path: Path) -> None:
    """A folder of recordings has a session file too: that nothing is left there would be wrong."""
    record(tmp_path / "inner", keys=keys())
    (tmp_path / "session.toml").write_text((tmp_path / "inner" / "session.toml").read_text())
    with pytest.raises(RecordingError, match="no recording is there"):
        plan(tmp_path, Role.CLIENT)
    assert [step.act for step in plan(tmp_path / "inner", Role.CLIENT)] == ["destroy key", "delete file"]
