"""Commands to a Shimmer and what it answers, amid the frames that it sends all the while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from acquisition.drivers.ble_link import Link
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.shimmer import ANSWERS, GENERATIONS, SHIMMER3R, Generation, Op, Said
from acquisition.gatt.shimmer_answers import Status
from acquisition.gatt.shimmer_reader import Ack, Answer, DataFrame, Nack, Packet, Reader

ANSWER = 1.5
"""Seconds a unit may take; one that does not know a command says nothing."""


class Refused(DeviceError):
    """A unit refused a command."""


class Talk:
    """Ask one unit after the other thing; a generation of units is known by its service.

    `frames` is called with the frames of each notification and its arrival [s], `others` with packets that
    answer nothing, such as the pieces of a file.
    """

    def __init__(self) -> None:
        self.generation: Generation = SHIMMER3R
        self.reader = Reader(self.generation)
        self.frames: Callable[[Sequence[DataFrame], float], None] = lambda _, __: None
        self.others: Callable[[Packet], None] = lambda _: None
        self.status = Status(0)
        self._link: Link | None = None
        self._pipe = ""
        self.unasked = 0
        """Statuses that came without being asked for."""
        self._due: asyncio.Future[bytes] | None = None
        self._said: int | None = None

    @property
    def pipe(self) -> str:
        """Return the characteristic that commands are written to."""
        return self._pipe

    async def open(self, link: Link) -> None:
        """Listen to a unit that was just connected.

        Raises
        ------
        DeviceError
            If it has none of the services.
        """
        self._link = link
        for generation in GENERATIONS:
            pipes = [p for p in generation.pipes if link.can(p, "write", "write-without-response")]
            if link.has(generation.service) and pipes:
                break
        else:
            raise DeviceError(
                "it has no service of a Shimmer: one with Bluetooth classic only, or another device"
            )
        self.generation, self._pipe = generation, pipes[0]
        self.reader = Reader(generation)
        for uuid in generation.hears:
            if link.can(uuid, "notify", "indicate"):
                await link.subscribe(uuid, self._heard)

    async def hello(self) -> None:
        """Switch off what comes unasked, and find the characteristic that commands are taken from.

        Raises
        ------
        TimeoutError
            If it takes none from any.
        """
        assert self._link is not None
        pipes = [p for p in self.generation.pipes if self._link.can(p, "write", "write-without-response")]
        for pipe in pipes:
            self._pipe = pipe
            try:
                await self.ask(bytes([Op.STATUS_ACK, 0]))
            except (TimeoutError, Refused):  # firmware that does not know it; any knows the next
                pass
            try:
                await self.look()
            except TimeoutError:
                if pipe == pipes[-1]:
                    raise
            else:
                return

    async def look(self) -> Status:
        """Return what the unit does now."""
        return Status.from_bytes(await self.ask(bytes([Op.STATUS])))

    async def ask(self, command: bytes, *, seconds: float = ANSWER) -> bytes:
        """Send a command and return the payload of its answer; b"" where an ACK is all.

        Raises
        ------
        Refused
            On a NACK.
        TimeoutError
            If nothing comes: the unit does not know the command, or the connection is bad.
        """
        assert self._link is not None
        said = ANSWERS.get(Op(command[0]))
        due = self._due = asyncio.get_running_loop().create_future()
        self._said = self.reader.expected = said
        try:
            await self._link.write(self._pipe, command, response=self._link.can(self._pipe, "write"))
            return await asyncio.wait_for(due, seconds)
        except Refused:
            raise Refused(f"it refuses the command {command[:8].hex(' ').upper()}") from None
        finally:
            self._due = self._said = self.reader.expected = None

    async def tell(self, command: bytes) -> None:
        """Send a command without waiting for what it says."""
        assert self._link is not None
        await self._link.write(self._pipe, command, response=self._link.can(self._pipe, "write"))

    async def check_sums(self) -> bool:
        """Switch checksums on, until the connection ends; tell whether the unit can."""
        self.reader.checked = True
        try:
            await self.ask(bytes([Op.SET_CRC, 2]))
        except (TimeoutError, Refused):
            self.reader.clear()
            return False
        return True

    def _heard(self, data: bytes, now: float) -> None:
        damaged = self.reader.damaged
        packets = self.reader.feed(data)
        if frames := [p for p in packets if isinstance(p, DataFrame)]:
            self.frames(frames, now)
        for packet in packets:
            if not isinstance(packet, DataFrame):
                self._take(packet)
        if lost := self.reader.damaged - damaged:
            raise PacketError(f"shimmer: {lost} bytes that belong to no packet are left out")

    def _take(self, packet: Packet) -> None:
        if isinstance(packet, Answer) and packet.said == Said.STATUS:
            self.status = Status.from_bytes(packet.payload)
            self.unasked += self._said != Said.STATUS
        due = self._due if self._due is not None and not self._due.done() else None
        if isinstance(packet, Nack) and due is not None:
            due.set_exception(Refused("refused"))
        elif isinstance(packet, Ack) and due is not None and self._said is None:
            due.set_result(b"")
        elif isinstance(packet, Answer) and due is not None and packet.said == self._said:
            due.set_result(packet.payload)
        elif not isinstance(packet, Ack | Nack):
            self.others(packet)
