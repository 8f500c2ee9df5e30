"""A speaker's own baseline: F0 and intensity of neutral talk, fixed once and then left alone."""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass

from acquisition.event import Event
from processing.voice_windows import Second, mean_power, median_f0

CODE = "baseline_talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """Hold the parameters of the voice markers; ours unless a source is named.

    Parameters
    ----------
    window, range_window : int
        Seconds of the short markers and of `f0_range`.
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
    voiced: float = 2.0
    range_voiced: float = 6.0
    rate_phonation: float = 5.0
    talk_voiced: float = 30.0
    first_voiced: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceReference:
    """Hold a baseline: median F0 [Hz], intensity [dB], voiced seconds behind it, and where it is from."""

    f0: float
    intensity: float
    n: float
    source: str


class Baseline:
    """Find a speaker's baseline, second by second.

    A talk baseline counts if it holds enough voiced speech, from the second after its off marker on; the
    first that does stays. Until then the first minute of voiced speech serves, once it is complete, but not
    while a talk baseline is being taken.
    """

    def __init__(self, config: VoiceConfig) -> None:
        self.reference: VoiceReference | None = None
        self._config = config
        self._marks: list[tuple[float, int, Event]] = []
        self._open: dict[str, float] = {}
        self._talk: list[tuple[int, Second]] = []
        self._first: list[Second] = []

    def mark(self, event: Event, time: float) -> None:
        """Take in an event that acts at `time` [s]."""
        if event.code == CODE and event.phase in ("on", "off"):
            insort(self._marks, (time, len(self._marks), event), key=lambda m: m[0])

    def advance(self, g: int, row: Second | None) -> VoiceReference | None:
        """Take in the second that ends at `g`; return the baseline if there is a new one."""
        new = None
        while self._marks and self._marks[0][0] < g:
            _, _, event = self._marks.pop(0)
            new = self._act(event) or new
        if row is not None:
            new = self._collect(g, row) or new
        return new

    def _act(self, event: Event) -> VoiceReference | None:
        if event.phase == "on":
            self._open[event.actor] = event.onset
            return None
        start = self._open.pop(event.actor, math.nan)
        rows = [row for g, row in self._talk if start + 1.0 <= g <= event.onset]
        if not self._open:
            self._talk = []
        if self.reference is not None and self.reference.source == CODE:
            return None
        return self._set(rows, self._config.talk_voiced, CODE)

    def _collect(self, g: int, row: Second) -> VoiceReference | None:
        if self._open:
            self._talk.append((g, row))
        if self.reference is not None or row.voiced <= 0.0:
            return None
        self._first.append(row)
        if self._open:
            return None
        return self._set(self._first, self._config.first_voiced, "first voiced speech")

    def _set(self, rows: list[Second], needed: float, source: str) -> VoiceReference | None:
        n = math.fsum(row.voiced for row in rows)
        if n < needed:
            return None
        self.reference = VoiceReference(f0=median_f0(rows), intensity=mean_power(rows), n=n, source=source)
        self._first = []
        return self.reference
