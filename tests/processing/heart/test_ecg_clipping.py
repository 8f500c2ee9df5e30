"""A clipped ECG is called saturated; a whole one never, however coarse its steps or flat its baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.heart.ecg_quality import CLIPPED, SecondMonitor
from tests.drawing import few
from tests.processing.heart.test_heart import ecg

RNG = np.random.default_rng(5)
BEATS = np.cumsum(0.8 + 0.04 * RNG.standard_normal(70))


def judged(x: FloatArray, sfreq: float, cuts: tuple[int, ...] = (1000,)) -> FloatArray:
    """Return for each second whether it is called clipped, asked for in pieces of so many seconds."""
    monitor, times = SecondMonitor(sfreq), np.arange(len(x)) / sfreq
    out, second, k, n = list[FloatArray](), 0, 0, int(len(x) / sfreq) - 1
    while second < n:
        stop = min(n, second + cuts[k % len(cuts)])
        inside = (times >= second) & (times < stop)
        monitor.update(times[inside], x[inside])
        rows = monitor.measure(0.5 + np.arange(second, stop, dtype=np.float64), np.zeros(stop - second, bool))
        out.append(np.asarray(rows.cut | (rows.clipped > CLIPPED)))
        second, k = stop, k + 1
    return np.concatenate(out)


def person(sfreq: float, step: float = 0.001, noise: float = 0.01) -> FloatArray:
    x = ecg(BEATS, sfreq, 52.0, noise=noise)
    swing = 1.0 + 0.06 * np.sin(2 * np.pi * 0.25 * np.arange(len(x)) / sfreq)
    return np.asarray(np.round(swing * x / step) * step)


@pytest.mark.parametrize("sfreq", [130.0, 250.0, 1000.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_clipped_ecg_is_called_so_in_nearly_every_second(sfreq: float, sign: float) -> None:
    x = sign * person(sfreq)
    for share in (0.66, 0.33):
        assert np.mean(judged(np.clip(x, -1.1 * share, 1.1 * share), sfreq)[4:]) > 0.9


@pytest.mark.parametrize("sfreq", [130.0, 360.0, 1000.0])
@pytest.mark.parametrize("step", [0.0005, 0.005, 0.05])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_whole_ecg_is_not_called_clipped(sfreq: float, step: float, sign: float) -> None:
    for noise in (0.0, 0.01):
        assert not judged(sign * person(sfreq, step, noise), sfreq).any()


def test_a_flat_line_between_beats_is_no_limit() -> None:
    times = np.arange(250 * 52) / 250.0
    waves = [(1.1, 0.0, 0.011), (0.12, -0.16, 0.02), (0.3, 0.26, 0.045)]
    x = sum(h * np.exp(-0.5 * ((times[:, None] - BEATS - at) / w) ** 2).sum(axis=1) for h, at, w in waves)
    x = np.round(x, 3)
    assert np.mean(x == 0.0) > 0.3
    assert not judged(x, 250.0).any()


def test_equal_beats_at_equal_phases_are_no_limit() -> None:
    x = np.round(ecg(np.arange(0.5, 50.0, 0.8), 250.0, 50.0), 3)
    assert not judged(x, 250.0).any()


def test_clipping_that_ends_is_not_held_against_what_follows() -> None:
    x = person(250.0)
    x[:5000] = np.clip(x[:5000], -0.5, 0.5)
    called = judged(x, 250.0)
    assert called[4:19].all()
    assert not called[22:].any()


@few(8)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.sampled_from([0.3, 0.8, 9.0]))
def test_the_verdict_does_not_depend_on_the_pieces(cuts: list[int], limit: float) -> None:
    x = np.clip(person(130.0), -limit, limit)
    x[2000:2200] = np.nan
    assert judged(x, 130.0, tuple(cuts)).tolist() == judged(x, 130.0).tolist()


@pytest.mark.parametrize("name", ["100", "106", "119", "121", "200"])
def test_real_records_are_called_clipped_when_they_are_and_never_else(data_dir: Path, name: str) -> None:
    with np.load(data_dir / "ecg" / f"mitdb_{name}.npz") as file:
        x, beats = file["ecg"][: 360 * 300].astype(float), file["beats"]
    middle = np.median(x)
    beats = beats[(beats > 20) & (beats < len(x) - 20)]
    height = float(np.median([x[b - 10 : b + 11].max() for b in beats]) - middle)
    low = float(middle - np.median([x[b - 10 : b + 11].min() for b in beats]))
    assert not judged(x, 360.0).any()
    third = max(height, low) / 3.0
    assert np.mean(judged(np.clip(x, middle - third, middle + third), 360.0)) > 0.9
