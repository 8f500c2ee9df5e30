"""What people said of the hour: the therapist's session record and self-reports, as measures and as text.

Nothing here is measured by a sensor; the report keeps it apart, and an instrument that was never validated
carries that stamp everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acquisition.errors import InstrumentError
from acquisition.session.record import DOSES, FUNCTIONS, KEPT, SessionRecord
from acquisition.session.session import Session
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.instruments.instrument import (
    Instrument,
    ScaleValue,
    load_instrument,
    refuse_without_contact,
    valued,
)

FUNCTION = Definition(
    name="record_function_{function}",
    baselines="–",
    whose="dyad",
    unit="",
    text="the therapist's rating after the hour, 0 (no part in it) to 4 (what it was about); not measured",
    bare="one rating as it was given",
    source="Podolan & Gelo (2023), doi:10.36131/cnfioritieditore20230304",
)
DOSE = Definition(
    name="record_dose_{kind}",
    baselines="–",
    whose="dyad",
    unit="%",
    text="the therapist's estimate after the hour of the share of this work; not measured",
    bare="one estimate as it was given",
)
PRINCIPLE = Definition(
    name="record_principle_{principle}",
    whose="dyad",
    baselines="–",
    unit="",
    text="whether the therapist says after the hour that this was attended to: 0 no, 1 partly, 2 yes; not "
    "measured",
    bare="one answer as it was given",
    source="Podolan & Gelo (2024), doi:10.36131/cnfioritieditore20240505",
)
INSTRUMENT = Definition(
    name="instrument_{name}_{when}_{scale}",
    baselines="–",
    whose="person",
    unit="",
    text="self-report before or after the hour, by the instrument's own key; none where an item was left out",
    bare="answers as they were given",
)
DEFINITIONS = (FUNCTION, DOSE, PRINCIPLE, INSTRUMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Hold one filled-in instrument: what it came to, or why it is refused."""

    name: str
    of: str
    when: str
    n_items: int
    instrument: Instrument | None = None
    values: tuple[ScaleValue, ...] = ()
    refused: str = ""


def filled_in(session: Session | None, base: Path) -> list[Filled]:
    """Return the instruments of a session; one that is refused says why, and has no values.

    Parameters
    ----------
    base : Path
        Where the relative path of a laboratory's own instrument starts.
    """
    out = []
    for one in session.record.answers if session else ():
        bare = Filled(name=one.instrument, of=str(one.of), when=one.when, n_items=len(one.answers))
        try:
            instrument = load_instrument(one.instrument, base)
            refuse_without_contact(instrument, session)
            values = tuple(valued(instrument, one.answers))
        except InstrumentError as error:
            out.append(replace(bare, refused=str(error)))
        else:
            out.append(replace(bare, instrument=instrument, values=values))
    return out


def said_measures(session: Session | None, filled: Sequence[Filled]) -> dict[str, list[Measure]]:
    """Return the record and the self-reports as measures of the people and the dyad."""
    out: dict[str, list[Measure]] = {"client": [], "therapist": [], "dyad": []}
    record = session.record if session else SessionRecord()
    for name in FUNCTIONS:
        if name in record.functions:
            out["dyad"].append(measure(FUNCTION, record.functions[name], 1, function=name))
    for name, kept in record.principles.items():
        out["dyad"].append(measure(PRINCIPLE, 2.0 - KEPT.index(kept), 1, principle=name))
    for kind in DOSES:
        if kind in record.dose:
            out["dyad"].append(measure(DOSE, record.dose[kind], 1, kind=kind))
    for one in filled:
        if one.instrument is None:
            plain = "".join(c if c.isalnum() else "_" for c in Path(one.name).stem.lower())
            out[one.of] += nothing([INSTRUMENT], one.refused, name=plain, when=one.when, scale="refused")
            continue
        for v in one.values:
            stamp = "; ".join(t for t in (v.reason, one.instrument.stamp) if t)
            name = one.instrument.name
            out[one.of].append(
                measure(
                    INSTRUMENT, v.value, one.n_items, reason=stamp, name=name, when=one.when, scale=v.scale
                )
            )
    return out


def noted(session: Session | None, filled: Sequence[Filled]) -> dict[str, Any] | None:
    """Return the session record as it stands in session.json; None if nothing was noted."""
    record = session.record if session else SessionRecord()
    if record == SessionRecord():
        return None
    return {
        "functions": dict(record.functions),
        "stage_of_change": list(record.stages) or None,
        "recycled": record.recycled or None,
        "principles": dict(record.principles),
        "dose_pct": dict(record.dose),
        "instruments": [_as_json(one) for one in filled],
    }


def _as_json(one: Filled) -> dict[str, Any]:
    bare: dict[str, Any] = {"instrument": one.name, "of": one.of, "when": one.when, "n_items": one.n_items}
    if one.instrument is None:
        return bare | {"refused": one.refused}
    values: Mapping[str, float | None] = {
        v.scale: None if math.isnan(v.value) else v.value for v in one.values
    }
    return bare | {
        "title": one.instrument.title,
        "validated": one.instrument.validated,
        "source": one.instrument.source,
        "licence": one.instrument.licence,
        "values": dict(values),
        "left_out": [v.reason for v in one.values if v.reason],
    }


def as_rows(session: Session | None, filled: Sequence[Filled]) -> list[tuple[str, str, str]]:
    """Return the record as rows (who, what, said) for the report and the exports."""
    record = session.record if session else SessionRecord()
    who = "therapist, after the hour"
    out = [(who, name, f"{record.functions[name]:g} of 4") for name in FUNCTIONS if name in record.functions]
    if record.stages:
        back = ", with a return to an earlier one" if record.recycled else ""
        out.append((who, "stage of change", " → ".join(record.stages) + back))
    out += [(who, f"attended to: {name}", kept) for name, kept in record.principles.items()]
    out += [
        (who, f"{kind.replace('_', '-')} work", f"{record.dose[kind]:g} % of the hour")
        for kind in DOSES
        if kind in record.dose
    ]
    for one in filled:
        whose = f"{one.of}, {one.when} the hour"
        if one.instrument is None:
            out.append((whose, one.name, f"refused: {one.refused}"))
            continue
        for v in one.values:
            said = v.reason if math.isnan(v.value) else f"{v.value:.3g} ({v.lowest:g} to {v.highest:g})"
            stamp = f" – {one.instrument.stamp}" if one.instrument.stamp else ""
            out.append((whose, f"{one.instrument.title} {v.scale}{stamp}", said))
    return out
