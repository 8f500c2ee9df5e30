"""links.toml beside a recording: a table for each video, written whole or not at all.

    [[video]]
    path = "/videos/hour3.mp4"
    sha256 = "…"
    …

What is in it tells of both people, so beside a sealed recording the whole file is sealed with both their keys
together, as a rating of both is.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from acquisition.errors import RecordingError
from acquisition.events.overlay_file import refusal
from acquisition.linking.link import METHODS, VideoLink
from acquisition.protection.sealed_file import read_file, sealed_bytes
from acquisition.protection.store_files import put
from acquisition.ratings.whose import Whose, key_of
from acquisition.recording.contents import LINKS_NAME
from acquisition.recording.identity import recorded_id
from acquisition.session.toml_table import MAX_BYTES, TomlTable, lines, parse
from acquisition.stream import Role

WHOSE = Whose(Role.DYAD)
"""Whose a link is: a video of the hour shows both people."""
_SHA256 = re.compile("[0-9a-f]{64}")
_FAR = 1e12
"""No stamp or size is further from 0."""

if sys.platform != "win32":
    import fcntl
    import os


def read_links(recording: Path) -> tuple[VideoLink, ...]:
    """Return the videos that are linked to a recording, in order of their beginning; none without links.toml.

    Raises
    ------
    RecordingError
        If links.toml says what no link says, each fault in a line of its own, is a link itself, or cannot be
        read.
    KeyStoreError
        If it is sealed, and a key is not at hand; `KeyGoneError` if one was destroyed.
    """
    file = recording / LINKS_NAME
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise RecordingError(f"{file}: is a link or no file; nothing is read through it")
    if not file.exists():
        return ()
    try:
        if file.stat().st_size > 2 * MAX_BYTES:
            raise RecordingError(f"{file}: longer than any list of videos")
        text = read_file(file).decode("utf-8")
    except OSError as error:
        raise RecordingError(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{file}: not UTF-8: byte {error.start}") from error
    data, faults = parse(text)
    top = TomlTable("", data, faults)
    tables = top.tables("video")
    links = [_link(table) for table in tables]
    _refuse_twice(tables, links)
    top.finish()
    if faults:
        raise RecordingError("\n".join(f"{file}: {fault}" for fault in faults))
    return _ordered(links)


def write_links(recording: Path, links: Sequence[VideoLink], *, without: Role | None = None) -> None:
    """Write links.toml anew, on the disk when the call ends, sealed where the recording is; none removes it.

    Parameters
    ----------
    without : Role, optional
        Who withdraws: their key is no longer used.

    Raises
    ------
    RecordingError
        If nothing can be written there.
    KeyStoreError
        If the recording is sealed, and a key is not at hand.
    """
    file = recording / LINKS_NAME
    data = "\n".join(line for link in _ordered(links) for line in _table(link)).encode("utf-8")
    try:
        if not links:
            file.unlink(missing_ok=True)
            return
        if key := key_of(recording, WHOSE, without):
            data = sealed_bytes(data, file.name, [key], recorded_id(recording), role=str(WHOSE))
        put(file, data)
    except OSError as error:
        raise RecordingError(refusal(file, error)) from error


def change_links(
    recording: Path, change: Callable[[tuple[VideoLink, ...]], Sequence[VideoLink]]
) -> tuple[VideoLink, ...]:
    """Write what `change` makes of the links as they stand now, while nobody else writes; return it.

    Raises
    ------
    RecordingError
        See `read_links` and `write_links`.
    """
    with alone(recording):
        links = _ordered(change(read_links(recording)))
        write_links(recording, links)
    return links


@contextmanager
def alone(recording: Path, *, must: bool = True) -> Iterator[None]:
    """Keep others that change the links out, where a directory can be locked.

    Parameters
    ----------
    must : bool
        Refuse to go on where it cannot.

    Raises
    ------
    RecordingError
        If nothing can be locked there.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        fd = os.open(recording, os.O_RDONLY)
    except OSError as error:
        raise RecordingError(refusal(recording / LINKS_NAME, error)) from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError as error:  # as on a network drive without locks
            if must:
                raise RecordingError(refusal(recording / LINKS_NAME, error)) from error
        yield
    finally:
        os.close(fd)


def same(a: VideoLink, b: VideoLink) -> bool:
    """Tell whether two links are stored alike."""
    return _table(a) == _table(b)


def _ordered(links: Sequence[VideoLink]) -> tuple[VideoLink, ...]:
    """Return links by beginning, those that are not aligned last."""
    return tuple(sorted(links, key=lambda v: (not v.aligned, v.offset if v.aligned else 0.0, str(v.path))))


def _table(link: VideoLink) -> list[str]:
    """Return a link as lines of TOML; what is not known is left out."""
    values: dict[str, object] = {
        "path": str(link.path),
        "sha256": link.sha256,
        "size": link.size,
        "duration": round(link.duration, 6),
        "has_sound": link.has_sound,
        "start": round(link.start, 6),
        "aligned": link.aligned,
        "method": link.method,
        "offset": round(link.offset, 6),
        "drift": round(link.drift, 3),
        "error": round(link.error, 6),
        "reason": link.reason,
        "basis": link.basis,
        "linked": link.linked,
        "who": link.who,
    }
    known = {k: v for k, v in values.items() if not (isinstance(v, float) and math.isnan(v))}
    return lines("[[video]]", known)


def _link(table: TomlTable) -> VideoLink:
    nan = math.nan
    aligned = table.flag("aligned")
    method = table.text("method", required=True, choices=METHODS, what="how it was aligned")
    link = VideoLink(
        path=Path(table.text("path", required=True, what="the file's path", longest=4096)),
        sha256=table.text("sha256", required=True, pattern=_SHA256, what="must be 64 hexadecimal digits"),
        size=table.whole("size", 0, low=0, high=int(_FAR) * 1000),
        duration=table.number("duration", nan, low=0.0, high=_FAR),
        has_sound=table.flag("has_sound"),
        start=table.number("start", 0.0, low=-_FAR, high=_FAR),
        offset=table.number("offset", nan, low=-_FAR, high=_FAR),
        drift=table.number("drift", nan, low=-1e5, high=1e5),
        error=table.number("error", nan, low=0.0, high=_FAR),
        method=next((m for m in METHODS if m == method), "start"),
        aligned=aligned,
        reason=table.text("reason", longest=1000),
        basis=table.text("basis", longest=1000),
        linked=table.text("linked"),
        who=table.text("who"),
    )  # fmt: skip
    for key, what in (("size", "bytes"), ("duration", "seconds from its beginning to its end")):
        if key not in table.data:
            table.fault(key, f"missing ({what})")
    for key in ("offset", "drift"):
        if aligned and key not in table.data:
            table.fault(key, "missing, though the video is aligned")
    # One of another system is no way from here, and still a name to look for beside the recording.
    rooted = link.path.root or PureWindowsPath(link.path).is_absolute()
    if link.path.parts and not rooted:
        table.fault("path", "must be absolute: else it depends on where a command is run")
    table.finish()
    return link


def _refuse_twice(tables: Sequence[TomlTable], links: Sequence[VideoLink]) -> None:
    """Note each file that two tables link: it would be at two times."""
    first: dict[Path, str] = {}
    for table, link in zip(tables, links, strict=True):
        if link.path.parts and first.setdefault(link.path, table.title) != table.title:
            table.fault("path", f"is that of {first[link.path]}, too; leave one")
