"""Tables that a laboratory brings: read rightly, or refused by row, key and choices; what stays of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from acquisition.errors import ResultsError
from processing.cohort import making
from processing.cohort.concluding import conclude
from processing.cohort.delimited import Delimited, as_number
from processing.cohort.known import Known
from processing.cohort.numbering import Placed
from processing.cohort.outcomes import read_outcomes
from processing.cohort.people import People, people_of
from processing.cohort.store import StoreTables
from tests.processing.cohort.cohorts import cohort, parquet, said


def placed(*, withdrawn: Sequence[str] = ()) -> list[Placed]:
    """Return two dyads of one therapist, three sessions each."""
    out = []
    for dyad, client in (("D01", "007"), ("D02", "C12")):
        for number in (1, 2, 3):
            keys: dict[str, str | int | None] = {
                "dyad": dyad, "session": number, "client": client, "therapist": "T01",
                "started": f"2026-11-{number:02d}T10:00:00+01:00", "recording": f"{dyad}_{number}",
            }  # fmt: skip
            known = Known(
                path=f"/{dyad}_{number}", keys=keys, covariates={}, input="", sealed=False,
                withdrawn=tuple(withdrawn) if dyad == "D01" else (),
            )  # fmt: skip
            out.append(Placed(known, number, "number"))
    return out


def outcomes_of(tmp_path: Path, text: str, places: Sequence[Placed]) -> list[tuple[object, ...]]:
    file = tmp_path / "outcomes.csv"
    file.write_bytes(text.encode("utf-8"))
    return [
        (*key, row["entity"], row["person"], row["outcome"], row["value"])
        for key, table in read_outcomes(file, places).items()
        for row in table.to_pylist()
    ]


def people(tmp_path: Path, text: str) -> People:
    file = tmp_path / "people.tsv"
    file.write_bytes(text.encode("utf-8"))
    return people_of(placed(), None, file)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffdyad;session;phq9\r\nD01;1;14,5\r\n",
        "\ufeffDyad,Session,PHQ9\nD01,ses-01,14.5\n",
        'client\tsession\tphq9\n"sub-007"\t01\t14,5\n',
        "dyad,client,therapist,session,date,phq9\nD01,007,T01,1,2026-11-01,14.5\n",
        "dyad,client,session,date,phq9\nD01,007,1,2026-11-06,14.5\n",
    ],
)
def test_outcomes_are_read_however_the_table_is_written(tmp_path: Path, text: str) -> None:
    assert outcomes_of(tmp_path, text, placed()) == [("D01", 1, "client", "007", "phq9", 14.5)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dyad,session,phq9\nd1,1,3\n", r"line 2: no dyad d1 in the store \(known: D01\)"),
        ("client,session,phq9\n7,1,3\n", r"line 2: client 7 is nobody in the store \(known: 007\)"),
        ("client,session,phq9\nX9,1,3\n", r"client X9 is nobody in the store \(known: 007, C12\)"),
        (
            "dyad,client,session,phq9\nD01,C12,1,3\n",
            "line 2: client C12, but 007 is in dyad D01: which is it?",
        ),
        ("dyad,therapist,session,phq9\nD01,2,1,3\n", "line 2: therapist 2, but T01 is in dyad D01"),
        ("dyad,session,date,x\nD01,1,2026-11-02,3\n", "session 1, but on 2026-11-02 was its session 2"),
        ("dyad,session,date,x\nD01,9,2026-11-02,3\n", "session 9, but on 2026-11-02 was its session 2"),
        ("dyad,session,x\nD01,1,1_000\n", "line 2: x = '1_000': must be a number"),
        ("dyad;session;x\nD01;1;1.234,5\n", "line 2: x = '1.234,5': must be a number"),
        ("dyad,session,x\nD01,1,007\n", "line 2: x = '007': must be a number"),
        ("dyad,session,x\nD01,1,inf\n", "line 2: x = 'inf': must be a number"),
    ],
)
def test_outcomes_of_other_people_sessions_or_spellings_are_refused(
    tmp_path: Path, text: str, fault: str
) -> None:
    with pytest.raises(ResultsError, match=fault):
        outcomes_of(tmp_path, text, placed())


def test_outcomes_of_whoever_withdrew_are_left_out(tmp_path: Path) -> None:
    text = "dyad,session,entity,x\n" + "".join(
        f"{dyad},{number},{entity},1\n"
        for dyad in ("D01", "D02")
        for number in (1, 9)
        for entity in ("client", "therapist", "dyad")
    )
    places = placed(withdrawn=("client",))
    found = outcomes_of(tmp_path, text, places)
    assert {row[2] for row in found if row[0] == "D01"} == {"therapist"}
    assert len([row for row in found if row[0] == "D02"]) == 6
    keys = read_outcomes(tmp_path / "outcomes.csv", places)["D01", 1].to_pylist()[0]
    assert (keys["client"], keys["therapist"]) == ("", "T01")


@pytest.mark.parametrize("code", ["7", "0007", "sub-7"])
def test_a_line_of_nobody_beside_somebody_of_nearly_that_code_is_refused(tmp_path: Path, code: str) -> None:
    with pytest.raises(
        ResultsError, match=r"line 2: 0*7 is nobody in the store, and of 007 there is no line"
    ):
        people(tmp_path, f"participant_id\tage\n{code}\t31\n")


def test_lines_of_nobody_are_told_by_their_codes(tmp_path: Path) -> None:
    found = people(tmp_path, "participant_id\tage\n007\t31\nC12\t40\nX9\t50\n")
    (remark,) = [r for r in found.remarks if "X9" in r]
    assert remark.endswith("X9: nobody of that code in the store (there are: 007, C12, T01)")
    assert {row["person"]: row["age"] for row in found.rows} == {"007": 31.0, "C12": 40.0, "T01": None}


def test_codes_with_leading_zeros_and_long_ones_stay_what_they_are(tmp_path: Path) -> None:
    found = people(tmp_path, "person;site;postcode;age\n007;012;1234567;31,5\nC12;7;A12;40\n")
    rows = {row["person"]: row for row in found.rows}
    assert (rows["007"]["site"], rows["C12"]["site"]) == ("012", "7")
    assert (rows["007"]["postcode"], rows["C12"]["postcode"]) == ("1234567", "A12")
    assert rows["007"]["age"] == 31.5
    assert [r for r in found.remarks if r.startswith("postcode: 'A12' of C12 is no number, as others are")]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("0", 0.0), ("0.5", 0.5), (".5", 0.5), ("-3.", -3.0), ("1e-3", 1e-3), ("10", 10.0), ("+2", 2.0)],
)
def test_numbers_are_numbers(cell: str, value: float) -> None:
    assert as_number(cell) == value
    assert as_number(cell.replace(".", ","), comma=True) == value


@pytest.mark.parametrize("cell", ["007", "1_0", "nan", "inf", "1e999", "", ".", "0x1", "1 2", "٣"])
def test_what_is_no_number_is_none(cell: str) -> None:
    assert as_number(cell) is None


def test_a_table_without_rows_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("dyad,session,x\n")
    assert Delimited(tmp_path / "t.csv").rows == []


@pytest.mark.slow
def test_outcomes_that_stay_are_those_of_a_store_made_afresh(copy: Path, tmp_path: Path) -> None:
    store, recordings = copy / "store", copy / "recordings"
    text = "dyad,session,phq9\nD01,1,14\nD01,7,3\n"
    (tmp_path / "both.csv").write_text(text + "D02,1,9\nD02,8,2\n")
    (tmp_path / "one.csv").write_text(text)
    said("--out", store, "--outcomes", tmp_path / "both.csv")
    assert len(StoreTables(store)["outcomes"]) == 4
    mine = [p for p in sorted(recordings.iterdir()) if p.name.startswith("D01")]
    said(*mine, "--out", store, "--only")
    said(*mine, "--out", copy / "afresh", "--outcomes", tmp_path / "one.csv")
    assert parquet(store) == parquet(copy / "afresh")


@pytest.mark.slow
def test_a_run_that_was_killed_over_the_whole_leaves_no_mixture(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, before = copy / "store", parquet(copy / "store")
    (tmp_path / "people.tsv").write_text("person\tage\nC01\t31\n")
    (tmp_path / "out.csv").write_text("dyad,session,x\nD01,1,3\n")
    people = ("--participants", tmp_path / "people.tsv")
    outcomes = ("--outcomes", tmp_path / "out.csv")
    said("--out", copy / "afresh", copy / "recordings", *people, *outcomes)
    monkeypatch.setattr(making, "conclude", _killed)
    with pytest.raises(_KilledError):
        cohort("--out", store, *people)
    assert parquet(store) != before
    monkeypatch.setattr(making, "conclude", conclude)
    assert said("--out", store)["changed"]
    assert parquet(store) == before
    monkeypatch.setattr(making, "conclude", _killed)
    with pytest.raises(_KilledError):
        cohort("--out", store, *people, *outcomes)
    monkeypatch.setattr(making, "conclude", conclude)
    refused = cohort("--out", store, *people)
    assert refused.exit_code == 1 and "interrupted: say --outcomes FILE again" in refused.stderr
    said("--out", store, *people, *outcomes)
    assert parquet(store) == parquet(copy / "afresh")


class _KilledError(BaseException):
    pass


def _killed(store: Path) -> list[str]:
    raise _KilledError
