"""REML with independent random effects."""

from __future__ import annotations

import numpy as np
import pytest

from processing.cohort.models.mixed import Effect, fit

DYADS, SESSIONS = 24, 8


def drawn(seed: int = 0, *, slopes: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return y, design, dyads and therapists."""
    rng = np.random.default_rng(seed)
    dyad = np.repeat(np.arange(DYADS), SESSIONS)
    session = np.tile(np.arange(SESSIONS) - 3.5, DYADS)
    therapist = dyad // 4
    y = rng.normal(0, 1, DYADS)[dyad] + (0.2 + slopes * rng.normal(0, 1, DYADS))[dyad] * session
    y = y + rng.normal(0, 0.7, 6)[therapist] + rng.normal(0, 1, len(dyad))
    return y, np.column_stack([np.ones(len(y)), session]), dyad, therapist


def test_it_is_that_of_lmertest() -> None:
    """lmer(y ~ s + (1 | d) + (0 + s | d) + (1 | th)) of lmerTest 3.1-3: estimates, errors, df, variances."""
    y, x, dyad, therapist = drawn()
    one = x[:, 0]
    found = fit(
        y, x, [Effect("therapist", therapist, one), Effect("dyad", dyad, one), Effect("s", dyad, x[:, 1])]
    )
    assert found is not None
    assert found.beta.tolist() == pytest.approx([0.1827528, 0.2744778], abs=1e-6)
    assert found.se.tolist() == pytest.approx([0.54934965, 0.07366495], rel=1e-4)
    assert found.freedom.tolist() == pytest.approx([5.000, 23.000], rel=1e-3)
    wanted = {"therapist": 1.6503009, "dyad": 0.5026345, "s": 0.1037599, "residual": 1.1120207}
    assert dict(found.variances) == pytest.approx(wanted, rel=1e-3)


def test_it_is_that_of_statsmodels() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, x, dyad, _ = drawn(3, slopes=0.0)
    found, theirs = fit(y, x, [Effect("dyad", dyad, x[:, 0])]), MixedLM(y, x, groups=dyad).fit(reml=True)
    assert found is not None
    assert found.beta.tolist() == pytest.approx(theirs.fe_params.tolist(), abs=1e-5)
    assert found.variances["dyad"] == pytest.approx(float(theirs.cov_re[0, 0]), rel=1e-3)


def test_an_effect_without_variance_is_none_and_leaves_the_degrees_of_freedom_to_the_sessions() -> None:
    rng = np.random.default_rng(5)
    _, x, dyad, _ = drawn()
    y = 0.2 * x[:, 1] + rng.normal(0, 1, len(x))
    y -= np.bincount(dyad, y)[dyad] / SESSIONS
    found = fit(y, x, [Effect("dyad", dyad, x[:, 0])])
    assert found is not None
    assert found.variances["dyad"] == 0.0
    assert found.freedom[1] == pytest.approx(len(y) - 2, rel=1e-3)


def test_the_unit_of_y_does_not_matter() -> None:
    y, x, dyad, _ = drawn()
    small, large = (fit(k * y, x, [Effect("dyad", dyad, x[:, 0])]) for k in (1e-3, 1e3))
    assert small is not None
    assert large is not None
    assert (1e6 * small.beta).tolist() == pytest.approx(large.beta.tolist(), rel=1e-5)


def test_values_that_never_vary_altogether_or_within_a_unit_have_no_fit() -> None:
    _, x, dyad, _ = drawn()
    own = np.random.default_rng(6).normal(0.0, 1.0, (2, DYADS))[:, dyad]
    level, line = [Effect("dyad", dyad, x[:, 0])], [Effect("s", dyad, x[:, 1])]
    assert fit(np.ones(len(x)), x, level) is None
    assert fit(own[0], x, level) is None
    assert fit(1e6 + own[0], x[:, :1], level) is None
    assert fit(own[0] + own[1] * x[:, 1], x, level + line) is None
