"""Readouts: what the header of a lane says, as numbers or words. No Qt.

A value that is missing is never left out: its place is taken by the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from acquisition.stream import PEOPLE, Modality, Role
from processing.coupling.said import NO_SPEECH, SHARED_CAUSE_SHORT, SO_FAR, in_short, said
from viewer.model.definitions import Definition
from viewer.model.model import SessionModel, is_partial
from viewer.model.reading import FRESH, read_gauge
from viewer.model.trace import Point
from viewer.status.device_state import stream_state

SIDES = {"above": " ▲", "below": " ▼"}
OLD = 15.0
"""A value that was settled longer ago is not shown as the newest [s]; the slowest index comes every 5 s."""


@dataclass(frozen=True, slots=True)
class Readout:
    """Say a person's newest value: a number, or a word where there is none; `detail` is shown on hover.

    `quality` is that of the value, 0-1; nan where none was computed.
    """

    entity: str
    text: str
    is_value: bool = True
    detail: str = ""
    quality: float = math.nan


def raw_word(model: SessionModel, role: Role, modality: Modality, now: float) -> str:
    """Return how a raw signal does, in a word; its rate where it does well."""
    if model.is_paused(role, now):
        return "paused"
    key = model.sources.get((role, modality))
    if key is None:
        return "not recorded"
    health = model.health[key]
    at = max(now, model.elapsed) if model.state == "growing" else now
    level, word = stream_state(health, model, model.t0 + at)
    rate = health.info.sfreq
    return f"{rate:g} Hz" if level == "ok" and rate > 0 else word


def index_readout(model: SessionModel, role: Role, index: str, what: Definition, now: float) -> Readout:
    """Return the newest value of an index in words; never an old one."""
    if model.is_paused(role, now):
        return Readout(role.value, "paused", is_value=False)
    sample = model.known(role.value, index, now)
    if sample is None or now - sample.available > OLD:
        return Readout(role.value, "no data", is_value=False)
    return value_readout(role.value, sample, what)


def briefly(reason: str) -> str:
    """Return the first words of a reason: what follows a colon explains them."""
    return reason.partition(":")[0]


def value_readout(entity: str, sample: Point, what: Definition) -> Readout:
    """Return a value with its decimals, or why there is none: in short, and in full on hover."""
    if not math.isfinite(sample.value):
        short = briefly(sample.reason) or "no value"
        return Readout(
            entity, short, is_value=False, detail=f"no value: {sample.reason or 'no reason given'}"
        )
    return Readout(entity, f"{sample.value:.{what.decimals}f}", quality=sample.quality)


def arousal_readout(model: SessionModel, role: Role, what: Definition, now: float) -> Readout:
    """Return the newest index, and the side on which the gauge sees it."""
    sample = model.known(role.value, "arousal", now)
    if model.is_paused(role, now):
        return Readout(role.value, "paused", is_value=False)
    if sample is None or now - sample.available > FRESH:
        return Readout(role.value, "no data", is_value=False)
    readout = value_readout(role.value, sample, what)
    if not readout.is_value:
        return readout
    gauge = read_gauge(model, role, now)
    partial = " partial" if is_partial(sample.reason) else ""
    text = f"{sample.value:+.1f}{partial}{SIDES.get(gauge.kind, '')}"
    detail = "; ".join(t for t in (gauge.word, gauge.note or sample.reason) if t)
    return Readout(role.value, text, detail=detail, quality=sample.quality)


def sync_readouts(model: SessionModel, name: str, what: Definition, now: float) -> tuple[Readout, ...]:
    """Return the coupling in words: its value, and where it is relative to its chance band."""
    if any(model.is_paused(role, now) for role in PEOPLE):
        return (Readout("dyad", "paused", is_value=False),)
    sample = model.known("dyad", name, now)
    if sample is None or now - sample.available > OLD:
        return (Readout("dyad", "no data", is_value=False),)
    value = value_readout("dyad", sample, what)
    if not value.is_value:
        return (value,)
    low, high = (model.known("dyad", f"{name}_chance_{edge}", now) for edge in ("low", "high"))
    rows = [value, Readout("dyad", _place(sample, low, high), is_value=False)]
    rows += (Readout("dyad", said, is_value=False, detail=full) for said, full in statement(model, name, now))
    return tuple(rows)


def _place(sample: Point, low: Point | None, high: Point | None) -> str:
    if low is None or high is None or not (math.isfinite(low.value) and math.isfinite(high.value)):
        return "no chance band yet"
    side = "above" if sample.value > high.value else "below" if sample.value < low.value else "inside"
    return f"{side} chance band"


def statement(model: SessionModel, name: str, now: float) -> tuple[tuple[str, str], ...]:
    """Return what the last look at the session so far states, line by line: in short, and in full.

    Nothing where no coupling is stated, but why none can be where nobody recorded who spoke. The newest value
    alone says nothing: some window always leaves its chance band.
    """
    stated, p, lead = (model.known("dyad", f"{name}_{end}", now) for end in ("stated", "p", "lead"))
    if stated is not None and math.isnan(stated.value) and stated.reason == NO_SPEECH:
        return ((NO_SPEECH, said(stated.value, p=math.nan, when=SO_FAR, reason=NO_SPEECH)),)
    if stated is None or p is None or not stated.value > 0.0:
        return ()
    leader = math.nan if lead is None else lead.value
    when = f"{SO_FAR} (minute {stated.time / 60:.0f})"
    full = said(stated.value, p=p.value, lead=leader, when=when, used=stated.quality)
    return (f"{in_short(leader)} {SO_FAR}", full), (SHARED_CAUSE_SHORT, "")
