"""Epochs around marked moments: their mean with its interval."""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.hour.uncertainty import LEAST_FOR_BOOTSTRAP, LEAST_FOR_INTERVAL, student

PRE, POST = 60, 180
LEAST_EVENTS = 5
N_BOOTSTRAP = 2000


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
    total, squares = drawn @ errors, drawn @ np.square(errors)
    # Where every epoch is whole, each draw holds as many: a number in place of as many as there are draws.
    count: FloatArray | float = float(n) if there.all() else drawn @ there.astype(float)
    middle = np.divide(total, np.maximum(count, 1.0), out=total)
    error = np.square(middle)
    error *= count
    np.maximum(np.subtract(squares, error, out=error), 0.0, out=error)
    error /= np.maximum(count - 1.0, 1.0)
    np.sqrt(error, out=error)
    usable = error > 1e-9 * spread
    error[~usable] = 1.0
    middle *= np.sqrt(count)
    middle /= error
    middle[~usable] = 0.0
    return middle
