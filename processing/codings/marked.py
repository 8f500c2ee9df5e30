"""What was marked in a recording, as spans since it began: what codings are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.vocabulary import Vocabulary, load_vocabulary
from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE
from processing.hour.timeline import Interval, intervals, points


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Marked:
    """Hold the raw markers of a recording, first and last tick [s, LSL clock], and its start (ISO 8601)."""

    path: Path
    events: tuple[Event, ...]
    begin: float
    end: float
    vocabulary: Vocabulary
    started: str = ""
    people: Mapping[str, str] = field(default_factory=dict)
    """Code of each person, in small letters → client or therapist."""

    @property
    def seconds(self) -> float:
        """Return the length of the recording [s]."""
        return self.end - self.begin


def read_marked(path: Path, vocabulary: Path | None = None) -> Marked:
    """Read the markers of a recording, with the vocabulary of its session file unless another one is given.

    Raises
    ------
    RecordingError
        If it cannot be read or has no ticks.
    VocabularyError
        If the vocabulary cannot be read.
    """
    recording = Recording(path)
    events: list[Event] = []
    ticks: list[float] = []
    for batch in recording.batches():
        ticks += [float(batch.ticks[0]), float(batch.ticks[-1])]
        events += [event for _, event in batch.events]
    if not ticks:
        raise RecordingError(f"{path}: nothing was recorded")
    own = recording.session.events.vocabulary if recording.session else ""
    known = load_vocabulary(vocabulary or (Path(own) if own else None))
    recorded = recording.session.recorded if recording.session else None
    people = {r.value: recording.session.participant(r).code for r in PEOPLE} if recording.session else {}
    return Marked(
        path=path,
        events=tuple(events),
        begin=ticks[0],
        end=ticks[-1],
        vocabulary=known,
        started=recorded.began if recorded is not None else "",
        people={code.casefold(): role for role, code in people.items() if code},
    )


def since_begin(events: Sequence[Event], begin: float, end: float, rater: str = "") -> list[Interval]:
    """Return what was marked as intervals, points with no length, in seconds since `begin`.

    With a rater only what they marked: an interval is of whoever began it, also where somebody else ended it.
    """
    every = [i for i in (*intervals(events, end), *points(events)) if rater in ("", i.rater)]
    return sorted(
        (replace(i, start=i.start - begin, stop=i.stop - begin) for i in every),
        key=lambda i: (i.start, i.code, i.actor),
    )
