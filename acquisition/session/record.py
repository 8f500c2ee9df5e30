"""The session record: what the therapist notes after the hour, and self-reports, in session.toml.

`[record]` may be written into the session.toml of a closed recording, after everything else; the manifest
covers what stands before it. Every key is optional: what was not noted is not there, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from acquisition.session.toml_table import TomlTable, lines, show
from acquisition.stream import PEOPLE, Role

FUNCTIONS = ("survival", "restoration", "exploration", "risk_taking", "integration")
"""The five functions of safety: Podolan & Gelo (2023), doi:10.36131/cnfioritieditore20230304."""
PRINCIPLES = ("therapist", "environment", "trust", "intensity", "duration", "timing", "scope", "sources")
"""What was attended to: the therapist's own footing, a shared environment, trust, and safety fitted to this
person in intensity, duration, timing, scope and sources: Podolan & Gelo (2024),
doi:10.36131/cnfioritieditore20240505."""
STAGES = ("precontemplation", "contemplation", "preparation", "action", "maintenance")
"""Prochaska & DiClemente (1983), doi:10.1037/0022-006X.51.3.390."""
DOSES = ("supportive", "change_oriented")
KEPT = ("yes", "partly", "no")
FULL = 4
"""A function of safety is rated from 0 (no part in this hour) to 4 (what it was about)."""
WHEN = ("before", "after")
MAX_ITEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Hold one filled-in instrument.

    Parameters
    ----------
    instrument : str
        Name of a shipped one, or a path that ends in .toml; the recording's directory is where it starts.
    of : Role
        Who answered.
    when : str
        before or after the hour.
    answers : tuple of float
        By item; nan where one was left out.
    """

    instrument: str
    of: Role
    when: str
    answers: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """Hold what was noted after the hour; absent keys were not noted.

    Parameters
    ----------
    functions : dict
        Function of safety → 0 … 4.
    stages : tuple of str
        Of `STAGES`: those the client moved through in this hour, in order.
    recycled : bool
        The client went back to an earlier stage.
    principles : dict
        Principle → yes, partly or no.
    dose : dict
        supportive and change_oriented → share of the hour by the therapist's own estimate [%].
    """

    functions: Mapping[str, float] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    recycled: bool = False
    principles: Mapping[str, str] = field(default_factory=dict)
    dose: Mapping[str, float] = field(default_factory=dict)
    answers: tuple[Answers, ...] = ()

    @property
    def said(self) -> int:
        """Return how many things were noted, beside answers to instruments."""
        return len(self.functions) + len(self.principles) + len(self.dose) + bool(self.stages) + self.recycled


def read_record(top: TomlTable) -> SessionRecord:
    """Return the record of a session file; empty without one."""
    table = top.table("record")
    if table is None:
        return SessionRecord()
    record = SessionRecord(
        functions=_numbers(table, "functions", FUNCTIONS, FULL),
        stages=_stages(table),
        recycled=table.flag("recycled"),
        principles=_principles(table),
        dose=_numbers(table, "dose", DOSES, 100.0),
        answers=tuple(_answers(t) for t in table.tables("instrument")),
    )
    if sum(record.dose.values()) > 100.0:
        table.fault("dose", "supportive and change_oriented are shares of one hour: at most 100 together")
    table.finish()
    return record


def _stages(table: TomlTable) -> tuple[str, ...]:
    """Return the stages of change: a list, or one alone."""
    one = table.data.get("stage_of_change")
    if not isinstance(one, str):
        return table.texts("stage_of_change", choices=STAGES)
    stage = table.text("stage_of_change", choices=STAGES)
    return (stage,) if stage else ()


def _numbers(table: TomlTable, key: str, names: tuple[str, ...], high: float) -> dict[str, float]:
    inner = table.table(key)
    if inner is None:
        return {}
    values = {name: inner.number(name, math.nan, low=0.0, high=high) for name in names}
    inner.finish()
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _principles(table: TomlTable) -> dict[str, str]:
    inner = table.table("principles")
    if inner is None:
        return {}
    values = {name: inner.text(name, choices=KEPT) for name in PRINCIPLES}
    inner.finish()
    return {name: value for name, value in values.items() if value}


def _answers(table: TomlTable) -> Answers:
    people = tuple(str(p) for p in PEOPLE)
    found = Answers(
        instrument=table.text("name", required=True, what="an instrument, or a path to one's own"),
        of=Role(table.text("of", required=True, choices=people, what="who answered") or "client"),
        when=table.text("when", required=True, choices=WHEN, what="before or after the hour"),
        answers=_values(table),
    )
    table.finish()
    return found


def _values(table: TomlTable) -> tuple[float, ...]:
    """Return the answers; nan stands for one that was left out."""
    values = table.take("answers")
    if not isinstance(values, list) or not 0 < len(values) <= MAX_ITEMS:
        table.fault("answers", f"must be a list of 1 to {MAX_ITEMS} numbers, nan for an item left out")
        return ()
    wrong = [v for v in values if isinstance(v, bool) or not isinstance(v, int | float) or math.isinf(v)]
    if wrong:
        table.fault("answers", f"no {show(wrong[0])}: numbers only, nan for an item left out")
        return ()
    return tuple(float(v) for v in values)


def dump_record(record: SessionRecord) -> list[str]:
    """Return a record as lines of TOML; none if nothing was noted."""
    if record == SessionRecord():
        return []
    head = {
        "stage_of_change": list(record.stages),
        "recycled": record.recycled or None,
        "functions": dict(record.functions),
        "principles": dict(record.principles),
        "dose": dict(record.dose),
    }
    out = lines("[record]", head)
    for one in record.answers:
        out += dump_answers(one)
    return out


def dump_answers(one: Answers) -> list[str]:
    """Return a filled-in instrument as lines of TOML."""
    values = {"name": one.instrument, "of": str(one.of), "when": one.when, "answers": list(one.answers)}
    return lines("[[record.instrument]]", values)
