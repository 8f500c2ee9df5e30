"""What a Shimmer sends, cut into acknowledgements, answers and frames, wherever notifications are cut.

A packet is: a frame (00 …), an ACK or NACK (FF, FE) with the answer behind it, or what comes unasked (8A …),
each with a checksum behind it once that is switched on. The data of files bring their own in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from acquisition.gatt.shimmer import ACK, INSTREAM, NACK, Generation, Said, crc16
from acquisition.gatt.shimmer_values import Layout

BLOCK = 1024
"""Bytes of a file that one packet holds at most."""


@dataclass(frozen=True, slots=True)
class Ack:
    """A command was understood, which is not to say that anything was done."""


@dataclass(frozen=True, slots=True)
class Nack:
    """A command was refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a status that nobody asked for."""

    said: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class DataFrame:
    """A frame from its stamp on."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FilePart:
    """A piece of a file: which reading it is of, its number within that, and its bytes."""

    session: int
    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The end of a reading: why, and at which byte the next would go on."""

    session: int
    code: int
    next: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece of a file whose checksum is wrong."""

    session: int


Packet = Ack | Nack | Answer | DataFrame | FilePart | FileEnd | Broken


class _Found(NamedTuple):
    """Packets that begin here, and the bytes they take."""

    packets: tuple[Packet, ...]
    size: int


class _Wait(NamedTuple):
    """More bytes are needed to tell."""


_WAIT = _Wait()
_FIXED: dict[int, int] = {Said.BATTERY: 3, Said.VERSION: 6, Said.CLOCK: 8, Said.DELETED: 1}
"""Bytes of answers that are always as long."""


@dataclass(slots=True)
class Reader:
    """Cut the bytes of notifications into packets.

    Parameters
    ----------
    generation : Generation
    layout : Layout, optional
        Of frames; none are expected without.
    expected : int, optional
        Which answer comes behind the next ACK, a `Said`.
    checked : bool
        Whether checksums are switched on.
    """

    generation: Generation
    layout: Layout | None = None
    expected: int | None = None
    checked: bool = False
    damaged: int = 0
    """Bytes that belonged to no packet."""
    _left: bytes = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that are whole by now."""
        buffer, at, packets = self._left + bytes(data), 0, list[Packet]()
        while at < len(buffer):
            found = self._at(buffer, at)
            if isinstance(found, _Wait):
                break
            if found is None:
                self.damaged += 1
                at += 1
                continue
            packets += found.packets
            at += found.size
            if any(isinstance(p, Answer) and p.said == self.expected for p in found.packets):
                self.expected = None
        self._left = buffer[at:]
        return packets

    def clear(self) -> None:
        """Forget what was left of the connection before."""
        self._left, self.expected, self.checked, self.layout = b"", None, False, None

    def _at(self, buffer: bytes, at: int) -> _Found | _Wait | None:
        first = buffer[at]
        if first == 0x00 and self.layout is not None:
            return self._whole(buffer, at, 1 + self.layout.size, lambda b: DataFrame(b[1:]))
        if first == NACK:
            return self._whole(buffer, at, 1, lambda _: Nack())
        if first == ACK:
            return self._acknowledged(buffer, at)
        if first == INSTREAM:
            return self._instream(buffer, at)
        return None

    def _whole(
        self, buffer: bytes, at: int, size: int, make: Callable[[bytes], Packet]
    ) -> _Found | _Wait | None:
        """Return a packet of a known size, if its checksum is right."""
        end = at + size + (2 if self.checked else 0)
        if end > len(buffer):
            return _WAIT
        if self.checked and crc16(buffer[at : at + size]) != int.from_bytes(buffer[end - 2 : end], "little"):
            return None
        if not self.checked and end < len(buffer) and buffer[end] not in (0x00, ACK, NACK, INSTREAM):
            return None  # the only sign of a wrong place that there is without checksums
        return _Found((make(buffer[at : at + size]),), end - at)

    def _acknowledged(self, buffer: bytes, at: int) -> _Found | _Wait | None:
        """Return an ACK with the answer behind it; what comes unasked may have an ACK before it, too."""
        bare = at + 1
        if bare >= len(buffer):
            # Nothing comes behind an ACK alone, unless something is still due.
            return _WAIT if self.checked or self.expected is not None else _Found((Ack(),), 1)
        tried = [self._answer(buffer, bare, said) for said in (self.expected, int(Said.STATUS)) if said]
        if self.checked:
            tried.append(self._whole(buffer, at, 1, lambda _: Ack()))
        for found in tried:
            if isinstance(found, _Found):
                return found
        if any(isinstance(found, _Wait) for found in tried):
            return _WAIT
        return None if self.checked else _Found((Ack(),), 1)

    def _answer(self, buffer: bytes, at: int, said: int) -> _Found | _Wait | None:
        """Return the answer that begins at `at`, behind its ACK."""
        head = self._head(buffer, at, said)
        if not isinstance(head, tuple) or isinstance(head, _Wait):
            return head
        begin, size = head
        end = at + begin + size
        found = self._whole(buffer, at - 1, end - at + 1, lambda b: Answer(said, b[1 + begin :]))
        return _Found((Ack(), *found.packets), found.size) if isinstance(found, _Found) else found

    def _instream(self, buffer: bytes, at: int) -> _Found | _Wait | None:
        if at + 2 > len(buffer):
            return _WAIT
        kind = buffer[at + 1]
        if kind == Said.FILE_DATA:
            return _file_part(buffer, at)
        if kind == Said.FILE_END:
            return _file_end(buffer, at)
        head = self._head(buffer, at, kind)
        if not isinstance(head, tuple) or isinstance(head, _Wait):
            return head
        begin, size = head
        return self._whole(buffer, at, begin + size, lambda b: Answer(kind, b[begin:]))

    def _head(self, buffer: bytes, at: int, said: int) -> tuple[int, int] | _Wait | None:
        """Return how many bytes are before an answer's payload, and how long that is; None: it is no such."""
        instream = said in (Said.STATUS, Said.BATTERY, Said.FOLDER)
        lead = bytes([INSTREAM, said]) if instream else bytes([said])
        there = buffer[at : at + len(lead)]
        if there != lead[: len(there)]:
            return None
        if len(there) < len(lead):
            return _WAIT
        begin = len(lead)
        if said == Said.STATUS:
            return begin, self.generation.status_bytes
        if said in _FIXED:
            return begin, _FIXED[said]
        return self._counted(buffer, at, begin, said)

    def _counted(self, buffer: bytes, at: int, begin: int, said: int) -> tuple[int, int] | _Wait | None:
        """Return the same for answers that say how long they are."""
        if said not in (Said.INQUIRY, Said.FILES, Said.BOARD, Said.EXG, Said.FOLDER):
            return None
        place = 2 + self.generation.config_bytes if said == Said.INQUIRY else 3 * (said == Said.FILES)
        wide = 2 if said == Said.FILES else 1
        counted = buffer[at + begin + place : at + begin + place + wide]
        if len(counted) < wide:
            return _WAIT
        n = int.from_bytes(counted, "little")
        if said == Said.INQUIRY:
            return begin, place + 2 + n
        if said == Said.FILES:
            return (begin, 7 + n) if n <= BLOCK else None
        return begin + 1, n


def _file_part(buffer: bytes, at: int) -> _Found | _Wait | None:
    if at + 7 > len(buffer):
        return _WAIT
    size = int.from_bytes(buffer[at + 5 : at + 7], "little")
    if not 0 < size <= BLOCK:
        return None
    end = at + 7 + size + 2
    if end > len(buffer):
        return _WAIT
    session = buffer[at + 2]
    if crc16(buffer[at : end - 2]) != int.from_bytes(buffer[end - 2 : end], "little"):
        # Its length cannot be trusted either: look for the next packet right behind its first byte.
        return _Found((Broken(session),), 1)
    number = int.from_bytes(buffer[at + 3 : at + 5], "little")
    return _Found((FilePart(session, number, buffer[at + 7 : end - 2]),), end - at)


def _file_end(buffer: bytes, at: int) -> _Found | _Wait | None:
    end = at + 10
    if end > len(buffer):
        return _WAIT
    if crc16(buffer[at : end - 2]) != int.from_bytes(buffer[end - 2 : end], "little"):
        return None
    offset = int.from_bytes(buffer[at + 4 : at + 8], "little")
    return _Found((FileEnd(buffer[at + 2], buffer[at + 3], offset),), 10)
