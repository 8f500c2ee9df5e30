"""Wrap a text to a passphrase as a file of age, with a memory cost that is chosen and not measured.

`pyrage` sets the cost so that it takes a second on the machine that makes the file: 1 GB and 3 s at each
unlock on a fast one. Here it is N = 2**17, r = 8, p = 1: 128 MiB, what OWASP's Password Storage Cheat Sheet
asks for scrypt at least. The file is age's own form, so that `age`, `rage` and `pyrage` open it.

References
----------
age-encryption.org/v1 (Valsorda, Cartwright-Cox), https://c2sp.org/age; scrypt: RFC 7914
"""

from __future__ import annotations

import base64
import os

LOG_N = 17
"""Binary logarithm of scrypt's cost."""
_CHUNK = 1 << 16
_LABEL = b"age-encryption.org/v1/scrypt"


def wrap(data: bytes, passphrase: str, log_n: int = LOG_N) -> bytes:
    """Return a file of age that the passphrase opens; `data` is at most 64 KiB long."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    if len(data) > _CHUNK:
        raise ValueError("too long for one chunk")
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrapping = Scrypt(_LABEL + salt, 32, 1 << log_n, 8, 1).derive(passphrase.encode())
    body = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    head = f"age-encryption.org/v1\n-> scrypt {_text(salt)} {log_n}\n{_text(body)}\n---".encode()
    mac = HMAC(_derived(file_key, b"", b"header"), SHA256())
    mac.update(head)
    last = bytes(11) + b"\x01"
    payload = ChaCha20Poly1305(_derived(file_key, nonce, b"payload")).encrypt(last, data, None)
    return head + f" {_text(mac.finalize())}\n".encode() + nonce + payload


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt or None, info).derive(key)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
