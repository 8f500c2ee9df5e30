"""Indices of a person's own continuous rating, in the order of the tables."""

from __future__ import annotations

from processing.indices.record import Index, Lane, Timing, always

_SECOND = Timing(always(1.0), "1 s", always(1.0), always(0.0))
_AXIS = (
    "{which} axis of the person's own rating: mean of the second around `time`, from −1 to 1; of a scale "
    "without ends in its own units. Needs half of the second's samples within the scale"
)
_GRADIENT = (
    "least-squares slope of the {which} axis within that second; what a scale without ends is for "
    "(arXiv:1907.01008). Needs 3 samples"
)

INDICES = (
    Index(
        name="rating",
        unit="",
        of=("rating",),
        timing=_SECOND,
        text=_AXIS.format(which="first"),
        gap=always(2.5),
        title="Rating",
        scale="−1 to 1",
        hover="What the person sets all the time, by a dial, slider or pointer: mean of each second, from −1 "
        "to 1; of a scale without ends in its own units.",
        decimals=2,
        lane=Lane("Rating", span=2.0),
        reach=0.5,
    ),
    Index(
        name="rating_gradient",
        unit="1/s",
        of=("rating",),
        timing=_SECOND,
        text=_GRADIENT.format(which="first"),
        reach=0.5,
        shown=False,
    ),
    Index(
        name="rating2",
        unit="",
        of=("rating",),
        channels=2,
        timing=_SECOND,
        text=_AXIS.format(which="second"),
        gap=always(2.5),
        title="Rating, second axis",
        scale="−1 to 1",
        decimals=2,
        lane=Lane("Rating 2", span=2.0, late=True),
        reach=0.5,
    ),
    Index(
        name="rating2_gradient",
        unit="1/s",
        of=("rating",),
        channels=2,
        timing=_SECOND,
        text=_GRADIENT.format(which="second"),
        reach=0.5,
        shown=False,
    ),
)
