"""An emulated Shimmer3R with a GSR+ or an ExG board: frames over a pipe, the same ones on its card."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterator

import numpy as np
from bumble.att import ATT_Error, ErrorCode

from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Body
from acquisition.emulated.peripheral import Hardware, Peripheral, Signal, commanded, notifying, piped, service
from acquisition.emulated.shimmer_card import Card
from acquisition.emulated.shimmer_signals import Converter, toy_eda
from acquisition.gatt import shimmer as sh
from acquisition.gatt.shimmer import Op, Said
from acquisition.gatt.shimmer_answers import Inquiry, Version
from acquisition.gatt.shimmer_card import FileState, LogHeader
from acquisition.gatt.shimmer_values import (
    EXG1_CH1,
    EXG1_CH2,
    EXG1_STATUS,
    GSR,
    REFERENCE_MV,
    gain,
)
from acquisition.session.session import Device
from acquisition.stream import Modality

PER_PACKET = 4
"""Frames that leave together."""
PIECE = 160
"""Most bytes of a notification."""
BLOCK_EVERY = 0.03
"""Seconds between two blocks of a file."""
FACTORY = bytes.fromhex("02 80 10 00 00 00 00 00 02 01")
_SETTERS = (Op.SET_RATE, Op.SET_SENSORS, Op.SET_GSR_RANGE, Op.SET_POWER, Op.SET_EXG)


class EmulatedShimmer:
    """A unit on the air.

    Parameters
    ----------
    eda : callable, optional
        Conductance [µS] over seconds since it was switched on: a GSR+ board.
    mv : callable, optional
        An ECG [mV] instead: an ExG board.
    version : tuple of int
        Of its firmware; before 1.1.9 it does not know the commands for files, and says nothing to them.
    generation : Generation
        Whether it is a Shimmer3R or a Shimmer3.
    """

    def __init__(
        self,
        air: Air,
        hardware: Hardware,
        *,
        eda: Signal = toy_eda,
        mv: Signal | None = None,
        version: tuple[int, int, int] = sh.FILE_VERSION,
        seed: int = 1,
        generation: sh.Generation = sh.SHIMMER3R,
    ) -> None:
        self.generation = generation
        self._eda, self._mv, self._random = eda, mv, random.Random(seed)
        self._version = Version(3, *version)
        self.board = 0x30 if mv is None else 0x2F
        self.commands: list[bytes] = []
        self.card, self.has_card, self.docked = Card(), True, False
        self.card.busy = self._file_state
        self.sent: list[tuple[float, float]] = []
        """True time of each sample [s, loop], and what was there to be measured."""
        self.stamps: list[int] = []
        """Its clock at each of them [ticks]."""
        self.acknowledged = False
        """Whether it indicates instead of notifying."""
        self.deaf_pipe = False
        """Whether it takes no commands from the acknowledged characteristic."""
        self.old_status = False
        self.drop_on: int | None = None
        """Command upon which the connection breaks before any answer."""
        self.refuses: set[int] = set()
        self.drop_after_blocks = 0
        self.stall = False
        """Whether it understands starting, and does not."""
        self._clock_base, self._clock_at = 0, 0.0
        self.sensing = self.streaming = self.logging = False
        self._checked, self._prefix, self._tx = False, True, b""
        self._ticks, self._sensors, self._range = 640, 0, sh.AUTO_RANGE
        self.registers = [FACTORY, FACTORY]
        self._measuring: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        if generation is sh.SHIMMER3:
            self._indicating = commanded(generation.pipes[0], self._written)
            self._notifying = notifying(generation.hears[0])
        else:
            self._indicating = piped(generation.pipes[0], self._written_first, acknowledged=True)
            self._notifying = piped(generation.pipes[1], self._written, acknowledged=False)
        services = [service(generation.service, [self._indicating, self._notifying])]
        self.body = Peripheral(air, hardware, services, [])
        self.body.disconnected = self._disconnected

    async def start(self) -> None:
        """Switch on."""
        await self.body.start()
        self._clock_base, self._clock_at = 0xFFF000, self.body.now()

    def clock(self, true: float) -> int:
        """Return its clock [ticks] at a moment of the loop [s]."""
        gone = (true - self._clock_at) * sh.TICKS * (1.0 + self.body.hardware.skew)
        return self._clock_base + math.floor(gone)

    def _when(self, ticks: int) -> float:
        gone = (ticks - self._clock_base) / (sh.TICKS * (1.0 + self.body.hardware.skew))
        return self._clock_at + gone

    async def power_cycle(self) -> None:
        """Take its power away: out of range, nothing set, and what it measured ends."""
        await self.body.leave()
        self._stop()
        self._clock_base, self._clock_at = 0, self.body.now()
        self.registers = [FACTORY, FACTORY]

    def _disconnected(self) -> None:
        self.streaming = self._checked = False
        self._prefix, self._tx = True, b""
        self._reading = None
        if self.sensing and not self.logging:
            self._stop()

    # What it is told

    def _written_first(self, data: bytes) -> None:
        if not self.deaf_pipe:
            self._written(data)

    def _written(self, data: bytes) -> None:
        self.commands.append(data)
        if not self.body.may_be_used:
            raise ATT_Error(ErrorCode.INSUFFICIENT_AUTHENTICATION)
        if data[0] == self.drop_on:
            self.drop_on = None
            self.body.keep(self.body.drop())
            return
        if data[0] in self.refuses or (data[0] in _SETTERS and self.sensing):
            self._say(bytes([sh.NACK]))
            return
        answer = self._obey(data)
        if answer is None:
            return
        self._say(bytes([sh.ACK]) + answer)
        if data[0] in (Op.STREAM, Op.STREAM_AND_LOG) and self.old_status:
            self.tell_status()

    def _obey(self, data: bytes) -> bytes | None:
        """Do what is told; return what stands behind the ACK, None for a command that is not known."""
        op = data[0]
        if op in (Op.LIST_FILES, Op.READ_FILE):
            if not self.generation.files or self._version.number < sh.FILE_VERSION:
                return None
            return self._file(data)
        answers: dict[int, Callable[[], bytes]] = {
            Op.VERSION: lambda: bytes([Said.VERSION]) + bytes(self._version),
            Op.BOARD: lambda: bytes([Said.BOARD, 3, self.board, 1, 0]),
            Op.STATUS: self._status,
            Op.INQUIRY: lambda: bytes([Said.INQUIRY]) + bytes(self._inquiry()),
            Op.GET_CLOCK: lambda: bytes([Said.CLOCK]) + self.clock(self.body.now()).to_bytes(8, "little"),
            Op.GET_EXG: lambda: bytes([Said.EXG, 10]) + self.registers[data[1]],
            Op.BATTERY: lambda: bytes([sh.INSTREAM, Said.BATTERY]) + (2500).to_bytes(2, "little") + b"\0",
        }
        if op in answers:
            return answers[op]()
        if op == Op.FOLDER:
            path = self.card.folder.encode()
            return bytes([sh.INSTREAM, Said.FOLDER, len(path)]) + path if self.logging else b""
        return b"" if self._set(op, data[1:]) else None

    def _set(self, op: int, data: bytes) -> bool:
        if op == Op.SET_RATE:
            self._ticks = int.from_bytes(data, "little")
        elif op == Op.SET_SENSORS:
            self._sensors = int.from_bytes(data, "little")
        elif op == Op.SET_GSR_RANGE:
            self._range = data[0]
        elif op == Op.SET_EXG:
            self.registers[data[0]] = data[3:]
            self.registers[0] = self.registers[0][:1] + b"\xa8" + self.registers[0][2:]
        elif op == Op.SET_CLOCK:
            self._clock_base, self._clock_at = int.from_bytes(data, "little"), self.body.now()
        elif op == Op.SET_CRC:
            self._checked = data[0] == 2
        elif op == Op.STATUS_ACK:
            self._prefix = bool(data[0])
        elif op in (Op.STREAM, Op.STREAM_AND_LOG):
            self._start(op == Op.STREAM_AND_LOG)
        elif op in (Op.STOP, Op.STOP_STREAM):
            self.streaming = False
            if op == Op.STOP or not self.logging:
                self._stop()
        else:
            return op == Op.SET_POWER
        return True

    def _file(self, data: bytes) -> bytes:
        if data[0] == Op.LIST_FILES:
            return self.card.list(data)
        self._reading = self.body.run(self._send_file(self.card.read(data)))
        return b""

    async def _send_file(self, packets: Iterator[bytes]) -> None:
        for packet in packets:
            await asyncio.sleep(BLOCK_EVERY)
            if self.drop_after_blocks and self.card.blocks >= self.drop_after_blocks:
                self.drop_after_blocks = 0
                self.body.keep(self.body.drop())
                return
            self._send(packet)

    def _file_state(self) -> int:
        if self.docked or not self.has_card:
            return FileState.NO_CARD
        return FileState.BUSY if self.sensing else FileState.OK

    # What it says

    def _status(self) -> bytes:
        flags = (
            self.docked | self.sensing << 1 | 1 << 2 | self.logging << 3 | self.streaming << 4
            | self.has_card << 5
        )  # fmt: skip
        return bytes([sh.INSTREAM, Said.STATUS, flags, 0][: 2 + self.generation.status_bytes])

    def tell_status(self) -> None:
        """Say its status unasked, as it does when it is put into its dock."""
        self._say((bytes([sh.ACK]) if self._prefix else b"") + self._status())

    def _inquiry(self) -> Inquiry:
        config = bytes([0, 0, 0, 1 | self._range << 1, 0, 0, 0][: self.generation.config_bytes])
        return Inquiry(self._ticks, config, 1, self._channels())

    def _channels(self) -> tuple[int, ...]:
        channels: tuple[int, ...] = (GSR,) if self._sensors & sh.Sensor.GSR else ()
        if self._sensors & sh.Sensor.EXG1:
            channels += (EXG1_STATUS, EXG1_CH1, EXG1_CH2)
        return channels

    def _packet(self, data: bytes) -> bytes:
        return sh.with_crc(data) if self._checked else data

    def _say(self, data: bytes) -> None:
        self._send(self._packet(data))

    def _send(self, data: bytes) -> None:
        """Put bytes into the pipe; notifications cut and join them anywhere, and more may follow soon."""
        self._tx += data
        keep = self._random.randrange(6) if self.streaming else 0
        while len(self._tx) > keep:
            size = self._random.randrange(1, PIECE)
            piece, self._tx = self._tx[:size], self._tx[size:]
            if self.acknowledged:
                self.body.indicate(self._indicating, piece)
            else:
                self.body.notify(self._notifying, piece)

    # What it measures

    def _start(self, log: bool) -> None:
        if self.stall or not self._channels():
            return
        self.streaming = True
        if self.sensing:
            return
        self.sensing, self.logging = True, log and self.has_card and not self.docked
        ticks = 2 * (self._ticks // 2)
        first = self.clock(self.body.now()) + ticks
        if self.logging:
            registers = (self.registers[0], self.registers[1])
            self.card.begin(
                LogHeader(ticks=self._ticks, start=first - 40, channels=self._channels(), registers=registers)
            )
        self._measuring = self.body.keep(self._measure(first, ticks))

    def _stop(self) -> None:
        self.sensing = self.streaming = self.logging = False
        if self._measuring is not None:
            self._measuring.cancel()
            self._measuring = None

    async def _measure(self, first: int, ticks: int) -> None:
        stamp, converter = first, Converter(sh.TICKS / ticks, self._range)
        while True:
            stamps = stamp + ticks * np.arange(PER_PACKET)
            await asyncio.sleep(self._when(int(stamps[-1])) - self.body.now())
            times = np.array([self._when(int(t)) for t in stamps])
            values = (self._mv or self._eda)(times - self.body.switched_on)
            out = b""
            for ticks_of, true, value in zip(stamps.tolist(), times.tolist(), values.tolist(), strict=True):
                self.sent.append((true, value))
                self.stamps.append(ticks_of)
                frame = (ticks_of % sh.LAP).to_bytes(3, "little") + self._readings(value, converter)
                if self.logging:
                    self.card.write(ticks_of, frame)
                out += self._packet(b"\0" + frame)
            if self.streaming:
                self._send(out)
            stamp += ticks * PER_PACKET

    def _readings(self, value: float, converter: Converter) -> bytes:
        if self._mv is None:
            return converter.word(value).to_bytes(2, "little")
        registers = self.registers[0]
        factor = gain(registers[3]) * (2**23 - 1) / REFERENCE_MV
        raw = [round(share * value * factor) for share in (1.0, 0.6)]
        if not registers[1] & 0x20:
            raw = [0x7FFFFF, 0x7FFFFF]  # without its reference the converter is at its end
        return b"\x80" + b"".join(
            max(-(2**23), min(r, 2**23 - 1)).to_bytes(3, "big", signed=True) for r in raw
        )


def twin(air: Air, hardware: Hardware, body: Body, device: Device) -> EmulatedShimmer:
    """Return a unit that measures a simulated person: an ECG where the settings name a lead, else EDA."""
    if "lead" in device.effective:
        mv = body.signal(Modality.ECG, 256.0, lambda mv: mv, tap=3.0)
        return EmulatedShimmer(air, hardware, mv=mv)
    return EmulatedShimmer(air, hardware, eda=body.signal(Modality.EDA, 51.2, lambda us: us, tap=2.0))
