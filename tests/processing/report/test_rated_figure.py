"""The figure of ratings: the mean of raters only where there are two, each rater counting once."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.ratings.traces import Trace
from processing.report.rated_figure import mean_of

NAN = math.nan


def trace(rater: str, values: list[float], turn: int = 1) -> Trace:
    mean: FloatArray = np.array(values)
    return Trace(
        person="client", rater=rater, by="", turn=turn, axis="rating", bounded=True, mean=mean, gradient=mean,
        quality=np.isfinite(mean).astype(float), reasons=[""] * len(values),
    )  # fmt: skip


def test_each_rater_counts_once_and_one_alone_is_no_mean() -> None:
    found = mean_of(
        [
            trace("R1", [0.2, 0.2, NAN, NAN]),
            trace("R1", [0.4, NAN, 0.6, NAN], turn=2),
            trace("R2", [0.5, 0.8, 0.0, 0.4]),
        ]
    )
    np.testing.assert_allclose(found, [0.4, 0.5, 0.3, NAN])


def test_of_one_rater_the_turns_are_averaged() -> None:
    np.testing.assert_allclose(
        mean_of([trace("R1", [0.2, NAN]), trace("R1", [0.4, 0.1], turn=2)]), [0.3, NAN]
    )
