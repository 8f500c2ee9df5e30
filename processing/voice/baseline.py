"""A speaker's own baseline: F0 and intensity of neutral talk, fixed once and then left alone."""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass
from typing import ClassVar

from acquisition.event import Event
from acquisition.events.intervals import Intervals, Span
from processing.bounds import refuse_outside
from processing.voice.windows import Second, mean_power, median_f0

CODE = "baseline_talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """Hold the parameters of the voice markers; ours unless a source is named.

    Parameters
    ----------
    window, range_window : int
        Seconds of the short markers; of `f0_range` and of what is exploratory.
    quality_step : int
        Seconds between two values of what is exploratory.
    voiced, range_voiced : float
        Least voiced (intensity: spoken) seconds in them.
    rate_phonation : float
        Least seconds of phonation in a turn for its rates.
    talk_voiced : float
        Least voiced seconds of a talk baseline.
    first_voiced : float
        Voiced seconds from the start of the session that serve where there was no talk baseline.
    """

    window: int = 10
    range_window: int = 30
    quality_step: int = 5
    voiced: float = 2.0
    range_voiced: float = 6.0
    rate_phonation: float = 5.0
    talk_voiced: float = 30.0
    first_voiced: float = 60.0

    wait: ClassVar[float] = 0.5
    """A row stands for the second that its stamp is nearest to, which is settled so long after it [s]."""

    def __post_init__(self) -> None:
        """Refuse windows that nothing can be computed in."""
        refuse_outside(
            self,
            lengths=("voiced", "range_voiced", "rate_phonation", "talk_voiced", "first_voiced"),
            counts=("window", "range_window", "quality_step"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceReference:
    """Hold a baseline: median F0 [Hz], intensity [dB], voiced seconds behind it, and where it is from."""

    f0: float
    intensity: float
    n: float
    source: str


WITHDRAWN = VoiceReference(
    f0=math.nan, intensity=math.nan, n=math.nan, source="withdrawn: its marker was undone"
)


class Baseline:
    """Find a speaker's baseline, second by second.

    A talk baseline counts if it holds enough voiced speech, from the second after its off marker on; the
    first that does stays. Until then the first minute of voiced speech serves, once it is complete, but not
    while a talk baseline is being taken. A marker that is undone acts no more: without its on there is no
    talk baseline, without its off it is still being taken.
    """

    def __init__(self, config: VoiceConfig) -> None:
        self._config = config
        self._marks: list[tuple[float, int, Event]] = []
        self._talks = Intervals()
        self._talk: tuple[VoiceReference, Span] | None = None
        self._first: VoiceReference | None = None
        self._past: list[tuple[int, Second]] = []
        self._voiced: list[Second] = []

    @property
    def reference(self) -> VoiceReference | None:
        """Return the baseline that holds now."""
        return self._talk[0] if self._talk else self._first

    def mark(self, event: Event, time: float) -> None:
        """Take in an event that acts at `time` [s]."""
        if event.phase == "void" or (event.code == CODE and event.phase in ("on", "off")):
            insort(self._marks, (time, len(self._marks), event), key=lambda m: m[0])

    def advance(self, g: int, row: Second | None) -> VoiceReference | None:
        """Take in the second that ends at `g`; return the baseline if another one holds now."""
        before = self.reference
        while self._marks and self._marks[0][0] < g:
            _, _, event = self._marks.pop(0)
            self._act(event)
        if row is not None:
            self._collect(g, row)
        if self.reference is before:
            return None
        return self.reference or WITHDRAWN

    def _act(self, event: Event) -> None:
        ended, taken_back = self._talks.act(event)
        if self._talk is not None and self._talk[1] in taken_back:
            self._talk = None
        for span in ended:
            self._judge(span)

    def _judge(self, span: Span) -> None:
        if self._talk is not None:
            return
        rows = [row for g, row in self._past if span.start + 1.0 <= g <= span.stop]
        found = self._reference_of(rows, self._config.talk_voiced, CODE)
        self._talk = None if found is None else (found, span)

    def _collect(self, g: int, row: Second) -> None:
        self._past.append((g, row))
        if self._first is not None or row.voiced <= 0.0:
            return
        self._voiced.append(row)
        if not self._talks.open:
            self._first = self._reference_of(self._voiced, self._config.first_voiced, "first voiced speech")

    def _reference_of(self, rows: list[Second], needed: float, source: str) -> VoiceReference | None:
        n = math.fsum(row.voiced for row in rows)
        if n < needed:
            return None
        return VoiceReference(f0=median_f0(rows), intensity=mean_power(rows), n=n, source=source)
