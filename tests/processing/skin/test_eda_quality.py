"""EDA quality: each rule of Kleckner et al. (2018), flat signals and gaps."""

from __future__ import annotations

import numpy as np
import pytest

from processing.skin.config import SkinConfig
from processing.skin.eda_quality import REASONS, EdaGate, EdaQualityConfig, Fault, dominant_reason
from processing.skin.validity import Validity
from tests.processing.skin_signals import feed

CONFIG = EdaQualityConfig()


def codes_of(eda: np.ndarray, sfreq: float) -> np.ndarray:
    return EdaGate(sfreq, CONFIG).push(np.arange(len(eda)) / sfreq, eda)[0]


@pytest.mark.parametrize("sfreq", [1.0, 4.0, 32.0, 1000.0])
@pytest.mark.parametrize(
    ("value", "fault"), [(0.0, Fault.OFF), (0.04, Fault.OFF), (61.0, Fault.ABOVE), (np.nan, Fault.MISSING)]
)
def test_each_sample_out_of_range_is_named(sfreq: float, value: float, fault: Fault) -> None:
    n = round(20 * sfreq)
    eda = 5.0 + 0.001 * np.random.default_rng(0).standard_normal(n)
    eda[n // 2 : n // 2 + 3] = value
    codes = codes_of(eda, sfreq)
    assert (codes[n // 2 : n // 2 + 3] == fault).all()
    assert not codes[: n // 2].any()


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 16.0, 25.0, 32.0, 100.0])
def test_two_sensors_in_one_stream_are_a_movement_at_any_rate(sfreq: float) -> None:
    """A quarter of a second is an even number of samples at four of these: the level was between the two."""
    eda = 5.0 + 1.3 * (-1.0) ** np.arange(round(20 * sfreq))
    assert (codes_of(eda, sfreq)[round(sfreq) :] == Fault.SLOPE).all()
    eda[:: round(sfreq)] = np.nan
    assert (codes_of(eda, sfreq) == Fault.SLOPE).mean() >= 0.49


@pytest.mark.parametrize("sfreq", [4.0, 100.0])
def test_a_slope_above_ten_microsiemens_a_second_is_a_movement(sfreq: float) -> None:
    noise = 0.005 * np.random.default_rng(0).standard_normal(round(20 * sfreq))
    step = 5.0 + noise + 3.0 * (np.arange(len(noise)) >= 10 * sfreq)
    assert (codes_of(step, sfreq) == Fault.SLOPE).any()
    assert not codes_of(5.0 + noise, sfreq).any()


def test_noise_of_a_fast_stream_is_no_slope() -> None:
    assert not codes_of(5.0 + 0.05 * np.random.default_rng(0).standard_normal(5000), 1000.0).any()


def test_a_signal_that_stands_still_for_ten_seconds_is_flat_however_it_is_cut() -> None:
    eda = 5.0 + 0.01 * np.random.default_rng(1).standard_normal(200)
    eda[60:140] = 5.0
    gate, times = EdaGate(4.0, CONFIG), np.arange(200) / 4.0
    parts = [
        gate.push(t, x)[0]
        for t, x in zip(np.split(times, range(7, 200, 7)), np.split(eda, range(7, 200, 7)), strict=True)
    ]
    codes = np.concatenate(parts)
    np.testing.assert_array_equal(codes, codes_of(eda, 4.0))
    assert (codes[100:140] == Fault.FLAT).all()
    assert not codes[:100].any() and not codes[140:].any()


def test_a_step_between_stamps_is_a_gap_and_jitter_is_none() -> None:
    rng = np.random.default_rng(2)
    times = np.arange(100) / 4.0 + rng.uniform(-0.005, 0.005, 100)
    times[50:] += 10.0
    _, gaps = EdaGate(4.0, CONFIG).push(times, 5.0 + 0.01 * rng.standard_normal(100))
    np.testing.assert_array_equal(np.flatnonzero(gaps), [0, 50])


def test_what_lies_within_five_seconds_of_invalid_signal_is_invalid() -> None:
    validity, times = Validity(CONFIG), np.arange(400) / 4.0
    codes = np.zeros(400, np.int8)
    codes[200:204] = Fault.OFF
    validity.push(times, np.full(400, 5.0), codes)
    validity.settle(1000.0)
    counts = validity.window(np.arange(0.0, 100.0), 1.0)
    valid = counts[:, Fault.NONE] == 4
    np.testing.assert_array_equal(np.flatnonzero(~valid), np.arange(45, 56))
    assert dominant_reason(counts[50]) == REASONS[Fault.OFF]
    assert dominant_reason(counts[47]) == REASONS[Fault.NEAR]
    assert dominant_reason(counts[10]) == ""
    assert dominant_reason(np.zeros(len(Fault), np.int64)) == "no data"


def test_a_reason_gives_the_limits_that_hold_and_limits_that_nothing_lies_within_are_refused() -> None:
    """With another limit it still said 60 µS."""
    low = SkinConfig(quality=EdaQualityConfig(low=0.2, high=4.0, around=3.0))
    times = np.arange(240) / 4.0
    rows = feed(times, 2.0 + 0.01 * np.sin(times) + 3.0 * (times >= 30.0), 4.0, config=low)
    said = {r.reason for r in rows if r.index == "eda_quality"}
    assert "above 4 µS: not in µS, or a short circuit" in said
    assert "within 3 s of invalid EDA" in said
    for odd in ({"high": 0.05}, {"high": -60.0}, {"flat_per_step": np.inf}):
        with pytest.raises(ValueError, match=rf"quality\.{next(iter(odd))} = "):
            SkinConfig(quality=EdaQualityConfig(**odd))
