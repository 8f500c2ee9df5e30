"""Event-locked responses: what the indices did around marked moments, against moments that were not marked.

Epochs from −60 to +180 s at 1 Hz, in relation to their own −60 … −10 s; MNE holds and tests them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from acquisition.events.vocabulary import PAUSE
from acquisition.stream import FloatArray
from processing.hour.measure import OF_DRAWS, Definition, Measure, measure, nothing, seeded
from processing.hour.shelter import why
from processing.hour.timeline import NOT_THE_HOUR, Person, Timeline
from processing.hour.uncertainty import mean_interval
from processing.indices import INDICES, VAGAL
from processing.metrics.epochs import (
    LEAST_EVENTS,
    POST,
    PRE,
    bootstrap,
    cluster_test,
    mean_over,
)

logger = logging.getLogger(__name__)

BASELINE = (-60, -10)
REJECT = 0.20
N_PSEUDO = 1000
SPAN = (0, 60)
"""The seconds whose mean is the response in one number."""
SIGNALS = ("arousal", "hr", "scl", VAGAL)
MNE = {"heart": "bio", "skin": "gsr"}
"""What MNE calls the channels of an estimator."""
SKIPPED = (*NOT_THE_HOUR, "session_start", "session_end", "sync_mark", "note", "segment", PAUSE)
RESPONSES = {
    signal: Definition(
        name=f"response_{signal}_{{code}}",
        whose="person",
        unit=INDICES[signal].unit,
        text=f"mean {signal} 0 … +60 s after the onset, less its mean −60 … −10 s before; epochs with over "
        "20 % invalid left out",
        interval="bootstrap-t over events, 2000 draws; Student's t of under ten",
    )
    for signal in SIGNALS
}
P_VALUES = {
    signal: Definition(
        name=f"response_{signal}_{{code}}_p",
        whose="person",
        unit="",
        text=f"smallest p of a cluster in time: {signal} after real onsets against 1000 pseudo-onsets in "
        "the hour in the same speaking state; cluster mass, 1000 permutations, two-sided, 5 s bins",
        bare=OF_DRAWS,
        source="Maris & Oostenveld (2007), doi:10.1016/j.jneumeth.2007.03.024; MNE-Python",
    )
    for signal in SIGNALS
}
DEFINITIONS = (*RESPONSES.values(), *P_VALUES.values())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Response:
    """Hold the epochs of one signal of one person around one code.

    Parameters
    ----------
    epochs : ndarray, shape (n_kept, 241)
        −60 … +180 s, less the baseline; nan where not valid.
    n_events : int
        Onsets before rejection.
    mean, low, high : ndarray, shape (241,)
        Mean and its bootstrap interval; empty with fewer than 5 events.
    clusters : list of (start, stop, p)
        Of the cluster test [s from the onset].
    fault : str
        Why there is no response, where it could not be computed.
    """

    entity: str
    code: str
    signal: str
    epochs: FloatArray
    n_events: int
    mean: FloatArray = field(default_factory=lambda: np.empty(0))
    low: FloatArray = field(default_factory=lambda: np.empty(0))
    high: FloatArray = field(default_factory=lambda: np.empty(0))
    clusters: tuple[tuple[float, float, float], ...] = ()
    tested: bool = False
    fault: str = ""


def onsets(line: Timeline) -> dict[str, FloatArray]:
    """Return code → onsets [s] of everything that was marked in the hour."""
    marks = [(e.code, e.onset) for e in line.points] + [(i.code, i.start) for i in line.intervals]
    out: dict[str, list[float]] = {}
    for code, time in marks:
        if code not in SKIPPED and code.isidentifier() and code.islower():
            out.setdefault(code, []).append(time)
    return {code: np.unique(times) for code, times in sorted(out.items())}


def cut(series: FloatArray, times: FloatArray, moments: FloatArray) -> FloatArray:
    """Return epochs less their baseline, shape (n_kept, 241).

    One that reaches past an end, has over 20 % invalid, or under half of its baseline, is left out.
    """
    if len(times) == 0 or len(moments) == 0:
        return np.empty((0, PRE + POST + 1))
    at = np.rint(moments - times[0]).astype(np.int64)
    at = at[(at >= PRE) & (at + POST < len(times))]
    epochs = series[at[:, None] + np.arange(-PRE, POST + 1)]
    before = epochs[:, BASELINE[0] + PRE : BASELINE[1] + PRE]
    n_before = np.isfinite(before).sum(axis=1)
    kept = (np.isnan(epochs).mean(axis=1) <= REJECT) & (2 * n_before >= before.shape[1])
    level = np.nansum(before[kept], axis=1) / n_before[kept]
    out: FloatArray = epochs[kept] - level[:, None]
    return out


def mne_epochs(response: Response) -> Any:
    """Return the epochs as mne.EpochsArray, for whoever goes on with MNE; baseline already subtracted."""
    import mne

    kind = MNE.get(INDICES[response.signal].of[0], "misc")
    info = mne.create_info([f"{response.entity} {response.signal}"], 1.0, kind)
    data = response.epochs[:, None, :] * (1e-6 if response.signal == "scl" else 1.0)
    return mne.EpochsArray(data, info, tmin=-float(PRE), baseline=None, verbose="error")


def pseudo_onsets(line: Timeline, person: Person, real: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw moments of the hour in the speaking states of the real ones.

    Anywhere in the hour, near real onsets too: kept 60 s away from them, the pseudo-onsets come from other
    stretches of the session than the real ones, and the test errs three times as often as it may (measured).
    """
    n = len(line.times)
    free = person.counts.copy()
    inside = np.arange(n)
    free &= (inside >= PRE) & (inside + POST < n)
    state = np.nan_to_num(person.speaking, nan=-1.0)
    at = np.clip(np.rint(real - line.times[0]).astype(np.int64), 0, n - 1)
    wanted = state[at][rng.integers(0, len(at), size=N_PSEUDO)]
    drawn: list[float] = []
    for value in np.unique(wanted).tolist():
        where = line.times[free & (state == value)]
        if len(where):
            drawn += rng.choice(where, size=int(np.count_nonzero(wanted == value))).tolist()
    return np.array(sorted(drawn))


def respond(line: Timeline, person: Person, code: str, signal: str, moments: FloatArray) -> Response | None:
    """Return the response of one signal; None if the person has no such signal."""
    series = person.arousal if signal == "arousal" else person.series.get(signal)
    if series is None or not np.isfinite(series).any():
        return None
    epochs = cut(series, line.times, moments)
    bare = Response(entity=person.entity, code=code, signal=signal, epochs=epochs, n_events=len(moments))
    if len(epochs) < LEAST_EVENTS:
        return bare
    rng = seeded(line.session_id, "event-locked", code, signal)
    low, high = bootstrap(epochs, rng)
    null = cut(series, line.times, pseudo_onsets(line, person, moments, rng))
    tested, clusters = cluster_test(epochs, null, rng)
    return Response(
        entity=person.entity,
        code=code,
        signal=signal,
        epochs=epochs,
        n_events=len(moments),
        mean=mean_over(epochs),
        low=low,
        high=high,
        clusters=clusters,
        tested=tested,
    )


def responses(line: Timeline) -> list[Response]:
    """Return all responses of both people, by code and signal."""
    found = [
        _sheltered(line, person, code, signal, moments)
        for code, moments in onsets(line).items()
        for person in line.people.values()
        for signal in SIGNALS
    ]
    return [r for r in found if r is not None]


def _sheltered(
    line: Timeline, person: Person, code: str, signal: str, moments: FloatArray
) -> Response | None:
    """Return a response; one that cannot be computed says so and takes no other with it."""
    try:
        return respond(line, person, code, signal, moments)
    except Exception as error:  # a fault of ours, or of a value nobody thought of
        logger.exception("response of %s %s to %s failed", person.entity, signal, code)
        none = np.empty((0, PRE + POST + 1))
        bare = Response(entity=person.entity, code=code, signal=signal, epochs=none, n_events=len(moments))
        return replace(bare, fault=why(error))


def response_measures(found: Sequence[Response], entity: str, session_id: str) -> list[Measure]:
    """Return one person's response in one number per code and signal, and the p of its largest cluster."""
    out: list[Measure] = []
    for r in found:
        if r.entity != entity:
            continue
        both = (RESPONSES[r.signal], P_VALUES[r.signal])
        n, pct = len(r.epochs), 100.0 * len(r.epochs) / r.n_events if r.n_events else math.nan
        if r.fault:
            out += nothing(both, r.fault, n, pct, code=r.code)
            continue
        if n < LEAST_EVENTS:
            few = f"{n} usable of {r.n_events} events, {LEAST_EVENTS} are needed: single traces only"
            out += nothing(both[:1], few, n, pct, code=r.code) if r.signal == SIGNALS[0] else []
            continue
        out.append(_in_one_number(r, both[0], n, pct, session_id))
        p = min((c[2] for c in r.clusters), default=1.0) if r.tested else math.nan
        untested = "" if r.tested else "too few pseudo-onsets in the hour"
        out.append(measure(both[1], p, n, pct, reason=untested, code=r.code))
    return out


def _in_one_number(r: Response, definition: Definition, n: int, pct: float, session_id: str) -> Measure:
    each = np.nanmean(r.epochs[:, PRE + SPAN[0] : PRE + SPAN[1]], axis=1)
    interval = mean_interval(each, seeded(session_id, definition.name, r.code))
    return measure(definition, float(np.mean(each)), n, pct, interval=interval, code=r.code)
