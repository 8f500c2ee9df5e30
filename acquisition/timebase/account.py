"""What was found out about a stream's stamps, for notices, session.json and the report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from acquisition.timebase.manner import Manner

OTHER_RATE = 0.03
"""Share by which a rate must differ from what the stream says to be told."""
LONG_ENOUGH, ENOUGH = 30.0, 4.0
"""Seconds after which a rate is told; and at the end of a recording, at least."""
ADDED = {Manner.EXACT: 0.1, Manner.UNEVEN: 0.1, Manner.JITTER: 0.6, Manner.PACKETS: 1.7}
"""By how much later than they came samples of each manner are handed on at most [s]."""
SHOWN, MOST = 3, 50
"""Jumps of the stamps that are said one by one, and that are kept."""
SLIGHT = 0.05
"""Seconds up to which a jump makes no others doubtful: after a stall a line is put right by some."""
KEPT = 20_000
"""Losses of which the place is kept: six a second for an hour. More are counted and summed."""
STARTING = 2.8
"""The same in the first three seconds of a segment [s], and what any stream may need again."""
WORDS = {
    Manner.EXACT: "even",
    Manner.UNEVEN: "uneven, taken as they are",
    Manner.JITTER: "with jitter or rounded",
    Manner.PACKETS: "one for a packet",
}


class Loss(NamedTuple):
    """Hold where samples are missing: before which sample, how many, for how long [s]."""

    at: int
    samples: float
    seconds: float


class Remark(NamedTuple):
    """Say what the stamps show, once; `at` is the number of the sample that showed it."""

    at: int
    kind: Literal["clock", "segment"]
    message: str


@dataclass(slots=True)
class Account:
    """Keep what was found; `nominal` is the rate that the stream says [Hz], 0 if it says none.

    Parameters
    ----------
    not_numbers, slips, unplaced : int
        Samples whose stamp is no number, or far off and taken back; and without a place.
    again : int
        Samples that came twice; they are left out once.
    segments : int
        How often the stamps began anew, the beginning counted.
    """

    nominal: float
    manner: Manner | None = None
    not_numbers: int = 0
    slips: int = 0
    unplaced: int = 0
    again: int = 0
    overtaken: int = 0
    """Samples that came after later ones; they are left out."""
    rate_told: bool = False
    period: float = math.nan
    """Sample period of the line that the samples lie on [s]; nan where there is none."""
    segments: int = 1
    jumps: list[int] = field(default_factory=list)
    """With which samples the stamps began anew, since these were last looked at."""
    losses: list[Loss] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    _first: float = math.nan
    _last: float = math.nan
    _n: int = 0
    _lost: float = 0.0
    _more: Loss = field(default=Loss(0, 0.0, 0.0))
    """How many losses more there were, and what they come to."""

    def lost(self, at: int, samples: float, seconds: float) -> None:
        """Note that before sample `at` so many samples are missing, and for how long [s]."""
        if len(self.losses) < KEPT:
            self.losses.append(Loss(at, samples, seconds))
        else:
            n, more, longer = self._more
            self._more = Loss(n + 1, more + samples, longer + seconds)
        self._lost += seconds

    def back(self, at: int, seconds: float) -> None:
        """Note that from sample `at` on stamps are so much too early, for good [s]."""
        self.jumped(at, -seconds, at)

    def jumped(self, at: int, seconds: float, first: int, place: int | None = None) -> None:
        """Note that the stamps begin anew with sample `first`, so much later than was expected [s].

        `at` is the sample that showed it, `place` how many remarks there were before, if others were made
        since.
        """
        self.segments += 1
        if abs(seconds) > SLIGHT:
            self.jumps.append(first)
        what = f"stamps jump by {seconds:+.3g} s: a new clock segment, which goes on at once"
        self.remarks.insert(len(self.remarks) if place is None else place, Remark(at, "segment", what))
        if self.segments > MOST:  # whatever this is, it is no clock
            kinds = [remark.kind for remark in self.remarks]
            del self.remarks[len(kinds) - 1 - kinds[::-1].index("segment")]

    def slipped(self, at: int, samples: int) -> None:
        """Note that some stamps are far off, and those after them are not."""
        self.slips += samples

    def laid(self, first: float, last: float, n: int) -> None:
        """Note that so many samples were given times."""
        if math.isnan(self._first):
            self._first = first
        self._last, self._n = last, self._n + n

    def lines(self) -> list[str]:
        """Return in plain lines what a person should know of the stamps."""
        jumps = [remark.message for remark in self.remarks if remark.kind == "segment"]
        others = sorted((r for r in self.remarks if r.kind != "segment"), key=lambda remark: remark.at)
        out = [remark.message for remark in others] + jumps[:SHOWN]
        if self.segments - 1 > SHOWN:
            out.append(f"{self.segments - 1} jumps of the stamps in all")
        if self.not_numbers:
            out.append(f"{self.not_numbers} stamps are no numbers; their samples are counted on")
        if self.slips:
            out.append(f"{self.slips} stamps are far off, and those after them are not; they are replaced")
        if self.unplaced:
            out.append(f"{self.unplaced} samples left out: it is not known where they belong")
        if self.again:
            out.append(f"{self.again} samples came once more, with the same stamps; left out")
        if self.overtaken:
            out.append(f"{self.overtaken} samples came after later ones; left out")
        if self.losses:
            seconds = math.fsum(loss.seconds for loss in (*self.losses, self._more))
            n = len(self.losses) + self._more.at
            where = "in one place" if n == 1 else f"in {n} places"
            out.append(f"{self.samples_lost} samples missing {where}, {seconds:.3g} s together")
        return out

    @property
    def sfreq(self) -> float:
        """Return the rate of what was given times, losses left out [Hz]; nan while that is short."""
        seconds = self._last - self._first - self._lost
        if self.period > 0 and seconds > ENOUGH:
            return 1.0 / self.period
        return (self._n - 1) / seconds if self._n > 1 and seconds > ENOUGH else math.nan

    @property
    def samples_lost(self) -> int:
        """Return how many samples are missing."""
        return round(math.fsum(loss.samples for loss in (*self.losses, self._more)))

    def judge_rate(self, at: int, *, ended: bool = False) -> None:
        """Tell once of a rate that differs from what the stream says, if enough was seen."""
        if self.rate_told or not (ended or self._last - self._first >= LONG_ENOUGH):
            return
        sfreq = self.sfreq
        if math.isnan(sfreq):
            return
        self.rate_told = True
        if not self.nominal > 0:
            self.remarks.append(Remark(at, "clock", f"says no rate, sends {sfreq:.4g} Hz"))
        elif abs(sfreq / self.nominal - 1.0) > OTHER_RATE:
            self.remarks.append(Remark(at, "clock", f"says {self.nominal:g} Hz, sends {sfreq:.4g} Hz"))
