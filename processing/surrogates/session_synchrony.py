"""Synchrony of a session as metrics: per signal, against permuted segments, with lag and leader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.coupling.config import SynchronyConfig
from processing.coupling.signals import GridSignal
from processing.coupling.statement import UNSTATED
from processing.hour.measure import OF_DRAWS, Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Timeline
from processing.hour.uncertainty import MEMORY
from processing.index import IndexSample
from processing.indices import SIGNALS, Signal
from processing.surrogates.coupling_intervals import effect_interval, segment_means, z_interval
from processing.surrogates.fdr import holm
from processing.surrogates.leading import Lead, lead
from processing.surrogates.surrogates import permutation_test
from processing.surrogates.susy import susy

NEEDS = {name: rule.index for name, rule in SIGNALS.items()}
INDICES = tuple(dict.fromkeys(name for rule in SIGNALS.values() for name in rule.needs))
"""The index samples that the signals are made of."""
TESTED = ", ".join(rule.title for rule in SIGNALS.values() if not rule.untested)
"""The signals that coupling is stated of; the error of a session is shared by them."""
SAID = 0.05
"""Largest adjusted p that states coupling."""
SLOW = ", ".join(dict.fromkeys(rule.title for rule in SIGNALS.values() if rule.slow))


def defined(config: SynchronyConfig) -> Definition:
    """Return what the mean coupling is: segments and lags are as long as the windows and lags on screen."""
    return Definition(
        compares=True,
        name="sync_{signal}_z",
        whose="dyad",
        unit="",
        text=f"mean |atanh r| over lags and segments; segments of {config.window:g} s, "
        f"lags ± {config.max_lag:g} s ({SLOW} {config.slow_window:g} s, ± {config.slow_max_lag:g} s); the "
        "hour without baselines and breaks",
        interval=f"over segments: {MEMORY}",
        source="Tschacher & Meier (2020), doi:10.1080/10503307.2019.1612114",
    )


Z = defined(SynchronyConfig())
ES = Definition(
    compares=True,
    name="sync_{signal}_es_perm",
    whose="dyad",
    unit="",
    text="(observed − mean of chance) / SD of chance, chance from 1000 permutations of the segments",
    interval="jackknife over segments, Student's t",
)
MEAN_P = Definition(
    compares=True,
    name="sync_{signal}_mean_p",
    whose="dyad",
    unit="",
    text="p of sync_{signal}_z against permuted segments; describes, and states nothing",
    bare=OF_DRAWS,
)
P = Definition(
    compares=True,
    name="sync_{signal}_p",
    whose="dyad",
    unit="",
    text=f"p of the largest studentised |mean z| over lags against permuted segments; of {TESTED}",
    bare=OF_DRAWS,
)
P_HOLM = Definition(
    compares=True,
    name="sync_{signal}_p_holm",
    whose="dyad",
    unit="",
    text=f"the same p, adjusted over {TESTED} (Holm)",
    bare=OF_DRAWS,
)
STATED = Definition(
    compares=True,
    name="sync_{signal}_stated",
    whose="dyad",
    unit="",
    text="1: coupling above chance may be said of the whole hour, as sync_{signal}_p_holm ≤ "
    f"{SAID:g}; 0: not; a shared cause looks the same",
    bare="a verdict; sync_{signal}_es_perm has one",
)
LAG = Definition(
    compares=True,
    name="sync_{signal}_lag",
    whose="dyad",
    unit="s",
    text="lag of the strongest coupling, > 0: the client follows; only where coupling is stated, and "
    "a leader clear or both moved together",
    interval="symmetric bootstrap over segments",
)
LEAD = Definition(
    compares=True,
    name="sync_{signal}_lead",
    whose="dyad",
    unit="",
    text="where coupling is stated: 1 the therapist leads, −1 the client leads, 0 moved together (the peak "
    "is at lag 0)",
    bare="a verdict; sync_{signal}_lag has one",
)
DEFINITIONS = (Z, ES, MEAN_P, P, P_HOLM, STATED, LAG, LEAD)


def pair(
    line: Timeline, samples: Sequence[IndexSample], rule: Signal, span: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return therapist's and client's signal on their grid between two moments [s], nan where missing."""
    first, last = math.ceil(span[0] * rule.sfreq), math.floor(span[1] * rule.sfreq)
    known = np.full(max(last - first, 0), np.inf)
    both = []
    for entity in ("therapist", "client"):
        signal = GridSignal(rule, entity)
        signal.hear(samples)
        both.append(signal.read(first, known))
    outside = ~_counted(line, (first + np.arange(len(known))) / rule.sfreq)
    return np.where(outside, np.nan, both[0]), np.where(outside, np.nan, both[1])


def _counted(line: Timeline, times: FloatArray) -> np.ndarray:
    """Return which moments belong to the hour: no baseline, no break."""
    skipped = line.marked("baseline_rest", "baseline_talk", "calib_challenge", "break")
    inside = np.ones(len(times), np.bool_)
    for span in skipped:
        inside &= ~((times >= span.start) & (times < span.stop))
    return inside


def synchrony_measures(
    line: Timeline, samples: Sequence[IndexSample], config: SynchronyConfig
) -> list[Measure]:
    """Return the measures of each signal that both people have."""
    present = {(s[2], s[3]) for s in samples}
    both = [n for n, i in NEEDS.items() if all((e, i) in present for e in ("client", "therapist"))]
    found = [_found(line, samples, name, config) for name in both]
    adjusted = holm([one.p for one in found]).tolist()
    return [m for one, p in zip(found, adjusted, strict=True) for m in (*one.described, *_said(one, p))]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Found:
    """Hold what was found of one signal: measures that describe, and what a statement is made of."""

    signal: str
    described: list[Measure]
    who: Lead | None
    p: float
    pct: float
    reason: str


def _found(line: Timeline, samples: Sequence[IndexSample], name: str, config: SynchronyConfig) -> _Found:
    rule, shape, mean = SIGNALS[name], config.shape(name), defined(config)
    segment, max_lag = shape.window / rule.sfreq, shape.max_lag / rule.sfreq
    t, c = pair(line, samples, rule, _hour(line))
    pct = 100.0 * float(np.mean(np.isfinite(t) & np.isfinite(c))) if len(t) else math.nan
    if len(t) < segment * rule.sfreq:
        reason = "the hour is shorter than a segment"
        described = nothing((mean, ES, MEAN_P), reason, signal=name)
        return _Found(
            signal=name, described=described, who=None, p=math.nan, pct=pct, reason=rule.untested or reason
        )
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
        return _Found(signal=name, described=described, who=None, p=math.nan, pct=pct, reason=rule.untested)
    who = lead(
        t,
        c,
        sfreq=rule.sfreq,
        segment=segment,
        max_lag=max_lag,
        least_lag=config.least_lag,
        p_leader=config.p_leader,
        rng=seeded(line.session_id, "lead", name),
    )
    why = "" if math.isfinite(who.p_coupling) else who.reason
    return _Found(signal=name, described=described, who=who, p=who.p_coupling, pct=pct, reason=why)


def _said(one: _Found, adjusted: float) -> list[Measure]:
    """Return what is stated of a signal for the whole hour, or why nothing is."""
    if one.who is None or math.isnan(adjusted):
        return nothing((P, P_HOLM, STATED, LAG, LEAD), one.reason, signal=one.signal)
    who, pct, signal, n = one.who, one.pct, one.signal, one.who.n_segments
    stated = adjusted <= SAID
    side, why = _side(who, SIGNALS[signal].sfreq) if stated else (math.nan, UNSTATED)
    # Where nobody leads, the lag of a peak is a lag of noise.
    lag, interval = (who.lag, who.interval) if math.isfinite(side) else (math.nan, (math.nan, math.nan))
    return [
        measure(P, one.p, n, pct, signal=signal),
        measure(P_HOLM, adjusted, n, pct, signal=signal),
        measure(STATED, float(stated), n, pct, signal=signal),
        measure(LAG, lag, n, pct, interval=interval, reason=why, signal=signal),
        measure(LEAD, side, n, pct, reason=why, signal=signal),
    ]


def _side(who: Lead, sfreq: float) -> tuple[float, str]:
    """Return 1 or −1 for the leader, 0 if both moved together; nan and the reason if neither is clear."""
    if who.leader is not None:
        return (1.0 if who.leader == "therapist" else -1.0), ""
    if abs(who.lag) < 0.5 / sfreq:
        return 0.0, ""
    return math.nan, who.reason or "no clear leader"


def _hour(line: Timeline) -> tuple[float, float]:
    """Return the span from the end of the first baseline, without one from the start, to the end [s]."""
    if len(line.times) == 0:
        return 0.0, 0.0
    starts = [i.stop for i in line.marked("baseline_rest", "baseline_talk")]
    return (min(starts) if starts else float(line.times[0])), float(line.times[-1])
