"""BITalino frames: layout, CRC, sequence, and any cut of the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt.bitalino import (
    Frame,
    FrameReader,
    crc4,
    frame_size,
    rate_command,
    start_command,
    widths,
)


def _analog(n: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(0, (1 << bits) - 1) for bits in widths(n)])


frames = st.integers(1, 6).flatmap(
    lambda n: st.builds(Frame, st.integers(0, 15), st.integers(0, 15), _analog(n))
)


@given(frames)
def test_a_frame_survives_the_round_trip(frame: Frame) -> None:
    assert Frame.from_bytes(bytes(frame), len(frame.analog)) == frame


def test_sizes_and_places_are_those_of_the_reference() -> None:
    assert [frame_size(k) for k in range(1, 7)] == [3, 4, 6, 7, 8, 8]
    b = bytes(Frame(9, 0b1010, (0x2A5, 0x1C3, 0x3FF, 0x001, 0x15, 0x2B)))
    assert b[-1] >> 4 == 9
    assert b[-2] >> 4 == 0b1010
    assert ((b[-2] & 0x0F) << 6) | (b[-3] >> 2) == 0x2A5
    assert ((b[-3] & 0x03) << 8) | b[-4] == 0x1C3
    assert (b[-5] << 2) | (b[-6] >> 6) == 0x3FF
    assert ((b[-6] & 0x3F) << 4) | (b[-7] >> 4) == 0x001
    assert ((b[-7] & 0x0F) << 2) | (b[-8] >> 6) == 0x15
    assert b[-8] & 0x3F == 0x2B


def test_the_crc_is_that_of_the_reference_bit_by_bit() -> None:
    data = bytes(Frame(3, 0, (512, 700)))
    x = 0
    for byte in data[:-1] + bytes([data[-1] & 0xF0]):
        for bit in range(7, -1, -1):
            x <<= 1
            if x & 0x10:
                x ^= 0x03
            x ^= (byte >> bit) & 1
    assert crc4(data) == x & 0x0F == data[-1] & 0x0F


@given(frames, st.data())
def test_one_flipped_bit_is_always_noticed(frame: Frame, data: st.DataObject) -> None:
    whole = bytearray(bytes(frame))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(PacketError, match="CRC"):
        Frame.from_bytes(bytes(whole), len(frame.analog))


@given(st.lists(_analog(2), min_size=1, max_size=20), st.lists(st.integers(1, 30), max_size=20))
def test_frames_come_whole_however_the_bytes_are_cut(values: list[tuple[int, ...]], cuts: list[int]) -> None:
    sent = [Frame(k % 16, 0, v) for k, v in enumerate(values)]
    data, reader, got, at = b"".join(map(bytes, sent)), FrameReader(2), [], 0
    for cut in [*cuts, len(data)]:
        got += reader.feed(data[at : at + cut])
        at += cut
    assert got == sent
    assert reader.damaged == 0


def test_a_damaged_frame_is_left_out_alone() -> None:
    sent = [Frame(k, 0, (100 + k, 900 - k)) for k in range(8)]
    data = bytearray(b"".join(map(bytes, sent)))
    data[4 * 3] ^= 0x10
    reader = FrameReader(2)
    assert reader.feed(bytes(data)) == sent[:3] + sent[4:]
    assert reader.damaged == 4


def test_frames_are_found_again_after_lost_bytes() -> None:
    sent = [Frame(k % 16, 0, (37 * k % 1024, 91 * k % 1024)) for k in range(40)]
    data = b"".join(map(bytes, sent))
    reader = FrameReader(2)
    got = reader.feed(data[:40] + data[41:])
    assert reader.damaged > 0
    assert got[:10] == sent[:10]
    assert got[-25:] == sent[-25:]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    FrameReader(3).feed(data)


def test_commands_are_the_bytes_of_the_reference() -> None:
    assert [rate_command(r) for r in (1, 10, 100, 1000)] == [b"\x03", b"\x43", b"\x83", b"\xc3"]
    assert start_command([1, 2, 3]) == b"\x1d"
    with pytest.raises(PacketError, match="250 Hz"):
        rate_command(250)
    with pytest.raises(PacketError, match="channel 7"):
        start_command([7])
