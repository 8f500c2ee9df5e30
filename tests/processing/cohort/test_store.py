"""The store: what is in it, who reads it, and that only what changed is computed again."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.commands.amend import amend_command
from acquisition.recording.amendments import Amendment, lines_of
from acquisition.recording.derived import derived
from acquisition.recording.recording import Recording
from processing.cohort import engine
from processing.cohort.own_page import PAGE
from processing.cohort.places import LEDGER
from processing.cohort.report import write_report
from processing.cohort.store import StoreTables, arrow_table, opened
from processing.cohort.tables import TABLES
from processing.cohort.withdrawing import files_of
from processing.commands.process import process_recording
from processing.commands.withdraw import withdraw_command
from processing.config import PipelineConfig
from tests.processing.cohort.cohorts import PEOPLE, SESSIONS, cohort, here, parquet, said, write_cohort

pytestmark = pytest.mark.slow


def test_the_recordings_of_the_cohort_are_closed_and_bear_their_keys(recordings: Path) -> None:
    found = [Recording(path) for path in sorted(recordings.glob("*/"))]
    assert {recording.state for recording in found} == {"closed"}
    sessions = [recording.session for recording in found]
    assert [(s.dyad, s.number) for s in sessions if s is not None] == [s[:2] for s in SESSIONS]


def test_every_table_has_its_columns_and_the_sessions_their_keys(made: Path) -> None:
    tables = StoreTables(made / "store")
    for name, table in TABLES.items():
        assert list(tables[name].columns) == [c.name for c in table.columns], name
    sessions = tables["sessions"]
    assert list(zip(sessions["dyad"], sessions["session"], strict=True)) == [s[:2] for s in SESSIONS]
    assert set(sessions["client"]) == {"C01", "C02"} and set(sessions["therapist"]) == {"T01"}
    assert list(tables["participants"]["person"]) == ["C01", "C02", "T01"]
    assert list(tables["participants"]["dyads"]) == ["D01", "D02", "D01 D02"]
    for name in ("metrics_long", "excursions", "interventions", "quality", "signals"):
        assert len(tables[name]), name
    whose = tables["metrics_long"]
    assert set(whose.loc[whose["entity"] == "client", "person"]) == {"C01", "C02"}
    assert set(whose.loc[whose["entity"] == "dyad", "person"]) == {"D01", "D02"}


def test_the_metrics_are_those_of_attune_process(made: Path, tmp_path: Path) -> None:
    process_recording(made / "recordings" / "D02_S01", tmp_path, config=PipelineConfig())
    alone = pq.read_table(tmp_path / "D02_S01" / "metrics.parquet").to_pandas()
    pooled = StoreTables(made / "store")["metrics_long"]
    mine = pooled[(pooled["dyad"] == "D02") & (pooled["session"] == 1)].reset_index(drop=True)
    for column in ("entity", "metric", "value", "unit", "n", "ci_low", "se", "scaling", "reason"):
        pd.testing.assert_series_equal(mine[column], alone[column], check_dtype=False)
    assert mine["exploratory"].equals(alone["method"].str.endswith("; exploratory"))


def test_a_text_is_in_memory_once_however_many_rows_have_it(made: Path) -> None:
    pooled = StoreTables(made / "store")["metrics_long"]
    assert len(pooled) > pooled["metric"].nunique() > 1
    for name in ("dyad", "entity", "metric", "unit", "reason"):
        assert len({id(text) for text in pooled[name]}) == pooled[name].nunique(), name


def test_one_line_reads_it_in_pandas_and_duckdb(made: Path) -> None:
    store = made / "store"
    n = len(StoreTables(store)["metrics_long"])
    assert len(pd.read_parquet(store / "metrics_long")) == n
    with duckdb.connect(
        store / "cohort.duckdb", read_only=True, config={"file_search_path": str(store)}
    ) as db:
        assert db.sql("SELECT count(*) FROM metrics_long").fetchall() == [(n,)]
        assert db.sql("SELECT count(*), count(DISTINCT dyad) FROM sessions").fetchall() == [(4, 2)]
        for name in TABLES:
            assert db.sql(f"SELECT * FROM {name}").columns[: len(TABLES[name].columns)] == [
                c.name for c in TABLES[name].columns
            ]


def test_one_line_reads_it_in_polars(made: Path) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    read = polars.read_parquet(made / "store" / "metrics_long", hive_partitioning=True)
    assert len(read) == len(StoreTables(made / "store")["metrics_long"])
    assert set(read["dyad"]) == {"D01", "D02"}


def test_it_reads_where_it_was_moved_to(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made / "store", tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    with duckdb.connect("cohort.duckdb", read_only=True) as db:
        assert db.sql("SELECT count(*) FROM sessions").fetchall() == [(4,)]


def test_models_and_a_report_are_made_of_it(made: Path) -> None:
    models = StoreTables(made / "store")["models"]
    assert set(models["model"]) == {f"M{k}" for k in range(1, 9)}
    assert (models["estimate"].notna() | (models["reason"] != "")).all()
    report = made / "store" / "report"
    assert "4 sessions of 2 dyads" in (report / "cohort.html").read_text("utf-8")
    assert (report / "cohort.pdf").read_bytes()[:5] == b"%PDF-"
    assert len(list((made / "store" / "models").glob("M*.R"))) == 8


def test_the_dictionary_describes_what_is_there(made: Path) -> None:
    said_ = json.loads((made / "store" / "dictionary.json").read_text())
    for name in TABLES:
        assert set(arrow_table(made / "store", name).column_names) == set(said_[name]["columns"])


def test_a_second_run_does_nothing_and_one_more_session_is_one_task(copy: Path) -> None:
    before = parquet(copy / "store")
    again = said("--out", copy / "store")
    assert (again["computed"], again["changed"], again["sessions"]) == (0, False, 4)
    assert parquet(copy / "store") == before
    write_cohort(copy / "more", [("D02", 3, 5)])
    more = said(copy / "more", "--out", copy / "store")
    assert (more["computed"], more["sessions"]) == (1, 5)
    assert {k: v for k, v in parquet(copy / "store").items() if k in before and "=" in k} == {
        k: v for k, v in before.items() if "=" in k
    }
    only = said(copy / "recordings", "--out", copy / "store", "--only")
    assert (only["computed"], only["sessions"]) == (0, 4)
    assert parquet(copy / "store") == before


def test_an_amendment_moves_a_session_and_computes_it_alone(copy: Path) -> None:
    words = [str(copy / "recordings" / "D02_S02"), "number=7", "client.covariates.attachment=secure"]
    assert CliRunner().invoke(amend_command, [*words, "--why", "typed wrong"]).exit_code == 0
    after = said("--out", copy / "store")
    assert (after["computed"], after["sessions"]) == (1, 4)
    tables = StoreTables(copy / "store")
    assert list(tables["sessions"]["session"]) == [1, 2, 1, 7]
    assert not list((copy / "store").glob("*/dyad=D02/session=2"))
    assert list(tables["participants"]["attachment"]) == ["", "secure", ""]
    (row,) = tables["covariates"].to_dict("records")
    assert (row["session"], row["person"], row["covariate"], row["level"]) == (
        7,
        "C02",
        "attachment",
        "secure",
    )


def test_a_recording_that_fails_is_named_and_the_others_are_there(copy: Path) -> None:
    with (copy / "recordings" / "D01_S01" / "client.xdf").open("r+b") as file:
        file.seek(5000)
        file.write(b"\0" * 64)
    (copy / "bare").mkdir()
    shutil.copy(copy / "recordings" / "D02_S01" / "client.xdf", copy / "bare")
    result = cohort(copy / "bare", "--out", copy / "store")
    assert result.exit_code == 1 and "Traceback" not in result.output
    failures = StoreTables(copy / "store")["failures"]
    assert list(failures["recording"]) == ["D01_S01", "bare"] or list(failures["recording"]) == [
        "bare",
        "D01_S01",
    ]
    reasons = dict(zip(failures["recording"], failures["reason"], strict=True))
    assert "SHA-256 differs" in reasons["D01_S01"] and "no session.toml" in reasons["bare"]
    assert len(StoreTables(copy / "store")["sessions"]) == 3


def test_a_withdrawal_takes_the_session_and_what_rests_on_all(copy: Path) -> None:
    path, store = copy / "recordings" / "D01_S02", copy / "store"
    (store / "report.html").write_text("of everybody")
    assert ("cohort", "store") in {(d.what, d.path.name) for d in derived(path)}
    result = CliRunner().invoke(withdraw_command, [str(path), "client", "--yes"])
    assert result.exit_code == 0, result.output
    assert not list(store.glob("*/dyad=D01/session=2/*"))
    for name in ("report.html", "participants.parquet", "failures.parquet"):
        assert not (store / name).exists()
    assert len(list((store / LEDGER).iterdir())) == 3
    with duckdb.connect(
        store / "cohort.duckdb", read_only=True, config={"file_search_path": str(store)}
    ) as db:
        assert db.sql("SELECT count(*) FROM metrics_long WHERE session = 2 AND dyad = 'D01'").fetchall() == [
            (0,)
        ]
    anew = said(copy / "recordings", "--out", store)
    assert (anew["computed"], anew["sessions"]) == (1, 4)
    rows = StoreTables(store)["metrics_long"]
    left = rows[(rows["dyad"] == "D01") & (rows["session"] == 2)]
    assert set(left.loc[left["value"].notna(), "entity"]) == {"therapist"}
    assert set(left["client"]) == {""}
    assert set(StoreTables(store)["sessions"]["withdrawn"]) == {"", "client"}


def test_a_store_of_another_recording_of_the_same_name_stays(copy: Path) -> None:
    path, store = copy / "recordings" / "D01_S02", copy / "store"
    assert files_of(store, path)
    session = (path / "session.toml").read_text()
    for old, new in (('"C01"', '"C91"'), ('"2026', '"2025')):
        there = path.parent / f"of {old[1:-1]}" / path.name
        shutil.copytree(path, there)
        (there / "session.toml").write_text(session.replace(old, new))
        assert (there / "session.toml").read_text() != session and files_of(store, there) == []
    amended = Amendment(key="client", value="C91", when="", why="mistyped")
    (path / "amendments.jsonl").write_text(lines_of([amended]))  # the store is from before
    assert files_of(store, path)


def test_people_and_outcomes_join_and_stay(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "people.tsv").write_text(PEOPLE)
    (tmp_path / "out.csv").write_text("dyad;session;phq9;wai\nD01;1;14,5;3\nD01;2;12;\nD02;5;9;4\n")
    first = said(
        "--out", copy / "store", "--participants", tmp_path / "people.tsv", "--outcomes", tmp_path / "out.csv"
    )
    assert first["computed"] == 0 and first["changed"]
    tables = StoreTables(copy / "store")
    people = tables["participants"].set_index("person")
    assert dict(people["attachment"]) == {"C01": "anxious", "C02": "secure", "T01": ""}
    assert people.loc["T01", "experience"] == 12.0 and people["experience"].isna().sum() == 2
    outcomes = tables["outcomes"]
    got = outcomes[["dyad", "session", "person", "outcome", "value"]].to_numpy().tolist()
    assert got == [
        ["D01", 1, "C01", "phq9", 14.5],
        ["D01", 1, "C01", "wai", 3.0],
        ["D01", 2, "C01", "phq9", 12.0],
        ["D02", 5, "C02", "phq9", 9.0],
        ["D02", 5, "C02", "wai", 4.0],
    ]
    said("--out", copy / "store")
    assert len(StoreTables(copy / "store")["outcomes"]) == 5


@pytest.mark.parametrize(
    ("option", "text", "fault"),
    [
        ("--outcomes", "dyad,session,phq9\nD09,1,3\n", "line 2: no dyad D09 in the store (known: D01, D02)"),
        ("--outcomes", "dyad,session,phq9\nD01,one,3\n", "line 2: session = 'one'"),
        ("--outcomes", "dyad,session,phq9\nD01,1,high\n", "line 2: phq9 = 'high': must be a number"),
        ("--outcomes", "dyad,session,phq9\nD01,1,3\nD01,1,4\n", "line 3: D01, session 1, client: as line 2"),
        ("--outcomes", "dyad,phq9\nD01,3\n", "no column session or number"),
        ("--outcomes", "dyad,session\nD01,3\n", "no column of an outcome"),
        ("--outcomes", "dyad,session,x\nD01,3\n", "line 2: 2 cells, 3 columns"),
        ("--participants", "name\tx\nC01\t1\n", "no column participant_id or person or code"),
        ("--participants", "person\tattachment\nC01\tfearful\n", "must be one of secure, anxious"),
        ("--participants", "person\tx\nC01\t1\nsub-C01\t2\n", "line 3: C01 is there twice"),
        ("--participants", "", "is empty"),
    ],
)
def test_a_file_that_cannot_be_used_names_its_place(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, text: str, fault: str
) -> None:
    monkeypatch.setattr(engine, "run", here)
    before = parquet(made / "store")
    (tmp_path / "table.txt").write_text(text)
    result = cohort("--out", made / "store", option, tmp_path / "table.txt")
    assert result.exit_code == 1
    assert fault in result.stderr and len(result.stderr.splitlines()) == 1
    assert parquet(made / "store") == before


def test_what_is_no_store_is_left_alone(made: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    result = cohort(made / "recordings", "--out", tmp_path)
    assert result.exit_code == 1 and "no store of attune cohort" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    assert cohort("--out", tmp_path / "none").exit_code == 2
    (tmp_path / "empty").mkdir()
    nothing = cohort(tmp_path / "empty", "--out", tmp_path / "new")
    assert nothing.exit_code == 1 and "no recording is there or below" in nothing.stderr
    assert not (tmp_path / "new").exists()


def test_one_store_never_holds_sessions_of_two_settings(copy: Path, tmp_path: Path) -> None:
    first, second = (copy / "recordings" / name for name in ("D01_S01", "D02_S02"))
    assert said(first, second, "--out", copy / "store", "--only")["sessions"] == 2
    before = parquet(copy / "store")
    (tmp_path / "other.toml").write_text("[arousal]\nk_high = 3.0\n")
    shutil.copytree(second, copy / "more" / "D02_S03")
    third = [str(copy / "more" / "D02_S03"), "number=3", "--why", "another session"]
    assert CliRunner().invoke(amend_command, third).exit_code == 0
    for words in ((copy / "more",), (), (first,)):
        refused = cohort(*words, "--out", copy / "store", "--config", tmp_path / "other.toml")
        assert refused.exit_code == 1 and len(refused.stderr.splitlines()) == 1
        assert "of its sessions were made with other parameters (--config)" in refused.stderr
        assert parquet(copy / "store") == before
    with_corrections = cohort("--out", copy / "store", "--corrections", "R1")
    assert "2 of its sessions were made with other corrections" in with_corrections.stderr
    assert parquet(copy / "store") == before
    named = said(first, second, "--out", copy / "store", "--config", tmp_path / "other.toml")
    assert (named["computed"], named["sessions"]) == (2, 2)
    assert StoreTables(copy / "store")["sessions"]["parameters"].nunique() == 1
    back = said(first, "--out", copy / "store", "--only")
    assert (back["computed"], back["sessions"]) == (1, 1)
    key = "metrics_long/dyad=D01/session=1"
    assert [v for k, v in parquet(copy / "store").items() if key in k] == [
        v for k, v in before.items() if key in k
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="directories are not locked there")
def test_two_runs_do_not_write_one_store(made: Path) -> None:
    with opened(made / "store"):
        result = cohort("--out", made / "store")
    assert result.exit_code == 1 and "another attune cohort is at work" in result.stderr


def test_an_own_page_lies_outside_the_store_and_a_withdrawal_knows_it(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.cohort.report.write_report", write_report)
    store, own = copy / "store", tmp_path / "own"
    before = parquet(store)
    result = cohort("--out", store, "--own-page", "T01", own)
    assert result.exit_code == 0 and f"{own / 'own_page_T01.html'}: for T01 alone" in result.output
    page = (own / "own_page_T01.html").read_text("utf-8")
    assert "T01" in page and (own / "own_page_T01.pdf").is_file()
    assert parquet(store) == before and not list(store.rglob("own_page*"))
    for recording in (copy / "recordings").iterdir():
        if recording.is_dir():
            assert {d.path.suffix for d in derived(recording) if d.what == PAGE} == {".html", ".pdf"}
    within = cohort("--out", store, "--own-page", "T01", store / "own")
    assert within.exit_code == 1 and "lies in the store" in within.output
    nobody = cohort("--out", store, "--own-page", "T09", own)
    assert nobody.exit_code == 1 and "no session of a therapist T09" in nobody.output
