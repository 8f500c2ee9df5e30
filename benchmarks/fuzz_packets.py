"""Fuzz the packet codecs with atheris, guided by coverage: only `PacketError` may come out.

    pip install atheris        # Linux and macOS
    python benchmarks/fuzz_packets.py -atheris_runs=2000000

What reads is written again and must be the same bytes, where a packet has one form only. The first byte
says which codec is meant. Every run of the tests fuzzes the same codecs with Hypothesis, without guidance.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris
import numpy as np  # noqa: F401  (imported here so that it is not instrumented)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports():
    from acquisition.errors import PacketError
    from acquisition.gatt import (
        bitalino,
        emotibit,
        heart_rate,
        movesense,
        nuanic,
        polar,
        polar_files,
        polar_frame,
        shimmer,
        shimmer_answers,
        shimmer_card,
        shimmer_reader,
        shimmer_values,
    )


def _heart_rate(data: bytes) -> None:
    packet = heart_rate.HeartRate.from_bytes(data)
    assert heart_rate.HeartRate.from_bytes(bytes(packet)) == packet


def _polar_frame(data: bytes) -> None:
    frame = polar_frame.Frame.from_bytes(data)
    assert polar_frame.Frame.from_bytes(bytes(frame)) == frame
    frame.samples()


def _polar_response(data: bytes) -> None:
    polar.parse_stopped(data)
    response = polar.Response.from_bytes(data)
    assert polar.Response.from_bytes(bytes(response)) == response
    settings = polar.parse_settings(response.parameters)
    polar.dump_settings(settings)


def _polar_deltas(data: bytes) -> None:
    if len(data) > 1:
        polar_frame.decode_deltas(data[2:], 1 + data[0] % 6, 1 + data[1] % 32)


def _bitalino(data: bytes) -> None:
    channels = 1 + data[0] % 6
    whole = bitalino.FrameReader(channels)
    frames = whole.feed(data[1:])
    parts = bitalino.FrameReader(channels)
    half = len(data) // 2
    cut = parts.feed(data[1:half]) + parts.feed(data[max(1, half) :])
    # However whole bytes are cut into notifications, they are the same frames.
    assert cut == frames or whole.damaged or parts.damaged


def _movesense(data: bytes) -> None:
    for kind in (movesense.Result, movesense.EcgPacket, movesense.HeartRatePacket):
        try:
            packet: Any = kind.from_bytes(data)
        except PacketError:
            continue
        assert bytes(kind.from_bytes(bytes(packet))) == bytes(packet)  # a mean may be nan
    assembler = movesense.Assembler(70)
    assembler.feed(data)
    assembler.feed(data[::-1])


def _shimmer(data: bytes) -> None:
    frames = shimmer_values.layout((shimmer_values.GSR,))
    expected = list(shimmer.Said)[data[0] % len(shimmer.Said)]
    reader = shimmer_reader.Reader(shimmer.SHIMMER3R, frames, expected, data[0] > 127)
    half = len(data) // 2
    reader.feed(data[1:half])
    reader.feed(data[max(1, half) :])
    shimmer_answers.Inquiry.from_bytes(data[1:], 7)


def _shimmer_listing(data: bytes) -> None:
    listing = shimmer_card.Listing.from_bytes(data)
    assert shimmer_card.Listing.from_bytes(bytes(listing)).entries == listing.entries


def _polar_files(data: bytes) -> None:
    assembler = polar_files.Assembler()
    assembler.feed(data[: len(data) // 2])
    assembler.feed(data[len(data) // 2 :])
    polar_files.entries(data)
    polar_files.recording_state(data)
    intervals = polar_files.rr_intervals(data)
    assert polar_files.rr_intervals(polar_files.rr_file(intervals)) == intervals


def _emotibit(data: bytes) -> None:
    lines, _ = emotibit.read_datagram(data)
    for line in lines:
        assert emotibit.Line.from_text(str(line)) == line
        line.values()
        emotibit.flagged(line)


def _nuanic(data: bytes) -> None:
    assert bytes(nuanic.Record.from_bytes(data)) == data


TARGETS: tuple[Callable[[bytes], Any], ...] = (
    _heart_rate,
    _polar_frame,
    _polar_response,
    _polar_deltas,
    _bitalino,
    _movesense,
    _shimmer,
    _shimmer_listing,
    _polar_files,
    _emotibit,
    _nuanic,
    polar.Command.from_bytes,
    polar.parse_features,
    polar_frame.pulse_intervals,
    heart_rate.battery,
    heart_rate.text,
)


def one_input(data: bytes) -> None:
    """Read some bytes with the codec that the first of them names."""
    if len(data) < 4:
        return
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except PacketError:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
