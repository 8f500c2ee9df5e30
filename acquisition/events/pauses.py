"""Who is paused, and what of them is not kept: all from the press on, and all stamped before the resume."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from acquisition.drivers import Drained
from acquisition.errors import UnitError
from acquisition.event import Event
from acquisition.stream import Chunk, ClockOffset, FloatArray, Modality, Role
from acquisition.units import convert
from acquisition.voice.rows import SECOND, is_turns

BEATS = (Modality.RR, Modality.PPI)


def item_role(item: Drained) -> Role:
    """Return whose an item is."""
    return item.role if not isinstance(item, Chunk | ClockOffset) else item.info.role


@dataclass(slots=True, eq=False)
class Pauses:
    """Hold the pauses of a recording.

    Parameters
    ----------
    on : dict
        Paused person → the event that began the pause.
    """

    on: dict[Role, Event] = field(default_factory=dict)
    _resumed: dict[Role, float] = field(default_factory=dict)
    _offsets: dict[tuple[Role, str], ClockOffset] = field(default_factory=dict)

    def pause(self, event: Event) -> None:
        """Begin a person's pause."""
        self.on[event.role] = event

    def resume(self, role: Role, now: float) -> list[ClockOffset]:
        """End it; return the clock offsets, measured meanwhile, that hold for what follows."""
        del self.on[role]
        self._resumed[role] = now
        return [offset for (owner, _), offset in self._offsets.items() if owner is role]

    def concerns(self, item: Drained) -> bool:
        """Tell whether an item is of a person who is paused; a sample stream of the room is of both."""
        role = item_role(item)
        if role in self.on:
            return True
        room = role is Role.DYAD and isinstance(item, Chunk) and item.info.modality is not Modality.MARKERS
        return room and bool(self.on)

    def admit(self, item: Drained) -> Drained | None:
        """Return what of an item may be kept, None if nothing."""
        if isinstance(item, ClockOffset):
            self._offsets[item.info.key] = item
        if self.concerns(item):
            return None
        return self._after_resume(item) if isinstance(item, Chunk) else item

    def _after_resume(self, chunk: Chunk) -> Chunk | None:
        room = chunk.info.role is Role.DYAD and chunk.info.modality is not Modality.MARKERS
        since = (
            max(self._resumed.values(), default=-math.inf)
            if room
            else self._resumed.get(chunk.info.role, -math.inf)
        )
        if since == -math.inf:
            return chunk
        offset = self._offsets.get(chunk.info.key)
        keep = begins(chunk) + (offset.value if offset else 0.0) >= since
        if keep.all():
            return chunk
        return Chunk(chunk.info, chunk.times[keep], chunk.samples[keep]) if keep.any() else None


def begins(chunk: Chunk) -> FloatArray:
    """Return when what each sample tells of began [s]: an interval or a turn, before its stamp."""
    if chunk.info.modality is Modality.VOICE:
        return chunk.times - (chunk.samples[:, 0] if is_turns(chunk.info) else SECOND)
    if chunk.info.modality not in BEATS:
        return chunk.times
    try:
        values = convert(chunk.samples[:, 0], chunk.info.unit, chunk.info.modality)
    except UnitError:
        return chunk.times
    return chunk.times - np.nan_to_num(values) / 1e3
