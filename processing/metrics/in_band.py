"""Time within, above and below the reference band, as shares of valid time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from acquisition.text import how_many
from processing.arousal.excursion import Excursion, seconds_in, shares_of_time
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Person
from processing.hour.uncertainty import time_share_interval

LEAST_PCT = 60.0
LEAST_SECONDS = 600.0
INTERVAL = (
    "Clopper-Pearson, with as many trials as the time holds stretches (Σd² + 2m²)/(Σd + m), m = 60 s, a cut "
    "one longer by m; with 1 to 4 stretches m = 90 s and 98 %"
)
SPLIT = "as time_in_pct, from the part of each excursion that lies in it"
TIME_IN = Definition(
    name="time_in_pct",
    whose="person",
    unit="%",
    text="share of valid time outside any excursion",
    interval=INTERVAL,
)
TIME_ABOVE = Definition(
    name="time_above_pct",
    whose="person",
    unit="%",
    text="share of valid time in excursions above the band",
    interval=INTERVAL,
)
TIME_BELOW = Definition(
    name="time_below_pct",
    whose="person",
    unit="%",
    text="share of valid time in excursions below the band",
    interval=INTERVAL,
)
VALID = Definition(
    name="valid_minutes",
    whose="person",
    unit="min",
    text="minutes of the hour proper with a valid index and band (baselines and breaks left out)",
    bare="a length that is known",
)
SPEAKING = Definition(
    name="time_in_speaking_pct",
    whose="person",
    unit="%",
    text="share of the valid time of own speech that lies outside any excursion",
    interval=SPLIT,
)
LISTENING = Definition(
    compares=True,
    name="time_in_listening_pct",
    whose="person",
    unit="%",
    text="share of the valid time without own speech that lies outside any excursion",
    interval=SPLIT,
)
SHARES = (TIME_IN, TIME_ABOVE, TIME_BELOW)
DEFINITIONS = (*SHARES, VALID, SPEAKING, LISTENING)


def gate(person: Person) -> str:
    """Say why there is too little of the index for shares and rates; "" if there is enough."""
    seconds = int(np.count_nonzero(person.valid))
    if person.missing and not seconds:
        return person.missing
    if not seconds:
        return "no valid second in the hour proper"
    few = ""
    if seconds < LEAST_SECONDS:
        few = f"{seconds / 60:.1f} min valid, {LEAST_SECONDS / 60:.0f} min are needed"
    elif person.valid_pct < LEAST_PCT:
        few = f"{person.valid_pct:.0f} % valid, {LEAST_PCT:.0f} % are needed"
    return "; ".join(part for part in (few, person.doubts.get("arousal", "")) if part) if few else ""


def time_in_band(person: Person, times: FloatArray, found: Sequence[Excursion]) -> list[Measure]:
    """Return the shares of valid time within, above and below, and split by own speech."""
    n, pct, reason = int(np.count_nonzero(person.valid)), person.valid_pct, gate(person)
    minutes = measure(VALID, n / 60.0, n, pct, reason=person.missing if not n else "")
    if reason:
        return [minutes, *nothing((*SHARES, SPEAKING, LISTENING), reason, n, pct)]
    shares = shares_of_time(times, person.valid, found)
    parts = [(e, seconds_in(e, times, person.valid)) for e in found]
    above, below = (parts_interval([(e, k) for e, k in parts if e.side == side], n) for side in (1, -1))
    out = parts_interval(parts, n)
    counts = (len(found), *(sum(e.side == side for e in found) for side in (1, -1)))
    around = ((100.0 - out[1], 100.0 - out[0]), above, below)
    return [
        minutes,
        *(
            measure(d, v, n, pct, interval=i, reason=rests_on(k))
            for d, v, i, k in zip(SHARES, shares, around, counts, strict=True)
        ),
        *_by_speech(person, times, found),
    ]


def rests_on(n: int) -> str:
    """Say how many stretches outside a share of time rests on."""
    return f"rests on {how_many(n, 'stretch', 'stretches')}"


def _by_speech(person: Person, times: FloatArray, found: Sequence[Excursion]) -> list[Measure]:
    outside = np.zeros(len(times), np.bool_)
    for e in found:
        outside |= (times >= e.on) & (times < e.off)
    out = []
    for definition, value in ((SPEAKING, 1.0), (LISTENING, 0.0)):
        mine = person.valid & (person.speaking == value)
        n = int(np.count_nonzero(mine))
        known = int(np.count_nonzero(np.isfinite(person.speaking)))
        if n < 60:
            why = f"{n} s of it, 60 s are needed" if known else "no voice activity"
            out += nothing([definition], why, n)
        else:
            share = 100.0 * float(np.mean(~outside[mine]))
            around = _split_interval(found, times, mine)
            out.append(measure(definition, share, n, person.valid_pct, interval=around))
    return out


def _split_interval(found: Sequence[Excursion], times: FloatArray, mine: BoolArray) -> tuple[float, float]:
    """Return a 95 % interval of the share of some seconds that lies outside any excursion [%]."""
    parts = [(e, seconds_in(e, times, mine)) for e in found]
    low, high = parts_interval(parts, int(np.count_nonzero(mine)))
    return 100.0 - high, 100.0 - low


def parts_interval(parts: Sequence[tuple[Excursion, int]], seconds: int) -> tuple[float, float]:
    """Return a 95 % interval of the share of some seconds in excursions [%], from each one's part in them."""
    inside = [(e, float(n)) for e, n in parts if n]
    cut = np.array([e.censored for e, _ in inside], np.bool_)
    return time_share_interval(np.array([n for _, n in inside]), cut, seconds)
