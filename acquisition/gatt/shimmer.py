"""Shimmer3R and Shimmer3 units over Bluetooth LE: commands, answers, checksum; no radio.

References
----------
ShimmerResearch/log-and-stream-common and shimmer3r-firmware 1.01.009 (commands, answers, checksum);
ShimmerEngineering/shimmer-web-sdk (services).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import IntEnum

from acquisition.errors import PacketError

TICKS = 32768
"""Ticks of a unit's clock in a second."""
LAP = 1 << 24
"""Ticks after which the stamps of frames begin anew: 512 s."""
ACK, NACK, INSTREAM = 0xFF, 0xFE, 0x8A
LONGEST_PATH = 96


class Op(IntEnum):
    """First byte of a command."""

    INQUIRY = 0x01
    SET_RATE = 0x05
    STREAM = 0x07
    SET_SENSORS = 0x08
    STOP_STREAM = 0x20
    SET_GSR_RANGE = 0x21
    VERSION = 0x2E
    SET_POWER = 0x5E
    SET_EXG = 0x61
    GET_EXG = 0x63
    BOARD = 0x66
    STREAM_AND_LOG = 0x70
    STATUS = 0x72
    FOLDER = 0x89
    SET_CRC = 0x8B
    SET_CLOCK = 0x8F
    GET_CLOCK = 0x91
    BATTERY = 0x95
    STOP = 0x97
    STATUS_ACK = 0xA3
    READ_FILE = 0xC4
    ABORT_READ = 0xC7
    DELETE_FILE = 0xCA
    LIST_FILES = 0xCC


class Said(IntEnum):
    """First byte of an answer, or the second of one that is behind `INSTREAM`."""

    INQUIRY = 0x02
    VERSION = 0x2F
    EXG = 0x62
    BOARD = 0x65
    STATUS = 0x71
    FOLDER = 0x88
    CLOCK = 0x90
    BATTERY = 0x94
    FILES = 0xC1
    FILE_DATA = 0xC5
    FILE_END = 0xC6
    DELETED = 0xCB


ANSWERS = {
    Op.INQUIRY: Said.INQUIRY,
    Op.VERSION: Said.VERSION,
    Op.GET_EXG: Said.EXG,
    Op.BOARD: Said.BOARD,
    Op.STATUS: Said.STATUS,
    Op.FOLDER: Said.FOLDER,
    Op.GET_CLOCK: Said.CLOCK,
    Op.BATTERY: Said.BATTERY,
    Op.LIST_FILES: Said.FILES,
    Op.DELETE_FILE: Said.DELETED,
}
"""Commands that are answered with more than ACK or NACK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Say how one kind of unit differs: its services, and the lengths of what it answers.

    Parameters
    ----------
    service : str
    pipes : tuple of str
        Characteristics commands may be written to, the acknowledged one first.
    hears : tuple of str
        Characteristics that answers and frames may come from.
    config_bytes, status_bytes : int
        In an inquiry, and in a status.
    files : bool
        Whether the card can be read over the air.
    """

    name: str
    service: str
    pipes: tuple[str, ...]
    hears: tuple[str, ...]
    config_bytes: int
    status_bytes: int
    files: bool


_CYSPP = "65333333-a115-11e2-9e9a-0800200ca10"
_RN4678 = "49535343-"
SHIMMER3R = Generation(
    name="Shimmer3R",
    service=f"{_CYSPP}0",
    pipes=(f"{_CYSPP}1", f"{_CYSPP}2"),
    hears=(f"{_CYSPP}1", f"{_CYSPP}2"),
    config_bytes=7,
    status_bytes=2,
    files=True,
)
SHIMMER3 = Generation(
    name="Shimmer3",
    service=f"{_RN4678}fe7d-4ae5-8fa9-9fafd205e455",
    pipes=(f"{_RN4678}8841-43f4-a8d4-ecbe34729bb3",),
    hears=(f"{_RN4678}1e4d-4bd9-ba61-23c647249616",),
    config_bytes=4,
    status_bytes=1,
    files=False,
)
GENERATIONS = (SHIMMER3R, SHIMMER3)


class Sensor(IntEnum):
    """Bits of the sensors in `Op.SET_SENSORS`."""

    GSR = 0x000004
    EXG2 = 0x000008
    EXG1 = 0x000010


BOARDS = {0x30: "GSR+", 0x2F: "ExG"}
"""Expansion boards by the number they say."""
AUTO_RANGE = 4
EXG_REGISTERS = (
    bytes.fromhex("02 A0 10 40 40 2D 00 00 02 03"),
    bytes.fromhex("02 A0 10 40 47 00 00 00 02 01"),
)
"""Registers of both chips from CONFIG1 on, for an ECG with gain 4; the factory's have no reference."""
FILE_VERSION = (1, 1, 9)
"""Firmware of a Shimmer3R from which on its card can be read over the air."""


def crc16(data: bytes) -> int:
    """Return the checksum of a packet; one byte 0 is added where its length is odd."""
    crc = 0xB0CA
    for byte in data if len(data) % 2 == 0 else data + b"\0":
        crc = ((crc << 8) | (crc >> 8)) & 0xFFFF
        crc ^= byte
        crc ^= (crc & 0xFF) >> 4
        crc = (crc ^ (crc << 12)) & 0xFFFF
        crc = (crc ^ ((crc & 0xFF) << 5)) & 0xFFFF
    return crc


def with_crc(data: bytes) -> bytes:
    """Return a packet with its checksum behind."""
    return data + crc16(data).to_bytes(2, "little")


def divisor(sfreq: float) -> int:
    """Return the ticks between two samples that a unit keeps to, nearest to a rate [Hz].

    The timer of a Shimmer3R takes even numbers only, so that no other is ever asked for.

    Raises
    ------
    PacketError
        If the rate is not one a unit can have, 1 to 1024 Hz.
    """
    if not (math.isfinite(sfreq) and 1.0 <= sfreq <= 1024.0):
        raise PacketError(f"shimmer: no rate of {sfreq:g} Hz (known: 1 to 1024 Hz)")
    return 2 * round(TICKS / sfreq / 2.0)


def rate(ticks: int) -> float:
    """Return the rate [Hz] at which a unit samples that was told so many ticks."""
    if ticks < 2:
        raise PacketError(f"shimmer: {ticks} ticks between samples are none")
    return TICKS / (2 * (ticks // 2))


def set_rate(ticks: int) -> bytes:
    """Return the command that sets the rate."""
    return struct.pack("<BH", Op.SET_RATE, ticks)


def set_sensors(sensors: int) -> bytes:
    """Return the command that switches sensors on."""
    return bytes([Op.SET_SENSORS]) + sensors.to_bytes(3, "little")


def set_exg(chip: int, registers: bytes) -> bytes:
    """Return the command that writes all registers of a chip."""
    return bytes([Op.SET_EXG, chip, 0, len(registers)]) + registers


def get_exg(chip: int) -> bytes:
    """Return the command that reads all registers of a chip."""
    return bytes([Op.GET_EXG, chip, 0, len(EXG_REGISTERS[0])])


def set_clock(ticks: int) -> bytes:
    """Return the command that sets the clock to ticks since 1970."""
    return struct.pack("<BQ", Op.SET_CLOCK, ticks)


def exg_registers(chip: int, sfreq: float) -> bytes:
    """Return the registers of a chip for a rate [Hz]: it converts at least as often as that."""
    speed = next((n for n in range(7) if 125 << n >= sfreq), 6)
    registers = EXG_REGISTERS[chip]
    return bytes([registers[0] & ~0x07 | speed]) + registers[1:]


def same_registers(written: bytes, read: bytes) -> bool:
    """Tell whether registers are as written; a unit with two chips joins their clocks by itself (A0, A8)."""
    return (
        len(written) == len(read)
        and written[1] == read[1] & ~0x08
        and (written[:1] + written[2:]) == (read[:1] + read[2:])
    )


def full_stamp(stamp: int, near: int) -> int:
    """Return the ticks whose low 24 bits are a stamp, nearest to ticks that are known."""
    return near + (stamp - near + LAP // 2) % LAP - LAP // 2
