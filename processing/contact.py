"""Contact: how a sensor sits before anything is recorded, by the same pipeline that judges the recording."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from acquisition.batch import Gatherer
from acquisition.errors import UnitError
from acquisition.stream import PEOPLE, Chunk, ClockOffset, Modality, Role, StreamInfo
from acquisition.tick import Tick
from acquisition.units import convert
from processing.index import IndexSample
from processing.parts import CARDIAC
from processing.pipeline import Pipeline

QUALITIES = {Modality.ECG: "ecg_quality", Modality.EDA: "eda_quality"}
JUDGED = (*CARDIAC, Modality.EDA)
"""What the pipeline has a word about by itself."""
SPAN = 10.0
"""Seconds that a look speaks of."""
GOOD = 0.5
"""Quality from which a second is good, and share of good seconds from which a sensor sits well."""
BEATS = 5
"""Accepted beats of the last `SPAN` seconds that show a heart, where movement leaves too few for its rate."""
ENOUGH = 8.0
"""Seconds of a heart until nothing seen means that nothing is there: the detector learns from beats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Say how a stream does.

    Parameters
    ----------
    beats : int
        Accepted beats of the last `SPAN` seconds; 0 where the stream has none to show.
    hr : float
        Newest heart rate [1/min]; nan where there is none.
    good : float
        Share of the last `SPAN` seconds whose quality is 0.5 or more, 0-1; nan where nothing judges it.
    reason : str
        What is wrong in most of the others; "" if nothing is.
    heard : float
        Seconds from its first sample to now.
    """

    info: StreamInfo
    beats: int = 0
    hr: float = math.nan
    good: float = math.nan
    reason: str = ""
    heard: float = 0.0

    @property
    def ok(self) -> bool:
        """Tell whether the sensor sits well: most seconds are good, and a heart beats."""
        well = math.isnan(self.good) or self.good >= GOOD
        beating = math.isfinite(self.hr) or self.beats >= BEATS
        return well and (self.info.modality not in CARDIAC or beating)

    @property
    def settled(self) -> bool:
        """Tell whether enough was heard to say that it does not do well."""
        return self.ok or self.heard >= (ENOUGH if self.info.modality in CARDIAC else SPAN / 2)

    @property
    def text(self) -> str:
        """Say it in words."""
        if not self.settled:
            return f"{self.heard:.0f} s are too few to tell" if self.heard > 0 else "no samples yet"
        parts = []
        if self.info.modality in CARDIAC:
            rate = f"{self.hr:.0f} /min, " if math.isfinite(self.hr) else ""
            parts.append(f"{rate}{self.beats} beats in {min(self.heard, SPAN):.0f} s")
        if not math.isnan(self.good):
            parts.append(f"good {100 * self.good:.0f} %")
        said = ", ".join(parts)
        return f"{self.reason}: {said}" if self.reason and not self.ok else said


def _known(info: StreamInfo) -> bool:
    """Tell whether the pipeline can read its unit; a recording of it has no index either."""
    try:
        convert(np.ones(1), info.unit, info.modality)
    except UnitError:
        return False
    return True


class Contact:
    """Judge the streams of devices that are only listened to.

    Each stream has a pipeline of its own, so that two hearts on one person are both seen, of which a
    recording would use the first only.
    """

    def __init__(self) -> None:
        self._gatherers: dict[tuple[Role, str], Gatherer] = {}
        self._pipelines: dict[tuple[Role, str], Pipeline] = {}
        self._infos: dict[tuple[Role, str], StreamInfo] = {}
        self._began: dict[tuple[Role, str], float] = {}
        self._rows: dict[tuple[Role, str], list[IndexSample]] = {}
        self._ticks = 0
        self._now = math.nan

    def hear(self, item: Chunk | ClockOffset) -> None:
        """Take in what a driver delivered."""
        info = item.info
        if info.modality not in JUDGED or info.role not in PEOPLE or not _known(info):
            return
        if info.key not in self._pipelines:
            self._infos[info.key] = info
            self._pipelines[info.key] = Pipeline([info], session_id="contact")
            self._gatherers[info.key] = Gatherer()
            self._rows[info.key] = []
        if isinstance(item, Chunk) and len(item.times):
            self._began.setdefault(info.key, float(item.times[0]))
        self._gatherers[info.key].add(item)

    def tick(self, now: float) -> None:
        """Let the pipelines work up to `now` [s, LSL clock]."""
        self._now = now
        for key, gatherer in self._gatherers.items():
            gatherer.add(Tick(self._ticks, now, now))
            rows = self._rows[key]
            rows += self._pipelines[key].push(gatherer.take())
            while rows and rows[0].available < now - 2.0 * SPAN:
                del rows[0]
        self._ticks += 1

    def look(self, key: tuple[Role, str]) -> Look | None:
        """Return how a stream does now; None for one that nothing here can judge."""
        info = self._infos.get(key)
        if info is None:
            return None
        rows = [r for r in self._rows[key] if r.available > self._now - SPAN]
        quality = [r for r in rows if r.index == QUALITIES.get(info.modality)]
        doubts = Counter(r.reason for r in rows if r.index == "scl" and r.value == r.value and r.reason)
        bad = doubts or Counter(r.reason for r in quality if not r.value >= GOOD and r.reason)
        began = self._began.get(key, self._now)
        return Look(
            info=info,
            beats=sum(r.index == "ibi" and math.isfinite(r.value) for r in rows),
            hr=next((r.value for r in reversed(rows) if r.index == "hr"), math.nan),
            good=float(np.mean([r.value >= GOOD and not doubts for r in quality])) if quality else math.nan,
            reason=bad.most_common(1)[0][0] if bad else "",
            heard=max(self._now - began, 0.0),
        )

    def contact(self, info: StreamInfo) -> tuple[bool, str] | None:
        """Return whether a stream does well, and what is to be said; None where nothing here can judge it."""
        look = self.look(info.key)
        return None if look is None else (look.ok, look.text)

    def looks(self) -> list[Look]:
        """Return how all streams do that can be judged."""
        return [look for key in self._infos if (look := self.look(key)) is not None]
