"""The key store: what opens it, what it forgets, and what it says."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner

from acquisition.commands.keys import keys_command
from acquisition.errors import KeyStoreError
from acquisition.protection.keystore import SHARED, KeyStore
from acquisition.protection.passphrase import LOG_N, wrap
from acquisition.protection.unlocked import identity_of, lock, unlock, unlocked_until
from acquisition.protection.vault import unopened_by
from acquisition.session.study import read_study
from tests.acquisition.protection.conftest import PASSPHRASE


def test_passphrase_and_recovery_sheet_open_the_same(locked: KeyStore, recovery: str) -> None:
    own = locked.open_with(PASSPHRASE)
    key, secret = locked.new_key("C07", "r", "client", own)
    assert locked.key(key, own) == locked.key(key, recovery) == secret
    assert len(secret) == 32
    with pytest.raises(KeyStoreError, match="not the passphrase"):
        locked.open_with("something else entirely")
    stranger = str(pyrage.x25519.Identity.generate())
    with pytest.raises(KeyStoreError, match="does not open"):
        locked.key(key, stranger)
    with pytest.raises(KeyStoreError, match="not of this store"):
        unlock(locked, stranger)


def test_age_opens_what_is_wrapped_to_a_passphrase_at_a_known_cost(locked: KeyStore) -> None:
    assert bytes(pyrage.passphrase.decrypt(wrap(b"said", "pass", log_n=10), "pass")) == b"said"
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(wrap(b"said", "pass", log_n=10), "Pass")
    stanza = (locked.path / "unlock.age").read_bytes().split(b"\n")[1]
    assert stanza.startswith(b"-> scrypt ") and stanza.endswith(f" {LOG_N}".encode())


def test_nothing_in_the_store_is_a_key(store: KeyStore) -> None:
    key, secret = store.new_key("C07", "r", "client", identity_of(store))
    identity = identity_of(store)
    for file in (p for p in store.path.rglob("*") if p.is_file()):
        data = file.read_bytes()
        assert secret not in data
        assert identity.encode() not in data
        assert b"AGE-SECRET-KEY" not in data
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert store.record(key).person == "C07"


def test_a_withdrawn_session_leaves_the_others_and_the_person(store: KeyStore) -> None:
    identity = identity_of(store)
    first, _ = store.new_key("C07", "r1", "client", identity)
    second, kept = store.new_key("C07", "r2", "client", identity)
    other, others = store.new_key("T02", "r1", "therapist", identity)
    store.destroy(first, "withdrawn")
    with pytest.raises(KeyStoreError, match=r"was destroyed .* \(withdrawn\)"):
        store.key(first, identity)
    assert store.key(second, identity) == kept
    assert store.destroy_person("C07", "withdrawn") == [second]
    with pytest.raises(KeyStoreError, match="was destroyed"):
        store.key(second, identity)
    assert store.people() == ["T02"]
    assert store.key(other, identity) == others
    again, _ = store.new_key("C07", "r3", "client", identity)  # who comes back gets a new identity
    assert store.record(again).person == "C07"


def test_a_new_recipient_opens_old_and_new_keys_and_rotation_lets_go_of_all(
    store: KeyStore, recovery: str
) -> None:
    identity = identity_of(store)
    old, secret = store.new_key("C07", "r1", "client", identity)
    dyad, shared = store.new_key(SHARED, "r1", "dyad", identity)
    second = pyrage.x25519.Identity.generate()
    store.add_recipient(str(second.to_public()), identity)
    new, _ = store.new_key("C08", "r2", "client", identity)
    assert KeyStore(store.path).key(old, str(second)) == secret
    assert store.key(dyad, str(second)) == shared
    store.key(new, str(second))
    own, sheet = store.rotate("a much newer passphrase", identity)
    for opens in (own, sheet):
        assert KeyStore(store.path).key(old, opens) == secret
        assert KeyStore(store.path).key(dyad, opens) == shared
    for closed in (recovery, identity, str(second)):
        with pytest.raises(KeyStoreError, match="does not open"):
            KeyStore(store.path).key(old, closed)
    with pytest.raises(KeyStoreError, match="no recipient of age"):
        store.add_recipient("age1nonsense", own)


def test_unlocked_for_a_while(locked: KeyStore, recovery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unlocked_until(locked) is None
    until = unlock(locked, recovery, hours=2.0)
    file = next(Path(os.environ["XDG_RUNTIME_DIR"]).rglob("unlocked-*"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setattr("acquisition.protection.unlocked.time.time", lambda: until + 1.0)
    with pytest.raises(KeyStoreError, match="is locked"):
        identity_of(locked)
    assert not file.exists()
    assert not lock(locked)


def test_what_lies_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="no key store is there"):
        KeyStore(tmp_path)
    (tmp_path / "store.json").write_text("[]")
    with pytest.raises(KeyStoreError, match="cannot be read"):
        KeyStore(tmp_path)
    with pytest.raises(KeyStoreError, match="is not empty"):
        KeyStore.init(tmp_path, PASSPHRASE)
    (tmp_path / "store.json").write_text('{"version": 2, "id": "x", "recipients": []}')
    with pytest.raises(KeyStoreError, match="newer version"):
        KeyStore(tmp_path)


@pytest.mark.parametrize("code", ["../T02", "", "a/b", "Ä", "x" * 65])
def test_a_code_names_no_other_file(store: KeyStore, code: str) -> None:
    with pytest.raises(KeyStoreError, match="is no code"):
        store.new_key(code, "r", "client", identity_of(store))


def test_the_commands(locked: KeyStore, recovery: str, tmp_path: Path) -> None:
    run = CliRunner()
    sheet = tmp_path / "sheet.txt"
    sheet.write_text(f"RECOVERY SHEET\n\n{recovery}\n")
    status = run.invoke(keys_command, ["status"])
    assert "locked (`attune keys unlock` opens it)" in status.output
    result = run.invoke(keys_command, ["unlock"])
    assert result.exit_code == 2
    assert "--passphrase-file" in result.output
    result = run.invoke(keys_command, ["unlock", "--recovery", str(sheet)])
    assert result.exit_code == 0, result.output
    said = json.loads(run.invoke(keys_command, ["status", "--json"]).output)
    assert said["people"] == []
    assert said["unlocked_until"]
    new = tmp_path / "second.txt"
    assert run.invoke(keys_command, ["export", "--sheet", str(new)]).exit_code == 0
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert "AGE-SECRET-KEY-" in new.read_text()
    assert run.invoke(keys_command, ["export", "--sheet", str(new)]).exit_code == 2
    assert "locked" in run.invoke(keys_command, ["lock"]).output
    again = run.invoke(keys_command, ["unlock", "--recovery", str(new)])
    assert again.exit_code == 0, again.output
    short = tmp_path / "short"
    short.write_text("abc\n")
    result = run.invoke(
        keys_command, ["init", "--store", str(tmp_path / "n"), "--passphrase-file", str(short)]
    )
    assert result.exit_code == 2
    assert "12 at least" in result.output


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_passphrase_in_a_file_opens_a_locked_store_for_one_command(
    locked: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    other = pyrage.x25519.Identity.generate()
    file, wrong = tmp_path / "passphrase", tmp_path / "wrong"
    file.write_text(PASSPHRASE + "\n")
    wrong.write_text("something else entirely\n")
    words: list[str] = []

    def say(path: Path) -> None:
        if way == "option":
            words[:] = ["--passphrase-file", str(path)]
        else:
            monkeypatch.setenv("ATTUNE_PASSPHRASE_FILE", str(path))

    run, sheet = CliRunner(), tmp_path / "sheet.txt"
    add, export = ["add-recipient", str(other.to_public())], ["export", "--sheet", str(sheet)]
    for command in (add, export):
        refused = run.invoke(keys_command, command)
        assert refused.exit_code == 1 and "the key store is locked" in str(refused.output)
    say(wrong)
    for command in (add, export):
        assert run.invoke(keys_command, [*command, *words]).exit_code == 1
    assert not sheet.exists()
    say(file)
    for command in (add, export):
        done = run.invoke(keys_command, [*command, *words])
        assert done.exit_code == 0, done.output
    assert unlocked_until(locked) is None
    now = KeyStore(locked.path)
    key, secret = now.new_key("C07", "r", "client", now.open_with(PASSPHRASE))
    assert now.key(key, str(other)) == secret


def test_recipients_of_a_study_are_told_while_they_open_nothing_and_added_at_once(
    store: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = pyrage.x25519.Identity.generate()
    file = tmp_path / "study.toml"
    file.write_text(f'[[recipient]]\nname = "Data manager"\nkey = "{other.to_public()}"\n')
    (line,) = unopened_by(read_study(file))
    assert "Data manager does not open the key store" in line and str(other.to_public()) in line
    key, secret = store.new_key("C07", "r", "client", identity_of(store))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(keys_command, ["add-recipient"])
    assert done.exit_code == 0, done.output
    assert unopened_by(read_study(file)) == []
    assert store.key(key, str(other)) == secret
    file.unlink()
    assert CliRunner().invoke(keys_command, ["add-recipient"]).exit_code == 2
