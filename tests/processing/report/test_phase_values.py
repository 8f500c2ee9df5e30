"""Table 1: exact values from synthetic intervals, one phase and one person at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processing.config import PipelineConfig
from processing.heart.hrv import rmssd, sdnn
from processing.heart.windows import PLACING
from processing.hour.believed import rows_of
from processing.index import IndexSample, index_sample
from processing.report.phase_table import printed
from processing.report.phase_values import PhaseValues, phase_values
from processing.report.phases import Phase

WHOLE = Phase("hour", ((0.0, 1000.0),))
NORMAL = 0.0


def row(index: str, time: float, value: float, reason: str = "") -> IndexSample:
    """Return a row of the client."""
    return index_sample(time, time + 1.0, "client", index, value, 1.0, reason)


def hearts(
    intervals: Sequence[float], *, kinds: Sequence[float] | None = None, passed: bool = True
) -> list[IndexSample]:
    """Return the rows of beats that are these intervals apart [ms], the first at 1 s, and their windows."""
    times = 1.0 + np.concatenate(([0.0], np.cumsum(intervals))) / 1000.0
    classes = [NORMAL] * len(times) if kinds is None else kinds
    out = [row("ibi", times[0], math.nan, "first beat"), row("ibi_class", times[0], classes[0])]
    for t, interval, kind in zip(times[1:], intervals, classes[1:], strict=True):
        out += [row("ibi", t, interval), row("ibi_class", t, kind)]
    for t in times:
        value, reason = (40.0, "") if passed else (math.nan, "irregular rhythm")
        out += [row("rmssd", t - 30.0, value, reason), row("sdnn", t - 60.0, value, reason)]
    return out


def values(samples: Sequence[IndexSample], phase: Phase = WHOLE) -> PhaseValues:
    """Return what the client's indices were in a phase."""
    return phase_values(rows_of(samples), "client", phase, PipelineConfig())


ALTERNATING = [800.0, 840.0] * 100


def test_intervals_40_ms_apart_in_turn_give_an_rmssd_of_40_ms_and_the_heart_rate_of_their_mean() -> None:
    found = values(hearts(ALTERNATING)).values
    assert found["rmssd"].value == pytest.approx(40.0, rel=1e-9)
    assert found["rmssd"].n == 199
    assert found["lnrmssd"].value == pytest.approx(math.log(40.0), rel=1e-9)
    assert found["hr"].value == pytest.approx(60000.0 / 820.0, rel=1e-9)
    assert found["hr"].n == 200
    assert found["sdnn"].value == pytest.approx(np.std(ALTERNATING, ddof=1), rel=1e-9)


@given(st.lists(st.floats(500.0, 1200.0), min_size=150, max_size=250))
@example([96_000.0 / 155.0] * 155)
@example([640.0] * 150)
def test_any_intervals_give_what_the_definitions_give_over_all_of_them(intervals: list[float]) -> None:
    found = values(hearts(intervals))
    assert found.values["rmssd"].value == pytest.approx(rmssd(intervals), rel=1e-9, abs=1e-9)
    # At 96 s to the last bit, the order in which they are added decides.
    beyond = math.fsum(intervals) - 96_000.0
    if beyond > 1e-6:
        assert found.values["sdnn"].value == pytest.approx(sdnn(intervals), rel=1e-9, abs=1e-9)
    if beyond < -1e-6:
        assert math.isnan(found.values["sdnn"].value)
        assert found.values["sdnn"].reason == "less than 96 s of NN intervals"


def test_96_s_of_intervals_are_enough_for_an_sdnn() -> None:
    assert values(hearts([640.0] * 150)).values["sdnn"].value == pytest.approx(0.0, abs=1e-9)


def test_rmssd_of_a_phase_is_not_the_mean_of_its_windows() -> None:
    intervals = [800.0, 810.0] * 60 + [800.0, 900.0] * 60
    squares = np.diff(intervals) ** 2
    assert values(hearts(intervals)).values["rmssd"].value == pytest.approx(math.sqrt(squares.mean()))
    assert math.sqrt(squares.mean()) > 55.0 + 10.0  # the mean of one half's 10 ms and the other's 100 ms


def test_a_beat_that_is_not_normal_takes_both_its_intervals_and_every_difference_with_them() -> None:
    kinds = [NORMAL] * 201
    kinds[101] = 1.0
    intervals = list(ALTERNATING)
    intervals[100], intervals[101] = 400.0, 1240.0
    found = values(hearts(intervals, kinds=kinds))
    assert found.values["hr"].n == 198
    assert found.values["rmssd"].n == 199 - 3
    assert found.values["rmssd"].value == pytest.approx(40.0, rel=1e-9)
    assert found.odd_pct == pytest.approx(100.0 / 201.0)


def test_no_difference_is_taken_across_beats_that_are_missing() -> None:
    samples = hearts([800.0] * 60)
    later = [s._replace(time=s.time + 100.0) for s in hearts([1000.0] * 60)]
    found = values([*samples, *later])
    assert found.values["rmssd"].n == 59 + 59
    assert found.values["rmssd"].value == pytest.approx(0.0, abs=1e-9)
    assert found.values["lnrmssd"].reason == "no variation"


def test_an_interval_belongs_to_a_phase_if_both_of_its_beats_do() -> None:
    found = values(hearts([1000.0] * 100), Phase("segment", ((10.5, 50.5),)))
    assert found.values["hr"].n == 39  # beats at 11 … 50 s
    assert found.heart_pct == pytest.approx(100.0 * 39.0 / 40.0)


def test_no_difference_is_taken_between_two_spans_of_a_phase() -> None:
    touching = Phase("hour", ((0.0, 50.5), (50.5, 200.0)))
    one, two = (values(hearts([1000.0] * 100), p).values["rmssd"] for p in (WHOLE, touching))
    assert (one.n, two.n) == (99, 97)


def test_where_the_rhythm_allows_no_variability_there_is_a_heart_rate_only_and_the_reason() -> None:
    found = values(hearts(ALTERNATING, passed=False)).values
    assert found["hr"].value == pytest.approx(60000.0 / 820.0)
    for name in ("rmssd", "lnrmssd", "sdnn"):
        assert math.isnan(found[name].value)
        assert found[name].reason == "irregular rhythm"


def test_fewer_than_30_differences_are_no_rmssd() -> None:
    assert math.isnan(values(hearts([800.0] * 30)).values["rmssd"].value)
    assert values(hearts([800.0] * 30)).values["rmssd"].reason == "fewer than 30 differences of NN intervals"
    assert values(hearts([800.0, 801.0] * 16)).values["rmssd"].n == 31
    assert not math.isnan(values(hearts([800.0, 801.0] * 16)).values["rmssd"].value)


def test_means_of_windows_take_only_those_that_lie_in_the_phase() -> None:
    rows = [row("scl", float(t), float(t)) for t in range(100)]
    found = values(rows, Phase("segment", ((20.0, 40.0),))).values["scl"]
    assert (found.value, found.n) == (30.0, 11)  # windows of 10 s around 25 … 35 s


def test_responses_are_counted_per_minute_of_valid_signal() -> None:
    quality = [row("eda_quality", t + 0.5, 1.0 if t < 120 else math.nan, "flat") for t in range(240)]
    responses = [row("scr", float(t), 0.2) for t in (5, 50, 100, 250)]
    found = values([*quality, *responses], Phase("segment", ((0.0, 240.0),)))
    assert found.values["scr_rate"].value == pytest.approx(1.5)
    assert found.values["scr_rate"].n == 3
    assert found.skin_pct == pytest.approx(50.0)


def test_nothing_but_nan_gives_no_value_and_its_reason() -> None:
    rows = [row(i, float(t), math.nan, "electrode off") for t in range(200) for i in ("ibi", "hf", "scl")]
    found = values([*rows, *(row("eda_quality", float(t), 0.0, "electrode off") for t in range(200))])
    why = {name: v.reason for name, v in found.values.items()}
    assert why.pop("resp_rate") == "no heart or respiration sensor"
    assert set(why.values()) == {"electrode off"}
    assert all(math.isnan(v.value) for v in found.values.values())
    assert (found.heart_pct, found.skin_pct) == (0.0, 0.0)


def test_a_person_without_sensors_has_reasons_and_no_shares() -> None:
    found = values([])
    assert all(math.isnan(v.value) and v.reason for v in found.values.values())
    assert math.isnan(found.heart_pct) and math.isnan(found.skin_pct) and math.isnan(found.odd_pct)


def test_a_missing_value_is_a_dash_with_a_letter_whose_reason_stands_below() -> None:
    table = printed([values(hearts(ALTERNATING, passed=False))])
    cells = dict(zip(table.head, table.rows[0], strict=True))
    assert cells["HR [bpm]"] == "73.2"
    assert cells["RMSSD [ms]"] == cells["SDNN [ms]"] == "– a"
    assert cells["n"] == "200 / 0 / 0"
    assert table.reasons[0] == "a: irregular rhythm"
    assert "nan" not in str(table)


def test_what_noise_may_have_made_says_so_beside_its_value() -> None:
    doubted = [
        s._replace(reason=PLACING, quality=0.3) if s.index in ("rmssd", "sdnn") and s.time < 40.0 else s
        for s in hearts(ALTERNATING)
    ]
    found = values(doubted)
    said = {name: value.reason for name, value in found.values.items() if not math.isnan(value.value)}
    assert said["hr"] == "" and found.values["rmssd"].value == pytest.approx(40.0, rel=1e-9)
    assert said["rmssd"] == said["lnrmssd"] == f"{PLACING} for 30 % of it"
    assert said["sdnn"] == f"{PLACING} for 38 % of it"
    table = printed([found])
    assert any(cell == "40 a" or cell == "40.0 a" for cell in table.rows[0])
    assert table.reasons[0] == f"a: {PLACING} for 30 % of it"


@pytest.mark.parametrize(("hidden", "given"), [(100, False), (20, True)])
def test_responses_that_swings_hide_are_no_rate_of_a_phase(hidden: int, given: bool) -> None:
    """Those left, which stand out of the swings, were its rate without a word."""
    why = "swings hide responses: breath, pulse, or mains"
    quality = [row("eda_quality", float(t), 1.0) for t in range(1000)]
    rates = [
        index_sample(
            10.0 * k, 10.0 * k + 40.0, "client", "scr_rate", 5.0, *((0.0, why) if k < hidden else (1.0, ""))
        )
        for k in range(100)
    ]
    found = values([*quality, *rates, *[row("scr", float(t), 0.2) for t in (5, 50, 100, 250)]]).values
    assert (found["scr_rate"].value == found["scr_rate"].value) == given
    assert (why in found["scr_rate"].reason) != given
