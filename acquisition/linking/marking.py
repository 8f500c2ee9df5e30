"""Alignment by sync marks: against claps in the video's sound, or times of the video that were typed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.linking.aligning import WIDEST, Alignment
from acquisition.linking.hour import Hour, clock, said
from acquisition.linking.loudness import STEP, Loudness
from acquisition.linking.refining import PRIOR, student
from acquisition.stream import FloatArray

PRESSED = 0.12
"""By how much a key is pressed beside the clap that it marks, a standard deviation [s]."""
NEAR = 0.5
"""How far a clap may lie from its mark [s]."""
STRONG = 15.0
"""By how much a clap stands out of the 300 ms before it [dB]."""
BEST = 60
"""Claps that are looked at, the loudest."""
CLEARER = 10.0
"""By how much a single clap must be louder than any other to be taken for the one of a single mark [dB]."""
HINTED = 10.0
"""How far a typed start may be off [s]."""

Pair = tuple[float, float]
"""A time of the video and the stamp of the recording [s]."""


def by_pairs(pairs: Sequence[Pair], duration: float, what: str) -> Alignment:
    """Align by moments whose times are known in both.

    A key is pressed some tenth of a second beside the clap, so one pair tells the offset to a third of a
    second; two and more tell the drift, as far as it is not more than clocks of cameras have.
    """
    video, stamps = np.array([v for v, _ in pairs]), np.array([s for _, s in pairs])
    centre = float(video.mean())
    arm = video - centre
    gap = stamps - video
    prior = (1e6 / PRIOR) ** 2
    weight = 1 / PRESSED**2
    level = float(gap.mean())
    slope = float((arm * (gap - level)).sum() * weight / ((arm**2).sum() * weight + prior))
    rest = gap - level - slope * arm
    if (worst := float(np.abs(rest).max())) > NEAR:
        return Alignment(
            method="marks",
            reason=f"{what} do not fit on one line: they are {worst:.2f} s apart, more than {NEAR:g} s",
        )
    # That the same hand pressed too late each time does not show between marks.
    n = len(pairs)
    spread = max(PRESSED, float(np.sqrt((rest**2).sum() / max(n - 2, 1)))) if n > 2 else PRESSED
    ends = np.array([0.0, duration]) - centre
    far = ends**2 / ((arm**2).sum() / spread**2 + prior)
    error = student(30.0) * math.sqrt(spread**2 / n + 0.5 * PRESSED**2 * (n > 1) + float(far.max()))
    if error > WIDEST:
        return Alignment(method="marks", reason=f"its error would be {error:.2f} s, more than {WIDEST:g} s")
    return Alignment(
        method="marks", offset=level - slope * centre, drift=1e6 * slope, error=error, basis=f"{n} {what}"
    )


def by_claps(loudness: Loudness, hour: Hour, duration: float, begin: float | None = None) -> Alignment:
    """Align by claps in the sound of a video against the sync marks of a recording.

    Parameters
    ----------
    begin : float, optional
        Stamp at which the video was said to begin, to `HINTED` seconds [s].
    """
    if not hour.marks:
        return Alignment(method="marks", reason="the recording has no sync_mark (F10)")
    if not loudness.heard:
        return Alignment(method="marks", reason="it has no sound in which a clap could be heard (see --mark)")
    claps, strengths = claps_in(loudness)
    if not len(claps):
        return Alignment(method="marks", reason="no clap is heard in it (see --mark)")
    marks = np.array(sorted(hour.marks))
    found = _matched(claps, strengths, marks, begin)
    if isinstance(found, str):
        return Alignment(method="marks", reason=found)
    what = f"marks (at {said(s - hour.begin for _, s in found)})"
    return by_pairs(found, duration, what)


def claps_in(loudness: Loudness) -> tuple[FloatArray, FloatArray]:
    """Return when something like a clap is heard [s of the video], and how far it stands out [dB].

    A clap comes within 16 ms out of what is quieter, and is gone as fast: speech is not.
    """
    power = np.nan_to_num(loudness.total)
    level = 10 * np.log10(power + 1e-3 * float(np.median(power)) + 1e-14)
    before = round(0.3 / STEP)
    n = len(level)
    if n < 3 * before:
        return np.empty(0), np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(level, before)
    quiet = windows.max(axis=1)[: n - 2 * before]
    after = np.percentile(windows, 50, axis=1)[before + round(0.1 / STEP) :][: len(quiet)]
    places = np.arange(before, before + len(after))
    quiet = quiet[: len(after)]
    # The hop of the clap may begin in the one before: look from two hops on.
    rise = level[places] - np.maximum(np.roll(quiet, 1), after)
    peak = (level[places] >= level[places - 1]) & (level[places] > level[places + 1])
    strong = np.flatnonzero(peak & (rise >= STRONG))
    order = strong[np.argsort(-rise[strong], kind="stable")][:BEST]
    order = np.sort(order)
    return np.asarray(places[order] * STEP + STEP / 2), np.asarray(rise[order])


def _matched(
    claps: FloatArray, strengths: FloatArray, marks: FloatArray, begin: float | None
) -> list[Pair] | str:
    """Return pairs of clap and mark, or why they are not known."""
    offsets = (marks[None, :] - claps[:, None]).ravel()
    if begin is not None:
        offsets = offsets[np.abs(offsets - begin) <= HINTED]
        if not len(offsets):
            return f"no clap is heard within {HINTED:g} s of a mark, if it began when --start says"
    if len(marks) == 1 and begin is None:
        order = np.argsort(-strengths)
        if len(order) > 1 and strengths[order[0]] < strengths[order[1]] + CLEARER:
            alike = np.sort(claps[order[:2]])
            return (
                f"there is one mark, and more than one sound like a clap, as at {said(alike)} of the video "
                "(say with --mark which it is)"
            )
        return [(float(claps[order[0]]), float(marks[0]))]
    found = [(offset, _pairs(claps, strengths, marks, offset)) for offset in np.unique(offsets)]
    most = max(len(pairs) for _, pairs in found)
    best = [(o, p) for o, p in found if len(p) == most]
    if most < 2 and begin is None:
        return f"no two of the {len(marks)} marks are as far apart as two claps (see --mark)"
    if max(o for o, _ in best) - min(o for o, _ in best) > 2 * NEAR:
        first, last = clock(best[0][0]), clock(best[-1][0])
        return f"claps fit the marks in more than one way, {first} and {last} s apart (say with --mark which)"
    middle = float(np.median([o for o, _ in best]))
    return _pairs(claps, strengths, marks, middle)


def _pairs(claps: FloatArray, strengths: FloatArray, marks: FloatArray, offset: float) -> list[Pair]:
    """Return the strongest clap near each mark, for a video that begins at `offset`."""
    out = []
    for mark in marks:
        near = np.flatnonzero(np.abs(claps + offset - mark) <= NEAR)
        if len(near):
            out.append((float(claps[near[np.argmax(strengths[near])]]), float(mark)))
    return out
