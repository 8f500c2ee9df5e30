"""What was marked, counted: tests of the therapist, invitations, ther_unsafe, minutes of two states.

All of it is what people marked. A code that nobody used has no row: what was not marked need not be absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.hour.measure import Definition, Measure, measure, seeded
from processing.hour.timeline import Timeline
from processing.hour.uncertainty import binomial_interval, mean_interval

STATES = ("defensive", "exploring")
OUTCOMES = ("passed", "failed", "open")
SOURCES = ("personal", "professional", "other")
ANSWERS = ("accepted", "declined")
UNSAID = "unsaid"
"""Neither outcome nor source was given."""
APART = 120.0
"""A feeling and a judgement further apart than this are not of one moment [s]."""
COUNTED = "a count of what was marked"
A, B = (
    "Podolan & Gelo (2024), doi:10.36131/cnfioritieditore20240505",
    "Podolan & Gelo (2023), doi:10.36131/cnfioritieditore20230304",
)
MINUTES = Definition(
    name="{state}_minutes",
    among=STATES,
    whose="person",
    unit="min",
    text="minutes marked as this state of the person, overlapping marks once (n: marks)",
    bare="a length that was marked",
    source=B,
    baselines="count",
)
TEST = Definition(
    name="safety_test_{outcome}_count",
    among=(*OUTCOMES, UNSAID),
    whose="person",
    unit="",
    text="marked tests of the therapist with this outcome; unsaid: none was given",
    bare=COUNTED,
    source=A,
    baselines="count",
)
INVITED = Definition(
    name="invite_{answer}_count",
    among=ANSWERS,
    whose="person",
    unit="",
    text="marked invitations to explore that were taken, or not",
    bare=COUNTED,
    source=B,
    baselines="count",
)
TAKEN = Definition(
    name="invite_accepted_pct",
    whose="person",
    unit="%",
    text="of the marked invitations, those that were taken (n: invitations)",
    interval="Clopper-Pearson: as if each were answered by itself",
    source=B,
    baselines="count",
)
UNSAFE = Definition(
    name="ther_unsafe_{source}_count",
    among=(*SOURCES, UNSAID),
    whose="person",
    unit="",
    text="moments that the therapist marked as ther_unsafe, by their source; unsaid: none was given",
    bare=COUNTED,
    source=A,
    baselines="count",
)
BODY = Definition(
    name="safety_body_less_judged",
    whose="person",
    unit="",
    text="mean of safety_body − safety_judged, of 10, over pairs at most 120 s apart (n: pairs): > 0, felt "
    "more than thought; own items, not validated",
    interval="bootstrap-t over pairs, 2000 draws; Student's t of under ten",
    source=A,
    baselines="count",
)
DEFINITIONS = (MINUTES, TEST, INVITED, TAKEN, UNSAFE, BODY)


def tally_measures(line: Timeline, entity: str) -> list[Measure]:
    """Return what was marked of one person."""
    mine = [e for e in line.points if e.actor == entity]
    return [
        *_states(line, entity),
        *_by_word(TEST, "outcome", OUTCOMES, [e for e in mine if e.code == "safety_test"]),
        *_invitations(mine),
        *_by_word(UNSAFE, "source", SOURCES, [e for e in mine if e.code == "ther_unsafe"]),
        *_body_less_judged(mine, line.session_id),
    ]


def _states(line: Timeline, entity: str) -> list[Measure]:
    out = []
    for state in STATES:
        spans = [i for i in line.marked(state) if i.actor == entity]
        if not spans:
            continue
        minutes = _union([(i.start, i.stop) for i in spans]) / 60.0
        still_open = sum(i.censored for i in spans)
        why = f"never closed, taken to the end: {still_open}" if still_open else ""
        out.append(measure(MINUTES, minutes, len(spans), reason=why, state=state))
    return out


def _union(spans: Sequence[tuple[float, float]]) -> float:
    """Return the length of stretches, what they share counting once [s]."""
    total, until = 0.0, -math.inf
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, until))
        until = max(until, stop)
    return total


def _by_word(
    definition: Definition, field: str, words: Sequence[str], marks: Sequence[Event]
) -> list[Measure]:
    """Return how many marks say each word; none without any mark."""
    if not marks:
        return []
    said = [_word(e, words) for e in marks]
    fields: list[dict[str, Any]] = [{field: word} for word in (*words, UNSAID)]
    return [measure(definition, float(said.count(f[field])), len(marks), **f) for f in fields]


def _word(event: Event, words: Sequence[str]) -> str:
    found = [w for w in re.findall(r"[a-z]+", str(event.value).lower()) if w in words]
    return found[0] if found else UNSAID


def _invitations(mine: Sequence[Event]) -> list[Measure]:
    n = {answer: sum(e.code == f"invite_{answer}" for e in mine) for answer in ANSWERS}
    every = sum(n.values())
    if not every:
        return []
    taken = n["accepted"]
    low, high = binomial_interval(taken, every)
    counts = [measure(INVITED, float(k), every, answer=answer) for answer, k in n.items()]
    return [*counts, measure(TAKEN, 100.0 * taken / every, every, interval=(100.0 * low, 100.0 * high))]


def _body_less_judged(mine: Sequence[Event], session_id: str) -> list[Measure]:
    body, judged = (
        [(e.onset, float(e.value)) for e in mine if e.code == code and isinstance(e.value, int | float)]
        for code in ("safety_body", "safety_judged")
    )
    if not (body or judged):
        return []
    pairs = differences(body, judged)
    if not len(pairs):
        why = f"no safety_body and safety_judged within {APART:g} s of each other"
        return [measure(BODY, math.nan, 0, reason=why)]
    around = mean_interval(pairs, seeded(session_id, BODY.name))
    return [measure(BODY, float(pairs.mean()), len(pairs), interval=around)]


def differences(first: Sequence[tuple[float, float]], second: Sequence[tuple[float, float]]) -> FloatArray:
    """Return value − value of pairs of (moment, value), nearest first, each used once."""
    near = sorted(
        (abs(s - t), i, j)
        for i, (s, _) in enumerate(first)
        for j, (t, _) in enumerate(second)
        if abs(s - t) <= APART
    )
    left, right, out = set[int](), set[int](), dict[int, float]()
    for _, i, j in near:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            out[i] = first[i][1] - second[j][1]
    return np.array([out[i] for i in sorted(out)])
