"""Heart, breath and skin of one person over a whole phase, from index samples.

RMSSD and SDNN are those of all accepted intervals of the phase, not means of windows: a mean of windows
weighs beats by how many windows they are in, and is not what a reader can compare with other studies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.config import PipelineConfig
from processing.heart.hrv import rmssd, sdnn
from processing.heart.ibi import NORMAL
from processing.heart.windows import PLACING
from processing.hour.believed import placed_share
from processing.index import IndexSample
from processing.indices import INDICES
from processing.report.phases import Phase

SAME_BEAT = 0.2
"""An interval ends at the row before where it is that long within this share: inserted beats have no row."""
ROUNDING = 1e-6
"""How far two computed times may be apart and be the same [s]."""
GIVEN = 0.5
"""Share of the rates in a phase that must have a value: where swings hide responses, those left are few."""
NO_HEART, NO_SKIN = "no heart sensor", "no EDA sensor"
WITHOUT = {"hf": NO_HEART, "resp_rate": "no heart or respiration sensor", "scl": NO_SKIN}

PLACED = {"rmssd": "rmssd", "lnrmssd": "rmssd", "sdnn": "sdnn", "hf": "hf"}
"""What noise that moves R peaks may have made → the index whose windows say so."""


class Value(NamedTuple):
    """Hold a value, how many things it is made of, and why it is nan, or to be read with care."""

    value: float
    n: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseValues:
    """Hold what one person's indices were in a phase.

    Parameters
    ----------
    values : dict
        hr, rmssd, lnrmssd, sdnn, hf, resp_rate, scl, scr_rate. n counts NN intervals (hr, sdnn), differences
        of successive ones (rmssd, lnrmssd), windows (hf, resp_rate, scl), and responses (scr_rate).
    heart_pct, skin_pct : float
        Share of the phase under NN intervals, and with valid skin conductance [%]; nan without the sensor.
    odd_pct : float
        Share of the judged beats that are not normal [%]; nan without any.
    """

    entity: str
    phase: Phase
    values: Mapping[str, Value]
    heart_pct: float
    skin_pct: float
    odd_pct: float


class _Rows(NamedTuple):
    times: FloatArray
    values: FloatArray
    reasons: list[str]


class _Beats(NamedTuple):
    """Hold beats in order: their interval where it is NN [ms], and whether the one before joins it."""

    times: FloatArray
    values: FloatArray
    joined: BoolArray


Table = Mapping[tuple[str, str], Sequence[IndexSample]]


def phase_values(table: Table, entity: str, phase: Phase, config: PipelineConfig) -> PhaseValues:
    """Return what a person's indices were in a phase.

    Parameters
    ----------
    table : dict
        (entity, index) → its samples (`processing.hour.believed.rows_of`).

    References
    ----------
    Task Force (1996), doi:10.1161/01.CIR.93.5.1043
    """
    names = ("ibi", "ibi_class", "rmssd", "sdnn", "scr", "scr_rate", "eda_quality", *WITHOUT)
    rows = {name: _rows(table.get((entity, name), ())) for name in names}
    seconds = phase.seconds
    beats = _beats(rows["ibi"], rows["ibi_class"])
    inside = phase.holds(beats.times, np.nan_to_num(beats.values) / 1000.0) & np.isfinite(beats.values)
    judged = rows["ibi_class"].values[phase.holds(rows["ibi_class"].times)]
    judged = judged[np.isfinite(judged)]
    known = rows["eda_quality"].values[phase.holds(rows["eda_quality"].times)]
    skin = float(np.nansum(known)) if len(known) else 0.0
    values = {
        **_of_beats(beats, inside, rows, phase, config),
        **{name: _of_windows(name, rows[name], phase, config) for name in WITHOUT},
        "scr_rate": _responses(rows, phase, skin, config),
    }
    return PhaseValues(
        entity=entity,
        phase=phase,
        values=values | {name: _placed(values[name], rows[of], phase) for name, of in PLACED.items()},
        heart_pct=_share(float(beats.values[inside].sum()) / 1000.0, seconds, rows["ibi"]),
        skin_pct=_share(skin, seconds, rows["eda_quality"]),
        odd_pct=100.0 * float(np.mean(judged > NORMAL)) if len(judged) else math.nan,
    )


def _rows(samples: Sequence[IndexSample]) -> _Rows:
    ordered = sorted(samples, key=lambda s: s[0])
    times, values = (np.array([s[k] for s in ordered], np.float64) for k in (0, 4))
    return _Rows(times, values, [s[7] for s in ordered])


def _share(seconds: float, of: float, rows: _Rows) -> float:
    return min(100.0, 100.0 * seconds / of) if len(rows.times) and of > 0 else math.nan


def beats_of(table: Table, entity: str) -> _Beats:
    """Return the beats of a person, with the intervals that are NN [ms]."""
    return _beats(*(_rows(table.get((entity, name), ())) for name in ("ibi", "ibi_class")))


def _beats(ibi: _Rows, judged: _Rows) -> _Beats:
    """Return the beats of a person: an interval is NN where the beats at both of its ends are normal."""
    kinds = dict(zip(judged.times.tolist(), judged.values.tolist(), strict=True))
    normal = np.array([kinds.get(t, math.nan) == NORMAL for t in ibi.times.tolist()], np.bool_)
    gap = np.diff(ibi.times, prepend=np.nan)
    length = ibi.values / 1000.0
    follows = np.abs(gap - length) <= SAME_BEAT * length
    before = np.concatenate(([False], normal[:-1])) | ~follows
    values = np.where(normal & before, ibi.values, np.nan)
    return _Beats(ibi.times, values, follows)


def _of_beats(
    beats: _Beats, inside: BoolArray, rows: Mapping[str, _Rows], phase: Phase, config: PipelineConfig
) -> dict[str, Value]:
    """Return heart rate and its variability in the time domain."""
    c = config.heart
    if not len(rows["ibi"].times):
        return {name: Value(math.nan, 0, NO_HEART) for name in ("hr", "rmssd", "lnrmssd", "sdnn")}
    every = beats.values[inside]
    none = "" if len(every) else _why(rows["ibi"], phase)
    return {
        "hr": _rate(every, none, c.hr_covered),
        "rmssd": (root := _rmssd(beats, inside, rows, none, phase, config)),
        "lnrmssd": _logarithm(root),
        "sdnn": _sdnn(beats, inside, rows, none, phase, config),
    }


def _rate(every: FloatArray, none: str, least: float) -> Value:
    if every.sum() / 1000.0 >= least:
        return Value(60000.0 / float(np.mean(every)), len(every))
    return Value(math.nan, len(every), none or f"less than {least:g} s of NN intervals")


def _rmssd(
    beats: _Beats,
    inside: BoolArray,
    rows: Mapping[str, _Rows],
    none: str,
    phase: Phase,
    config: PipelineConfig,
) -> Value:
    """Return RMSSD; `none` says why there is no NN interval at all."""
    least = config.heart.rmssd_differences
    passed = _passed(beats.times, rows["rmssd"], config.heart.rmssd_window)
    kept = _apart(beats, inside & passed, phase)
    n = _differences(kept)
    if n >= least:
        return Value(rmssd(kept), n)
    shut = _differences(_apart(beats, inside, phase)) >= least
    why = none or (_why(rows["rmssd"], phase) if shut else "")
    return Value(math.nan, n, why or f"fewer than {least} differences of NN intervals")


def _sdnn(
    beats: _Beats,
    inside: BoolArray,
    rows: Mapping[str, _Rows],
    none: str,
    phase: Phase,
    config: PipelineConfig,
) -> Value:
    """Return SDNN; `none` says why there is no NN interval at all."""
    least = config.heart.cover * config.heart.sdnn_window
    kept = beats.values[inside & _passed(beats.times, rows["sdnn"], config.heart.sdnn_window)]
    if kept.sum() / 1000.0 >= least:
        return Value(sdnn(kept), len(kept))
    shut = beats.values[inside].sum() / 1000.0 >= least
    why = none or (_why(rows["sdnn"], phase) if shut else "")
    return Value(math.nan, len(kept), why or f"less than {least:g} s of NN intervals")


def _differences(intervals: FloatArray) -> int:
    return int(np.isfinite(np.diff(intervals)).sum()) if len(intervals) else 0


def _logarithm(root: Value) -> Value:
    if root.value > 0.0:
        return Value(math.log(root.value), root.n)
    return Value(math.nan, root.n, root.reason or "no variation")


def _passed(times: FloatArray, windows: _Rows, length: float) -> BoolArray:
    """Return which times lie in a window that passed the gates of its index: rhythm, ectopic beats, noise."""
    centres = windows.times[np.isfinite(windows.values)]
    if not len(centres):
        return np.zeros(len(times), np.bool_)
    after = np.minimum(np.searchsorted(centres, times), len(centres) - 1)
    before = np.maximum(after - 1, 0)
    distance = np.minimum(np.abs(centres[after] - times), np.abs(centres[before] - times))
    return np.asarray(distance <= length / 2.0 + ROUNDING)


def _apart(beats: _Beats, kept: BoolArray, phase: Phase) -> FloatArray:
    """Return the kept intervals with nan wherever two are no neighbours, in the recording or in the phase."""
    first = np.concatenate(([False], kept[:-1]))
    lengths = np.nan_to_num(beats.values + np.concatenate(([np.nan], beats.values[:-1]))) / 1000.0
    joined = kept & first & beats.joined & phase.holds(beats.times, lengths)
    at = np.flatnonzero(kept)
    return np.insert(beats.values[at], np.flatnonzero(~joined[at]), np.nan)


def _of_windows(name: str, rows: _Rows, phase: Phase, config: PipelineConfig) -> Value:
    """Return the mean of the windows of an index that lie in the phase."""
    if not len(rows.times):
        return Value(math.nan, 0, WITHOUT[name])
    length = INDICES[name].timing.window(config)
    whole = phase.holds_windows(rows.times, length)
    values = rows.values[whole & np.isfinite(rows.values)]
    if len(values):
        return Value(float(np.mean(values)), len(values))
    if all(stop - start < length for start, stop in phase.spans):
        return Value(math.nan, 0, f"shorter than a window of {length:g} s")
    why = Counter(rows.reasons[k] for k in np.flatnonzero(whole).tolist() if rows.reasons[k])
    return Value(math.nan, 0, why.most_common(1)[0][0] if why else f"no whole window of {length:g} s")


def _placed(value: Value, rows: _Rows, phase: Phase) -> Value:
    """Return a value that says for how much of it noise may have made it by moving R peaks."""
    at = np.flatnonzero(phase.holds(rows.times) & np.isfinite(rows.values)).tolist()
    n = sum(rows.reasons[k] == PLACING for k in at)
    return value if math.isnan(value.value) else value._replace(reason=placed_share(n, len(at)))


def _responses(rows: Mapping[str, _Rows], phase: Phase, valid: float, config: PipelineConfig) -> Value:
    """Return responses with their peak in the phase per minute of valid signal in it."""
    if not len(rows["eda_quality"].times):
        return Value(math.nan, 0, NO_SKIN)
    scr = rows["scr"]
    n = int((phase.holds(scr.times) & np.isfinite(scr.values)).sum())
    if valid < config.skin.rate_window:
        why = _why(rows["eda_quality"], phase) or f"less than {config.skin.rate_window:g} s of valid signal"
        return Value(math.nan, n, why)
    rates = rows["scr_rate"]
    given = np.isfinite(rates.values[phase.holds(rates.times)])
    if len(given) and given.mean() < GIVEN and (why := _why(rates, phase)):
        return Value(math.nan, n, why)
    return Value(60.0 * n / valid, n)


def _why(rows: _Rows, phase: Phase) -> str:
    """Return the reason that most rows in a phase give; "" where none does."""
    at = np.flatnonzero(phase.holds(rows.times)).tolist()
    why = Counter(rows.reasons[k] for k in at if rows.reasons[k])
    return why.most_common(1)[0][0] if why else ""
