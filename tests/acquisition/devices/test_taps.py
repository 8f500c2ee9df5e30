"""Taps: each is said once, of the stream that shows it most clearly; what is no tap is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.devices.taps import Taps
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo

RNG = np.random.default_rng(0)


def stream(modality: Modality, unit: str, sfreq: float, role: Role = Role.CLIENT) -> StreamInfo:
    return StreamInfo(
        name=f"{role} {modality}", role=role, modality=modality, sfreq=sfreq, unit=unit, channels=("x",)
    )


ECG, EDA = stream(Modality.ECG, "mV", 130.0), stream(Modality.EDA, "uS", 100.0)
OTHER = stream(Modality.EDA, "uS", 100.0, Role.THERAPIST)


def heart(seconds: float, rate: float = 70.0, swing: float = 0.1) -> FloatArray:
    """Return beats of 1.2 mV whose height breathes by `swing`."""
    t = np.arange(0, seconds, 1 / 130.0)
    x = 0.01 * RNG.standard_normal(len(t))
    for beat in np.arange(0.3, seconds, 60.0 / rate):
        x += (1.2 + swing * np.sin(beat)) * np.exp(-0.5 * ((t - beat) / 0.011) ** 2)
        x += 0.3 * np.exp(-0.5 * ((t - beat - 0.26) / 0.045) ** 2)
    return x


def spike(x: FloatArray, at: float, height: float, sfreq: float = 130.0) -> FloatArray:
    t = np.arange(len(x)) / sfreq
    return np.asarray(x + height * np.exp(-(((t - at) / 0.03) ** 2)))


def said(streams: list[tuple[StreamInfo, FloatArray]], packet: float = 0.25) -> list[tuple[str, float]]:
    """Return which stream was said to be tapped, and when."""
    taps, out = Taps(), list[tuple[str, float]]()
    end = max(len(x) / info.sfreq for info, x in streams)
    for now in np.arange(packet, end, packet):
        for info, x in streams:
            own = np.arange(len(x)) / info.sfreq
            new = (own >= now - packet) & (own < now)
            taps.hear(Chunk(info, own[new], x[new, None]))
        out += [(a.info.name, round(float(now), 2)) for a in taps.new()]
    return out


def test_a_tap_of_3_mv_on_a_worn_belt_is_seen() -> None:
    for at in (8.0, 8.2, 8.4, 8.6):
        ((name, when),) = said([(ECG, spike(heart(12.0), at, 3.0))])
        assert name == ECG.name and at < when < at + 1.25


@pytest.mark.parametrize("rate", [45.0, 70.0, 110.0])
def test_beats_are_no_taps(rate: float) -> None:
    assert said([(ECG, heart(60.0, rate))]) == []


def test_a_skin_response_is_no_tap() -> None:
    t = np.arange(0, 12, 0.01)
    quiet = 5 + 0.003 * RNG.standard_normal(len(t))
    response = np.where(t > 9.0, 1.2 * (1 - np.exp(-(t - 9.0) / 0.7)) ** 2, 0.0)
    assert said([(EDA, quiet + response)]) == []


def test_each_of_several_taps_is_said_once() -> None:
    x = 5 + 0.01 * RNG.standard_normal(2500)
    y = 5 + 0.01 * RNG.standard_normal(2500)
    for at in (6.0, 8.0, 10.0, 12.0):
        x = spike(x, at, 3.0, 100.0)
    y = spike(spike(y, 6.9, 1.0, 100.0), 13.1, 1.0, 100.0)  # in the same second as a greater tap of the other
    order = [name for name, _ in said([(EDA, x), (OTHER, y)])]
    assert order == [n.name for n in (EDA, OTHER, EDA, EDA, EDA, OTHER)]


def test_the_stream_that_shows_a_tap_most_clearly_is_said() -> None:
    x = spike(5 + 0.01 * RNG.standard_normal(1200), 9.0, 3.0, 100.0)
    beside = spike(5 + 0.01 * RNG.standard_normal(1200), 9.02, 0.3, 100.0)
    assert [name for name, _ in said([(OTHER, beside), (EDA, x)])] == [EDA.name]


@given(st.floats(0.05, 1.0), st.floats(5.0, 9.0))
@settings(max_examples=20, deadline=None)
def test_a_tap_is_seen_whatever_the_packets(packet: float, at: float) -> None:
    x = spike(5 + 0.01 * np.random.default_rng(3).standard_normal(1200), at, 3.0, 100.0)
    assert [name for name, _ in said([(EDA, x)], packet)] == [EDA.name]


def test_silence_and_no_numbers_tap_nothing() -> None:
    assert Taps().new() == []
    assert said([(ECG, np.full(1300, np.nan)), (EDA, np.full(1000, 4.0))]) == []
