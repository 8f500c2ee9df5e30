"""Which index samples an hour is made of: those whose value is not in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from processing.arousal.level import old_of
from processing.heart.windows import PLACING
from processing.index import IN_DOUBT, IndexSample, in_doubt, withheld

MOST = 1.0 / 3.0
"""Where this share of an index's values is in doubt, none of them is used."""
LITTLE = 0.1
"""A smaller share of time with an old baseline, or of values in which noise may be, is not worth a word."""
REASON = itemgetter(IndexSample._fields.index("reason"))


def rows_of(samples: Iterable[IndexSample]) -> dict[tuple[str, str], list[IndexSample]]:
    """Return the samples of each (entity, index), those in doubt without their value.

    An hour has a quarter of a million of them. All that is made of an hour is made of these.
    """
    groups: dict[tuple[str, str], list[IndexSample]] = {}
    for s in samples:
        groups.setdefault((s[2], s[3]), []).append(s)
    for key, rows in groups.items():
        if any(map(in_doubt, rows)):
            groups[key] = _believed(rows)
    return groups


def _believed(rows: Sequence[IndexSample]) -> list[IndexSample]:
    """Return rows without the values that are in doubt; where these are many, without any.

    A unit is wrong from the beginning, though it takes minutes to be told. Noise on R peaks comes and goes.
    """
    doubted = [s for s in rows if in_doubt(s) and s[7] != PLACING]
    values = sum(s[4] == s[4] for s in rows)
    if len(doubted) < MOST * values:
        return [withheld(s) if in_doubt(s) else s for s in rows]
    why = Counter(s.reason for s in doubted).most_common(1)[0][0]
    return [withheld(s if in_doubt(s) else s._replace(reason=why)) if s[4] == s[4] else s for s in rows]


def doubts_of(groups: Mapping[tuple[str, str], Sequence[IndexSample]], entity: str) -> dict[str, str]:
    """Return for each of a person's indices of which something was left out as in doubt, why."""
    return {index: why for (owner, index), rows in groups.items() if owner == entity and (why := doubt(rows))}


def doubt(rows: Sequence[IndexSample]) -> str:
    """Return why the first row was left out that was in doubt; "" if none was."""
    return next((s[7] for s in rows if IN_DOUBT in s[7] and s[4] != s[4]), "")


def old_since(rows: Sequence[IndexSample]) -> tuple[tuple[float, str], ...]:
    """Return from when on [s, LSL clock] the baseline of an edge was old, and why; "" where it no longer was.

    Parameters
    ----------
    rows : sequence of IndexSample
        Of one edge of one person, in order of time.
    """
    out, last = list[tuple[float, str]](), ""
    for s in rows:
        why = old_of(s[7])
        if why != last:
            out.append((s[0], why))
        last = why
    return tuple(out)


def old(rows: Sequence[IndexSample]) -> str:
    """Say for how much of an edge of the band the baseline was old, and why; "" where that was little."""
    said = Counter(old_of(s[7]) for s in rows if s[4] == s[4])
    words = {word: n for word, n in said.items() if word}
    share = sum(words.values()) / max(said.total(), 1)
    word = max(words, key=words.__getitem__, default="")
    return f"old baseline for {100.0 * share:.0f} % of it: {word}" if share >= LITTLE else ""


def placed(rows: Sequence[IndexSample]) -> str:
    """Say for how many of an index's values noise may have made them by moving R peaks; "" where few."""
    n = list(map(REASON, rows)).count(PLACING)
    return placed_share(n, sum(s[4] == s[4] for s in rows)) if n else ""


def placed_share(n: int, of: int) -> str:
    """Say so of `n` among as many values; "" where these are few."""
    return f"{PLACING} for {100.0 * n / of:.0f} % of it" if n and n >= LITTLE * of else ""
