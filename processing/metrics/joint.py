"""The two people at once: time both within their bands, and whether excursions go together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.arousal.excursion import Excursion
from processing.coupling import one_person, shared
from processing.hour import believed
from processing.hour.measure import OF_DRAWS, Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Timeline, gaps
from processing.hour.uncertainty import time_share_interval, together_interval
from processing.index import IndexSample
from processing.metrics.in_band import LEAST_PCT, LEAST_SECONDS

PEOPLE = ("client", "therapist")
LEAST_SHIFT = 60
N_SHIFTS = 1000
JACKKNIFE = (
    "jackknife over stretches in which either is out, Student's t of those in which both are (from 3 on)"
)
JOINT = Definition(
    compares=True,
    name="joint_time_in_pct",
    whose="dyad",
    unit="%",
    text="share of the time valid in both people in which both are outside any excursion",
    interval="as time_in_pct, from the stretches in which either is in one",
)
JACCARD = Definition(
    compares=True,
    name="co_excursion_jaccard",
    whose="dyad",
    unit="",
    text="time both are in an excursion / time at least one is",
    interval=JACKKNIFE,
)
LIFT = Definition(
    compares=True,
    name="co_excursion_lift",
    whose="dyad",
    unit="",
    text="P(therapist out | client out) / P(therapist out)",
    interval=JACKKNIFE,
)
P = Definition(
    compares=True,
    name="co_excursion_p",
    whose="dyad",
    unit="",
    text="share of 1000 circular shifts of at least 60 s with at least as much time out together; a trend "
    "that both share looks the same",
    bare=OF_DRAWS,
)
DEFINITIONS = (JOINT, JACCARD, LIFT, P)


def joint_measures(
    line: Timeline, client: Sequence[Excursion], therapist: Sequence[Excursion], reason: str = ""
) -> list[Measure]:
    """Return joint time in band and how far excursions go together."""
    if reason or len(line.people) < 2:
        return nothing(DEFINITIONS, reason or "one person only")
    both = line.people["client"].valid & line.people["therapist"].valid
    counted = line.people["client"].counts & line.people["therapist"].counts
    n, of = int(np.count_nonzero(both)), int(np.count_nonzero(counted))
    pct = 100.0 * n / of if of else math.nan
    if n == 0 and (lacking := [f"{e}: {line.people[e].missing}" for e in PEOPLE if line.people[e].missing]):
        return nothing(DEFINITIONS, "; ".join(lacking), n, pct)
    if n < LEAST_SECONDS or pct < LEAST_PCT:
        share = f" ({pct:.0f} %)" if of else ""
        return nothing(DEFINITIONS, f"{n / 60:.1f} min valid in both people{share}", n, pct)
    out_c, out_t = (_outside(line.times, found) for found in (client, therapist))
    inside = 100.0 * float(np.mean(~(out_c | out_t)[both]))
    jaccard, lift = together(out_c[both], out_t[both])
    why = "" if out_c[both].any() and out_t[both].any() else "no excursion in one of the two"
    hour = np.flatnonzero(counted)
    span = slice(int(hour[0]), int(hour[-1]) + 1)
    if why:
        p = math.nan
    else:
        valid_c, valid_t = (line.people[e].valid[span] for e in ("client", "therapist"))
        p = shift_p(out_c[span], out_t[span], valid_c, valid_t, seeded(line.session_id, P.name))
    stretches = cycles(out_c[both], out_t[both])
    around = _joint_interval((out_c | out_t) & both, line.times, (*client, *therapist), n)
    bare = "no excursion in either" if math.isnan(jaccard) else ""
    return [
        measure(JOINT, inside, n, pct, interval=around),
        measure(JACCARD, jaccard, n, pct, interval=jaccard_interval(stretches), reason=bare),
        measure(LIFT, lift, n, pct, interval=lift_interval(stretches), reason=why),
        measure(P, p, n, pct, reason=why),
    ]


def _joint_interval(
    either: BoolArray, times: FloatArray, found: Sequence[Excursion], seconds: int
) -> tuple[float, float]:
    """Return a 95 % interval of the share of time in which nobody is out [%]."""
    runs = gaps(~either)
    ends = [(times[a], times[b - 1]) for a, b in runs]
    lengths = np.array([float(b - a) for a, b in runs])
    cut = np.array(
        [any(e.censored and e.on <= last and e.off >= first for e in found) for first, last in ends], np.bool_
    )
    low, high = time_share_interval(lengths, cut, seconds)
    return 100.0 - high, 100.0 - low


def cycles(client: BoolArray, therapist: BoolArray) -> FloatArray:
    """Return, per stretch in which either is out, seconds both, either, client, therapist, and all around it.

    One ends half way to the next.
    """
    either = client | therapist
    out = np.array(gaps(~either)).reshape(-1, 2)
    cuts = np.concatenate([[0], (out[:-1, 1] + out[1:, 0]) // 2])[: len(out)]
    if len(out) == 0:
        return np.empty((0, 5))
    counted = np.column_stack([client & therapist, either, client, therapist, np.ones(len(either))])
    sums: FloatArray = np.add.reduceat(counted.astype(float), cuts, axis=0)
    return sums


def jaccard_interval(stretches: FloatArray) -> tuple[float, float]:
    """Return a 95 % interval of the Jaccard index: on the scale of ln(both / one only)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = together_interval(stretches, lambda v: np.log(v[..., 0] / (v[..., 1] - v[..., 0])))
    return 1.0 / (1.0 + math.exp(-low)), 1.0 / (1.0 + math.exp(-high))


def lift_interval(stretches: FloatArray) -> tuple[float, float]:
    """Return a 95 % interval of the lift, on the scale of its logarithm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = together_interval(
            stretches, lambda v: np.log(v[..., 0] * v[..., 4] / (v[..., 2] * v[..., 3]))
        )
    return math.exp(low), math.exp(high)


def _outside(times: FloatArray, found: Sequence[Excursion]) -> BoolArray:
    outside = np.zeros(len(times), np.bool_)
    for e in found:
        outside |= (times >= e.on) & (times < e.off)
    return outside


def together(client: BoolArray, therapist: BoolArray) -> tuple[float, float]:
    """Return Jaccard index and lift of two states; nan where neither, or one never, is out."""
    n, both = len(client), int(np.count_nonzero(client & therapist))
    either, c, t = (int(np.count_nonzero(x)) for x in (client | therapist, client, therapist))
    return (both / either if either else math.nan), (both * n / (c * t) if c and t else math.nan)


def shift_p(
    client: BoolArray,
    therapist: BoolArray,
    client_valid: BoolArray,
    therapist_valid: BoolArray,
    rng: np.random.Generator,
) -> float:
    """Return p of the share of time out together against circular shifts, in pairs d, −d.

    A shift moves a person's state and its validity together; the share is of the time valid in both after it.
    """
    n = len(client)
    if n < 2 * LEAST_SHIFT + 1:
        return math.nan
    out = _overlaps(client & client_valid, therapist & therapist_valid)
    valid = _overlaps(client_valid, therapist_valid)
    share = out / np.maximum(valid, 1.0)
    half = rng.integers(LEAST_SHIFT, n - LEAST_SHIFT, size=N_SHIFTS // 2, endpoint=True)
    shifts = np.concatenate([half, n - half])
    return float(1 + np.count_nonzero(share[shifts] >= share[0] - 1e-12)) / (1 + len(shifts))


def _overlaps(a: BoolArray, b: BoolArray) -> FloatArray:
    """Return at how many places both are true, for each circular shift of the second."""
    product = np.fft.rfft(a.astype(float)).conj() * np.fft.rfft(b.astype(float))
    counts: FloatArray = np.rint(np.fft.irfft(product, len(a)))
    return counts


def of_one(line: Timeline, rows: Mapping[tuple[str, str], Sequence[IndexSample]]) -> str:
    """Return why two people's bands cannot be compared whose signals are those of one; "" if they can."""
    for kind in one_person.KINDS:
        of_one = shared.inside(line.times, kind.spans_of(rows))
        if of_one.any() and of_one.mean() >= believed.MOST:
            return kind.reason
    return ""
