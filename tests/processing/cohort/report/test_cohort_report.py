"""The report of a cohort."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from acquisition.errors import ResultsError
from processing.cohort.models import everything
from processing.cohort.models.coupling import TALLY, coupling
from processing.cohort.models.row import ModelRow, frame
from processing.cohort.report import figures, write_report
from processing.cohort.report.content import missing, parts, probability
from processing.cohort.report.report import own_report
from processing.cohort.report.words import outcome_words, term_words
from processing.cohort.simulated.cohort import simulated, typed
from processing.cohort.simulated.pairs import simulated_pairs
from processing.cohort.simulated.truth import KNOWN
from processing.cohort.tables import TABLES
from processing.results.session_run import NOTICE
from viewer.model.wording import forbidden


@pytest.fixture(scope="module")
def tables() -> Mapping[str, pd.DataFrame]:
    made = simulated(KNOWN, np.random.default_rng(3))
    made["models"] = everything.fit_all(made)
    return made


@pytest.fixture(scope="module")
def compared() -> pd.DataFrame:
    return simulated_pairs(KNOWN, np.random.default_rng(3))


@pytest.fixture(scope="module")
def modelled(tables: Mapping[str, pd.DataFrame], compared: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    models = pd.concat([tables["models"], frame(coupling(tables, compared))], ignore_index=True)
    return {**tables, "models": models}


@pytest.fixture(scope="module")
def written(
    modelled: Mapping[str, pd.DataFrame], compared: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> str:
    out = tmp_path_factory.mktemp("report")
    paths = write_report(modelled, out, compared=compared)
    assert [p.name for p in paths] == ["cohort.html", "cohort.pdf"]
    assert paths[1].read_bytes().startswith(b"%PDF")
    return paths[0].read_text("utf-8")


def test_it_says_what_each_model_found_or_why_not(written: str) -> None:
    for name in everything.MODELS:
        assert f"<h2>{name} " in written
    assert "3 persons with 12 sessions: 5 persons" in written
    assert "described: 8 sessions state a movement" in written


def test_the_figures_are_there(written: str) -> None:
    assert written.count("<svg") >= 5
    for title in ("Courses of dyads", "Edge over sessions", "Change per session", "Coupling and lag"):
        assert f"<h2>{title}</h2>" in written


def test_no_text_of_it_names_a_state_or_ranks(written: str) -> None:
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", written, flags=re.S)
    assert not forbidden(text.replace(NOTICE, " "))
    assert not re.search(r"\brank(ed|ing)?\b|\bbest\b|\bworst\b", text)


def test_therapists_have_no_times_in_it(written: str) -> None:
    assert "answered (T0" not in written
    rows = re.findall(r"<tr>(.*?)</tr>", written, flags=re.S)
    assert not any("time to an answer" in r and re.search(r"<td>T0\d</td>", r) for r in rows)


def test_a_therapist_sees_their_own_page_and_nobody_elses(
    tables: Mapping[str, pd.DataFrame], tmp_path: Path
) -> None:
    (path,) = write_report(tables, tmp_path, therapist="T02", pdf=False)
    page = path.read_text("utf-8")
    assert path.name == "own_page_T02.html"
    assert "T01" not in page
    assert "T03" not in page
    assert "half answered while they lasted, after, all" in page
    with pytest.raises(
        ResultsError, match=r"no session of a therapist T09 here \(there are: T01, T02, T03\)"
    ):
        write_report(tables, tmp_path, therapist="T09")


def test_a_median_whose_interval_has_no_upper_end_says_from_when_on() -> None:
    """Eight of fourteen answered after 30 … 37 s, six not in their 80 s: as survfit of R has it (log-log)."""
    keys = {"dyad": "D01", "session": 1, "client": "C01", "therapist": "T01", "entity": "client"}
    rows = [
        keys | {"crossed": True, "on": 500.0 * k, "off": 500.0 * k + 90.0}
        | ({"answer": "int_support", "latency": 30.0 + k} if k < 8 else {})
        for k in range(14)
    ]  # fmt: skip
    made = {"excursions": typed("excursions", rows), "interventions": typed("interventions", [])}
    made["sessions"] = typed("sessions", [keys])
    median = next(row for row in own_report(made, "T01").own_rows if row[0].endswith("after, all"))
    assert median[1:3] == ["36.5 s", "from 32"]


def test_it_is_the_same_file_again(
    modelled: Mapping[str, pd.DataFrame], compared: pd.DataFrame, written: str, tmp_path: Path
) -> None:
    (again,) = write_report(modelled, tmp_path, compared=compared, pdf=False)
    assert again.read_text("utf-8") == written


def test_a_figure_of_slopes_is_of_one_person_and_says_whose() -> None:
    slopes_of = {
        "client": {"D01": 1.0, "D02": 2.0, "client": 1.5},
        "therapist": {"D01": -5.0, "D02": -6.0, "therapist": np.nan},
    }
    rows = [
        ModelRow(model="M3", outcome="time_in_pct", entity=who, term="session", estimate=slope, role=role)
        for role, each in slopes_of.items()
        for who, slope in each.items()
    ]
    for entity, slopes in (("client", [1.0, 2.0, 1.5]), ("therapist", [-5.0, -6.0])):
        figure = figures.slopes(frame(rows), "time_in_pct", entity)
        assert isinstance(figure, Figure)
        (ax,) = figure.axes
        points = [line for line in ax.lines if line.get_marker() in ("o", "D")]
        assert [float(np.asarray(line.get_xdata())[0]) for line in points] == slopes
        assert ax.get_xlabel() == f"time within the band, {entity}: change per session"
    refused = frame([*rows[:3], replace(rows[5], entity="therapist")])
    assert figures.slopes(refused, "time_in_pct", "therapist") is None


def test_a_row_of_one_dyad_says_whose_series_it_is() -> None:
    of = (("D01", "client"), ("D01", "therapist"), ("D01", "dyad"), ("client", "client"))
    for formula in ("", TALLY):
        rows = [
            ModelRow(
                model="M3", outcome="x", entity=who, role=role, term="t", estimate=1.0 + k, formula=formula
            )
            for k, (who, role) in enumerate(of)
        ]
        part = next(p for p in parts(frame(rows)) if p.model == "M3")
        assert [r[1] for r in part.rows] == ["D01, client", "D01, therapist", "D01, dyad", "client"]


def test_sessions_that_are_not_there_are_named(tables: Mapping[str, pd.DataFrame]) -> None:
    sessions = tables["sessions"]
    fewer = {**tables, "sessions": sessions[(sessions["dyad"] != "D02") | (sessions["session"] != 3)]}
    row = next(r for r in missing(fewer) if r[0] == "D02")
    assert row[3:6] == ["3", "1–4", "3"]


def test_a_store_without_anything_has_a_report(tmp_path: Path) -> None:
    empty = {name: typed(name, []) for name in TABLES}
    empty["models"] = everything.fit_all(empty)
    paths = write_report(empty, tmp_path)
    assert "Cohort: 0 sessions of 0 dyads" in paths[0].read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sync_hr_lead", "coupling of heart rate: who moved first"),
        ("time_in_pct", "time within the band"),
        ("safety_now", "own rating of the moment"),
        ("wellbeing × attachment_avoidance", "wellbeing × attachment avoidance"),
    ],
)
def test_outcomes_have_words(name: str, words: str) -> None:
    assert outcome_words(name) == words


def test_terms_and_p_have_words() -> None:
    assert term_words("joint_time_in_pct_within") == "both within their bands, within clients"
    assert [probability(p) for p in (0.0004, 0.05, float("nan"))] == ["< .001", ".050", "–"]
