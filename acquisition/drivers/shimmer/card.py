"""What a Shimmer's card holds: log files, from a folder or over the connection, as they were streamed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.drivers.ble_link import Link
from acquisition.drivers.shimmer.frames import Reading, ecg, skin_conductance
from acquisition.drivers.shimmer.talk import Talk
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.shimmer import AUTO_RANGE, FILE_VERSION, TICKS, Op, rate
from acquisition.gatt.shimmer_answers import Version
from acquisition.gatt.shimmer_card import (
    ENDS,
    HEADER,
    STATES,
    EndCode,
    Entry,
    Listing,
    Logged,
    LogHeader,
    joined,
    list_files,
    read_file,
    read_frames,
)
from acquisition.gatt.shimmer_reader import Broken, FileEnd, FilePart, Packet
from acquisition.gatt.shimmer_values import EXG1_CH1, GSR, gain
from acquisition.refilling.kept import Kept, Wanted, nothing
from acquisition.session.session import Device
from acquisition.stream import Modality

KEEPS = "samples"
STALL = 6.0
"""Seconds without a piece of a file after which it is asked for again."""
TRIES = 12
"""Times in a row that a reading may bring nothing."""
WINDOW = 1 << 16
"""Bytes asked for at once."""


def keeps(device: Device) -> tuple[Modality, ...]:
    """Return what a unit writes to its card: all that it sends, or nothing."""
    return (Modality.EDA, Modality.ECG) if device.effective.get("card", "on") == "on" else ()


def ticks_of(ns: int) -> int:
    """Return device time [ns] in ticks."""
    return round(ns * TICKS / 1e9)


def as_streamed(device: Device, wanted: Wanted, logged: Logged) -> Kept:
    """Return frames of a file as the samples that were streamed.

    Raises
    ------
    PacketError
        If they are of another board or rate.
    """
    header = logged.header
    if abs(rate(header.ticks) / wanted.info.sfreq - 1.0) > 1e-6:
        raise PacketError(f"shimmer: a file at {rate(header.ticks):g} Hz, not {wanted.info.sfreq:g} Hz")
    values = _reading(device, wanted, header).values(logged.frames, False)
    ns = np.array([round(t * 1e9 / TICKS) for t in logged.stamps.tolist()], np.int64)
    return Kept(ns, values[:, None].astype(np.float32))


def _reading(device: Device, wanted: Wanted, header: LogHeader) -> Reading:
    of, settings = header.layout, device.effective
    if GSR in of.places:
        chosen = settings.get("gsr_range", AUTO_RANGE)
        fixed = chosen if isinstance(chosen, int) and chosen != AUTO_RANGE else None
        return skin_conductance(of, wanted.info.sfreq, fixed)
    if EXG1_CH1 in of.places:
        return ecg(of, str(settings.get("lead", "LL-RA")), gain(header.registers[0][3]))
    raise PacketError("shimmer: a file without EDA and ECG")


def _inside(logged: Logged, wanted: Wanted) -> bool:
    """Tell whether frames are near any stretch that is wanted."""
    first, last = int(logged.stamps[0]), int(logged.stamps[-1])
    return any(a <= last and first <= b for a, b in _ranges(wanted))


def _ranges(wanted: Wanted) -> Iterator[tuple[int, int]]:
    """Yield what is wanted and what lies around it [ticks]."""
    for span in wanted.spans:
        yield ticks_of(span.after - wanted.around), ticks_of(span.before + wanted.around)


def from_files(folder: Path, device: Device, wanted: Sequence[Wanted]) -> list[Kept]:
    """Return what the files of a card hold for each stream; files of other rates and boards are passed over.

    Raises
    ------
    DeviceError
        If there is no log file in the folder.
    """
    files = []
    for path in sorted(p for p in folder.rglob("[0-9][0-9][0-9]") if p.is_file()):
        data = path.read_bytes()
        try:
            files.append(read_frames(LogHeader.from_bytes(data), data[HEADER:]))
        except PacketError:
            continue
    files = [f for f in files if len(f.stamps)]
    if not files:
        raise DeviceError(f"{folder}: no log file of a Shimmer (they are called 000, 001, … in data/)")
    return [_kept(device, one, [f for f in files if _inside(f, one)]) for one in wanted]


def _kept(device: Device, wanted: Wanted, parts: Sequence[Logged]) -> Kept:
    """Return the samples of pieces of files; those of one header are read together."""
    found: list[Kept] = []
    for header in dict.fromkeys(p.header for p in parts):
        together = joined([p for p in parts if p.header == header])
        try:
            found.append(as_streamed(device, wanted, together))
        except PacketError:
            continue
    if not found:
        return nothing(len(wanted.info.channels))
    stamps = np.concatenate([k.stamps for k in found])
    order = np.argsort(stamps, kind="stable")
    return Kept(stamps[order], np.concatenate([k.samples for k in found])[order])


@dataclass(slots=True)
class _File:
    """A log file on the card, and what was read of it."""

    path: str
    header: LogHeader
    first: int
    """Stamp of its first frame [ticks]."""
    n: int


class OverTheAir:
    """Fetch what is missing from a unit's card; called again, it goes on where the connection broke.

    Parameters
    ----------
    device : Device
    wanted : sequence of Wanted
    """

    def __init__(self, device: Device, wanted: Sequence[Wanted]) -> None:
        self._device, self._wanted = device, list(wanted)
        self._talk = Talk()
        self._packets: asyncio.Queue[Packet] = asyncio.Queue()
        self._files: list[_File] | None = None
        self._pieces: dict[tuple[str, int, int], bytearray] = {}
        self._session: int | None = None

    def __call__(self, link: Link, told: Callable[[str], None]) -> Awaitable[list[Kept]]:
        """Return what was found for each stream."""
        return self._fetch(link, told)

    async def _fetch(self, link: Link, told: Callable[[str], None]) -> list[Kept]:
        talk = self._talk
        self._session = None
        talk.others = self._packets.put_nowait
        await talk.open(link)
        await talk.hello()
        await self._may_be_read()
        await talk.check_sums()
        if self._files is None:
            self._files = await self._log_files()
            told(f"{len(self._files)} log files on its card")
        return [await self._of(one, told) for one in self._wanted]

    async def _may_be_read(self) -> None:
        """See that the card can be read, and end a measurement that still goes on.

        Raises
        ------
        DeviceError
            If it cannot, and what to do then.
        """
        talk = self._talk
        version = Version.from_bytes(await talk.ask(bytes([Op.VERSION])))
        if not talk.generation.files or version.number < FILE_VERSION:
            raise DeviceError(
                f"{talk.generation.name} {version} does not send what its card holds: put the card into this "
                "computer, or the unit into its dock, and say --from FOLDER"
            )
        status = await talk.look()
        if status.docked:
            raise DeviceError("it lies in its dock or hangs on a cable: take it out, or say --from FOLDER")
        if status.sensing:
            await talk.ask(bytes([Op.STOP]))

    async def _log_files(self) -> list[_File]:
        """Return the log files that hold anything that is wanted, the newest folders first."""
        found = []
        for trial in reversed(await self._entries("data")):
            for unit in reversed(await self._entries(f"data/{trial.name}")) if trial.folder else ():
                path = f"data/{trial.name}/{unit.name}"
                for file in await self._entries(path) if unit.folder else ():
                    if not file.folder and file.size > HEADER and not file.cut:
                        one = await self._look_into(f"{path}/{file.name}", file.size)
                        found += [one] if one is not None else []
        return found

    async def _entries(self, path: str) -> list[Entry]:
        """Return the entries of a folder.

        Raises
        ------
        DeviceError
            If the card cannot be read.
        """
        entries: list[Entry] = []
        while True:
            listing = Listing.from_bytes(await self._talk.ask(list_files(path, len(entries)), seconds=STALL))
            if listing.state:
                why = STATES.get(listing.state, f"error {listing.state} of its file system")
                raise DeviceError(f"its card cannot be read: {why}")
            entries += listing.entries
            if not listing.more or not listing.entries:
                return entries

    async def _look_into(self, path: str, size: int) -> _File | None:
        """Return a file by its header and first frame, None if it holds nothing that is wanted."""
        try:
            header = LogHeader.from_bytes(await self._read(path, 0, HEADER))
        except PacketError:
            return None
        n = (size - HEADER) // header.layout.size
        if n == 0:
            return None
        frame = await self._read(path, HEADER, header.layout.size)
        first = int(read_frames(header, frame).stamps[0])
        last = first + n * header.ticks
        wanted = any(a <= last and first <= b for one in self._wanted for a, b in _ranges(one))
        return _File(path, header, first, n) if wanted else None

    async def _of(self, wanted: Wanted, told: Callable[[str], None]) -> Kept:
        parts = []
        for file in self._files or ():
            for k, (low, high) in enumerate(_ranges(wanted)):
                if k % 10 == 9:
                    told(f"{wanted.info.name}: {k} of {len(wanted.spans)} gaps looked for in {file.path}")
                part = await self._between(file, low, high)
                parts += [part] if part is not None and len(part.stamps) else []
        told(f"{wanted.info.name}: {sum(len(p.stamps) for p in parts)} samples fetched")
        return _kept(self._device, wanted, parts)

    async def _between(self, file: _File, low: int, high: int) -> Logged | None:
        """Return the frames of a file between two stamps [ticks]."""
        begin = await self._index(file, low)
        end = await self._index(file, high)
        if end <= begin:
            return None
        size = file.header.layout.size
        data = await self._read(file.path, HEADER + begin * size, (end - begin) * size)
        return read_frames(file.header, data, near=await self._stamp(file, begin))

    async def _index(self, file: _File, stamp: int) -> int:
        """Return the number of the first frame that is not before a stamp: by its rate, then by halves."""
        low, high = 0, file.n
        guess = (stamp - file.first) // file.header.ticks
        for k in (guess, guess + 1):
            if 0 <= k < file.n and low < high:
                low, high = (low, k) if await self._stamp(file, k) >= stamp else (k + 1, high)
        while low < high:
            k = (low + high) // 2
            low, high = (low, k) if await self._stamp(file, k) >= stamp else (k + 1, high)
        return low

    async def _stamp(self, file: _File, k: int) -> int:
        size = file.header.layout.size
        data = await self._read(file.path, HEADER + k * size, size)
        near = file.first + k * file.header.ticks
        return int(read_frames(file.header, data, near=near).stamps[0])

    async def _read(self, path: str, offset: int, size: int) -> bytes:
        """Return bytes of a file: what is damaged, lost or cut off is asked for again from where it broke.

        Raises
        ------
        DeviceError
            If the unit refuses, or nothing comes however often it is asked.
        """
        got = self._pieces.setdefault((path, offset, size), bytearray())
        idle = 0
        while len(got) < size:
            before = len(got)
            most = min(size - before, WINDOW)
            await self._talk.ask(read_file(path, offset + before, most), seconds=STALL)
            code = await self._take(got, before + most)
            idle = 0 if len(got) > before else idle + 1
            if code in ENDS and code != EndCode.ABORTED:
                raise DeviceError(f"{path}: {ENDS[code]}")
            if code == EndCode.END_OF_FILE or idle >= TRIES:
                break
        if len(got) < size:
            raise DeviceError(f"{path}: {len(got)} of {size} bytes came, then nothing any more")
        return bytes(got)

    async def _take(self, got: bytearray, until: int) -> int | None:
        """Take the pieces of one reading in order; return why it ended, None where it is to be asked anew."""
        number, session = 0, None if self._session is None else (self._session + 1) % 256
        while True:
            try:
                packet = await asyncio.wait_for(self._packets.get(), STALL)
            except TimeoutError:
                return None
            said = getattr(packet, "session", None)
            if said is None or (session is not None and said != session):
                continue  # of a reading before
            session = self._session = said
            if isinstance(packet, FileEnd):
                return None if packet.code == EndCode.WINDOW and len(got) < until else packet.code
            if isinstance(packet, Broken) or not isinstance(packet, FilePart) or packet.number != number:
                return None
            got += packet.data
            number += 1


def over_the_air(device: Device, wanted: Sequence[Wanted]) -> OverTheAir:
    """Return what fetches the missing samples of a unit's streams over its connection."""
    return OverTheAir(device, wanted)
