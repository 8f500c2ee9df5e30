"""Skin conductance responses: known answers, and what must not be taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.skin.eda_quality import EdaGate, EdaQualityConfig, Fault
from processing.skin.falls import FallConfig
from processing.skin.rises import ScrDetector
from processing.skin.scr import ResponseFinder, ScrConfig, detect_scrs
from processing.skin.scr_signal import Limits, Smoother, savitzky_golay
from tests.drawing import few
from tests.processing.skin_signals import HEIGHTS, ONSETS, eda_with, respond


@pytest.mark.parametrize("sfreq", [4.0, 10.0, 25.0, 100.0, 1000.0])
def test_finds_each_response_with_its_onset_peak_and_amplitude(sfreq: float) -> None:
    _, eda = eda_with(180.0, sfreq)
    scrs = detect_scrs(eda, sfreq)
    assert len(scrs.onset) == len(ONSETS)
    np.testing.assert_allclose(scrs.onset, ONSETS, atol=0.8)
    np.testing.assert_allclose(scrs.peak, np.add(ONSETS, 2.0), atol=0.5)
    alone = [0, 3, 4, 5]
    np.testing.assert_allclose(scrs.amplitude[alone], np.array(HEIGHTS)[alone], rtol=0.06, atol=0.004)
    assert (scrs.known - scrs.peak).max() <= 3.0


def test_the_threshold_is_absolute_whatever_the_largest_response() -> None:
    t = np.arange(400) / 4.0
    small = respond(t, 30.0, 0.07)
    alone, beside = detect_scrs(5 + small, 4.0), detect_scrs(5 + small + respond(t, 60.0, 5.0, half=2.0), 4.0)
    assert alone.onset[0] == beside.onset[0]
    assert len(detect_scrs(5 + respond(t, 30.0, 0.03), 4.0).onset) == 0
    assert len(detect_scrs(5 + respond(t, 30.0, 0.03), 4.0, config=ScrConfig(minimum=0.01)).onset) == 1


@pytest.mark.parametrize("sfreq", [4.0, 25.0, 100.0])
@pytest.mark.parametrize("height", [-0.6, 0.2, 0.6])
def test_a_movement_is_no_response_and_hides_none(sfreq: float, height: float) -> None:
    t, eda = eda_with(180.0, sfreq)
    moved = eda + height * (np.clip((t - 95.0) / 0.15, 0, 1) - np.clip((t - 100.0) / 0.15, 0, 1))
    assert np.abs(moved - eda).max() == pytest.approx(abs(height))
    np.testing.assert_allclose(detect_scrs(moved, sfreq).onset, detect_scrs(eda, sfreq).onset, atol=0.3)


def test_two_responses_that_overlap_with_a_dip_of_3_nanosiemens_between_them_are_two() -> None:
    t = np.arange(6000) / 100.0
    eda = 5 + respond(t, 20.0, 0.3, half=8.0) + respond(t, 22.1, 0.3, half=8.0)
    assert len(detect_scrs(eda, 100.0).onset) == 2


def test_a_slow_drift_is_no_response() -> None:
    assert len(detect_scrs(np.linspace(5.0, 9.8, 2400), 4.0).onset) == 0


def test_rises_outside_half_to_five_seconds_are_no_responses() -> None:
    t = np.arange(6000) / 100.0
    assert len(detect_scrs(5 + respond(t, 20.0, 0.5, rise=9.0), 100.0).onset) == 0
    assert len(detect_scrs(5 + respond(t, 20.0, 0.5, rise=0.3), 100.0).onset) == 0


def test_nothing_comes_from_nothing() -> None:
    for eda in (np.full(400, np.nan), np.zeros(400), np.full(400, 5.0), np.empty(0), np.array([5.0])):
        assert len(detect_scrs(eda, 4.0).onset) == 0


def test_a_gap_ends_what_was_under_way_and_the_rest_is_found() -> None:
    _, eda = eda_with(180.0, 4.0)
    cut = eda.copy()
    cut[round(80.5 * 4) : round(90.0 * 4)] = np.nan
    np.testing.assert_allclose(detect_scrs(cut, 4.0).onset, np.delete(ONSETS, 3), atol=0.8)


def test_no_response_begins_within_five_seconds_after_invalid_signal() -> None:
    t, eda = eda_with(60.0, 25.0, (23.0, 40.0), (0.4, 0.4))
    off = eda.copy()
    off[(t >= 15.0) & (t < 20.0)] = 0.0
    np.testing.assert_allclose(detect_scrs(eda, 25.0).onset, [23.0, 40.0], atol=0.5)
    np.testing.assert_allclose(detect_scrs(off, 25.0).onset, [40.0], atol=0.5)


@few(5)
@given(
    sfreq=st.sampled_from([4.0, 25.0, 128.0]),
    cuts=st.lists(st.integers(1, 4000), max_size=12),
    holes=st.booleans(),
)
def test_any_chunking_gives_equal_responses_and_falls(sfreq: float, cuts: list[int], holes: bool) -> None:
    t, eda = eda_with(100.0, sfreq, ONSETS[:4], HEIGHTS[:4])
    if holes:
        eda[(t > 30) & (t < 33)] = np.nan
        eda[(t > 60) & (t < 61)] = 0.0
        eda[(t > 75) & (t < 76)] -= 0.5
    whole, *parts = (_chunked(t, eda, sfreq, at) for at in ([], sorted(cuts), list(range(1, 200))))
    assert all(part == whole for part in parts)


def _chunked(t: np.ndarray, eda: np.ndarray, sfreq: float, cuts: list[int]) -> tuple[list[object], ...]:
    quality = EdaQualityConfig()
    gate, finder = EdaGate(sfreq, quality), ResponseFinder(sfreq, ScrConfig(), quality, FallConfig())
    out: tuple[list[object], ...] = ([], [], [])
    for tt, xx in zip(np.split(t, cuts), np.split(eda, cuts), strict=True):
        found = finder.push(tt, xx, *gate.push(tt, xx))
        out[0].extend(found.scrs)
        out[1].extend(one for one in found.stretches if one.fault == Fault.DIP)
        out[2].extend(found.begun)
    return out


def test_smoothing_leaves_a_parabola_as_it_is_and_takes_a_jump_out() -> None:
    weights = savitzky_golay(4)
    u = np.arange(-4, 5)
    assert (weights * (3.0 + 2.0 * u + 0.5 * u**2)).sum() == pytest.approx(3.0)
    t = np.arange(1000) / 25.0
    smooth = Smoother(25.0, Limits(0.04, 0.5), Limits(0.12, 0.92)).push(t, np.where(t > 20.0, 6.0, 5.0))
    late = smooth.times > 22.0
    np.testing.assert_allclose(smooth.steady[late], 5.0)
    np.testing.assert_allclose(smooth.means.eda[smooth.means.times > 22.0], 6.0)


def test_a_real_finger_recording_has_responses_after_its_events(data_dir: Path) -> None:
    with np.load(data_dir / "eda" / "finger_lab_100hz_150s.npz") as data:
        eda = data["eda"].astype(float)
    scrs = detect_scrs(eda, 100.0)
    assert 4 <= len(scrs.onset) <= 25
    assert (scrs.amplitude >= 0.05).all() and (scrs.rise <= 5.0).all()
    slow = detect_scrs(eda.reshape(-1, 25).mean(axis=1), 4.0)
    near = np.abs(slow.peak[:, None] - scrs.peak[None, :]).min(axis=1) < 1.0
    assert near.mean() >= 0.7


@pytest.mark.parametrize("sfreq", [10.0, 25.0, 100.0])
@pytest.mark.parametrize("noise", [0.01, 0.02])
def test_noise_of_an_amplifier_is_no_movement(sfreq: float, noise: float) -> None:
    t, eda = eda_with(180.0, sfreq)
    found = detect_scrs(eda + noise * np.random.default_rng(0).standard_normal(len(t)), sfreq).onset
    clean = detect_scrs(eda, sfreq).onset
    assert sum(np.abs(clean - f).min() > 1.0 for f in found) <= 1
    assert sum(np.abs(found - c).min() > 1.0 for c in clean) <= 1


@pytest.mark.parametrize("sfreq", [25.0, 100.0])
def test_a_response_with_a_kink_on_the_tail_of_a_larger_one_is_found(sfreq: float) -> None:
    t = np.arange(int(60 * sfreq)) / sfreq
    eda = 5.0 + 0.0 * t
    for onset, size in ((20.0, 1.5), (23.0, 0.5)):
        late = np.maximum(t - onset, 0.0)
        wave = np.exp(-late / 3.0) - np.exp(-late / 0.6)
        eda += size * wave / wave.max()
    np.testing.assert_allclose(detect_scrs(eda, sfreq).onset, [20.0, 23.0], atol=0.4)


@pytest.mark.parametrize("off", [0.0, 0.25, -0.4])
def test_a_peak_between_samples_is_as_high_as_the_parabola_through_its_three_points(off: float) -> None:
    detector = ScrDetector(4.0, ScrConfig(), FallConfig())
    detector._y = [2.0 - 3.0 * (u - off) ** 2 for u in (-1.0, 0.0, 1.0)]
    assert detector._height(1) == pytest.approx(2.0)
    # A landing, after which the signal goes on rising, has its own height.
    detector._y = [1.0, 2.0, 2.5]
    assert detector._height(1) == 2.0


@pytest.mark.parametrize("sfreq", [1.0, 1.5, 2.0, 2.9, 3.0, 3.2, 3.49, 3.5, 3.9, 4.0, 5.0])
def test_slow_streams_find_their_responses_in_time(sfreq: float) -> None:
    """At 3 Hz all of them came too late to be announced, at 1 Hz half looked like a step."""
    t = np.arange(round(600.0 * sfreq)) / sfreq
    eda = 5.0 + 0.003 * np.random.default_rng(1).standard_normal(len(t))
    rng = np.random.default_rng(2)
    onsets = np.arange(10.0, 580.0, 15.0) + rng.uniform(0.0, 4.0, 38)
    for onset in onsets:
        eda += respond(t, float(onset), float(rng.uniform(0.15, 1.0)))
    scrs = detect_scrs(eda, sfreq)
    near = np.abs(scrs.onset[None, :] - onsets[:, None]).min(axis=1) < 1.5
    assert near.mean() >= 0.85 and len(scrs.onset) <= len(onsets)
    assert (scrs.known - scrs.peak).max() <= 3.0
