"""Corrections by hand of beats, responses and stretches: corrections.jsonl beside the recording.

One JSON object a line: op, id, whose (role) and which signal, the moment or the stretch [s, LSL clock], who,
when and why. Lines of one id are one act. Each person who corrects (`who`) has a set of their own; what it
amounts to, `acquisition.events.corrected` says. Nothing here touches what was recorded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from acquisition.errors import RecordingError
from acquisition.events.overlay import placed_lines, row_in
from acquisition.stream import PEOPLE

CORRECTIONS_NAME = "corrections.jsonl"
Signal = Literal["heart", "skin"]
SIGNALS: tuple[Signal, ...] = ("heart", "skin")
"""Beats, or skin conductance responses, and the signal that they are seen in."""
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "insert": ("time",),
    "delete": ("time",),
    "move": ("time", "to"),
    "reject": ("time",),
    "keep": ("time",),
    "restore": ("time",),
    "mark": ("start", "stop"),
    "accept": ("start", "stop"),
    "edge": ("start", "stop", "new_start", "new_stop"),
    "clear": ("start", "stop"),
}
"""Op → the times that it needs [s, LSL clock]."""
OF_BEATS = ("insert", "delete", "move")
"""A response of the skin is found or rejected, never made by hand."""
BACK = ("undo", "redo")
"""Ops that name an act by its id, in `ref`."""
REASONS: Mapping[Signal, tuple[str, ...]] = {
    "heart": (
        "missed beat",
        "no beat here",
        "beat misplaced",
        "ectopic beat",
        "movement",
        "muscle noise",
        "electrode contact",
        "detector was right",
    ),
    "skin": (
        "movement",
        "pressure on the electrode",
        "electrode contact",
        "breath or cough",
        "no response",
        "signal is good",
    ),
}
"""Reasons to choose from; any other text will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Hold one line of corrections.jsonl; times are nan where its op has none [s, LSL clock]."""

    op: str
    id: str
    role: str = ""
    signal: str = ""
    time: float = math.nan
    to: float = math.nan
    start: float = math.nan
    stop: float = math.nan
    new_start: float = math.nan
    new_stop: float = math.nan
    ref: str = ""
    who: str = ""
    when: str = ""
    why: str = ""
    lines: int = 1
    """Of how many lines its act is: one that was torn while it was written is none."""

    @property
    def moments(self) -> tuple[float, ...]:
        """Return the times of what it does [s, LSL clock]."""
        return tuple(float(getattr(self, name)) for name in MOMENTS.get(self.op, ()))


def read_corrections(recording: Path) -> list[Correction]:
    """Read the corrections of a recording by everybody, in order; none without such a file.

    A last line without its end that is no JSON was torn by a crash while it was written: it counts as never
    written.

    Raises
    ------
    RecordingError
        If a line is no correction; the line is named.
    """
    lines = placed_lines(recording / CORRECTIONS_NAME)
    return [parse_correction(line, place) for place, line in lines]


def parse_correction(line: str, place: str) -> Correction:
    """Return the correction in a line.

    Raises
    ------
    RecordingError
        If it is none; `place` names it.
    """
    row = row_in(line, place)
    ops = (*MOMENTS, *BACK)
    if not isinstance(row, dict) or row.get("op") not in ops or not _said(row.get("id")):
        raise RecordingError(f"{place}: needs an op ({', '.join(ops)}) and an id")
    op = str(row["op"])
    lines = row.get("lines", 1)
    if isinstance(lines, bool) or not isinstance(lines, int) or lines < 1:
        raise RecordingError(f"{place}: lines = {lines!r}: must be a whole number from 1 on")
    texts: dict[str, Any] = {name: str(row.get(name, "")) for name in ("op", "id", "who", "when", "why")}
    if op in BACK:
        if not _said(row.get("ref")):
            raise RecordingError(f"{place}: {op} needs the id of an act in ref")
        return Correction(ref=str(row["ref"]), **texts)
    _refuse_place(row, op, place)
    times: dict[str, Any] = {name: _number(row.get(name), name, place) for name in MOMENTS[op]}
    made = Correction(role=str(row["role"]), signal=str(row["signal"]), lines=lines, **texts, **times)
    for low, high in (("start", "stop"), ("new_start", "new_stop")):
        if low in times and not times[low] < times[high]:
            raise RecordingError(f"{place}: {low} = {times[low]!r} must be before {high} = {times[high]!r}")
    return made


def _refuse_place(row: dict[str, Any], op: str, place: str) -> None:
    """Refuse a correction of nobody, or one that its signal does not take."""
    roles = [role.value for role in PEOPLE]
    if row.get("role") not in roles:
        raise RecordingError(f"{place}: role = {row.get('role')!r}: must be {' or '.join(roles)}")
    if row.get("signal") not in SIGNALS:
        raise RecordingError(f"{place}: signal = {row.get('signal')!r}: must be {' or '.join(SIGNALS)}")
    if row["signal"] != "heart" and op in OF_BEATS:
        raise RecordingError(f"{place}: {op} is for beats; of the skin reject, mark and accept")


def _said(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _number(value: object, name: str, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise RecordingError(f"{place}: {name} = {value!r}: must be seconds on the LSL clock")
    return float(value)


def line_of(correction: Correction) -> str:
    """Return a correction as a line of JSON, with what its op needs."""
    names = ("role", "signal", *MOMENTS[correction.op]) if correction.op in MOMENTS else ("ref",)
    names = ("op", "id", *names, "who", "when", "why", *(("lines",) if correction.lines > 1 else ()))
    return json.dumps({name: getattr(correction, name) for name in names}, ensure_ascii=False)
