"""ECG quality: each fault is named within five seconds, and a clean ECG is called good."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from acquisition.stream import FloatArray, Modality
from processing.index import IndexSample
from tests.processing.heart.test_heart import ecg, picked, run, stream

SFREQ = 130.0
BEATS = np.cumsum(0.8 + 0.03 * np.random.default_rng(0).standard_normal(120))


def quality(x: FloatArray, sfreq: float = SFREQ) -> list[IndexSample]:
    return picked(run(stream(Modality.ECG, sfreq), np.arange(len(x)) / sfreq, x, 300), "ecg_quality")


def clean(sfreq: float = SFREQ) -> FloatArray:
    return ecg(BEATS, sfreq, 90.0, noise=0.02)


def between(rows: list[IndexSample], start: float, stop: float) -> list[IndexSample]:
    return [r for r in rows if start <= r.time <= stop]


def test_a_clean_ecg_is_good_each_second() -> None:
    rows = quality(clean())
    assert [r.time for r in rows] == list(np.arange(len(rows)))
    assert min(r.value for r in between(rows, 8, 85)) > 0.8
    assert {r.reason for r in between(rows, 8, 85)} == {""}


def _noise(x: FloatArray) -> FloatArray:
    return 0.3 * np.random.default_rng(1).standard_normal(len(x))


def _saturated(x: FloatArray) -> FloatArray:
    return np.clip(8.0 * x, -0.6, 0.6)


def _hum(x: FloatArray) -> FloatArray:
    return np.asarray(x + 0.8 * np.sin(2 * np.pi * 50 * np.arange(len(x)) / SFREQ))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_noise, "electrode off"),
        (lambda x: 0.0 * x, "flat"),
        (_saturated, "saturated"),
        (_hum, "line noise"),
        (lambda x: x + np.nan, "no data"),
    ],
)
def test_a_fault_shows_within_five_seconds_with_its_name(
    spoil: Callable[[FloatArray], FloatArray], reason: str
) -> None:
    x = clean()
    part = slice(int(40 * SFREQ), int(70 * SFREQ))
    x[part] = spoil(x[part])
    rows = quality(x)
    during = between(rows, 44, 68)
    assert {r.reason for r in during} == {reason}
    assert all(not r.value >= 0.5 for r in during)
    first = next(r for r in rows if r.time > 39 and r.reason == reason)
    assert first.available < 46.0
    assert min(r.value for r in between(rows, 76, 85)) > 0.6


@pytest.mark.parametrize(("factor", "reason"), [(1e-3, "looks like V"), (1e3, "looks like µV")])
def test_a_wrong_unit_is_named(factor: float, reason: str) -> None:
    rows = between(quality(factor * clean()), 10, 80)
    assert all(reason in r.reason for r in rows)


def test_quality_at_1000_hz() -> None:
    assert min(r.value for r in between(quality(clean(1000.0), 1000.0), 8, 85)) > 0.8
