"""Files and recordings in a Polar belt's memory: packets of its file transfer, commands, and what files hold.

References
----------
polar-ble-sdk 8fb5311c (file transfer over Bluetooth LE, recording of the H10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acquisition.errors import PacketError

SERVICE = "0000feee-0000-1000-8000-00805f9b34fb"
TRANSFER = "fb005c51-02e7-f387-1cad-8acd2d8df0c8"
TOLD = "fb005c52-02e7-f387-1cad-8acd2d8df0c8"
START, STOP, STATE = 14, 15, 16
GET, REMOVE = 0, 3
RR = 16
"""What is recorded: intervals between beats."""
SAMPLES = "SAMPLES.BPB"
IN_USE, BATTERY, LOST = 106, 209, 303
WORDS = {
    IN_USE: "it records already, or its memory holds an earlier recording",
    BATTERY: "its battery is too low",
    LOST: "a packet was lost",
}
CANCEL = b"\0\0\0"
"""Ends what a belt is sending, such as after a packet that was lost."""
_RESULT, _LAST, _MORE = 0, 1, 3
MAX_FILE = 1 << 22


def query(number: int, payload: bytes = b"") -> bytes:
    """Return a query."""
    return (number | 0x8000).to_bytes(2, "little") + payload


def start_rr(name: str) -> bytes:
    """Return the query that starts to record intervals under a name."""
    said = name.encode("ascii")
    return query(START, bytes([0x08, RR, 0x12, 0x02, 0x18, 0x01, 0x1A, len(said)]) + said)


def request(command: int, path: str) -> bytes:
    """Return a request for a file or folder."""
    said = path.encode("ascii")
    body = bytes([0x08, command, 0x12, len(said)]) + said
    return len(body).to_bytes(2, "little") + body


def packets(message: bytes, size: int) -> Iterator[bytes]:
    """Yield a message in packets of at most `size` bytes, their header with them."""
    parts = [message[k : k + size - 1] for k in range(0, len(message), size - 1)] or [b""]
    for n, part in enumerate(parts):
        status = _LAST if n == len(parts) - 1 else _MORE
        yield bytes([(n > 0) | status << 1 | (n % 16) << 4]) + part


class TransferError(PacketError):
    """A belt refused, or a packet was lost; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"polar: {WORDS.get(code, f'error {code}')}")
        self.code = code


@dataclass(slots=True)
class Assembler:
    """Put the packets of an answer together."""

    _parts: bytes = b""
    _next: int = 0

    def feed(self, data: bytes) -> bytes | None:
        """Return the answer once it is whole; b"" of one that only says that all is well.

        Raises
        ------
        TransferError
            If the belt refused, or a packet is missing between.
        """
        if not data:
            raise PacketError("polar: an empty packet of a file")
        status, number = data[0] >> 1 & 0x03, data[0] >> 4
        if status == _RESULT:
            self._parts, self._next = b"", 0
            code = int.from_bytes(data[1:3], "little")
            if code:
                raise TransferError(code)
            return b""
        if not data[0] & 1:
            self._parts, self._next = b"", 0
        if number != self._next % 16 or len(self._parts) > MAX_FILE:
            self._parts, self._next = b"", 0
            raise TransferError(LOST)
        self._parts += data[1:]
        self._next += 1
        if status != _LAST:
            return None
        whole, self._parts, self._next = self._parts, b"", 0
        return whole


Value = int | bytes


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field of a protobuf message.

    Raises
    ------
    PacketError
        If it is cut, or has a field of a kind that these messages have not.
    """
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}.get(kind, -1), at)
        if size < 0 or at + size > len(data):
            raise PacketError("polar: a message of its memory is cut, or no message")
        yield key >> 3, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits a byte, and where the next begins."""
    value = 0
    for k in range(10):
        if at + k >= len(data):
            break
        value |= (data[at + k] & 0x7F) << (7 * k)
        if not data[at + k] & 0x80:
            return value, at + k + 1
    raise PacketError("polar: a number of its memory is cut, or too long")


def as_varint(value: int) -> bytes:
    """Return a number as 7 bits a byte."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def recording_state(data: bytes) -> tuple[bool, str]:
    """Return whether a belt records, and under which name."""
    found = dict(fields(data))
    name = found.get(2, b"")
    return bool(found.get(1, 0)), name.decode("ascii", errors="replace") if isinstance(name, bytes) else ""


def entries(data: bytes) -> list[tuple[str, int]]:
    """Return name and size of what is in a folder; names of folders end with /."""
    found = []
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            one = dict(fields(value))
            name, size = one.get(1, b""), one.get(2, 0)
            if isinstance(name, bytes) and isinstance(size, int):
                found.append((name.decode("ascii", errors="replace"), size))
    return found


def rr_intervals(data: bytes) -> list[int]:
    """Return the intervals of a recording [ms]."""
    found: list[int] = []
    for number, value in fields(data):
        if number != 28 or not isinstance(value, bytes):
            continue
        for inner, packed in fields(value):
            if inner != 1:
                continue
            if isinstance(packed, int):
                found.append(packed)
                continue
            at = 0
            while at < len(packed):
                one, at = varint(packed, at)
                found.append(one)
    return found


def rr_file(intervals: list[int]) -> bytes:
    """Return the file of a recording; the inverse of `rr_intervals`."""
    packed = b"".join(map(as_varint, intervals))
    inner = b"\x0a" + as_varint(len(packed)) + packed
    return b"\x0a\x02\x18\x01\xe2\x01" + as_varint(len(inner)) + inner
