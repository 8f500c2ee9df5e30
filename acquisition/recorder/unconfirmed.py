"""Streams that wait for a confirmation: kept apart, in a file of their own that nothing reads.

What came before the confirmation is never used. Denied, or unanswered at the end, the file is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from acquisition.drivers import Doubting, Waiting
from acquisition.drivers.border import Border
from acquisition.errors import ControlError
from acquisition.event import Event, Notice
from acquisition.protection.vault import throw_away_seal
from acquisition.recording.contents import UNCONFIRMED
from acquisition.stream import Chunk, ClockOffset, Role, StreamInfo
from acquisition.xdf import Stream, Writer
from acquisition.xdf.form import stream_id
from acquisition.xdf.header import header_xml

MOST = 64 << 20
"""Bytes of a file of such a stream: nobody who is not known may fill the disk of the recording."""


@dataclass(slots=True, eq=False)
class _Apart:
    """Hold the file of a stream that waits."""

    writer: Writer
    stream: Stream
    n_samples: int = 0
    n_beyond: int = 0
    """Samples beyond `MOST`, of which only the number is kept."""
    number: int = 0
    waits: bool = True


@dataclass(slots=True, eq=False)
class Unconfirmed:
    """Keep apart what drivers are not sure of.

    Parameters
    ----------
    path : Path
        The recording.
    id : str
        Of the recording, for the headers of the files.
    sealed : bool
        Whether they are sealed, with a key that is kept nowhere: nothing of them is ever used.
    """

    path: Path
    id: str
    drivers: Sequence[object]
    clock: Callable[[], float]
    sealed: bool = False
    _files: dict[tuple[Role, str], _Apart] = field(default_factory=dict)
    _border: Border = field(init=False)

    def __post_init__(self) -> None:
        self._border = Border(self.clock)

    def _doubting(self) -> list[Doubting]:
        return [d for d in self.drivers if isinstance(d, Doubting)]

    def waiting(self) -> list[Waiting]:
        """Return the streams that wait for a confirmation."""
        return [one for driver in self._doubting() for one in driver.waiting()]

    def cycle(self, now: float, wall: float, paused: Collection[Role]) -> None:
        """Write what such streams sent; nothing of a person who is paused.

        Raises
        ------
        OSError
            If a file cannot be written.
        """
        there = {(one.role, one.name) for one in self.waiting()}
        for driver in self._doubting():
            for item in driver.unconfirmed():
                answered = item.info.key in self._files and item.info.key not in there
                if not answered and not self._is_paused(item.info.role, paused):
                    self._store(item)
        for apart in self._files.values():
            if apart.waits and apart.writer.size < MOST:
                apart.writer.seal(apart.number, now, wall)
                apart.writer.flush()
                apart.number += 1

    @staticmethod
    def _is_paused(role: Role, paused: Collection[Role]) -> bool:
        return role in paused or bool(paused and role is Role.DYAD)

    def _store(self, item: Chunk | ClockOffset) -> None:
        kept = self._border.admit(item)
        if kept is None or isinstance(kept, Notice):
            return
        apart = self._apart(kept.info)
        if apart.writer.size >= MOST:
            apart.n_beyond += len(kept.times) if isinstance(kept, Chunk) else 0
        elif isinstance(kept, Chunk):
            apart.writer.samples(apart.stream, kept.times, kept.samples)
            apart.n_samples += len(kept.times)
        else:
            apart.writer.offset(apart.stream, kept.collected, kept.value)

    def _apart(self, info: StreamInfo) -> _Apart:
        found = self._files.get(info.key)
        if found is None or not found.waits:
            folder = self.path / UNCONFIRMED
            folder.mkdir(mode=0o700, exist_ok=True)
            stem = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{info.role}_{info.name}")[:100]
            names = (f"{stem}.xdf" if n == 1 else f"{stem}_{n}.xdf" for n in range(1, 10_000))
            file = next(p for name in names if not (p := folder / name).exists())
            created = datetime.now(UTC).isoformat(timespec="seconds")
            role = str(info.role) if self.id else ""
            seal = throw_away_seal(self.id, role, file.name) if self.sealed else None
            writer = Writer(file, created=created, recording=self.id, role=role, seal=seal)
            found = _Apart(writer, writer.header(stream_id(info.name), header_xml(info)))
            self._files[info.key] = found
        return found

    def answer(self, name: str, *, yes: bool, sender: str = "", source: str = "cli") -> Event:
        """Confirm or deny a stream; return the event that says so.

        Parameters
        ----------
        sender : str
            Who is meant, as `Waiting` names them; "" for whoever sends it now.

        Raises
        ------
        ControlError
            If no such stream waits, or several do, or somebody else sends it by now.
        """
        now, there = self.clock(), self.waiting()
        wanted = [
            w for w in there if name in (w.name, f"{w.role} {w.name}", f"{w.role}/{w.name}", w.source_id)
        ]
        if len(wanted) != 1:
            names = ", ".join(repr(f"{w.role} {w.name}") for w in there) or "none"
            what = "fits several" if wanted else "does not wait for a confirmation"
            raise ControlError(f"stream {name[:80]!r} {what} (waiting: {names})")
        (one,) = wanted
        if sender not in ("", one.sender):
            raise ControlError(f"stream {name[:80]!r} comes from somebody else by now: {one.sender}")
        for driver in self._doubting():
            driver.confirm((one.role, one.name), yes=yes)
        n = self._end((one.role, one.name), keep=yes)
        what = f"confirmed: {one.sender}" if yes else f"denied: {one.sender}; {n} samples deleted"
        return Event(
            time=now,
            code="confirm",
            actor="system",
            source=source,
            value=f"{one.role} {one.name}",
            note=what,
            t_unc=0.0,
        ).identified()

    def _end(self, key: tuple[Role, str], *, keep: bool) -> int:
        """Close a stream's file, and delete it unless it is to be kept; return how many samples it held."""
        apart = self._files.get(key)
        if apart is None or not apart.waits:
            return 0
        apart.waits = False
        try:
            if keep:
                apart.writer.finish()
        finally:
            apart.writer.close()
            if not keep:
                apart.writer.path.unlink(missing_ok=True)
        return apart.n_samples + apart.n_beyond

    def close(self) -> list[Notice]:
        """Delete what was never confirmed; return a notice for each stream of it."""
        out = []
        for role, name in [key for key, apart in self._files.items() if apart.waits]:
            n = self._end((role, name), keep=False)
            what = f"{n} samples from a sender that was never confirmed are deleted"
            out.append(Notice(time=self.clock(), kind="health", role=role, stream=name, message=what))
        folder = self.path / UNCONFIRMED
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        return out
