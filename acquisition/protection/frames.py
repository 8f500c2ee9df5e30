"""The sealed form of a file: frames of ChaCha20-Poly1305 around its bytes, one a write; it can be followed.

    file   "ATS1" | uint32 length | header (JSON)  |  frame …
    frame  "FRM1" | uint32 counter | uint32 counter before | uint32 length, top bit: final | sealed bytes

The nonce is the counter, under a key that is made for this one file and never used again; what is
authenticated beside the bytes is the file's name, the hash of its header and the frame's own head. A counter
is used once, even where the disk refused what it sealed: each frame names the one before it that stayed, so
that a missing, repeated or exchanged frame shows. After damage the next frame is found by its mark.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from struct import Struct, pack

from acquisition.errors import RecordingError

MAGIC, MARK = b"ATS1", b"FRM1"
SUITE = "chacha20poly1305"
_HEAD = Struct("<4sIII")
_FINAL = 1 << 31
_MOST = 1 << 26
"""Longest sealed part of a frame [bytes]."""
_LONGEST_HEADER = 1 << 14
_TAG = 16
NOTHING = 0xFFFF_FFFF
"""Counter before the first frame."""


@dataclass(frozen=True, slots=True)
class Header:
    """Say what opens a file, never the key itself.

    Parameters
    ----------
    key : str
        Id of the key in the store.
    salt : str
        32 random bytes in hex: with the key of the person and session they give the key of the file.
    recording, role : str
        As in the plain file's own header.
    """

    key: str
    salt: str
    recording: str = ""
    role: str = ""

    @classmethod
    def new(cls, key: str, *, recording: str = "", role: str = "") -> Header:
        """Return a header with a salt that was never used."""
        return cls(key, os.urandom(32).hex(), recording, role)

    def to_bytes(self) -> bytes:
        """Return it as it stands in the file."""
        text = json.dumps({"version": 1, "suite": SUITE, **asdict(self)}, sort_keys=True).encode()
        return MAGIC + pack("<I", len(text)) + text


def is_sealed(head: bytes) -> bool:
    """Tell whether a file that begins so is sealed."""
    return head[: len(MAGIC)] == MAGIC


def read_header(data: bytes, name: str) -> tuple[Header, int] | None:
    """Return the header at the beginning of a file and where the frames begin; None if it is not whole yet.

    Raises
    ------
    RecordingError
        If there is something else.
    """
    if len(data) < 8:
        return None
    n = int.from_bytes(data[4:8], "little")
    if not is_sealed(data) or n > _LONGEST_HEADER:
        raise RecordingError(f"{name}: the head of a sealed file is damaged")
    if len(data) < 8 + n:
        return None
    try:
        said = json.loads(data[8 : 8 + n])
        if said.pop("version") != 1 or said.pop("suite") != SUITE:
            raise RecordingError(f"{name}: was sealed by a newer version")
        header = Header(**said)
        texts = all(isinstance(v, str) for v in asdict(header).values())
        if not texts or len(bytes.fromhex(header.salt)) != 32:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RecordingError(f"{name}: the head of a sealed file is damaged") from error
    return header, 8 + n


def file_key(secret: bytes, header: Header) -> bytes:
    """Return the key of one file: HKDF-SHA256 (RFC 5869) of the session's key with the file's salt."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, bytes.fromhex(header.salt), b"attunement sealed file").derive(secret)


class Seal:
    """Seal what is written into one file.

    Parameters
    ----------
    secret : bytes
        Key of the person and session, 32 bytes.
    header : Header
        With a salt of its own; a file is never opened again for writing.
    name : str
        The file's name: under another it does not open.
    """

    def __init__(self, secret: bytes, header: Header, name: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        self.head = header.to_bytes()
        """What the file begins with, before the first frame."""
        self._box = ChaCha20Poly1305(file_key(secret, header))
        self._bound = _bound(self.head, name)
        self._next, self._before = 0, NOTHING

    def frame(self, data: bytes, *, final: bool = False) -> bytes:
        """Return bytes as the next frame; it counts once `keep` is called."""
        if len(data) > _MOST - _TAG:
            raise ValueError("too long for one frame")
        size = len(data) + _TAG
        head = _HEAD.pack(MARK, self._next, self._before, size | (_FINAL if final else 0))
        self._next += 1  # never twice, whatever becomes of this one
        return head + self._box.encrypt(_nonce(self._next - 1), data, self._bound + head)

    def kept(self) -> tuple[int, int]:
        """Take the last frame as written; return what `take_back` needs to undo that."""
        state = self._before, self._next - 1
        self._before = self._next - 1
        return state

    def take_back(self, state: tuple[int, int]) -> None:
        """Take back a frame that was written last and cut off again."""
        self._before = state[0]


@dataclass(frozen=True, slots=True)
class Lost:
    """Name bytes [start, stop) of a sealed file that do not open, and why."""

    start: int
    stop: int
    why: str


class Opener:
    """Open what is read from one file, in any portions."""

    def __init__(self, secret: bytes, header: Header, name: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        head = header.to_bytes()
        self._box = ChaCha20Poly1305(file_key(secret, header))
        self._bound = _bound(head, name)
        self._buffer, self._at = b"", len(head)
        self._bad: int | None = None
        self._before = NOTHING
        self.closed = False
        """Whether the final frame was read."""

    def feed(self, data: bytes, *, final: bool = False) -> list[bytes | Lost]:
        """Return the bytes of the frames that are whole now, and what did not open between them.

        Parameters
        ----------
        final : bool
            Nothing more will come: what is left is lost.
        """
        self._buffer += data
        out: list[bytes | Lost] = []
        at = self._undisturbed(0, out)
        while step := self._frame(at, out, final=final):
            at = self._undisturbed(at + step, out)
        self._buffer, self._at = self._buffer[at:], self._at + at
        if final and (self._buffer or self._bad is not None):
            end = self._at + len(self._buffer)
            out.append(Lost(self._at if self._bad is None else self._bad, end, "the last frame is not whole"))
            self._buffer, self._at, self._bad = b"", end, None
        return out

    def _undisturbed(self, at: int, out: list[bytes | Lost]) -> int:
        """Take the whole frames from `at` on that follow one another as they were written; return their end.

        Nothing but frames is seen by it: whatever is another way is left to `_frame`. An hour has 100,000.
        """
        from cryptography.exceptions import InvalidTag

        if self._bad is not None or self.closed:
            return at
        buffer, bound, decrypt, unpack = self._buffer, self._bound, self._box.decrypt, _HEAD.unpack_from
        total, begin, before = len(buffer), _HEAD.size, self._before
        while at + begin <= total:
            mark, n, known, size = unpack(buffer, at)
            body = at + begin
            end = body + size
            in_order = known == before and (n > before or before == NOTHING)
            if mark != MARK or not in_order or not _TAG <= size <= _MOST or end > total:
                break  # the final frame too, whose size has its top bit set
            try:
                out.append(decrypt(n.to_bytes(12, "little"), buffer[body:end], bound + buffer[at:body]))
            except InvalidTag:
                break
            before, at = n, end
        self._before = before
        return at

    def _frame(self, at: int, out: list[bytes | Lost], *, final: bool) -> int:
        """Take the frame at `at`; return how far to go on, 0 to wait for more."""
        left = len(self._buffer) - at
        if left < _HEAD.size:
            return 0
        mark, n, before, size = _HEAD.unpack_from(self._buffer, at)
        last, size = bool(size & _FINAL), int(size) & ~_FINAL
        if mark == MARK and _TAG <= size <= _MOST and not self.closed:
            whole = left >= _HEAD.size + size
            if not whole and not final and not self._another(at):
                return 0  # it is on its way
            if whole and (plain := self._open(at, n, size)) is not None:
                self._admit(at, n, before, out)
                out.append(plain)
                self._before, self.closed = n, last
                return _HEAD.size + size
        return self._skip(at)

    def _another(self, at: int) -> bool:
        """Tell whether a whole frame stands inside one that seems unfinished: its length is wrong."""
        found = at
        while (found := self._buffer.find(MARK, found + 1)) >= 0:
            if len(self._buffer) - found < _HEAD.size:
                return False
            _, n, _, size = _HEAD.unpack_from(self._buffer, found)
            size &= ~_FINAL
            whole = _TAG <= size <= len(self._buffer) - found - _HEAD.size
            if whole and self._open(found, n, size) is not None:
                return True
        return False

    def _open(self, at: int, n: int, size: int) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        if self._before != NOTHING and n <= self._before:
            return None
        head = self._buffer[at : at + _HEAD.size]
        body = self._buffer[at + _HEAD.size : at + _HEAD.size + size]
        try:
            return self._box.decrypt(_nonce(n), body, self._bound + head)
        except InvalidTag:
            return None

    def _admit(self, at: int, n: int, before: int, out: list[bytes | Lost]) -> None:
        """Say what is missing before a frame that opened."""
        if self._bad is not None:
            out.append(
                Lost(self._bad, self._at + at, "a frame does not open: changed, moved or not this file's")
            )
            self._bad = None
        elif before != self._before:
            out.append(Lost(self._at + at, self._at + at, f"a frame before frame {n} is missing"))

    def _skip(self, at: int) -> int:
        """Return how far the next mark is, or may be."""
        if self._bad is None:
            self._bad = self._at + at
        found = self._buffer.find(MARK, at + 1)
        return (found if found >= 0 else len(self._buffer) - len(MARK) + 1) - at


def seems_closed(end: bytes) -> bool:
    """Tell whether the end of a file looks like a final frame; only opening it proves that it is one."""
    at = end.rfind(MARK)
    while at >= 0:
        if len(end) - at >= _HEAD.size:
            size = _HEAD.unpack_from(end, at)[3]
            if size & _FINAL and at + _HEAD.size + (size & ~_FINAL) == len(end):
                return True
        at = end.rfind(MARK, 0, at)
    return False


def _nonce(n: int) -> bytes:
    return n.to_bytes(12, "little")


def _bound(head: bytes, name: str) -> bytes:
    return hashlib.sha256(head).digest() + name.encode() + b"\0"
