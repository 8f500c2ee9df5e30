"""Sessions of a dyad whose truth over sessions is known: where the client's edge lies, how soon the therapist
answers, and who moves first.

The client is pushed away from rest again and again, by various sizes. In a cued review the client says
felt_over beyond the edge of that session. The therapist sees how far the client is from their rest as the
index is defined (docs/arousal.md: heart rate and level of 10 s, responses of 60 s, of these a median of 10 s
and a mean with a time constant of 5 s), and answers each excursion a random time after it is known, unless it
ends before (docs/session-metrics.md says what an excursion is). Nothing comes back by the answer. Both
people's slow signals go together all the hour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from acquisition.simulation import truth
from acquisition.simulation.body import FOLLOWED
from acquisition.simulation.hard import EASY, FULL, WEIGHTS, structure, turns_of
from acquisition.simulation.script import (
    REST,
    TALK,
    Coupling,
    Course,
    Day,
    Excursion,
    Mark,
    Script,
    Turn,
    stream_rng,
)
from acquisition.stream import PEOPLE, BoolArray, FloatArray, Role

APART = (190.0, 250.0)
"""From the begin of a push to that of the next [s]."""
LASTS = (80.0, 160.0)
"""How long a push lasts [s]."""
SIZES = (0.8, 5.0)
"""How far it goes [SD]."""
LABEL_EVERY = 30.0
STEEPNESS = 2.5
"""Of the client's curve of labels [1/SD]."""
WIDTH, LEAST_SCALE = 2.0, 0.75
"""The band ends so many scales above rest and talk; the scale is at least so much [SD]."""
WINDOWS = (10, 10, 60)
"""Heart rate, level and responses are those of so many seconds that end when they are seen."""
LONGEST = max(WINDOWS)
LEFT_OUT = 10.0
"""First seconds of the rest that do not count."""
MEDIAN_OF, MEAN_OVER = 10, 5.0
"""What the therapist sees is a median of so many seconds, and a mean with this time constant [s]."""
KNOWN_AFTER = 10.0
"""Something past the band is called an excursion so long after [s]."""
BACK, INSIDE, MERGED = 5.0, 0.5, 10.0
"""It ends after so many seconds at least so many scales within the edge; so near ones are one [s]."""
UNEVEN = 0.35
"""SD by which responses of two who move together are apart [s]."""
ANSWER = "int_support"
ANSWER_LASTS = 10.0
MARGIN = 90.0
"""Nothing begins in the last seconds [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Hold what is true of one session.

    Parameters
    ----------
    number : int
        Which session of the dyad.
    minutes : float
        Of the live part, after 12 minutes with both baselines.
    edge : float
        Where the client says felt_over as often as not [SD].
    latency : float
        Median time from when an excursion is known until the therapist answers [s].
    lag : float
        By how much the client follows the therapist [s]; below 0 the therapist follows; 0: together.
    share, gain : float
        Correlation of the slow signals of heart rate and level at that lag; how much larger they are.
    """

    number: int
    minutes: float = 38.0
    edge: float = 1.5
    latency: float = 30.0
    lag: float = 0.0
    share: float = 0.9
    gain: float = 1.6


def known_script(seed: int, known: Known) -> Script:
    """Return the script of a session.

    Parameters
    ----------
    seed : int
        Of the dyad: its people are the same in all their sessions.
    """
    own = int(stream_rng(seed, "known session", known.number).integers(1, 2**31))
    end = 60.0 * known.minutes
    course = Course(
        days={role: Day(person=seed, hr=0.0, ln_scl=0.0) for role in PEOPLE},
        excursions=_pushes(own, end),
        couplings=_couplings(known, end),
        turns=_turns(own, end),
    )
    script = Script(own, course)
    marks = (*structure(), *_answers(script, known, end), *_labels(script, known, end))
    return Script(own, replace(course, marks=marks))


def seen(script: Script, times: FloatArray) -> FloatArray:
    """Return the client's index as it would be without error of measurement, second by second [SD].

    Parameters
    ----------
    times : ndarray, shape (n,)
        One second apart.
    """
    at_rest = _channels(script, np.arange(REST[0] + LEFT_OUT, REST[1]))
    centres = [float(np.median(x)) for x in at_rest]
    spreads = [1.4826 * float(np.median(np.abs(x - c))) for x, c in zip(at_rest, centres, strict=True)]
    before = np.arange(1.0, MEDIAN_OF) - MEDIAN_OF
    raw = sum(
        weight * (x - centre) / max(spread, least)
        for weight, x, centre, spread, least in zip(
            WEIGHTS,
            _channels(script, np.concatenate([times[0] + before, times])),
            centres,
            spreads,
            FULL,
            strict=True,
        )
    )
    middle = np.median(np.lib.stride_tricks.sliding_window_view(raw, MEDIAN_OF), axis=1)
    keep, out, last = math.exp(-1.0 / MEAN_OVER), np.empty(len(times)), float(middle[0])
    for k, value in enumerate(middle.tolist()):
        last = keep * last + (1.0 - keep) * value
        out[k] = last
    return out


def _channels(script: Script, times: FloatArray) -> list[FloatArray]:
    """Return heart rate, ln level and √(response rate) over what each looks back."""
    at = np.concatenate([times[0] + np.arange(1.0, LONGEST) - LONGEST, times])
    hr, level, rate = (
        _trailing(channel(script, Role.CLIENT, at), length)[-len(times) :]
        for channel, length in zip((truth.hr, truth.ln_scl, _responses), WINDOWS, strict=True)
    )
    return [hr, level, np.sqrt(np.maximum(rate, 0.0))]


def _responses(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return how often responses come [1/min]: while a person follows, most of them are the leader's."""
    rate = truth.scr_rate(script, role, t)
    for c in script.couplings(float(t[0]), float(t[-1])):
        if c.leader is not role:
            inside = c.share * ((t >= c.start) & (t < c.stop))
            theirs = truth.scr_rate(script, c.leader, t - c.eda_lag)
            rate = (1.0 - inside) * rate + FOLLOWED * inside * theirs
    return rate


def _trailing(values: FloatArray, length: int) -> FloatArray:
    """Return the mean of the last values at each; shape (n - length + 1,)."""
    means: FloatArray = np.lib.stride_tricks.sliding_window_view(values, length).mean(axis=1)
    return means


def upper_band(script: Script) -> tuple[float, float]:
    """Return where the band of the index ends for the client, and its scale, without error [SD]."""
    both = [seen(script, np.arange(begin + MEDIAN_OF, stop)) for begin, stop in (REST, TALK)]
    middles = [float(np.median(x)) for x in both]
    spreads = [1.4826 * float(np.median(np.abs(x - m))) for x, m in zip(both, middles, strict=True)]
    scale = max(*spreads, LEAST_SCALE)
    return max(middles) + WIDTH * scale, scale


def past_band(index: FloatArray, edge: float, scale: float) -> list[tuple[int, int]]:
    """Return first second of each excursion above the band, and the first one after it.

    Parameters
    ----------
    index : ndarray, shape (n,)
        Second by second [SD].
    edge, scale : float
        Of the band [SD].
    """
    out: list[tuple[int, int]] = []
    for begin in _runs(index > edge, KNOWN_AFTER):
        if out and begin < out[-1][1]:
            continue
        back = [k for k in _runs(index <= edge - INSIDE * scale, BACK) if k > begin]
        end = back[0] if back else len(index)
        if out and begin - out[-1][1] <= MERGED:
            begin = out.pop()[0]
        out.append((begin, end))
    return out


def _runs(inside: BoolArray, seconds: float) -> list[int]:
    """Return where stretches begin that last from their first sample for so many seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    return [int(a) for a, b in edges.reshape(-1, 2) if b - 1 - a >= seconds]


def _pushes(seed: int, end: float) -> tuple[Excursion, ...]:
    rng, at, out = stream_rng(seed, "pushes"), 40.0, list[Excursion]()
    while at < end - MARGIN:
        size = float(rng.uniform(*SIZES))
        out.append(
            Excursion(
                role=Role.CLIENT, start=at, stop=at + float(rng.uniform(*LASTS)), hr=size * FULL[0],
                ln_scl=size * FULL[1], scr_rate=2.0 * size, rise=5.0, recovery=15.0,
            )
        )  # fmt: skip
        at += float(rng.uniform(*APART))
    return tuple(out)


def _couplings(known: Known, end: float) -> tuple[Coupling, ...]:
    """Return the coupling of the hour: skin conductance follows a second later than heart rate."""
    if known.share <= 0.0:
        return ()
    lag = abs(known.lag)
    leader = Role.CLIENT if known.lag < 0.0 else Role.THERAPIST
    return (
        Coupling(
            leader=leader, start=0.0, stop=end, hr_lag=lag, eda_lag=lag + 1.0 if lag else 0.0,
            share=known.share, gain=known.gain, uneven=0.0 if lag else UNEVEN,
        ),
    )  # fmt: skip


def _turns(seed: int, end: float) -> tuple[Turn, ...]:
    return turns_of(seed, EASY, end)


def _answers(script: Script, known: Known, end: float) -> Sequence[Mark]:
    """Return the therapist's answers: some time after an excursion is known, unless it is over by then."""
    times = np.arange(0.0, end - MARGIN / 2.0)
    rng = stream_rng(script.seed, "answers")
    out = []
    for begin, stop in past_band(seen(script, times), *upper_band(script)):
        at = begin + KNOWN_AFTER + float(rng.exponential(known.latency / math.log(2.0)))
        if at < stop:
            out.append(Mark(ANSWER, "therapist", at, at + ANSWER_LASTS))
    return out


def _labels(script: Script, known: Known, end: float) -> Sequence[Mark]:
    """Return what the client says in cued review of the 10 s before a moment."""
    times = np.arange(0.0, end)
    index, rng = seen(script, times), stream_rng(script.seed, "labels")
    out = []
    for at in np.arange(60, round(end - MARGIN), LABEL_EVERY).astype(int).tolist():
        before = float(index[at - MEDIAN_OF + 1 : at + 1].mean())
        over = rng.random() < 1.0 / (1.0 + math.exp(-STEEPNESS * (before - known.edge)))
        out.append(Mark("felt_over" if over else "felt_ok", "client", float(at)))
    return out
