"""What an alignment of a video is, and the one by voice: found by search and fit, or refused."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.linking.hour import Hour, clock
from acquisition.linking.link import Method
from acquisition.linking.loudness import Loudness
from acquisition.linking.refining import Line, refine, resemblance
from acquisition.linking.searching import FEWEST, search

WIDEST = 0.5
"""An error from which on a video is not aligned [s]."""
SURER, TIMES, ALIKE = 40.0, 2.0, 0.5
"""How much better than any other the place of a video must be, in log-likelihood and as a factor; and with
what correlation. Of speech that belongs elsewhere the best place was better by at most 30, and of long
stretches of it the correlation did not reach 0.3."""
SPEECH = 20
"""Fewest seconds with speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Say when a video was taken, or why that is not known; the terms are those of `VideoLink`."""

    method: Method
    offset: float = math.nan
    drift: float = math.nan
    error: float = math.nan
    basis: str = ""
    reason: str = ""


def by_voice(loudness: Loudness, hour: Hour) -> Alignment:
    """Align a video by its sound against the voice rows."""
    spoken = hour.spoken
    if why := _nothing_to_hear(loudness) or _nothing_said(hour):
        return Alignment(method="voice", reason=why)
    places = search(loudness, spoken)
    if not places:
        return Alignment(method="voice", reason=f"it shares less than {FEWEST} s with the voice rows")
    known = [(resemblance(loudness, spoken, p.offset, p.drift), p) for p in places]
    known.sort(key=lambda pair: -pair[0])
    (most, place), others = known[0], known[1:]
    against = others[0][0] if others else 0.0
    line = refine(loudness, spoken, place.offset, place.drift)
    if line is None:
        return Alignment(method="voice", reason="too few seconds of unbroken speech are in both")
    if most < against + SURER or most < TIMES * against or line.agreement < ALIKE:
        reason = "its sound does not tell where it belongs (another session's video, no speech, or too short)"
        if others:
            at, next_best = (clock(p.offset - hour.begin) for p in (place, others[0][1]))
            reason += f": a beginning at {at} fits hardly better than one at {next_best}"
        return Alignment(method="voice", reason=reason)
    error = max(line.half_width(v) for v in _shared(line, loudness, hour))
    if not error <= WIDEST:
        return Alignment(method="voice", reason=f"its error would be {error:.2f} s, more than {WIDEST:g} s")
    people = " and ".join(map(str, spoken.people))
    basis = f"{line.seconds} s of {people}, r = {line.agreement:.2f}"
    return Alignment(method="voice", offset=line.offset, drift=line.drift, error=error, basis=basis)


def _shared(line: Line, loudness: Loudness, hour: Hour) -> tuple[float, float]:
    """Return from when to when the video shows the recording [s of the video]."""
    rate = 1 + 1e-6 * line.drift
    begin, end = ((t - line.offset) / rate for t in (hour.begin, hour.end))
    return min(max(begin, 0.0), loudness.duration), max(min(end, loudness.duration), 0.0)


def _nothing_to_hear(loudness: Loudness) -> str:
    if not loudness.heard:
        return "it has no sound"
    if loudness.heard < FEWEST:
        return f"its sound lasts {loudness.heard:.0f} s; at least {FEWEST} s are needed"
    if not np.nanmax(loudness.power) > 0:
        return "its sound is silent"
    return ""


def _nothing_said(hour: Hour) -> str:
    if not len(hour.spoken.stops):
        return "no voice was recorded"
    if not hour.together:
        return "the times of the two people are not on one clock"
    talked = int(np.count_nonzero(hour.spoken.power.sum(axis=0) > 0))
    return "" if talked >= SPEECH else f"speech was recorded for {talked} s; at least {SPEECH} s are needed"
