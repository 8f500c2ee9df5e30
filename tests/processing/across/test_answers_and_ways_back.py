"""Answers and ways back over sessions: known shares, known odds, and who may see what."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from processing.across.answers import answer_measures
from processing.across.first_answers import first_answers
from processing.across.ways_back import return_measures
from processing.commands.across import across_command

ANSWERED = {"answer": "int_support", "censored": False}


def excursion(answer: str, latency: float, lasted: float, *, censored: bool = False) -> dict[str, Any]:
    return {"answer": answer, "latency": latency, "on": 0.0, "off": lasted + 10.0, "censored": censored}


def by_name(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {m.metric: m for m in answer_measures(rows)}


def test_shares_answered_without_censoring_are_plain_shares() -> None:
    rows = [
        *(excursion("int_support", 20.0, 100.0) for _ in range(3)),
        *(excursion("int_regulate", 40.0, 100.0) for _ in range(2)),
        excursion("int_support", 80.0, 100.0),
        *(excursion("", math.nan, 50.0) for _ in range(4)),
    ]
    got = by_name(rows)
    assert got["answered_int_support_60s_pct"].value == pytest.approx(30.0)
    assert got["answered_int_regulate_60s_pct"].value == pytest.approx(20.0)
    assert got["answered_repair_attempt_60s_pct"].value == 0.0
    both = got["answered_any_60s_pct"]
    assert both.value == pytest.approx(50.0) and 0.0 < both.ci_low < 50.0 < both.ci_high < 100.0
    assert got["answer_latency_median"].value == 40.0


def test_what_was_cut_counts_as_long_as_it_was_seen() -> None:
    # Aalen-Johansen by hand: 2 of 8 at 20 s, then 2 cut at 30 s, then 1 of the 4 left at 40 s.
    rows = [
        *(excursion("int_support", 20.0, 90.0) for _ in range(2)),
        *(excursion("", math.nan, 30.0, censored=True) for _ in range(2)),
        excursion("int_support", 40.0, 90.0),
        *(excursion("", math.nan, 90.0) for _ in range(3)),
    ]
    got = by_name(rows)["answered_any_60s_pct"]
    assert got.value == pytest.approx(100.0 * (2 / 8 + 6 / 8 * 1 / 4))


def test_half_that_never_were_answered_have_no_median_and_few_no_share() -> None:
    got = by_name([excursion("", math.nan, 50.0) for _ in range(6)])
    assert math.isnan(got["answer_latency_median"].value)
    assert "fewer than half" in got["answer_latency_median"].reason
    assert (
        "4 excursions, 5 are needed" in by_name([excursion("", 1.0, 50.0)] * 4)["answered_any_60s_pct"].reason
    )


def test_an_answer_before_the_index_showed_it_is_one_to_the_excursion_it_came_before() -> None:
    # The second began 15 s after 285 s and is known at 310 s; the third's candidate lies in the second.
    on, off = [100.0, 300.0, 420.0, 600.0], [150.0, 415.0, 500.0, 660.0]
    given = [(104.0, "int_regulate"), (130.0, "int_support"), (285.0, "int_support"), (412.0, "int_support"),
             (584.0, "int_support"), (590.0, "int_explore")]  # fmt: skip
    latency = [20.0, 102.0, math.nan, math.nan]
    kinds, seconds = first_answers(on, off, ["int_support", "int_support", "", ""], latency, given)
    assert kinds == ["int_regulate", "int_support", "", ""]
    assert seconds.tolist()[:2] == [-6.0, -25.0] and np.isnan(seconds[2:]).all()


def test_answers_before_an_excursion_is_known_count_in_shares_and_median() -> None:
    rows = [
        *(excursion("int_support", -20.0, 100.0) for _ in range(3)),
        *(excursion("int_support", -5.0, 100.0) for _ in range(3)),
        *(excursion("", math.nan, 50.0) for _ in range(4)),
    ]
    got = by_name(rows)
    assert got["answered_any_60s_pct"].value == pytest.approx(60.0)
    assert got["answer_latency_median"].value == -5.0


def bins(n: int, odds: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw excursions whose chance to end in each 5 s rises with steadiness by these ln odds."""
    rows: list[dict[str, Any]] = []
    for k in range(n):
        depth = float(rng.uniform(0.5, 2.0))
        for since in np.arange(10.0, 400.0, 5.0).tolist():
            steady, speaking = float(rng.normal()), float(rng.random() < 0.5)
            p = 1.0 / (1.0 + math.exp(-(-2.0 + odds * steady - 0.5 * depth)))
            back = bool(rng.random() < p)
            rows.append(
                {"key": ("S1", float(k)), "since": since, "steadiness": steady, "depth": depth,
                 "speaking": speaking, "returned": back}
            )  # fmt: skip
            if back:
                break
    return rows


def test_steadiness_that_goes_with_return_is_found_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(2)
    found = {m.metric: m for m in return_measures(bins(150, 0.8, rng))}
    steady = found["return_steadiness"]
    assert steady.ci_low > 0.3 and steady.value == pytest.approx(0.8, abs=0.3)
    assert found["return_depth"].ci_high < 0.3
    assert found["return_speaking"].ci_low < 0.0 < found["return_speaking"].ci_high
    none = {m.metric: m for m in return_measures(bins(150, 0.0, rng))}["return_steadiness"]
    assert none.ci_low < 0.0 < none.ci_high


def test_under_forty_excursions_nothing_is_said() -> None:
    for m in return_measures(bins(39, 0.8, np.random.default_rng(3))):
        assert math.isnan(m.value) and m.reason == "39 excursions, 40 are needed"


def test_without_voice_its_term_is_left_out() -> None:
    rows = [row | {"speaking": math.nan} for row in bins(60, 0.8, np.random.default_rng(4))]
    found = {m.metric: m for m in return_measures(rows)}
    assert found["return_speaking"].reason == "no speaking known"
    assert found["return_steadiness"].value > 0.0


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return results of a session with six answered excursions."""
    folder = tmp_path / "s1"
    folder.mkdir()
    said = {"dyad": "D07", "client": "C07", "therapist": "T02", "number": 1, "started": ""}
    (folder / "session.json").write_text(json.dumps(said), "utf-8")
    rows = [excursion("int_support", 20.0, 100.0) | {"person": "client", "crossed": True} for _ in range(6)]
    rows += [excursion("", math.nan, 20.0) | {"person": "client", "crossed": False}] * 20
    pq.write_table(pa.Table.from_pylist(rows), folder / "excursions.parquet")
    for name, columns in (
        ("labels", ("person", "code", "arousal", "scaling")),
        ("ways_back", ("person", "excursion", "since", "steadiness", "depth", "speaking", "returned")),
    ):
        table = pa.table({c: pa.array([], pa.string()) for c in columns})
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


def test_answers_stand_on_the_therapists_own_page_and_nowhere_else(results: Path) -> None:
    plain = CliRunner().invoke(across_command, [str(results)])
    assert plain.exit_code == 0 and "answer" not in plain.output
    assert "0 excursions, 40 are needed" in plain.output
    own = CliRunner().invoke(across_command, [str(results), "--own-page", "T02"])
    assert own.exit_code == 0 and "For T02 alone" in own.output
    assert "answered_int_support_60s_pct" in own.output and "return_" not in own.output
    other = CliRunner().invoke(across_command, [str(results), "--own-page", "T09"])
    assert other.exit_code == 1 and "no session of a therapist T09 here (there are: T02)" in other.output


def test_results_of_an_older_version_without_a_table_are_named(results: Path) -> None:
    (results / "ways_back.parquet").unlink()
    result = CliRunner().invoke(across_command, [str(results)])
    assert result.exit_code == 1 and "no ways_back.parquet" in result.output


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ways_back", b"no table", "cannot be read"),
        ("labels", None, "no column person (of an older version?"),
    ],
)
def test_tables_that_cannot_be_used_are_named(
    results: Path, name: str, content: bytes | None, says: str
) -> None:
    path = results / f"{name}.parquet"
    if content is None:
        pq.write_table(pa.table({"who": ["C07"]}), path)
    else:
        path.write_bytes(content)
    result = CliRunner().invoke(across_command, [str(results)])
    assert result.exit_code == 1 and f"{name}.parquet: {says}" in result.output


def test_a_table_that_cannot_be_written_is_said_in_a_line(results: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(across_command, [str(results), "--out", str(tmp_path / "none" / "a.parquet")])
    assert result.exit_code == 1 and "none/a.parquet" in result.output
    assert "Traceback" not in result.output


def test_what_told_of_a_person_who_withdrew_is_unknown(results: Path) -> None:
    who = {"person": "client", "excursion": 1.0, "steadiness": None}
    rows = [row | who for row in bins(5, 0.5, np.random.default_rng(1))]
    kinds = {"person": pa.string(), "returned": pa.bool_()}
    names = ("person", "excursion", "since", "steadiness", "depth", "speaking", "returned")
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in names])
    table = pa.Table.from_pylist([{k: row[k] for k in names} for row in rows], schema)
    pq.write_table(table, results / "ways_back.parquet")
    result = CliRunner().invoke(across_command, [str(results)])
    assert result.exit_code == 0 and "1 excursion, 40 are needed" in result.output
    (results / "session.json").write_text('{"withdrawn": {"therapist": "T02"}}', "utf-8")
    gone = CliRunner().invoke(across_command, [str(results)])
    assert gone.exit_code == 1 and "therapist withdrew" in gone.output
