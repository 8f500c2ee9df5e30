"""Responses to marks: what is drawn, what is inferred, and what is not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.hour.measure import Measure
from processing.report import text
from processing.responses import event_locked
from processing.responses.event_locked import Response
from processing.responses.matching import TOO_FEW, Effect
from tests.processing.hours import line, person, wandering


def named(measures: list[Measure]) -> dict[str, Measure]:
    return {m.metric: m for m in measures}


def marks(onsets: FloatArray, code: str = "now_moment") -> list[Event]:
    return [Event(time=t, code=code, id=f"{code} {t}") for t in onsets.tolist()]


def pushed(onsets: FloatArray, size: float) -> FloatArray:
    a = wandering(3600, 20.0, 0.3, np.random.default_rng(5))
    for moment in onsets.astype(int):
        a[moment : moment + 60] += size
    return a


def inferred(a: FloatArray, onsets: FloatArray, code: str = "now_moment") -> dict[str, Measure]:
    found = event_locked.responses(line({"client": person(a)}, points=marks(onsets, code)))
    return named(event_locked.response_measures(found, "client", "S01"))


def test_a_response_of_known_size_is_found_and_one_of_nothing_is_not() -> None:
    onsets = np.arange(300.0, 3300.0, 300.0)
    there, none = (inferred(pushed(onsets, size), onsets) for size in (1.0, 0.0))
    assert there["response_arousal_now_moment"].n == 10
    got = there["response_arousal_now_moment_matched"]
    assert got.ci_low < 1.0 < got.ci_high and got.ci_low > 0.3
    assert there["response_arousal_now_moment_p_fdr"].value <= 0.05
    assert none["response_arousal_now_moment_p_fdr"].value > 0.05
    assert abs(none["response_arousal_now_moment"].value) < 0.4


@pytest.mark.parametrize("code", ["felt_over", "over_observed", "under_observed", "auto_above", "settled"])
def test_a_code_that_reports_what_is_measured_is_described_and_never_tested(code: str) -> None:
    onsets = np.arange(300.0, 3300.0, 300.0)
    got = inferred(pushed(onsets, 1.0), onsets, code)
    assert math.isfinite(got[f"response_arousal_{code}"].value)
    for kind in ("matched", "p", "p_fdr"):
        assert math.isnan(got[f"response_arousal_{code}_{kind}"].value)
        assert "not tested" in got[f"response_arousal_{code}_{kind}"].reason


def test_p_is_adjusted_over_all_tests_of_both_people() -> None:
    onsets = np.arange(300.0, 3300.0, 300.0)
    both = {
        e: person(pushed(onsets, 1.0), entity=e, hr=wandering(3600, 20.0, 1.0, np.random.default_rng(k)))
        for k, e in enumerate(("client", "therapist"))
    }
    found = event_locked.responses(line(both, points=marks(onsets) + marks(onsets, "felt_over")))
    tested = [r for r in found if r.tested]
    assert {r.code for r in tested} == {"now_moment"} and len(tested) == 4
    assert {r.n_tests for r in found} == {4}
    p = sorted(r.effect.p for r in tested)
    assert max(r.p_fdr for r in tested) == pytest.approx(p[-1])
    assert all(r.p_fdr >= r.effect.p for r in tested)
    assert (
        named(event_locked.response_measures(found, "client", "S01"))["response_hr_now_moment_p_fdr"].n == 4
    )


def test_one_bout_of_marks_is_one_mark_and_too_few_to_compare() -> None:
    onsets = np.arange(300.0, 2300.0, 40.0)
    got = inferred(pushed(onsets[:1], 1.0), onsets)["response_arousal_now_moment_p"]
    assert math.isnan(got.value) and got.reason == TOO_FEW


def test_the_report_speaks_from_the_adjusted_p_with_the_number_of_tests_and_the_doubt() -> None:
    effect = Effect(value=-1.4, se=0.5, low=-2.4, high=-0.4, p=0.001, sets=9, marks=12)
    r = Response(
        entity="client", code="int_support", signal="arousal", epochs=np.zeros((9, 241)), n_events=12,
        effect=effect, p_fdr=0.2, n_tests=30,
    )  # fmt: skip
    first, doubt, *_ = text.inferred([r], "int_support")
    assert "no other course was found" in first and "30 tests" in first and "9 of 12 marks" in first
    assert "index does not hold" in doubt
    (first, *_) = text.inferred([replace(r, p_fdr=0.01)], "int_support")
    assert "another course than after comparable moments" in first
    few = replace(r, effect=Effect(reason=TOO_FEW), p_fdr=math.nan)
    assert text.inferred([few], "int_support") == ["Nothing is stated: too few comparable moments."]
    assert text.inferred([r, few], "int_support")[2].startswith("Nothing is stated of client")


def test_epochs_with_too_little_data_are_left_out() -> None:
    series = np.zeros(1000)
    series[500:550] = np.nan
    assert len(event_locked.cut(series, np.arange(1000.0), np.array([300.0, 480.0, 700.0]))) == 2
    assert len(event_locked.cut(series, np.arange(1000.0), np.array([10.0, 990.0]))) == 0


def test_fewer_than_five_events_give_traces_and_no_number() -> None:
    marks = [Event(time=300.0 * k, code="insight", id=str(k)) for k in range(1, 5)]
    (response,) = event_locked.responses(line({"client": person(np.zeros(3000))}, points=marks))
    assert len(response.epochs) == 4
    assert len(response.mean) == 0
    (got,) = event_locked.response_measures([response], "client", "S01")
    assert "5 are needed" in got.reason


def test_mne_takes_the_epochs() -> None:
    marks = [Event(time=300.0 * k, code="insight", id=str(k)) for k in range(1, 7)]
    series = wandering(3000, 30.0, 1.0, np.random.default_rng(1))
    (response,) = event_locked.responses(line({"client": person(series)}, points=marks))
    epochs = event_locked.mne_epochs(response)
    assert epochs.get_data().shape == (6, 1, 241)
    assert np.allclose(epochs.get_data()[:, 0], response.epochs)
    assert epochs.times[0] == -60.0
