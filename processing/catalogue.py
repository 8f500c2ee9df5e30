"""The names and units of all indices that a pipeline gives, before it has given any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquisition.stream import PEOPLE, StreamInfo
from processing.coupling.one_person import KINDS
from processing.indices import COUPLINGS, INDICES, PERSON, Index
from processing.parts import parts_of, signals_of, sources

Names = tuple[tuple[str, str], ...]
"""(index, unit)."""


def emitted(streams: Iterable[StreamInfo]) -> dict[str, Names]:
    """Return per entity the indices that the pipeline of these expected streams gives."""
    fed = sources(streams)
    out: dict[str, Names] = {}
    for role in PEOPLE:
        mine = {source: info for (r, source), info in fed.items() if r == role}
        if names := tuple((index.name, index.unit) for index in PERSON if _given(index, mine)):
            out[role.value] = names
    if coupled := [index for signal in signals_of(fed) for index in COUPLINGS[signal]]:
        compared = [*coupled, *(INDICES[kind.index] for kind in KINDS if kind.is_asked(signals_of(fed)))]
        out["dyad"] = tuple((index.name, index.unit) for index in compared)
    return out


def _given(index: Index, fed: Mapping[str, StreamInfo]) -> bool:
    """Tell whether a person with these sources has an index."""
    parts = [part for part in parts_of(fed) if part.name in index.of]
    there = [[fed[s] for s in part.sources if s in fed] for part in parts]
    return any(
        index.only in (None, *(info.modality for info in infos))
        and any(len(info.channels) >= index.channels for info in infos)
        for infos in there
    )
