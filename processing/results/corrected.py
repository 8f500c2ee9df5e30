"""What a recording was corrected by, how that is said in its results, and what of it did nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.events.corrected import ByHand, Folded, acts_of, editors, fold
from acquisition.events.corrections import line_of, read_corrections
from acquisition.events.corrections_file import refuse_editor
from processing.corrections.edits import Edits, edits_of

SEPARATOR = "__"
"""Between the name of a recording and who corrected it, in the name of its results."""
WORDS = {"heart": ("beats", "beat"), "skin": ("responses", "response")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Hold the corrections of one person who corrects, as results are made with them.

    Parameters
    ----------
    folded : Folded
    digest : str
        SHA-256 of the acts that hold, the first 16 hexadecimal digits.
    """

    folded: Folded
    digest: str

    @property
    def who(self) -> str:
        """Return who corrected."""
        return self.folded.who

    @property
    def edits(self) -> Mapping[tuple[str, str], Edits]:
        """Return the edits of each (role, signal) that has any."""
        return {key: edits_of(by_hand) for key, by_hand in self.folded.signals.items() if by_hand}

    @property
    def said(self) -> str:
        """Return in a line how much was corrected."""
        return f"corrected by {self.who}: {said(list(self.folded.signals.values()))}"

    def content(self) -> dict[str, object]:
        """Return what session.json says."""
        counts = {
            f"{role}/{signal}": {name: round(n, 3) for name, n in by_hand.counts().items()}
            for (role, signal), by_hand in sorted(self.folded.signals.items())
        }
        return {"by": self.who, "said": self.said, "counts": counts, "digest": self.digest}


def said(signals: Sequence[ByHand]) -> str:
    """Return counts in words: 12 inserted, 3 deleted, 5 rejected, 84 s marked."""
    total: dict[str, float] = {}
    for by_hand in signals:
        for name, n in by_hand.counts().items():
            total[name] = total.get(name, 0.0) + n
    words = [f"{n:.0f} {name}" for name, n in total.items() if n and not name.endswith("_s")]
    words += [f"{_seconds(n)} s {name[:-2]}" for name, n in total.items() if n and name.endswith("_s")]
    return ", ".join(words) or "nothing"


def _seconds(n: float) -> str:
    return f"{n:.0f}" if n >= 9.95 else f"{n:.1f}"


def corrected_by(recording: Path, who: str) -> Corrected:
    """Read what one person has corrected in a recording.

    Raises
    ------
    RecordingError
        If `who` is no code or has corrected nothing, or if the file cannot be read.
    """
    refuse_editor(who, "--corrections", recording)
    lines = read_corrections(recording)
    known = editors(lines)
    if who not in known:
        others = f"known: {', '.join(known)}" if known else "nobody has corrected it"
        raise RecordingError(f"{recording}: no corrections by {who} ({others})")
    held = "\n".join(line_of(c) for act in acts_of(lines, who).held for c in act)
    return Corrected(folded=fold(lines, who), digest=hashlib.sha256(held.encode()).hexdigest()[:16])


def results_name(recording: Path, who: str = "") -> str:
    """Return the name of the directory of a recording's results; corrected ones have their own."""
    name = recording.resolve().name
    return f"{name}{SEPARATOR}{who}" if who else name


def remarks(
    corrected: Corrected, edits: Mapping[tuple[str, str], Edits], begin: float, end: float
) -> list[str]:
    """Return in lines how much was corrected, and what of it did nothing: outside, or no beat was found.

    `edits` are those that the pipeline has used.
    """
    lines = [corrected.said, *corrected.folded.faults]
    for (role, signal), by_hand in sorted(corrected.folded.signals.items()):
        if not by_hand:
            continue
        mine = edits[role, signal]
        many, one = WORDS[signal]
        times = np.concatenate(
            (mine.placed, mine.removed, mine.rejected, mine.marked.ravel(), mine.accepted.ravel())
        )
        if n := int(np.count_nonzero((times < begin) | (times > end))):
            lines.append(
                f"{role}: {n} corrected {one if n == 1 else many} or edges lie outside the recording"
            )
        if n := mine.unmet:
            lines.append(
                f"{role}: {n} corrected {one if n == 1 else many} not found among those detected; "
                "another version of the detector, or its parameters, found others"
            )
    return lines
