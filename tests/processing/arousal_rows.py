"""Index samples of a person as the arousal index hears them, with known values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.arousal.arousal import Arousal
from processing.index import IndexSample

EXPECTED = frozenset({"hr", "scl", "scr"})
MARKS = (
    (30.0, "baseline_rest", "on"),
    (330.0, "baseline_rest", "off"),
    (340.0, "baseline_talk", "on"),
    (460.0, "baseline_talk", "off"),
)


def rows_of(
    hr: FloatArray, scl: FloatArray, rate: FloatArray, entity: str = "client", start: float = 0.0
) -> list[IndexSample]:
    """Return rows whose windows end at each whole second; times are centres, as the estimators give them."""
    out = []
    for s in range(len(hr)):
        t = start + s
        for index, half, value, late in (("hr", 5.0, hr[s], 1.2), ("scl", 5.0, scl[s], 5.0)):
            why = "" if np.isfinite(value) else "noise"
            out.append(IndexSample(t - half, t + late, entity, index, float(value), "", 1.0, why))
        if t % 5 == 0:
            out.append(IndexSample(t - 30.0, t + 5.0, entity, "scr_rate", float(rate[s]), "1/min", 1.0, ""))
    return sorted(out, key=IndexSample.order)


def resting(seconds: int, seed: int = 0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return heart rate, level and response rate of a person at rest."""
    rng = np.random.default_rng(seed)
    return (
        70.0 + rng.standard_normal(seconds),
        5.0 * np.exp(0.03 * rng.standard_normal(seconds)),
        rng.integers(5, 8, seconds).astype(np.float64),
    )


def events(marks: Iterable[tuple[float, str, str]], actor: str = "tech") -> list[tuple[float, Event]]:
    """Return events with ids, each with the T at which it acts."""
    return [
        (t, Event(time=t, code=code, phase=phase, actor=actor, id=f"{code}-{phase}-{t}"))  # type: ignore[arg-type]
        for t, code, phase in marks
    ]


def run(
    arousal: Arousal,
    rows: Sequence[IndexSample],
    marked: Sequence[tuple[float, Event]],
    seconds: float,
    cuts: Sequence[float] = (),
    start: float = 0.0,
) -> list[IndexSample]:
    """Give rows and events by the time they are known, in batches of ticks that end at `cuts`."""
    ticks = np.asarray(start + 0.1 * np.arange(1, round(seconds * 10) + 1), np.float64)
    out: list[IndexSample] = []
    done, before = 0, -np.inf
    for cut in [*sorted(set(cuts)), np.inf]:
        n = int(np.searchsorted(ticks, start + cut, side="right"))
        if n == done:
            continue
        upto = float(ticks[n - 1])
        for t, event in marked:
            if before < t <= upto:
                arousal.mark(event, t)
        arousal.hear([r for r in rows if before < r.available <= upto])
        out += arousal.advance(ticks[done:n], {"heart": ticks[done:n]})
        done, before = n, upto
    return sorted(out, key=IndexSample.order)
