"""Raters with known lag and noise on a known course: the ground on which agreement and delay are proven."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from acquisition.ratings.files import SFREQ, Rated, Sitting
from acquisition.ratings.whose import Whose
from acquisition.session.rating_settings import Axis
from acquisition.stream import FloatArray, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Rater:
    """Say how a rater rates.

    Parameters
    ----------
    lag : float
        Seconds after what they rate.
    noise : float
        SD of what is their own, in SD of the course; it changes as slowly as the course does.
    gain, offset : float
        What they make of the scale.
    """

    code: str
    lag: float
    noise: float
    gain: float = 1.0
    offset: float = 0.0


def course(seconds: float, rng: np.random.Generator, slow: float = 15.0) -> FloatArray:
    """Return a course of SD 1 at 20 Hz that forgets itself in about `slow` seconds."""
    n = round(seconds * SFREQ)
    keep = float(np.exp(-1.0 / (slow * SFREQ)))
    values: FloatArray = lfilter([1.0 - keep], [1.0, -keep], rng.standard_normal(n + 4000))[4000:]
    smooth = lfilter([1.0 - keep**3], [1.0, -(keep**3)], values)
    return np.asarray((smooth - smooth.mean()) / smooth.std())


def rated_by(
    rater: Rater, truth: FloatArray, begin: float, rng: np.random.Generator, *, turn: int = 1
) -> Rated:
    """Return what a rater says of a course that begins at `begin` [s], on one scale from -1 to 1."""
    late = round(rater.lag * SFREQ)
    seen = np.concatenate((np.full(late, truth[0]), truth[: len(truth) - late]))
    own = course(len(truth) / SFREQ, rng)
    values = np.clip(rater.offset + 0.3 * rater.gain * (seen + rater.noise * own), -1.0, 1.0)
    return Rated(
        sitting=Sitting(
            rater=rater.code, whose=Whose(Role.CLIENT), axes=(Axis("closeness", "far", "near"),), turn=turn
        ),
        times=begin + np.arange(len(truth)) / SFREQ,
        values=values[:, None],
        files=(f"{rater.code}.xdf",),
    )


def by_the_second(truth: FloatArray) -> FloatArray:
    """Return the means of whole seconds, those around second k at place k."""
    padded = np.concatenate((np.full(round(SFREQ / 2), truth[0]), truth))
    n = len(padded) // round(SFREQ)
    out: FloatArray = padded[: n * round(SFREQ)].reshape(n, -1).mean(axis=1)
    return out
