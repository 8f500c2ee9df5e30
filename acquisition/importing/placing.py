"""Put files of several recorders on one line of time, and say how well that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from acquisition.errors import StreamError
from acquisition.importing.alignment import Alignment, by_events, by_taps
from acquisition.importing.clock import Clock, Source, moment_of
from acquisition.importing.markers import OUTSIDE
from acquisition.importing.options import Options
from acquisition.importing.store import Imported, Placed
from acquisition.stream import PEOPLE, Modality, Role

NEVER_BELOW = 1.0
"""Error of start times of two recorders [s]: their clocks were set by hand or by network, and not alike."""
DRIFT = 50e-6
"""Share by which two clocks of devices may run apart."""
FAR = 86_400.0


def placed(
    items: Sequence[Placed], sources: Sequence[Source], owners: Sequence[Role | None], options: Options
) -> tuple[list[Placed], Clock]:
    """Return streams on one line of time, and what is known of it.

    Files with absolute starts are placed by them on the clock of the first of them; files without begin
    together. Then offsets that the user says are added, or the two people are aligned.

    Parameters
    ----------
    owners : sequence of Role or None
        Whose each file is; None if both people's.

    Raises
    ------
    StreamError
        If starts contradict one another, or an alignment is not possible.
    """
    _refuse_unused(items, options)
    shifts, kind, said, epoch = _starts(items, sources, options)
    if options.zone and not any(not s.zoned and math.isfinite(s.epoch) for s in sources):
        said.append(f"--zone {options.zone}: no file gives the time of a clock on the wall")
    moved = [_moved(p, shifts[p.file]) for p in items]
    zoned = bool(options.zone) or all(sources[p.file].zoned for p in items)
    if _one_clock(moved):
        if options.align in ("events", "tap"):
            raise StreamError(f"--align {options.align}: both people are on one clock already")
        if not _apart(moved, options):
            moved = [_moved(p, _offset(options, p.item.info.role)) for p in moved]
            return moved, Clock(kind="one", error=0.0, epoch=epoch, zoned=zoned, said=tuple(said))
    error = _error_of_starts(moved, sources) if kind == "start times" else math.nan
    if options.offsets:
        moved = [_moved(p, _offset(options, p.item.info.role)) for p in moved]
        kind, error = "aligned", max(o.error for o in options.offsets.values())
        said.append(f"offsets as given, taken as good to {error:g} s")
    elif options.align in ("events", "tap"):
        found = (by_events if options.align == "events" else by_taps)(moved, owners)
        moved = [_aligned(p, found) if owners[p.file] is Role.THERAPIST else p for p in moved]
        kind, error = "aligned", found.error
        said.append(found.said())
    elif options.align != "none":
        _refuse_two_clocks(moved, sources)
    return moved, Clock(kind=kind, error=error, epoch=epoch, zoned=zoned, said=tuple(said))


def _apart(items: Sequence[Placed], options: Options) -> bool:
    """Tell whether offsets put two people apart who are on one clock."""
    roles = {p.item.info.role for p in items} & set(PEOPLE)
    return len(roles) > 1 and len({_offset(options, role) for role in roles}) > 1


def _refuse_unused(items: Sequence[Placed], options: Options) -> None:
    """Refuse what is said of clocks of which there are none."""
    if options.zone:
        _zone(options.zone)
    if options.offsets and options.align in ("events", "tap"):
        raise StreamError(f"--align {options.align} and --offset: either is taken, not both")
    there = {p.item.info.role for p in items}
    for role in options.offsets:
        if role not in there:
            raise StreamError(f"--offset {role}=…: nothing of the {role} is imported")


def _offset(options: Options, role: Role) -> float:
    return options.offsets[role].seconds if role in options.offsets else 0.0


def _moved(placed: Placed, shift: float) -> Placed:
    if not shift:
        return placed
    item = placed.item
    span = None if item.span is None else (item.span[0] + shift, item.span[1] + shift)
    began = item.began + shift
    return replace(placed, item=replace(item, times=item.times + shift, span=span, began=began))


def _aligned(placed: Placed, found: Alignment) -> Placed:
    item = placed.item
    span = item.span
    if span is not None:
        begin, end = found.moved(np.array(span)).tolist()
        span = begin, end
    began = float(found.moved(np.array(item.began)))
    return replace(placed, item=replace(item, times=found.moved(item.times), span=span, began=began))


def _starts(
    items: Sequence[Placed], sources: Sequence[Source], options: Options
) -> tuple[list[float], str, list[str], float]:
    """Return each file's shift [s], how it is known, what is said, and the Unix time of second 0."""
    used = sorted({p.file for p in items})
    epochs = {k: _epoch(sources[k], options.zone) for k in used}
    shifts = [0.0] * len(sources)
    if len(used) == 1:
        return shifts, "one", [], epochs[used[0]]
    dated = [k for k in used if math.isfinite(epochs[k])]
    _refuse_two_zones(dated, sources, options)
    _refuse_undated_signals(dated, used, items, sources, options)
    if dated and not (options.align == "none" and _days(items, epochs, dated) > 1.0):
        first = dated[0]
        for k in dated:
            shifts[k] = epochs[k] - epochs[first]
        if (days := _days(items, epochs, dated)) > 1.0:
            raise StreamError(
                f"files that start {days:.1f} days apart are not of one session; --align none puts them at 0"
            )
        undated = [k for k in used if k not in dated]
        said = [
            f"{sources[k].path.name} starts {shifts[k] + _first(items, k) - _first(items, first):+.3f} s"
            for k in dated[1:]
        ]
        told = [f"placed by start times: {', '.join(said)} after {sources[first].path.name}"] if said else []
        begin = min(shifts[k] + _first(items, k) for k in dated)
        told += _put_at(begin, undated, items, sources, options, shifts)
        relative = [p.file for pair in _pairs(items) for p in pair if p.file in undated]
        return shifts, "unknown" if relative else "start times", told, epochs[first]
    # Without a start for any, all begin together; stamps of a clock of their own lose its zero.
    signals = [k for k in used if not _only_marks(items, k)] or used
    if dated or any(sources[k].own for k in used):
        told = _put_at(
            0.0, [*signals, *(k for k in used if k not in signals)], items, sources, options, shifts
        )
    else:
        told = [f"{', '.join(sources[k].path.name for k in used)} without a start time: stamps as they are"]
    return shifts, "unknown", told, math.nan


def _put_at(
    begin: float,
    files: Sequence[int],
    items: Sequence[Placed],
    sources: Sequence[Source],
    options: Options,
    shifts: list[float],
) -> list[str]:
    """Let files without a start begin at a moment [s], and say so; events keep their seconds since then.

    Events whose stamps lie within the signals of another file are on its clock.
    """
    if not files:
        return []
    names = ", ".join(sources[k].path.name for k in files)
    if options.offsets:  # an offset that is said counts from the file's own stamps
        return [f"{names} without a start time: stamps as they are"]
    for k in files:
        shifts[k] = begin - (0.0 if _only_marks(items, k) else _first(items, k))
    for k in files:
        on = _on_clock_of(k, items) if _only_marks(items, k) else None
        if on is not None:
            shifts[k] = shifts[on]
    return [f"{names} without a start time: put at {begin:.15g} s"]


def _only_marks(items: Sequence[Placed], file: int) -> bool:
    mine = [p.item.info.modality for p in items if p.file == file]
    return bool(mine) and all(modality is Modality.MARKERS for modality in mine)


def _on_clock_of(file: int, items: Sequence[Placed]) -> int | None:
    """Return the file of signals between whose stamps all events of another lie; None if there is none."""
    marks = [p.item.times for p in items if p.file == file and len(p.item.times)]
    low, high = (min(map(np.min, marks)), max(map(np.max, marks))) if marks else (0.0, 0.0)
    for k in sorted({p.file for p in items if not _only_marks(items, p.file)}):
        own = [p.item.times for p in items if p.file == k and len(p.item.times)]
        if own and min(map(np.nanmin, own)) - OUTSIDE <= low and high <= max(map(np.nanmax, own)) + OUTSIDE:
            return k
    return None


def _refuse_undated_signals(
    dated: Sequence[int],
    used: Sequence[int],
    items: Sequence[Placed],
    sources: Sequence[Source],
    options: Options,
) -> None:
    """Refuse events of a calendar beside signals of which none says when it began."""
    signals = [k for k in used if not _only_marks(items, k)]
    if options.align == "none" or not dated or not signals or set(dated) & set(signals):
        return
    raise StreamError(
        f"{sources[dated[0]].path}: its events are of a calendar, and {sources[signals[0]].path.name} does "
        "not say when it began: give times in seconds since then, or --align none puts the first event at 0"
    )


def _refuse_two_zones(dated: Sequence[int], sources: Sequence[Source], options: Options) -> None:
    if len({sources[k].zoned or bool(options.zone) for k in dated}) > 1:
        local = next(sources[k].path for k in dated if not sources[k].zoned)
        raise StreamError(
            f"{local}: its start is the time of a clock on the wall, that of other files is UTC; --zone "
            "says which time zone it was (such as Europe/Vienna)"
        )


def _days(items: Sequence[Placed], epochs: dict[int, float], dated: Sequence[int]) -> float:
    """Return how many days the first samples of files are apart."""
    firsts = [epochs[k] + _first(items, k) for k in dated]
    return (max(firsts) - min(firsts)) / FAR if firsts else 0.0


def _first(items: Sequence[Placed], file: int) -> float:
    return min((_begin(p.item) for p in items if p.file == file and len(p.item.times)), default=0.0)


def _begin(item: Imported) -> float:
    """Return when a stream begins in its file [s]."""
    return item.began if math.isfinite(item.began) else float(np.nanmin(item.times))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StreamError(f"--zone {name!r}: no such time zone (such as Europe/Vienna)") from None


def _epoch(source: Source, zone: str) -> float:
    if source.zoned or not zone or not math.isfinite(source.epoch):
        return source.epoch
    there = _zone(zone)
    whole = math.floor(source.epoch)
    moment = moment_of(whole)
    if moment is None:
        return math.nan
    return moment.replace(tzinfo=there).timestamp() + (source.epoch - whole)


def _pairs(items: Sequence[Placed]) -> list[tuple[Placed, Placed]]:
    """Return every pair of streams of the two people that are of one kind; of any kind if there is none."""
    mine = {
        role: [p for p in items if p.item.info.role is role and p.item.info.modality is not Modality.MARKERS]
        for role in PEOPLE
    }
    every = [(a, b) for a in mine[Role.CLIENT] for b in mine[Role.THERAPIST]]
    alike = [(a, b) for a, b in every if a.item.info.modality is b.item.info.modality]
    return alike or every


def _one_clock(items: Sequence[Placed]) -> bool:
    """Tell whether all that is compared between the two people comes from one file."""
    return all(a.file == b.file for a, b in _pairs(items))


def _error_of_starts(items: Sequence[Placed], sources: Sequence[Source]) -> float:
    span = max((float(p.item.times[-1] - p.item.times[0]) for p in items if len(p.item.times)), default=0.0)
    errors = [
        sources[a.file].resolution + sources[b.file].resolution for a, b in _pairs(items) if a.file != b.file
    ]
    return float(f"{max(NEVER_BELOW, *errors) + DRIFT * span:.3f}")


def _refuse_two_clocks(items: Sequence[Placed], sources: Sequence[Source]) -> None:
    """Refuse two files with clocks of their own, such as two computers' LSL clocks."""
    for a, b in _pairs(items):
        if a.file != b.file and sources[a.file].own and sources[b.file].own:
            raise StreamError(
                f"{sources[a.file].path.name} and {sources[b.file].path.name} are on two LSL clocks; --align "
                "events, --align tap or --offset therapist=SECONDS brings them together, --align "
                "none leaves them apart"
            )
