"""An emulated EmotiBit: what its firmware sends and answers, and the same on sockets of this machine."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from acquisition.gatt.emotibit import (
    ACK,
    CLIPPED,
    CONNECT,
    CUT,
    END,
    FREE,
    HELLO,
    HERE,
    LOCAL_TIME,
    PING,
    PONG,
    RECORD,
    RECORD_END,
    REQUEST,
    WRAP_MS,
    WRAP_NUMBER,
    Line,
    joined,
    read_datagram,
)
from acquisition.stream import FloatArray

EVERY, ASK = 0.1, 5.107
"""Seconds between two datagrams of data, and between two requests for the time."""
RATES = {"EA": 15.0, "AX": 25.0, "AY": 25.0, "AZ": 25.0}


def toy_us(t: FloatArray) -> FloatArray:
    """Return a skin conductance [µS]."""
    return np.asarray(3.0 + np.sin(2.0 * t))


class Firmware:
    """What the device does with its data and its clock; time is handed in [s].

    Parameters
    ----------
    skew : float
        By how much its crystal is too fast.
    ms, number : int
        Its clock and its counter when it begins.
    """

    def __init__(
        self,
        *,
        us: Callable[[FloatArray], FloatArray] = toy_us,
        skew: float = 0.0,
        ms: int = 60_000,
        number: int = 1,
    ) -> None:
        self._us, self._skew, self._first, self._number = us, skew, ms, number
        self._begun: float | None = None
        self._done: dict[str, int] = {}
        self._asked = -math.inf
        self._answers: list[tuple[float, Line]] = []
        self.sent: list[tuple[float, float]] = []
        """True time of each sample of EDA [s], and its value."""
        self.cut_next = False
        self.clip_next = 0
        self.files: list[str] = []
        """What is on its card, a text a file."""
        self.recording = False

    def ms(self, now: float) -> int:
        """Return its clock."""
        begun = self._begun = now if self._begun is None else self._begun
        return (self._first + math.floor((now - begun) * 1e3 * (1.0 + self._skew))) % WRAP_MS

    def reboot(self, now: float) -> None:
        """Begin anew."""
        self._first, self._number, self._begun = 500, 0, now
        self.recording = False
        self._done, self._answers, self._asked = {}, [], -math.inf

    def line(self, now: float, tag: str, payload: tuple[str, ...] = (), version: int = 1) -> Line:
        """Return a packet with the next number."""
        self._number = (self._number + 1) % WRAP_NUMBER
        return Line(self.ms(now), self._number, tag, payload, version)

    def data(self, now: float) -> list[bytes]:
        """Return the datagrams of one look at its buffers, those that ask for the time first."""
        self.ms(now)
        begun = self._begun or 0.0
        out: list[bytes] = []
        if now - self._asked >= ASK:
            self._asked = now
            out.append(joined([self.line(now, REQUEST, (LOCAL_TIME, "TU"))]))
        lines = []
        for tag, sfreq in RATES.items():
            first = self._done.get(tag, 0)
            last = math.floor((now - begun) * sfreq * (1.0 + self._skew))
            if last <= first:
                continue
            self._done[tag] = last
            times = begun + np.arange(first + 1, last + 1) / (sfreq * (1.0 + self._skew))
            values = self._us(times) if tag == "EA" else np.cos(times + len(tag))
            if tag == "EA":
                self.sent += zip(times.tolist(), values.tolist(), strict=True)
            lines.append(self.line(float(times[-1]), tag, tuple(f"{v:.6f}" for v in values)))
        if self.clip_next:
            lines.append(self.line(now, CLIPPED, ("EA", str(self.clip_next)), version=2))
            self.clip_next = 0
        ready = [a for a in self._answers if now - a[0] >= EVERY]
        self._answers = [a for a in self._answers if a not in ready]
        lines += [Line(a.ms, self._next(), a.tag, a.payload) for _, a in ready]
        if self.recording:
            self.files[-1] += "".join(map(str, lines))
        data = joined(lines)
        if self.cut_next:
            self.cut_next, at = False, data.index(b"\n") - 2
            data = data[:at] + bytes([CUT]) + data[at + 2 :]
        return [*out, data] if data else out

    def _next(self) -> int:
        self._number = (self._number + 1) % WRAP_NUMBER
        return self._number

    def told(self, line: Line) -> None:
        """Take what a host says over TCP: a file begins, or ends."""
        if line.tag == RECORD:
            self.files.append("")
        self.recording = (self.recording or line.tag == RECORD) and line.tag != RECORD_END

    def answered(self, line: Line, now: float) -> None:
        """Take what a host says of the time; it is echoed under the clock of the device."""
        if line.tag in (LOCAL_TIME, ACK):
            self._answers.append((now, Line(self.ms(now), 0, line.tag, line.payload)))


class EmulatedEmotiBit:
    """An EmotiBit on sockets; made and started on a running event loop.

    Parameters
    ----------
    host : str
        Address of this machine that it listens on.
    """

    def __init__(self, firmware: Firmware, *, id: str = "MD-V5-0000108", host: str = "127.0.0.1") -> None:
        self.firmware, self.id, self._host = firmware, id, host
        self.port = 0
        self.busy, self.mute = False, False
        """Whether another program holds it, and whether it leaves pings without an answer."""
        self.lose: Callable[[int], bool] = lambda n: False
        """Number of a datagram → whether it is lost."""
        self.twice = self.swap = False
        self._udp: Any = None
        self._peer: tuple[str, int] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._sent = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Switch on."""
        twin = self

        class Heard(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                twin._on(data, addr)

        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(Heard, local_addr=(self._host, 0))
        self.port = self._udp.get_extra_info("sockname")[1]
        self._keep(self._send())

    def _keep(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on(self, data: bytes, sender: tuple[str, int]) -> None:
        now = asyncio.get_running_loop().time()
        for line in read_datagram(data)[0]:
            if line.tag == HELLO:
                held = "4321" if self.busy else str(FREE)
                self._reply(sender, self.firmware.line(now, HERE, ("DP", held, "DI", self.id)))
            elif line.tag == CONNECT and not self.busy and self._writer is None:
                said = line.named
                self._keep(self._connect(sender, int(said["CP"]), int(said["DP"])))
            elif line.tag == PING and self._peer is not None and not self.mute:
                self._reply(sender, Line(self.firmware.ms(now), 0, PONG, ("DP", str(self._peer[1]))))
            else:
                self.firmware.answered(line, now)

    async def _connect(self, sender: tuple[str, int], control: int, data: int) -> None:
        if self._peer is not None:
            return
        self._peer = sender[0], data
        with suppress(OSError):
            reader, self._writer = await asyncio.open_connection(sender[0], control)
            while text := await reader.readline():
                for line in read_datagram(text)[0]:
                    self.firmware.told(line)
                if END.encode() in text:
                    break
        await self.drop()

    async def drop(self) -> None:
        """Break the connection."""
        self._peer = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _reply(self, to: tuple[str, int], line: Line) -> None:
        self._udp.sendto(str(line).encode(), to)

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EVERY)
            datagrams = self.firmware.data(loop.time())
            if self.swap:
                datagrams.reverse()
            for data in datagrams * (2 if self.twice else 1):
                self._sent += 1
                if self._peer is not None and not self.lose(self._sent):
                    self._udp.sendto(data, self._peer)

    async def close(self) -> None:
        """Switch off."""
        await self.drop()
        for task in list(self._tasks):
            task.cancel()
        self._udp.close()
