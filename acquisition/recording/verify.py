"""Verify a recording: its manifest, whose each file is, what lies beside them, and the CRC of each slice."""

from __future__ import annotations

import math
from pathlib import Path

from acquisition.errors import KeyStoreError, RecordingError
from acquisition.linking.links_file import read_links
from acquisition.protection.sealed_rows import is_sealed_row, keys_beside
from acquisition.protection.vault import opener_of, sealed_header
from acquisition.ratings.files import FOLDER, files_of, unreadable
from acquisition.recording.beside import damaged_rows
from acquisition.recording.contents import (
    LINKS_NAME,
    MANIFEST_NAME,
    SESSION_NAME,
    STOOD_STILL,
    Finding,
    entries,
    irregular,
    is_beside,
    session_tables,
    strangers,
)
from acquisition.recording.derived import DERIVED_NAME
from acquisition.recording.identity import misplaced
from acquisition.recording.lock import held
from acquisition.recording.manifest import Manifest, changes, read
from acquisition.recording.refill import damage_of
from acquisition.recording.tail import Tail
from acquisition.stream import ROLES, Role
from acquisition.text import how_many

_REPORTED = 20


def verify(path: Path) -> list[Finding]:
    """Return all that is wrong with a recording; nothing found means whole.

    Raises
    ------
    OSError
        If the directory or a file cannot be read.
    """
    if held(path):
        return [
            Finding("", "growing", "the recorder is still at work; verify after it has closed the recording")
        ]
    manifest = read(path / MANIFEST_NAME)
    if not isinstance(manifest, Manifest):
        return [manifest, *irregular(path), *misplaced(path), *_slices(path)]
    found = changes(path)
    named = {f.file for f in found if f.problem == "linked"}
    beside = [f for f in strangers(path, manifest.files) if f.file not in named]
    return [
        *found,
        *beside,
        *_slices(path),
        *damage_of(path),
        *damaged_rows(path),
        *_ratings(path),
        *_links(path),
    ]


def noted(path: Path) -> list[str]:
    """Return what a recording tells of its machine: stops (a suspend) and jumps of the clocks, with when.

    Nothing of one that is sealed and not opened, or has no file of the dyad.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    name = f"{Role.DYAD}.xdf"
    if name in unopened(path) or not (path / name).is_file():
        return []
    tail = Tail(path / name, Role.DYAD)
    begin, lines = math.nan, list[str]()
    while not tail.ended:
        try:
            tail.fill(3000, final=True)
        except RecordingError:  # told as damage
            break
        for block in tail.take(tail.last):
            begin = float(block.times[0]) if math.isnan(begin) else begin
            told = [n for _, n in block.notices if n.kind == "clock" or n.message.startswith(STOOD_STILL)]
            lines += [f"{_clock(n.time - begin)}: {n.message}" for n in told]
    more = len(lines) - _REPORTED
    return [*lines[:_REPORTED], f"and {more} more"] if more > 0 else lines


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"at {minutes // 60}:{minutes % 60:02}:{rest:02}"


def _slices(path: Path) -> list[Finding]:
    closed = unopened(path)
    files = {role: path / f"{role}.xdf" for role in ROLES if f"{role}.xdf" not in closed}
    return [f for role, p in files.items() if p.is_file() and not p.is_symlink() for f in _check(path, role)]


def _ratings(path: Path) -> list[Finding]:
    """Return what of the ratings beside a recording cannot be read."""
    return [Finding(f"{FOLDER}/{f.name}", "damaged", why) for f in files_of(path) for why in unreadable(f)]


def _links(path: Path) -> list[Finding]:
    """Return what of the links to videos cannot be read."""
    if (path / LINKS_NAME).is_symlink():
        return []  # named among the links
    try:
        read_links(path)
    except KeyStoreError:
        return []
    except RecordingError as error:
        return [Finding(LINKS_NAME, "damaged", str(error).replace(f"{path / LINKS_NAME}: ", ""))]
    return []


def plain_rows(path: Path) -> list[str]:
    """Return what stands plain beside a sealed recording: rows of before they were sealed, by file."""
    if not keys_beside(path):
        return []
    files = [(n, f) for n, f in entries(path) if is_beside(n) and n.endswith(".jsonl") and n != DERIVED_NAME]
    lines = []
    for name, file in files:
        n = sum(1 for line in file.read_bytes().splitlines() if line.strip() and not is_sealed_row(line))
        lines += [f"{name}: {how_many(n, 'row is', 'rows are')} not sealed"] if n else []
    if "record" in session_tables(path):
        lines.append(f"{SESSION_NAME}: its session record is not sealed (`attune instruments seal`)")
    return lines


def unopened(path: Path) -> dict[str, str]:
    """Return the sealed files whose keys are not at hand, and why: their manifest alone can be checked."""
    why = {}
    for role in ROLES:
        file = path / f"{role}.xdf"
        try:
            if not file.is_symlink() and (header := sealed_header(file)) is not None:
                opener_of(header, file.name)
        except KeyStoreError as error:
            why[file.name] = str(error)
        except RecordingError:
            continue  # a damaged head shows when the file is read
    return why


def _check(path: Path, role: Role) -> list[Finding]:
    tail = Tail(path / f"{role}.xdf", role)
    name = tail.path.name
    ends: list[Finding] = []
    while not tail.ended:
        try:
            tail.fill(1, final=True)
        except RecordingError as error:
            return [Finding(name, "damaged", str(error))]
        for block in tail.take(tail.last):
            ends += [Finding(name, "ended", n.message) for _, n in block.notices if n.kind == "ended"]
    findings = [Finding(name, "damaged", str(d)) for d in tail.damage[:_REPORTED]]
    if len(tail.damage) > _REPORTED:
        findings.append(Finding(name, "damaged", f"and {len(tail.damage) - _REPORTED} more places"))
    findings += ends
    if not tail.closed:
        findings.append(Finding(name, "cut", f"has no end; {tail.n_slices} whole slices"))
    return findings
