"""Sample times of imported streams: whether their stamps can be vouched for, and where ticks go if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acquisition.errors import StreamError
from acquisition.importing.store import Imported
from acquisition.rates import too_slow
from acquisition.stream import Modality
from acquisition.timebase.lay import lay
from acquisition.timebase.vouched import REGULAR
from acquisition.units import factor

BETWEEN = (Modality.RR, Modality.PPI)
SHORTEST, LONGEST = 0.15, 5.0
"""Seconds that the middle one of a person's intervals between beats can last."""


def laid(items: Sequence[Imported]) -> tuple[list[Imported], list[str]]:
    """Return streams with the times of their samples, and what is said of their stamps.

    The raw stamps are what is stored. Where the time base would change none of them, they are vouched for.

    Raises
    ------
    StreamError
        If nothing can be made of a stream so slow as it turns out to be.
    """
    out, said = list[Imported](), list[str]()
    for item in items:
        if item.info.modality in BETWEEN and item.samples.dtype != object:
            _refuse_no_beats(item)
        regular = item.info.modality in REGULAR and item.samples.dtype != object and len(item.times) > 1
        one, told = _laid(item) if regular else (item, [])
        out.append(one)
        said += told
    return out, said


def _refuse_no_beats(item: Imported) -> None:
    """Refuse intervals of which most are no heart's in their unit: seconds that are said to be ms."""
    values = np.asarray(item.samples[:, 0], np.float64)
    middle = float(np.median(values[np.isfinite(values)])) if np.isfinite(values).any() else 0.0
    seconds = middle * factor(item.info.unit, item.info.modality) / 1000
    if middle > 0.0 and not SHORTEST <= seconds <= LONGEST:
        name = f"{item.info.role} {item.info.name}"
        fit = [unit for unit, scale in (("s", 1.0), ("ms", 1e-3)) if SHORTEST <= middle * scale <= LONGEST]
        raise StreamError(
            f"{name}: half of the intervals are over {middle:.4g} {item.info.unit or 'ms'}, and no heart's: "
            + (f"its unit looks like {fit[0]}" if fit else f"{SHORTEST:g} to {LONGEST:g} s are")
        )


def _laid(item: Imported) -> tuple[Imported, list[str]]:
    name = f"{item.info.role} {item.info.name}"
    found = lay(item.times, item.info.sfreq, item.samples)
    if not item.info.sfreq > 0:
        sfreq = float(f"{found.account.sfreq or found.sfreq:.6g}")
        item = replace(item, info=replace(item.info, sfreq=sfreq if sfreq == sfreq else 0.0))
        found.account.remarks = [r for r in found.account.remarks if r.kind != "clock"]
    if why := too_slow(item.info.modality, found.sfreq):
        raise StreamError(f"{name}: its stamps say {why}; leave this stream out")
    exact = not found.account.remarks and np.array_equal(found.times, item.times)
    said = [f"{name}: {text}" for text in found.account.lines()]
    return replace(item, info=replace(item.info, exact=exact), laid=found.times), said
