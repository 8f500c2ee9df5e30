"""Tables of programs that people code with: BORIS, ELAN, Noldus Observer, Audacity, AcqKnowledge.

Each is known by its columns. States that are logged as a start and a stop become one interval.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import Annotation, Medium, seconds

OBSERVATION = "observation"
"""Field of an annotation: which of the observations of its file it is of."""
ACTORS = ("client", "therapist", "dyad")
BAND = "\\"
"""What a line of Audacity's begins with that says between which frequencies the label above it was set."""
_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "ms": 1e-3, "msec": 1e-3}
_WITH_UNIT = re.compile(r"(.*?)\s*(msec|sec|min|ms|s)?", re.IGNORECASE)
_CLOCK = re.compile(r"\d+:\d\d:\d\d[.,]\d+")
_NUMBER = re.compile(r"\d+([.,]\d+)?")

Row = Mapping[str, str]


class Rows(NamedTuple):
    """Hold a table: names of its columns in small letters, its rows, and the line of each."""

    names: Sequence[str]
    rows: Sequence[Row]
    lines: Sequence[int]


def coded(rows: Rows) -> list[Annotation] | None:
    """Return the annotations of a table of such a program; None if it is of none.

    Raises
    ------
    AnnotationError
        If a row cannot be read; its line is named.
    """
    for fits, read in LAYOUTS:
        if fits(set(rows.names)):
            return read(rows)
    return None


def is_coded(names: Sequence[str]) -> bool:
    """Tell whether columns of such names are those of such a program."""
    return any(fits(set(names)) for fits, _ in LAYOUTS)


def bare(cells: Sequence[Sequence[str]]) -> list[Annotation] | None:
    """Return the annotations of a table without names, of ELAN or Audacity; None if it is of neither."""
    rows = [(row, i) for i, row in enumerate(cells, 1) if row[0] != BAND]
    if not rows:
        return None
    if all(len(row) == 3 and _NUMBER.fullmatch(row[0]) and _NUMBER.fullmatch(row[1]) for row, _ in rows):
        return [_span(seconds(row[0]), seconds(row[1]), "", row[2], i) for row, i in rows]
    if all(len(row) >= 5 and any(_CLOCK.fullmatch(c) for c in row) for row, _ in rows):
        return [_elan_bare(row, i) for row, i in rows]
    if all(len(row) == 6 and _adds_up(row[2:5]) for row, _ in rows):
        scale = 1.0 if any("." in cell or "," in cell for row, _ in rows for cell in row[2:5]) else 1e-3
        return [
            _span(scale * seconds(row[2]), scale * seconds(row[3]), row[0], row[5], i, row[1])
            for row, i in rows
        ]
    return None


def _adds_up(cells: Sequence[str]) -> bool:
    """Tell whether three numbers are a begin, an end and the time between, as ELAN writes them in s or ms."""
    if not all(_NUMBER.fullmatch(cell) for cell in cells):
        return False
    begin, end, lasts = (seconds(cell) for cell in cells)
    return abs(end - begin - lasts) < 2e-3


def _elan_bare(row: Sequence[str], line: int) -> Annotation:
    """Return a row of tier, participant, begin, end, length in some forms, and the text at its end."""
    clocks = [seconds(cell) for cell in row if _CLOCK.fullmatch(cell)]
    if len(clocks) < 2:
        raise AnnotationError(f"line {line}: no begin and end as hh:mm:ss.ms")
    return _span(clocks[0], clocks[1], row[0], row[-1], line, row[1])


def _span(start: float, stop: float, tier: str, text: str, line: int, who: str = "") -> Annotation:
    return Annotation(
        start=start,
        stop=stop if stop > start else math.nan,
        tier=tier,
        text=text.strip(),
        place=f"line {line}",
        fields=whose(who),
    )


def whose(who: str, note: str = "") -> dict[str, str]:
    actor = who.strip().casefold()
    fields = {"actor": actor} if actor in ACTORS else {}
    return fields | ({"note": note.strip()} if note.strip() else {})


def _time(row: Row, name: str, line: int) -> float:
    said = _WITH_UNIT.fullmatch(row.get(name, "").strip())
    text, unit = (said[1], said[2] or "") if said else (row.get(name, ""), "")
    if not text:
        return math.nan
    try:
        return seconds(text) * _UNITS[unit.casefold()]
    except ValueError:
        raise AnnotationError(f"line {line}: {name} = {text[:40]!r} is no time") from None


def pairs(found: Sequence[tuple[str, Annotation]]) -> list[Annotation]:
    """Join each start with the next stop of the same behaviour of the same person."""
    out: list[Annotation] = []
    open_at: dict[tuple[str, str], int] = {}
    for kind, one in found:
        key = (one.tier, one.text)
        if kind == "stop":
            if key not in open_at:
                raise AnnotationError(f"{one.place}: {one.text[:40]!r} ends without a beginning")
            at = open_at.pop(key)
            out[at] = replace(out[at], stop=one.start)
            continue
        if kind == "start":
            open_at[key] = len(out)
        out.append(one)
    return out


def _boris_media(row: Row) -> tuple[Medium, ...]:
    said = row.get("media file name") or row.get("media file") or ""
    return (Medium(said),) if said.strip() else ()


def _observation(row: Row) -> dict[str, str]:
    name = row.get("observation id", "").strip()
    return {OBSERVATION: name} if name else {}


def _refuse_several(rows: Rows) -> None:
    """Refuse a table of an observation of several files in a row: it does not say how long each is."""
    seen: dict[str, tuple[Medium, ...]] = {}
    for row, line in zip(rows.rows, rows.lines, strict=True):
        media = _boris_media(row)
        if media and seen.setdefault(row.get("observation id", ""), media) != media:
            raise AnnotationError(
                f"line {line}: a second media file in one observation: import the .boris project itself, "
                "which says how long each is"
            )


def _boris_tabular(rows: Rows) -> list[Annotation]:
    _refuse_several(rows)
    found = []
    for row, line in zip(rows.rows, rows.lines, strict=True):
        kind = row.get("behavior type", row.get("status", "")).casefold()
        time = _time(row, "time", line)
        one = _span(time, math.nan, row.get("subject", ""), row["behavior"], line, row.get("subject", ""))
        said = whose(row.get("subject", ""), row.get("comment", "")) | _observation(row)
        one = replace(one, fields=said, media=_boris_media(row))
        found.append((kind if kind in ("start", "stop") else "point", one))
    return pairs(found)


def _boris_aggregated(rows: Rows) -> list[Annotation]:
    _refuse_several(rows)
    return [
        replace(
            _span(
                _time(row, "start (s)", line),
                _time(row, "stop (s)", line),
                row.get("subject", ""),
                row["behavior"],
                line,
                row.get("subject", ""),
            ),
            media=_boris_media(row),
            fields=whose(row.get("subject", "")) | _observation(row),
        )
        for row, line in zip(rows.rows, rows.lines, strict=True)
    ]


def _elan(rows: Rows) -> list[Annotation]:
    begin, end = (_first(rows.names, f"{word} time") for word in ("begin", "end"))
    text = "annotation" if "annotation" in rows.names else rows.names[-1]
    return [
        _span(
            _time(row, begin, line),
            _time(row, end, line),
            row.get("tier", ""),
            row.get(text, ""),
            line,
            row.get("participant", ""),
        )
        for row, line in zip(rows.rows, rows.lines, strict=True)
    ]


def _first(names: Sequence[str], beginning: str) -> str:
    """Return the column of a time: in seconds where there is one."""
    mine = [n for n in names if n.startswith(beginning)]
    return next((n for n in mine if "ss.msec" in n and "hh:" not in n), mine[0])


def _observer(rows: Rows) -> list[Annotation]:
    time = next(n for n in rows.names if n.startswith("time_relative"))
    exact = next((n for n in rows.names if n in ("time_relative_sf", "time_relative_s")), time)
    text = next(n for n in rows.names if n in ("behavior", "event_log", "behaviour"))
    found = []
    for row, line in zip(rows.rows, rows.lines, strict=True):
        kind = row.get("event_type", "").casefold()
        word = row.get(text, "")
        if not word.strip():
            continue
        one = _span(
            _time(row, exact, line), math.nan, row.get("subject", ""), word, line, row.get("subject", "")
        )
        found.append(("stop" if "stop" in kind else "start" if "start" in kind else "point", one))
    return pairs(found)


def _acqknowledge(rows: Rows) -> list[Annotation]:
    return [
        _span(_time(row, "time", line), math.nan, row.get("channel", ""), row["label"], line)
        for row, line in zip(rows.rows, rows.lines, strict=True)
    ]


def _is_boris_tabular(names: set[str]) -> bool:
    return {"behavior", "time"} <= names and bool({"behavior type", "status"} & names)


def _is_boris_aggregated(names: set[str]) -> bool:
    return {"behavior", "start (s)", "stop (s)"} <= names


def _is_elan(names: set[str]) -> bool:
    return all(any(n.startswith(f"{word} time") for n in names) for word in ("begin", "end"))


def _is_observer(names: set[str]) -> bool:
    timed = any(n.startswith("time_relative") for n in names)
    return timed and bool({"behavior", "behaviour", "event_log"} & names)


def _is_acqknowledge(names: set[str]) -> bool:
    return {"event id", "time", "label"} <= names


LAYOUTS: tuple[tuple[Callable[[set[str]], bool], Callable[[Rows], list[Annotation]]], ...] = (
    (_is_boris_aggregated, _boris_aggregated),
    (_is_boris_tabular, _boris_tabular),
    (_is_elan, _elan),
    (_is_observer, _observer),
    (_is_acqknowledge, _acqknowledge),
)
"""How a program's table is known by its columns, and what reads it."""
