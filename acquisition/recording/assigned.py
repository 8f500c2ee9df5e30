"""Slices as those of whose devices they are: what `assign` events of the recording say is applied here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.event import Event
from acquisition.events.assignments import ASSIGN, Assignments, Key, Stretch, concern
from acquisition.protection.plain import plain_parts
from acquisition.recording.contents import SESSION_NAME
from acquisition.recording.slices import Block, Column, joined, merge, split
from acquisition.recording.tail import Tail
from acquisition.session.toml import load_session
from acquisition.stream import Role, StreamInfo


def assignments_in(path: Path) -> list[tuple[int, Event]]:
    """Return the `assign` events that a recording holds by now, and what takes them back, with their slices.

    Nearly always there are none, and the file is only searched for the word.
    """
    file = path / f"{Role.DYAD}.xdf"
    if not _mentions(file, ASSIGN.encode()):
        return []
    tail = Tail(file, Role.DYAD)
    found: list[tuple[int, Event]] = []
    while not tail.ended:
        tail.fill(1, final=True)
        for block in tail.take(tail.last):
            found += placed(block)
    return concern(found)


def misfiled(path: Path) -> list[Stretch]:
    """Return what stands in the file of one person and is another's, as far as the recording says it."""
    given = assignments_in(path)
    file = path / SESSION_NAME
    recorded = load_session(file).recorded if given and file.exists() else None
    return Assignments(recorded.streams, given).misfiled() if recorded is not None else []


def placed(block: Block) -> list[tuple[int, Event]]:
    """Return the events of slices, each with the number of its slice."""
    return [(int(block.numbers[k]), event) for k, event in block.events]


def _mentions(file: Path, word: bytes) -> bool:
    try:
        rest = b""
        for part in plain_parts(file):
            if isinstance(part, bytes):
                if word in rest + part:
                    return True
                rest = (rest + part)[-len(word) :]
    except FileNotFoundError:
        pass
    return False


class Assigner:
    """Hand slices on with each stream as that of its owner in that slice; in order, any cut into blocks.

    Parameters
    ----------
    assignments : Assignments
    allowed : callable
        Whether a stream may be used as that of its owner: that person's consent covers it.
    """

    def __init__(self, assignments: Assignments, allowed: Callable[[StreamInfo], bool]) -> None:
        self.assignments = assignments
        self._allowed = allowed
        self._files: dict[Key, Key] = {}
        self._offsets: dict[Key, float] = {}

    def usable(self, infos: Sequence[StreamInfo]) -> tuple[StreamInfo, ...]:
        """Return the streams that their owner's consent covers."""
        return tuple(info for info in infos if self._allowed(info))

    def assign(self, block: Block) -> Block:
        """Return slices with their streams and notices renamed."""
        cuts = np.searchsorted(block.numbers, self.assignments.bounds).tolist()
        parts, rest, at = [], block, 0
        for cut in sorted({c for c in cuts if 0 < c < len(block.numbers)}):
            part, rest = split(rest, cut - at)
            parts.append(self._part(part))
            at = cut
        return merge([*parts, self._part(rest)])

    def _part(self, block: Block) -> Block:
        """Rename what stands in slices among which nothing is assigned."""
        slice_ = int(block.numbers[0])
        columns: dict[Key, Column] = {}
        for key, column in block.columns.items():
            origin = self.assignments.origin(key)
            if origin is None:
                columns[key] = column
                continue
            column = self._without_news(origin, key, column)
            owned = self.assignments.belongs(origin, slice_)
            if owned is not None and self._allowed(owned):
                moved, there = replace(column, info=owned), columns.get(owned.key)
                # What was refilled stands in the file of its owner, what came in that of then.
                columns[owned.key] = moved if there is None else joined(there, moved)
        notices = []
        for k, notice in block.notices:
            origin = self.assignments.origin((notice.role, notice.stream))
            owned = self.assignments.belongs(origin, slice_) if origin is not None else None
            if owned is not None:
                notice = replace(notice, role=owned.role, stream=owned.name)
            notices.append((k, notice))
        return replace(block, columns=columns, notices=notices)

    def _without_news(self, origin: Key, key: Key, column: Column) -> Column:
        """Leave out the offset that the recorder repeats when it goes on in another file: it is no news."""
        offsets = column.offsets
        moved = self._files.setdefault(origin, key) != key
        self._files[origin] = key
        if offsets and moved and offsets[0][1] == 0 and offsets[0][3] == self._offsets.get(origin):
            column = replace(column, offsets=offsets[1:])
        if offsets:
            self._offsets[origin] = offsets[-1][3]
        return column
