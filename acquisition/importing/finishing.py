"""What every import ends with: damage told, one line of time, speech heard, the recording written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError, StreamError
from acquisition.events.vocabulary import Vocabulary, load_vocabulary
from acquisition.importing.clock import Clock, Source, moment_of
from acquisition.importing.foreign_marks import once, without_effect
from acquisition.importing.found import MAX_SECONDS
from acquisition.importing.laying import laid
from acquisition.importing.meaning import meant
from acquisition.importing.options import Options
from acquisition.importing.placing import placed
from acquisition.importing.stamps import moment
from acquisition.importing.store import Imported, Placed, store
from acquisition.importing.timeless import near, timed
from acquisition.importing.voice import analysed
from acquisition.stream import PEOPLE, Role, StreamInfo

SHOWN = 5
LEAST_SAME = 30
"""So many equal samples of two people are no chance."""


START = 2.0
"""Seconds by which a start that is told of may differ from what files say, unsaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Say what was imported, how the two people's clocks are related, what was lost and what was done."""

    streams: list[StreamInfo]
    clock: Clock
    damage: tuple[str, ...]
    notes: tuple[str, ...]


def finished(
    out: Path,
    items: Sequence[Placed],
    sources: Sequence[Source | None],
    owners: Sequence[Role | None],
    options: Options,
    *,
    damage: Sequence[str],
    notes: Sequence[str],
    names: Sequence[str],
) -> Done:
    """Write what was read as a recording.

    Raises
    ------
    RecordingError
        If files are damaged and that was not accepted, or the recording cannot be written.
    StreamError
        If the files cannot be put on one line of time, or are longer than a session.
    """
    refuse_damage(damage, options)
    every = [source or Source(path=Path(names[k])) for k, source in enumerate(sources)]
    moved, clock = placed(items, every, owners, options)
    items_laid, told = laid([p.item for p in moved])
    dated, lost = timed(items_laid)
    streams, away = near(_part(dated, options))
    _refuse_empty(streams, names, (*notes, *told, *lost, *away))
    _refuse_long(streams)
    streams, again = once(streams)
    away = [*away, *again, *_same_for_both(streams)]
    streams = named(analysed(named(streams)))
    vocabulary, meanings = _vocabulary(options), list[str]()
    if vocabulary is not None:
        streams, meanings = meant(streams, vocabulary)
    started = _started(options, clock, streams, every)
    away += without_effect(streams, vocabulary)
    said = (*notes, *told, *lost, *away, *meanings, *clock.said, *_other_start(options, clock, streams))
    store(
        out,
        streams,
        sources=names,
        options=options,
        clock=clock,
        started=started,
        damage=damage,
        notes=said,
    )
    return Done(streams=[s.info for s in streams], clock=clock, damage=tuple(damage), notes=said)


def _vocabulary(options: Options) -> Vocabulary | None:
    return load_vocabulary(options.vocabulary) if options.vocabulary is not None else None


def refuse_damage(damage: Sequence[str], options: Options) -> None:
    """Refuse damaged files unless their damage is accepted."""
    if damage and not options.accept_damage:
        more = f"; and {len(damage) - SHOWN} more" if len(damage) > SHOWN else ""
        raise RecordingError(f"{'; '.join(damage[:SHOWN])}{more}; --accept-damage imports the rest")


def _part(items: Sequence[Imported], options: Options) -> list[Imported]:
    """Return the part that was asked for [s since the first sample]."""
    begin, end = options.part
    if not (math.isfinite(begin) or math.isfinite(end)):
        return list(items)
    firsts = [_begin(item) for item in items if len(item.times)]
    zero = min(firsts, default=0.0)
    out = []
    for item in items:
        keep = (item.at >= zero + begin) & (item.at < zero + end)
        known = None if item.laid is None else item.laid[keep]
        out.append(replace(item, times=item.times[keep], samples=item.samples[keep], laid=known))
    kept = [item for item in out if len(item.times)]
    if not kept:
        raise StreamError(f"--part {begin:g}:{end:g}: no samples in it")
    return kept


def _begin(item: Imported) -> float:
    return item.began if math.isfinite(item.began) else float(np.nanmin(item.at))


def _refuse_empty(items: Sequence[Imported], names: Sequence[str], lost: Sequence[str]) -> None:
    """Refuse files of which nothing is left, and say what became of it."""
    if not any(len(item.times) for item in items):
        why = f": {'; '.join(lost[:SHOWN])}" if lost else ""
        raise StreamError(f"{', '.join(dict.fromkeys(names))}: no samples to import{why}")


def _refuse_long(items: Sequence[Imported]) -> None:
    """Refuse what is longer than a session; the stream at each end is named."""
    spans = [(float(np.nanmin(i.at)), float(np.nanmax(i.at)), i) for i in items if len(i.times)]
    first, last = min(spans, key=lambda s: s[0]), max(spans, key=lambda s: s[1])
    if last[1] - first[0] <= MAX_SECONDS:
        return
    long = (last[1] - first[0]) / 3600
    hours = f"{long:.1f}" if long < 1e6 else f"{long:.3g}"
    raise StreamError(
        f"a session of {hours} h (12 at most): {_which(first[2])} begins at {first[0]:.15g} s, "
        f"{_which(last[2])} ends at {last[1]:.15g} s; --part BEGIN:END [s] imports a part, --time-unit says "
        "that stamps are not in seconds"
    )


def _same_for_both(items: Sequence[Imported]) -> list[str]:
    """Say which data of one person were given to both: they go together as no two people's do."""
    return [
        f"{_which(one)} and {_which(other)} hold the same samples: one person's data given to both?"
        for one, other in combinations(items, 2)
        if {one.info.role, other.info.role} == set(PEOPLE) and _same(one, other)
    ]


def _same(one: Imported, other: Imported) -> bool:
    """Tell whether two streams of a kind hold the same samples; few of them, or one value, tell nothing."""
    x, y = one.samples, other.samples
    if one.info.modality is not other.info.modality or x.shape != y.shape or x.dtype == object:
        return False
    return (
        len(x) >= LEAST_SAME and not (x == x[0]).all() and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
    )


def _which(item: Imported) -> str:
    file = item.info.metadata.get("imported_from", "")
    return f"{f'{file}: ' if file else ''}{item.info.role} {item.info.name!r}"


def _started(options: Options, clock: Clock, items: Sequence[Imported], sources: Sequence[Source]) -> str:
    """Return when the recording began, ISO 8601; "" if nobody says it."""
    if options.started:
        try:
            moment(options.started)
        except ValueError:
            raise StreamError(
                f"--started {options.started!r}: must be ISO 8601, such as 2024-05-20T11:53:07"
            ) from None
        return options.started
    first = min(float(np.nanmin(i.at)) for i in items if len(i.times))
    when = moment_of(clock.epoch + first)
    if when is None:
        whole = not options.part[0] > 0.0
        return next((s.opened for s in sources if s.opened), "") if whole else ""
    # A clock on the wall says no zone.
    return (when if clock.zoned else when.replace(tzinfo=None)).isoformat(timespec="milliseconds")


def _other_start(options: Options, clock: Clock, items: Sequence[Imported]) -> list[str]:
    """Say where a start that is told of is taken though the files say another."""
    when = moment_of(clock.epoch + min(float(np.nanmin(i.at)) for i in items if len(i.times)))
    if not options.started or when is None:
        return []
    told, dated, zoned = moment(options.started)
    if not dated or zoned is not clock.zoned or abs(told - when.timestamp()) <= START:
        return []
    return [f"--started {options.started} is taken; the files say {when:%Y-%m-%dT%H:%M:%S}"]


def named(imported: Sequence[Imported]) -> list[Imported]:
    """Give streams of one person names that differ."""
    taken: set[tuple[Role, str]] = set()
    out = []
    for item in imported:
        base = f"{item.info.name} {item.info.modality}"
        names = [item.info.name, base, *(f"{base} {i}" for i in range(2, len(imported) + 2))]
        name = next(n for n in names if (item.info.role, n) not in taken)
        taken.add((item.info.role, name))
        out.append(item.renamed(name))
    return out
