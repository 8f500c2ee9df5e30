"""The names and units of all indices that a pipeline gives, before it has given any."""

from __future__ import annotations

from collections.abc import Iterable

from acquisition.stream import PEOPLE, StreamInfo
from processing.indices import COUPLINGS, PERSON
from processing.parts import parts_of, signals_of, sources

Names = tuple[tuple[str, str], ...]
"""(index, unit)."""


def emitted(streams: Iterable[StreamInfo]) -> dict[str, Names]:
    """Return per entity the indices that the pipeline of these expected streams gives."""
    fed = sources(streams)
    out: dict[str, Names] = {}
    for role in PEOPLE:
        parts = {part.name for part in parts_of(source for r, source in fed if r == role)}
        if names := tuple((index.name, index.unit) for index in PERSON if parts.intersection(index.of)):
            out[role.value] = names
    if coupled := [index for signal in signals_of(fed) for index in COUPLINGS[signal]]:
        out["dyad"] = tuple((index.name, index.unit) for index in coupled)
    return out
