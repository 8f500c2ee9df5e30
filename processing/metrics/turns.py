"""Turn-taking of two people, from the turns that the voice estimator found.

A turn of one person is a stretch of their speech without a silence of a second or more in it. The floor
changes where a turn outlasts those before it; a turn that lies within the other's takes no floor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.uncertainty import (
    BATCHES,
    median_interval,
    poisson_interval,
    quartile_range_interval,
    series_interval,
)
from processing.index import IndexSample
from processing.metrics import voices
from processing.metrics.voices import SpokenTurn

PEOPLE = ("client", "therapist")
INDICES = ("turn", "turn_f0", "turn_intensity")
"""The index samples that make turns."""
LAPSE = 5.0
"""A longer silence is a lapse, not an answer that took its time [s]."""
LISTENING = 1.0
"""A shorter turn within the other's is listening, not an interruption [s]."""
MOMENTS = 10
"""How often a second is asked who speaks, for the intervals of shares."""
ORDER = "between two of the values, by the binomial distribution, from 6 on"
DRAWN = "percentiles of the bootstrap, 2000 draws, from 20 on"
TALK = Definition(
    name="talk_share",
    baselines="talk counts",
    whose="person",
    unit="%",
    text="share of the session in own turns",
    interval=BATCHES,
)
LENGTH = Definition(
    name="turn_length",
    baselines="talk counts",
    whose="person",
    unit="s",
    text="median length of own turns",
    interval=ORDER,
)
LENGTH_IQR = Definition(
    name="turn_length_iqr",
    baselines="talk counts",
    whose="person",
    unit="s",
    text="P75 − P25 of own turns' length",
    interval=DRAWN,
)
ANSWER = Definition(
    compares=True,
    name="response_latency",
    baselines="talk counts",
    whose="person",
    unit="s",
    text="median of own start − the other's end where the floor changes, negative where they overlap; "
    "silences of more than 5 s left out",
    interval=ORDER,
)
ANSWER_IQR = Definition(
    compares=True,
    name="response_latency_iqr",
    baselines="talk counts",
    whose="person",
    unit="s",
    text="P75 − P25 of the response latency",
    interval=DRAWN,
)
INTERRUPTIONS = Definition(
    compares=True,
    name="interruption_rate",
    baselines="talk counts",
    whose="person",
    unit="1/min",
    text="own turns of at least 1 s that begin within the other's, per minute of the other's talk",
    interval="exact Poisson",
)
OVERLAP = Definition(
    compares=True,
    name="overlap_share",
    baselines="talk counts",
    whose="dyad",
    unit="%",
    text="share of the session with both in a turn",
    interval=BATCHES,
)
SILENCE = Definition(
    compares=True,
    name="silence_share",
    baselines="talk counts",
    whose="dyad",
    unit="%",
    text="share of the session with no turn",
    interval=BATCHES,
)
PERSONAL = (TALK, LENGTH, LENGTH_IQR, ANSWER, ANSWER_IQR, INTERRUPTIONS)
JOINT = (OVERLAP, SILENCE, *voices.DEFINITIONS)
DEFINITIONS = (*PERSONAL, *JOINT)


def turns_of(samples: Sequence[IndexSample]) -> list[SpokenTurn]:
    """Return the turns of both people by their beginning, then by person."""
    rows: dict[tuple[str, float], dict[str, float]] = {}
    for s in samples:
        if s.index in INDICES:
            rows.setdefault((s.entity, s.time), {})[s.index] = s.value
    found = [
        SpokenTurn(
            entity=entity,
            start=start,
            stop=start + row["turn"],
            f0=row.get("turn_f0", math.nan),
            intensity=row.get("turn_intensity", math.nan),
        )
        for (entity, start), row in rows.items()
        if row.get("turn", 0.0) > 0.0
    ]
    return sorted(found, key=lambda t: (t.start, t.entity))


def turn_measures(
    samples: Sequence[IndexSample], *, begin: float, end: float, session_id: str
) -> dict[str, list[Measure]]:
    """Return the turn metrics of each person and of the dyad.

    Parameters
    ----------
    begin, end : float
        What counts as the session [s, LSL clock].
    session_id : str
        Seeds the shuffles.
    """
    turns = [t for t in turns_of(samples) if t.stop > begin and t.start < end]
    people = {e: [t for t in turns if t.entity == e] for e in PEOPLE}
    if missing := [e for e in PEOPLE if not people[e]]:
        why = f"no turns of the {' or the '.join(missing)}"
        out = {e: nothing(PERSONAL, why) for e in PEOPLE}
        return out | {"dyad": nothing(JOINT, why)}
    changes = floor_changes(turns)
    measures = {
        e: _personal(
            people[e],
            people[o],
            [b.start - a.stop for a, b in changes if b.entity == e],
            (begin, end),
            session_id,
        )
        for e, o in (PEOPLE, PEOPLE[::-1])
    }
    return measures | {"dyad": _joint(people, changes, begin, end)}


def floor_changes(turns: Sequence[SpokenTurn]) -> list[tuple[SpokenTurn, SpokenTurn]]:
    """Return adjacent turns of different people; one that lies within the other's takes no floor."""
    floor: list[SpokenTurn] = []
    for turn in turns:
        if not floor or turn.stop > floor[-1].stop:
            floor.append(turn)
    return [(a, b) for a, b in pairwise(floor) if a.entity != b.entity]


def _personal(
    own: Sequence[SpokenTurn],
    other: Sequence[SpokenTurn],
    latencies: Sequence[float],
    span: tuple[float, float],
    session_id: str,
) -> list[Measure]:
    begin, end = span
    lengths = np.array([t.stop - t.start for t in own])
    answers = np.array([x for x in latencies if x <= LAPSE])
    cut_in = [
        t for t in own if t.stop - t.start >= LISTENING and any(o.start < t.start < o.stop for o in other)
    ]
    theirs = _seconds(other, begin, end)
    talk = 100.0 * _seconds(own, begin, end) / (end - begin)
    low, high = poisson_interval(len(cut_in))
    around = (low / (theirs / 60.0), high / (theirs / 60.0))
    out = [
        measure(TALK, talk, len(own), interval=_share_interval(talk, _state(own, begin, end))),
        *_spread(LENGTH, LENGTH_IQR, lengths, session_id),
        measure(INTERRUPTIONS, len(cut_in) / (theirs / 60.0), len(cut_in), interval=around),
    ]
    if len(answers) == 0:
        return out + nothing((ANSWER, ANSWER_IQR), "the floor never changed to them")
    return out + _spread(ANSWER, ANSWER_IQR, answers, session_id)


def _spread(middle: Definition, width: Definition, values: FloatArray, session_id: str) -> list[Measure]:
    """Return median and P75 − P25 with their intervals."""
    p25, p50, p75 = np.percentile(values, [25, 50, 75]).tolist()
    around = quartile_range_interval(values, seeded(session_id, width.name))
    return [
        measure(middle, p50, len(values), interval=median_interval(values)),
        measure(width, p75 - p25, len(values), interval=around),
    ]


def _state(turns: Sequence[SpokenTurn], begin: float, end: float) -> BoolArray:
    """Return at ten moments of each whole second whether this person is in a turn."""
    moments = begin + (np.arange(int(end - begin) * MOMENTS) + 0.5) / MOMENTS
    inside = np.zeros(len(moments), np.bool_)
    for turn in turns:
        inside[np.searchsorted(moments, turn.start) : np.searchsorted(moments, turn.stop)] = True
    return inside


def _share_interval(share: float, state: BoolArray) -> tuple[float, float]:
    """Return a 95 % interval of the share of time in a state [%], within 0 and 100 %."""
    seconds = 100.0 * state.reshape(-1, MOMENTS).mean(axis=1)
    low, high = series_interval(seconds, lambda v: float(v.mean()))
    half = 0.5 * (high - low)
    if math.isnan(half):
        return math.nan, math.nan
    return max(share - half, 0.0), min(share + half, 100.0)


def _seconds(turns: Sequence[SpokenTurn], begin: float, end: float) -> float:
    return math.fsum(max(0.0, min(t.stop, end) - max(t.start, begin)) for t in turns)


def _joint(
    people: dict[str, list[SpokenTurn]],
    changes: Sequence[tuple[SpokenTurn, SpokenTurn]],
    begin: float,
    end: float,
) -> list[Measure]:
    client, therapist = (people[e] for e in PEOPLE)
    both = math.fsum(
        max(0.0, min(a.stop, b.stop, end) - max(a.start, b.start, begin)) for a in client for b in therapist
    )
    spoken = _seconds(client, begin, end) + _seconds(therapist, begin, end) - both
    n = len(client) + len(therapist)
    c, t = (_state(turns, begin, end) for turns in (client, therapist))
    overlap, silence = 100.0 * both / (end - begin), 100.0 * (1.0 - spoken / (end - begin))
    out = [
        measure(OVERLAP, overlap, n, interval=_share_interval(overlap, c & t)),
        measure(SILENCE, silence, n, interval=_share_interval(silence, ~(c | t))),
    ]
    pairs = [(a, b) if a.entity == "client" else (b, a) for a, b in changes]
    return out + voices.similarity(people, pairs) + voices.coupling(people, pairs)
