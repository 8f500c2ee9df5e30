"""What happens inside the two people: heart beats and skin conductance responses, block after block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.simulation import truth
from acquisition.simulation.physiology import SCR_PEAK, plateau
from acquisition.simulation.script import PAST, Coupling, Script, stream_rng
from acquisition.stream import PEOPLE, FloatArray, Role

BLOCK = 10.0
"""Seconds of a block."""
STEPS = 100
"""Steps in which the phase of the heart is summed within a block."""
JITTER = 0.002
"""SD of R times about what breath and slow changes ask for [s]."""
SPACING = 2.0
"""Responses of one person are at least this far apart [s]."""
FOLLOWED = 0.8 / 0.95
"""Of the share of a coupling: how many of the leader's responses the follower's skin repeats."""
MEDIAN_SCR, SD_LN_SCR, SMALLEST_SCR, LARGEST_SCR = 0.25, 0.5, 0.08, 1.2
"""Heights of responses: log-normal, clipped [µS]."""


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """R times and the intervals that end there, both [s], shape (n,)."""

    times: FloatArray
    rr: FloatArray

    def then(self, later: Beats) -> Beats:
        """Return both, one after the other."""
        return Beats(np.concatenate([self.times, later.times]), np.concatenate([self.rr, later.rr]))


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """Skin conductance responses: onsets [s] and the height of each by itself [µS], shape (n,)."""

    onsets: FloatArray
    amplitudes: FloatArray

    @property
    def peaks(self) -> FloatArray:
        """Return when each would peak by itself [s]."""
        return self.onsets + SCR_PEAK

    def since(self, begin: float) -> Responses:
        """Return those that began later."""
        late = self.onsets > begin
        return Responses(self.onsets[late], self.amplitudes[late])

    def then(self, later: Responses) -> Responses:
        """Return both, one after the other."""
        return Responses(
            np.concatenate([self.onsets, later.onsets]), np.concatenate([self.amplitudes, later.amplitudes])
        )


NO_BEATS = Beats(np.empty(0), np.empty(0))
NO_RESPONSES = Responses(np.empty(0), np.empty(0))


def begin_of(number: int) -> float:
    """Return when a block begins [s from the start of the live part]."""
    return number * BLOCK - PAST


class Heart:
    """Beat: a phase runs at 1 / RR and a beat falls where it passes a whole number.

    References
    ----------
    Integral pulse frequency modulation: Mateo & Laguna (2000), doi:10.1109/10.855414

    - A small jitter is added to each R time.
    """

    def __init__(self, script: Script, role: Role) -> None:
        self._script, self._role = script, role
        self._phase = float(stream_rng(script.seed, "heart", role).random())
        self._last = np.nan

    def beats(self, number: int) -> Beats:
        """Return the beats of a block; blocks are asked for in order."""
        step, begin = BLOCK / STEPS, begin_of(number)
        middles = begin + (np.arange(STEPS, dtype=np.float64) + 0.5) * step
        rates = step / truth.rr(self._script, self._role, middles)
        phase = self._phase + np.concatenate([[0.0], np.cumsum(rates)])
        whole = np.arange(np.floor(phase[0]) + 1, np.floor(phase[-1]) + 1)
        times = np.interp(whole, phase, begin + np.arange(STEPS + 1) * step)
        times += JITTER * stream_rng(self._script.seed, "beats", self._role, number).standard_normal(
            len(whole)
        )
        self._phase = float(phase[-1] - np.floor(phase[-1]))
        first = self._last if np.isfinite(self._last) else times[0] - float(step / rates[0])
        self._last = float(times[-1])
        return Beats(times, np.diff(times, prepend=first))


class Skin:
    """Respond: drawn at the rate of the script; while coupled the follower repeats the leader's responses."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._past = dict.fromkeys(PEOPLE, NO_RESPONSES)

    def responses(self, number: int) -> dict[Role, Responses]:
        """Return the responses of both people in a block; blocks are asked for in order."""
        begin = begin_of(number)
        for role in (Role.THERAPIST, Role.CLIENT):
            drawn = self._own(role, number).then(self._followed(role, number))
            order = np.argsort(drawn.onsets, kind="stable")
            past = self._past[role].since(begin - 2 * BLOCK)
            self._past[role] = _spaced(past, drawn.onsets[order], drawn.amplitudes[order])
        return {role: self._past[role].since(np.nextafter(begin, -np.inf)) for role in PEOPLE}

    def _own(self, role: Role, number: int) -> Responses:
        """Draw from a Poisson process of varying rate by thinning one that is fast enough."""
        rng = stream_rng(self._script.seed, "scr", role, number)
        fastest = 30.0
        times = np.sort(begin_of(number) + BLOCK * rng.random(rng.poisson(fastest * BLOCK / 60)))
        rate = truth.scr_rate(self._script, role, times)
        # The spacing swallows some: draw more, so that the script's rate is what remains.
        rate = rate / (1.0 - np.minimum(rate, 20.0) * SPACING / 60.0) * (1.0 - self._share(role, times))
        kept = rng.random(len(times)) * fastest < rate
        heights = MEDIAN_SCR * np.exp(SD_LN_SCR * rng.standard_normal(len(times)))
        return Responses(times[kept], np.clip(heights, SMALLEST_SCR, LARGEST_SCR)[kept])

    def _followed(self, role: Role, number: int) -> Responses:
        """Repeat what the leader's skin did a lag ago."""
        begin, found = begin_of(number), NO_RESPONSES
        for c in self._script.couplings(begin, begin + BLOCK):
            if c.leader is role:
                continue
            theirs = self._past[c.leader]
            late, gain = self._own_way(role, theirs.onsets, c)
            times = theirs.onsets + c.eda_lag + late
            rng = stream_rng(self._script.seed, "follow", role, number)
            luck = rng.random(64)[: len(times)]
            here = (times >= begin) & (times < begin + BLOCK) & (times > c.start) & (times < c.stop)
            here &= luck < FOLLOWED * c.share
            heights = np.clip(theirs.amplitudes * gain, SMALLEST_SCR, LARGEST_SCR)
            found = found.then(Responses(times[here], heights[here]))
        return found

    def _own_way(self, role: Role, onsets: FloatArray, c: Coupling) -> tuple[FloatArray, FloatArray]:
        """Return how much later [s] and how many times as large each response is repeated, in any block."""
        if not c.uneven:
            return np.zeros(len(onsets)), np.ones(len(onsets))
        numbers = np.rint(1e3 * np.maximum(0.0, onsets + PAST)).astype(np.int64).tolist()
        drawn = [stream_rng(self._script.seed, "own way", role, n).standard_normal(2) for n in numbers]
        shift, height = np.reshape(drawn, (-1, 2)).T
        return c.uneven * shift, np.exp(c.uneven * height)

    def _share(self, role: Role, t: FloatArray) -> FloatArray:
        share = np.zeros(len(t))
        for c in self._script.couplings(t[0], t[-1]) if len(t) else ():
            if c.leader is not role:
                share += c.share * plateau(t, c.start, c.stop, ramp=truth.RAMP)
        return share


def _spaced(past: Responses, onsets: FloatArray, amplitudes: FloatArray) -> Responses:
    """Append responses, leaving out what comes too soon after the one before."""
    last = past.onsets[-1] if len(past.onsets) else -np.inf
    kept = []
    for i, onset in enumerate(onsets.tolist()):
        if onset - last >= SPACING:
            kept.append(i)
            last = onset
    return past.then(Responses(onsets[kept], amplitudes[kept]))
