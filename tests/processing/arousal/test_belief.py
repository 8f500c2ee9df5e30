"""Belief: no doubt of what the arousal index is made of is lost on the way to it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from processing.arousal.arousal import Arousal
from processing.arousal.person import to_json
from processing.config import PipelineConfig
from processing.index import IndexSample
from processing.metrics.day_offset import offset_measures
from tests.drawing import few
from tests.processing.arousal_rows import EXPECTED, MARKS, events, resting, rows_of, run
from tests.processing.skin_signals import comparable

CALLED = {"hr": "heart rate", "scl": "EDA", "scr_rate": "EDA"}
STEP = {"hr": 1.0, "scl": 1.0, "scr_rate": 5.0}
"""How long a row of each stands until the next [s]."""
FADES = 10 + 15
"""Seconds for which a value stays in the median, and then in the mean."""


def arousal_of() -> Arousal:
    return Arousal("client", channels_expected=EXPECTED, config=PipelineConfig())


def rows_with(
    index: str, start: float, stop: float, quality: float, why: str, seconds: int = 560
) -> list[IndexSample]:
    """Return rows of rest; those of one index whose windows end in [start, stop) have quality and reason."""
    half = {"hr": 5.0, "scl": 5.0, "scr_rate": 30.0}[index]
    return [
        r._replace(quality=quality, reason=why) if r.index == index and start <= r.time + half < stop else r
        for r in rows_of(*resting(seconds))
    ]


def test_a_response_rate_that_alone_is_in_doubt_is_one_channel_less_and_no_doubt_of_the_index() -> None:
    """Swings that hide responses hide no level: the whole index was in doubt for the rest of the hour."""
    rows = rows_with("scr_rate", 480.0, 540.0, 0.0, "swings hide responses: breath, pulse, or mains")
    got = run(arousal_of(), rows, events(MARKS), 560.0)
    late = [r for r in got if r.index in ("arousal", "arousal_state") and r.time > 465.0]
    assert len(late) > 100
    assert all(math.isfinite(r.value) and r.reason == "" for r in late)
    assert {r.quality for r in late} == {1.0, 0.8}  # of the weights, 0.4 and 0.4 are left
    bits = {r.time: r.value for r in got if r.index == "arousal_channels"}
    assert {bits[float(t)] for t in range(485, 535)} == {3.0}
    assert bits[475.0] == 7.0


@few(4)
@given(
    index=st.sampled_from(sorted(CALLED)),
    start=st.integers(470, 520),
    length=st.integers(5, 60),
    quality=st.sampled_from([0.0, 0.2, 0.7]),
    why=st.sampled_from(["", "unit looks like V, not mV"]),
)
def test_the_index_is_no_better_than_what_it_is_made_of(
    index: str, start: int, length: int, quality: float, why: str
) -> None:
    """A heart rate of quality 0 made an index of quality 1, without a reason."""
    assume(index != "scr_rate" or quality > 0.0)  # then there is one channel less
    start = 5 * (start // 5)  # a response rate comes each 5 s
    rows = rows_with(index, start, start + length, quality, why)
    got = run(arousal_of(), rows, events(MARKS), 560.0)
    assert comparable(run(arousal_of(), rows, events(MARKS), 560.0, [450.0, 503.3, 520.0])) == comparable(got)
    last = 5 * ((start + length - 1) // 5) if index == "scr_rate" else start + length - 1
    for row in got:
        if row.index not in ("arousal", "arousal_low", "arousal_high", "arousal_state") or row.time < 465.0:
            continue
        assert math.isfinite(row.value)
        if start <= row.time < last + STEP[index] + FADES - 1:
            assert row.quality <= quality
            assert not why or row.reason == f"{CALLED[index]} in doubt: {why}"
        elif row.time < start or row.time >= last + STEP[index] + FADES - 1:
            assert (row.quality, row.reason) == (1.0, "")


def test_all_doubts_are_named_and_what_is_partial_says_both() -> None:
    hr, scl, rate = resting(560)
    scl[530:], rate[530:] = np.nan, np.nan
    said = {"scl": "ohms?", "scr_rate": "ohms?", "hr": "unit looks like V, not mV"}
    rows = [
        r._replace(quality=0.0, reason=said[r.index]) if math.isfinite(r.value) and r.time > 480.0 else r
        for r in rows_of(hr, scl, rate)
    ]
    got = {r.time: r for r in run(arousal_of(), rows, events(MARKS), 560.0) if r.index == "arousal"}
    both = "heart rate in doubt: unit looks like V, not mV; EDA in doubt: ohms?"
    assert got[520.0].reason == both
    assert got[550.0].reason == f"partial: no EDA; {both.split(';')[0]}"


@pytest.mark.parametrize(("stop", "doubted"), [(80.0, False), (200.0, True)])
def test_a_baseline_in_doubt_makes_all_that_rests_on_it_so(stop: float, doubted: bool) -> None:
    """A fifth of a baseline may lack; so much may be in doubt."""
    arousal = arousal_of()
    rows = rows_with("hr", 30.0, stop, 0.0, "unit looks like V, not mV")
    got = [r for r in run(arousal, rows, events(MARKS), 560.0) if r.index == "arousal" and r.time > 500.0]
    why = "heart rate in doubt: unit looks like V, not mV"
    assert arousal.verdicts[0].accepted
    assert arousal.verdicts[0].text.endswith(why) == doubted
    assert {(r.quality, r.reason) for r in got} == {(0.0, f"baseline: {why}") if doubted else (1.0, "")}
    assert bool(json.loads(to_json({"client": arousal.session}, None))["people"]) != doubted
    [offset, _] = offset_measures(arousal.session, arousal.session)
    assert math.isnan(offset.value) == doubted
