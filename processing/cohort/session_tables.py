"""The tables of one session, as they lie in the store: without dyad and number, which the folder says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import PEOPLE
from processing.cohort.known import Known
from processing.cohort.numbering import Placed
from processing.cohort.tables import TABLES
from processing.hour.measure import Measure
from processing.metrics.session_metrics import Hour
from processing.metrics.tolerated import LABELS
from processing.responses.event_locked import Response
from processing.results.session_json import quality_of
from processing.results.session_run import SessionRun
from processing.results.tables import table_of
from processing.results.withdrawn import OF_THE_OTHER
from processing.surrogates.session_synchrony import signals_of

Row = Mapping[str, Any]
FOLDERS = ("dyad", "session")
"""Keys that the name of the folder says."""
BY_SESSION = tuple(t.name for t in TABLES.values() if t.by_session and t.name != "outcomes")
"""Tables that a session's task writes; the one that says that all are there comes last."""
LAST = "sessions"
EXPLORATORY = "; exploratory"
_AS_WRITTEN = {"excursions": "excursions.parquet", "interventions": "interventions.parquet"} | {
    "ways_back": "ways_back.parquet"
}
_SELF_REPORT = "self report"


def session_tables(
    run: SessionRun, hour: Hour, place: Placed, identity: Mapping[str, str]
) -> dict[str, pa.Table]:
    """Return every table of a session.

    Parameters
    ----------
    identity : dict
        input, version, parameters and corrected, as the rows say them.
    """
    known = place.known
    keys = _keys(known, identity.get("corrected", ""))
    codes = {role: keys[role] for role in map(str, PEOPLE)} | {"dyad": place.dyad}
    scalings = run.scalings()
    rows: dict[str, Iterable[Row]] = {
        "sessions": [_session(run, place, identity)],
        "metrics_long": [_metric(m) for m in run.metrics(hour)],
        "labels": _labels(hour, scalings),
        "responses": [_response(hour, r, scalings) for r in hour.responses],
        "instruments": _instruments(run),
        "covariates": _covariates(known),
        "quality": [
            {"entity": entity, "signal": index, "rows": n, "valid_pct": pct}
            for entity, index, n, pct in quality_of(run.rows)
        ],
        "signals": _signals(run, hour),
    }
    for name, file in _AS_WRITTEN.items():
        table = table_of(file, hour, scalings)
        rows[name] = [{**row, "entity": row["person"]} for row in table.to_pylist()]
    if known.withdrawn:
        rows = {name: _left(name, mine, known.withdrawn) for name, mine in rows.items()}
    return {name: _table(name, rows[name], keys, codes) for name in BY_SESSION}


def _left(name: str, rows: Iterable[Row], withdrawn: Sequence[str]) -> list[Row]:
    """Return the rows of whoever stays, without what they tell of whoever withdrew."""
    if name == LAST:
        return list(rows)
    stay = {str(role) for role in PEOPLE} - set(withdrawn)
    return [
        {**row, **{k: None for k in OF_THE_OTHER if k in row}} for row in rows if row.get("entity") in stay
    ]


def as_table(name: str, rows: Iterable[Row], keys: Row) -> pa.Table:
    """Return rows with keys as a table of the store; a column that a row does not say is null."""
    schema = pa.schema([field for field in TABLES[name].schema() if field.name not in FOLDERS])
    listed = [{**keys, **row} for row in rows]
    columns = {f.name: _column([row.get(f.name) for row in listed], f.type) for f in schema}
    return pa.table(columns, schema=schema)


def _table(name: str, rows: Iterable[Row], keys: Row, codes: Mapping[str, str]) -> pa.Table:
    whose = [{**row, "person": codes.get(str(row["entity"]), "")} if "entity" in row else row for row in rows]
    return as_table(name, whose, keys)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Return values as a column: a number that is nan is one that is missing."""
    if pa.types.is_floating(kind):
        values = [None if v is None or not math.isfinite(v) else float(v) for v in values]
    elif pa.types.is_string(kind):
        values = ["" if v is None else str(v) for v in values]
    return pa.array(values, kind)


def _keys(known: Known, corrected: str) -> dict[str, str]:
    """Return the keys of every row; whoever withdrew is not named."""
    names = ("recording", "client", "therapist", "started", "setting")
    said = {name: "" if name in known.withdrawn else known.text(name) for name in names}
    return said | {"corrected": corrected}


def _session(run: SessionRun, place: Placed, identity: Mapping[str, str]) -> Row:
    recording, session = run.recording, run.recording.session
    recorded = session.recorded if session is not None else None
    clock = "" if recorded is None else recorded.clock or ("unknown" if recorded.imported else "one")
    return {
        "session_id": run.id,
        "numbered_by": place.by,
        "seconds": round(run.seconds, 6),
        "state": recording.state,
        "aligned": recording.aligned,
        "clock": clock,
        "sealed": place.known.sealed,
        "withdrawn": " ".join(place.known.withdrawn),
        "remarks": "\n".join(run.remarks),
        **{name: identity[name] for name in ("input", "version", "parameters")},
    }


def _metric(m: Any) -> Row:
    names = (
        "entity",
        "metric",
        "value",
        "unit",
        "n",
        "valid_pct",
        "se",
        "ci_low",
        "ci_high",
        "scaling",
        "reason",
    )
    return {name: getattr(m, name) for name in names} | {"exploratory": m.method.endswith(EXPLORATORY)}


def _labels(hour: Hour, scalings: Mapping[str, str]) -> list[Row]:
    """Return labels and ratings of moments in order of time."""
    labels: list[Row] = [
        {**row, "entity": row["person"]} for row in table_of("labels.parquet", hour, scalings).to_pylist()
    ]
    codes = load_vocabulary().codes
    rated = [
        {
            "entity": event.actor,
            "time": event.onset - hour.line.begin,
            "code": event.code,
            "source": event.source,
            "value": float(event.value),
            "scaling": "",
        }
        for event in hour.line.points
        if event.code not in LABELS
        and event.code in codes
        and codes[event.code].group == _SELF_REPORT
        and isinstance(event.value, int | float)
        and event.actor in map(str, PEOPLE)
    ]
    return sorted([*labels, *rated], key=lambda r: (r["time"], r["entity"], r["code"]))


def _response(hour: Hour, r: Response, scalings: Mapping[str, str]) -> Row:
    raw = hour.value(r.entity, f"response_{r.signal}_{r.code}")
    matched, p, adjusted = (
        hour.value(r.entity, f"response_{r.signal}_{r.code}_{name}") for name in ("matched", "p", "p_fdr")
    )
    tested = matched is not None and math.isfinite(matched.value)
    return {
        "entity": r.entity,
        "code": r.code,
        "signal": r.signal,
        "unit": raw.unit if raw is not None else matched.unit if matched is not None else "",
        "change": _value(raw),
        "n_events": r.n_events,
        "value": _value(matched),
        "se": matched.se if matched is not None else None,
        "ci_low": matched.ci_low if matched is not None else None,
        "ci_high": matched.ci_high if matched is not None else None,
        "n": matched.n if matched is not None else 0,
        "p": _value(p),
        "p_fdr": _value(adjusted),
        "n_tests": adjusted.n if tested and adjusted is not None else 0,
        "scaling": scalings.get(r.entity, "") if r.signal == "arousal" else "",
        "reason": next((m.reason for m in (matched, raw) if m is not None and m.reason), r.fault),
    }


def _value(m: Measure | None) -> float | None:
    return None if m is None else m.value


def _instruments(run: SessionRun) -> list[Row]:
    out: list[Row] = []
    for one in run.filled:
        head = {"entity": one.of, "when": one.when}
        if one.instrument is None:
            out.append({**head, "instrument": one.name, "scale": "", "reason": one.refused})
            continue
        validated = one.instrument.validated
        out += [
            {
                **head,
                "instrument": one.instrument.name,
                "scale": v.scale,
                "value": v.value,
                "validated": validated,
                "reason": "; ".join(t for t in (v.reason, one.instrument.stamp) if t),
            }
            for v in one.values
        ]
    return out


def _covariates(known: Known) -> list[Row]:
    return [
        {
            "entity": {"session": "dyad"}.get(whose, whose),
            "covariate": name,
            "level": f"{value:.15g}" if isinstance(value, float) else value,
            "value": value if isinstance(value, float) else None,
        }
        for whose, said in sorted(known.covariates.items())
        if whose not in known.withdrawn
        for name, value in sorted(said.items())
    ]


def _signals(run: SessionRun, hour: Hour) -> list[Row]:
    named: Sequence[tuple[str, Callable[[Any], Any]]] = (
        ("client_values", lambda s: s.client),
        ("therapist_values", lambda s: s.therapist),
        ("client_speaks", lambda s: s.client_speaks),
        ("therapist_speaks", lambda s: s.therapist_speaks),
    )
    return [
        {
            "signal": s.signal,
            "sfreq": s.sfreq,
            "begin": s.begin - hour.line.begin,
            **{name: np.asarray(get(s), np.float32) for name, get in named},
        }
        for s in signals_of(hour.line, run.rows)
    ]
