"""Write later edits of events: lines are only appended, each call all or nothing, on the disk when it ends.

The recording itself is never touched: overlay.jsonl and the files of raters lie beside it.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.overlay import Edit, parse_edit, whole
from acquisition.events.who import patterns_of, who_fault
from acquisition.protection.sealed_rows import recording_of, sealed
from acquisition.recording.fsync import sync_directory, sync_file
from acquisition.session.patterns import CodePatterns

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Byte that stands for the whole file: a locked byte cannot be read by others."""

    def _lock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_LOCK, 1)

    def _unlock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


def line_of(edit: Edit, patterns: CodePatterns | None = None) -> str:
    """Return an edit as a line of JSON.

    Raises
    ------
    RecordingError
        If it could not be read back, or if `who` is no code: a name never gets into a recording.
    """
    if why := who_fault(edit.who, patterns=patterns):
        raise RecordingError(f"who = {edit.who[:40]!r}: {why}")
    row = {"op": edit.op, "id": edit.id, "fields": edit.fields}
    row |= {"who": edit.who, "when": edit.when, "why": edit.why}
    line = json.dumps({k: v for k, v in row.items() if v != {}}, ensure_ascii=False)
    parse_edit(line, "edit")
    return line


def append_edits(path: Path, edits: Sequence[Edit]) -> None:
    """Append edits to overlay.jsonl or to a rater's file, all of them or none, and bring them to the disk.

    Raises
    ------
    RecordingError
        If an edit is not allowed, or if nothing can be written there.
    """
    patterns = patterns_of(recording_of(path))
    append_lines(path, "".join(line_of(edit, patterns) + "\n" for edit in edits))


def append_lines(path: Path, text: str) -> None:
    """Append whole lines to a file beside a recording, all of them or none, and bring them to the disk.

    Beside a sealed recording they are sealed.

    Raises
    ------
    RecordingError
        If nothing can be written there, or the recording is sealed and its keys are not at hand.
    """
    append_made(path, lambda last: sealed(path, last, text))


def append_made(path: Path, make: Callable[[bytes], str]) -> None:
    """Append what is made of the last whole line so far, while nobody else writes; see `append_lines`.

    What a long file holds before that line is not read.
    """
    try:
        fresh = not path.exists()
        path.parent.mkdir(exist_ok=True)
        with _opened(path) as fd:
            size, last = _last_line(fd)
            _write(fd, size, make(last).encode())
        if fresh:
            sync_directory(path.parent)
    except OSError as error:
        raise RecordingError(refusal(path, error)) from error


def refusal(path: Path, error: OSError) -> str:
    """Return in words why an edit could not be stored."""
    if error.errno in READ_ONLY:
        return f"{path.parent} is read-only: copy the recording to a folder of your own to edit its events"
    return f"{path}: cannot be written: {error.strerror}"


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file for writing at its end, and keep other writers out meanwhile."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        _lock(fd)
        try:
            yield fd
        finally:
            _unlock(fd)
    finally:
        os.close(fd)


def _last_line(fd: int) -> tuple[int, bytes]:
    """Return where the next line begins [bytes], and the last one without its end; b"" without any.

    What a crash left of a line is cut off. A last line that only lacks its end gets it: it may come from an
    editor.
    """
    size = os.lseek(fd, 0, os.SEEK_END)
    begin = _line_begin(fd, size)
    rest = _read(fd, begin, size)
    if rest:
        if whole(rest.decode("utf-8", errors="replace")):
            os.lseek(fd, 0, os.SEEK_END)
            os.write(fd, b"\n")
            return size + 1, rest
        os.ftruncate(fd, begin)
        size = begin
    end = size
    while end:
        begin = _line_begin(fd, end - 1)
        if last := _read(fd, begin, end - 1).strip():
            return size, last
        end = begin
    return size, b""


def _line_begin(fd: int, stop: int) -> int:
    """Return where the line begins that ends before `stop` [bytes]."""
    step = 1 << 16
    while stop:
        start = max(0, stop - step)
        if (found := _read(fd, start, stop).rfind(b"\n")) >= 0:
            return start + found + 1
        stop = start
    return 0


def _read(fd: int, start: int, stop: int) -> bytes:
    os.lseek(fd, start, os.SEEK_SET)
    parts = []
    while start < stop and (part := os.read(fd, min(stop - start, 1 << 20))):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _write(fd: int, begin: int, data: bytes) -> None:
    """Write at `begin` [bytes] and sync; on a failure leave the file as it was."""
    os.lseek(fd, begin, os.SEEK_SET)
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
        sync_file(fd)
    except OSError:
        os.ftruncate(fd, begin)
        raise
