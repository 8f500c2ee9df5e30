"""Movesense packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt.movesense import (
    Assembler,
    EcgPacket,
    HeartRatePacket,
    Result,
    subscribe,
    unsubscribe,
)


def test_commands_are_the_bytes_of_the_document() -> None:
    assert subscribe(100, "/Meas/ECG/250") == b"\x01\x64/Meas/ECG/250"
    assert unsubscribe(100) == b"\x02\x64"
    assert Result.from_bytes(bytes(Result(100, 200))) == Result(100, 200)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=16))
def test_ecg_survives_the_round_trip(stamp: int, samples: list[int]) -> None:
    packet = EcgPacket(100, stamp, tuple(samples))
    assert EcgPacket.from_bytes(bytes(packet)) == packet


def test_an_ecg_packet_has_seventy_bytes() -> None:
    assert len(bytes(EcgPacket(100, 0, (0,) * 16))) == 70


def test_heart_rate_survives_the_round_trip() -> None:
    packet = HeartRatePacket(101, 61.5, (980, 975))
    assert HeartRatePacket.from_bytes(bytes(packet)) == packet


def test_a_packet_in_two_parts_is_joined() -> None:
    whole = bytes(EcgPacket(100, 7, tuple(range(16))))
    parts = Assembler(70)
    assert parts.feed(whole[:20]) is None
    assert parts.feed(b"\x03\x64" + whole[20:]) == whole
    assert parts.feed(whole) == whole
    with pytest.raises(PacketError, match="without its first"):
        parts.feed(b"\x03\x64" + whole[20:])


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    for read in (EcgPacket.from_bytes, HeartRatePacket.from_bytes, Result.from_bytes):
        try:
            read(data)
        except PacketError:
            pass
