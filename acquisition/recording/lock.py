"""The recorder's lock: a file of its own, held as long as the recorder lives and released however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from acquisition.errors import RecordingError

LOCK_NAME = "recorder.lock"
_FLAGS = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _try_lock(fd: int) -> bool:
        return _lock(fd)

    def _is_locked(fd: int) -> bool:
        if not _lock(fd):
            return True
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
        return False

else:
    import fcntl

    def _lock(fd: int) -> bool:
        fcntl.flock(fd, fcntl.LOCK_EX)  # a reader may be testing it: that takes microseconds
        return True

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_locked(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def acquire(directory: Path, reserve: int = 0) -> int:
    """Create the lock of a recording and hold it; return its file descriptor.

    On POSIX the file appears under its name only once it is locked, so that no reader finds it free. A child
    process made by fork would hold the lock on: start children with spawn or subprocess.

    Parameters
    ----------
    reserve : int
        Bytes of disk that the file takes, see `release_reserve`.

    Raises
    ------
    RecordingError
        If the directory has a lock already: a recording is never reopened.
    """
    path = directory / LOCK_NAME
    made = path if sys.platform == "win32" else directory / f".{LOCK_NAME}.{os.getpid()}"
    if path.exists():
        raise RecordingError(f"{path}: a recording was begun here; a recording is never reopened")
    fd = os.open(made, _FLAGS, 0o600)
    os.write(fd, bytes(max(reserve, 1)))
    if not _lock(fd):
        os.close(fd)
        raise RecordingError(f"{path}: another recorder holds the lock")
    if made != path:
        os.rename(made, path)
    return fd


def release_reserve(fd: int) -> None:
    """Give the reserved bytes back to the disk, so that footers fit on a full one."""
    os.ftruncate(fd, 1)


def release(fd: int) -> None:
    """Release the lock."""
    os.close(fd)


def held(directory: Path) -> bool:
    """Tell whether a recorder is at work in a directory."""
    try:
        fd = os.open(directory / LOCK_NAME, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return False
    try:
        return _is_locked(fd)
    finally:
        os.close(fd)


def try_exclusive(path: Path) -> int:
    """Hold a lock of which there is one per file; return its file descriptor, -1 if another process holds it.

    It ends with the process, or when the descriptor is closed, see `end_exclusive`.
    """
    fd = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
    if _try_lock(fd) and _still_at(path, fd):
        return fd
    os.close(fd)
    return -1


def _still_at(path: Path, fd: int) -> bool:
    """Tell whether a file is still the one of that name: who held it before may just have removed it."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def end_exclusive(path: Path, fd: int) -> None:
    """Give the lock back and leave no file."""
    if sys.platform == "win32":  # an open file cannot be removed there
        os.close(fd)
        return
    path.unlink(missing_ok=True)
    os.close(fd)
