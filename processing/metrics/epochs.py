"""Epochs around marked moments: their mean with its interval, and the cluster test against others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.hour.uncertainty import LEAST_FOR_BOOTSTRAP, LEAST_FOR_INTERVAL, student

PRE, POST = 60, 180
LEAST_EVENTS = 5
N_PERMUTATIONS = 1000
N_BOOTSTRAP = 2000
BIN = 5
"""Width of the bins that the cluster test compares [s]: the index changes far more slowly."""


def mean_over(epochs: FloatArray) -> FloatArray:
    """Return the mean over events second by second, nan where no event has a value."""
    there = np.isfinite(epochs)
    count = there.sum(axis=0)
    total = np.where(there, epochs, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def bootstrap(epochs: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the pointwise 95 % interval of the mean over events: bootstrap-t, of under ten Student's t.

    As `measure.mean_interval`, at all seconds at once; a second with under 5 values has none.
    """
    there = np.isfinite(epochs)
    count = there.sum(axis=0)
    mean = mean_over(epochs)
    filled = np.where(there, epochs - mean, 0.0)
    spread = np.sqrt(np.square(filled).sum(axis=0) / np.maximum(count - 1, 1))
    step = np.where(count >= LEAST_FOR_INTERVAL, spread / np.sqrt(np.maximum(count, 1)), np.nan)
    reach = student(np.maximum(count - 1, 1))
    low, high = -reach, reach
    many = count >= LEAST_FOR_BOOTSTRAP
    if many.any():
        t = _studentised(filled[:, many], there[:, many], spread[many], rng)
        high[many], low[many] = -np.quantile(t, [0.025, 0.975], axis=0)
    return mean + low * step, mean + high * step


def _studentised(
    errors: FloatArray, there: BoolArray, spread: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return t of each draw of events with replacement, shape (n_draws, n_seconds)."""
    n = len(errors)
    # How often each event is drawn: sums over all draws are then products.
    drawn = rng.multinomial(n, np.full(n, 1.0 / n), size=N_BOOTSTRAP).astype(float)
    count, total, squares = (drawn @ part for part in (there.astype(float), errors, np.square(errors)))
    middle = total / np.maximum(count, 1.0)
    error = np.sqrt(np.maximum(squares - count * middle**2, 0.0) / np.maximum(count - 1.0, 1.0))
    usable = error > 1e-9 * spread
    t: FloatArray = np.where(usable, middle * np.sqrt(count) / np.where(usable, error, 1.0), 0.0)
    return t


def cluster_test(
    epochs: FloatArray, null: FloatArray, rng: np.random.Generator
) -> tuple[bool, tuple[tuple[float, float, float], ...]]:
    """Compare real with pseudo epochs after the onset by cluster mass; (tested, clusters)."""
    from mne.stats import permutation_cluster_test
    from mne.utils import use_log_level
    from scipy.special import fdtri

    real, chance = (_binned(e) for e in (epochs, null))
    if len(real) < LEAST_EVENTS or len(chance) < 10 * LEAST_EVENTS:
        return False, ()
    middle = np.concatenate([real, chance]).mean(axis=0)
    real, chance = real - middle, chance - middle
    threshold = float(fdtri(1, len(real) + len(chance) - 2, 0.95))
    statistic = _one_way(np.concatenate([real, chance]))
    if not (statistic(real, chance) > threshold).any():
        return True, ()
    with use_log_level("error"):
        _, found, p, _ = permutation_cluster_test(
            [real, chance],
            threshold=threshold,
            n_permutations=N_PERMUTATIONS,
            tail=1,  # F has one; both directions of a difference are in it
            stat_fun=statistic,
            out_type="mask",
            seed=int(rng.integers(0, 2**31)),
            buffer_size=None,
        )
    spans = [(c[0].start * BIN, c[0].stop * BIN, q) for c, q in zip(found, p.tolist(), strict=True)]
    return True, tuple((float(a), float(b), float(q)) for a, b, q in spans)


def _one_way(every: FloatArray) -> Callable[..., FloatArray]:
    """Return the F statistic of two groups that together are always these rows: only one needs summing."""
    total, squares, n_all = every.sum(axis=0), np.square(every).sum(axis=0), len(every)

    def statistic(a: FloatArray, b: FloatArray) -> FloatArray:
        n, m = len(a), n_all - len(a)
        of_a = a.sum(axis=0)
        between = n * m / n_all * np.square(of_a / n - (total - of_a) / m)
        within = squares - np.square(total) / n_all - between
        out: FloatArray = between / np.maximum(within / (n_all - 2), 1e-300)
        return out

    return statistic


def _binned(epochs: FloatArray) -> FloatArray:
    """Return means of 5 s bins from the onset on; an epoch with an empty bin is left out."""
    after = epochs[:, PRE : PRE + POST].reshape(len(epochs), POST // BIN, BIN)
    there = np.isfinite(after)
    count = there.sum(axis=2)
    whole = (count > 0).all(axis=1)
    sums = np.where(there, after, 0.0).sum(axis=2)
    out: FloatArray = sums[whole] / count[whole]
    return out
