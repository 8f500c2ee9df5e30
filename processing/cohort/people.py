"""The people of a cohort and their covariates: what sessions say of them, and a table of the laboratory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.errors import ResultsError
from acquisition.session.study import Covariate, Study
from processing.cohort.delimited import Delimited, missing
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
        read = read_participants(table, study)
        for code in heads.keys() & read.keys():
            said[code] |= read[code]
        if left := sorted(heads.keys() - read.keys()):
            out.remarks.append(f"{table}: says nothing of {', '.join(left)}")
    names = sorted({name for values in said.values() for name in values})
    declared = study.covariates if study is not None else {}
    for name in names:
        out.kinds[name] = _kind(declared.get(name), (v[name] for v in said.values() if name in v))
        out.texts[name] = _text(name, declared.get(name))
    for code in sorted(heads):
        head = heads[code]
        own: dict[str, Value | None] = {n: _as(out.kinds[n], said[code].get(n)) for n in names}
        out.rows.append({**head, "dyads": " ".join(head["dyads"]), **own})
    out.remarks = list(dict.fromkeys(out.remarks))
    return out


def read_participants(path: Path, study: Study | None) -> dict[str, dict[str, Value]]:
    """Return code → covariate → value of a table of people."""
    table = Delimited(path)
    who = table.column(*WHO)
    names = [n for k, n in enumerate(table.names) if k != who and n and n not in OWN]
    found: dict[str, dict[str, Value]] = {}
    for line, row in table.rows:
        code = row[who].removeprefix(BIDS)
        if missing(code):
            raise ResultsError(f"{path}: line {line}: no {table.names[who]}")
        if code in found:
            raise ResultsError(f"{path}: line {line}: {code} is there twice")
        found[code] = {}
        for name in names:
            cell = row[table.names.index(name)]
            if not missing(cell):
                found[code][name] = _checked(cell, name, study, f"{path}: line {line}", comma=table.comma)
    return found


def _checked(cell: str, name: str, study: Study | None, where: str, *, comma: bool) -> Value:
    """Return a cell as the study has it; without a declaration a number where it is one."""
    declared = study.covariates.get(name) if study is not None else None
    plain = cell.replace(",", ".") if comma else cell
    try:
        if declared is not None:
            return declared.value(cell if declared.levels else plain)
        return float(plain)
    except ValueError as error:
        if declared is not None:
            raise ResultsError(f"{where}: {name} = {cell[:40]!r}: {error}") from None
        return cell


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
    try:
        return abs(float(value)) < float("inf")
    except ValueError:
        return False


def _as(kind: Kind, value: Value | None) -> Value | None:
    if value is None:
        return None
    if kind == "float":
        return float(value)
    return f"{value:g}" if isinstance(value, float) else value


def _text(name: str, declared: Covariate | None) -> str:
    if declared is None:
        return f"{name}, as it was given; no study declares it"
    unit = f" [{declared.unit}]" if declared.unit not in ("", "1") else ""
    levels = f": {', '.join(declared.levels)}" if declared.levels else ""
    return (declared.text or name) + unit + levels
