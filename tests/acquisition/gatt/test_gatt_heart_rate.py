"""Heart Rate Service: the flags decide what is in a packet."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt.heart_rate import HeartRate, battery, text

FLAGS = list(product([False, True], [None, False, True], [False, True], [0, 1, 3]))


@pytest.mark.parametrize(("wide", "contact", "energetic", "n_rr"), FLAGS)
def test_every_combination_of_flags_survives_the_round_trip(
    wide: bool, contact: bool | None, energetic: bool, n_rr: int
) -> None:
    packet = HeartRate(
        hr=300 if wide else 72,
        wide=wide,
        contact=contact,
        energy=513 if energetic else None,
        rr=tuple(range(1000, 1000 + n_rr)),
    )
    assert HeartRate.from_bytes(bytes(packet)) == packet


def test_known_bytes_are_read_as_the_standard_says() -> None:
    packet = HeartRate.from_bytes(bytes.fromhex("1e 48 34 12 00 04 e8 03"))
    assert packet == HeartRate(hr=72, contact=True, energy=0x1234, rr=(1024, 1000))
    assert HeartRate.from_bytes(bytes.fromhex("01 2c 01")) == HeartRate(hr=300, wide=True)


@pytest.mark.parametrize("cut", range(8))
def test_a_cut_packet_is_refused_or_is_a_whole_shorter_one(cut: int) -> None:
    whole = bytes.fromhex("1e 48 34 12 00 04 e8 03")
    if cut in (4, 6):
        assert len(HeartRate.from_bytes(whole[:cut]).rr) == (cut - 4) // 2
    else:
        with pytest.raises(PacketError):
            HeartRate.from_bytes(whole[:cut])


@given(st.binary(max_size=24))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    try:
        packet = HeartRate.from_bytes(data)
    except PacketError:
        return
    assert HeartRate.from_bytes(bytes(packet)) == packet


def test_battery_and_texts_are_read_and_nonsense_refused() -> None:
    assert battery(b"\x57") == 87
    assert text(b"5.0.0\0\0") == "5.0.0"
    for bad in (b"", b"\x65", b"\x01\x02"):
        with pytest.raises(PacketError):
            battery(bad)
