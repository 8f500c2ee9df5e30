"""One EmotiBit kept connected: called on the network, answered, pinged, asked for the time, found again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from acquisition.drivers.emotibit.signals import Signals
from acquisition.errors import DeviceError
from acquisition.gatt.emotibit import (
    ACK,
    CONNECT,
    END,
    FREE,
    HELLO,
    HERE,
    LOCAL_TIME,
    PING,
    PONG,
    PORT,
    RECORD,
    RECORD_END,
    REQUEST,
    Line,
    read_datagram,
)

CALL, OPEN, BEAT = 1.0, 0.1, 0.5
"""Seconds between two calls, two requests to connect, two pings."""
OPENING, SILENT = 5.0, 10.0
"""Seconds a connection may take, and after which it counts as dead."""
LOOK = 0.05


def _now() -> str:
    """Return the time here, as the device writes it."""
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S-%f}"


class _Datagrams(asyncio.DatagramProtocol):
    """Hand on what comes, with its sender."""

    def __init__(self, heard: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a datagram."""
        self._heard(data, addr)


class Host:
    """Find one device and keep it.

    Parameters
    ----------
    address : str
        Where the device is; "" to call it by `name` on this network.
    name : str
        What it says of itself (its DI).
    card : bool
        Whether it is to write to its card, too.
    """

    def __init__(
        self, address: str, name: str, port: int, signals: Signals, clock: Callable[[], float],
        told: Callable[[str], None], *, card: bool = False,
    ) -> None:  # fmt: skip
        self._address, self._name, self._port = address, name, port or PORT
        self._signals, self._clock, self._told = signals, clock, told
        self._card, self._recording = card, -1
        self._number = 0
        self._stopped = asyncio.Event()
        self._found: asyncio.Future[tuple[str, int]] | None = None
        self._peer: tuple[str, int] | None = None
        self._heard_at = 0.0
        self._ponged = False
        self._udp: asyncio.DatagramTransport | None = None
        self._data: asyncio.DatagramTransport | None = None
        self._begun = clock()
        self.fault, self.streaming = "not found yet", False
        self.who = ""
        self._said = ""
        self._controls: list[asyncio.StreamWriter] = []

    def stop(self) -> None:
        """End after telling the device."""
        self._stopped.set()

    async def run(self) -> None:
        """Connect again and again."""
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_call), local_addr=("0.0.0.0", 0), allow_broadcast=True
        )
        self._data, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_data), local_addr=("0.0.0.0", 0)
        )
        try:
            while not self._stopped.is_set():
                try:
                    await self._one_connection()
                except (DeviceError, OSError, TimeoutError) as error:
                    self._complain(str(error) or "it does not answer")
                self.streaming = False
                await self._pause(CALL)
        finally:
            self._udp.close()
            self._data.close()

    async def _one_connection(self) -> None:
        peer = await self._call()
        self._peer, self._ponged = peer, False
        # The device connects to us: only on the address of the network it is in.
        server = await asyncio.start_server(self._on_control, self._own_address(peer), 0)
        self._controls = []
        try:
            await self._connect(peer, server.sockets[0].getsockname()[1])
            self._signals.restart()
            self._said, self.fault, self.streaming = "", "", True
            self._told(f"connected ({self.who or peer[0]})")
            await self._watch(peer)
        finally:
            self.streaming = False
            if not self._stopped.is_set():
                self._signals.lost(self._clock(), "connection lost")
            for control in self._controls:
                with suppress(OSError):
                    if self._recording >= 0 and self._stopped.is_set():
                        control.write(str(self._line(RECORD_END, (_now(),))).encode())
                    control.write(str(self._line(END)).encode())
                    await asyncio.wait_for(control.drain(), 0.5)
                control.close()
            server.close()
            self._peer = None

    async def _call(self) -> tuple[str, int]:
        """Call until the device says where it is.

        Raises
        ------
        DeviceError
            If it is held by another program, or nobody answers.
        """
        self._found = asyncio.get_running_loop().create_future()
        where = self._address or "255.255.255.255"
        for _ in range(10):
            self._send(self._udp, (where, self._port), self._line(HELLO))
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._found), CALL)
            if self._stopped.is_set():
                break
        which = self._name or self._address
        raise DeviceError(
            f"no EmotiBit {which} answers: off, in another network, or this network lets none through"
        )

    async def _connect(self, peer: tuple[str, int], control: int) -> None:
        end = self._clock() + OPENING
        wanted = ("CP", str(control), "DP", str(self._data_port()))
        while not self._controls or not self._ponged:
            if self._clock() > end or self._stopped.is_set():
                raise DeviceError("it answers, and does not connect: a firewall, or another program holds it")
            line = self._line(PING, ("DP", wanted[3])) if self._controls else self._line(CONNECT, wanted)
            self._send(self._udp, peer, line)
            await self._pause(OPEN)
        self._heard_at = self._clock()

    async def _watch(self, peer: tuple[str, int]) -> None:
        beat = 0.0
        while not self._stopped.is_set():
            now = self._clock()
            if now - self._heard_at > SILENT:
                raise DeviceError(f"silent for {SILENT:.0f} s; calling it again")
            if all(control.is_closing() for control in self._controls):
                raise DeviceError("it closed the connection; calling it again")
            if now - beat >= BEAT:
                beat = now
                self._send(self._udp, peer, self._line(PING, ("DP", str(self._data_port()))))
            self._signals.look(now)
            if self._card and self._signals.starts > self._recording:
                self._record()
            await self._pause(LOOK)

    def _record(self) -> None:
        """Have it write to its card, once a start: a file that goes on over a drop-out is left alone."""
        self._recording = self._signals.starts
        for control in self._controls:
            control.write(str(self._line(RECORD, (_now(),))).encode())
        self._told("is asked to write to its card, too")

    def _on_call(self, data: bytes, sender: tuple[str, int]) -> None:
        """Take an answer to a call or a ping."""
        for line in read_datagram(data)[0]:
            if line.tag == HERE:
                self._here(line, sender)
            elif line.tag == PONG and self._peer is not None and sender[0] == self._peer[0]:
                self._ponged, self._heard_at = True, self._clock()

    def _here(self, line: Line, sender: tuple[str, int]) -> None:
        said = line.named
        if self._name and said.get("DI", "") != self._name:
            return
        if self._found is None or self._found.done():
            return
        if said.get("DP", str(FREE)) != str(FREE):
            self._found.set_exception(
                DeviceError(f"EmotiBit {said.get('DI', sender[0])} is held by another program")
            )
            return
        self.who = said.get("DI", "")
        self._found.set_result(sender)

    def _on_data(self, data: bytes, sender: tuple[str, int]) -> None:
        now = self._clock()
        if self._peer is None or sender[0] != self._peer[0]:
            return  # of another device, or of one that is given up
        lines, damaged = read_datagram(data)
        self._signals.damaged += damaged
        if lines:
            self._heard_at = now
        for line in lines:
            if line.tag == REQUEST and LOCAL_TIME in line.payload:
                self._answer(line, sender)
            elif line.tag == PONG:
                self._ponged = True
        self._signals.feed(lines, now)

    def _answer(self, request: Line, sender: tuple[str, int]) -> None:
        """Say what time it is here, at once, in two datagrams."""
        text = _now()
        self._send(self._data, sender, self._line(LOCAL_TIME, (text,)))
        self._signals.answered(request, text, self._clock())
        self._send(self._data, sender, self._line(ACK, (str(request.number), REQUEST)))

    async def _on_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._peer is None or writer.get_extra_info("peername")[0] != self._peer[0]:
            writer.close()
            return
        self._controls.append(writer)
        while await reader.read(4096):
            self._heard_at = self._clock()
        writer.close()

    def _own_address(self, peer: tuple[str, int]) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(peer)
            return str(probe.getsockname()[0])

    def _data_port(self) -> int:
        assert self._data is not None
        return int(self._data.get_extra_info("sockname")[1])

    def _line(self, tag: str, payload: tuple[str, ...] = ()) -> Line:
        self._number = (self._number + 1) % 65536
        return Line(round((self._clock() - self._begun) * 1e3) % (1 << 32), self._number, tag, payload)

    def _send(self, way: asyncio.DatagramTransport | None, to: tuple[str, int], line: Line) -> None:
        assert way is not None
        way.sendto(str(line).encode("ascii"), to)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    def _complain(self, what: str) -> None:
        self.fault = what
        if what != self._said:
            self._said = what
            self._told(what)
