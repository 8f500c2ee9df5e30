"""What an electrode or a wrist does is no response, and what is announced lies in good seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.index import IndexSample
from processing.skin.eda import detect_scrs, tonic_level
from tests.drawing import few
from tests.processing.skin_signals import column, eda_with, feed

RATES = [4.0, 8.0, 25.0, 100.0]


def load(data_dir: Path, name: str) -> FloatArray:
    path = data_dir / "cases" / "signals" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    with np.load(path) as data:
        assert float(data["sfreq"]) == 8.0
        return np.asarray(data["eda"], np.float64)


def quality_at(rows: list[IndexSample]) -> dict[float, float]:
    return {r.time: r.value for r in rows if r.index == "eda_quality"}


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("back", [0.2, 0.8, 1.5])
@pytest.mark.parametrize("depth", [0.15, 0.4, 1.5])
def test_a_recovery_from_a_dip_is_no_response(sfreq: float, back: float, depth: float) -> None:
    """The signal falls within a quarter of a second and comes back within `back` s, fast and then slowly."""
    t, eda = eda_with(90.0, sfreq, (60.0,), (0.4,))
    returned = np.exp(-np.maximum(t - 30.25, 0.0) * 2.0 / back)
    moved = eda - depth * np.where(t < 30.25, np.clip((t - 30.0) / 0.25, 0.0, 1.0), returned)
    assert np.ptp(moved - eda) > 0.8 * depth
    np.testing.assert_allclose(detect_scrs(moved, sfreq).onset, [60.0], atol=0.8)


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("height", [-1.0, -0.3, 0.3, 1.0])
def test_a_movement_of_three_seconds_is_no_response(sfreq: float, height: float) -> None:
    t, eda = eda_with(90.0, sfreq, (60.0,), (0.4,))
    bump = np.where((t >= 30.0) & (t < 33.0), 0.5 - 0.5 * np.cos(2.0 * np.pi * (t - 30.0) / 3.0), 0.0)
    np.testing.assert_allclose(detect_scrs(eda + height * bump, sfreq).onset, [60.0], atol=0.8)


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("seed", range(4))
def test_three_seconds_of_shaking_hold_no_response(sfreq: float, seed: int) -> None:
    t, eda = eda_with(90.0, sfreq, (60.0,), (0.4,))
    rng = np.random.default_rng(seed)
    inside = np.clip((t - 30.0) / 3.0, 0.0, 1.0)
    waves = [np.sin(2.0 * np.pi * f * t + rng.uniform(0, 6)) for f in rng.uniform(0.7, 1.9, 3)]
    shaken = np.sum([rng.uniform(0.1, 0.4) * wave for wave in waves], axis=0)
    window = np.sin(np.pi * inside).clip(0.0) ** 0.5
    found = detect_scrs(eda + window * shaken, sfreq).onset
    np.testing.assert_allclose(found, [60.0], atol=0.8)


def test_dips_of_a_real_wrist_are_no_responses_and_leave_the_level(data_dir: Path) -> None:
    eda = load(data_dir, "eda_dips.npz")
    peaks = detect_scrs(eda, 8.0).peak
    for dip in (36.9, 50.0, 63.4):
        assert np.abs(peaks - dip).min() > 1.0
    times, level = column(feed(np.arange(len(eda)) / 8.0, eda, 8.0), "scl")
    late = (times >= 33) & (times <= 69)
    assert ((level[late] >= 3.2) & (level[late] <= 3.35)).all()


@pytest.mark.parametrize(
    ("sfreq", "size"), [(16.0, 0.5), (32.0, 0.5), (100.0, 0.5), (100.0, 1.0), (100.0, 4.0), (4.0, 2.0)]
)
def test_dips_of_another_size_and_rate_are_no_responses_either(
    data_dir: Path, sfreq: float, size: float
) -> None:
    """Of some of them a part is taken out as jumps, and what is left looks like a response."""
    eda = load(data_dir, "eda_dips.npz")
    t = np.arange(int(len(eda) * sfreq / 8.0)) / sfreq
    peaks = detect_scrs(size * np.interp(t, np.arange(len(eda)) / 8.0, eda), sfreq).peak
    assert np.abs(peaks - 30.3).min() < 0.5, "the one response"
    for dip in (36.9, 50.0, 63.4):
        assert np.abs(peaks - dip).min() > 1.0


def test_a_wrist_that_moves_has_its_level_within_its_signal(data_dir: Path) -> None:
    eda = load(data_dir, "eda_negative_scl.npz")
    rows = feed(np.arange(len(eda)) / 8.0, eda, 8.0)
    _, level = column(rows, "scl")
    assert ((level >= 0.3) & (level <= 2.0) | np.isnan(level)).all()
    assert len(column(rows, "scr")[0]) <= 7


def test_a_real_wrist_hour_has_no_response_that_rises_at_once(data_dir: Path) -> None:
    with np.load(data_dir / "eda" / "wrist_e4_61min.npz") as data:
        eda = data["eda"].astype(float)
    scrs = detect_scrs(eda, 4.0)
    steep = 0
    for onset, peak, amplitude in zip(scrs.onset, scrs.peak, scrs.amplitude, strict=True):
        inside = eda[round(4 * onset) - 1 : round(4 * peak) + 2]
        steep += float(np.diff(inside).max()) >= 0.6 * amplitude + 0.03
    assert steep <= 0.06 * len(scrs.onset)


@few(12)
@given(
    sfreq=st.sampled_from([1.0, 4.0, 25.0]),
    seed=st.integers(0, 10_000),
    faults=st.lists(
        st.tuples(
            st.floats(0, 85), st.floats(0.1, 6.0), st.sampled_from([np.nan, 0.0, 99.0, -0.4, -1.5, 0.8, 5.0])
        ),
        max_size=6,
    ),
)
@example(sfreq=4.0, seed=1157, faults=[(24.0, 4.105778381824554, 5.0)])
@example(sfreq=4.0, seed=77, faults=[(29.0, 6.0, -1.5)])
@example(
    sfreq=25.0,
    seed=7308,
    faults=[
        (26.6053328282761, 0.9389932888799933, np.nan),
        (12.01447488441142, 4.725670702224445, 0.8),
        (13.119075251614644, 1.0, -0.4),
    ],
)
@example(
    sfreq=4.0, seed=2816, faults=[(13.0, 6.0, np.nan), (77.1, 1.0, -1.5), (70.7, 5.4, 99.0), (61.6, 5.7, 0.0)]
)
def test_no_response_is_announced_where_the_quality_is_low(
    sfreq: float, seed: int, faults: list[tuple[float, float, float]]
) -> None:
    rng = np.random.default_rng(seed)
    onsets = np.sort(rng.uniform(3, 85, 14)).tolist()
    t, eda = eda_with(95.0, sfreq, onsets, rng.uniform(0.05, 1.0, 14).tolist())
    for start, length, value in faults:
        inside = (t >= start) & (t < start + length)
        eda[inside] = value if not -2.0 < value < 6.0 or value == 0.0 else eda[inside] + value
        eda[inside & (rng.random(len(t)) < 0.3)] = np.nan
    rows = feed(t, eda, sfreq)
    quality = quality_at(rows)
    for row in rows:
        if row.index == "scr":
            assert row.available - row.time <= 3.0
            # A fault that begins, or a shift that ends, once the response is announced lowers the quality of
            # seconds before it.
            edges = [edge for start, length, _ in faults for edge in (start, start + length)]
            later = any(row.available - 1.0 / sfreq <= edge <= row.time + 5.5 for edge in edges)
            # That a level which jumped has stayed is known 4.25 s after it.
            jumps = [
                edge
                for start, length, value in faults
                if abs(value) < 2.0
                for edge in (start, start + length)
            ]
            later = later or any(
                edge <= row.time and row.available <= edge + 4.25 + 1.0 / sfreq for edge in jumps
            )
            assert later or quality.get(float(np.rint(row.time)), 1.0) >= 0.5


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 32.0])
@pytest.mark.parametrize("step", [0.01, 0.02])
def test_a_sensor_of_coarse_steps_at_rest_is_not_flat(sfreq: float, step: float) -> None:
    t = np.arange(600 * sfreq) / sfreq
    rng = np.random.default_rng(7)
    still = 2.0 + 0.03 * np.sin(2 * np.pi * t / 240.0) - 0.0005 * t + 0.0003 * rng.standard_normal(len(t))
    coarse = np.round(still / step) * step
    changes = np.flatnonzero(np.diff(coarse))
    assert np.diff(changes).max() / sfreq > 10.0, "it stands still for longer than a fine sensor may"
    rows = feed(t, coarse, sfreq)
    late = [r for r in rows if r.index == "eda_quality" and r.time > t[changes[0]] + 10.0]
    assert late and all(r.value == 1.0 for r in late)
    assert not [r for r in rows if r.index == "scr"]


def test_a_coarse_sensor_that_is_stuck_is_flat_in_the_end() -> None:
    t = np.arange(2000) / 4.0
    eda = np.round((2.0 + 0.1 * np.sin(t / 5.0)) / 0.02) * 0.02
    eda[t > 100.0] = 2.0
    rows = [r for r in feed(t, eda, 4.0) if r.index == "eda_quality"]
    assert all(r.value == 1.0 for r in rows if 6 < r.time < 190)
    assert all(r.reason == "EDA flat" for r in rows if r.time > 310)


def test_the_level_of_a_signal_with_dips_is_that_between_them() -> None:
    rng = np.random.default_rng(2)
    t, eda = eda_with(300.0, 4.0, (), ())
    for start in np.arange(20.0, 290.0, 12.0):
        eda[(t >= start) & (t < start + rng.uniform(0.25, 1.0))] -= rng.uniform(0.3, 2.0)
    times, level = tonic_level(eda, 4.0)
    np.testing.assert_allclose(level[times > 10], 5.0, atol=0.02)
    assert len(detect_scrs(eda, 4.0).onset) == 0
