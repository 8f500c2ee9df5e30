"""Write refill/ROLE.xdf: whole or not at all, sealed where the recording is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from acquisition.event import Notice
from acquisition.protection.vault import seal_anew
from acquisition.recording.fsync import sync_directory, sync_file
from acquisition.recording.identity import recorded_id
from acquisition.recording.refill import FOLDER, NOTHING, refill_name
from acquisition.recording.slices import Block
from acquisition.recording.tail import Tail
from acquisition.refilling.missing import Ticks
from acquisition.refilling.placing import Stretch
from acquisition.stream import FloatArray, IntArray, Role, StreamInfo
from acquisition.xdf import Stream, Writer
from acquisition.xdf.form import NOTICES_ID, stream_id
from acquisition.xdf.header import OWN_HEADERS, header_xml

_FLUSH = 1 << 20


def write(path: Path, role: Role, ticks: Ticks, found: Sequence[Stretch]) -> Path:
    """Write a person's file anew, with what it held before and what was found now.

    Raises
    ------
    KeyStoreError
        If the recording is sealed, and its keys are not at hand.
    OSError
        If it cannot be written.
    """
    target = path / refill_name(role)
    (path / FOLDER).mkdir(mode=0o700, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    seal = seal_anew(path / f"{role}.xdf")
    created = datetime.now(UTC).isoformat(timespec="seconds")
    writer = Writer(new, created=created, recording=recorded_id(path), role=str(role), seal=seal)
    try:
        _Slices(writer, ticks, _before(target, role), found).write()
        writer.finish()
        sync_file(writer.fd)
    except BaseException:
        writer.close()
        new.unlink(missing_ok=True)
        raise
    writer.close()
    os.replace(new, target)
    sync_directory(target.parent)
    return target


def _before(target: Path, role: Role) -> list[Block]:
    if not target.is_file():
        return []
    tail = Tail(target, role)
    while not tail.ended:
        tail.fill(3000, final=True)
    return tail.take(tail.last)


class _Slices:
    """The slices of a file: rows by number, then written in order."""

    def __init__(
        self, writer: Writer, ticks: Ticks, before: Sequence[Block], found: Sequence[Stretch]
    ) -> None:
        self._writer, self._ticks = writer, ticks
        self._rows: dict[int, list[tuple[StreamInfo, FloatArray, object]]] = {}
        self._notices: dict[int, list[Notice]] = {}
        self._streams: dict[str, Stream] = {}
        for block in before:
            for column in block.columns.values():
                self._add(column.info, block.numbers[column.slices], column.times, column.samples)
            for k, notice in block.notices:
                self._notices.setdefault(int(block.numbers[k]), []).append(notice)
        for stretch in found:
            self._take(stretch)

    def _add(self, info: StreamInfo, numbers: IntArray, times: FloatArray, samples: np.ndarray) -> None:
        for rows in np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers)) + 1):
            if len(rows):
                self._rows.setdefault(int(numbers[rows[0]]), []).append((info, times[rows], samples[rows]))

    def _take(self, one: Stretch) -> None:
        numbers = self._ticks.numbers[one.slices]
        if one.is_there:
            self._put(one, numbers)
        role, name = one.info.key
        n = len(one.times)
        text = (
            f"{n} samples refilled from what the device kept"
            if one.is_there
            else f"{NOTHING}: {n} samples without a value"
        )
        start, stop = float(one.times[0]), float(one.times[-1])
        self._notices.setdefault(int(numbers[-1]), []).append(
            Notice(time=stop, kind="refilled", role=role, stream=name, message=text, start=start, stop=stop)
        )

    def _put(self, one: Stretch, numbers: IntArray) -> None:
        self._add(one.info, numbers, one.times, one.samples.astype(one.info.format))
        if one.stamped is None:
            return  # beats have no stamps of the device
        # A row of stamps stands for the samples of one slice; nothing arrived, so the arrival is 0.
        cuts = np.flatnonzero(np.diff(numbers)) + 1
        ends = np.append(cuts, len(numbers)) - 1
        counts = np.diff(np.concatenate([[-1], ends]))
        rows = np.stack([one.stamps[ends], np.zeros(len(ends), np.int64), counts], axis=1).astype(np.int64)
        self._add(one.stamped, numbers[ends], one.times[ends], rows)

    def write(self) -> None:
        """Write all."""
        place = {int(n): k for k, n in enumerate(self._ticks.numbers.tolist())}
        for number in sorted({*self._rows, *self._notices}):
            for info, times, samples in sorted(self._rows.get(number, []), key=lambda r: float(r[1][0])):
                self._writer.samples(self._stream(info, float(times[0])), times, samples)  # type: ignore[arg-type]
            for notice in self._notices.get(number, []):
                stream = self._own(notice.time)
                self._writer.samples(stream, np.array([notice.time]), [notice.to_json()])
            k = place[number]
            self._writer.seal(
                number, float(self._ticks.times[k]), float(self._ticks.walls[k]), boundary=False
            )
            if self._writer.backlog > _FLUSH:
                self._writer.flush()
        self._writer.flush()

    def _stream(self, info: StreamInfo, first: float) -> Stream:
        if info.name not in self._streams:
            taken = {s.id for s in self._streams.values()}
            stream = self._writer.header(stream_id(info.name, taken), header_xml(info))
            self._writer.offset(stream, first, 0.0)
            self._streams[info.name] = stream
        return self._streams[info.name]

    def _own(self, first: float) -> Stream:
        name = " notices"
        if name not in self._streams:
            self._streams[name] = self._writer.header(NOTICES_ID, OWN_HEADERS[NOTICES_ID])
            self._writer.offset(self._streams[name], first, 0.0)
        return self._streams[name]
