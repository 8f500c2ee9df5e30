"""The first answer to each excursion, also where it came before the index had made the excursion known.

The index shows what was some seconds ago: a mean of heart rate, a median and a mean over time
(docs/arousal.md). Whoever answers the person may so be ahead of it. Such an answer counts, with a negative
latency; as none, it would leave an excursion that counts as unanswered for as long as it lasted, and medians
far too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.band import ArousalConfig
from processing.heart.config import HeartConfig
from processing.rows.excursions import ANSWERS, KNOWN_AFTER

LAG = HeartConfig().hr_window / 2.0 + ArousalConfig().median / 2.0 + ArousalConfig().tau
"""So far back lies on average what the index shows [s]: half of both windows, and the time constant."""
AHEAD = LAG + KNOWN_AFTER
"""So long before an excursion is known an answer to it may begin [s]."""


def first_answers(
    on: Sequence[float],
    off: Sequence[float],
    answer: Sequence[str],
    latency: Sequence[float],
    given: Iterable[tuple[float, str]],
) -> tuple[list[str], FloatArray]:
    """Return what answered each excursion first ("": nothing), and how long after it was known [s].

    Parameters
    ----------
    on, off : sequence of float, length n
        Of the excursions of one person in one session, in order [s].
    answer, latency : sequence, length n
        The first answer once it was known and before it ended, and how long after it was known [s]; "" and
        nan where there was none.
    given : iterable of (float, str)
        When each intervention began [s], and its code.

    Returns
    -------
    answer : list of str
    latency : ndarray, shape (n,)
        Below 0 where it began sooner: at most `LAG` before the excursion, and after the one before had ended.
    """
    candidates = sorted(g for g in given if g[1] in ANSWERS)
    kinds, seconds, ended = list(answer), np.array(latency, float), -np.inf
    for k, (begin, end) in enumerate(zip(on, off, strict=True)):
        known = begin + KNOWN_AFTER
        early = next((c for c in candidates if begin - LAG <= c[0] < known and c[0] > ended), None)
        if early is not None:
            kinds[k], seconds[k] = early[1], early[0] - known
        ended = end
    return kinds, seconds
