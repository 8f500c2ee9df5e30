"""What a session metric is: its definition and its value.

Each module of metrics names its definitions once; values refer to them, and the data dictionary is made of
them, so that unit, method and documentation cannot drift apart.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

OF_DRAWS = "a p has none of its own; 1000 draws leave it ± 0.014 at 0.05"
"""Why a p from random draws has no interval."""


Baselines = Literal["left out", "count", "talk counts", "alone", "–"]
"""Time of baselines (breaks as rest): left out; counted; counted but for rest; nothing else; no matter."""
NORMAL_95 = 3.919927969080108
"""How many standard errors a 95 % interval of a normal distribution is wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Say what a metric is.

    Parameters
    ----------
    name : str
        May hold fields such as {code}; `among` says what its one field may be, where that is known.
    whose : str
        person or dyad.
    text : str
        What was measured, in one sentence.
    interval : str
        How the 95 % interval is made; "" where there is none.
    bare : str
        Why there is none.
    baselines : str
        Whether the baselines count among its time: one of `BASELINES`.
    compares : bool
        It compares times of the two people, and has no value where their clocks are not aligned.
    """

    name: str
    whose: str
    unit: str
    text: str
    among: tuple[str, ...] = ()
    interval: str = ""
    bare: str = ""
    source: str = ""
    exploratory: bool = False
    baselines: Baselines = "left out"
    compares: bool = False

    def matches(self, metric: str) -> bool:
        """Tell whether a metric is one of these."""
        field = f"(?:{'|'.join(self.among)})" if self.among else "[a-z0-9_]+"
        return re.fullmatch(re.sub(r"\\\{\w+\\\}", field, re.escape(self.name)), metric) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Hold the value of a metric for one person or the dyad; nan with a `reason` where there is none.

    Parameters
    ----------
    n : int
        How many things the value rests on (seconds, excursions, events), as the definition says.
    valid_pct : float
        Share of the time that counted for which there was a valid index [%].
    """

    metric: str
    value: float
    unit: str
    n: int
    valid_pct: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    method: str = ""
    reason: str = ""

    @property
    def se(self) -> float:
        """Return the standard error of a normal distribution with this interval; nan without both ends."""
        return (self.ci_high - self.ci_low) / NORMAL_95


def measure(
    definition: Definition,
    value: float,
    n: int,
    valid_pct: float = math.nan,
    *,
    interval: tuple[float, float] = (math.nan, math.nan),
    reason: str = "",
    **fields: str,
) -> Measure:
    """Return a value of a definition; `fields` fill its name."""
    return Measure(
        metric=definition.name.format(**fields),
        value=value,
        unit=definition.unit,
        n=n,
        valid_pct=valid_pct,
        ci_low=interval[0],
        ci_high=interval[1],
        method=definition.text
        + (f"; interval: {definition.interval}" if definition.interval else "")
        + ("; exploratory" if definition.exploratory else ""),
        reason=reason,
    )


def nothing(
    definitions: Iterable[Definition], reason: str, n: int = 0, valid_pct: float = math.nan, **fields: str
) -> list[Measure]:
    """Return measures without a value, and why."""
    unknown = (math.nan, math.nan)
    return [
        measure(d, math.nan, n, valid_pct, interval=unknown, reason=reason, **fields) for d in definitions
    ]


def seeded(session_id: str, *purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose: that of the session, whoever is asked about."""
    digest = hashlib.sha256("\n".join((session_id, *purpose)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
