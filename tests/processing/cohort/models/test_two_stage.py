"""Estimates of units, pooled."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from processing.cohort.models.therapists import DYADS, NESTED, UNKNOWN, over_dyads
from processing.cohort.models.two_stage import lines, pooled, within_units

Y = np.array([0.2, -0.1, 0.45, 0.3, 0.05, 0.6])
V = np.array([0.02, 0.05, 0.01, 0.08, 0.03, 0.02])


def test_it_is_that_of_metafor() -> None:
    """rma(Y, V, method = "REML", test = "knha") and confint of metafor 3.8-1."""
    found = pooled(Y, V)
    wanted = [0.2811878714, 0.1044691501, 0.1973205111]
    assert [found.estimate, found.se, found.tau] == pytest.approx(wanted, abs=1e-7)
    # Its interval is a little wider than theirs: units are known unequally well.
    assert found.ci_low == pytest.approx(0.0126413717, abs=0.02)
    assert found.ci_low < 0.0126413717
    assert (found.tau_low, found.tau_high) == pytest.approx((0.0, 0.6048737), abs=1e-4)


def test_with_equal_variances_it_is_a_t_test() -> None:
    found, plain = pooled(Y, np.full(6, 0.04)), ttest_1samp(Y, 0.0)
    assert (found.estimate, found.p) == pytest.approx((Y.mean(), plain.pvalue))


def test_two_units_are_not_pooled_and_unknown_ones_do_not_count() -> None:
    found = pooled(np.array([1.0, 2.0, math.nan, 3.0]), np.array([0.1, 0.1, 0.1, 0.0]))
    assert math.isnan(found.estimate)
    assert found.reason == "2 dyads with an estimate, 3 are needed to pool them"


@pytest.mark.parametrize("rounding", [0.0, 1e-15, 1e-14])
def test_units_without_any_spread_have_no_interval(rounding: float) -> None:
    y = 100.0 * (1.0 + rounding * np.array([0.0, 1.0, -1.0, 0.0]))
    found = pooled(y, np.full(4, 0.1))
    assert "do not differ at all" in found.reason
    assert math.isnan(found.estimate)


def test_a_unit_of_many_sessions_is_known_better() -> None:
    means, variances = within_units(
        np.array([1.0, 1.2, 0.8, 1.0, 2.0]), np.full(5, 0.1), np.array(["a", "a", "a", "a", "b"])
    )
    assert means.tolist() == pytest.approx([1.0, 2.0])
    assert variances[0] == pytest.approx(variances[1] / 4.0)


def test_lines_share_one_residual_variance() -> None:
    x = np.tile(np.arange(4.0), 2)
    y = np.concatenate([2.0 * np.arange(4.0), np.array([0.0, 1.0, 0.0, 1.0])])
    found = lines(x, y, np.repeat(["a", "b"], 4))
    assert found.coefficients[:, 1].tolist() == pytest.approx([2.0, 0.2])
    assert (found.freedom, found.variance) == pytest.approx((4, 0.8 / 4))


@pytest.mark.parametrize("per", [2, 6])
def test_as_many_dyads_of_each_therapist_are_a_t_test_over_therapists(per: int) -> None:
    rng = np.random.default_rng(per)
    therapist = np.repeat([f"T{k}" for k in range(5)], per)
    rows = pd.DataFrame({"dyad": [f"D{k}" for k in range(5 * per)], "therapist": therapist})
    y = rng.standard_normal(5)[rows.index // per] + 0.1 * rng.standard_normal(5 * per)
    over = over_dyads(y, np.full(5 * per, 0.01), rows["dyad"].tolist(), rows, formula=f"y ~ {DYADS}")
    expected = ttest_1samp(y.reshape(5, per).mean(axis=1), 0.0)
    assert over.formula == f"y ~ {NESTED}"
    assert over.pooled.k == 5
    assert over.pooled.p == pytest.approx(expected.pvalue, rel=1e-6)
    low, high = expected.confidence_interval()
    assert (over.pooled.ci_low, over.pooled.ci_high) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize(
    ("therapists", "said"),
    [
        (["T1"] * 6, "of 1 therapist: nothing is told of dyads of others"),
        (["T1", "T1", "T2", "T2", "T3", "T3"], "of 3 therapists: nothing is told of dyads of others"),
        (["T1", "T1", "", "", "T3", "T4"], UNKNOWN),
        (["T1", "T2", "T3", "T4", "T5", "T6"], ""),
    ],
)
def test_dyads_of_few_or_unknown_therapists_say_whom_an_interval_is_of(
    therapists: list[str], said: str
) -> None:
    y = np.array([0.1, 0.3, -0.2, 0.4, 0.0, 0.2])
    rows = pd.DataFrame({"dyad": list("abcdef"), "therapist": therapists})
    over = over_dyads(y, np.full(6, 0.01), list("abcdef"), rows, formula=DYADS)
    assert over.pooled == pooled(y, np.full(6, 0.01))
    assert (over.beside, over.formula) == (said, DYADS)
