"""A certificate for one run of the page: made now, signed by itself, kept nowhere longer than the process."""

from __future__ import annotations

import ipaddress
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

DAYS = 2


@dataclass(frozen=True, slots=True)
class Certificate:
    """Hold the files of a certificate and its key, and the fingerprint by which people know it."""

    cert: Path
    key: Path
    fingerprint: str


@contextmanager
def certificate(hosts: Sequence[str]) -> Iterator[Certificate]:
    """Give a certificate for some host names and addresses; its files go at the end of the block."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Attunement status page")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_named(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    digest = built.fingerprint(hashes.SHA256()).hex().upper()
    with tempfile.TemporaryDirectory(prefix="attunement-status-") as folder:  # 0700
        found = Certificate(
            Path(folder) / "cert.pem",
            Path(folder) / "key.pem",
            ":".join(digest[i : i + 2] for i in range(0, 64, 2)),
        )
        found.cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        found.key.touch(0o600)
        found.key.write_bytes(
            secret.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        yield found


def _named(host: str):  # type: ignore[no-untyped-def]  # x509 is loaded on use
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
