"""Phase locking and wavelet coherence: found when there, only against shifts, never across holes."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.surrogates.synchrony import phase_locking, wavelet_coherence
from processing.surrogates.wavelet import longest_stretch
from tests.processing.dyads import autoregressive

BAND = (0.08, 0.15)


def rhythm(rng: np.random.Generator, n: int) -> FloatArray:
    """Return a rhythm near 0.11 Hz with a wandering phase, at 1 Hz."""
    phase = 2 * np.pi * (0.11 * np.arange(n) + np.cumsum(rng.standard_normal(n)) * 0.03)
    return np.asarray(np.cos(phase))


def locked(seed: int, n: int = 1500) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    x = rhythm(rng, n + 2)
    noise = [0.5 * autoregressive(rng, n, sfreq=1.0, tau=3.0) for _ in range(2)]
    return x[2:] + noise[0], x[:-2] + noise[1]


def test_a_shared_rhythm_is_locked_and_separate_ones_are_not() -> None:
    result = phase_locking(*locked(1), sfreq=1.0, band=BAND, rng=np.random.default_rng(0))
    assert result.p <= 0.005
    assert result.observed > 0.6
    apart = phase_locking(locked(2)[0], locked(3)[1], sfreq=1.0, band=BAND, rng=np.random.default_rng(0))
    assert apart.p > 0.05


def test_shifts_equal_a_plain_loop() -> None:
    x, y = locked(4)
    whole = phase_locking(x, y, sfreq=1.0, band=BAND, n_shifts=2, rng=np.random.default_rng(0))
    back = phase_locking(y, x, sfreq=1.0, band=BAND, n_shifts=2, rng=np.random.default_rng(0))
    assert whole.observed == pytest.approx(back.observed, abs=1e-12)
    assert whole.p == back.p


def test_a_hole_is_left_out_with_its_edges() -> None:
    x, y = locked(5)
    whole = phase_locking(x, y, sfreq=1.0, band=BAND, rng=np.random.default_rng(0))
    x[700:730] = np.nan
    holed = phase_locking(x, y, sfreq=1.0, band=BAND, rng=np.random.default_rng(0))
    assert holed.n == pytest.approx(whole.n - 30 - 2 * np.ceil(2.0 / BAND[0]), abs=1)
    assert holed.p <= 0.005


def test_what_has_no_phase_is_nan_and_says_why() -> None:
    x, _ = locked(6)
    for y, why in (
        (np.full(1500, np.nan), "no data of the client"),
        (np.full(1500, 1.0), "the client's signal is constant"),
        (x[:50], "50 s with data of both people"),
    ):
        for test in (
            phase_locking(x[: len(y)], y, sfreq=1.0, band=BAND, rng=np.random.default_rng(0)),
            wavelet_coherence(x[: len(y)], y, sfreq=1.0, band=BAND, rng=np.random.default_rng(0)).test,
        ):
            assert np.isnan(test.p)
            assert why in test.reason


def test_signals_of_unequal_rates_are_refused() -> None:
    x, _ = locked(6)
    for test in (phase_locking, wavelet_coherence):
        with pytest.raises(ValueError, match="therapist 1500, client 375; both must be on one grid"):
            test(x, x[::4], sfreq=1.0, band=BAND, rng=np.random.default_rng(0))


def test_a_band_that_does_not_fit_the_rate_is_refused() -> None:
    x, y = locked(7)
    for band in ((0.0, 0.1), (0.2, 0.1), (0.1, 0.6)):
        with pytest.raises(ValueError, match="band"):
            phase_locking(x, y, sfreq=1.0, band=band, rng=np.random.default_rng(0))
        with pytest.raises(ValueError, match="band"):
            wavelet_coherence(x, y, sfreq=1.0, band=band, rng=np.random.default_rng(0))


def test_wavelet_coherence_finds_a_shared_rhythm_and_gives_nothing_outside_its_cone() -> None:
    if find_spec("pycwt") is None:
        pytest.skip("pycwt is not installed")
    x, y = locked(8)
    x[:100] = np.nan
    found = wavelet_coherence(x, y, sfreq=1.0, band=BAND, n_shifts=60, rng=np.random.default_rng(0))
    assert found.test.p <= 0.05
    assert found.times[0] == 100.0
    assert found.coherence.shape == found.phase.shape == (len(found.frequencies), 1400)
    assert np.isnan(found.coherence[:, 0]).all()
    assert np.nanmax(found.coherence) <= 1.0 + 1e-9
    apart = wavelet_coherence(
        locked(9)[0], locked(10)[1], sfreq=1.0, band=BAND, n_shifts=60, rng=np.random.default_rng(0)
    )
    assert apart.test.p > 0.05


def test_without_pycwt_the_message_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycwt", None)
    x, y = locked(11)
    with pytest.raises(ImportError, match="pip install pycwt"):
        wavelet_coherence(x, y, sfreq=1.0, band=BAND, rng=np.random.default_rng(0))


def test_the_longest_stretch_is_found() -> None:
    assert longest_stretch(np.array([1, 1, 0, 1, 1, 1, 0], bool)) == (3, 6)
    assert longest_stretch(np.zeros(4, bool)) == (0, 0)
