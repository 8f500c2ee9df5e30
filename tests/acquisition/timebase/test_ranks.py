"""Steps, medians and quantiles of the time base against numpy's own, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.pieces import steps_from
from acquisition.timebase.laid import rising
from acquisition.timebase.ranks import SHORT, middle, middle_and_off, quantile, ranked


@pytest.mark.parametrize("n", [1, 2, 3, 8, SHORT - 1, SHORT, SHORT + 1, 1039])
def test_median_and_quantiles_are_those_of_numpy(n: int) -> None:
    values = np.random.default_rng(n).exponential(size=n).round(2)
    assert middle(values) == np.median(values)
    for share in (0.05, 0.95):
        assert quantile(ranked(values, 0.05, 0.95), share) == np.quantile(values, share)


@pytest.mark.parametrize("scale", [1e-17, 0.03, 1.0, 1e9])
def test_medians_of_values_and_of_distances_are_those_of_numpy(scale: float) -> None:
    rng = np.random.default_rng(0)
    for n in [*range(1, 30), 109, 600]:
        for values in (rng.normal(size=n), rng.exponential(size=n) ** 3, rng.integers(0, 4, n), np.ones(n)):
            x = scale * values + rng.integers(0, 2)
            assert middle_and_off(x) == (np.median(x), np.median(np.abs(x - np.median(x))))


@pytest.mark.parametrize("n", [0, 1, 5])
def test_steps_begin_with_that_from_the_one_before(n: int) -> None:
    values = np.random.default_rng(0).normal(size=n)
    assert np.array_equal(steps_from(0.3, values), np.diff(values, prepend=0.3))


def test_times_do_not_go_back_and_pass_over_those_that_are_not_known() -> None:
    assert rising(2.0, np.array([1.0, 3.0, np.nan, 2.5, 4.0])).tolist() == [2.0, 3.0, 3.0, 3.0, 4.0]
    assert rising(np.nan, np.array([1.0, 1.0, 2.0])).tolist() == [1.0, 1.0, 2.0]
