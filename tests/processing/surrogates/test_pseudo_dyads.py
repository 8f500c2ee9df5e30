"""Pseudo-dyads: real coupling stands out, a shared course of the hour does not, memory stays bounded."""

from __future__ import annotations

import warnings
import weakref
from functools import partial

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.surrogates.pseudo_dyads import Load
from processing.surrogates.synchrony import lagged_correlation, matched_coupling, pseudo_dyad_test
from tests.processing.dyads import autoregressive, coupled


def strength(x: FloatArray, y: FloatArray) -> float:
    return float(np.nanmean(np.abs(lagged_correlation(x, y, sfreq=1.0, step=30.0).z)))


def session(seed: int, mix: float, n: int = 900) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    x, y = coupled(rng, n, sfreq=1.0, lead=2.0, mix=mix, tau=5.0)
    course = 5.0 * np.exp(-np.arange(n) / 200.0)
    return x + course, y + course


def loads(mix: float, count: int = 10) -> list[Load]:
    return [lambda seed=seed: session(seed, mix) for seed in range(count)]  # type: ignore[misc]


def test_real_coupling_stands_out_and_a_shared_course_does_not() -> None:
    codes = [f"D{k:02d}" for k in range(10)]
    found = pseudo_dyad_test(loads(0.6), codes, strength, rng=np.random.default_rng(0))
    assert found.p <= 0.005
    assert found.effect > 3.0
    assert found.pseudo.shape == (10, 9)
    none = pseudo_dyad_test(loads(0.0), codes, strength, rng=np.random.default_rng(0))
    assert none.p > 0.05


def test_sessions_of_one_dyad_are_no_pseudo_dyads_of_each_other() -> None:
    codes = ["D1"] * 5 + ["D2"] * 5
    found = pseudo_dyad_test(loads(0.0), codes, strength, rng=np.random.default_rng(0))
    assert (np.isfinite(found.pseudo).sum(axis=1) == 5).all()
    alone = pseudo_dyad_test(loads(0.0), ["D1"] * 10, strength, rng=np.random.default_rng(0))
    assert np.isnan(alone.p)
    assert alone.reason.startswith("0 usable sessions")


def test_fewer_than_eight_sessions_have_no_p() -> None:
    found = pseudo_dyad_test(loads(0.6, 7), list("ABCDEFG"), strength, rng=np.random.default_rng(0))
    assert np.isnan(found.p)
    assert found.reason == "7 usable sessions, 8 are needed"
    assert np.isfinite(found.real).all()


def test_a_session_without_a_value_takes_no_part_and_says_why() -> None:
    sessions = loads(0.6)
    sessions[3] = lambda: (np.full(900, np.nan), session(3, 0.6)[1])
    statistic = partial(matched_coupling, sfreq=1.0)
    found = pseudo_dyad_test(sessions, list("ABCDEFGHIJ"), statistic, rng=np.random.default_rng(0))
    assert found.p <= 0.005
    assert np.isnan(found.real[3]) and np.isnan(found.p_each[3])
    assert found.reasons[3] == "no usable segment of 30 s (no data of the therapist)"
    assert all(why == "" for k, why in enumerate(found.reasons) if k != 3)


def test_a_statistic_may_warn_of_other_things() -> None:
    def loud(x: FloatArray, y: FloatArray) -> float:
        warnings.warn("rounded", RuntimeWarning, stacklevel=1)
        return strength(x, y)

    with pytest.warns(RuntimeWarning, match="rounded"):
        pseudo_dyad_test(loads(0.0, 8), list("ABCDEFGH"), loud, n_partners=1, rng=np.random.default_rng(0))


def test_lengths_may_differ_between_sessions_but_codes_may_not_be_missing() -> None:
    rng = np.random.default_rng(1)
    many = [
        lambda n=n: tuple(autoregressive(rng, n, sfreq=1.0, tau=5.0) for _ in range(2))
        for n in range(300, 308)
    ]
    found = pseudo_dyad_test(many, list("ABCDEFGH"), strength, rng=np.random.default_rng(0))  # type: ignore[arg-type]
    assert np.isfinite(found.p)
    with pytest.raises(ValueError, match="8 sessions, but 7"):
        pseudo_dyad_test(many, list("ABCDEFG"), strength, rng=np.random.default_rng(0))  # type: ignore[arg-type]


class Signal(np.ndarray):
    """An array that tells when it is gone."""


def test_no_more_than_two_sessions_are_in_memory() -> None:
    counts = {"alive": 0, "most": 0, "loaded": 0}

    def gone() -> None:
        counts["alive"] -= 1

    def load(seed: int) -> tuple[FloatArray, FloatArray]:
        pair = [values.view(Signal) for values in session(seed, 0.0, n=300)]
        for values in pair:
            weakref.finalize(values, gone)
        counts["alive"] += 2
        counts["loaded"] += 2
        counts["most"] = max(counts["most"], counts["alive"])
        return pair[0], pair[1]

    sessions: list[Load] = [lambda seed=seed: load(seed) for seed in range(9)]  # type: ignore[misc]
    pseudo_dyad_test(sessions, list("ABCDEFGHI"), lambda x, y: 1.0, rng=np.random.default_rng(0))
    assert counts["loaded"] == 2 * 9 * 9
    assert counts["most"] <= 4
