"""Effects of a mixed model with the error of clusters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from processing.cohort.models.mixed import Effect, Fit, fit
from processing.cohort.models.robust import over_clusters, tail

UNEQUAL = (3, 4, 5, 5, 6, 7, 8, 8, 10)
"""Sessions of each dyad."""


def fitted(sessions: tuple[int, ...], slope_sd: float) -> tuple[np.ndarray, np.ndarray, list[Effect], Fit]:
    rng = np.random.default_rng(0)
    dyad = np.repeat(np.arange(len(sessions)), sessions)
    session = np.concatenate([np.arange(n) - 3.0 for n in sessions])
    y = rng.normal(0, 1, 9)[dyad] + (0.2 + slope_sd * rng.normal(0, 1, 9))[dyad] * session
    y = y + rng.normal(0, 1, len(dyad))
    x = np.column_stack([np.ones(len(y)), session])
    effects = [Effect("dyad", dyad, x[:, 0]), Effect("slope", dyad, session)]
    found = fit(y, x, effects)
    assert found is not None
    return y, x, effects, found


def test_it_is_that_of_clubsandwich() -> None:
    """coef_test(lme(y ~ s, random = list(d = pdDiag(~ s))), vcov = "CR2") of clubSandwich 0.5.8."""
    y, x, effects, found = fitted(UNEQUAL, 0.4)
    told = over_clusters(y, x, effects, found, 1)
    assert told is not None
    assert told.estimate == pytest.approx(-0.103271493, abs=1e-6)
    assert told.se == pytest.approx(0.0591710853, rel=1e-5)
    freedom = 1.0 / float(told.parts @ told.parts)
    assert freedom == pytest.approx(4.64015363, rel=1e-4)
    # Their p is Satterthwaite's, an approximation of ours.
    assert told.p == pytest.approx(0.145905487, abs=0.01)


@pytest.mark.parametrize("slope_sd", [0.0, 0.4])
def test_with_as_many_sessions_each_it_is_the_t_test_over_the_dyads_slopes(slope_sd: float) -> None:
    y, x, effects, found = fitted((6,) * 9, slope_sd)
    told = over_clusters(y, x, effects, found, 1)
    own = [float(np.polyfit(x[effects[0].unit == d, 1], y[effects[0].unit == d], 1)[0]) for d in range(9)]
    plain = ttest_1samp(own, 0.0)
    assert told is not None
    assert told.p == pytest.approx(plain.pvalue, rel=1e-6)
    ends = plain.confidence_interval(0.95)
    assert told.estimate + told.reach == pytest.approx(ends.high, rel=1e-6)


@pytest.mark.parametrize("freedom", [1, 2, 7, 40])
def test_equal_parts_give_students_distribution(freedom: int) -> None:
    for t in (0.0, 0.5, 2.0, 12.7):
        assert tail(t, np.full(freedom, 1.0 / freedom)) == pytest.approx(
            2.0 * student.sf(t, freedom), rel=1e-9
        )


def test_unequal_parts_give_the_share_that_draws_have() -> None:
    rng, parts = np.random.default_rng(1), np.array([0.7, 0.2, 0.05, 0.05])
    drawn = rng.standard_normal(400_000) / np.sqrt(rng.standard_normal((400_000, 4)) ** 2 @ parts)
    for t in (1.0, 3.0, 6.0):
        assert tail(t, parts) == pytest.approx(float((np.abs(drawn) > t).mean()), abs=0.002)


def test_an_effect_that_one_dyad_alone_holds_is_not_told() -> None:
    y, x, effects, _ = fitted(UNEQUAL, 0.4)
    lonely = np.column_stack([x, effects[0].unit == 8]).astype(float)
    again = fit(y, lonely, effects)
    assert again is not None
    assert over_clusters(y, lonely, effects, again, 2) is None
