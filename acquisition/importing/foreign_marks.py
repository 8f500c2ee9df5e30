"""Markers that several files of one export repeat, and those that were ours once and do nothing here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from acquisition.events.foreign import powerless
from acquisition.events.vocabulary import Vocabulary
from acquisition.importing.store import Imported
from acquisition.stream import Modality, Role
from acquisition.text import how_many

SAME = 1e-6
"""Seconds by which the stamps of one mark may differ between two files."""
SHOWN = 6


def once(items: Sequence[Imported]) -> tuple[list[Imported], list[str]]:
    """Return streams without the markers that an earlier file holds at the same time with the same text.

    An export of one file per signal repeats the marks of the hour in each. Within a file nothing is left out.
    """
    seen: dict[tuple[Role, str, int], str] = {}
    out, n = list[Imported](), 0
    for item in items:
        if item.info.modality is not Modality.MARKERS or item.own:
            out.append(item)
            continue
        file = item.info.metadata.get("imported_from", "")
        steps = np.where(np.isfinite(item.at), np.rint(item.at / SAME), -1.0).astype(np.int64).tolist()
        rows = [(item.info.role, str(t), k) for k, t in zip(steps, item.samples[:, 0], strict=True)]
        keep = np.array([k < 0 or not _there(seen, (role, text, k), file) for role, text, k in rows], bool)
        for row in rows:
            seen.setdefault(row, file)
        n += int((~keep).sum())
        if keep.all():
            out.append(item)
        elif keep.any():
            known = None if item.laid is None else item.laid[keep]
            out.append(replace(item, times=item.times[keep], samples=item.samples[keep], laid=known))
    return out, [f"{how_many(n, 'mark is', 'marks are')} in several files, taken once"] if n else []


def _there(seen: Mapping[tuple[Role, str, int], str], row: tuple[Role, str, int], file: str) -> bool:
    """Tell whether another file holds a mark of a role, a text and about a time [steps of `SAME`]."""
    role, text, at = row
    return any(seen.get((role, text, k), file) != file for k in (at - 1, at, at + 1))


def without_effect(items: Sequence[Imported], vocabulary: Vocabulary | None) -> list[str]:
    """Say once which markers say a baseline, a pause or the like, and are kept as texts alone."""
    codes: dict[str, int] = {}
    for item in items:
        if item.info.modality is not Modality.MARKERS or item.own:
            continue
        for text in map(str, item.samples[:, 0]):
            code = powerless(text)
            if code and (vocabulary is None or vocabulary.foreign(text.strip()) is None):
                codes[code] = codes.get(code, 0) + 1
    if not codes:
        return []
    named = [*sorted(codes)[:SHOWN], *(["…"] if len(codes) > SHOWN else [])]
    marks = how_many(sum(codes.values()), "mark", "marks")
    said = (
        f"{marks} ({', '.join(named)}) kept as texts: no baseline or pause comes of them; attune events "
        "import FILE --recording RECORDING --who NAME, with the events.csv of a CSV export, or the review "
        "sets them"
    )
    return [said]
