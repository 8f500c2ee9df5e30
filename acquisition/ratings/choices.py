"""Comparisons of moments beside a recording: ratings/NAME.jsonl, a line for each answer, appended at once.

    {"op": "compare", "first": 120.0, "second": 480.0, "length": 20.0, "chosen": "first", "asked": "more",
     "about": "client", "rater": "R1", "by": "", "when": "2026-11-22T10:00:00+00:00"}

Moments are seconds since the recording began, `chosen` is first, second, or neither. Beside a sealed
recording each line is sealed as any row is.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.overlay import rows_of
from acquisition.events.overlay_file import append_lines
from acquisition.ratings.files import FOLDER
from acquisition.ratings.whose import Whose
from acquisition.stream import PEOPLE, Role

CHOSEN = ("first", "second", "neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Hold which of two moments had more of what was asked.

    Parameters
    ----------
    first, second : float
        Where they begin, since the recording began [s].
    length : float
        [s]
    chosen : str
        Of `CHOSEN`.
    asked : str
        What a moment may have more of.
    """

    first: float
    second: float
    length: float
    chosen: str
    asked: str
    rater: str
    whose: Whose
    when: str = ""

    @property
    def won(self) -> float:
        """Return 1 if the first was chosen, 0 if the second, a half if neither."""
        return {"first": 1.0, "second": 0.0}.get(self.chosen, 0.5)

    def line(self) -> str:
        """Return it as a line of JSON; `about` and `actor` name the people whose it is, as in any row."""
        by = self.whose.by
        about = str(self.whose.of)
        if self.whose.of is Role.DYAD:
            about = str(next(p for p in PEOPLE if p is not by)) if by else ""
        row = {
            "op": "compare",
            "first": round(self.first, 3),
            "second": round(self.second, 3),
            "length": self.length,
            "chosen": self.chosen,
            "asked": self.asked,
            "of": str(self.whose.of),
            **({"about": about} if about else {}),
            "rater": self.rater,
            **({"actor": str(by), "by": str(by)} if by else {}),
            "when": self.when,
        }
        return json.dumps(row, ensure_ascii=False)


def file_of(recording: Path, rater: str) -> Path:
    """Return where the choices of a rater are kept."""
    return recording / FOLDER / f"{rater}.jsonl"


def append_choice(recording: Path, choice: Choice) -> None:
    """Append a choice, on the disk when the call ends.

    Raises
    ------
    RecordingError
        If nothing can be written there, or the recording is sealed and its keys are not at hand.
    """
    append_lines(file_of(recording, choice.rater), choice.line() + "\n")


def read_choices(recording: Path) -> list[Choice]:
    """Return all choices beside a recording, by rater, in order of their answers.

    Raises
    ------
    RecordingError
        If a line is none; its place is named. A line whose key was destroyed is left out.
    """
    out = []
    for path in sorted((recording / FOLDER).glob("*.jsonl")):
        out += [_choice(row.text, row.place) for row in rows_of(path) if row.text is not None]
    return out


def _choice(text: str, place: str) -> Choice:
    try:
        row = json.loads(text)
        times = [float(row[name]) for name in ("first", "second", "length")]
        whose = Whose(Role(row["of"]), Role(row["by"]) if row.get("by") else None)
        good = row["op"] == "compare" and row["chosen"] in CHOSEN and all(map(math.isfinite, times))
        rater, asked = str(row["rater"]), str(row["asked"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordingError(f"{place}: no comparison of two moments") from error
    if not good:
        raise RecordingError(f"{place}: no comparison of two moments (chosen: {', '.join(CHOSEN)})")
    return Choice(
        first=times[0],
        second=times[1],
        length=times[2],
        chosen=row["chosen"],
        asked=asked,
        rater=rater,
        whose=whose,
        when=str(row.get("when", "")),
    )
