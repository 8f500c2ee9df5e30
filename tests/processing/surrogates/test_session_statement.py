"""What the metrics of a session state about coupling: by an adjusted p, of signals that a test holds for."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.coupling.synchrony import SynchronyConfig
from processing.hour.measure import Measure
from processing.hour.timeline import timeline
from processing.index import IndexSample
from processing.surrogates import session_synchrony
from processing.surrogates.leading import Lead
from processing.surrogates.session_synchrony import synchrony_measures
from tests.processing.dyads import coupled, grid_rows

ENDS = ("p", "p_holm", "stated", "lag", "lead")
CONFIG = SynchronyConfig(slow_window=60.0)


def wearing(index: str, sfreq: float, x: FloatArray, y: FloatArray) -> list[IndexSample]:
    pairs = (("therapist", x), ("client", y))
    return [row for entity, v in pairs for row in grid_rows(index, entity, v, sfreq=sfreq)]


def found(samples: list[IndexSample], seconds: float) -> Mapping[str, Measure]:
    rows: dict[tuple[str, str], list[IndexSample]] = {}
    for sample in samples:
        rows.setdefault((sample.entity, sample.index), []).append(sample)
    line = timeline("S01", rows, [], {}, begin=0.0, end=seconds, config=PipelineConfig().arousal)
    return {m.metric: m for m in synchrony_measures(line, samples, CONFIG)}


def values(measures: Mapping[str, Measure], signal: str) -> list[float]:
    return [measures[f"sync_{signal}_{end}"].value for end in ENDS]


def levels(seed: int, lead: float, mix: float) -> list[IndexSample]:
    x, y = coupled(np.random.default_rng(seed), 1800, sfreq=1.0, lead=lead, mix=mix)
    return wearing("scl", 1.0, np.exp(0.1 * x), np.exp(0.1 * y))


def test_a_lead_is_stated_by_the_p_adjusted_over_the_signals_tested() -> None:
    of = found(levels(1, 2.0, 0.8), 1800.0)
    assert values(of, "scl") == [
        pytest.approx(1 / 1001),
        pytest.approx(2 / 1001),
        1.0,
        pytest.approx(2.0, abs=0.25),
        1.0,
    ]
    assert of["sync_sclslope_p_holm"].value == pytest.approx(2 / 1001)
    assert of["sync_scl_mean_p"].value <= 0.05


def test_a_peak_at_lag_0_is_moving_together() -> None:
    of = found(levels(2, 0.0, 0.8), 1800.0)
    assert of["sync_scl_stated"].value == 1.0
    assert of["sync_scl_lead"].value == 0.0
    assert of["sync_scl_lag"].value == pytest.approx(0.0, abs=0.25)


def test_uncoupled_people_have_a_p_and_neither_statement_nor_leader() -> None:
    of = found(levels(3, 0.0, 0.0), 1800.0)
    assert of["sync_scl_stated"].value == 0.0
    assert of["sync_scl_p_holm"].value > 0.05
    for end in ("lead", "lag"):
        assert math.isnan(of[f"sync_scl_{end}"].value)
        assert of[f"sync_scl_{end}"].reason == "coupling not stated"


@pytest.mark.parametrize(
    ("index", "signal", "why"),
    [
        ("lnrmssd", "lnrmssd", "too short to test"),
        ("f0_shift", "f0", "heard only in turns"),
        ("intensity_shift", "intensity", "heard only in turns"),
    ],
)
def test_the_same_course_in_both_is_not_stated_where_no_test_holds(index: str, signal: str, why: str) -> None:
    x = coupled(np.random.default_rng(4), 1800, sfreq=1.0, lead=0.0, mix=1.0)[0]
    of = found(wearing(index, 1.0, x, x), 1800.0)
    assert np.isnan(values(of, signal)).all()
    assert {of[f"sync_{signal}_{end}"].reason for end in ENDS} == {why}
    assert all(math.isfinite(of[f"sync_{signal}_{end}"].value) for end in ("z", "es_perm", "mean_p"))


@pytest.mark.parametrize(
    ("p", "stated"), [(0.025, 1.0), (0.0251, 0.0)], ids=["twice it is .05", "twice it is more"]
)
def test_the_error_is_shared_by_the_signals_that_are_there(
    monkeypatch: pytest.MonkeyPatch, p: float, stated: float
) -> None:
    def leading(*_: object, **__: object) -> Lead:
        return Lead(lag=2.0, interval=(1.9, 2.1), leader="client", p_coupling=p, p_lead=0.01, n_segments=60)

    monkeypatch.setattr(session_synchrony, "lead", leading)
    of = found(levels(5, 0.0, 0.0), 1800.0)
    assert of["sync_scl_p_holm"].value == pytest.approx(2 * p)
    assert of["sync_scl_stated"].value == of["sync_sclslope_stated"].value == stated
    np.testing.assert_equal(of["sync_scl_lead"].value, -1.0 if stated else math.nan)


def test_an_hour_shorter_than_a_segment_says_so() -> None:
    of = found(levels(6, 0.0, 0.8)[:20] + levels(6, 0.0, 0.8)[1800:1820], 19.0)
    assert {of[f"sync_scl_{end}"].reason for end in ENDS} == {"the hour is shorter than a segment"}
