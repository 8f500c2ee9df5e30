"""Sample times of imported streams: whether their stamps can be vouched for, and where ticks go if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acquisition.errors import StreamError
from acquisition.importing.store import Imported
from acquisition.rates import too_slow
from acquisition.timebase.lay import lay
from acquisition.timebase.vouched import REGULAR


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
        regular = item.info.modality in REGULAR and item.samples.dtype != object and len(item.times) > 1
        one, told = _laid(item) if regular else (item, [])
        out.append(one)
        said += told
    return out, said


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
