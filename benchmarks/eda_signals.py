"""Simulated skin conductance whose responses are known by definition, and how detections are scored.

Truth is strict: each rise of the noise-free phasic sum from a trough to the next maximum by at least 0.05
µS is one response, so that responses that merge without a dip count once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray

RATE = 100
"""Rate at which signals are made [Hz]."""
NOISE = 0.005
"""White noise of each sample [µS]."""
TAIL = 60
"""Seconds a response is followed."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Simulated:
    """Hold a signal in its parts [µS], at 100 Hz."""

    seed: int
    tonic: FloatArray
    phasic: FloatArray
    artefact: FloatArray

    def sampled(self, sfreq: int) -> FloatArray:
        """Return the signal at `sfreq`, box-averaged around each sample, with noise."""
        x = self.tonic + self.phasic + self.artefact
        width = RATE // sfreq
        if width > 1:
            y = np.convolve(x, np.ones(width) / width)[width // 2 : width // 2 + len(x)][::width]
            y[:2], y[-2:] = x[::width][:2], x[::width][-2:]
            x = y
        rng = np.random.default_rng(self.seed + 7 * sfreq)
        return np.asarray(x + NOISE * rng.standard_normal(len(x)))

    def truth(self, minimum: float = 0.05) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return onset [s], peak [s] and amplitude [µS] of every response."""
        up = np.diff(self.phasic) > 1e-8
        edges = np.flatnonzero(np.diff(np.concatenate(([False], up, [False])).astype(int)))
        start, stop = edges[::2], edges[1::2]
        height = self.phasic[stop] - self.phasic[start]
        big = height >= minimum
        return start[big] / RATE, stop[big] / RATE, height[big]


def response(rise: float, half: float, sharp: bool) -> FloatArray:
    """Return a response of amplitude 1: half-cosine or concave rise, decay to one half within `half` s."""
    t = np.arange(TAIL * RATE) / RATE
    late = t - rise
    if sharp:
        return np.where(
            late < 0, np.sin(np.pi / 2 * np.minimum(t / rise, 1)), 2.0 ** -(np.maximum(late, 0) / half)
        )
    c = 0.3
    soft = (np.sqrt(np.maximum(late, 0) ** 2 + c * c) - c) / (np.sqrt(half * half + c * c) - c)
    return np.where(late < 0, 0.5 - 0.5 * np.cos(np.pi * t / rise), 2.0**-soft)


def _phasic(rng: np.random.Generator, rate: float, seconds: float) -> FloatArray:
    """Return the sum of responses, a fifth more of them below the threshold."""
    starts, t = [], 3.0
    while (t := t + 1.0 + rng.exponential(max(60 / rate - 1.0, 0.05))) <= seconds - 20:
        starts.append(t)
    n, extra = len(starts), int(0.2 * len(starts))
    drawn = np.exp(rng.normal(np.log(0.2), 0.8, 20 * n + 100))
    height = np.concatenate((drawn[(drawn >= 0.05) & (drawn <= 1)][:n], rng.uniform(0.01, 0.05, extra)))
    begun = np.concatenate((starts, rng.uniform(3, seconds - 20, extra)))
    out = np.zeros(int(seconds * RATE) + (TAIL + 1) * RATE)
    for start, a in zip(begun.tolist(), height.tolist(), strict=True):
        j = round(start * RATE)
        out[j : j + TAIL * RATE] += a * response(rng.uniform(1, 3), rng.uniform(2, 10), rng.random() < 0.5)
    return out[: int(seconds * RATE)]


def _tonic(rng: np.random.Generator, seconds: float) -> FloatArray:
    """Return a level that wanders: random walk, slow wave and trend."""
    t = np.arange(int(seconds * RATE)) / RATE
    walk = np.cumsum(0.01 * rng.standard_normal(int(seconds) + 62))
    window = np.hanning(61) / np.hanning(61).sum()
    smooth = np.interp(t, np.arange(int(seconds) + 2), np.convolve(walk, window, "valid"))
    wave = rng.uniform(0.1, 0.4) * np.sin(2 * np.pi * t / rng.uniform(300, 900) + rng.uniform(0, 6))
    return np.asarray(rng.uniform(3, 12) + smooth + wave + rng.uniform(-0.5, 0.5) * t / seconds)


def _artefacts(rng: np.random.Generator, seconds: float) -> FloatArray:
    """Return one movement a minute: half short bumps, half steps that stay 2-8 s."""
    out = np.zeros(int(seconds * RATE))
    edge = int(0.15 * RATE)
    for _ in range(int(seconds / 60)):
        j = int(rng.uniform(5, seconds - 20) * RATE)
        stays = rng.uniform(0.2, 1.0) if rng.random() < 0.5 else rng.uniform(2, 8)
        top = np.ones(int(stays * RATE))
        bump = np.concatenate((np.linspace(0, 1, edge), top, np.linspace(1, 0, edge)))
        out[j : j + len(bump)] += rng.choice([-1, 1]) * rng.uniform(0.1, 1.0) * bump
    return out


def simulate(seed: int, rate: float, seconds: float = 1800.0, *, artefacts: bool = False) -> Simulated:
    """Return a signal with `rate` responses a minute."""
    rng = np.random.default_rng(seed)
    phasic, tonic = _phasic(rng, rate, seconds), _tonic(rng, seconds)
    moved = _artefacts(rng, seconds) if artefacts else np.zeros_like(phasic)
    return Simulated(seed=seed, tonic=tonic, phasic=phasic, artefact=moved)


def matches(found: FloatArray, true: FloatArray, tolerance: float = 1.5) -> int:
    """Return how many onsets pair up one to one within `tolerance` s, nearest first."""
    near = [
        (abs(t - f), i, j) for i, f in enumerate(found) for j, t in enumerate(true) if abs(t - f) <= tolerance
    ]
    taken_found, taken_true = set[int](), set[int]()
    for _, i, j in sorted(near):
        if i not in taken_found and j not in taken_true:
            taken_found.add(i)
            taken_true.add(j)
    return len(taken_found)


def f1(counts: list[tuple[int, int, int]]) -> float:
    """Return F1 [%] from (matched, found, true) of several recordings."""
    matched, found, true = np.sum(counts, axis=0).tolist()
    return float(200.0 * matched / max(1, found + true))
