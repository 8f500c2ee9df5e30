"""Polar Measurement Data: control point, raw frames, delta frames, pulse intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt.polar import (
    Command,
    Measurement,
    Op,
    Response,
    Setting,
    Status,
    dump_settings,
    parse_features,
    parse_settings,
    parse_stopped,
)
from acquisition.gatt.polar_frame import (
    Frame,
    PulseInterval,
    as_bits,
    decode_deltas,
    encode_deltas,
    encode_raw,
    pack_bits,
    pulse_intervals,
    unpack_bits,
)

ECG_SETTINGS = bytes.fromhex("00 01 82 00 01 01 0e 00")


def test_commands_are_the_bytes_of_the_document() -> None:
    settings = {Setting.RATE: (130,), Setting.RESOLUTION: (14,)}
    assert bytes(Command(Op.GET_SETTINGS, Measurement.ECG)) == b"\x01\x00"
    start = Command(Op.START, Measurement.ECG, settings)
    assert bytes(start) == bytes.fromhex("02 00 00 01 82 00 01 01 0e 00")
    assert bytes(Command(Op.STOP, Measurement.ECG)) == b"\x03\x00"
    assert Command.from_bytes(bytes(start)) == start


def test_the_answer_to_a_question_for_settings_is_read() -> None:
    answer = Response.from_bytes(bytes.fromhex("f0 01 00 00 00") + ECG_SETTINGS)
    assert answer.status is Status.OK
    assert not answer.more
    assert parse_settings(answer.parameters) == {Setting.RATE: (130,), Setting.RESOLUTION: (14,)}
    assert bytes(answer) == bytes.fromhex("f0 01 00 00 00") + ECG_SETTINGS


def test_a_refusal_says_why() -> None:
    answer = Response.from_bytes(bytes.fromhex("f0 02 00 06"))
    assert answer.status is Status.ALREADY
    assert "already" in answer.status.words


def test_features_of_an_h10_are_ecg_and_acc() -> None:
    assert parse_features(bytes([0x0F, 0x05] + [0] * 15)) == {Measurement.ECG, Measurement.ACC}


def test_a_device_says_what_it_stopped() -> None:
    assert parse_stopped(b"\x01\x00\x02") == frozenset({Measurement.ECG, Measurement.ACC})
    assert parse_stopped(bytes.fromhex("f0 02 00 00")) is None


def test_the_factor_is_a_float() -> None:
    settings = {Setting.FACTOR: (0.5,), Setting.RANGE_MILLI: (100_000,), Setting.CHANNELS: (3,)}
    assert parse_settings(dump_settings(settings)) == settings


@given(st.binary(max_size=40))
def test_any_settings_are_read_or_refused_by_name(data: bytes) -> None:
    try:
        parse_settings(data)
    except PacketError:
        pass


@given(st.binary(max_size=60))
def test_any_frame_is_read_or_refused_by_name(data: bytes) -> None:
    for prefix in (b"", b"\x00" * 9 + b"\x00", b"\x02" + b"\x00" * 8 + b"\x81"):
        try:
            frame = Frame.from_bytes(prefix + data)
            assert bytes(frame)[9:] == (prefix + data)[9:]
            frame.samples()
        except PacketError:
            pass


@given(st.lists(st.integers(-(1 << 23), (1 << 23) - 1), min_size=1, max_size=80))
def test_ecg_samples_survive_the_round_trip(values: list[int]) -> None:
    samples = np.array(values, np.int64)[:, None]
    frame = Frame(
        measurement=Measurement.ECG, stamp=2**63, kind=0, compressed=False, payload=encode_raw(samples, 3)
    )
    assert np.array_equal(Frame.from_bytes(bytes(frame)).samples(), samples)


def test_a_frame_cut_by_a_small_mtu_is_refused() -> None:
    whole = bytes(9) + b"\x00" + encode_raw(np.ones((73, 1), np.int64), 3)
    with pytest.raises(PacketError, match="MTU"):
        Frame.from_bytes(whole[:20] + b"\x00").samples()


def test_deltas_of_28_bits_are_read_least_significant_bit_first() -> None:
    values = [-1, 134_217_727, -134_217_728, 1]
    # Four numbers of 28 bits, written out bit by bit from the lowest.
    bits = "".join(format(v & 0xFFFFFFF, "028b")[::-1] for v in values)
    packed = bytes(int(bits[k : k + 8][::-1], 2) for k in range(0, len(bits), 8))
    assert unpack_bits(packed, 28, 4) == values
    assert pack_bits(values, 28) == packed
    samples = np.cumsum([[0], *[[v] for v in values]], axis=0)
    assert np.array_equal(decode_deltas(encode_deltas(samples, 16, bits=28), 1, 16), samples)


def test_known_delta_bytes_are_read() -> None:
    # Reference (1, 2, -3); one block of two samples with deltas of 3 bits: (1, -1, 2), (-4, 3, 0).
    # From the lowest bit up: 001 111 010 100 011 000.
    payload = bytes.fromhex("0100 0200 fdff 03 02") + bytes([0b10111001, 0b00111000, 0b00])
    assert decode_deltas(payload, 3, 16).tolist() == [[1, 2, -3], [2, 1, -1], [-2, 4, -1]]


@given(
    st.integers(2, 32).flatmap(
        lambda bits: st.tuples(
            st.just(bits),
            st.lists(
                st.tuples(*[st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)] * 3),
                min_size=1,
                max_size=70,
            ),
        )
    )
)
def test_deltas_of_any_width_survive_the_round_trip(case: tuple[int, list[tuple[int, int, int]]]) -> None:
    bits, deltas = case
    samples = np.cumsum(np.array([(5, -7, 9), *deltas], np.int64), axis=0)
    assert np.array_equal(decode_deltas(encode_deltas(samples, 16, bits=bits), 3, 16), samples)


@pytest.mark.parametrize("cut", [1, 2, 5, 7, 8, 10, 14])
def test_a_cut_delta_frame_is_refused(cut: int) -> None:
    whole = encode_deltas(np.array([[1, 2, 3], [2, 3, 4], [9, 9, 9]]), 16, bits=9)
    assert cut < len(whole)
    with pytest.raises(PacketError):
        decode_deltas(whole[:cut], 3, 16)


def test_pulse_intervals_survive_the_round_trip() -> None:
    intervals = [
        PulseInterval(hr=61, interval=983, error=12, blocked=False, contact=True),
        PulseInterval(hr=0, interval=1200, error=300, blocked=True, contact=None),
    ]
    assert pulse_intervals(b"".join(map(bytes, intervals))) == intervals
    with pytest.raises(PacketError):
        pulse_intervals(b"1234567")


def ecg_frame(kind: int, payload: bytes) -> Frame:
    return Frame(measurement=Measurement.ECG, stamp=0, kind=kind, compressed=False, payload=payload)


def test_an_ecg_is_read_from_frames_that_hold_more() -> None:
    assert ecg_frame(3, bytes.fromhex("64 00 00 9C FF FF 01")).samples().tolist() == [[100]]
    # 14 bits and a byte of contact and impedance; 18 bits and tags.
    one = (5).to_bytes(2, "little") + b"\x1f" + (0x3FFF & -7).to_bytes(2, "little") + b"\x00"
    assert ecg_frame(1, one).samples().tolist() == [[5], [-7]]
    two = (100_000 | 0b101_011_00 << 16).to_bytes(3, "little") + (-9 & 0x3FFFF).to_bytes(3, "little")
    assert ecg_frame(2, two).samples().tolist() == [[100_000], [-9]]
    with pytest.raises(PacketError, match="no whole samples"):
        ecg_frame(3, bytes(8)).samples()


@pytest.mark.parametrize(("kind", "channels"), [(7, 17), (8, 25), (10, 21), (13, 3)])
def test_optical_frames_of_newer_bands_have_their_channels(kind: int, channels: int) -> None:
    samples = np.arange(3 * channels).reshape(3, channels) * 1000
    frame = Frame(
        measurement=Measurement.PPG,
        stamp=0,
        kind=kind,
        compressed=True,
        payload=encode_deltas(samples, 24, bits=20),
    )
    assert frame.samples().tolist() == samples.tolist()


@pytest.mark.parametrize(
    "measurement", [Measurement.SKIN_TEMPERATURE, Measurement.PRESSURE, Measurement.TEMPERATURE]
)
def test_temperatures_and_pressure_are_floats(measurement: Measurement) -> None:
    frame = Frame(
        measurement=measurement, stamp=0, kind=0, compressed=False, payload=bytes.fromhex("00000342 0000c0bf")
    )
    assert Frame.from_bytes(bytes(frame)).samples().tolist() == [[32.75], [-1.5]]
    with pytest.raises(PacketError, match="no whole samples"):
        replace(frame, payload=bytes(5)).samples()
    with pytest.raises(PacketError, match="unknown type"):
        replace(frame, compressed=True).samples()


@given(st.lists(st.tuples(*3 * [st.floats(-2000.0, 2000.0, width=32)]), min_size=1, max_size=30))
def test_turning_comes_as_the_bits_of_floats_whose_deltas_are_integers(
    values: list[tuple[float, ...]],
) -> None:
    samples = np.array(values)
    payload = encode_deltas(as_bits(samples), 32, bits=32)
    frame = Frame(measurement=Measurement.GYRO, stamp=0, kind=1, compressed=True, payload=payload)
    assert np.array_equal(Frame.from_bytes(bytes(frame)).samples(), samples)
