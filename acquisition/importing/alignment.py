"""Find by how much the therapist's clock must be moved: by marks in both files, or taps on both sensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.errors import StreamError
from acquisition.importing.store import Placed
from acquisition.stream import FloatArray, Modality, Role

TOLERANCE = 0.5
"""Seconds by which shared marks or taps may disagree."""
LEAST_MARKS, LEAST_TAPS = 2, 3
MAX_MARKS = 400
TAP = 12.0
"""Robust standard deviations by which a tap stands out of a sensor's changes."""
DEAD = 0.25
"""Seconds after a tap in which no other begins."""
TAPPED = (Modality.ACC, Modality.EDA, Modality.ECG)


APART = 200e-6
"""Share by which two clocks of quartz may run apart; marks that say more disagree."""
LEAST_DRIFT = 0.01
"""Seconds that clocks must drift between the first mark and the last to be told from how marks scatter."""


class Alignment(NamedTuple):
    """Say by how much the therapist's stamps are moved, how well that is known [s], and by what.

    `rate` is how much more each second of the therapist's clock is, from `at` on and before [s].
    """

    shift: float
    error: float
    n: int
    what: str
    rate: float = 0.0
    at: float = 0.0

    def moved(self, times: FloatArray) -> FloatArray:
        """Return stamps of the therapist on the client's clock [s]."""
        return times + (self.shift + self.rate * (times - self.at))

    def said(self) -> str:
        """Return what was found, for people."""
        drift = f" at the middle, and by {1e6 * self.rate:+.1f} ppm" if self.rate else ""
        return (
            f"therapist moved by {self.shift:+.3f} s{drift} by {self.n} {self.what}, which agree to "
            f"{self.error:.3f} s"
        )


def by_events(items: Sequence[Placed], owners: Sequence[Role | None]) -> Alignment:
    """Align by marks of the same text in files of both people.

    Raises
    ------
    StreamError
        If fewer than two agree: one tells the shift and not its error.
    """
    marks: dict[Role, list[tuple[str, float]]] = {Role.CLIENT: [], Role.THERAPIST: []}
    for p in items:
        owner = owners[p.file]
        if p.item.info.modality is Modality.MARKERS and owner in marks:
            texts = [str(t) for t in p.item.samples[:, 0]]
            marks[owner] += list(zip(texts, p.item.times.tolist(), strict=True))
    shared = {t for t, _ in marks[Role.CLIENT]} & {t for t, _ in marks[Role.THERAPIST]}
    if not shared:
        raise StreamError(
            "--align events: the two people's files share no mark (client: "
            f"{_some(marks[Role.CLIENT])}; therapist: {_some(marks[Role.THERAPIST])})"
        )
    pairs = [
        (text, ours, theirs)
        for text in sorted(shared)
        for t, ours in marks[Role.CLIENT][:MAX_MARKS]
        if t == text
        for u, theirs in marks[Role.THERAPIST][:MAX_MARKS]
        if u == text
    ]
    return _agreed(pairs, LEAST_MARKS, "shared marks", "--align events")


def _some(marks: Sequence[tuple[str, float]]) -> str:
    return ", ".join(sorted({t[:20] for t, _ in marks})[:5]) or "none"


def by_taps(items: Sequence[Placed], owners: Sequence[Role | None]) -> Alignment:
    """Align by taps that show in both people's sensors: acceleration, else skin conductance, else ECG.

    Raises
    ------
    StreamError
        If fewer than three taps agree.
    """
    taps: dict[Role, FloatArray] = {}
    for role in (Role.CLIENT, Role.THERAPIST):
        mine = [p for m in TAPPED for p in items if p.item.info.role is role and p.item.info.modality is m]
        if not mine:
            raise StreamError(f"--align tap: no acceleration, eda or ecg of the {role}")
        taps[role] = taps_in(mine[0].item.times, np.asarray(mine[0].item.samples, np.float64))
    pairs = [("tap", a, b) for a in taps[Role.CLIENT].tolist() for b in taps[Role.THERAPIST].tolist()]
    if not pairs:
        raise StreamError(
            f"--align tap: {len(taps[Role.CLIENT])} taps of the client, {len(taps[Role.THERAPIST])} "
            "of the therapist; "
            "at least 3 of each are needed"
        )
    return _agreed(pairs, LEAST_TAPS, "taps", "--align tap")


def taps_in(times: FloatArray, samples: FloatArray) -> FloatArray:
    """Return when a sensor was tapped: where its changes stand far out of what they are otherwise [s]."""
    there = np.isfinite(samples).all(axis=1) & np.isfinite(times)
    times, samples = times[there], samples[there]
    if len(times) < 10:
        return np.empty(0)
    jump = np.sqrt((np.diff(samples, axis=0) ** 2).sum(axis=1))
    middle = float(np.median(jump))
    spread = 1.4826 * float(np.median(np.abs(jump - middle)))
    level = middle + TAP * max(spread, 1e-9, 0.01 * float(np.percentile(jump, 99)))
    out: list[float] = []
    for t in times[1:][jump > level].tolist():
        if not out or t - out[-1] > DEAD:
            out.append(t)
    return np.array(out[:MAX_MARKS])


def _agreed(pairs: Sequence[tuple[str, float, float]], least: int, what: str, option: str) -> Alignment:
    """Return the shift on which most pairs agree, each mark taken once."""
    shifts = np.array([ours - theirs for _, ours, theirs in pairs])
    counts = [_matched(pairs, shifts, s) for s in shifts.tolist()]
    best = max(range(len(counts)), key=lambda k: (len(counts[k]), -_spread(shifts, counts[k])))
    mine = counts[best]
    if len(mine) < least:
        raise StreamError(
            f"{option}: {len(mine)} {what} agree (at least {least} are needed, since one tells no error); "
            "--offset therapist=SECONDS says the shift"
        )
    shift = float(np.median(shifts[mine]))
    rivals = [
        c for k, c in enumerate(counts) if abs(shifts[k] - shift) > 2 * TOLERANCE and len(c) >= len(mine)
    ]
    if rivals:
        other = float(np.median(shifts[rivals[0]]))
        raise StreamError(
            f"{option}: {len(mine)} {what} agree on {shift:+.3f} s and as many on {other:+.3f} s; "
            "--offset says which"
        )
    theirs = np.array([theirs for _, _, theirs in pairs])
    found = _drifting(theirs[mine], shifts[mine], what)
    for _ in range(3):  # marks far from the others agree only once the drift is known
        more = _matched(pairs, shifts - found.rate * (theirs - found.at), found.shift)
        if len(more) <= len(mine):
            break
        mine, found = more, _drifting(theirs[more], shifts[more], what)
    return found


def _drifting(theirs: FloatArray, shifts: FloatArray, what: str) -> Alignment:
    """Return the line through the shifts of marks, or their median where clocks do not drift by much.

    Two marks tell a drift and not how well it is known: the error is then what it would be without one, half
    of what they differ by.
    """
    n = len(shifts)
    flat = float(np.median(shifts))
    error = float(np.max(np.abs(shifts - flat)))
    level = Alignment(flat, float(f"{error:.3f}"), n, what)
    at = float(theirs.mean())
    spread = float(((theirs - at) ** 2).sum())
    if not spread > 0.0:
        return level
    rate = float(((theirs - at) * (shifts - shifts.mean())).sum() / spread)
    if not LEAST_DRIFT / max(float(np.ptp(theirs)), 1.0) <= abs(rate) <= APART:
        return level
    left = float(np.max(np.abs(shifts - shifts.mean() - rate * (theirs - at))))
    if n > 2 and not left < error / 2:
        return level  # a drift explains little of how the marks scatter
    left = left * (n / (n - 2)) ** 0.5 if n > 2 else error
    return Alignment(float(shifts.mean()), float(f"{left:.3f}"), n, what, rate, at)


def _matched(pairs: Sequence[tuple[str, float, float]], shifts: FloatArray, shift: float) -> list[int]:
    near = np.flatnonzero(np.abs(shifts - shift) <= TOLERANCE)
    order = near[np.argsort(np.abs(shifts[near] - shift), kind="stable")].tolist()
    ours: set[tuple[str, float]] = set()
    theirs: set[tuple[str, float]] = set()
    out = []
    for k in order:
        text, a, b = pairs[k]
        if (text, a) not in ours and (text, b) not in theirs:
            ours.add((text, a))
            theirs.add((text, b))
            out.append(k)
    return out


def _spread(shifts: FloatArray, mine: Sequence[int]) -> float:
    return float(np.ptp(shifts[list(mine)])) if mine else 0.0
