"""Agreement of any number of raters: the published worked examples, and over sessions."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.event import Event
from acquisition.events.overlay import Edit, rater_file
from acquisition.events.overlay_file import append_edits
from processing.codings.agreement import cohen_kappa
from processing.codings.reliability import NOTHING_VARIES, alpha, icc
from processing.codings.several import CodedSession, agreement_of_several
from processing.commands.events import events_command
from processing.hour.timeline import Interval
from tests.processing.marked import BEGIN, write_marked

NAN = math.nan
SHROUT_FLEISS = np.array(
    [[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
"""Shrout & Fleiss (1979), table 2: six targets, four judges."""
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
"""Krippendorff (2011), section C: four observers, twelve units, some left out."""


def test_icc_of_shrout_and_fleiss() -> None:
    found = icc(SHROUT_FLEISS)
    assert (found.single, found.mean) == pytest.approx((0.29, 0.62), abs=0.005)
    # The interval that R's psych::ICC gives for the same table.
    assert (found.low, found.high) == pytest.approx((0.07, 0.93), abs=0.01)
    assert (found.targets, found.raters) == (6, 4)


def test_icc_leaves_out_targets_that_a_rater_did_not_judge() -> None:
    more = np.vstack([SHROUT_FLEISS, [3.0, NAN, 1.0, 2.0]])
    assert icc(more) == icc(SHROUT_FLEISS)


def test_icc_of_raters_that_agree_wholly_is_one_and_of_nothing_has_a_reason() -> None:
    assert icc(np.array([[1.0, 1.0], [3.0, 3.0], [4.0, 4.0]])).mean == pytest.approx(1.0)
    assert icc(np.full((5, 3), 2.0)).reason == NOTHING_VARIES
    one = icc(np.array([[1.0, 2.0, 3.0]]))
    assert math.isnan(one.mean) and one.reason.startswith("1 judged by all 3 raters")


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 6), st.integers(2, 4), st.integers(0, 1000))
def test_icc_does_not_depend_on_the_order_of_raters_or_targets_and_lies_in_its_interval(
    n: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, k)) + rng.normal(size=(n, 1))
    found = icc(table)
    turned = icc(table[rng.permutation(n)][:, rng.permutation(k)])
    assert found.mean == pytest.approx(turned.mean, nan_ok=True)
    if math.isnan(found.mean):
        assert found.reason
        return
    assert found.mean <= 1.0
    if math.isfinite(found.low) and math.isfinite(found.high):
        assert found.low - 1e-9 <= found.mean <= found.high + 1e-9


def test_alpha_of_krippendorffs_four_observers() -> None:
    assert alpha(KRIPPENDORFF)[0] == pytest.approx(0.743, abs=0.0005)
    assert alpha(KRIPPENDORFF, "interval")[0] == pytest.approx(0.849, abs=0.0005)


def test_alpha_of_krippendorffs_two_observers() -> None:
    meg, owen = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert alpha(np.array([meg, owen], float))[0] == pytest.approx(0.095, abs=0.0005)
    ben, gerry = "aabbdcccedda", "babbbccceddd"
    named = np.array([[ord(c) for c in said] for said in (ben, gerry)], float)
    assert alpha(named)[0] == pytest.approx(0.692, abs=0.0005)


def test_alpha_without_variation_or_a_second_rater_has_a_reason() -> None:
    assert alpha(np.zeros((2, 10)))[1] == NOTHING_VARIES
    assert alpha(np.array([[1.0, 0.0], [NAN, NAN]]))[1] == "no unit was judged by two raters"


def span(start: float, stop: float, value: float | None = None, *, censored: bool = False) -> Interval:
    return Interval(
        code="over_observed", actor="client", start=start, stop=stop, value=value, censored=censored
    )


def test_over_sessions_kappa_is_of_all_bins_and_icc_of_what_each_session_holds() -> None:
    sessions = [
        CodedSession(
            name=f"s{k}",
            seconds=600.0,
            by_rater={
                "R1": [span(60.0 * i, 60.0 * i + 30.0) for i in range(k)],
                "R2": [span(60.0 * i, 60.0 * i + 30.0) for i in range(k)],
            },
        )
        for k in (1, 3, 6)
    ]
    (found,) = agreement_of_several(sessions, ("R1", "R2"))
    assert (found.kappa, found.alpha, found.sessions) == (1.0, 1.0, 3)
    assert found.count.mean == pytest.approx(1.0) and found.minutes.mean == pytest.approx(1.0)
    assert found.times == {"R1": 10, "R2": 10}


def test_a_rater_who_did_not_code_a_session_is_missing_and_not_silent() -> None:
    both = {"R1": [span(0.0, 60.0)], "R2": [span(0.0, 60.0)]}
    alone = {"R1": [span(0.0, 300.0)]}
    sessions = [
        CodedSession(name="a", seconds=600.0, by_rater=both),
        CodedSession(name="b", seconds=600.0, by_rater=alone),
    ]
    (found,) = agreement_of_several(sessions, ("R1", "R2"))
    assert (found.kappa, found.sessions) == (1.0, 1)
    silent = [sessions[0], CodedSession(name="b", seconds=600.0, by_rater=alone | {"R2": []})]
    (said,) = agreement_of_several(silent, ("R1", "R2"))
    assert said.kappa < 0.5 and said.sessions == 2


def test_kappa_of_three_is_the_mean_of_the_pairs() -> None:
    spans = {"R1": [span(0.0, 100.0)], "R2": [span(0.0, 120.0)], "R3": [span(50.0, 100.0)]}
    (found,) = agreement_of_several(
        [CodedSession(name="", seconds=600.0, by_rater=spans)], ("R1", "R2", "R3")
    )
    held = [np.repeat([s <= k < e for k in range(120)], 1) for s, e in ((0, 20), (0, 24), (10, 20))]
    each = [cohen_kappa(held[i], held[j])[0] for i, j in ((0, 1), (0, 2), (1, 2))]
    assert found.kappa == pytest.approx(float(np.mean(each)))
    assert found.count.reason.startswith("1 judged by all 3 raters")


def test_values_that_differ_by_one_agree_more_than_values_that_differ_by_four() -> None:
    def values(second: list[float]) -> float:
        first = [1.0, 2.0, 3.0, 4.0, 5.0, 1.0]
        rated = {
            r: [span(60.0 * i, 60.0 * i + 20.0, v) for i, v in enumerate(mine)]
            for r, mine in (("R1", first), ("R2", second))
        }
        return agreement_of_several([CodedSession(name="", seconds=400.0, by_rater=rated)], ("R1", "R2"))[
            0
        ].alpha_values

    assert values([1.0, 2.0, 3.0, 4.0, 5.0, 1.0]) == pytest.approx(1.0)
    assert 0.8 < values([2.0, 2.0, 3.0, 4.0, 5.0, 1.0]) < 1.0
    assert values([5.0, 4.0, 3.0, 2.0, 1.0, 5.0]) < 0.0


def test_intervals_that_were_never_closed_are_named_by_rater() -> None:
    rated = {"R1": [span(0.0, 60.0)], "R2": [span(0.0, 600.0, censored=True)]}
    (found,) = agreement_of_several([CodedSession(name="", seconds=600.0, by_rater=rated)], ("R1", "R2"))
    assert found.still_open == {"R2": 1}


def coded(rater: str, at: float) -> Edit:
    fields = {"time": BEGIN + at, "code": "now_moment", "rater": rater}
    return Edit(op="add", id=f"{rater}{at}", fields=fields, who=rater, when="t", why="coded")


def test_the_command_compares_three_raters_over_two_recordings(tmp_path: Path) -> None:
    for name, moments in (("a", (60.0, 300.0)), ("b", (100.0,))):
        live = [Event(time=BEGIN + t, code="now_moment", rater="R1", id=f"{name}{t}") for t in moments]
        recording = write_marked(tmp_path / name, live)
        append_edits(rater_file(recording, "R2"), [coded("R2", t + 1.0) for t in moments])
        if name == "a":
            append_edits(rater_file(recording, "R3"), [coded("R3", 62.0)])
    words = [
        "agree",
        "R1",
        "R2",
        "R3",
        "--recording",
        str(tmp_path / "a"),
        "--recording",
        str(tmp_path / "b"),
    ]
    text = CliRunner().invoke(events_command, words)
    assert text.exit_code == 0, text.output
    assert "b: not coded by R3" in text.stderr and "R1 3, R2 3, R3 1" in text.stdout
    answer = json.loads(CliRunner().invoke(events_command, [*words, "--json"]).stdout)
    (row,) = answer["codes"]
    assert answer["coded"] == {"a": ["R1", "R2", "R3"], "b": ["R1", "R2"]}
    assert row["sessions"] == 2 and row["count"]["mean"] is None and 0.0 < row["alpha"] < 1.0


def test_a_recording_that_nobody_of_these_coded_is_named(tmp_path: Path) -> None:
    place = write_marked(tmp_path / "a", [Event(time=BEGIN, code="now_moment", rater="R1", id="a")])
    other = write_marked(tmp_path / "b", [])
    words = ["agree", "R1", "R2", "--recording", str(place), "--recording", str(other)]
    result = CliRunner().invoke(events_command, words)
    assert result.exit_code == 1 and "b: nothing of R1, R2" in result.stderr
    once = CliRunner().invoke(events_command, ["agree", "R1"])
    assert once.exit_code == 2 and "two raters or more" in once.output
