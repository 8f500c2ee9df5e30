"""Table 1 of the report: each person's indices in each phase, and why one has no value; ready to print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from processing.config import PipelineConfig
from processing.indices import INDICES, spelled
from processing.metrics.session_metrics import PEOPLE, Hour
from processing.report.phase_values import PhaseValues, Value, phase_values
from processing.report.phases import phases
from processing.results.session_run import SessionRun

COLUMNS = {
    "hr": ("HR", 1),
    "rmssd": ("RMSSD", 1),
    "lnrmssd": ("lnRMSSD", 2),
    "sdnn": ("SDNN", 1),
    "hf": ("HF", 0),
    "resp_rate": ("breathing", 1),
    "scl": ("SCL", 2),
    "scr_rate": ("SCR", 1),
}
"""Index → the head of its column, and its decimals."""
TITLE = "Heart, breathing and skin conductance of each person in each phase"
SHARES = (0.072, 0.11, 0.042, 0.058, 0.066, 0.071, 0.06, 0.056, 0.08, 0.057, 0.077, 0.125, 0.068, 0.058)
"""Widths of the columns on paper: person, phase, minutes, one per index, n, valid, not normal."""
NONE = "There is no phase with anything recorded, so no mean is given."
NOTE = (
    "HR: 60000 / mean NN interval. RMSSD, SDNN: over all accepted NN intervals of the phase (intervals "
    "between two normal beats; RMSSD from differences of successive ones, none taken across a gap), not "
    "means of windows; only intervals in a stretch of {c.heart.rmssd_window:g} s (SDNN "
    "{c.heart.sdnn_window:g} s) whose rhythm and noise allow it, at least {c.heart.rmssd_differences} "
    "differences for RMSSD. SDNN grows with the length of a phase: compare it only between phases of "
    "like length. HF ({c.heart.hf_window:g} s), breathing and SCL: means of the windows that lie wholly "
    "in the phase. SCR: responses of {c.skin.scr.minimum:g} µS or more per minute of valid signal. n: "
    "NN intervals / their successive differences that RMSSD is made of / responses. Valid: share of the "
    "phase under NN intervals / with valid skin conductance. Not normal: share of the judged beats of "
    "the phase. “hour”: from session_start to session_end, or the whole recording where these were not "
    "marked, without baselines, challenges and breaks. Speech and breathing alter RMSSD and HF."
)
"""To be filled with the parameters `c`."""


@dataclass(frozen=True, slots=True)
class PhaseTable:
    """Hold the table: head, rows, and the reasons that letters in it stand for."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    reasons: list[str]


def phase_table(run: SessionRun, hour: Hour) -> PhaseTable:
    """Return the table of a session: a row per person and phase."""
    table = run.rows
    found = [
        phase_values(table, entity, phase, run.config)
        for entity in PEOPLE
        if entity in hour.line.people
        for phase in phases(hour.line, run.end)
    ]
    return printed(found)


def note(config: PipelineConfig) -> str:
    """Return what the columns are, and what n counts."""
    return NOTE.format(c=config)


def printed(found: Sequence[PhaseValues]) -> PhaseTable:
    """Return the table of values: “–” where there is none, letters beside what has a reason, and these."""
    letters: dict[str, str] = {}
    rows = [_row(values, letters) for values in found]
    head = [f"{title} [{spelled(INDICES[name].unit)}]" for name, (title, _) in COLUMNS.items()]
    return PhaseTable(
        ("who", "phase", "min", *head, "n", "valid %", "not normal %"),
        rows,
        [f"{letter}: {reason}" for reason, letter in letters.items()],
    )


def _row(found: PhaseValues, letters: dict[str, str]) -> tuple[str, ...]:
    v = found.values
    cells = [_cell(v[name], decimals, letters) for name, (_, decimals) in COLUMNS.items()]
    return (
        found.entity,
        found.phase.title,
        f"{found.phase.seconds / 60:.1f}",
        *cells,
        f"{v['hr'].n} / {v['rmssd'].n} / {v['scr_rate'].n}",
        f"{_plain(found.heart_pct, 0)} / {_plain(found.skin_pct, 0)}",
        _plain(found.odd_pct, 1),
    )


def _cell(value: Value, decimals: int, letters: dict[str, str]) -> str:
    number = _plain(value.value, decimals)
    if not (value.reason or math.isnan(value.value)):
        return number
    letter = letters.setdefault(value.reason, _letter(len(letters)))
    return f"{number} {letter}"


def _letter(k: int) -> str:
    """Return a, b, … z, aa, ab, …"""
    first = _letter(k // 26 - 1) if k >= 26 else ""
    return first + ascii_lowercase[k % 26]


def _plain(value: float, decimals: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{decimals}f}".replace("-", "−", 1)
