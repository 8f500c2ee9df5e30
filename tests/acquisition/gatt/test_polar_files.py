"""Files in a belt's memory: the bytes of the SDK, cuts and losses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt.polar_files import (
    GET,
    STATE,
    STOP,
    Assembler,
    TransferError,
    entries,
    packets,
    query,
    recording_state,
    request,
    rr_file,
    rr_intervals,
    start_rr,
)


def only(message: bytes) -> bytes:
    (packet,) = packets(message, 200)
    return packet


def test_commands_are_the_bytes_of_the_sdk() -> None:
    assert only(start_rr("A1")) == bytes.fromhex("02 0E 80 08 10 12 02 18 01 1A 02 41 31")
    assert only(query(STOP)) == bytes.fromhex("02 0F 80")
    assert only(query(STATE)) == bytes.fromhex("02 10 80")
    path = "/A1/SAMPLES.BPB"
    assert only(request(GET, path)) == bytes.fromhex("02 13 00 08 00 12 0F") + path.encode()


def test_a_file_of_intervals_is_read() -> None:
    data = bytes.fromhex("0A 02 18 01 E2 01 06 0A 04 A0 06 AA 06")
    assert rr_intervals(data) == [800, 810]
    assert rr_file([800, 810]) == data
    assert recording_state(bytes.fromhex("08 01 12 02 41 31")) == (True, "A1")
    assert entries(bytes.fromhex("0A 07 0A 03 41 31 2F 10 00")) == [("A1/", 0)]
    assert entries(bytes.fromhex("0A 04 08 05 10 07 0A 05 0A 01 41 12 00 0A 04 0A 02 42 2F")) == [("B/", 0)]


def test_results_say_yes_or_why_not() -> None:
    assert Assembler().feed(bytes.fromhex("00 00 00")) == b""
    with pytest.raises(TransferError, match="earlier recording"):
        Assembler().feed(bytes.fromhex("00 6A 00"))


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=900), st.integers(5, 60))
def test_a_message_survives_its_packets(message: bytes, size: int) -> None:
    assembler = Assembler()
    *first, last = [assembler.feed(p) for p in packets(message, size)]
    assert last == message
    assert set(first) <= {None}


def test_a_lost_packet_is_named() -> None:
    assembler = Assembler()
    a, b, c, *_ = packets(bytes(100), 20)
    assert assembler.feed(a) is None
    with pytest.raises(TransferError, match="a packet was lost"):
        assembler.feed(c)
    assert b != c


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    for read in (rr_intervals, entries, recording_state, Assembler().feed):
        try:
            read(data)
        except PacketError:
            pass
