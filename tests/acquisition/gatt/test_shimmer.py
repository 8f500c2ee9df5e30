"""Shimmer packets: vectors of the makers' sources, any cut of the bytes, damage, and what files hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt import shimmer as sh
from acquisition.gatt.shimmer_answers import Inquiry, Status, Version, battery_mv
from acquisition.gatt.shimmer_card import Entry, Listing, LogHeader, list_files, read_file, read_frames
from acquisition.gatt.shimmer_reader import (
    Ack,
    Answer,
    Broken,
    DataFrame,
    FileEnd,
    FilePart,
    Nack,
    Packet,
    Reader,
)
from acquisition.gatt.shimmer_values import (
    EXG1_CH1,
    EXG1_CH2,
    EXG1_STATUS,
    GSR,
    column,
    conductance,
    gain,
    held_over,
    layout,
    millivolts,
    stamps,
)


def frame_bytes(stamp: int, word: int) -> bytes:
    return b"\0" + stamp.to_bytes(3, "little") + word.to_bytes(2, "little")


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        ("01 02 03 04 05 06 07 08", "AA 48"),
        ("01 02 03 04 05 06 07 08 09", "5D 2A"),
        ("8A C6 07 00 00 04 00 00", "4A 91"),
        ("FF", "F4 65"),
    ],
)
def test_the_checksum_is_that_of_the_firmware(data: str, crc: str) -> None:
    assert sh.with_crc(bytes.fromhex(data)) == bytes.fromhex(data + crc)


@pytest.mark.parametrize(
    ("word", "us"),
    [
        ("D0 07", "48.0200"),
        ("C4 49", "9.27876"),
        ("C4 89", "2.66300"),
        ("C4 C9", "0.80697"),
        ("AA 02", "nan"),
    ],
)
def test_conductance_has_the_values_of_the_makers_formula(word: str, us: str) -> None:
    value = conductance(np.array([int.from_bytes(bytes.fromhex(word), "little")]))
    assert f"{value[0]:.{len(us.partition('.')[2])}f}" == us


def test_a_frame_of_skin_conductance_is_read() -> None:
    of = layout((GSR,))
    (packet,) = Reader(sh.SHIMMER3R, of).feed(bytes.fromhex("00 10 27 00 C4 49"))
    assert isinstance(packet, DataFrame)
    rows = np.frombuffer(packet.data, np.uint8)[None]
    assert stamps(rows).tolist() == [10000]
    assert round(float(conductance(column(rows, of, GSR))[0]), 5) == 9.27876


@pytest.mark.parametrize(
    ("data", "gain_of", "mv"),
    [("7F FF FF", 4, 605.0), ("01 86 A0", 4, 7.21216), ("FF E4 EA", 6, -0.33339)],
)
def test_an_ecg_has_the_values_of_the_makers_formula(data: str, gain_of: int, mv: float) -> None:
    of = layout((EXG1_STATUS, EXG1_CH1, EXG1_CH2))
    assert of.size == 3 + 1 + 3 + 3  # with the first byte 00, 11
    rows = np.frombuffer(bytes(4) + bytes.fromhex(data) + bytes(3), np.uint8)[None]
    value = millivolts(column(rows, of, EXG1_CH1), gain_of)
    assert round(float(value[0]), 5) == mv


def test_commands_are_those_of_the_firmware() -> None:
    assert list_files("data") == bytes.fromhex("CC 00 00 10 04 64 61 74 61")
    assert sh.set_rate(640) == bytes.fromhex("05 80 02")
    assert sh.set_sensors(sh.Sensor.GSR) == bytes.fromhex("08 04 00 00")
    assert sh.set_sensors(sh.Sensor.EXG1 | sh.Sensor.EXG2) == bytes.fromhex("08 18 00 00")
    assert read_file("a", 1, 2, 3) == bytes.fromhex("C4 01 00 00 00 02 00 00 00 03 00 01 61")
    assert sh.exg_registers(0, 256.0) == bytes.fromhex("02 A0 10 40 40 2D 00 00 02 03")
    assert sh.exg_registers(0, 512.0)[0] == 0x03
    assert gain(sh.EXG_REGISTERS[0][3]) == 4


@pytest.mark.parametrize(("sfreq", "ticks"), [(51.2, 640), (128.0, 256), (256.0, 128), (512.0, 64)])
def test_a_rate_is_a_divisor_of_the_clock(sfreq: float, ticks: int) -> None:
    assert (sh.divisor(sfreq), sh.rate(ticks)) == (ticks, sfreq)


def test_a_unit_takes_even_divisors_only() -> None:
    assert sh.rate(131) == pytest.approx(252.06, abs=0.005)
    assert {sh.divisor(s) % 2 for s in np.geomspace(1.0, 1024.0, 50).tolist()} == {0}
    for bad in (0.0, 5000.0, float("nan")):
        with pytest.raises(PacketError, match="no rate"):
            sh.divisor(bad)


def test_answers_are_those_of_the_firmware() -> None:
    reader = Reader(sh.SHIMMER3R, expected=sh.Said.INQUIRY)
    said = reader.feed(bytes.fromhex("FF 02 80 02 00 00 00 09 00 00 00 01 01 1C"))
    assert said[0] == Ack()
    assert isinstance(said[1], Answer)
    inquiry = Inquiry.from_bytes(said[1].payload, 7)
    assert (inquiry.ticks, inquiry.channels, sh.rate(inquiry.ticks)) == (640, (GSR,), 51.2)
    assert inquiry.config[3] >> 1 & 0x07 == sh.AUTO_RANGE
    assert bytes(inquiry) == said[1].payload
    version = Version.from_bytes(bytes.fromhex("03 00 01 00 01 09"))
    assert (str(version), version.firmware, version.number) == ("1.01.009", 3, sh.FILE_VERSION)
    assert round(battery_mv((2500).to_bytes(2, "little") + b"\0")) == 3663
    status = Status.from_bytes(b"\x3e\x00")
    assert (status.sensing, status.logging, status.streaming, status.card, status.docked) == (
        True, True, True, True, False,
    )  # fmt: skip
    assert not Status.from_bytes(b"\x60\x01").card
    assert Status.from_bytes(b"\x60\x01").docked


def test_a_stamp_finds_its_lap_from_both_sides() -> None:
    near = 32768 * 1_700_000_000
    for truth in (near - 1000, near + 1000, near + 7 * 32768):
        assert sh.full_stamp(truth % sh.LAP, near) == truth


def test_registers_count_as_written_with_joined_clocks_only() -> None:
    written = sh.exg_registers(0, 256.0)
    assert sh.same_registers(written, bytes.fromhex("02 A8 10 40 40 2D 00 00 02 03"))
    assert not sh.same_registers(written, bytes.fromhex("02 80 10 00 00 02 00 00 02 03"))
    assert not sh.same_registers(written, b"\x02\xa8")


def sent(checked: bool) -> tuple[bytes, list[Packet]]:
    """Return what a unit sends between starting and stopping, and what it means."""
    wrap = sh.with_crc if checked else bytes
    frames = [frame_bytes((0xFFF000 + 640 * k) % sh.LAP, 0x4900 + k) for k in range(12)]
    means: list[Packet] = [DataFrame(f[1:]) for f in frames]
    data = [wrap(f) for f in frames]
    status = bytes.fromhex("8A 71 3E 00")
    inserted: list[tuple[int, bytes, list[Packet]]] = [
        (9, wrap(status), [Answer(sh.Said.STATUS, status[2:])]),
        (6, wrap(b"\xff" + status), [Ack(), Answer(sh.Said.STATUS, status[2:])]),
        (3, wrap(b"\xfe"), [Nack()]),
    ]
    for place, unasked, packets in inserted:
        data.insert(place, unasked)
        means[place:place] = packets
    return b"".join(data), means


@settings(max_examples=30, deadline=None)
@given(st.booleans(), st.lists(st.integers(1, 9), max_size=40))
def test_packets_come_whole_however_the_bytes_are_cut(checked: bool, cuts: list[int]) -> None:
    data, means = sent(checked)
    reader, got, at = Reader(sh.SHIMMER3R, layout((GSR,)), checked=checked), list[Packet](), 0
    for cut in [*cuts, len(data)]:
        got += reader.feed(data[at : at + cut])
        at += cut
    assert got == means
    assert reader.damaged == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 95), st.integers(1, 30))
def test_lost_bytes_cost_the_packets_they_were_of(first: int, n: int) -> None:
    frames = [sh.with_crc(frame_bytes(640 * k, 0x4000 | 37 * k)) for k in range(16)]
    data = b"".join(frames)
    reader = Reader(sh.SHIMMER3R, layout((GSR,)), checked=True)
    got = reader.feed(data[:first] + data[first + n :])
    whole = [DataFrame(f[1:-2]) for k, f in enumerate(frames) if 8 * (k + 1) <= first or 8 * k >= first + n]
    assert [p for p in got if p in whole] == whole
    assert {*got} <= {DataFrame(f[1:-2]) for f in frames}  # the rest of one may complete another


def test_files_are_read_in_pieces_and_a_damaged_one_is_named() -> None:
    def part(number: int, data: bytes) -> bytes:
        head = bytes([0x8A, 0xC5, 3]) + number.to_bytes(2, "little") + len(data).to_bytes(2, "little")
        return sh.with_crc(head + data)

    end = bytes.fromhex("8A C6 07 00 00 04 00 00 4A 91")
    reader = Reader(sh.SHIMMER3R, checked=True)
    damaged = bytearray(part(1, bytes(range(64))))
    damaged[20] ^= 1
    got = reader.feed(part(0, b"\xff" * 64) + bytes(damaged) + part(2, b"abc") + end)
    assert got[0] == FilePart(3, 0, b"\xff" * 64)
    assert got[1] == Broken(3)
    assert got[-2:] == [FilePart(3, 2, b"abc"), FileEnd(7, 0, 1024)]


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=80), st.booleans(), st.sampled_from([None, *map(int, sh.Said)]))
def test_any_bytes_are_read_without_an_error(data: bytes, checked: bool, expected: int | None) -> None:
    Reader(sh.SHIMMER3R, layout((GSR,)), expected, checked).feed(data)
    for read in (Listing.from_bytes, LogHeader.from_bytes, lambda d: Inquiry.from_bytes(d, 7)):
        with pytest.raises(PacketError):
            read(data[:6])


def test_a_listing_survives_the_round_trip() -> None:
    listing = Listing(0, 2, (Entry("000", False, 4711), Entry("Attune-012", True, 0)), True)
    assert Listing.from_bytes(bytes(listing)) == listing
    with pytest.raises(PacketError, match="cut within"):
        Listing.from_bytes(bytes(listing)[:-1])


def test_frames_nobody_knows_are_refused() -> None:
    for channels in ((GSR, 0x77), (GSR, GSR), ()):
        with pytest.raises(PacketError, match="frame"):
            layout(channels)


def test_words_that_repeat_before_a_range_is_changed_are_known() -> None:
    words = np.array([0x4100, 0x4105, 0x4105, 0x4105, 0x4105, 0x8700, 0x8700, 0x8701])
    assert held_over(words, 4).tolist() == [False, False, True, True, True, False, False, False]
    assert held_over(words, 2).tolist() == [False, False, False, True, True, False, False, False]


def test_a_log_file_is_read_over_laps_of_its_stamps() -> None:
    start = (1_700_000_000 * 32768) // sh.LAP * sh.LAP + 0xFFF000
    header = LogHeader(ticks=640, start=start, channels=(GSR,), mac="AA:BB:CC:00:11:22")
    assert LogHeader.from_bytes(bytes(header)) == header
    true = start + 300 + 640 * np.arange(60)
    data = b"".join(frame_bytes(int(t) % sh.LAP, 0x4500 + k)[1:] for k, t in enumerate(true))
    logged = read_frames(header, data + b"\x01")
    assert logged.stamps.tolist() == true.tolist()
    assert logged.readings(GSR).tolist() == [0x4500 + k for k in range(60)]
    late = read_frames(header, data[5 * 40 :], near=int(true[10]))
    assert late.stamps.tolist() == true[40:].tolist()
    sync = bytearray(bytes(header))
    sync[16] |= 0x04
    with pytest.raises(PacketError, match="SD-sync"):
        LogHeader.from_bytes(bytes(sync))
