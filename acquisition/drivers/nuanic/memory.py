"""The memory of a Nuanic ring: each record that it sends it is said to keep, too; read from a moment on.

Experimental as the rest of it: one project found out that a ring stores what it sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np

from acquisition.drivers.ble_link import Link
from acquisition.errors import DeviceError
from acquisition.gatt.nuanic import EDA, RATES, REWIND, SIZE, STORAGE, Record, rewind
from acquisition.refilling.kept import Kept, Wanted, nothing
from acquisition.session.session import Device
from acquisition.stream import IntArray, Modality

KEEPS = "samples"
PATIENCE = 5.0
"""Seconds within which a ring that measures sends a record, which says how often it was started."""
BEFORE = 3
"""Starts before the present one that are looked into."""
_MS = 1_000_000


def keeps(device: Device) -> tuple[Modality, ...]:
    """Return what a ring keeps: all that it sends."""
    return (Modality.EDA,)


def from_files(folder: Path, device: Device, wanted: Sequence[Wanted]) -> list[Kept]:
    """Refuse: a ring has no card.

    Raises
    ------
    DeviceError
        Always.
    """
    raise DeviceError(f"{device.title}: has no card; its memory is read over the air")


class OverTheAir:
    """Fetch what is missing from a ring's memory; called again, it goes on where the connection broke."""

    def __init__(self, device: Device, wanted: Sequence[Wanted]) -> None:
        self._wanted = list(wanted)
        self._read: dict[tuple[int, int, int], list[Record]] = {}
        self._done: set[tuple[int, int, int]] = set()

    def __call__(self, link: Link, told: Callable[[str], None]) -> Awaitable[list[Kept]]:
        """Return what was found for each stream."""
        return self._fetch(link, told)

    async def _fetch(self, link: Link, told: Callable[[str], None]) -> list[Kept]:
        if not (link.can(STORAGE, "read") and link.can(REWIND, "write", "write-without-response")):
            raise DeviceError("it has no memory that can be read")
        boot = await _boot(link)
        return [await self._of(one, link, boot, told) for one in self._wanted]

    async def _of(self, wanted: Wanted, link: Link, boot: int, told: Callable[[str], None]) -> Kept:
        starts: list[list[Record]] = []
        for start in range(boot, max(-1, boot - BEFORE - 1), -1):
            parts = [await self._between(link, start, low, high) for low, high in _ranges(wanted)]
            starts.append([r for part in parts for r in part])
        found = _of_one_clock(starts)
        told(f"{wanted.info.name}: {len(found)} records in its memory")
        if not found:
            return nothing(len(wanted.info.channels))
        ms: IntArray = np.array(sorted(found), np.int64)
        values = np.array([found[k].conductance for k in ms.tolist()], np.float32)
        return Kept(ms * _MS, values[:, None])

    async def _between(self, link: Link, boot: int, low: int, high: int) -> list[Record]:
        """Return the records of a start between two moments [ms], as far as they are there.

        Raises
        ------
        DeviceError
            If it sends records without an end.
        """
        key = (boot, low, high)
        got = self._read.setdefault(key, [])
        if key in self._done:
            return got
        await link.write(REWIND, rewind(boot, got[-1].ms if got else low), response=link.can(REWIND, "write"))
        rest, most = b"", (high - low) * max(RATES) // 500 + 100
        for _ in range(most):
            data = await link.read(STORAGE)
            rest += data
            # A record may be cut by the end of what one reading gives.
            records = [Record.from_bytes(rest[k : k + SIZE]) for k in range(0, len(rest) - SIZE + 1, SIZE)]
            rest = rest[len(records) * SIZE :]
            got += [r for r in records if r.boot == boot and low <= r.ms <= high]
            if not data or any(r.boot > boot or (r.boot == boot and r.ms > high) for r in records):
                self._done.add(key)
                return got
        raise DeviceError("its memory gives records without an end")


def _of_one_clock(starts: Sequence[Sequence[Record]]) -> dict[int, Record]:
    """Return records by their moment [ms]; what two starts claim is left out: nobody can tell them apart."""
    bounds = [(min(r.ms for r in some), max(r.ms for r in some)) for some in starts if some]
    found: dict[int, Record] = {}
    for k, some in enumerate(s for s in starts if s):
        others = bounds[:k] + bounds[k + 1 :]
        found |= {r.ms: r for r in some if not any(low <= r.ms <= high for low, high in others)}
    return found


async def _boot(link: Link) -> int:
    """Return how often a ring was started.

    Raises
    ------
    DeviceError
        If it sends nothing that says it.
    """
    first: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def heard(data: bytes, now: float) -> None:
        boot = Record.from_bytes(data).boot
        if not first.done():
            first.set_result(boot)

    await link.subscribe(EDA, heard)
    try:
        return await asyncio.wait_for(first, PATIENCE)
    except TimeoutError:
        raise DeviceError("it does not measure, so that nobody knows how often it was started") from None


def _ranges(wanted: Wanted) -> list[tuple[int, int]]:
    """Return the moments that are asked for [ms], apart from one another."""
    ranges = sorted(
        ((s.after - wanted.around) // _MS, -(-(s.before + wanted.around) // _MS)) for s in wanted.spans
    )
    out: list[tuple[int, int]] = []
    for low, high in ranges:
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((max(0, low), high))
    return out


def over_the_air(device: Device, wanted: Sequence[Wanted]) -> OverTheAir:
    """Return what fetches the missing samples of a ring over its connection."""
    return OverTheAir(device, wanted)
