"""Other ways to unlock a key store: the system's keyring, and a TPM; each asked for, beside the passphrase.

Keyring: the store's identity lies in the keyring of the user's desktop (Secret Service, macOS Keychain,
Windows Credential Locker), open while that is open: as safe as the user's login, and no safer.

TPM 2.0: the identity is sealed in a keyed-hash object below the owner's storage key, under a PIN. The object
lies in the key store (`unlock.tpm`) and opens in this machine's TPM alone, which counts wrong PINs and then
refuses for a while. What goes over the bus is encrypted (a session salted with the storage key).

References
----------
Trusted Platform Module Library 2.0, part 1, sections 19.6 (lockout), 21 (session-based encryption)
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from acquisition.errors import KeyStoreError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import put, shred

WAYS = ("keyring", "tpm")
SERVICE = "attunement key store"
TCTI = "ATTUNE_TPM"
"""Environment: how the TPM is reached, as of tpm2-tss; by default the kernel's resource manager."""
TPM_FILE = "unlock.tpm"
SHORTEST_PIN = 6
LONGEST_PIN = 32


def remember(store: KeyStore, way: str, identity: str, pin: str = "") -> None:
    """Put a store's identity where that way finds it again.

    Parameters
    ----------
    way : str
        One of `WAYS`.
    pin : str
        Of a TPM alone.

    Raises
    ------
    KeyStoreError
        If this machine has no such thing, or it refuses.
    """
    if way == "keyring":
        _in_keyring("set_password", SERVICE, store.id, identity)
        return
    if not SHORTEST_PIN <= len(pin.encode()) <= LONGEST_PIN:
        raise KeyStoreError(f"the PIN must have {SHORTEST_PIN} to {LONGEST_PIN} characters")
    with _tpm() as tpm:
        sealed = tpm.seal(identity.encode(), pin.encode())
    put(store.path / TPM_FILE, json.dumps({k: v.hex() for k, v in sealed.items()}).encode())


def recall(store: KeyStore, way: str, pin: str = "") -> str:
    """Return a store's identity.

    Raises
    ------
    KeyStoreError
        If it was not put there, this machine has no such thing, or the PIN is not the one.
    """
    if way == "keyring":
        found = _in_keyring("get_password", SERVICE, store.id)
        if not isinstance(found, str):
            raise KeyStoreError(
                f"{store.path}: the keyring has nothing of it (`attune keys remember keyring`)"
            )
        return found
    try:
        said = json.loads((store.path / TPM_FILE).read_bytes())
        parts = {k: bytes.fromhex(said[k]) for k in ("public", "private")}
    except FileNotFoundError:
        raise KeyStoreError(f"{store.path}: no TPM has it (`attune keys remember tpm`)") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyStoreError(f"{store.path / TPM_FILE}: cannot be read ({error})") from error
    with _tpm() as tpm:
        return bytes(tpm.unseal(parts["public"], parts["private"], pin.encode())).decode()


def forget(store: KeyStore, way: str) -> bool:
    """Take it away again; tell whether it was there."""
    if way == "tpm":
        there = (store.path / TPM_FILE).exists()
        shred(store.path / TPM_FILE)
        return there
    if _in_keyring("get_password", SERVICE, store.id) is None:
        return False
    _in_keyring("delete_password", SERVICE, store.id)
    return True


def forget_all(store: KeyStore) -> None:
    """Take away what a rotation made useless, where it was."""
    for way in WAYS:
        try:
            forget(store, way)
        except KeyStoreError:
            continue  # no keyring here: so there is nothing in it


def _in_keyring(act: str, *given: str) -> object:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise KeyStoreError("the system's keyring needs `pip install 'attunement[keyring]'`") from error
    try:
        return getattr(keyring, act)(*given)
    except KeyringError as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise KeyStoreError(f"the system's keyring does not answer ({what})") from error


@contextmanager
def _tpm() -> Iterator[Any]:
    os.environ.setdefault("TSS2_LOG", "all+NONE")  # it writes into the terminal else
    try:
        from tpm2_pytss import TSS2_Exception

        from acquisition.protection.tpm import Tpm
    except (ImportError, OSError) as error:
        needs = "a TPM needs `pip install 'attunement[tpm]'` and the system's libtss2 (Debian: libtss2-dev)"
        raise KeyStoreError(needs) from error
    reached = os.environ.get(TCTI, "device:/dev/tpmrm0")
    try:
        with Tpm(reached) as tpm:
            yield tpm
    except TSS2_Exception as error:
        raise KeyStoreError(f"the TPM ({reached}): {_words(error.rc, str(error))}") from error


def _words(code: int, said: str) -> str:
    """Return in words what a TPM answers."""
    if code & 0xBF in (0x8E, 0xA2):
        return "that is not the PIN"
    if code == 0x921:
        return "too many wrong PINs; it refuses for a while (use the passphrase)"
    return f"{said} ({code:#x})"
