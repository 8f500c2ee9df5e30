"""How a study has sessions rated: axes and their anchor words, what a rater sees, what a rating stands for.

[rating]
shows = "nothing"                # what a rater sees: nothing, speech, video, or physiology
bounded = true                   # false: without ends, as RankTrace
pairs = "more closeness"         # of which of two moments had more of what is asked
[[rating.axis]]
name = "closeness"
less = "far"                     # anchor words
more = "near"
[rating.labels]                  # the first axis as a reference of the tolerated window
over = 0.6                       # from here on it was too much: felt_over
ok = 0.2                         # up to here it was not: felt_ok
seconds = 10.0                   # held so long
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from acquisition.session.toml_table import TomlTable

NOTHING, SPEECH, VIDEO, PHYSIOLOGY = "nothing", "speech", "video", "physiology"
SHOWN = (NOTHING, SPEECH, VIDEO, PHYSIOLOGY)
"""What a rater may see of the session; physiology only if the study says so."""
LESS = {
    NOTHING: (NOTHING,),
    SPEECH: (NOTHING, SPEECH),
    VIDEO: (NOTHING, SPEECH, VIDEO),
    PHYSIOLOGY: (NOTHING, SPEECH, PHYSIOLOGY),
}
"""What was agreed → what shows no more than that; video and physiology are beside each other."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Axis:
    """Name an axis, and the words at its ends."""

    name: str = "rating"
    less: str = "less"
    more: str = "more"


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Say which ratings stand for felt_over and felt_ok: thresholds [-1 to 1], held for some seconds."""

    over: float
    ok: float
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class RatingSettings:
    """Hold what a study says of ratings; the defaults are those without a study.

    Parameters
    ----------
    axes : tuple of Axis
        One or two.
    shows : str
        Of `SHOWN`.
    bounded : bool
        The scale has ends, -1 and 1.
    pairs : str
        What a moment may have more of, where two are compared.
    labels : LabelRule, optional
        Without it no labels are made of ratings.
    """

    axes: tuple[Axis, ...] = (Axis(),)
    shows: str = NOTHING
    bounded: bool = True
    pairs: str = "more"
    labels: LabelRule | None = None


def read_rating(top: TomlTable) -> RatingSettings:
    """Read the table [rating] of a study file; faults go to `top`."""
    table = top.table("rating")
    if table is None:
        return RatingSettings()
    axes = tuple(_axis(t) for t in table.tables("axis")) or (Axis(),)
    if len(axes) > 2 or len({a.name for a in axes}) < len(axes):
        table.fault("axis", "one or two of them, with names that differ")
    settings = RatingSettings(
        axes=axes[:2],
        shows=table.text("shows", default=NOTHING, choices=SHOWN),
        bounded=table.flag("bounded", default=True),
        pairs=table.text("pairs", default="more", longest=80),
        labels=_labels(table),
    )
    table.finish()
    if settings.labels is not None and not settings.bounded:
        table.fault("labels", "need a scale with ends (bounded = true)")
    return settings


def _axis(table: TomlTable) -> Axis:
    axis = Axis(
        name=table.text("name", required=True, pattern=_NAME, what="lower-case letters, digits and _")
        or "rating",
        less=table.text("less", default="less", longest=40),
        more=table.text("more", default="more", longest=40),
    )
    table.finish()
    return axis


def _labels(table: TomlTable) -> LabelRule | None:
    inner = table.table("labels")
    if inner is None:
        return None
    over = inner.number("over", math.nan, low=-1.0, high=1.0)
    ok = inner.number("ok", math.nan, low=-1.0, high=1.0)
    seconds = inner.number("seconds", 10.0, low=1.0, high=120.0)
    inner.finish()
    if not ok < over:
        inner.fault("over", "both ok and over, and ok below over")
        return None
    return LabelRule(over, ok, seconds)
