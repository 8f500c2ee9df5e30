"""What a file holds at times that can be none: rows without a stamp, events that no signal is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acquisition.importing.markers import OUTSIDE
from acquisition.importing.store import Imported
from acquisition.stream import BoolArray, Modality

FAR = 3600.0
"""Seconds from the signals from which on an event is none of this session."""


def timed(items: Sequence[Imported]) -> tuple[list[Imported], list[str]]:
    """Return streams with what has a time, and what was left out, in words.

    A signal's samples keep their raw stamps, whatever they are, if the time base found times for them.
    """
    out, said = list[Imported](), list[str]()
    for item in items:
        keep = np.isfinite(item.at) if item.laid is None else np.isfinite(item.at) | np.isfinite(item.times)
        n = int((~keep).sum())
        said += [f"{item.info.name}: {n} of {len(keep)} samples without a time left out"] if n else []
        kept = item if not n else _kept(item, keep)
        if len(kept.times):
            out.append(kept)
    return out, said


def near(items: Sequence[Imported]) -> tuple[list[Imported], list[str]]:
    """Return streams without the events that are far from all signals; all of them if there is no signal."""
    signals = [i for i in items if i.info.modality is not Modality.MARKERS and np.isfinite(i.at).any()]
    if not signals:
        return list(items), []
    begin = min(float(np.nanmin(i.at)) for i in signals)
    end = max(float(np.nanmax(i.at)) for i in signals)
    out, said = list[Imported](), list[str]()
    for item in items:
        if item.info.modality is not Modality.MARKERS:
            out.append(item)
            continue
        apart = np.maximum(np.maximum(begin - item.at, item.at - end), 0.0)
        far, outside = apart > FAR, (apart > OUTSIDE) & (apart <= FAR)
        for which, what in ((far, "left out"), (outside, "kept")):
            if which.any():
                said.append(_outside(item, which, what, begin, end))
        kept = _kept(item, ~far) if far.any() else item
        if len(kept.times):
            out.append(kept)
    return out, said


def _outside(item: Imported, which: BoolArray, what: str, begin: float, end: float) -> str:
    first = float(item.at[np.flatnonzero(which)[0]])
    where = f"{begin - first:.0f} s before" if first < begin else f"{first - end:.0f} s after"
    n = int(which.sum())
    return f"{item.info.name}: {n} of {len(which)} events lie outside the signals ({where} them), {what}"


def _kept(item: Imported, keep: BoolArray) -> Imported:
    known = None if item.laid is None else item.laid[keep]
    # A clock offset holds from a sample on: those before it may be fewer now.
    before = np.concatenate([[0], np.cumsum(keep)])
    offsets = [(int(before[min(position, len(keep))]), at, value) for position, at, value in item.offsets]
    return replace(item, times=item.times[keep], samples=item.samples[keep], laid=known, offsets=offsets)
