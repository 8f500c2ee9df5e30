"""A recording, finished or growing, as slices: the same sequence in both cases."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from acquisition.batch import Batch, Item
from acquisition.errors import Reassigned, RecordingError, SessionError
from acquisition.event import Event
from acquisition.events.assignments import Assignments, concern
from acquisition.protection.vault import require_keys
from acquisition.recording.altered import newer
from acquisition.recording.assigned import Assigner, assignments_in, placed
from acquisition.recording.believed import believed
from acquisition.recording.contents import SESSION_NAME, refuse_links
from acquisition.recording.followed import Followed
from acquisition.recording.lock import LOCK_NAME, held
from acquisition.recording.noted import completed
from acquisition.recording.refill import healed, refill_files, refill_name, strange
from acquisition.recording.slices import Block, merge, to_batch, to_items, united
from acquisition.recording.tail import Tail, ends_closed
from acquisition.session.session import Session, missing_consent
from acquisition.session.toml import load_session
from acquisition.stream import ROLES, Chunk, ClockOffset, Modality, Role, StreamInfo
from acquisition.xdf.foreign import ForeignStream, load_foreign
from acquisition.xdf.items import Damage

State = Literal["closed", "growing", "cut"]
POLL = 0.02
"""Seconds between looks at a growing recording."""


class Recording:
    """Read a recording directory; or an .xdf file of any origin, whose streams come raw and without ticks.

    A slice is delivered once every file has reached it or has ended; a missing file contributes nothing.
    Slices with a wrong CRC, and bytes after the last tick, are not delivered. Every stream is that of whose
    its device was, as far as the recording says it when it is opened; when it says another thing while it
    grows, `Reassigned` is raised: what was delivered was not so, and it must be read from the beginning.

    Parameters
    ----------
    path : str or Path
    follow : bool
        Whether iteration goes on until the recorder has ended, rather than to what is there now.

    Raises
    ------
    RecordingError
        If there is no recording at `path`, or a file of it is a link.
    """

    def __init__(self, path: str | Path, follow: bool = False) -> None:
        self.path, self.follow = Path(path), follow
        self._session: Session | None = None
        self._foreign_damage: list[Damage] = []
        self._tails: list[Tail] = []
        self._refills: list[Tail] = []
        self._same: Followed | None = None
        self._assigner: Assigner | None = None
        if self.path.is_file():
            return
        if not any((self.path / name).exists() for name in (LOCK_NAME, *(f"{r}.xdf" for r in ROLES))):
            names = ", ".join(f"{role}.xdf" for role in ROLES)
            raise RecordingError(f"{self.path}: no recording (none of {names} is there)")
        refuse_links(self.path)
        require_keys(self.path)
        self._same = Followed(self.path) if follow else None
        self._tails = [Tail(self.path / f"{role}.xdf", role, self._recorded) for role in ROLES]
        self._refills = self._open_refills()

    def _open_refills(self) -> list[Tail]:
        """Return what was fetched from devices afterwards; while a recording grows there is nothing of it."""
        files = {} if held(self.path) else refill_files(self.path)
        if files and (faults := strange(self.path)):
            what = "; ".join(f"{f.file} {f.message}" for f in faults)
            raise RecordingError(f"{self.path}: {what} (take it away, and fetch it again: attune refill)")
        return [Tail(file, role, self._recorded) for role, file in files.items()]

    @property
    def session(self) -> Session | None:
        """Return the session of the recording; None if it has no session.toml.

        Raises
        ------
        SessionError
            If its session.toml cannot be read.
        """
        if self._session is None or self._session.recorded is None:
            file = self.path / SESSION_NAME
            stored = self._stored(file) if self._tails and file.exists() else None
            self._session = completed(stored, self.path) if stored is not None else None
        return self._session

    def _stored(self, file: Path) -> Session:
        try:
            return load_session(file)
        except SessionError as error:
            if not (by := newer(self.path)):
                raise
            said = f"this recording is of Attunement {by}, newer than what reads it; what is not understood:"
            raise SessionError(file, [said, *error.faults]) from error

    def _recorded(self) -> tuple[StreamInfo, ...]:
        session = self.session
        return session.recorded.streams if session is not None and session.recorded is not None else ()

    @property
    def aligned(self) -> bool:
        """Tell whether times of the two people may be compared; those of one recorder always may."""
        session = self.session
        return session is None or session.recorded is None or session.recorded.aligned

    @property
    def streams(self) -> tuple[StreamInfo, ...]:
        """Return the expected streams; without a session file, those whose headers are there so far."""
        if not self._tails:
            return tuple(s.info for s in self._foreign() if s.info is not None)
        if recorded := self._recorded():
            assigner = self._assigned()
            if not assigner.assignments.any:
                return recorded
            return assigner.usable(assigner.assignments.all_streams())
        final = not held(self.path)
        for tail in self._tails:
            tail.fill(1, final=final)
        return tuple(info for tail in self._tails for info in tail.headers())

    @property
    def epochs(self) -> list[tuple[int, tuple[StreamInfo, ...]]]:
        """Return from which slice on which streams there are; one stretch, unless devices changed hands."""
        if not self._recorded():
            return [(0, self.streams)]
        assigner = self._assigned()
        return [(first, assigner.usable(infos)) for first, infos in assigner.assignments.epochs]

    @property
    def assignments(self) -> Assignments:
        """Return which device was whose, as far as the recording said it when it was first read."""
        return self._assigned().assignments

    def _assigned(self) -> Assigner:
        if self._assigner is None:
            recorded = self._recorded()
            if not recorded:  # the recorder has not said yet what it expects
                return Assigner(Assignments(()), self._allowed)
            self._assigner = Assigner(Assignments(recorded, assignments_in(self.path)), self._allowed)
        return self._assigner

    def _allowed(self, info: StreamInfo) -> bool:
        session = self.session
        beside = (
            Modality.ECG,
        )  # consent to a heart covers the breathing of its device, as when it was recorded
        return session is None or not missing_consent(session, info.role, info.modality, beside=beside)

    @property
    def state(self) -> State:
        """Tell whether the recording was closed, grows, or was cut off; a single file is closed."""
        growing = bool(self._tails) and held(self.path)  # before the files are looked at
        files = [tail.path for tail in self._tails if tail.path.exists()]
        if (files or not self._tails) and all(map(ends_closed, files)):
            return "closed"
        return "growing" if growing else "cut"

    @property
    def ended(self) -> bool:
        """Tell whether every slice that there will be was delivered."""
        return all(tail.ended and not tail.n_ready for tail in self._tails)

    @property
    def share(self) -> float:
        """Return how much of what the files hold now was read, 0-1."""
        sizes = [tail.path.stat().st_size for tail in self._tails if tail.path.exists()]
        return min(sum(tail.read for tail in self._tails) / sum(sizes), 1.0) if sum(sizes) else 1.0

    @property
    def damage(self) -> list[tuple[str, Damage]]:
        """Return what could not be read so far: the file's name, and place and reason."""
        found = [(tail.path.name, damage) for tail in self._tails for damage in tail.damage]
        found += [(refill_name(tail.role), damage) for tail in self._refills for damage in tail.damage]
        return found + [(self.path.name, damage) for damage in self._foreign_damage]

    @property
    def damage_inside(self) -> list[tuple[str, Damage]]:
        """Return the damage after which a file goes on: what stands at its end is only where it was cut."""
        sizes = {tail.path.name: tail.path.stat().st_size for tail in self._tails if tail.path.exists()}
        return [(name, d) for name, d in self.damage if d.stop < sizes.get(name, math.inf)]

    @property
    def discarded(self) -> dict[Role, int]:
        """Return how many places of each file cost slices so far."""
        return {tail.role: sum(d.breaks for d in tail.damage) for tail in self._tails}

    def poll(self, n_ticks: int = 3000) -> Batch | None:
        """Return the next slices, at most `n_ticks`, or None if none is complete now; never wait."""
        block = self._next(n_ticks)
        return None if block is None else to_batch(block)

    def batches(self, n_ticks: int = 3000) -> Iterator[Batch]:
        """Yield all slices, at most `n_ticks` at a time; with `follow`, until the recorder has ended."""
        return map(to_batch, self._blocks(n_ticks))

    def __iter__(self) -> Iterator[Item]:
        """Yield all slices item by item; of a single .xdf file, its streams one after the other."""
        if not self._tails:
            for stream in self._foreign():
                yield from _raw_items(stream)
        for block in self._blocks(3000):
            yield from to_items(block)

    def _blocks(self, n_ticks: int) -> Iterator[Block]:
        while not self.ended:
            block = self._next(n_ticks)
            if block is not None:
                yield block
            elif not self.follow:
                return
            elif not self.ended:
                time.sleep(POLL)

    def _next(self, n: int) -> Block | None:
        """Take the next slices.

        The lock is tested before the files are read, so that all a recorder wrote before it ended is seen. It
        decides only when to stop waiting, never what a slice holds.
        """
        if self._same is not None:
            self._same.check()
        final = not held(self.path)
        for tail in self._tails:
            tail.fill(n, final=final)
        reached = [tail.last for tail in self._tails if not tail.ended]
        numbers = [ready for tail in self._tails if len(ready := tail.ready(n))]
        if reached:
            numbers = [some[: int(np.searchsorted(some, min(reached), side="right"))] for some in numbers]
        candidates = united(numbers)[0] if numbers else ()
        if len(candidates) == 0:
            return None
        last = int(candidates[:n][-1])
        block = believed(merge([merge(blocks) for tail in self._tails if (blocks := tail.take(last))]))
        return self._as_assigned(self._refilled(block, last))

    def _refilled(self, block: Block, last: int) -> Block:
        """Return slices with what was fetched for them."""
        parts: list[Block] = []
        for tail in self._refills:
            while not tail.ended and tail.last < last:
                tail.fill(tail.n_ready + 1, final=True)
            parts += tail.take(last)
        return healed(block, [believed(part) for part in parts]) if parts else block

    def _as_assigned(self, block: Block) -> Block:
        """Return slices with each stream as that of its owner.

        Raises
        ------
        Reassigned
            If they say something of whose devices are that was not known before.
        """
        assigner = self._assigned()
        known = assigner.assignments.events
        # A void of what was assigned before is news too; one of anything else concerns nobody here.
        if (
            block.events
            and self._recorded()
            and len(concern([*known, *fresh_of(known, placed(block))])) > len(known)
        ):
            raise Reassigned(f"{self.path}: says anew whose devices are; it is to be read from the beginning")
        return assigner.assign(block) if assigner.assignments.any else block

    def _foreign(self) -> list[ForeignStream]:
        self._foreign_damage = []
        return load_foreign(self.path, damage=self._foreign_damage)


def fresh_of(
    known: Sequence[tuple[int, Event]], given: Sequence[tuple[int, Event]]
) -> list[tuple[int, Event]]:
    """Return the events that are not among the known ones."""
    there = {(k, event.id) for k, event in known}
    return [(k, event) for k, event in given if (k, event.id) not in there]


def _raw_items(stream: ForeignStream) -> Iterator[Item]:
    if stream.info is None:
        return
    at = 0
    for position, collected, value in [*stream.offsets, (len(stream.times), None, 0.0)]:
        if position > at:
            yield Chunk(stream.info, stream.times[at:position], stream.samples[at:position])
            at = position
        if collected is not None:
            yield ClockOffset(stream.info, collected, value)
