"""What was corrected by hand and what the algorithm left out, of each person in each phase."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from acquisition.events.corrected import ByHand, Stretch
from acquisition.stream import FloatArray
from acquisition.text import as_cell
from processing.corrections.edits import Edits, edits_of
from processing.index import IndexSample
from processing.metrics.session_metrics import PEOPLE, Hour
from processing.report.phases import Phase, phases
from processing.results.session_run import SessionRun

CORRECTIONS = "corrections.csv"
TITLE = "Beats, responses and stretches corrected by hand, and beats that the algorithm left out"
HEAD = (
    "who", "phase", "beats", "inserted", "deleted", "moved", "rejected", "by hand %", "by algorithm %",
    "ECG marked s", "accepted s", "SCR rejected", "EDA marked s", "accepted s",
)  # fmt: skip
SHARES = (0.08, 0.12, 0.06, 0.068, 0.066, 0.06, 0.068, 0.068, 0.08, 0.07, 0.068, 0.07, 0.07, 0.072)
NAMES = (
    "entity", "phase", "beats", "inserted", "deleted", "moved", "rejected", "by_hand_pct", "by_algorithm_pct",
    "ecg_marked_s", "ecg_accepted_s", "scr_rejected", "eda_marked_s", "eda_accepted_s",
)  # fmt: skip
"""Columns of corrections.csv."""
NOTE = (
    "Beats: those that count in the phase, detected or placed by hand. By hand: share of them that were "
    "inserted, moved or rejected. By algorithm: share of them that it took for no normal beat, or could not "
    "judge, beside those. No interval is interpolated: one that is not between two normal beats is left out. "
    "Times that were marked are no signal; where a stretch was accepted, beats and skin conductance count "
    "whatever the gates say."
)
Cell = str | int | float


def rows(run: SessionRun, hour: Hour) -> list[tuple[Cell, ...]]:
    """Return a row per person and phase; none where nothing was corrected by hand."""
    if run.corrected is None:
        return []
    table = run.rows
    folded = run.corrected.folded
    return [
        _row(entity, phase, folded.of(entity, "heart"), folded.of(entity, "skin"), table)
        for entity in PEOPLE
        if any(role == entity for role, _ in folded.signals)
        for phase in phases(hour.line, run.end)
    ]


def _row(
    entity: str,
    phase: Phase,
    heart: ByHand,
    skin: ByHand,
    table: Mapping[tuple[str, str], Sequence[IndexSample]],
) -> tuple[Cell, ...]:
    edits = edits_of(heart)
    beats, classes = (_columns(table.get((entity, name), ())) for name in ("ibi", "ibi_class"))
    n = _held(phase, beats[0])
    placed, rejected = _held(phase, edits.placed), _held(phase, edits.rejected)
    return (
        entity,
        phase.title,
        n,
        _held(phase, heart.inserted),
        _held(phase, heart.deleted),
        _held(phase, heart.moved),
        rejected,
        100.0 * (placed + rejected) / n if n else np.nan,
        100.0 * _left_out(phase, edits, *classes) / n if n else np.nan,
        _seconds(phase, heart.marked),
        _seconds(phase, heart.accepted),
        _held(phase, skin.rejected),
        _seconds(phase, skin.marked),
        _seconds(phase, skin.accepted),
    )


def _columns(samples: Sequence[IndexSample]) -> tuple[FloatArray, FloatArray]:
    return np.array([s.time for s in samples], np.float64), np.array([s.value for s in samples], np.float64)


def _left_out(phase: Phase, edits: Edits, times: FloatArray, classes: FloatArray) -> int:
    """Return how many beats the algorithm took for not normal, or could not judge."""
    odd = ~(classes == 0.0) & ~edits.rejects(times) & ~edits.marks(times)
    return int(np.count_nonzero(odd & phase.holds(times)))


def _held(phase: Phase, times: Iterable[float]) -> int:
    return int(np.count_nonzero(phase.holds(np.array(list(times), np.float64))))


def _seconds(phase: Phase, stretches: Iterable[Stretch]) -> float:
    """Return how much of some stretches lies in a phase [s]."""
    pairs = ((max(a, start), min(b, stop)) for a, b in stretches for start, stop in phase.spans)
    return float(sum(max(0.0, high - low) for low, high in pairs))


def printed(found: Sequence[tuple[Cell, ...]]) -> list[tuple[str, ...]]:
    """Return the rows as they are printed."""
    return [tuple(_text(cell) for cell in row) for row in found]


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.1f}" if cell == cell else "–"
    return str(cell)


def write_corrections(path: Path, run: SessionRun, hour: Hour) -> None:
    """Write corrections.csv: who corrected, and the rows."""
    who = "" if run.corrected is None else run.corrected.who
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("editor", *NAMES))
        for row in rows(run, hour):
            writer.writerow([who, *(as_cell(c) if isinstance(c, str) else c for c in _rounded(row))])


def _rounded(row: Sequence[Cell]) -> list[Cell]:
    return [round(cell, 3) if isinstance(cell, float) else cell for cell in row]
