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
    shifts, kind, said, epoch = _starts(items, sources, options)
    moved = [_moved(p, shifts[p.file]) for p in items]
    zoned = bool(options.zone) or all(sources[p.file].zoned for p in items)
    if _one_clock(moved):
        if options.align in ("events", "tap"):
            raise StreamError(f"--align {options.align}: both people are on one clock already")
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
    if all(math.isfinite(e) for e in epochs.values()):
        zoned = {sources[k].zoned or bool(options.zone) for k in used}
        if len(zoned) > 1:
            local = next(sources[k].path for k in used if not sources[k].zoned)
            raise StreamError(
                f"{local}: its start is the time of a clock on the wall, that of other files is UTC; --zone "
                "says which time zone it was (such as Europe/Vienna)"
            )
        for k in used:
            shifts[k] = epochs[k] - epochs[used[0]]
        firsts = [float(np.nanmin(p.item.times)) + shifts[p.file] for p in items if len(p.item.times)]
        if max(firsts) - min(firsts) > FAR:
            days = (max(firsts) - min(firsts)) / FAR
            raise StreamError(
                f"files that start {days:.1f} days apart are not of one session; --align none puts them at 0"
            )
        said = [
            f"{sources[k].path.name} starts {shifts[k] + _first(items, k) - _first(items, used[0]):+.3f} s"
            for k in used[1:]
        ]
        return (
            shifts,
            "start times",
            [f"placed by start times: {', '.join(said)} after {sources[used[0]].path.name}"],
            epochs[used[0]],
        )
    # Without a start for each, all begin together; stamps of a clock of their own lose its zero.
    apart = any(math.isfinite(e) for e in epochs.values()) or len({sources[k].own for k in used}) > 1
    apart = apart or any(sources[k].own for k in used)
    for k in used:
        # An offset that is said counts from the file's own stamps.
        shifts[k] = -_first(items, k) if apart and not options.offsets else 0.0
    without = ", ".join(sources[k].path.name for k in used if not math.isfinite(epochs[k]))
    how = "stamps as they are" if options.offsets else "all files put at 0"
    return shifts, "unknown", [f"{without} without a start time: {how}"], math.nan


def _first(items: Sequence[Placed], file: int) -> float:
    return min((_begin(p.item) for p in items if p.file == file and len(p.item.times)), default=0.0)


def _begin(item: Imported) -> float:
    """Return when a stream begins in its file [s]."""
    return item.began if math.isfinite(item.began) else float(np.nanmin(item.times))


def _epoch(source: Source, zone: str) -> float:
    if source.zoned or not zone or not math.isfinite(source.epoch):
        return source.epoch
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StreamError(f"--zone {zone!r}: no such time zone (such as Europe/Vienna)") from None
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
