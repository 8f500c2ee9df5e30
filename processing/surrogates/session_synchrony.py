"""Synchrony of a session as metrics: per signal, against permuted segments, with lag and leader."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from processing.coupling.config import SynchronyConfig
from processing.coupling.signals import GridSignal
from processing.hour.measure import OF_DRAWS, Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Timeline
from processing.hour.uncertainty import MEMORY
from processing.index import IndexSample
from processing.indices import SIGNALS, Signal
from processing.surrogates.coupling_intervals import effect_interval, segment_means, z_interval
from processing.surrogates.fdr import benjamini_hochberg
from processing.surrogates.leading import lead
from processing.surrogates.surrogates import permutation_test
from processing.surrogates.susy import susy

NEEDS = {name: rule.index for name, rule in SIGNALS.items()}
INDICES = tuple(dict.fromkeys(name for rule in SIGNALS.values() for name in rule.needs))
"""The index samples that the signals are made of."""
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
P = Definition(
    compares=True,
    name="sync_{signal}_p",
    whose="dyad",
    unit="",
    text="p of the coupling against permuted segments",
    bare=OF_DRAWS,
)
P_FDR = Definition(
    compares=True,
    name="sync_{signal}_p_fdr",
    whose="dyad",
    unit="",
    text="the same p, adjusted over the signals of the session (Benjamini-Hochberg)",
    bare=OF_DRAWS,
)
LAG = Definition(
    compares=True,
    name="sync_{signal}_lag",
    whose="dyad",
    unit="s",
    text="lag of the strongest coupling, > 0: the client follows; only where a leader is clear",
    interval="symmetric bootstrap over segments",
)
LEAD = Definition(
    compares=True,
    name="sync_{signal}_lead",
    whose="dyad",
    unit="",
    text="1 the therapist leads, −1 the client leads, 0 no clear leader",
    bare="a verdict; sync_{signal}_lag has one",
)
ALL = (Z, ES, P, P_FDR, LAG, LEAD)
DEFINITIONS = ALL


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
    out: list[list[Measure]] = []
    raw: list[float] = []
    for name, index in NEEDS.items():
        if not all((e, index) in present for e in ("client", "therapist")):
            continue
        found, p = _signal(line, samples, name, config)
        out.append(found)
        raw.append(p)
    for found, q in zip(out, benjamini_hochberg(raw).tolist(), strict=True):
        signal = found[0].metric.removeprefix("sync_").removesuffix("_z")
        why = "" if math.isfinite(q) else found[0].reason
        found.append(measure(P_FDR, q, found[0].n, found[0].valid_pct, reason=why, signal=signal))
    return [m for found in out for m in found]


def _signal(
    line: Timeline, samples: Sequence[IndexSample], name: str, config: SynchronyConfig
) -> tuple[list[Measure], float]:
    rule, shape, mean = SIGNALS[name], config.shape(name), defined(config)
    segment, max_lag = shape.window / rule.sfreq, shape.max_lag / rule.sfreq
    t, c = pair(line, samples, rule, _hour(line))
    pct = 100.0 * float(np.mean(np.isfinite(t) & np.isfinite(c))) if len(t) else math.nan
    if len(t) < segment * rule.sfreq:
        reason = "the hour is shorter than a segment"
        return nothing((mean, ES, P, LAG, LEAD), reason, signal=name), math.nan
    z = susy(t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag)
    chance = permutation_test(
        t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag, rng=seeded(line.session_id, "sync", name)
    )
    who = lead(
        t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag, rng=seeded(line.session_id, "lead", name)
    )
    means = segment_means(t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag)
    around_z, around_effect = z_interval(means), effect_interval(means, chance.es_perm)
    n = chance.n
    side = {"therapist": 1.0, "client": -1.0, None: 0.0}[who.leader]
    tested = math.isfinite(who.p_lead)
    # Without a leader the lag of a peak is a lag of noise.
    clear = who.leader is not None
    lag, interval = (who.lag, who.interval) if clear else (math.nan, (math.nan, math.nan))
    unclear = who.reason or ("" if clear else "no clear leader")
    return [
        measure(mean, z.z, z.n_segments, pct, interval=around_z, reason=z.reason, signal=name),
        measure(ES, chance.es_perm, n, pct, interval=around_effect, reason=chance.reason, signal=name),
        measure(P, chance.p, n, pct, reason=chance.reason, signal=name),
        measure(LAG, lag, who.n_segments, pct, interval=interval, reason=unclear, signal=name),
        measure(LEAD, side if tested else math.nan, who.n_segments, pct, reason=unclear, signal=name),
    ], chance.p


def _hour(line: Timeline) -> tuple[float, float]:
    """Return the span from the end of the first baseline, without one from the start, to the end [s]."""
    if len(line.times) == 0:
        return 0.0, 0.0
    starts = [i.stop for i in line.marked("baseline_rest", "baseline_talk")]
    return (min(starts) if starts else float(line.times[0])), float(line.times[-1])
