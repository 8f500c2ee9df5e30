"""Health of streams: what arrives, how fast, and what is missing. Nothing here changes a sample."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import NO_SIGNS, Signs
from acquisition.event import Notice
from acquisition.recorder.cadence import Cadence
from acquisition.recorder.stamp_watch import StampWatch
from acquisition.stream import Chunk, FloatArray, IntArray, Modality, Role, StreamInfo
from acquisition.text import how_many
from acquisition.timebase.vouched import needs_time_base
from acquisition.voice.rows import is_turns

STALE = 1.8
"""Seconds without a sample after which a regular stream is stale: told within 2 s, one cycle included."""
IRREGULAR_STALE = {Modality.RR: 6.0, Modality.PPI: 15.0, Modality.VOICE: 4.0}
"""The same for streams that are sparse by nature, until their own cadence is known: beats, packets of pulse
intervals, rows of voice."""
FIRST = {Modality.PPI: 40.0}
"""The same where nothing has come yet: a band takes 25 s to its first pulse intervals."""
SPARSE = frozenset((Modality.MARKERS, Modality.DEVICE_TIME))
"""Modalities whose silence means nothing."""
WINDOW = 10.0
"""Seconds over which the effective rate is taken."""
MIN_GAP = 0.1
"""Seconds: shorter jumps of stamps are jitter of the sender's clock."""
BACK = 0.1
"""Seconds by which stamps may run backwards before it is told."""
Key = tuple[Role, str]
MAX_GAPS = 10
"""More gaps than this in one cycle become one notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Describe a stream at a moment.

    Parameters
    ----------
    state : str
        waiting (never a sample), ok, stale or paused.
    rate : float
        Effective rate over the last ten seconds [Hz]; nan until two seconds were seen.
    age : float
        Seconds since the last sample arrived; nan if none did.
    battery : float
        Battery of its device [%]; nan where it does not say.
    rssi : float
        Signal strength of its device [dBm] when it was last heard to say so; nan for one without a radio.
    """

    role: str
    name: str
    modality: str
    state: str
    nominal: float
    rate: float
    age: float
    samples: int
    gaps: int
    battery: float = math.nan
    rssi: float = math.nan


@dataclass(slots=True, eq=False)
class StreamHealth:
    """Watch one stream; `since` is when it was opened [s]."""

    info: StreamInfo
    since: float
    samples: int = 0
    gaps: int = 0
    arrived: float = math.nan
    stale: bool = False
    paused: bool = False
    stamp: float = math.nan
    _cadence: Cadence = field(default_factory=Cadence)
    _stamps: StampWatch | None = None
    _marks: deque[tuple[float, int]] = field(default_factory=deque)
    _told: list[Notice] = field(default_factory=list)

    @property
    def patience(self) -> float:
        """Return the seconds of silence that make the stream stale; inf where silence means nothing."""
        if self.info.modality in SPARSE or is_turns(self.info):
            return math.inf
        if self.info.sfreq > 0:
            return max(STALE, 1.5 / self.info.sfreq)
        usual = IRREGULAR_STALE.get(self.info.modality, 5.0)
        return self._cadence.patience(usual if self.samples else FIRST.get(self.info.modality, usual))

    def hear(self, times: FloatArray, now: float, rows: NDArray[Any] | None = None) -> list[Notice]:
        """Take in stamps that arrived by `now`, shape (n_samples,), and samples; tell of gaps."""
        if not len(times):
            return []
        notices = self._resumed(float(times[0]), now) if self.stale else []
        if needs_time_base(self.info, ()):
            notices += self._stamped(times, now, rows)
        else:
            notices += self._jumps(times, now)
        self._cadence.hear([now])
        self.samples += len(times)
        self.arrived, self.stamp = now, float(times[-1])
        self._marks.append((now, self.samples))
        while len(self._marks) > 1 and self._marks[0][0] < now - WINDOW:
            self._marks.popleft()
        return notices

    def told(self, notice: Notice) -> None:
        """Note what the driver itself told of this stream, so that it is not told twice."""
        self._told = [*self._told[-20:], notice]
        if notice.kind in ("stale", "lost"):
            self.stale = True
        elif notice.kind == "resumed":
            self.stale = False

    def check(self, now: float) -> list[Notice]:
        """Tell once when the stream has gone stale."""
        last = self.since if math.isnan(self.arrived) else self.arrived
        if self.paused or self.stale or now - last < self.patience:
            return []
        self.stale = True
        return [self._notice(now, "stale", f"no sample for {now - last:.1f} s", last, now)]

    def pause(self, now: float, *, on: bool) -> None:
        """Stop or go on watching; what happened in a pause is nobody's business."""
        self.paused, self.stale = on, False
        self.stamp, self.arrived, self.since = math.nan, math.nan, now
        self._marks.clear()
        self._cadence.restart()
        if self._stamps is not None:
            self._stamps.restart()

    def health(self, now: float, signs: Signs = NO_SIGNS) -> Health:
        """Return the stream's health, given the signs of its device."""
        state = "paused" if self.paused else "stale" if self.stale else "ok" if self.samples else "waiting"
        return Health(
            role=self.info.role,
            name=self.info.name,
            modality=self.info.modality,
            state=state,
            nominal=self.info.sfreq,
            rate=self._rate(now),
            age=now - self.arrived,
            samples=self.samples,
            gaps=self.gaps,
            battery=signs.battery,
            rssi=signs.rssi,
        )

    def _rate(self, now: float) -> float:
        if not self._marks or self._marks[-1][0] - self._marks[0][0] < 1.0:
            return math.nan
        (begin, before), (last, after) = self._marks[0], self._marks[-1]
        # While samples come, count to the last of them; once they stay away, the rate falls.
        return (after - before) / ((last if now - last < 1.0 else now) - begin)

    def _resumed(self, first: float, now: float) -> list[Notice]:
        self.stale = False
        last = self.since if math.isnan(self.arrived) else self.arrived
        return [self._notice(now, "resumed", f"samples again after {now - last:.1f} s", last, now)]

    def _stamped(self, times: FloatArray, now: float, rows: NDArray[Any] | None) -> list[Notice]:
        """Tell what stamps show that are no sample times by themselves."""
        if self._stamps is None:
            self._stamps = StampWatch(self.info.sfreq)
        found = self._stamps.hear(times, now, rows)
        told = [t for t in found if t.kind != "gap" or not self._is_told(t.start, t.stop)]
        self.gaps += sum(t.kind == "gap" for t in told)
        return [self._notice(now, *t) for t in told]

    def _jumps(self, times: FloatArray, now: float) -> list[Notice]:
        known = not math.isnan(self.stamp)
        before = np.concatenate([[self.stamp], times[:-1]]) if known else times[:-1]
        after = times if known else times[1:]
        steps = after - before
        notices = []
        back = np.flatnonzero(steps < -BACK)
        if len(back):
            k = int(back[0])
            what = f"stamps went back by {-steps[k]:.3f} s"
            notices.append(self._notice(now, "clock", what, float(after[k]), float(before[k])))
        if self.info.sfreq > 0:
            gaps = np.flatnonzero(steps > max(1.5 / self.info.sfreq, MIN_GAP))
            notices += self._gaps(gaps, before, after, now)
        return notices

    def _gaps(self, gaps: IntArray, before: FloatArray, after: FloatArray, now: float) -> list[Notice]:
        if not len(gaps):
            return []
        self.gaps += len(gaps)
        if len(gaps) > MAX_GAPS:
            missing = float((after[gaps] - before[gaps]).sum()) - len(gaps) / self.info.sfreq
            what = f"{len(gaps)} gaps, {missing:.3f} s of samples missing"
            return [self._notice(now, "gap", what, float(before[gaps[0]]), float(after[gaps[-1]]))]
        bounds = [(float(before[k]), float(after[k])) for k in gaps]
        return [
            self._notice(
                now, "gap", f"{how_many(round((b - a) * self.info.sfreq) - 1, 'sample')} missing", a, b
            )
            for a, b in bounds
            if not self._is_told(a, b)
        ]

    def _is_told(self, start: float, stop: float) -> bool:
        return any(
            n.kind in ("gap", "segment", "lost") and n.start < stop and start < n.stop for n in self._told
        )

    def _notice(self, now: float, kind: str, message: str, start: float, stop: float) -> Notice:
        return Notice(
            time=now,
            kind=kind,  # type: ignore[arg-type]  # always one of NoticeKind, see the callers
            role=self.info.role,
            stream=self.info.name,
            message=message,
            start=start,
            stop=stop,
        )


class HealthWatch:
    """Watch all streams of a recording, and the two clocks."""

    def __init__(self) -> None:
        self.streams: dict[Key, StreamHealth] = {}
        self._pair: tuple[float, float] | None = None

    def expect(self, infos: Iterable[StreamInfo], now: float) -> None:
        """Begin to watch streams, or learn their true properties."""
        for info in infos:
            if info.key in self.streams:
                self.streams[info.key].info = info
            else:
                self.streams[info.key] = StreamHealth(info, now)

    def forget(self, key: Key) -> None:
        """Watch a stream no longer: its device is another person's, or nobody's."""
        self.streams.pop(key, None)

    def begin(self, now: float) -> None:
        """Count silence from now on: what came before took its own time."""
        for stream in self.streams.values():
            stream.since = now

    def hear(self, chunk: Chunk, now: float) -> list[Notice]:
        """Take in a chunk that arrived by `now`; of a stream that changed hands just now nothing is said."""
        if chunk.info.key not in self.streams:
            return []
        return self.streams[chunk.info.key].hear(chunk.times, now, chunk.samples)

    def told(self, notice: Notice) -> None:
        """Note what a driver told."""
        if (notice.role, notice.stream) in self.streams:
            self.streams[notice.role, notice.stream].told(notice)

    def check(self, now: float, wall: float) -> list[Notice]:
        """Return what is stale since the last call, and whether the clocks came apart."""
        notices = [n for stream in self.streams.values() for n in stream.check(now)]
        return notices + self._clock(now, wall)

    def pause(self, role: Role, now: float, *, on: bool) -> None:
        """Stop or go on watching a person's streams."""
        for (owner, _), stream in self.streams.items():
            if owner is role:
                stream.pause(now, on=on)

    def report(self, now: float, signs: Mapping[Key, Signs] | None = None) -> Sequence[Health]:
        """Return the health of every stream, given the signs of their devices."""
        known = signs or {}
        return [stream.health(now, known.get(key, NO_SIGNS)) for key, stream in self.streams.items()]

    def _clock(self, now: float, wall: float) -> list[Notice]:
        before, self._pair = self._pair, (now, wall)
        if before is None:
            return []
        jump = (wall - before[1]) - (now - before[0])
        if abs(jump) <= 0.5:
            return []
        what = f"wall clock jumped by {jump:+.3f} s against the LSL clock (suspended, or the clock was set)"
        return [Notice(time=now, kind="clock", role=Role.DYAD, message=what, start=before[0], stop=now)]
