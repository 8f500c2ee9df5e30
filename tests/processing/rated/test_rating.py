"""Ratings as a stream: known answers, scales, and reasons where a second says nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from processing.catalogue import emitted
from processing.index import IndexSample
from processing.rated.seconds import FEW, NO_DATA, OUTSIDE, second
from tests.processing.sessions import START, SimulatedSession, run

DIAL = StreamInfo(
    name="dial",
    role=Role.CLIENT,
    modality=Modality.RATING,
    sfreq=20.0,
    unit="0..10",
    channels=("less … more",),
)
TIMES = np.arange(START, START + 60.0, 0.05)


def rated(
    values: FloatArray, info: StreamInfo = DIAL, times: FloatArray = TIMES
) -> dict[str, list[IndexSample]]:
    session = SimulatedSession(infos=(info,), data=((times, values.reshape(len(times), -1)),), events=())
    out: dict[str, list[IndexSample]] = {}
    for row in run(session):
        if row.time < START + 60.0:
            out.setdefault(row.index, []).append(row)
    return out


def test_a_ramp_on_a_scale_has_its_mean_and_slope_from_minus_1_to_1() -> None:
    rows = rated((TIMES - START) / 6.0)  # 0 to 10 in a minute
    assert set(rows) == {"rating", "rating_gradient"}
    for row in rows["rating"][2:-2]:
        assert row.value == pytest.approx((row.time - START) / 30.0 - 1.0, abs=2e-3)
        assert (row.quality, row.reason) == (1.0, "")
    assert rows["rating_gradient"][5].value == pytest.approx(1.0 / 30.0)


def test_a_scale_without_ends_stays_as_it_is() -> None:
    rows = rated(40.0 * np.ones(len(TIMES)), replace(DIAL, unit="unbounded"))
    assert rows["rating"][5].value == pytest.approx(40.0)
    assert rows["rating_gradient"][5].value == pytest.approx(0.0)


def test_what_is_not_on_the_scale_or_not_there_has_a_reason() -> None:
    values = np.full(len(TIMES), 5.0)
    values[TIMES >= START + 30.0] = 87.0
    values[TIMES < START + 10.0] = np.nan
    kept = (TIMES < START + 20.0) | (TIMES >= START + 24.0)
    rows = {round(r.time): r for r in rated(values[kept], times=TIMES[kept])["rating"]}
    begin = math.ceil(START)
    assert {rows[begin + k].reason for k in (3, 21, 35)} == {NO_DATA, OUTSIDE}
    assert rows[begin + 15].value == pytest.approx(0.0)
    assert all(math.isnan(rows[begin + k].value) and rows[begin + k].quality == 0.0 for k in (3, 21, 35))


def test_half_a_second_is_needed_unless_samples_come_only_with_changes() -> None:
    times = np.arange(6) / 20.0
    assert second(times, np.zeros(6), 20.0, bounded=True).reason == FEW
    assert second(times, np.zeros(6), 0.0, bounded=True).mean == 0.0
    assert second(times[:1], np.zeros(1), 0.0, bounded=True).slope_reason


def test_two_axes_have_indices_of_their_own_and_one_axis_has_none_of_the_second() -> None:
    two = replace(DIAL, channels=("less … more", "far … near"))
    assert ("rating2", "") in emitted([two])["client"]
    assert "rating2" not in dict(emitted([DIAL])["client"])
    rows = rated(np.column_stack((np.full(len(TIMES), 5.0), np.full(len(TIMES), 10.0))), two)
    assert rows["rating2"][3].value == pytest.approx(1.0)
