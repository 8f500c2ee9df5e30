"""How each excursion went, and approaches that did not become one: from the index, its edges and marks.

Exploratory: a course is read from marks that people set, and says nothing of why.

| course | crossed | when |
|---|---|---|
| approach_marked | no | a stretch that did not pass the edge, `defensive` marked in it |
| stretch_returned | no | such a stretch, and the index came back |
| out_returned | yes | an excursion that ended |
| out_open | yes | an excursion that still lasts at the end of the hour |
| repaired | yes | an excursion that holds a `repair_…` or `goal_agree` |

"" where a gap hides how it went.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.excursion import Excursion
from processing.hour.timeline import Person, Timeline
from processing.metrics.stretch import stretches

DEFENSIVE = "defensive"
REPAIRS = ("repair_attempt", "repair_resolved", "goal_agree")


def approaches(person: Person, times: FloatArray, found: Sequence[Excursion]) -> list[Excursion]:
    """Return the stretches past half way to an edge that touch no excursion, as excursions of negative depth.

    They are censored where a gap or the end of the hour cut them.
    """
    out = []
    for first, stop in stretches(person):
        on, off = float(times[first]), float(times[stop - 1]) + 1.0
        if any(e.on < off and on < e.off for e in found):
            continue
        values = person.arousal[first:stop]
        side = 1 if values[0] > person.median[first] else -1
        at = int(np.argmax(side * values))
        edge = (person.high if side > 0 else person.low)[first:stop]
        out.append(
            Excursion(
                side=side,
                on=on,
                off=off,
                peak=float(values[at]),
                peak_time=float(times[first + at]),
                depth=float(np.max(side * (values - edge))),
                area=0.0,
                censored=stop >= len(times) or not person.valid[stop],
            )
        )
    return out


def course_of_approach(line: Timeline, entity: str, e: Excursion) -> str:
    """Name the course of a stretch that did not pass the edge."""
    marked = [i for i in line.marked(DEFENSIVE) if i.actor == entity and i.start < e.off and e.on < i.stop]
    return "approach_marked" if marked else "" if e.censored else "stretch_returned"


def course_of_excursion(line: Timeline, person: Person, e: Excursion) -> str:
    """Name the course of an excursion."""
    spans = [i.start for i in line.marked(*REPAIRS)]
    points = [p.onset for p in line.points if p.code in REPAIRS]
    if any(e.on <= moment < e.off for moment in (*spans, *points)):
        return "repaired"
    if not e.censored:
        return "out_returned"
    valid = np.flatnonzero(person.valid)
    last = float(line.times[valid[-1]]) if len(valid) else -np.inf
    return "out_open" if e.off > last else ""
