"""Event-locked responses: what the indices did around marked moments, against comparable unmarked moments.

Epochs from −60 to +180 s at 1 Hz, in relation to their own −60 … −10 s, are what is drawn. What is
inferred comes from matched moments (`processing.responses.matching`): a raw change is mostly what would
have come anyway.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from acquisition.events.intervals import NOT_THE_HOUR
from acquisition.events.vocabulary import PAUSE
from acquisition.stream import FloatArray
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.shelter import why
from processing.hour.timeline import Person, Timeline, outside_the_session
from processing.hour.uncertainty import mean_interval
from processing.indices import INDICES, VAGAL
from processing.responses.epochs import LEAST_EVENTS, POST, PRE, bootstrap, mean_over
from processing.responses.matching import TOO_FEW, Effect, effect
from processing.responses.moments import describe
from processing.surrogates.fdr import benjamini_hochberg

logger = logging.getLogger(__name__)

BASELINE = (-60, -10)
REJECT = 0.20
SPAN = (0, 60)
"""The seconds whose mean is the response in one number."""
SIGNALS = ("arousal", "hr", "scl", VAGAL)
MNE = {"heart": "bio", "skin": "gsr"}
"""What MNE calls the channels of an estimator."""
AHEAD = {"arousal": 0, "hr": 0, "scl": 0, VAGAL: 30}
"""How far a value looks past its time: half of a centred window of 60 s [s].

The 5 s of heart rate and level are let be: earlier ones hold less of what stood just before, and err more.
"""
BESIDE = {"arousal": ("hr", "scl"), "hr": ("scl",), "scl": ("hr",), VAGAL: ("hr",)}
"""Indices whose past the forecast uses too.

Who marks sees the person, not an index: the arousal index comes some ten seconds after what it is made of,
and 60 s of beats hold too little of what stood just before. What heart and skin showed by then, and the index
only shows afterwards, would pass for what the mark did.
"""
DESCRIBED = ("felt_*", "over_observed", "under_observed", "at_edge", "settled", "suds", "auto_*")
"""Codes that report what is measured: people mark them because of it, so that no test says anything."""
ONLY_DESCRIBED = "reports what is measured: described, not tested"
SKIPPED = (*NOT_THE_HOUR, "session_start", "session_end", "sync_mark", "note", "segment", PAUSE)
RESPONSES = {
    signal: Definition(
        name=f"response_{signal}_{{code}}",
        baselines="count",
        whose="person",
        unit=INDICES[signal].unit,
        text=f"mean {signal} 0 … +60 s after the onset, less its mean −60 … −10 s before; epochs with over "
        "20 % invalid left out",
        interval="bootstrap-t over events, 2000 draws; Student's t of under ten",
    )
    for signal in SIGNALS
}
MATCHED = {
    signal: Definition(
        name=f"response_{signal}_{{code}}_matched",
        whose="person",
        unit=INDICES[signal].unit,
        text=f"mean {signal} {AHEAD[signal]} … 60 s after the onset, less that of 2 to 5 comparable moments "
        "of the hour that were not marked, a forecast from the past (of heart rate and SC level, too) taken "
        "out of both; comparable: same talk state, mean of the last 5 s and its difference from the last "
        "60 s within 0.35 SD, no mark 59 s before to 5 s after; marks under 60 s apart are one (n: marks "
        "compared); baselines and breaks do not count. What was seen and the index does not hold is not "
        "ruled out",
        interval="Student's t; standard error from the same weights shifted over what the forecast leaves",
        source="Rubin (1973), doi:10.2307/2529684",
    )
    for signal in SIGNALS
}
P_VALUES = {
    signal: Definition(
        name=f"response_{signal}_{{code}}_p",
        whose="person",
        unit="",
        text=f"p of response_{signal}_{{code}}_matched, two-sided, of this test alone (n: marks compared)",
        bare="a p has none of its own",
    )
    for signal in SIGNALS
}
P_ADJUSTED = {
    signal: Definition(
        name=f"response_{signal}_{{code}}_p_fdr",
        whose="person",
        unit="",
        text=f"p of response_{signal}_{{code}}_matched, adjusted over all tested responses of the session, "
        "of both people (n: number of tests)",
        bare="a p has none of its own",
        source="Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x",
    )
    for signal in SIGNALS
}
DEFINITIONS = (*RESPONSES.values(), *MATCHED.values(), *P_VALUES.values(), *P_ADJUSTED.values())


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
    effect : Effect
        Against comparable moments; nan with a reason where nothing is inferred.
    p_fdr : float
        Its p over all tests of the session.
    n_tests : int
        How many these are.
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
    effect: Effect = field(default_factory=Effect)
    p_fdr: float = math.nan
    n_tests: int = 0
    fault: str = ""

    @property
    def tested(self) -> bool:
        """Tell whether anything is inferred."""
        return math.isfinite(self.effect.p)


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


def described(code: str) -> bool:
    """Tell whether a code reports what is measured, so that it is never tested."""
    return any(fnmatchcase(code, pattern) for pattern in DESCRIBED)


def compare(line: Timeline, person: Person, code: str, signal: str, onset: FloatArray) -> Effect:
    """Compare marked with comparable moments of the hour proper."""
    if described(code):
        return Effect(marks=len(onset), reason=ONLY_DESCRIBED)
    unknown = np.full(len(line.times), np.nan)
    other = next((p.speaking for e, p in line.people.items() if e != person.entity), unknown)
    counts = ~line.within(line.marked(*NOT_THE_HOUR)) & ~outside_the_session(line)
    series = {name: _series(person, name) for name in (signal, *BESIDE[signal])}
    held = describe(
        series[signal],
        person.speaking,
        other,
        counts,
        ahead=AHEAD[signal],
        beside=[(series[name], AHEAD[name]) for name in BESIDE[signal]],
    )
    return effect(held, np.rint(onset - line.times[0]).astype(np.int64))


def _series(person: Person, signal: str) -> FloatArray:
    """Return an index on the grid of the hour; nan throughout where the person has none."""
    unknown = np.full(len(person.arousal), np.nan)
    return person.arousal if signal == "arousal" else person.series.get(signal, unknown)


def respond(line: Timeline, person: Person, code: str, signal: str, moments: FloatArray) -> Response | None:
    """Return the response of one signal; None if the person has no such signal."""
    series = _series(person, signal)
    if not np.isfinite(series).any():
        return None
    epochs = cut(series, line.times, moments)
    bare = Response(
        entity=person.entity,
        code=code,
        signal=signal,
        epochs=epochs,
        n_events=len(moments),
        effect=Effect(marks=len(moments), reason=ONLY_DESCRIBED if described(code) else TOO_FEW),
    )
    if len(epochs) < LEAST_EVENTS:
        return bare
    low, high = bootstrap(epochs, seeded(line.session_id, "event-locked", code, signal))
    return replace(
        bare,
        mean=mean_over(epochs),
        low=low,
        high=high,
        effect=compare(line, person, code, signal, moments),
    )


def responses(line: Timeline) -> list[Response]:
    """Return all responses of both people, by code and signal, their p adjusted over all that are tested."""
    found = [
        _sheltered(line, person, code, signal, moments)
        for code, moments in onsets(line).items()
        for person in line.people.values()
        for signal in SIGNALS
    ]
    there = [r for r in found if r is not None]
    adjusted = benjamini_hochberg([r.effect.p for r in there])
    n = sum(r.tested for r in there)
    return [replace(r, p_fdr=p, n_tests=n) for r, p in zip(there, adjusted.tolist(), strict=True)]


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
    """Return one person's responses: the raw change, the difference from comparable moments, and its p."""
    out: list[Measure] = []
    for r in found:
        if r.entity != entity:
            continue
        inferred = (MATCHED[r.signal], P_VALUES[r.signal], P_ADJUSTED[r.signal])
        n, pct = len(r.epochs), 100.0 * len(r.epochs) / r.n_events if r.n_events else math.nan
        if r.fault:
            out += nothing((RESPONSES[r.signal], *inferred), r.fault, n, pct, code=r.code)
        elif n < LEAST_EVENTS:
            few = f"{n} usable of {r.n_events} events, {LEAST_EVENTS} are needed: single traces only"
            raw = [RESPONSES[r.signal]]
            out += nothing(raw, few, n, pct, code=r.code) if r.signal == SIGNALS[0] else []
        else:
            out.append(_in_one_number(r, RESPONSES[r.signal], n, pct, session_id))
            out += (
                _inferred(r) if r.tested else nothing(inferred, r.effect.reason, r.effect.sets, code=r.code)
            )
    return out


def _inferred(r: Response) -> list[Measure]:
    e = r.effect
    pct = 100.0 * e.sets / e.marks
    return [
        measure(MATCHED[r.signal], e.value, e.sets, pct, interval=(e.low, e.high), code=r.code),
        measure(P_VALUES[r.signal], e.p, e.sets, pct, code=r.code),
        measure(P_ADJUSTED[r.signal], r.p_fdr, r.n_tests, code=r.code),
    ]


def _in_one_number(r: Response, definition: Definition, n: int, pct: float, session_id: str) -> Measure:
    each = np.nanmean(r.epochs[:, PRE + SPAN[0] : PRE + SPAN[1]], axis=1)
    interval = mean_interval(each, seeded(session_id, definition.name, r.code))
    return measure(definition, float(np.mean(each)), n, pct, interval=interval, code=r.code)
