"""The memory of an emulated H10: one recording of intervals, which goes on without a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from acquisition.emulated.peripheral import Peripheral, Signal, piped, service
from acquisition.errors import PacketError
from acquisition.gatt.polar_files import (
    CANCEL,
    GET,
    IN_USE,
    REMOVE,
    SERVICE,
    START,
    STATE,
    STOP,
    TRANSFER,
    Assembler,
    fields,
    packets,
    rr_file,
)

NOT_THERE = 103
SIZE = 60
"""Bytes of a packet: an hour's intervals take many."""


class Memory:
    """What the belt records; `body` is set once there is one."""

    def __init__(self, beat_times: Signal | None) -> None:
        self._beat_times = beat_times
        self.on, self.name, self.intervals = False, "", list[int]()
        self.lose: set[int] = set()
        """Packets of answers that are lost, by their number since it was switched on."""
        self.drop_after = 0
        """Packet after which the connection breaks; 0 for never."""
        self.sent = 0
        self._sending: asyncio.Task[None] | None = None
        self.body: Peripheral | None = None
        self._task: asyncio.Task[None] | None = None
        self._assembler = Assembler()
        self._pipe = piped(TRANSFER, self._written, acknowledged=False)
        self.service: Any = service(SERVICE, [self._pipe])

    def _written(self, data: bytes) -> None:
        if data == CANCEL:
            if self._sending is not None:
                self._sending.cancel()
            return
        try:
            message = self._assembler.feed(data)
        except PacketError:
            message = None
        if message is not None:
            self._answer(message)

    def _answer(self, message: bytes) -> None:
        number = int.from_bytes(message[:2], "little")
        said = dict(fields(message[2:]))
        if number & 0x8000:
            self._query(number & 0x7FFF, said)
            return
        path = said.get(2, b"")
        text = path.decode() if isinstance(path, bytes) else ""
        if said.get(1) == GET and text == "/":
            name = f"{self.name}/".encode()
            entry = b"\x0a" + bytes([len(name)]) + name + b"\x10\x00"
            self._send(b"\x0a" + bytes([len(entry)]) + entry if self.name else b"")
        elif not self.name or self.name not in text or self.on:
            self._result(NOT_THERE)
        elif said.get(1) == REMOVE:
            self.name, self.intervals = "", []
            self._result(0)
        else:
            self._send(rr_file(self.intervals))

    def _query(self, number: int, said: dict[int, Any]) -> None:
        if number == STATE:
            name = self.name.encode()
            self._send(bytes([0x08, self.on]) + (b"\x12" + bytes([len(name)]) + name if name else b""))
        elif (number == START and (self.on or self.name)) or (number == STOP and not self.on):
            self._result(IN_USE)
        elif number == START:
            self.on, self.name, self.intervals = True, said[3].decode(), []
            assert self.body is not None
            self._task = self.body.keep(self._record())
            self._result(0)
        else:
            self.on = False
            if self._task is not None:
                self._task.cancel()
            self._result(0)

    async def _record(self) -> None:
        assert self.body is not None
        at, last = self.body.now() - self.body.switched_on, None
        while True:
            await asyncio.sleep(1.0)
            now = self.body.now() - self.body.switched_on
            span = np.array([at, now])
            times = np.arange(np.ceil(at), now) if self._beat_times is None else self._beat_times(span)
            at = now
            for t in times.tolist():
                if last is not None:
                    self.intervals.append(round((t - last) * 1e3))
                last = t

    def _result(self, code: int) -> None:
        assert self.body is not None
        self.body.notify(self._pipe, b"\0" + code.to_bytes(2, "little"))

    def _send(self, message: bytes) -> None:
        assert self.body is not None
        self._sending = self.body.run(self._packets(message))

    async def _packets(self, message: bytes) -> None:
        """Send an answer, packet by packet: what is on its way goes on being so after one was lost."""
        assert self.body is not None
        for packet in packets(message, SIZE):
            await asyncio.sleep(0.02)
            self.sent += 1
            if self.sent == self.drop_after:
                self.body.keep(self.body.drop())
                return
            if self.sent not in self.lose:
                self.body.notify(self._pipe, packet)
