"""What the metrics of a session state about coupling: by an adjusted p, of signals that a test holds for."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.coupling.deciding import Decision
from processing.coupling.synchrony import SynchronyConfig
from processing.hour.measure import Measure
from processing.hour.timeline import timeline
from processing.index import IndexSample
from processing.surrogates import session_synchrony, whole_hour
from processing.surrogates.leading import Lead
from processing.surrogates.session_synchrony import coupling
from tests.processing.dyads import coupled, grid_rows

ENDS = ("p", "p_holm", "stated", "lag", "lead")
CONFIG = SynchronyConfig(slow_window=60.0)


def wearing(index: str, sfreq: float, x: FloatArray, y: FloatArray) -> list[IndexSample]:
    """Return index samples of two people of whom nobody speaks."""
    pairs = (("therapist", x), ("client", y))
    silence = np.zeros(int(len(x) / sfreq) + 1)
    return [
        row
        for entity, v in pairs
        for row in (
            *grid_rows(index, entity, v, sfreq=sfreq),
            *grid_rows("speaking", entity, silence, sfreq=1.0),
        )
    ]


def found(
    samples: list[IndexSample], seconds: float, events: tuple[Event, ...] = ()
) -> Mapping[str, Measure]:
    rows: dict[tuple[str, str], list[IndexSample]] = {}
    for sample in samples:
        rows.setdefault((sample.entity, sample.index), []).append(sample)
    line = timeline("S01", rows, events, {}, begin=0.0, end=seconds, config=PipelineConfig().arousal)
    return {m.metric: m for m in coupling(line, rows, CONFIG).measures}


def values(measures: Mapping[str, Measure], signal: str) -> list[float]:
    return [measures[f"sync_{signal}_{end}"].value for end in ENDS]


def levels(seed: int, lead: float, mix: float) -> list[IndexSample]:
    x, y = coupled(np.random.default_rng(seed), 1800, sfreq=1.0, lead=lead, mix=mix)
    return wearing("scl", 1.0, np.exp(0.1 * x), np.exp(0.1 * y))


def test_a_lead_is_stated_by_the_p_adjusted_over_the_signals_tested() -> None:
    of = found(levels(1, 2.0, 0.8), 1800.0)
    assert values(of, "scl") == [
        pytest.approx(0.0, abs=1e-6),
        pytest.approx(0.0, abs=1e-6),
        1.0,
        pytest.approx(2.0, abs=0.25),
        1.0,
    ]
    both = sorted(of[f"sync_{signal}_p"].value for signal in ("scl", "sclslope"))
    assert max(of[f"sync_{s}_p_holm"].value for s in ("scl", "sclslope")) == max(2.0 * both[0], both[1])
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
    decided = Decision(p=p, p_permuted=p, p_shifted=p, p_lead=0.01, side=-1, lag=-2, n=60)
    who = Lead(lag=-2.0, interval=(-2.1, -1.9), leader="client", p_coupling=p, p_lead=0.01, n_segments=60)
    monkeypatch.setattr(whole_hour, "decide", lambda _: decided)
    monkeypatch.setattr(session_synchrony, "lead_of", lambda *_, **__: who)
    of = found(levels(5, 0.0, 0.0), 1800.0)
    assert of["sync_scl_p_holm"].value == pytest.approx(2 * p)
    assert of["sync_scl_stated"].value == of["sync_sclslope_stated"].value == stated
    np.testing.assert_equal(of["sync_scl_lead"].value, -1.0 if stated else math.nan)


def test_an_hour_shorter_than_a_segment_says_so() -> None:
    rows = levels(6, 0.0, 0.8)
    of = found([row for row in rows if row.time < 19.0], 19.0)
    assert {of[f"sync_scl_{end}"].reason for end in ENDS} == {"the hour is shorter than a segment"}


def test_without_a_speech_record_nothing_is_stated_and_the_reason_says_so() -> None:
    rows = [row for row in levels(7, 2.0, 0.8) if row.index != "speaking" or row.entity == "client"]
    of = found(rows, 1800.0)
    for end in (*ENDS, "used_pct", "raw_p", "silent_p", "stability", "agree_pct"):
        assert math.isnan(of[f"sync_scl_{end}"].value)
        assert of[f"sync_scl_{end}"].reason == "no speech record"
    assert math.isfinite(of["sync_scl_z"].value)
    assert math.isfinite(of["sync_scl_mean_p"].value)


def test_segments_with_common_events_are_left_out_and_what_is_left_is_said() -> None:
    claps = tuple(
        Event(time=t, code="sync_mark", actor="tech", id=f"clap {t:g}") for t in (400.0, 900.0, 1300.0)
    )
    whole, less = found(levels(8, 2.0, 0.8), 1800.0), found(levels(8, 2.0, 0.8), 1800.0, claps)
    assert whole["sync_scl_used_pct"].value == 100.0
    assert whole["sync_scl_silent_p"].value < 1e-6  # nobody speaks all the hour
    assert whole["sync_scl_client_talk_p"].reason == "too little of the hour in this state"
    n = whole["sync_scl_p"].n
    assert n - 7 <= less["sync_scl_p"].n <= n - 4  # the others begin anew after each
    assert less["sync_scl_used_pct"].value == pytest.approx(100.0 * less["sync_scl_p"].n / n)
    assert less["sync_scl_z"].value == whole["sync_scl_z"].value
    every = tuple(
        Event(time=t, code="beep", source="lsl", id=f"beep {t:g}") for t in np.arange(0.0, 1800.0, 20.0)
    )
    none = found(levels(8, 2.0, 0.8), 1800.0, every)
    assert none["sync_scl_stated"].reason == "too few segments clear of common events"


def test_a_lag_that_stays_is_more_stable_than_chance_and_one_of_noise_is_not() -> None:
    of, noise = found(levels(9, 2.0, 0.9), 1800.0), found(levels(10, 0.0, 0.0), 1800.0)
    assert of["sync_scl_stability"].value > 0.8
    assert of["sync_scl_stability_chance"].value > 0.8
    apart = noise["sync_scl_stability"].value - noise["sync_scl_stability_chance"].value
    assert abs(apart) < 0.25
    assert noise["sync_scl_stability_chance"].value < 0.7


def test_other_settings_stand_beside_and_agree_where_the_coupling_is_plain() -> None:
    samples = levels(11, 2.0, 0.8)
    rows: dict[tuple[str, str], list[IndexSample]] = {}
    for sample in samples:
        rows.setdefault((sample.entity, sample.index), []).append(sample)
    line = timeline("S01", rows, [], {}, begin=0.0, end=1800.0, config=PipelineConfig().arousal)
    of = coupling(line, rows, CONFIG)
    mine = [row for row in of.settings if row.signal == "scl"]
    assert len(mine) == 4 * 3 * 2 * 2
    assert {row.max_lag for row in mine} == {2.0, 5.0, 10.0}
    deciding = [row for row in mine if row.decides]
    assert [(r.window, r.max_lag, r.straightened, r.statistic) for r in deciding] == [
        (30.0, 5.0, True, "peak")
    ]
    measures = {m.metric: m for m in of.measures}
    assert measures["sync_scl_agree_pct"].value > 80.0
    assert measures["sync_scl_p"].value < 1e-6
    assert deciding[0].p < 1e-4
