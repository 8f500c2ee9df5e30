"""Synchrony of each marked segment of the hour, beside that of the whole: exploratory."""

from __future__ import annotations

import re

import numpy as np

from processing.coupling.config import SynchronyConfig
from processing.hour.measure import OF_DRAWS, Definition, Measure, measure, seeded
from processing.hour.timeline import Interval, Timeline
from processing.indices import SIGNALS
from processing.surrogates.coupling_intervals import effect_interval, segment_means
from processing.surrogates.session_synchrony import NEEDS, Rows, pair, with_doubts
from processing.surrogates.surrogates import permutation_test

ES = Definition(
    compares=True,
    name="segment_{segment}_sync_{signal}_es_perm",
    whose="dyad",
    unit="",
    text="sync_{signal}_es_perm of the time in the marked segment, named by its number and label",
    interval="as sync_{signal}_es_perm",
    exploratory=True,
)
P = Definition(
    compares=True,
    name="segment_{segment}_sync_{signal}_mean_p",
    whose="dyad",
    unit="",
    text="p of that coupling against permuted segments, not adjusted for their number",
    bare=OF_DRAWS,
    exploratory=True,
)
DEFINITIONS = (ES, P)


def segment_measures(line: Timeline, rows: Rows, config: SynchronyConfig) -> list[Measure]:
    """Return the coupling of each signal that both people have, for each marked segment."""
    both = [n for n, i in NEEDS.items() if all((e, i) in rows for e in ("client", "therapist"))]
    out: list[Measure] = []
    for number, span in enumerate(line.marked("segment"), 1):
        for signal in both:
            found = _of_one(line, rows, span, _name(number, span), signal, config)
            out += with_doubts(line, rows, signal, found)
    return out


def _name(number: int, span: Interval) -> str:
    label = span.value if isinstance(span.value, str) else ""
    return "_".join([str(number), *re.findall(r"[a-z0-9]+", label.lower())])[:40]


def _of_one(
    line: Timeline,
    rows: Rows,
    span: Interval,
    name: str,
    signal: str,
    config: SynchronyConfig,
) -> list[Measure]:
    rule, shape = SIGNALS[signal], config.shape(signal)
    t, c = pair(line, rows, rule, (span.start, span.stop))
    pct = 100.0 * float(np.mean(np.isfinite(t) & np.isfinite(c))) if len(t) else float("nan")
    segment, max_lag = shape.window / rule.sfreq, shape.max_lag / rule.sfreq
    rng = seeded(line.session_id, "segment", name, signal)
    test = permutation_test(t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag, rng=rng)
    means = segment_means(t, c, sfreq=rule.sfreq, segment=segment, max_lag=max_lag)
    around = effect_interval(means, test.es_perm)
    effect = measure(
        ES, test.es_perm, test.n, pct, interval=around, reason=test.reason, segment=name, signal=signal
    )
    return [effect, measure(P, test.p, test.n, pct, reason=test.reason, segment=name, signal=signal)]
