"""Agreement of raters: known answers, another library's kappa, every order of search, and the command."""

from __future__ import annotations

import itertools
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
from processing.codings.agreement import agreements, chance_match, cohen_kappa, matched, occupied
from processing.commands.events import events_command
from processing.hour.timeline import Interval
from tests.processing.marked import BEGIN, write_marked


def point(at: float, code: str = "now_moment") -> Interval:
    return Interval(code=code, actor="dyad", start=at, stop=at)


def span(start: float, stop: float) -> Interval:
    return Interval(code="over_observed", actor="client", start=start, stop=stop)


def test_kappa_of_cohens_two_by_two_table() -> None:
    # 20 both, 5 only A, 10 only B, 15 neither: observed 0.7, expected 0.5
    a = np.repeat([True, True, False, False], [20, 5, 10, 15])
    b = np.repeat([True, False, True, False], [20, 5, 10, 15])
    assert cohen_kappa(a, b) == pytest.approx((0.4, 0.7, 0.5))


def test_kappa_is_that_of_statsmodels() -> None:
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(3)
    for share in (0.02, 0.3, 0.9):
        a = rng.random(720) < share
        b = np.where(rng.random(720) < 0.8, a, rng.random(720) < share)
        table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
        assert cohen_kappa(a, b)[0] == pytest.approx(cohens_kappa(np.array(table)).kappa)


def test_kappa_of_two_who_both_have_it_everywhere_is_not_defined() -> None:
    (got,) = agreements([span(0.0, 60.0)], [span(0.0, 60.0)], 60.0)
    assert math.isnan(got.kappa)
    assert got.observed == 1.0
    assert got.reason.startswith("both have it in every bin")


def test_an_interval_that_was_never_closed_is_named() -> None:
    left = Interval(code="over_observed", actor="client", start=30.0, stop=60.0, censored=True)
    (got,) = agreements([span(30.0, 60.0)], [left], 60.0)
    assert (got.open_a, got.open_b, got.kappa) == (0, 1, 1.0)
    assert got.reason == "never closed by B, taken to the end: 1"
    assert got.alpha == pytest.approx(1.0)


def test_a_point_holds_the_bin_it_lies_in() -> None:
    assert np.flatnonzero(occupied([point(0.0), point(14.9), point(15.0)], 22.0)).tolist() == [0, 2, 3]
    assert np.flatnonzero(occupied([point(21.9)], 22.0)).tolist() == [4]


def test_an_interval_holds_the_bins_it_covers_by_half_and_at_least_one() -> None:
    assert np.flatnonzero(occupied([span(2.5, 17.4)], 30.0)).tolist() == [0, 1, 2]
    assert np.flatnonzero(occupied([span(2.6, 17.6)], 30.0)).tolist() == [1, 2, 3]
    assert np.flatnonzero(occupied([span(11.0, 11.5)], 30.0)).tolist() == [2]
    assert np.flatnonzero(occupied([span(20.0, 90.0)], 22.0)).tolist() == [4]


def test_moments_are_matched_one_to_one_within_ten_seconds() -> None:
    a, b = np.array([10.0, 100.0, 200.0]), np.array([20.0, 20.5, 111.0, 195.0])
    assert matched(a, b) == [(0, 0), (2, 3)]


def test_as_many_pairs_as_possible_even_where_the_nearest_would_take_one_away() -> None:
    assert matched(np.array([0.0, 9.0]), np.array([8.0, 18.0])) == [(0, 0), (1, 1)]


@given(st.lists(st.integers(0, 60), max_size=5), st.lists(st.integers(0, 60), max_size=5), st.integers(0, 15))
@settings(max_examples=40, deadline=None)
def test_no_other_pairing_is_better(x: list[int], y: list[int], tolerance: int) -> None:
    a, b = np.sort(np.array(x, float)), np.sort(np.array(y, float))
    got = matched(a, b, tolerance)
    assert all(abs(b[j] - a[i]) <= tolerance for i, j in got)
    assert len({i for i, _ in got}) == len({j for _, j in got}) == len(got)
    best = max(
        (
            (n, -sum(abs(b[j] - a[i]) for i, j in zip(chosen, order, strict=True)))
            for n in range(min(len(a), len(b)) + 1)
            for chosen in itertools.combinations(range(len(a)), n)
            for order in itertools.permutations(range(len(b)), n)
            if all(abs(b[j] - a[i]) <= tolerance for i, j in zip(chosen, order, strict=True))
        ),
        default=(0, 0.0),
    )
    assert (len(got), -sum(abs(b[j] - a[i]) for i, j in got)) == pytest.approx(best)


def test_two_who_mark_a_minute_apart_match_no_better_than_chance() -> None:
    a = np.arange(0.0, 3600.0, 60.0)
    (got,) = agreements([point(t) for t in a], [point(t + 30.0) for t in a], 3600.0)
    assert got.matched == 0
    assert got.match_chance == pytest.approx(5 / 12, abs=0.02)  # 5 of 12 shifts lie within 10 s
    assert got.kappa < 0.0


def test_chance_needs_a_session_of_two_minutes() -> None:
    assert math.isnan(chance_match(np.array([1.0]), np.array([1.0]), 100.0))


def test_exchanging_the_raters_turns_only_the_delay() -> None:
    a, b = [point(10.0), point(400.0)], [point(13.0), point(200.0), point(405.0)]
    (one,), (two,) = agreements(a, b, 600.0), agreements(b, a, 600.0)
    assert (one.kappa, one.matched, one.match, one.delay) == (two.kappa, two.matched, two.match, -two.delay)
    assert (one.delay, one.match) == (4.0, 0.8)


def test_a_code_that_one_rater_never_set_is_said() -> None:
    (got,) = agreements([point(10.0)], [], 600.0)
    assert (got.kappa, got.matched, got.reason) == (0.0, 0, "only A set it")
    assert math.isnan(got.delay)


def coded(rater: str, at: float, code: str = "now_moment") -> Edit:
    fields = {"time": BEGIN + at, "code": code, "rater": rater}
    return Edit(op="add", id=f"{rater}{at}", fields=fields, who=rater, when="t", why="coded")


def test_the_command_compares_blind_files_raters_of_one_recording_and_tables(tmp_path: Path) -> None:
    live = [Event(time=BEGIN + t, code="now_moment", rater="R1", id=f"l{t}") for t in (60.0, 200.0)]
    recording = write_marked(tmp_path / "D01_S01", live)
    append_edits(rater_file(recording, "R2"), [coded("R2", 63.0), coded("R2", 400.0)])
    append_edits(recording / "overlay.jsonl", [coded("R3", 62.0)])
    table = tmp_path / "R4.csv"
    table.write_text("onset,code\n58,now_moment\n202,now_moment\n", "utf-8")
    run = CliRunner().invoke

    def found(*arguments: str) -> dict[str, float]:
        result = run(events_command, ["agree", *arguments, "--json"])
        assert result.exit_code == 0, result.output
        answer = json.loads(result.stdout)
        (row,) = answer["codes"]
        return dict(row) | {"seconds": answer["seconds"]}

    place = str(recording)
    blind = found(f"{place}@R1", f"{place}@R2")
    assert (blind["n_a"], blind["n_b"], blind["matched"], blind["delay"]) == (2, 2, 1, 3.0)
    assert blind["seconds"] == 600.0
    assert found("R1", "R2", "--recording", place) == blind
    assert found(f"{place}@R1", str(rater_file(recording, "R2"))) == blind
    assert found(f"{place}@R1", f"{place}@R3")["delay"] == 2.0
    assert found(f"{place}@R1", str(table))["matched"] == 2
    text = run(events_command, ["agree", f"{place}@R1", f"{place}@R2"])
    assert "now_moment" in text.stdout
    assert "+3.0 s" in text.stdout


def test_two_tables_without_a_recording_are_compared_up_to_the_bin_of_the_last_coding(tmp_path: Path) -> None:
    for name, at in (("a", 500), ("b", 501)):
        (tmp_path / f"{name}.csv").write_text(f"t,code\n{at},mismatch\n", "utf-8")
    words = ["agree", *(str(tmp_path / f"{name}.csv") for name in "ab"), "--json"]
    answer = json.loads(CliRunner().invoke(events_command, words).stdout)
    assert answer["seconds"] == 506.0
    assert [(c["matched"], c["kappa"]) for c in answer["codes"]] == [(1, 1.0)]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["{rec}@R9", "{rec}"], "nothing of a rater R9 (there are: R1)"),
        (["nowhere", "{rec}"], "nowhere: no such recording, file or rater"),
        (["{dir}/a.docx", "{rec}"], "no file of events by its ending"),
        (["{dir}/a.jsonl", "{dir}/a.jsonl"], "give --recording RECORDING"),
    ],
)
def test_the_command_names_what_it_cannot_compare(arguments: list[str], fault: str, tmp_path: Path) -> None:
    recording = write_marked(tmp_path / "r", [Event(time=BEGIN, code="now_moment", rater="R1", id="a")])
    for name in ("a.docx", "a.jsonl"):
        (tmp_path / name).write_text("", "utf-8")
    said = [a.format(rec=recording, dir=tmp_path) for a in arguments]
    result = CliRunner().invoke(events_command, ["agree", *said])
    assert result.exit_code == 1
    assert fault in result.stderr
    assert len(result.stderr.splitlines()) == 1
