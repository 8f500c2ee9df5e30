"""EmotiBit's lines over UDP and TCP: one a packet, text with commas; no sockets.

    ms,number,n,TAG,version,reliability[,payload…]

References
----------
EmotiBit_FeatherWing 47f981c, EmotiBit_XPlat_Utils and ofxEmotiBit (lines, tags, who answers whom).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from acquisition.errors import PacketError
from acquisition.stream import Modality

PORT, DATA_PORT = 3131, 3132
CUT = 25
"""Byte that a device writes where it had to cut a payload."""
WRAP_MS, WRAP_NUMBER = 1 << 32, 1 << 16
MAX_VALUES = 512
HELLO, HERE, CONNECT, PING, PONG, END = "HE", "HH", "EC", "PN", "PO", "ED"
REQUEST, LOCAL_TIME, ACK = "RD", "TL", "AK"
RECORD, RECORD_END = "RB", "RE"
"""Over TCP, with the local time: a file on its card begins, and ends."""
CLIPPED, OVERFLOWED = "DC", "DO"
TAGS = {Modality.EDA: ("EA",), Modality.ACC: ("AX", "AY", "AZ")}
"""Streams → the tags of their channels."""
FREE = -1
"""Port that a device says which no other program holds."""


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one packet.

    Parameters
    ----------
    ms : int
        The sender's clock when the last value was taken [ms], modulo 2**32.
    number : int
        Modulo 65536, over all tags.
    payload : tuple of str
        Values, or names and values by turns.
    """

    ms: int
    number: int
    tag: str
    payload: tuple[str, ...] = ()
    version: int = 1
    reliability: int = 100

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a line.

        Raises
        ------
        PacketError
            If it is none, is cut, or has another number of values than it says.
        """
        fields = text.strip("\r\n").split(",")
        if chr(CUT) in text:
            raise PacketError("emotibit: a line was cut by the device")
        try:
            ms, number, n = int(fields[0]), int(fields[1]), int(fields[2])
            tag, version, reliability = fields[3], int(fields[4]), int(fields[5])
        except (ValueError, IndexError):
            raise PacketError(f"emotibit: {text[:60]!r} is no line") from None
        payload = tuple(fields[6:])
        if not (0 <= ms < WRAP_MS and 0 <= number < WRAP_NUMBER and 1 <= len(tag) <= 4 and tag.isprintable()):
            raise PacketError(f"emotibit: {text[:60]!r} is no line")
        if n != len(payload) or n > MAX_VALUES:
            raise PacketError(f"emotibit: {tag} with {len(payload)} values, not {n}")
        return cls(ms, number, tag, payload, version, reliability)

    def __str__(self) -> str:
        """Return the line with its end."""
        head = (self.ms, self.number, len(self.payload), self.tag, self.version, self.reliability)
        return ",".join([*map(str, head), *self.payload]) + "\n"

    @property
    def named(self) -> dict[str, str]:
        """Return a payload of names and values by turns."""
        return dict(zip(self.payload[::2], self.payload[1::2], strict=False))

    def values(self) -> list[float]:
        """Return a payload of numbers; what is none is nan."""
        return [_number(text) for text in self.payload]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def read_datagram(data: bytes) -> tuple[list[Line], int]:
    """Return the lines of a datagram, and how many of it are none."""
    lines, damaged = list[Line](), 0
    for text in data.decode("ascii", errors="replace").split("\n"):
        if not text.strip("\r\0"):
            continue
        try:
            lines.append(Line.from_text(text))
        except PacketError:
            damaged += 1
    return lines, damaged


def sample_times(ms: int, n: int, before: float | None, sfreq: float) -> list[float]:
    """Return when the values of a packet were taken on the device's clock [ms]: its stamp is the last one's.

    Parameters
    ----------
    before : float or None
        Stamp of the packet before; None where there is none, or samples are missing between: the values are
        then dated back by the rate.
    """
    step = 1000.0 / sfreq if before is None else (ms - before) / n
    return [ms - step * k for k in range(n - 1, -1, -1)]


def flagged(line: Line) -> dict[str, int]:
    """Return which tags a packet says were clipped or overflowed, and how many values of each."""
    if line.version >= 2:
        return {tag: int(_whole(n)) for tag, n in line.named.items()}
    return {tag: line.payload.count(tag) for tag in dict.fromkeys(line.payload)}


def _whole(text: str) -> float:
    value = _number(text)
    return 0.0 if math.isnan(value) else max(0.0, min(value, 1e6))


def joined(lines: Sequence[Line]) -> bytes:
    """Return a datagram."""
    return "".join(map(str, lines)).encode("ascii")
