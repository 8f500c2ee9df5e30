"""The people of a cohort and their covariates: what sessions say of them, and a table of the laboratory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.errors import ResultsError
from acquisition.session.study import Covariate, Study
from processing.cohort.delimited import Delimited, as_number, choices, meant, missing
from processing.cohort.numbering import Placed
from processing.cohort.schema import Kind
from processing.cohort.tables import PARTICIPANTS

WHO = ("participant_id", "person", "code")
"""Names of the column that says who it is."""
BIDS = "sub-"
OWN = tuple(c.name for c in PARTICIPANTS.own)
ROLES = ("client", "therapist")
Value = str | float


@dataclass(slots=True)
class People:
    """Hold the rows of `participants`, its further columns and what they are, and what is to be said."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    kinds: dict[str, Kind] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def people_of(placed: Sequence[Placed], study: Study | None, table: Path | None) -> People:
    """Return the people of a cohort.

    Parameters
    ----------
    table : Path, optional
        A line for each person, with covariates as columns; it holds where sessions say otherwise.

    Raises
    ------
    ResultsError
        If the table cannot be read, names somebody twice, or says what the study does not allow.
    """
    out = People()
    said: dict[str, dict[str, Value]] = {}
    heads: dict[str, dict[str, Any]] = {}
    for place in placed:
        for role in ROLES:
            code = place.known.text(role)
            if not code or role in place.known.withdrawn:
                continue
            head = heads.setdefault(code, {"person": code, "role": role, "dyads": [], "sessions": 0})
            head["sessions"] += 1
            if place.dyad not in head["dyads"]:
                head["dyads"].append(place.dyad)
            _take(said.setdefault(code, {}), place.known.covariates.get(role, {}), code, out.remarks)
    if table is not None:
        out.remarks += _join(table, read_participants(table, study), said)
    names = sorted({name for values in said.values() for name in values})
    declared = study.covariates if study is not None else {}
    for name in names:
        if name not in declared:
            out.remarks += _mixed(name, said)
        out.kinds[name] = _kind(declared.get(name), (v[name] for v in said.values() if name in v))
        out.texts[name] = _text(name, declared.get(name))
    for code in sorted(heads):
        head = heads[code]
        own: dict[str, Value | None] = {n: _as(out.kinds[n], said[code].get(n)) for n in names}
        out.rows.append({**head, "dyads": " ".join(head["dyads"]), **own})
    out.remarks = list(dict.fromkeys(out.remarks))
    return out


def _join(
    table: Path, read: Mapping[str, tuple[int, dict[str, Value]]], said: dict[str, dict[str, Value]]
) -> list[str]:
    """Add what a table says of people to what sessions say; return what is to be said of it.

    Raises
    ------
    ResultsError
        If a line is of nobody, while somebody of nearly that code has none.
    """
    without, nobody = sorted(said.keys() - read.keys()), sorted(read.keys() - said.keys())
    for code in nobody:
        if like := meant(code, without):
            raise ResultsError(
                f"{table}: line {read[code][0]}: {code} is nobody in the store, and of {' and '.join(like)} "
                "there is no line: write the code as the recordings have it"
            )
    for code in said.keys() & read.keys():
        said[code] |= read[code][1]
    out = [f"{table}: says nothing of {', '.join(without)}"] if without else []
    if nobody:
        known = choices(said)
        out.append(f"{table}: {choices(nobody)}: nobody of that code in the store (there are: {known})")
    return out


def _mixed(name: str, said: Mapping[str, Mapping[str, Value]]) -> list[str]:
    """Say that a covariate nobody declared holds numbers and words: as one of words it is none to model."""
    there = {code: values[name] for code, values in sorted(said.items()) if name in values}
    words = [(code, value) for code, value in there.items() if not _is_number(value)]
    if not words or len(words) == len(there):
        return []
    code, value = words[0]
    return [
        f"{name}: {value!r} of {code} is no number, as others are: the column is text (or leave it empty)"
    ]


def read_participants(path: Path, study: Study | None) -> dict[str, tuple[int, dict[str, Value]]]:
    """Return of each code the line and covariate → value of a table of people."""
    table = Delimited(path)
    who = table.column(*WHO)
    names = [n for k, n in enumerate(table.names) if k != who and n and n not in OWN]
    found: dict[str, tuple[int, dict[str, Value]]] = {}
    for line, row in table.rows:
        code = row[who].removeprefix(BIDS)
        if missing(code):
            raise ResultsError(f"{path}: line {line}: no {table.names[who]}")
        if code in found:
            raise ResultsError(f"{path}: line {line}: {code} is there twice, as in line {found[code][0]}")
        mine: dict[str, Value] = {}
        found[code] = (line, mine)
        for name in names:
            cell = row[table.names.index(name)]
            if not missing(cell):
                mine[name] = _checked(cell, name, study, f"{path}: line {line}", comma=table.comma)
    return found


def _checked(cell: str, name: str, study: Study | None, where: str, *, comma: bool) -> Value:
    """Return a cell as the study has it; without a declaration a number where it is one."""
    declared = study.covariates.get(name) if study is not None else None
    number = as_number(cell, comma=comma)
    if declared is None:
        return cell if number is None else number
    plain = cell.replace(",", ".") if comma else cell
    try:
        return declared.value(cell if declared.levels else plain)
    except ValueError as error:
        raise ResultsError(f"{where}: {name} = {cell[:40]!r}: {error}") from None


def _take(mine: dict[str, Value], said: Mapping[str, Value], code: str, remarks: list[str]) -> None:
    for name, value in said.items():
        if name in mine and mine[name] != value:
            remarks.append(
                f"{code}: {name} is not the same in all sessions: participants has the last, covariates each"
            )
        mine[name] = value


def _kind(declared: Covariate | None, values: Iterable[Value]) -> Kind:
    """Return whether a covariate is a number: as declared, else where every value is one."""
    if declared is not None:
        return "str" if declared.levels else "float"
    return "float" if all(_is_number(v) for v in values) else "str"


def _is_number(value: Value) -> bool:
    return isinstance(value, float) or as_number(value) is not None


def _as(kind: Kind, value: Value | None) -> Value | None:
    if value is None:
        return None
    if kind == "float":
        return float(value)
    return f"{value:.15g}" if isinstance(value, float) else value


def _text(name: str, declared: Covariate | None) -> str:
    if declared is None:
        return f"{name}, as it was given; no study declares it"
    unit = f" [{declared.unit}]" if declared.unit not in ("", "1") else ""
    levels = f": {', '.join(declared.levels)}" if declared.levels else ""
    return (declared.text or name) + unit + levels
