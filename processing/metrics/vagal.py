"""Vagally mediated HRV: at rest, reactivity and recovery, and while speaking against listening.

Windows overlap when read every second: intervals rest on windows that do not.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.config import HeartConfig
from processing.hour.measure import Baselines, Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Interval, Person, Timeline
from processing.hour.uncertainty import mean_interval
from processing.indices import INDICES, VAGAL

LAST = 300.0
SOURCE = "Laborde, Mosley & Thayer (2017), doi:10.3389/fpsyg.2017.00213"
INDEX = INDICES[VAGAL]


class Defined(NamedTuple):
    """Hold the definitions, with the window of the parameters in their words."""

    rest: Definition
    reactivity: Definition
    recovery: Definition
    speaking: Definition
    listening: Definition


def defined(window: float) -> Defined:
    """Return what the metrics are where RMSSD is computed over `window` seconds."""
    boot = f"bootstrap-t over {window:g} s windows that do not overlap"
    both = f"as {VAGAL}_rest, both parts drawn"

    def one(
        name: str,
        text: str,
        baselines: Baselines,
        *,
        interval: str = boot,
        source: str = SOURCE,
        compares: bool = False,
    ) -> Definition:
        return Definition(
            compares=compares,
            baselines=baselines,
            name=f"{VAGAL}_{name}",
            whose="person",
            unit=INDEX.unit,
            text=f"mean {INDEX.title} {text}",
            interval=interval,
            source=source,
        )

    return Defined(
        rest=one("rest", f"of the {window:g} s windows that lie in baseline_rest", "alone"),
        reactivity=one(
            "reactivity",
            "during calib_challenge, without one during the hour up to its last 5 min, minus rest",
            "count",
            interval=both,
        ),
        recovery=one(
            "recovery",
            "in the 5 min after calib_challenge, without one in the last 5 min, minus rest",
            "count",
            interval=both,
        ),
        speaking=one(
            "speaking",
            "of windows with own speech for more than half of the time; speech alters breathing",
            "talk counts",
            source="",
        ),
        listening=one(
            "listening",
            "of windows with own speech for at most half of the time",
            "talk counts",
            source="",
            compares=True,
        ),
    )


DEFINITIONS = defined(HeartConfig().rmssd_window)
REST, REACTIVITY = DEFINITIONS.rest.name, DEFINITIONS.reactivity.name


def vagal_measures(line: Timeline, person: Person, window: float) -> list[Measure]:
    """Return the three Rs and the split by own speech.

    Parameters
    ----------
    window : float
        Width of the RMSSD window [s].
    """
    series, of = person.series.get(VAGAL), defined(window)
    if series is None:
        return nothing(of, "no heart sensor")
    rest_span = line.marked("baseline_rest")[-1:]
    challenge = line.marked("calib_challenge")[-1:]
    rest = _apart(series, line.times, rest_span, window)
    task, after = _task_and_after(line, person, challenge)
    why = person.doubts.get(VAGAL) or f"no valid {window:g} s window"
    out = [_mean(of.rest, rest, line.session_id, why if rest_span else "no baseline_rest")]
    for definition, spans in ((of.reactivity, task), (of.recovery, after)):
        values = _apart(series, line.times, spans, window)
        out.append(_difference(definition, values, rest, line.session_id, why))
    return out + _split(line, person, series, of, window)


def _task_and_after(
    line: Timeline, person: Person, challenge: list[Interval]
) -> tuple[list[Interval], list[Interval]]:
    if challenge:
        stop = challenge[0].stop
        return challenge, [Interval(code="after", actor="", start=stop, stop=stop + LAST)]
    if not person.counts.any():
        begin = max((i.stop for i in line.marked("baseline_rest", "baseline_talk")), default=math.inf)
        end = float(line.times[-1]) + 1.0 if len(line.times) else -math.inf
    else:
        where = np.flatnonzero(person.counts)
        begin, end = float(line.times[where[0]]), float(line.times[where[-1]]) + 1.0
        begin = max([begin, *(i.stop for i in line.marked("baseline_rest", "baseline_talk") if i.stop < end)])
    if end - begin < 3 * LAST:
        return [], []
    hour = Interval(code="hour", actor="", start=begin, stop=end - LAST)
    return [hour], [Interval(code="end", actor="", start=end - LAST, stop=end)]


def _apart(series: FloatArray, times: FloatArray, spans: list[Interval], window: float) -> FloatArray:
    """Return values of windows that lie wholly in the spans and do not overlap."""
    out: list[float] = []
    for span in spans:
        inside = np.flatnonzero((times - window / 2 >= span.start) & (times + window / 2 <= span.stop))
        if len(inside):
            mask = np.zeros(len(times), np.bool_)
            mask[inside] = True
            out += _spaced(series, mask, window).tolist()
    return np.array(out)


def _spaced(series: FloatArray, mask: BoolArray, window: float) -> FloatArray:
    """Return valid values at least one window apart, as early as possible."""
    out, last = [], -window
    for k in np.flatnonzero(mask & np.isfinite(series)).tolist():
        if k - last >= window:
            out.append(series[k])
            last = k
    return np.array(out, float)


def _mean(definition: Definition, values: FloatArray, session_id: str, reason: str) -> Measure:
    if len(values) == 0:
        return nothing([definition], reason)[0]
    interval = mean_interval(values, seeded(session_id, definition.name))
    return measure(definition, float(values.mean()), len(values), interval=interval)


def _difference(
    definition: Definition, values: FloatArray, rest: FloatArray, session_id: str, none: str
) -> Measure:
    if len(values) == 0 or len(rest) == 0:
        why = "no rest value" if len(rest) == 0 else f"the hour is under 15 min, or {none}"
        return nothing([definition], why, len(values))[0]
    value = float(values.mean() - rest.mean())
    # Half-widths of two independent means add as squares.
    parts = [
        mean_interval(v, seeded(session_id, definition.name, k))
        for k, v in zip("ab", (values, rest), strict=True)
    ]
    low = value - math.hypot(values.mean() - parts[0][0], parts[1][1] - rest.mean())
    high = value + math.hypot(parts[0][1] - values.mean(), rest.mean() - parts[1][0])
    return measure(definition, value, len(values), interval=(low, high))


def _split(line: Timeline, person: Person, series: FloatArray, of: Defined, window: float) -> list[Measure]:
    speech = person.speaking
    if not np.isfinite(speech).any():
        return nothing((of.speaking, of.listening), "no voice activity")
    share = _moving_mean(speech, round(window))
    baseline = line.within(line.marked("baseline_rest"))
    out = []
    for definition, mask in ((of.speaking, share > 0.5), (of.listening, share <= 0.5)):
        values = _spaced(series, mask & ~baseline, window)
        why = person.doubts.get(VAGAL) or f"no valid {window:g} s window"
        out.append(_mean(definition, values, line.session_id, why))
    return out


def _moving_mean(values: FloatArray, width: int) -> FloatArray:
    """Return the centred mean of the valid values; nan where under half of the window is valid."""
    known = np.isfinite(values)
    half = width // 2
    total = np.concatenate([np.zeros(1), np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([np.zeros(1), np.cumsum(known)])
    at = np.arange(len(values))
    a, b = np.maximum(at - half, 0), np.minimum(at + half, len(values))
    n = count[b] - count[a]
    return np.where(2 * n >= width, (total[b] - total[a]) / np.maximum(n, 1), np.nan)
