"""How many are still unanswered over time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.duration.survfunc import SurvfuncRight

from processing.cohort.models.kaplan_meier import curve


def test_it_is_that_of_kaplan_and_meier() -> None:
    rng = np.random.default_rng(2)
    seconds, status = np.round(rng.exponential(40.0, 30)) + 1.0, (rng.random(30) < 0.6).astype(np.int64)
    found, theirs = curve(seconds, status), SurvfuncRight(seconds, status)
    at = np.searchsorted(found.times, theirs.surv_times)
    assert found.left[at].tolist() == pytest.approx(theirs.surv_prob.tolist())
    assert (found.low <= found.left).all() and (found.left <= found.high).all()


def test_without_anything_that_ends_unanswered_it_is_the_mid_p_interval_of_a_share() -> None:
    found = curve(np.arange(1.0, 21.0), np.ones(20, np.int64))
    for k in (3, 10, 17):
        low, high = found.low[k], found.high[k]
        still = 20 - k
        assert found.left[k] == pytest.approx(still / 20.0)
        assert binom.sf(still, 20, low) + 0.5 * binom.pmf(still, 20, low) == pytest.approx(0.025, abs=2e-3)
        assert binom.cdf(still - 1, 20, high) + 0.5 * binom.pmf(still, 20, high) == pytest.approx(
            0.025, abs=2e-3
        )


def test_before_anything_is_answered_all_are_left_and_at_the_end_none_may_be() -> None:
    found = curve(np.array([5.0, 10.0, 20.0]), np.array([0, 1, 1]))
    assert found.left.tolist() == [1.0, 1.0, 0.5, 0.0]
    assert found.high[:2].tolist() == [1.0, 1.0] and found.low[-1] == 0.0
    assert found.low[0] < 1.0


def test_few_excursions_have_an_interval_that_holds() -> None:
    """With 12 of a half-life of 30 s, after 20 s and after 60 s; normal intervals hold 87 and 80 %."""
    rng, held = np.random.default_rng(3), []
    for _ in range(100):
        answer, own = rng.exponential(30.0 / np.log(2.0), 12), rng.exponential(90.0, 12)
        found = curve(np.minimum(answer, own), (answer < own).astype(np.int64))
        for at in (20.0, 60.0):
            k = np.searchsorted(found.times, at, side="right") - 1
            held.append(found.low[k] <= 0.5 ** (at / 30.0) <= found.high[k])
    assert np.mean(held) >= 0.92
