"""Synchrony of a session as metrics: per signal, what it is, what is stated, and what stands beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from acquisition.events.intervals import NOT_THE_HOUR
from acquisition.stream import FloatArray
from processing.coupling.common import Marked, in_order, is_common
from processing.coupling.config import SynchronyConfig
from processing.coupling.one_person import KINDS, kind_of
from processing.coupling.shared import inside
from processing.coupling.signals import GridSignal
from processing.coupling.statement import UNSTATED, Pair
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Timeline
from processing.index import IndexSample
from processing.indices import SIGNALS, Signal, speech_of
from processing.surrogates.coupling_definitions import (
    AGREE,
    BESIDE,
    DEFINITIONS,
    ES,
    LAG,
    LEAD,
    MEAN_P,
    P_HOLM,
    RAW_P,
    SAID,
    STABILITY,
    STABILITY_CHANCE,
    STATE_P,
    STATED,
    TESTS,
    USED,
    P,
    defined,
)
from processing.surrogates.coupling_intervals import effect_interval, segment_means, z_interval
from processing.surrogates.fdr import holm
from processing.surrogates.leading import Lead, lead_of
from processing.surrogates.multiverse import Setting, agreeing, settings
from processing.surrogates.surrogates import permutation_test
from processing.surrogates.susy import susy
from processing.surrogates.talk_states import STATES
from processing.surrogates.whole_hour import Decided, slowed, whole_hour

__all__ = ["DEFINITIONS", "coupling", "pair", "signals_of"]

NEEDS = {name: rule.index for name, rule in SIGNALS.items()}
OF_ONE = {NEEDS[name]: kind for kind in KINDS for name in kind.signals}
"""Index → what of two people can turn out to be of one."""
Rows = Mapping[tuple[str, str], Sequence[IndexSample]]
"""(entity, index) → its samples, in the order of their times."""


def pair(
    line: Timeline, rows: Rows, rule: Signal, span: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return therapist's and client's signal on their grid between two moments [s], nan where missing."""
    both = _read(rows, rule, span)
    times = (math.ceil(span[0] * rule.sfreq) + np.arange(len(both[0]))) / rule.sfreq
    outside = ~_counted(line, times)
    if rule.index in OF_ONE:
        outside |= inside(times, OF_ONE[rule.index].spans_of(rows))
    return np.where(outside, np.nan, both[0]), np.where(outside, np.nan, both[1])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SignalPair:
    """Hold a signal of both people over the hour, on a grid of at most 2 Hz.

    Parameters
    ----------
    begin : float
        Time of the first value [s, LSL clock].
    client, therapist : ndarray, shape (n,)
        nan where not valid, and in baselines and breaks.
    client_speaks, therapist_speaks : ndarray, shape (n,)
        Share of the time in which the person speaks, 0 to 1; nan where it is not known.
    """

    signal: str
    sfreq: float
    begin: float
    client: FloatArray
    therapist: FloatArray
    client_speaks: FloatArray
    therapist_speaks: FloatArray


def signals_of(line: Timeline, rows: Rows) -> list[SignalPair]:
    """Return the signals that both people have, with speech left in."""
    out = []
    for name, index in NEEDS.items():
        if not all((e, index) in rows for e in ("client", "therapist")):
            continue
        rule, span = SIGNALS[name], _hour(line)
        both = (*pair(line, rows, rule, span), *_speech(rows, rule, span))
        sfreq, (t, c, t_speaks, c_speaks) = slowed(rule.sfreq, *both)
        out.append(
            SignalPair(
                signal=name,
                sfreq=sfreq,
                begin=math.ceil(span[0] * rule.sfreq) / rule.sfreq,
                client=c,
                therapist=t,
                client_speaks=c_speaks,
                therapist_speaks=t_speaks,
            )
        )
    return out


def _read(rows: Rows, rule: Signal, span: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    first, last = math.ceil(span[0] * rule.sfreq), math.floor(span[1] * rule.sfreq)
    known = np.full(max(last - first, 0), np.inf)
    both = []
    for entity in ("therapist", "client"):
        signal = GridSignal(rule, entity)
        signal.take([s for index in rule.needs for s in rows.get((entity, index), ())])
        both.append(signal.read(first, known))
    return both[0], both[1]


def _counted(line: Timeline, times: FloatArray) -> np.ndarray:
    """Return which moments belong to the hour: no baseline, no break."""
    skipped = line.marked(*NOT_THE_HOUR)
    inside = np.ones(len(times), np.bool_)
    for span in skipped:
        inside &= ~((times >= span.start) & (times < span.stop))
    return inside


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Coupled:
    """Hold what was found of the two people's coupling: measures, and what other settings would give."""

    measures: list[Measure]
    settings: list[Setting]


def coupling(line: Timeline, rows: Rows, config: SynchronyConfig) -> Coupled:
    """Return what was found of each signal that both people have."""
    both = [n for n, i in NEEDS.items() if all((e, i) in rows for e in ("client", "therapist"))]
    marked = marks_of(line)
    found = [_found(line, rows, name, config, marked) for name in both]
    adjusted = holm([one.p for one in found]).tolist()
    return Coupled(
        measures=[
            m
            for one, p in zip(found, adjusted, strict=True)
            for m in with_doubts(
                line, rows, one.signal, (*one.described, *_said(line, one, p, config), *_beside(one))
            )
        ],
        settings=[row for one in found for row in one.settings],
    )


def with_doubts(line: Timeline, rows: Rows, signal: str, found: Sequence[Measure]) -> list[Measure]:
    """Return measures of a signal; those without a value say which person's was in doubt, and why."""
    rule = SIGNALS[signal]
    mine = {e: person.doubts[rule.index] for e, person in line.people.items() if rule.index in person.doubts}
    kind = kind_of(signal)
    one = [kind.reason] if kind is not None and kind.spans_of(rows) else []
    doubts = "; ".join([*(f"{e}: {why}" for e, why in mine.items()), *one])
    return [
        replace(m, reason=f"{m.reason}; {doubts}")
        if doubts and m.value != m.value and m.reason != rule.untested
        else m
        for m in found
    ]


def marks_of(line: Timeline) -> Marked:
    """Return what was marked in a session about its segments."""
    spans = [i for i in line.intervals if is_common(i.code, i.actor)]
    edges = [t for i in spans for t in ((i.start,) if i.censored else (i.start, i.stop))]
    points = {
        code: [e.onset for e in line.points if e.code == code] for code in ("session_start", "session_end")
    }
    return Marked(
        moments=in_order([*edges, *(e.onset for e in line.points if is_common(e.code, e.actor))]),
        skipped=[(i.start, i.stop) for i in line.marked(*NOT_THE_HOUR)],
        begun=max(points["session_start"], default=-math.inf),
        ended=min(points["session_end"], default=math.inf),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Found:
    """Hold what was found of one signal: measures that describe, and what a statement is made of."""

    signal: str
    described: list[Measure]
    pct: float
    decided: Decided | None
    reason: str
    settings: list[Setting]

    @property
    def p(self) -> float:
        """Return the p of the deciding test; nan without one."""
        found = self.decided.found if self.decided is not None else None
        return math.nan if found is None else found.p


def _found(line: Timeline, rows: Rows, name: str, config: SynchronyConfig, marked: Marked) -> _Found:
    rule, shape, mean = SIGNALS[name], config.shape(name), defined(config)
    segment, max_lag = shape.window / rule.sfreq, shape.max_lag / rule.sfreq
    t, c = pair(line, rows, rule, _hour(line))
    pct = 100.0 * float(np.mean(np.isfinite(t) & np.isfinite(c))) if len(t) else math.nan
    if len(t) < segment * rule.sfreq:
        reason = "the hour is shorter than a segment"
        described = nothing((mean, ES, MEAN_P), reason, signal=name)
        why = rule.untested or reason
        return _Found(signal=name, described=described, pct=pct, decided=None, reason=why, settings=[])
    z = susy(t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag)
    chance = permutation_test(
        t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag, rng=seeded(line.session_id, "sync", name)
    )
    means = segment_means(t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag)
    around_z, around_effect = z_interval(means), effect_interval(means, chance.es_perm)
    described = [
        measure(mean, z.z, z.n_segments, pct, interval=around_z, reason=z.reason, signal=name),
        measure(ES, chance.es_perm, chance.n, pct, interval=around_effect, reason=chance.reason, signal=name),
        measure(MEAN_P, chance.p, chance.n, pct, reason=chance.reason, signal=name),
    ]
    if rule.untested:
        return _Found(
            signal=name, described=described, pct=pct, decided=None, reason=rule.untested, settings=[]
        )
    speech = _speech(rows, rule, _hour(line))
    begin = math.ceil(_hour(line)[0] * rule.sfreq) / rule.sfreq
    both = Pair(x=t, y=c, x_speaks=speech[0], y_speaks=speech[1])
    decided = whole_hour(both, begin, name, config, marked)
    others = settings(*decided.free, begin, name, config, marked) if decided.found else []
    return _Found(
        signal=name, described=described, pct=pct, decided=decided, reason=decided.reason, settings=others
    )


def _said(line: Timeline, one: _Found, adjusted: float, config: SynchronyConfig) -> list[Measure]:
    """Return what is stated of a signal for the whole hour, or why nothing is."""
    if one.decided is None or one.decided.found is None or math.isnan(adjusted):
        return nothing(TESTS, one.reason, signal=one.signal)
    pct, signal, n = one.pct, one.signal, one.decided.n_used
    stated = adjusted <= SAID
    side, why, lag, interval = math.nan, UNSTATED, math.nan, (math.nan, math.nan)
    if stated:
        sfreq = SIGNALS[signal].sfreq
        who = lead_of(
            one.decided.z,
            sfreq=sfreq,
            least_lag=config.least_lag,
            p_leader=config.p_leader,
            rng=seeded(line.session_id, "lead", signal),
        )
        side, why = _side(one.decided, who, sfreq)
        if math.isfinite(side):  # where nobody leads, the lag of a peak is a lag of noise
            lag, interval = who.lag, who.interval
    return [
        measure(P, one.p, n, pct, signal=signal),
        measure(P_HOLM, adjusted, n, pct, signal=signal),
        measure(STATED, float(stated), n, pct, signal=signal),
        measure(LAG, lag, n, pct, interval=interval, reason=why, signal=signal),
        measure(LEAD, side, n, pct, reason=why, signal=signal),
    ]


def _side(decided: Decided, who: Lead, sfreq: float) -> tuple[float, str]:
    """Return 1 or −1 for the leader, 0 if both moved together; nan and the reason if neither is clear."""
    if decided.side and np.sign(who.lag) == decided.side:
        return float(decided.side), ""
    if abs(who.lag) < 0.5 / sfreq:
        return 0.0, ""
    return math.nan, who.reason or "no clear leader"


def _beside(one: _Found) -> list[Measure]:
    """Return what describes the decision; nothing of signals of which none is made."""
    if SIGNALS[one.signal].untested:
        return []
    of = one.decided
    if of is None or of.found is None:
        plain = nothing([d for d in BESIDE if d is not STATE_P], one.reason, signal=one.signal)
        unknown = [nothing([STATE_P], one.reason, signal=one.signal, state=state) for state in STATES]
        return [*plain, *(m for mine in unknown for m in mine)]
    few = "" if math.isfinite(of.stability.share) else "too few peaks"
    agree = 100.0 * agreeing(one.settings, one.p, SAID)
    values: tuple[tuple[Definition, float, int, str], ...] = (
        (USED, 100.0 * of.used, of.n_used, ""),
        (RAW_P, of.raw_p, of.n_used, ""),
        (STABILITY, of.stability.share, of.stability.n, few),
        (STABILITY_CHANCE, of.stability.chance, of.stability.n, few),
        (AGREE, agree, len(one.settings), "" if math.isfinite(agree) else "too few segments"),
    )
    states = [
        measure(
            STATE_P,
            p,
            n,
            one.pct,
            reason="" if math.isfinite(p) else "too little of the hour in this state",
            signal=one.signal,
            state=state,
        )
        for state, (p, n) in of.states.items()
    ]
    return [*(measure(d, v, n, one.pct, reason=why, signal=one.signal) for d, v, n, why in values), *states]


def _speech(rows: Rows, rule: Signal, span: tuple[float, float]) -> list[FloatArray]:
    """Return therapist's and client's speech on the grid of a signal, nan where it is not known."""
    return list(_read(rows, speech_of(rule), span))


def _hour(line: Timeline) -> tuple[float, float]:
    """Return the span from the end of the first baseline, without one from the start, to the end [s]."""
    if len(line.times) == 0:
        return 0.0, 0.0
    starts = [i.stop for i in line.marked("baseline_rest", "baseline_talk")]
    return (min(starts) if starts else float(line.times[0])), float(line.times[-1])
