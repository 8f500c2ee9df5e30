"""What was put into the simulated dyad beside what the session metrics found.

Each row states how far what was found may lie from what was put in; docs/session-metrics.md has the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.simulation.script import DROPOUT, ELECTRODE_OFF, PAUSE, Fault, Script
from acquisition.simulation.script import Excursion as Push
from processing.metrics.session_metrics import Hour
from processing.results.session_run import SessionRun

ON = (15.0, 50.0)
"""An index of 10 + 5 s smoothing, pushed with τ 15 s, has to climb to its edge [s after the push begins]."""
OFF = (15.0, 80.0)
"""It falls back with τ 16-28 s, responses counted over 60 s, to 0.5 s_A inside [s after the push ends]."""
T50 = (0.0, 35.0)
"""HR falls by half in τ ln 2; smoothing, and responses counted over 60 s, add to it [s]."""
LAG = 0.5
"""[s]"""
GONE = (-6.0, 2.0)
"""HR is a mean of beats around a moment, so that it is lost a little earlier [s]."""
BACK = (-6.0, 6.0)
"""[s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold one fact: what was put in, what was found, and the errors that are allowed."""

    what: str
    put_in: float
    found: float
    least: float
    most: float

    @property
    def error(self) -> float:
        """Return found − put in; nan where nothing was found."""
        return self.found - self.put_in

    @property
    def holds(self) -> bool:
        """Tell whether the error is within what is allowed."""
        return self.least <= self.error <= self.most


def rows(seed: int, start: float, run: SessionRun, hour: Hour) -> list[Row]:
    """Return every fact of a simulated recording whose live part began at `start` [s, LSL clock]."""
    return [
        *_excursions(Script(seed), start, hour),
        *_lead(hour),
        *_faults(start, hour),
        *_baselines(run),
    ]


def _excursions(script: Script, start: float, hour: Hour) -> Iterator[Row]:
    end = float(hour.line.times[-1])
    for entity, found in hour.found.items():
        # A push in the last minute may not have become an excursion yet.
        pushes = [p for p in script.excursions(-300.0, end - start - 60.0) if str(p.role) == entity]
        late = [p for p in script.excursions(-300.0, end - start) if str(p.role) == entity][len(pushes) :]
        taken = set()
        for push in pushes:
            near = [k for k, e in enumerate(found) if 0.0 < e.on - start - push.start < 90.0 and e.side > 0]
            taken |= set(near[:1])
            if not near:
                yield Row(what="excursion", put_in=1.0, found=0.0, least=0.0, most=0.0)
                continue
            yield from _one(push, start, hour, entity, near[0])
        spare = len(found) - len(taken)
        yield Row(what="excursions nobody pushed", put_in=0.0, found=spare, least=0.0, most=float(len(late)))


def _one(push: Push, start: float, hour: Hour, entity: str, k: int) -> Iterator[Row]:
    found, back = hour.found[entity][k], hour.recovered[entity][k]
    on = found.on - start
    yield Row(what="excursion begins", put_in=push.start, found=on, least=ON[0], most=ON[1])
    if not found.censored:
        off = found.off - start
        yield Row(what="excursion ends", put_in=push.stop, found=off, least=OFF[0], most=OFF[1])
    if not back.censored:
        half = push.recovery * math.log(2.0)
        yield Row(what="T50", put_in=half, found=back.seconds, least=T50[0], most=T50[1])


def _lead(hour: Hour) -> Iterator[Row]:
    for signal, lag in (("hr", 2.0), ("sclslope", 3.0)):
        for name, put_in, off in (("lead", 1.0, 0.0), ("lag", lag, LAG)):
            got = hour.value("dyad", f"sync_{signal}_{name}")
            found = math.nan if got is None else got.value
            yield Row(what=f"{signal} {name}", put_in=put_in, found=found, least=-off, most=off)


def _faults(start: float, hour: Hour) -> Iterator[Row]:
    for name, fault, index in (
        ("pause", PAUSE, "hr"),
        ("electrode off", ELECTRODE_OFF, "hr"),
        ("EDA lost", DROPOUT, "scl"),
    ):
        gone, back = _missing(fault, start, hour, index)
        yield Row(what=f"{name}, from", put_in=fault.start, found=gone, least=GONE[0], most=GONE[1])
        yield Row(what=f"{name}, to", put_in=fault.stop, found=back, least=BACK[0], most=BACK[1])


def _missing(fault: Fault, start: float, hour: Hour, index: str) -> tuple[float, float]:
    """Return from when to when an index has no value around the middle of a fault [s]."""
    times, values = hour.line.times - start, hour.line.people[str(fault.role)].series[index]
    middle = int(np.searchsorted(times, 0.5 * (fault.start + fault.stop)))
    there = np.flatnonzero(np.isfinite(values))
    before, after = there[there < middle], there[there >= middle]
    if np.isfinite(values[middle]) or not len(before) or not len(after):
        return math.nan, math.nan
    return float(times[before[-1]] + 1.0), float(times[after[0]])


def _baselines(run: SessionRun) -> Iterator[Row]:
    for arousal in run.pipeline.arousal.values():
        passed = sum(v.accepted for v in arousal.verdicts)
        yield Row(what="baselines accepted", put_in=2.0, found=passed, least=0.0, most=0.0)


def worst(found: Sequence[Row]) -> dict[str, tuple[int, int, float, float]]:
    """Return per kind of fact: how many, how many hold, least and largest error."""
    out = {}
    for what in dict.fromkeys(r.what for r in found):
        mine = [r for r in found if r.what == what]
        errors = [r.error for r in mine]
        out[what] = (len(mine), sum(r.holds for r in mine), min(errors), max(errors))
    return out
