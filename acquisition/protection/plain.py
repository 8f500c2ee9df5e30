"""The plain bytes of a file of a recording, whether it is sealed or not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from acquisition.protection.frames import MAGIC, Lost, Opener, is_sealed, read_header
from acquisition.protection.vault import opener_of

_BLOCK = 1 << 20


class Plaintext:
    """Turn what is read of a file, in any portions, into its plain bytes.

    Raises
    ------
    RecordingError
        From `feed`: the file is sealed, and its key is not at hand.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._head: bytes | None = b""
        self._opener: Opener | None = None

    def feed(self, data: bytes, *, final: bool = False) -> list[bytes | Lost]:
        """Return plain bytes, and where sealed ones did not open; `final`: nothing more will come."""
        if self._opener is not None:
            return _joined(self._opener.feed(data, final=final))
        if self._head is None:
            return [data] if data else []
        self._head += data
        head = self._head
        if not head or (MAGIC.startswith(head) and not final):
            return []  # not to be told apart yet
        if not is_sealed(head):
            self._head = None
            return [head]
        found = read_header(head, str(self._path))
        if found is None:
            return [Lost(0, len(head), "the head of a sealed file is cut off")] if final else []
        header, begin = found
        self._opener = opener_of(header, self._path.name)
        self._head = None
        return _joined(self._opener.feed(head[begin:], final=final))


def _joined(parts: list[bytes | Lost]) -> list[bytes | Lost]:
    """Put together what follows one another: a decoder takes many slices at once far faster."""
    out: list[bytes | Lost] = []
    run: list[bytes] = []
    for part in [*parts, None]:
        if isinstance(part, bytes):
            run.append(part)
            continue
        if run:
            out.append(b"".join(run))
            run = []
        if part is not None:
            out.append(part)
    return out


def plain_parts(path: Path) -> Iterator[bytes | Lost]:
    """Yield the plain bytes of a file that does not grow, and what of it did not open.

    Raises
    ------
    RecordingError
        If it is sealed, and its key is not at hand.
    OSError
        If it cannot be read.
    """
    plain = Plaintext(path)
    with open(path, "rb") as file:
        while data := file.read(_BLOCK):
            yield from plain.feed(data)
    yield from plain.feed(b"", final=True)


class PlainFile(io.RawIOBase):
    """A file of a recording to be read from beginning to end, as if it were not sealed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._parts = plain_parts(path)
        self._left = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; 0 at the end."""
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = part if isinstance(part, bytes) else b""
        n = min(len(buffer), len(self._left))
        buffer[:n] = self._left[:n]
        self._left = self._left[n:]
        return n


def open_plain(path: Path) -> io.BufferedReader:
    """Open a file of a recording for reading from beginning to end, sealed or not."""
    return io.BufferedReader(PlainFile(path), _BLOCK)
