"""How a sensor sits before a recording: beats or none, by the pipeline's own quality."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from processing.contact import Contact, Look
from tests.processing.heart.test_heart import ecg

SECONDS = 14.0
"""What `attune devices check` hears: it settles, and listens."""
RNG = np.random.default_rng(0)


def stream(modality: Modality, unit: str, sfreq: float, name: str = "x") -> StreamInfo:
    return StreamInfo(
        name=name, role=Role.CLIENT, modality=modality, sfreq=sfreq, unit=unit, channels=("x",), exact=True
    )


def heard(info: StreamInfo, times: FloatArray, x: FloatArray, end: float = SECONDS) -> Look:
    contact, fed = Contact(), 0
    for now in 0.1 * np.arange(1, round(10 * end) + 1):
        upto = int(np.searchsorted(times, now))
        if upto > fed:
            contact.hear(Chunk(info, 1000.0 + times[fed:upto], x[fed:upto, None]))
        fed = upto
        contact.tick(1000.0 + float(now))
    look = contact.look(info.key)
    assert look is not None, "nothing judges it"
    assert contact.contact(info) == (look.ok, look.text)
    return look


def regular(x: FloatArray, sfreq: float) -> FloatArray:
    return np.arange(len(x)) / sfreq


@pytest.mark.parametrize("sfreq", [130.0, 1000.0])
def test_a_worn_belt_shows_its_beats(sfreq: float) -> None:
    x = ecg(np.arange(0.5, SECONDS, 0.8), sfreq, SECONDS, noise=0.01)
    look = heard(stream(Modality.ECG, "mV", sfreq), regular(x, sfreq), x)
    assert look.ok and look.settled
    assert look.hr == pytest.approx(75.0, abs=1.0) and 11 <= look.beats <= 13
    assert look.text.startswith("75 /min, ")


@pytest.mark.parametrize("sfreq", [130.0, 1000.0])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (lambda n, sfreq: 0.3 * RNG.standard_normal(n), "electrode off"),
        (lambda n, sfreq: 1.5 * RNG.standard_normal(n), "electrode off"),
        (lambda n, sfreq: np.cumsum(0.02 * RNG.standard_normal(n)), "electrode off"),
        (lambda n, sfreq: np.sin(2 * np.pi * 50.0 * np.arange(n) / sfreq), "line noise"),
        (lambda n, sfreq: np.full(n, 0.7), "flat"),
    ],
)
def test_an_electrode_in_the_air_does_not_pass(
    kind: Callable[[int, float], FloatArray], reason: str, sfreq: float
) -> None:
    x = kind(int(SECONDS * sfreq), sfreq)
    look = heard(stream(Modality.ECG, "mV", sfreq), regular(x, sfreq), x)
    assert not look.ok and look.settled
    assert look.text.startswith(f"{reason}: 0 beats")


def test_a_few_seconds_are_too_few_to_tell() -> None:
    x = 0.3 * RNG.standard_normal(3 * 130)
    look = heard(stream(Modality.ECG, "mV", 130.0), regular(x, 130.0), x, end=3.0)
    assert not look.ok and not look.settled and look.text == "3 s are too few to tell"


def test_intervals_between_beats_tell_a_heart_rate() -> None:
    beats = np.arange(0.5, SECONDS, 0.8)
    info = stream(Modality.RR, "ms", 0.0)
    assert heard(info, beats, np.full(len(beats), 800.0)).hr == pytest.approx(75.0, abs=1.0)
    wrong = heard(info, beats, np.full(len(beats), 5.0))
    assert not wrong.ok and math.isnan(wrong.hr)


def test_skin_conductance_is_judged_by_its_quality() -> None:
    info, n = stream(Modality.EDA, "uS", 32.0), int(SECONDS * 32)
    good = heard(info, np.arange(n) / 32.0, 4.0 + 0.1 * np.sin(np.arange(n) / 50.0))
    assert good.ok and good.good == 1.0
    off = heard(info, np.arange(n) / 32.0, np.full(n, 0.001))
    assert not off.ok and off.reason


def test_a_level_in_doubt_does_not_sit_well() -> None:
    """An electrode that was never on reads 0.12 µS: each second of it was good."""
    x = 0.12 + 0.002 * np.random.default_rng(1).standard_normal(320)
    look = heard(stream(Modality.EDA, "uS", 4.0), regular(x, 4.0), x, end=80.0)
    assert not look.ok and look.text.startswith("low, and no response since it began: electrode off")
    assert heard(stream(Modality.EDA, "uS", 4.0), regular(x, 4.0), x, end=50.0).ok


def test_what_nothing_judges_has_no_look() -> None:
    contact, info = Contact(), stream(Modality.ACC, "g", 50.0)
    contact.hear(Chunk(info, np.arange(10) / 50.0, np.zeros((10, 1))))
    contact.tick(1.0)
    assert contact.look(info.key) is None and contact.contact(info) is None and contact.looks() == []


def test_a_unit_that_nobody_knows_is_not_judged_and_ends_nothing() -> None:
    x = ecg(np.arange(0.5, SECONDS, 0.8), 130.0, SECONDS)
    for unit in ("", "furlong"):
        with pytest.raises(AssertionError, match="nothing judges it"):
            heard(stream(Modality.ECG, unit, 130.0), regular(x, 130.0), x)
    assert heard(stream(Modality.ECG, "V", 130.0), regular(x, 130.0), x / 1000.0).ok
