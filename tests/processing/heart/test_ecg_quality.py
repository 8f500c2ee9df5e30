"""ECG quality: each fault is named within five seconds, and a clean ECG is called good."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from acquisition.stream import FloatArray, Modality
from processing.heart.ecg_quality import SecondMonitor
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


def _three(t: FloatArray) -> FloatArray:
    return np.asarray(np.sum([np.sin(2 * np.pi * f * t) for f in (3.1, 4.3, 5.2)], axis=0))


@pytest.mark.parametrize("sfreq", [130.0, 500.0])
@pytest.mark.parametrize("wave", [lambda t: np.sin(6 * np.pi * t), lambda t: np.sin(9 * np.pi * t), _three])
def test_waves_that_run_into_each_other_are_no_electrode_that_is_off(
    sfreq: float, wave: Callable[[FloatArray], FloatArray]
) -> None:
    x, t = clean(sfreq), np.arange(round(90.0 * sfreq)) / sfreq
    part = (t >= 40.0) & (t < 70.0)
    x[: len(t)][part[: len(x)]] = wave(t[part])[: int(part[: len(x)].sum())]
    during = between(quality(x, sfreq), 45, 68)
    assert {r.reason for r in during} == {"no separable beats"}
    assert all(r.value == 0.0 for r in during)


def test_waves_are_told_the_same_for_any_pieces() -> None:
    sfreq, n = 130.0, 60
    t = np.arange(round(n * sfreq)) / sfreq
    x = np.where((t > 20.0) & (t < 40.0), np.sin(6 * np.pi * t), 0.3 * np.cos(2 * np.pi * 1.1 * t))
    beatless = np.arange(n - 1) > 15

    def told(step: int) -> list[bool]:
        monitor, out = SecondMonitor(sfreq), list[bool]()
        for start in range(0, n - 1, step):
            stop = min(n - 1, start + step)
            inside = (t >= start) & (t < stop)
            monitor.update(t[inside], x[inside])
            out += monitor.measure(
                np.arange(start, stop, dtype=np.float64) + 0.5, beatless[start:stop]
            ).waves.tolist()
        return out

    assert told(1) == told(7) == told(100)
    assert told(1)[22:38] == [True] * 16
    assert not any(told(1)[:20] + told(1)[43:])
