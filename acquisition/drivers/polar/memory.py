"""The memory of an H10: intervals recorded beside the stream, which outlive drop-outs, and are fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from acquisition.drivers.ble_link import Link
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.polar_files import (
    CANCEL,
    GET,
    LOST,
    REMOVE,
    SAMPLES,
    STATE,
    STOP,
    TOLD,
    TRANSFER,
    Assembler,
    TransferError,
    entries,
    packets,
    query,
    recording_state,
    request,
    rr_intervals,
    start_rr,
)
from acquisition.refilling.kept import Kept, Wanted
from acquisition.session.session import Device
from acquisition.stream import Modality

KEEPS = "beats"
QUIET = 1.0
"""Seconds without a packet after which an answer that was broken off counts as over."""
ANSWER = 30.0
"""Seconds without a packet after which an answer counts as lost: an hour of intervals takes several."""
TRIES = 3


def keeps(device: Device) -> tuple[Modality, ...]:
    """Return what a belt was asked to keep: its intervals, or nothing."""
    return (Modality.RR,) if device.effective.get("keep") == "rr" else ()


class Files:
    """Ask a belt for what is in its memory, one thing after the other."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._assembler = Assembler()
        self._answers: asyncio.Queue[bytes | PacketError] = asyncio.Queue()
        self._packets = 0

    async def open(self, link: Link) -> None:
        """Listen to the memory of a belt that was just connected.

        Raises
        ------
        DeviceError
            If it has none that can be reached.
        """
        if not link.has(TRANSFER):
            raise DeviceError("it has no memory that can be reached: another belt, or old firmware")
        self._link, self._assembler, self._answers = link, Assembler(), asyncio.Queue()
        await link.subscribe(TRANSFER, self._heard)
        if link.can(TOLD, "notify", "indicate"):
            await link.subscribe(TOLD, lambda _, __: None)

    async def ask(self, message: bytes) -> bytes:
        """Return the answer to a query or request.

        Raises
        ------
        TransferError
            If the belt refuses, or packets are lost again and again.
        """
        for k in range(TRIES):
            try:
                return await self._once(message)
            except TransferError as error:
                if error.code != LOST or k == TRIES - 1:
                    raise
                await self._cancel()
        raise AssertionError

    async def _cancel(self) -> None:
        """End an answer of which a packet was lost, and let what is on its way of it go by."""
        assert self._link is not None
        await self._link.write(TRANSFER, CANCEL, response=self._link.can(TRANSFER, "write"))
        before = -1
        while before != self._packets:
            before = self._packets
            await asyncio.sleep(QUIET)
        self._assembler = Assembler()

    async def _once(self, message: bytes) -> bytes:
        assert self._link is not None
        while not self._answers.empty():
            self._answers.get_nowait()
        response = self._link.can(TRANSFER, "write")
        for packet in packets(message, max(16, self._link.mtu - 4)):
            await self._link.write(TRANSFER, packet, response=response)
        answer = await asyncio.wait_for(self._answers.get(), ANSWER)
        if isinstance(answer, PacketError):
            raise answer
        return answer

    def _heard(self, data: bytes, now: float) -> None:
        self._packets += 1
        try:
            answer = self._assembler.feed(data)
        except PacketError as error:
            self._answers.put_nowait(error)
            return
        if answer is not None:
            self._answers.put_nowait(answer)


async def keep_rr(link: Link, files: Files, name: str) -> str:
    """Have a belt record its intervals; return what is to be told of it.

    A recording of ours that goes on is left alone. What its memory holds of before is never removed here.
    """
    try:
        await files.open(link)
        on, under = recording_state(await files.ask(query(STATE)))
        if not on:
            await files.ask(start_rr(name))
            under = name
    except (DeviceError, PacketError, TimeoutError) as error:
        what = str(error) or "its memory does not answer"
        return f"keeps no beats in its memory: {what} (attune refill of an earlier recording frees it)"
    return f"keeps its beats in its memory, too, as {under}"


async def stop_rr(files: Files) -> None:
    """End the recording of intervals, so that they can be fetched."""
    try:
        await files.ask(query(STOP))
    except (DeviceError, PacketError, TimeoutError):
        return  # fetching them stops it, too


class _Fetch:
    """Fetch the intervals in a belt's memory, or remove them."""

    def __init__(self, wanted: Sequence[Wanted], remove: bool) -> None:
        self._wanted, self._remove = list(wanted), remove

    def __call__(self, link: Link, told: Callable[[str], None]) -> Awaitable[list[Kept]]:
        """Return what was found for each stream: intervals [ms], in the order of their beats."""
        return self._fetch(link, told)

    async def _fetch(self, link: Link, told: Callable[[str], None]) -> list[Kept]:
        files = Files()
        await files.open(link)
        try:
            if recording_state(await files.ask(query(STATE)))[0]:
                await files.ask(query(STOP))
            found: list[int] = []
            for name, _ in entries(await files.ask(request(GET, "/"))):
                path = f"/{name.strip('/')}/{SAMPLES}"
                if self._remove:
                    await files.ask(request(REMOVE, path))
                    continue
                data = await files.ask(request(GET, path))
                found += rr_intervals(data)
        except TransferError as error:
            raise DeviceError(f"its memory cannot be read: {error}") from error
        told("its memory was freed" if self._remove else f"{len(found)} intervals in its memory")
        samples = np.array(found, np.float32)[:, None]
        return [Kept(np.arange(len(found)), samples) for _ in self._wanted]


def over_the_air(device: Device, wanted: Sequence[Wanted]) -> _Fetch:
    """Return what fetches the intervals of a belt."""
    return _Fetch(wanted, remove=False)


def forget(device: Device, wanted: Sequence[Wanted]) -> _Fetch:
    """Return what removes the intervals from a belt's memory, once they are written."""
    return _Fetch(wanted, remove=True)
