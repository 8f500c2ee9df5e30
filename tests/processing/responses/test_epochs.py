"""Intervals of the mean over events, second by second, against the same computed one second at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import sem, t

from acquisition.stream import FloatArray
from processing.responses.epochs import N_BOOTSTRAP, bootstrap


@pytest.mark.parametrize("n", [4, 5, 9])
def test_under_ten_events_have_student_s_interval_and_under_five_none(n: int) -> None:
    epochs = np.random.default_rng(n).normal(3.0, 2.0, (n, 4))
    found = bootstrap(epochs, np.random.default_rng(0))
    expected = (
        t.interval(0.95, n - 1, epochs.mean(axis=0), sem(epochs)) if n >= 5 else np.full((2, 4), np.nan)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def bootstrap_t(values: FloatArray, drawn: np.ndarray) -> tuple[float, float]:
    """Return the interval of one second, each draw written out."""
    there = np.isfinite(values)
    draws = [np.repeat(values[there], times[there]) for times in drawn]
    mean, step = values[there].mean(), sem(values[there])
    each = [(d.mean() - mean) / (d.std(ddof=1) / np.sqrt(len(d))) for d in draws]
    low, high = np.quantile(each, [0.025, 0.975])
    return mean - high * step, mean - low * step


def test_from_ten_values_on_a_second_has_the_interval_of_the_bootstrap_t() -> None:
    epochs = np.random.default_rng(1).exponential(2.0, (12, 2))
    epochs[3:5, 1] = np.nan  # ten are left
    found = np.array(bootstrap(epochs, np.random.default_rng(2)))
    drawn = np.random.default_rng(2).multinomial(12, np.full(12, 1.0 / 12), size=N_BOOTSTRAP)
    expected = np.transpose([bootstrap_t(epochs[:, k], drawn) for k in (0, 1)])
    np.testing.assert_allclose(found, expected, rtol=1e-9)
