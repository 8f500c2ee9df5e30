"""Unlocking by the system's keyring, and by a TPM: what each keeps, and what it says where there is none."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.commands.keys import keys_command
from acquisition.errors import KeyStoreError
from acquisition.protection import remembered
from acquisition.protection.keystore import KeyStore
from acquisition.protection.remembered import TCTI, forget, recall, remember
from acquisition.protection.unlocked import identity_of, lock, unlocked_until
from tests.acquisition.protection.conftest import PASSPHRASE
from tests.waiting import wait_for


@pytest.fixture
def desktop() -> Iterator[dict[tuple[str, str], str]]:
    """Give a keyring in memory, as a desktop has one."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend
    from keyring.errors import PasswordDeleteError

    held: dict[tuple[str, str], str] = {}

    class InMemory(KeyringBackend):
        priority = 1

        def set_password(self, service: str, username: str, password: str) -> None:
            held[service, username] = password

        def get_password(self, service: str, username: str) -> str | None:
            return held.get((service, username))

        def delete_password(self, service: str, username: str) -> None:
            if held.pop((service, username), None) is None:
                raise PasswordDeleteError("not there")

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield held
    keyring.set_keyring(before)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(keys_command, list(words))
    return result.exit_code, result.output


def test_a_keyring_opens_the_store_until_it_forgets(
    store: KeyStore, desktop: dict[tuple[str, str], str]
) -> None:
    identity = identity_of(store)
    assert run("remember", "keyring") == (
        0,
        f"{store.path}: `attune keys unlock --by keyring` opens it from now on\n",
    )
    assert list(desktop.values()) == [identity]
    lock(store)
    assert run("unlock", "--by", "keyring")[0] == 0
    assert identity_of(store) == identity
    assert run("forget", "keyring")[0] == 0 and not desktop
    lock(store)
    code, said = run("unlock", "--by", "keyring")
    assert code == 1 and "the keyring has nothing of it" in said and unlocked_until(store) is None


def test_after_a_rotation_the_keyring_has_nothing_old(
    store: KeyStore, desktop: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    remember(store, "keyring", identity_of(store))
    stale = dict(desktop)
    (tmp_path / "new").write_text("another long passphrase")
    assert run("rotate", "--passphrase-file", str(tmp_path / "new"))[0] == 0
    assert not desktop
    desktop.update(stale)
    code, said = run("unlock", "--by", "keyring")
    assert code == 1 and "was rotated since" in said


def test_without_a_desktop_it_is_said_and_the_passphrase_opens(store: KeyStore, tmp_path: Path) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    try:
        code, said = run("remember", "keyring")
        assert code == 1 and "the system's keyring does not answer" in said and "Traceback" not in said
        assert run("unlock", "--by", "keyring")[0] == 1
    finally:
        keyring.set_keyring(before)
    (tmp_path / "p").write_text(PASSPHRASE)
    assert run("unlock", "--passphrase-file", str(tmp_path / "p"))[0] == 0


def test_what_is_not_installed_or_not_there_is_named(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    monkeypatch.setitem(__import__("sys").modules, "tpm2_pytss", None)
    with pytest.raises(KeyStoreError, match=r"attunement\[keyring\]"):
        recall(store, "keyring")
    with pytest.raises(KeyStoreError, match="no TPM has it"):
        recall(store, "tpm", "123456")
    with pytest.raises(KeyStoreError, match=r"attunement\[tpm\].*libtss2"):
        remember(store, "tpm", identity_of(store), "123456")
    with pytest.raises(KeyStoreError, match="6 to 32 characters"):
        remember(store, "tpm", identity_of(store), "1234")


def two_ports() -> tuple[int, int]:
    """Return two free ports that follow one another: tpm2-tss takes the second for granted."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = first.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except (OSError, OverflowError):
                continue
            return port, port + 1


@pytest.fixture
def emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a TPM in software."""
    pytest.importorskip("tpm2_pytss")
    if shutil.which("swtpm") is None:
        pytest.skip("no swtpm")
    ports = two_ports()
    (tmp_path / "tpm").mkdir()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={tmp_path / 'tpm'}"]
    command += ["--server", f"type=tcp,port={ports[0]}", "--ctrl", f"type=tcp,port={ports[1]}"]
    child = subprocess.Popen([*command, "--flags", "not-need-init,startup-clear"])
    monkeypatch.setenv(TCTI, f"swtpm:host=127.0.0.1,port={ports[0]}")

    def answers() -> bool:
        try:
            with remembered._tpm():
                return True
        except KeyStoreError:
            return False

    try:
        wait_for(answers)
        yield
    finally:
        child.terminate()
        child.wait()


@pytest.mark.realtime
def test_a_tpm_opens_the_store_by_a_pin_and_counts_wrong_ones(
    store: KeyStore, emulated: None, tmp_path: Path
) -> None:
    identity = identity_of(store)
    (tmp_path / "pin").write_text("739-204")
    (tmp_path / "wrong").write_text("000-000")
    assert run("remember", "tpm", "--passphrase-file", str(tmp_path / "pin"))[0] == 0
    stored = b"".join(f.read_bytes() for f in store.path.rglob("*") if f.is_file())
    assert identity.encode() not in stored and bytes.fromhex(identity.encode().hex()) not in stored
    lock(store)
    assert run("unlock", "--by", "tpm", "--passphrase-file", str(tmp_path / "pin"))[0] == 0
    assert identity_of(store) == identity
    lock(store)
    said = [run("unlock", "--by", "tpm", "--passphrase-file", str(tmp_path / "wrong")) for _ in range(5)]
    assert {code for code, _ in said} == {1}
    assert "that is not the PIN" in said[0][1] and "too many wrong PINs" in said[-1][1]
    assert forget(store, "tpm") and not forget(store, "tpm")
