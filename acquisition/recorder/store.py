"""The recorder's file half: a directory of three XDF files that share ticks; no slice is ever half there.

Each call of `tick` ends a slice in all three files with one `os.write` a file. A thread calls fsync once a
second, so that the cycle never waits for the disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.event import Event, Notice
from acquisition.events.vocabulary import PAUSE
from acquisition.protection.vault import Keys
from acquisition.recording import lock, manifest
from acquisition.recording.fsync import FsyncThread, sync_directory, sync_file
from acquisition.stream import ROLES, FloatArray, Role, StreamInfo
from acquisition.xdf import Stream, Writer
from acquisition.xdf.form import EVENTS_ID, NOTICES_ID, stream_id
from acquisition.xdf.header import OWN_HEADERS, header_xml

BOUNDARY_PERIOD = 10.0
"""Seconds between boundary chunks."""
RESERVE = 1 << 16
"""Bytes of disk kept back, so that footers and manifest still fit on a full one."""
_BULK = 1 << 20


class RecordingStore:
    """Write a recording.

    Parameters
    ----------
    path : Path
        Directory of the recording; made if it is not there (0700, its files 0600).
    fsync : float
        Seconds between calls of fsync; 0 to leave it to the system.
    id : str
        Id of the recording, which each file's header and session.toml say; "" to say none.
    keys : Keys, optional
        With which the files are sealed.

    Raises
    ------
    RecordingError
        If the directory holds a recording already, or cannot be written to.
    """

    def __init__(self, path: Path, *, fsync: float = 1.0, id: str = "", keys: Keys | None = None) -> None:
        self.path, self.id = path, id
        self.number = 0
        """Number of the next tick."""
        self.refused = 0
        """How many calls stored nothing, because their person was paused."""
        self._boundary_at = -np.inf
        self._bulk = False
        self._open = True
        self._streams: dict[tuple[Role, str], tuple[StreamInfo, Stream | None]] = {}
        self._own: dict[tuple[Role, int], Stream] = {}
        self._offsets: dict[tuple[Role, str], tuple[float, float] | None] = {}
        self._paused: set[Role] = set()
        self._lock = _claim(path)
        self._directory = _directory(path)
        self._files: dict[Role, Writer] = {}
        created = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            for role in ROLES:
                of = {"recording": id, "role": str(role)} if id else {}
                file = path / f"{role}.xdf"
                seal = keys.seal(role, file.name) if keys is not None else None
                self._files[role] = Writer(file, created=created, seal=seal, **of)
            sync_directory(path)
        except OSError as error:
            self._release()
            raise RecordingError(f"{path}: {error.strerror or error}") from error
        self._fsync = FsyncThread({w.path: w.fd for w in self._files.values()}, fsync)

    def moved(self) -> str:
        """Say where the recording is, once, after somebody has renamed or moved it; "" if nobody has.

        It goes on there, and is closed there.
        """
        if self._directory is None:
            return ""
        fd, known = self._directory
        try:
            found = self.path.stat()
            if (found.st_dev, found.st_ino) == known:
                return ""
        except OSError:
            pass
        before, now = self.path, _path_of(fd)
        if now == before:
            return ""
        if now is None:
            self._directory = None
            os.close(fd)
            return f"{before}: was renamed, moved or deleted while it is recorded"
        self.path = now
        for writer in self._files.values():
            writer.path = now / writer.path.name
        return f"{before}: was renamed to {now} while it is recorded, and goes on there"

    @property
    def sizes(self) -> dict[Role, int]:
        """Return the size of each file [bytes]."""
        return {role: writer.size for role, writer in self._files.items()}

    def open_stream(self, info: StreamInfo) -> None:
        """Write a stream's header into the file of its role with the next tick; at any time of the recording.

        While that person is paused it waits for the resume. A stream that is open already stays as it is.

        Raises
        ------
        RecordingError
            If another stream of that name is open.
        """
        if info.key in self._streams:
            before = self._streams[info.key][0]
            if _shape(before) != _shape(info):
                raise RecordingError(
                    f"{self._files[info.role].path}: two streams are named '{info.name}': "
                    f"{_shape(before)} and {_shape(info)}"
                )
        elif info.role in self._paused:
            self._streams[info.key] = info, None
        else:
            self._write_header(info)

    def _write_header(self, info: StreamInfo) -> Stream:
        taken = {s.id for i, s in self._streams.values() if s is not None and i.role == info.role}
        stream = self._files[info.role].header(stream_id(info.name, taken), header_xml(info))
        self._streams[info.key] = info, stream
        return stream

    def _stream(self, info: StreamInfo) -> Stream:
        if info.key not in self._streams:
            self.open_stream(info)
        return self._streams[info.key][1] or self._write_header(info)

    def samples(self, info: StreamInfo, times: FloatArray, samples: NDArray[Any]) -> None:
        """Take samples, shape (n_samples, n_channels), with their stamps [s] as the sender gives them."""
        if len(times) == 0 or self._refuses(info.role):
            return
        stream = self._stream(info)
        if self._offsets.get(info.key, (0.0, 0.0)) is not None:  # none was written yet
            self.offset(info, *(self._offsets.get(info.key) or (float(times[0]), 0.0)))
        self._files[info.role].samples(stream, times, samples)

    def offset(self, info: StreamInfo, collected: float, value: float) -> None:
        """Take a clock offset: seconds to add, and when it was measured on the sender's clock.

        A stream without one gets 0 before its first sample. The last one of a pause is kept for a stream that
        has none yet, and written after the resume.
        """
        if self._refuses(info.role):
            if self._offsets.get(info.key, (0.0, 0.0)) is not None:
                self._offsets[info.key] = collected, value
            return
        self._offsets[info.key] = None
        self._files[info.role].offset(self._stream(info), collected, value)

    def event(self, event: Event) -> None:
        """Take an event into the file of its person, else into that of the dyad."""
        if event.code == PAUSE or not self._refuses(event.role):
            self._text(event.role, EVENTS_ID, event.time, event.to_json())

    def notice(self, notice: Notice) -> None:
        """Take a notice into the file of whom it concerns."""
        if not self._refuses(notice.role):
            self._text(notice.role, NOTICES_ID, notice.time, notice.to_json())

    def _text(self, role: Role, key: int, time: float, text: str) -> None:
        file = self._files[role]
        if (role, key) not in self._own:
            self._own[role, key] = file.header(key, OWN_HEADERS[key])
            file.offset(self._own[role, key], time, 0.0)
        file.samples(self._own[role, key], np.array([time]), [text])

    def _refuses(self, role: Role) -> bool:
        refused = role in self._paused
        self.refused += refused
        return refused

    def paused(self, role: Role, on: bool = True) -> None:
        """Begin or end a person's pause: until the end their file takes ticks and boundaries only.

        The two `consent_pause` events are stored all the same. What was taken before the call is kept.
        """
        if on:
            self._paused.add(role)
            return
        self._paused.discard(role)
        for info, stream in list(self._streams.values()):
            if info.role == role and stream is None:
                self._write_header(info)

    def tick(self, time: float, wall: float) -> None:
        """End a slice in all files: `time` [s, LSL clock] and `wall` [s since 1970] when draining began.

        Raises
        ------
        RecordingError
            If a file cannot be written, which it names. All files then end with the slice before, on which
            a reader can rely. The slice is kept, and the next tick or `close` tries once more.
        """
        if not self._open:
            raise RecordingError(f"{self.path}: the recording was closed")
        boundary = not self._boundary_at <= time < self._boundary_at + BOUNDARY_PERIOD
        if boundary:
            self._boundary_at = time
        for writer in self._files.values():
            writer.seal(self.number, time, wall, boundary=boundary)
        self.number += 1
        if not self._bulk or max(w.backlog for w in self._files.values()) >= _BULK:
            self._flush()
            self._check_fsync()

    def _check_fsync(self) -> None:
        if self._fsync.failure:
            (path, error), self._fsync.failure = self._fsync.failure, None
            raise RecordingError(f"{path}: {error.strerror or error} (fsync)") from error

    def _flush(self) -> None:
        written: list[Writer] = []
        try:
            for writer in self._files.values():
                self._try(writer, writer.flush)
                written.append(writer)
        except BaseException:
            for writer in written:
                writer.unflush()
            raise

    def _try(self, writer: Writer, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            lock.release_reserve(self._lock)
            raise RecordingError(f"{writer.path}: {error.strerror or error}") from error

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Gather slices into large writes, for a past that is written faster than it happened."""
        self._bulk = True
        try:
            yield
        finally:
            self._bulk = False
        self._flush()

    def close(self) -> None:
        """Write footers and manifest, and release the lock. What no tick has closed is not stored.

        Raises
        ------
        RecordingError
            If a file cannot be written; it then ends with its last whole slice.
        """
        if not self._open:
            return
        self._fsync.stop()
        self.moved()
        try:
            lock.release_reserve(self._lock)  # on a full disk, footers and manifest need it
            self._flush()
            for writer in self._files.values():
                self._finish(writer)
            self._write_manifest()
        finally:
            self._release()

    def _write_manifest(self) -> None:
        try:
            manifest.write(self.path)
        except OSError as error:
            why = f"{error.strerror or error}; the files themselves are closed"
            raise RecordingError(f"{self.path}: no manifest: {why}") from error

    def _finish(self, writer: Writer) -> None:
        self._try(writer, writer.finish)
        self._try(writer, lambda: sync_file(writer.fd))

    def _release(self) -> None:
        self._open = False
        for writer in self._files.values():
            writer.close()
        if self._directory is not None:
            os.close(self._directory[0])
            self._directory = None
        lock.release(self._lock)

    def __enter__(self) -> Self:
        """Return the store; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the recording."""
        self.close()


def _directory(path: Path) -> tuple[int, tuple[int, int]] | None:
    """Hold a directory, whatever it will be called; None where the system cannot."""
    if sys.platform == "win32":  # there, one whose files are open cannot be renamed
        return None
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    found = os.fstat(fd)
    return fd, (found.st_dev, found.st_ino)


def _path_of(fd: int) -> Path | None:
    """Return what a directory that is held is called now."""
    if sys.platform == "darwin":
        import fcntl

        return Path(fcntl.fcntl(fd, 50, bytes(1024)).rstrip(b"\0").decode())  # F_GETPATH
    try:
        name = os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return None
    return None if name.endswith(" (deleted)") else Path(name)


def _shape(info: StreamInfo) -> str:
    return f"{info.modality} {info.format} of {len(info.channels)} channels"


def _claim(path: Path) -> int:
    """Make the directory, and take its lock before the first file."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        if found := sorted(p.name for p in path.glob("*.xdf")):
            raise RecordingError(f"{path}: holds {', '.join(found)}; a recording is never reopened")
        return lock.acquire(path, RESERVE)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from error
