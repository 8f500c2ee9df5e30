"""Hours with known answers, as arrays, without a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.hour.timeline import Interval, Person, Timeline

ONSETS = (300.0, 1200.0, 2400.0)
PULSES = ((4.0, 20.0, 60.0), (6.0, 20.0, 120.0), (-3.0, 10.0, 30.0))
"""Peak [SD], rise [s] and decay [s] of the golden signal from each onset."""


def golden(n: int = 3000) -> tuple[FloatArray, FloatArray]:
    """Return seconds and the golden index: three pulses, each until the next begins."""
    t = np.arange(float(n))
    a = np.zeros(n)
    for start, (peak, rise, decay) in zip(ONSETS, PULSES, strict=True):
        u = t - start
        pulse = np.where(u <= rise, peak * u / rise, peak * np.exp(-(u - rise) / decay))
        a = np.where(u >= 0, pulse, a)
    return t, a


def person(
    a: FloatArray,
    *,
    entity: str = "client",
    edge: float = 2.0,
    counts: Sequence[tuple[int, int]] | None = None,
    **series: FloatArray,
) -> Person:
    """Return someone with this index: median 0, s_A 1, edges ± `edge`."""
    n = len(a)
    counted = np.ones(n, np.bool_)
    if counts is not None:
        counted[:] = False
        for start, stop in counts:
            counted[start:stop] = True
    return Person(
        entity=entity,
        arousal=a,
        low=np.full(n, -edge),
        high=np.full(n, edge),
        scale=np.ones(n),
        median=np.zeros(n),
        known=np.isfinite(a),
        counts=counted,
        series=dict(series),
    )


def line(
    people: Mapping[str, Person],
    *,
    intervals: Sequence[Interval] = (),
    points: Sequence[Event] = (),
    session_id: str = "S01",
) -> Timeline:
    """Return a timeline that begins at 0."""
    n = len(next(iter(people.values())).arousal)
    return Timeline(
        session_id=session_id,
        begin=0.0,
        times=np.arange(float(n)),
        people=people,
        intervals=tuple(intervals),
        points=tuple(points),
    )


def wandering(n: int, tau: float, sd: float, rng: np.random.Generator) -> FloatArray:
    """Return a first-order process with correlation time `tau` [s], at 1 Hz."""
    keep = np.exp(-1.0 / tau)
    noise = rng.normal(0.0, sd * np.sqrt(1.0 - keep**2), n)
    out = np.empty(n)
    value = float(rng.normal(0.0, sd))
    for i, e in enumerate(noise.tolist()):
        value = keep * value + e
        out[i] = value
    return out
