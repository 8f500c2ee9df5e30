"""The beats of one person as they stand: as detected, or with what somebody corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.corrected import ByHand, editors, fold
from acquisition.events.corrections import read_corrections
from acquisition.events.corrections_file import refuse_editor
from processing.correcting.beat_lists import Beat
from processing.correcting.signals import Detected, detect, judged, people, read_signals
from processing.corrections.edits import edits_of
from processing.heart.table import BeatRows, BeatTable


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standing:
    """Hold beats as they stand; `begin` is the first tick [s, LSL clock], `seconds` the length recorded."""

    begin: float
    seconds: float
    detected: Detected
    by_hand: ByHand
    table: BeatTable

    @property
    def rows(self) -> BeatRows:
        """Return the judged beats."""
        return self.table.rows

    @property
    def has_shapes(self) -> bool:
        """Tell whether the beats come from an ECG."""
        return self.detected.signal.is_ecg

    @property
    def sfreq(self) -> float:
        """Return the sampling rate of the ECG [Hz]; 0 for a stream of intervals."""
        return self.detected.signal.info.sfreq if self.has_shapes else 0.0

    def listed(self) -> Sequence[Beat]:
        """Return the beats as they are exported."""
        beats, done = self.rows.beats, self.by_hand
        said = dict.fromkeys(done.inserted, "inserted") | dict.fromkeys(done.moved.values(), "moved")
        said |= dict.fromkeys(done.rejected, "rejected")
        columns = zip(beats.times.tolist(), beats.values.tolist(), beats.classes.tolist(), strict=True)
        return [
            Beat(time=t - self.begin, interval=value, kind=kind, by_hand=said.get(t, ""))
            for t, value, kind in columns
        ]


def read_standing(recording: Path, role: str, who: str, *, known: bool = False) -> Standing:
    """Read the beats of a person with the corrections of one who corrects; "" for the beats as detected.

    Parameters
    ----------
    known : bool
        Refuse who has corrected nothing.

    Raises
    ------
    RecordingError
        If there are no beats, or if `who` is no code or, where that matters, has corrected nothing.
    """
    by_hand = _by_hand(recording, role, who, known=known)
    signals = read_signals(recording)
    if (role, "heart") not in signals.held:
        there = ", ".join(people(signals, "heart")) or "nobody"
        raise RecordingError(f"{recording}: no ECG or intervals of the {role} (there are those of: {there})")
    detected = detect(signals.held[role, "heart"])
    return Standing(
        begin=signals.begin,
        seconds=signals.end - signals.begin,
        detected=detected,
        by_hand=by_hand,
        table=judged(detected, edits_of(by_hand)),
    )


def standing_of(one: Standing, recording: Path, role: str, who: str) -> Standing:
    """Return the same beats with the corrections of somebody else."""
    by_hand = _by_hand(recording, role, who, known=True)
    return replace(one, by_hand=by_hand, table=judged(one.detected, edits_of(by_hand)))


def _by_hand(recording: Path, role: str, who: str, *, known: bool) -> ByHand:
    if not who:
        return ByHand()
    refuse_editor(who, recording=recording)
    lines = read_corrections(recording)
    if known and who not in editors(lines):
        there = ", ".join(editors(lines)) or "nobody"
        raise RecordingError(f"{recording}: no corrections by {who} (there are those of: {there})")
    return fold(lines, who).of(role, "heart")
