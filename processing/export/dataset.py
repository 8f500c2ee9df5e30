"""What a BIDS dataset of many sessions shares: tables into which rows are merged, and never overwritten.

    participants.tsv                    a line a person: role, dyads, covariates
    sub-C07/sub-C07_sessions.tsv        a line a session: dyad, number, setting, and of which recording it is
    sub-C07/ses-03/…_scans.tsv          a line a file, with when it began

Dates are shifted by a constant for each person, so that the first session that was exported began on
1911-01-01: the days between sessions are right, the day itself is not told. The true date of that session
stays out of the dataset, in a file beside it (NAME.dates.json), by which later sessions are put in.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from acquisition.errors import RecordingError
from acquisition.text import as_cell

MISSING = "n/a"
FIRST_DAY = date(1911, 1, 1)
"""Before 1925, as BIDS marks dates that are shifted."""


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a table; none where there is none.

    Raises
    ------
    RecordingError
        If a row has more or fewer cells than there are columns.
    """
    if not path.is_file():
        return [], []
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if line]
    if not lines:
        return [], []
    for n, line in enumerate(lines[1:], 2):
        if len(line) != len(lines[0]):
            raise RecordingError(f"{path}: line {n}: {len(line)} cells, {len(lines[0])} columns")
    return lines[0], [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def merge_table(
    path: Path, keys: Sequence[str], rows: Iterable[Mapping[str, str]], names: Sequence[str] = ()
) -> Path:
    """Put rows into a table: one of the same keys is brought up to date, and what it does not say stays.

    Parameters
    ----------
    names : sequence of str
        Columns that are there at least, in this order.
    """
    columns, there = read_table(path)
    by_key = {tuple(row.get(k, "") for k in keys): row for row in there}
    fresh = [dict(row) for row in rows]
    for row in fresh:
        by_key.setdefault(tuple(row[k] for k in keys), {}).update(row)
    for name in (*keys, *names, *(n for row in fresh for n in row)):
        if name not in columns:
            columns.append(name)
    return write_table(path, columns, [by_key[key] for key in sorted(by_key)])


def write_table(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Path:
    """Write a table; cells that a row does not say are n/a."""
    known = lru_cache(maxsize=10_000)(cell)  # of a hundred thousand rows most cells are like others
    lines = [list(names), *([known(row.get(name, "")) for name in names] for row in rows)]
    return write_text(path, "".join("\t".join(line) + "\n" for line in lines))


def cell(text: str) -> str:
    """Return a text as a cell: no tab or line's end in it, and no formula to a spreadsheet."""
    return str(as_cell(" ".join(text.split()))) or MISSING


def merge_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a JSON file, in which what is there already stays as it is."""
    there: Any = {}
    if path.is_file():
        try:
            there = json.loads(path.read_text("utf-8-sig"))
        except ValueError as error:
            raise RecordingError(f"{path}: not JSON ({error})") from None
    return write_json(path, {**content, **(there if isinstance(there, dict) else {})})


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a JSON file."""
    return write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Write a text in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
    return path


def refuse_another(out: Path, subject: str, session: str, recording: str) -> None:
    """Refuse to write over a session that came from another recording.

    Raises
    ------
    RecordingError
        If it did; says how it can be put right.
    """
    _, rows = read_table(out / f"sub-{subject}" / f"sub-{subject}_sessions.tsv")
    for row in rows:
        other = row.get("recording_id", MISSING)
        if row.get("session_id") == f"ses-{session}" and other not in (recording, MISSING):
            raise RecordingError(
                f"{out}: sub-{subject} ses-{session} is there already, from another recording ({other}): "
                "attune amend RECORDING number=N, or another --out"
            )


def dates_file(out: Path) -> Path:
    """Return where the true date of each person's first exported session is kept, beside the dataset."""
    return out.resolve().with_name(f"{out.resolve().name}.dates.json")


def shifted(out: Path, subject: str, started: str) -> str:
    """Return when a session began, with a person's shift; n/a where nobody said.

    Parameters
    ----------
    started : str
        Wall time (ISO 8601).
    """
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return MISSING
    place = dates_file(out)
    said = json.loads(place.read_text("utf-8")) if place.is_file() else {}
    if subject not in said:
        if (out / f"sub-{subject}" / f"sub-{subject}_sessions.tsv").is_file():
            return MISSING  # the file beside the dataset is gone: no one knows the shift
        said[subject] = when.date().isoformat()
        write_json(place, said)
        place.chmod(0o600)
    days = when.date() - date.fromisoformat(said[subject])
    moved = datetime.combine(FIRST_DAY + timedelta(days=days.days), when.time())
    return moved.isoformat(timespec="seconds")


def forget(out: Path, subject: str, session: str) -> None:
    """Take what a person answered in a session out of a dataset, and the date of a person who has none left.

    Parameters
    ----------
    subject, session : str
        Names of the folders: sub-…, ses-….
    """
    for table in sorted((out / "phenotype").glob("*.tsv")):
        _empty(table, subject, f"{session.removeprefix('ses-')}_")
    place = dates_file(out)
    if place.is_file() and not any(p.is_file() for p in (out / subject).rglob("*")):
        said = json.loads(place.read_text("utf-8"))
        if said.pop(subject.removeprefix("sub-"), None) is not None:
            write_json(place, said)


def _empty(path: Path, person: str, prefix: str) -> None:
    """Take out what a person answered in a session: the columns of it, in their row."""
    names, rows = read_table(path)
    gone = [
        (row, name)
        for row in rows
        if row.get("participant_id") == person
        for name in names
        if name.startswith(prefix) and row[name] != MISSING
    ]
    for row, name in gone:
        row[name] = MISSING
    if gone:
        write_table(path, names, rows)
