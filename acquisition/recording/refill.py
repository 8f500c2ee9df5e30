"""Samples that a device kept over a drop-out and that were fetched afterwards: refill/ROLE.xdf.

Such a file has the streams of its person, the samples that were missing, each in the slice in which it would
have come, and a `refilled` notice for every stretch. The recorder's own files stay as they were written; who
reads the recording finds both together, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acquisition.errors import KeyStoreError, RecordingError
from acquisition.event import Notice
from acquisition.recording.contents import Finding
from acquisition.recording.identity import read_identity, recorded_id
from acquisition.recording.slices import Block, Column, joined
from acquisition.recording.tail import Tail
from acquisition.stream import ROLES, Role
from acquisition.text import how_many

FOLDER = "refill"
NOTHING = "nothing to refill"
"""Begins the notice of a stretch of which the device had no value either."""


def is_refilled(notice: Notice) -> bool:
    """Tell whether a notice is of a stretch that was fetched, and not only looked for."""
    return notice.kind == "refilled" and not notice.message.startswith(NOTHING)


def refill_name(role: Role) -> str:
    """Return the name of a person's file, from the recording's directory on."""
    return f"{FOLDER}/{role}.xdf"


def refill_files(path: Path) -> dict[Role, Path]:
    """Return the files that are there."""
    files = {role: path / refill_name(role) for role in ROLES}
    return {role: file for role, file in files.items() if file.is_file() and not file.is_symlink()}


def strange(path: Path) -> list[Finding]:
    """Return the files that are of another recording or another person, or do not say."""
    wanted, found = recorded_id(path), []
    for role, file in refill_files(path).items():
        said = read_identity(file)
        if said.recording != wanted or said.role not in ("", role):
            of = (
                f"of recording {said.recording}, {said.role}"
                if said.recording
                else "of no recording by its header"
            )
            found.append(Finding(refill_name(role), "swapped", f"is {of}; this is recording {wanted}"))
    return found


def healed(block: Block, refill: Sequence[Block]) -> Block:
    """Return slices with the samples that were fetched for them, in order of slice and stamp."""
    columns, notices = dict(block.columns), list(block.notices)
    for part in refill:
        at = np.minimum(np.searchsorted(block.numbers, part.numbers), len(block.numbers) - 1)
        for key, column in part.columns.items():
            moved = Column(column.info, column.times, column.samples, at[column.slices], [])
            columns[key] = joined(columns[key], moved) if key in columns else moved
        notices += [(int(at[k]), notice) for k, notice in part.notices]
    notices.sort(key=lambda pair: pair[0])
    return Block(block.numbers, block.times, block.walls, columns, block.events, notices)


def refilled(path: Path) -> list[Notice]:
    """Return what was fetched for a recording, stretch by stretch; nothing of a file that does not open."""
    found: list[Notice] = []
    for role, file in refill_files(path).items():
        tail = Tail(file, role)
        try:
            while not tail.ended:
                tail.fill(3000, final=True)
            blocks = tail.take(tail.last)
        except (RecordingError, KeyStoreError):
            continue
        found += [n for block in blocks for _, n in block.notices if n.kind == "refilled"]
    return found


def lines(path: Path) -> list[str]:
    """Say in plain lines what of a recording was refilled: one for each stream."""
    streams: dict[tuple[Role, str], list[Notice]] = {}
    for notice in refilled(path) if path.is_dir() else ():
        if is_refilled(notice):
            streams.setdefault((notice.role, notice.stream), []).append(notice)
    return [
        f"refilled: {role}/{name}: {how_many(len(some), 'stretch', 'stretches')}, "
        f"{sum(n.stop - n.start for n in some):.0f} s, from what the device kept; "
        "they were missing while it was recorded"
        for (role, name), some in streams.items()
    ]


def damage_of(path: Path) -> list[Finding]:
    """Return what is wrong with the files: whose they are, and the CRC of each slice."""
    found = strange(path)
    for role, file in refill_files(path).items():
        tail = Tail(file, role)
        try:
            while not tail.ended:
                tail.fill(3000, final=True)
                tail.take(tail.last)
        except KeyStoreError:
            continue
        except RecordingError as error:
            found.append(Finding(refill_name(role), "damaged", str(error)))
            continue
        found += [Finding(refill_name(role), "damaged", str(d)) for d in tail.damage[:20]]
        if not tail.closed:
            found.append(Finding(refill_name(role), "cut", "has no end; fetch it again"))
    return found
