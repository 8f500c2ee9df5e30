"""Synchrony as session metrics: per signal, per marked part, and mirrored when the people are exchanged."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.index import IndexSample
from processing.offline.measure import Measure
from processing.offline.session_synchrony import DEFINITIONS, synchrony_measures
from processing.synchrony import SynchronyConfig
from tests.processing.dyads import coupled, grid_rows


def rows(seed: int, *, swapped: bool = False) -> list[IndexSample]:
    x, y = coupled(np.random.default_rng(seed), 4800, sfreq=4.0, lead=2.0, mix=0.7)
    names = ("client", "therapist") if swapped else ("therapist", "client")
    beats: list[FloatArray] = [60_000.0 / (70.0 + 4.0 * v) for v in (x, y)]
    return [s for e, v in zip(names, beats, strict=True) for s in grid_rows("ibi", e, v, sfreq=4.0)]


def measures(samples: list[IndexSample]) -> dict[str, Measure]:
    found = synchrony_measures(
        samples,
        session_id="S01",
        config=SynchronyConfig(),
        spans={"topic": [(100.0, 500.0), (600.0, 700.0)], "break": [(0.0, 40.0)]},
        signals=("hr", "scl"),
    )
    return {m.metric: m for m in found}


def test_a_coupled_session_has_a_lag_a_leader_and_an_adjusted_p() -> None:
    found = measures(rows(1))
    assert found["sync_hr_p"].value == found["sync_hr_q"].value == pytest.approx(1 / 1001)
    assert found["sync_hr_lag"].value == pytest.approx(2.0, abs=0.25)
    assert found["sync_hr_lag"].ci_low <= 2.0 <= found["sync_hr_lag"].ci_high
    assert found["sync_hr_leader"].value == 1.0
    assert found["sync_hr_p_topic"].value <= 0.05
    assert found["sync_hr_p_topic"].n == 12 + 3
    assert "8 are needed" in found["sync_hr_p_break"].reason


def test_a_signal_that_is_not_there_has_no_values_and_says_why() -> None:
    found = measures(rows(2))
    for name in ("sync_scl_p", "sync_scl_lag", "sync_scl_p_topic"):
        assert np.isnan(found[name].value)
        assert found[name].reason == "no data of both people"
    assert np.isnan(found["sync_scl_q"].value)


def test_exchanging_the_people_flips_lag_and_leader_and_nothing_else() -> None:
    there, back = measures(rows(3)), measures(rows(3, swapped=True))
    for name, one in there.items():
        sign = -1.0 if name in ("sync_hr_lag", "sync_hr_leader") else 1.0
        assert back[name].value == pytest.approx(sign * one.value, abs=1e-9, nan_ok=True), name


def test_every_metric_has_a_definition() -> None:
    for name in measures(rows(4)):
        assert any(d.matches(name) for d in DEFINITIONS), name
