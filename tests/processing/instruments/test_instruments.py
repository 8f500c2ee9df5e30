"""Self-report instruments: licences, keys with known answers, refusals, and what a session makes of them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.errors import InstrumentError
from acquisition.session.session import Session
from acquisition.session.toml import parse_session
from processing.commands.instruments import instruments_command
from processing.instruments.instrument import (
    load_instrument,
    parse_instrument,
    read_answers,
    refuse_without_contact,
    shipped,
    valued,
)
from processing.metrics.self_report import as_rows, filled_in, noted, said_measures
from tests.acquisition.session.test_session_record import HEAD, RECORD

OWN = """\
title = "Our form"
licence = "our own, CC0"
source = "this laboratory"
validated = false
lowest = 1
highest = 5
items = ["one", "two"]
[[scale]]
name = "mean"
how = "mean"
items = [1, 2]
reversed = [2]
"""


def values(name: str, *answers: float) -> dict[str, float]:
    return {v.scale: v.value for v in valued(load_instrument(name), answers)}


def test_what_is_shipped_has_a_licence_and_items_only_where_they_may_be_reproduced() -> None:
    found = {name: load_instrument(name) for name in shipped()}
    assert all(i.licence and i.source for i in found.values())
    assert {n for n, i in found.items() if i.items} == {"suds", "phq9", "gad7", "own_items"}
    assert {n: i.stamp for n, i in found.items() if i.stamp} == {"own_items": "not validated"}
    assert found["own_items"].n_items == 3
    assert found["phq9"].contact_needed


def test_answers_come_to_what_the_key_says() -> None:
    assert values("phq9", *range(3), *range(3), 3, 3, 3) == {"sum": 15.0}
    assert values("gad7", *[3] * 7) == {"sum": 21.0}
    assert values("suds", 70) == {"value": 70.0}
    assert values("own_items", 8, 7, 2) == {"safety_now": 8.0, "safety_body": 7.0, "safety_judged": 2.0}
    assert values("core10", 4, 0, 0, 4, 4, 4, 4, 4, 4, 4) == {"mean": 4.0}
    wai = values("wai_sr", 5, 5, 1, 2, 1, 2, 1, 2, 1, 5, 2, 5)
    assert wai == {"task": 5.0, "bond": 1.0, "goal": 2.0, "total": pytest.approx(32 / 12)}
    panas = {"positive": (1, 3, 5, 9, 10, 12, 14, 16, 17, 19)}
    got = values("panas", *(5 if k in panas["positive"] else 1 for k in range(1, 21)))
    assert got == {"positive": 50.0, "negative": 10.0}


def test_an_item_that_was_left_out_is_not_made_up() -> None:
    (found,) = valued(load_instrument("gad7"), [1, 1, math.nan, 1, 1, 1, 1])
    assert math.isnan(found.value)
    assert found.reason == "left out: item 3"


@pytest.mark.parametrize(
    ("answers", "says"), [([0] * 6, "7 are needed"), ([0] * 6 + [4], "answer 7 is 4, possible are 0 to 3")]
)
def test_answers_that_do_not_fit_are_refused(answers: list[float], says: str) -> None:
    with pytest.raises(InstrumentError, match=says):
        valued(load_instrument("gad7"), answers)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('licence = "our own, CC0"\n', "", "own.toml: licence: missing (by what right it is used"),
        ('"our own, CC0"', '" "', 'licence = " "'),
        ("items = [1, 2]", "items = [1, 3]", "whole numbers from 1 to 2"),
        ("reversed = [2]", "turned = [2]", "unknown key"),
        ("highest = 5", "highest = 1", "the one below the other"),
        ("[[scale]]", "[[scales]]", "at least one [[scale]]"),
    ],
)
def test_a_faulty_file_is_refused_and_the_fault_named(old: str, new: str, says: str) -> None:
    assert parse_instrument(OWN, "own.toml").n_items == 2
    with pytest.raises(InstrumentError) as error:
        parse_instrument(OWN.replace(old, new), "own.toml")
    assert says in str(error.value)


def session(contact: str, record: str = "") -> Session:
    return parse_session(HEAD.replace("duty clinician, ext. 4400", contact) + record, "s")


@pytest.mark.parametrize("contact", ["import", "none: simulated people"])
def test_what_asks_about_self_harm_is_refused_without_a_crisis_contact(contact: str) -> None:
    phq = load_instrument("phq9")
    for nobody in (None, session(contact)):
        with pytest.raises(InstrumentError, match="without a crisis contact"):
            refuse_without_contact(phq, nobody)
    refuse_without_contact(phq, session("duty clinician, ext. 4400"))
    refuse_without_contact(load_instrument("gad7"), None)


def test_a_refused_instrument_has_no_value_and_says_why(tmp_path: Path) -> None:
    text = RECORD + '[[record.instrument]]\nname = "phq9"\nof = "client"\nwhen = "after"\n'
    held = session("import", text + f"answers = {[0] * 9}\n")
    filled = filled_in(held, tmp_path)
    measures = {m.metric: m for m in said_measures(held, filled)["client"]}
    assert measures["instrument_suds_before_value"].value == 70.0
    assert math.isnan(measures["instrument_gad7_after_sum"].value)
    refused = measures["instrument_phq9_after_refused"]
    assert math.isnan(refused.value)
    assert "without a crisis contact" in refused.reason
    assert "refused" in [row[2] for row in as_rows(held, filled)][-1]


def test_the_record_stands_in_the_results_as_it_was_noted(tmp_path: Path) -> None:
    held = session("duty clinician, ext. 4400", RECORD)
    filled = filled_in(held, tmp_path)
    got = noted(held, filled)
    assert got is not None
    assert got["functions"] == {"survival": 1, "restoration": 2.5, "exploration": 4, "risk_taking": 0}
    assert got["principles"]["timing"] == "partly"
    assert got["recycled"] is True
    assert got["instruments"][0]["values"] == {"value": 70.0}
    assert got["instruments"][1]["left_out"] == ["left out: item 4"]
    dyad = {m.metric: m.value for m in said_measures(held, filled)["dyad"]}
    assert dyad["record_function_exploration"] == 4.0
    assert dyad["record_dose_supportive"] == 60.0
    assert "record_function_integration" not in dyad
    assert noted(session("x"), []) is None
    assert noted(session("x", RECORD.replace("recycled = true", "")), []) == got | {
        "recycled": None,
        "instruments": [],
    }


def test_answers_are_read_from_a_table(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("item,answer\n2,1\n1,3\n3,\n", "utf-8")
    assert read_answers(file)[:2] == (3.0, 1.0)
    assert math.isnan(read_answers(file)[2])
    file.write_text("item,answer\n1,1\n1,2\n", "utf-8")
    with pytest.raises(InstrumentError, match="each once"):
        read_answers(file)


def ran(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(instruments_command, [str(w) for w in words])
    return done.exit_code, done.output


def test_the_command_lists_shows_checks_and_adds(tmp_path: Path) -> None:
    code, text = ran("list", "--json")
    assert code == 0
    assert {row["name"] for row in json.loads(text)} == set(shipped())
    code, text = ran("show", "gad7")
    assert code == 0 and "No permission required" in text
    code, text = ran("show", "phq9")
    assert code == 1 and "crisis contact" in text
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace('licence = "our own, CC0"\n', ""), "utf-8")
    code, text = ran("check", own)
    assert code == 1 and "licence" in text
    own.write_text(OWN, "utf-8")
    assert ran("check", own)[0] == 0
    file = tmp_path / "session.toml"
    file.write_text(HEAD, "utf-8")
    assert ran("show", "phq9", "--session", file)[0] == 0
    answers = ",".join("0" * 9)
    assert ran("add", file, "phq9", "--of", "client", "--when", "after", "--answers", answers)[0] == 0
    code, text = ran("add", tmp_path, own, "--of", "client", "--when", "after", "--answers", "5,1")
    assert code == 0 and "5 of 1 to 5 (not validated)" in text
    held = parse_session(file.read_text("utf-8"), "s")
    assert [v.value for f in filled_in(held, tmp_path) for v in f.values] == [0.0, 5.0]


def test_the_record_to_be_filled_in_is_what_session_files_take() -> None:
    _, text = ran("template")
    assert parse_session(HEAD + text, "s").record == parse_session(HEAD, "s").record
    filled = text.replace('# stage_of_change = [""]', 'stage_of_change = ["action"]')
    for key in ("# functions", "# dose"):
        filled = filled.replace(key, key[2:])
    filled = filled.replace(" = ,", " = 1,").replace(" =  }", " = 1 }")
    assert parse_session(HEAD + filled, "s").record.dose == {"supportive": 1.0, "change_oriented": 1.0}
