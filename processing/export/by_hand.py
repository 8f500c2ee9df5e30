"""Beats and responses with what somebody corrected, as exports hold them beside what was recorded.

The signals themselves stay as recorded; whatever holds corrections says in its name, and within, by whom.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from acquisition.events.corrected import ByHand
from acquisition.stream import PEOPLE
from acquisition.text import as_cell
from processing.correcting.signals import RawSignal, detect, judged, read_signals
from processing.correcting.skin import responses
from processing.corrections.edits import Edits, edits_of
from processing.heart.ibi import ECTOPIC, LONG, MISPLACED, NORMAL, SHORT
from processing.results.corrected import SEPARATOR, corrected_by

WORDS = {NORMAL: "normal", ECTOPIC: "ectopic", LONG: "long interval", SHORT: "extra", MISPLACED: "misplaced"}
"""Class of a beat → what it is called."""
NOT_JUDGED = "not judged"
MEANINGS = {
    "time": "Peak of a beat or response, or beginning of a stretch, on the recorder's clock, s",
    "t": "the same since the recording began, s",
    "duration": "of a stretch, s; 0 of a beat or response",
    "signal": "heart or skin",
    "what": "beat or response that counts, or a stretch: marked (no signal), accepted",
    "class": f"of a beat: {', '.join(WORDS.values())}, {NOT_JUDGED}",
    "value": "of a beat, the interval that ends there; of a response, its amplitude; empty where unknown",
    "unit": "of the value",
    "by_hand": "inserted, moved or rejected by the editor; empty: as detected",
    "why": "reason that the editor gave",
    "editor": "code of whoever corrected",
}
"""Column of a table of marks → what it holds."""
MARK_COLUMNS: tuple[str, ...] = tuple(MEANINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Hold a beat, a response or a stretch that counts with what was corrected [s, LSL clock].

    Parameters
    ----------
    kind : str
        Class of a beat, in words; "" of all others.
    value : float
        Interval that ends at a beat [ms], amplitude of a response [µS]; nan where there is none.
    by_hand : str
        inserted, moved, rejected, or "" where it stands as detected.
    """

    role: str
    signal: str
    what: str
    time: float
    duration: float = 0.0
    kind: str = ""
    value: float = math.nan
    unit: str = ""
    by_hand: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        """Return it as an annotation: beat/client/ectopic/inserted."""
        return "/".join(part for part in (self.what, self.role, self.kind, self.by_hand) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedMarks:
    """Hold the marks of both people with the corrections of one editor, in order of time.

    Parameters
    ----------
    said : str
        In a line, by whom and how much was corrected.
    """

    who: str
    said: str
    marks: tuple[Mark, ...]

    @property
    def suffix(self) -> str:
        """Return what a file that holds them has in its name."""
        return f"{SEPARATOR}{self.who}"

    def of(self, role: str) -> list[Mark]:
        """Return those of a person."""
        return [mark for mark in self.marks if mark.role == role]


def corrected_marks(
    recording: Path, who: str, progress: Callable[[float], None] | None = None
) -> CorrectedMarks:
    """Find the beats and responses of a finished recording with the corrections of one editor.

    Raises
    ------
    RecordingError
        If `who` is no code or has corrected nothing, or if the recording cannot be read or still grows.
    """
    corrected = corrected_by(recording, who)
    signals = read_signals(recording, progress)
    marks: list[Mark] = []
    for (role, part), signal in sorted(signals.held.items()):
        by_hand = corrected.folded.of(role, part)
        find = _beats if part == "heart" else _responses
        marks += find(role, signal, by_hand, edits_of(by_hand))
        marks += _stretches(role, part, by_hand)
    return CorrectedMarks(
        who=who, said=corrected.said, marks=tuple(sorted(marks, key=lambda m: (m.time, m.role, m.what)))
    )


def _beats(role: str, signal: RawSignal, by_hand: ByHand, edits: Edits) -> Iterator[Mark]:
    beats = judged(detect(signal), edits).rows.beats
    said = dict.fromkeys(by_hand.inserted, "inserted") | dict.fromkeys(by_hand.moved.values(), "moved")
    rejected = edits.rejects(beats.times).tolist()
    columns = (beats.times.tolist(), beats.values.tolist(), beats.classes.tolist(), rejected)
    for time, interval, kind, void in zip(*columns, strict=True):
        yield Mark(
            role=role,
            signal="heart",
            what="beat",
            time=time,
            kind=WORDS.get(kind, NOT_JUDGED),
            value=interval,
            unit="ms",
            by_hand="rejected" if void else said.get(time, ""),
            why=by_hand.inserted.get(time, "") or by_hand.rejected.get(time, ""),
        )


def _responses(role: str, signal: RawSignal, by_hand: ByHand, edits: Edits) -> Iterator[Mark]:
    found = responses(signal, edits)
    for time, amplitude in zip(found.peaks.tolist(), found.amplitudes.tolist(), strict=True):
        yield Mark(role=role, signal="skin", what="response", time=time, value=amplitude, unit="µS")


def _stretches(role: str, part: str, by_hand: ByHand) -> Iterator[Mark]:
    for what, kept in (("marked", by_hand.marked), ("accepted", by_hand.accepted)):
        for (start, stop), why in kept.items():
            yield Mark(role=role, signal=part, what=what, time=start, duration=stop - start, why=why)


def rows(found: CorrectedMarks, role: str, begin: float) -> Iterator[tuple[str, ...]]:
    """Return the marks of a person as cells, by `MARK_COLUMNS`; `begin` is the first tick [s]."""
    for m in found.of(role):
        value = f"{m.value:.6g}" if math.isfinite(m.value) else ""
        fields = asdict(m)
        yield (
            repr(m.time),
            f"{m.time - begin:.6f}",
            f"{m.duration:.6f}",
            *(fields[name] for name in ("signal", "what", "kind")),
            value,
            m.unit if value else "",
            m.by_hand,
            str(as_cell(m.why)),
            found.who,
        )


def write_marks(found: CorrectedMarks, begin: float, out: Path) -> list[Path]:
    """Write a table for each person who has any, and a text that says what they are; return the files."""
    written = []
    for role in (p for p in PEOPLE if found.of(p)):
        target = out / f"{role}_beats_and_responses{found.suffix}.csv"
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([MARK_COLUMNS, *rows(found, role, begin)])
        written.append(target)
    text = out / f"corrections{found.suffix}.txt"
    text.write_text("\n".join([*about(found), ""]), "utf-8")
    return [*written, text]


def about(found: CorrectedMarks) -> Sequence[str]:
    """Say in lines what was corrected, and what was not."""
    lines = [f"{name}: {meaning}" for name, meaning in MEANINGS.items()]
    return [
        f"Beats and skin conductance responses, {found.said}.",
        "Signals, stamps and events of this export are as recorded: nothing in them is corrected.",
        "",
        *lines,
    ]


def annotated(found: CorrectedMarks | None, begin: float) -> Iterable[tuple[float, float, str]]:
    """Return onset, duration [s] and text of all marks, and at the beginning who corrected."""
    if found is None:
        return []
    return [(0.0, 0.0, found.said), *((m.time - begin, m.duration, m.text) for m in found.marks)]
