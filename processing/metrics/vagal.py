"""Vagally mediated HRV (lnRMSSD): at rest, reactivity and recovery, and while speaking against listening.

Windows of 60 s overlap when read every second: intervals rest on windows that do not.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Interval, Person, Timeline
from processing.hour.uncertainty import mean_interval

WINDOW = 60
"""Width of the RMSSD window [s]."""
LAST = 300.0
SOURCE = "Laborde, Mosley & Thayer (2017), doi:10.3389/fpsyg.2017.00213"
BOOT = "bootstrap-t over 60 s windows that do not overlap"
REST = Definition(
    name="lnrmssd_rest",
    whose="person",
    unit="ln ms",
    text="mean lnRMSSD of the 60 s windows that lie in baseline_rest",
    interval=BOOT,
    source=SOURCE,
)
REACTIVITY = Definition(
    name="lnrmssd_reactivity",
    whose="person",
    unit="ln ms",
    text="mean lnRMSSD during calib_challenge, without one during the hour up to its last 5 min, minus rest",
    interval="as lnrmssd_rest, both parts drawn",
    source=SOURCE,
)
RECOVERY = Definition(
    name="lnrmssd_recovery",
    whose="person",
    unit="ln ms",
    text="mean lnRMSSD in the 5 min after calib_challenge, without one in the last 5 min, minus rest",
    interval="as lnrmssd_rest, both parts drawn",
    source=SOURCE,
)
SPEAKING = Definition(
    name="lnrmssd_speaking",
    whose="person",
    unit="ln ms",
    text="mean lnRMSSD of windows with own speech for more than half of the time; speech alters breathing",
    interval=BOOT,
)
LISTENING = Definition(
    compares=True,
    name="lnrmssd_listening",
    whose="person",
    unit="ln ms",
    text="mean lnRMSSD of windows with own speech for at most half of the time",
    interval=BOOT,
)
THREE = (REST, REACTIVITY, RECOVERY)
DEFINITIONS = (*THREE, SPEAKING, LISTENING)


def vagal_measures(line: Timeline, person: Person) -> list[Measure]:
    """Return the three Rs and the split by own speech."""
    series = person.series.get("lnrmssd")
    if series is None:
        return nothing(DEFINITIONS, "no heart sensor")
    rest_span = line.marked("baseline_rest")[-1:]
    challenge = line.marked("calib_challenge")[-1:]
    rest = _apart(series, line.times, rest_span)
    task, after = _task_and_after(line, person, challenge)
    out = [_mean(REST, rest, line.session_id, "no baseline_rest" if not rest_span else "")]
    for definition, spans in ((REACTIVITY, task), (RECOVERY, after)):
        out.append(_difference(definition, _apart(series, line.times, spans), rest, line.session_id))
    return out + _split(line, person, series)


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


def _apart(series: FloatArray, times: FloatArray, spans: list[Interval]) -> FloatArray:
    """Return values of windows that lie wholly in the spans and do not overlap."""
    out: list[float] = []
    for span in spans:
        inside = np.flatnonzero((times - WINDOW / 2 >= span.start) & (times + WINDOW / 2 <= span.stop))
        if len(inside):
            mask = np.zeros(len(times), np.bool_)
            mask[inside] = True
            out += _spaced(series, mask).tolist()
    return np.array(out)


def _spaced(series: FloatArray, mask: BoolArray) -> FloatArray:
    """Return valid values at least one window apart, as early as possible."""
    out, last = [], -WINDOW
    for k in np.flatnonzero(mask & np.isfinite(series)).tolist():
        if k - last >= WINDOW:
            out.append(series[k])
            last = k
    return np.array(out, float)


def _mean(definition: Definition, values: FloatArray, session_id: str, reason: str) -> Measure:
    if len(values) == 0:
        return nothing([definition], reason or "no valid 60 s window")[0]
    interval = mean_interval(values, seeded(session_id, definition.name))
    return measure(definition, float(values.mean()), len(values), interval=interval)


def _difference(definition: Definition, values: FloatArray, rest: FloatArray, session_id: str) -> Measure:
    if len(values) == 0 or len(rest) == 0:
        why = "no rest value" if len(rest) == 0 else "the hour is under 15 min, or no valid 60 s window"
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


def _split(line: Timeline, person: Person, series: FloatArray) -> list[Measure]:
    speech = person.speaking
    if not np.isfinite(speech).any():
        return nothing((SPEAKING, LISTENING), "no voice activity")
    share = _moving_mean(speech, WINDOW)
    baseline = line.within(line.marked("baseline_rest"))
    out = []
    for definition, mask in ((SPEAKING, share > 0.5), (LISTENING, share <= 0.5)):
        values = _spaced(series, mask & ~baseline)
        out.append(_mean(definition, values, line.session_id, ""))
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
