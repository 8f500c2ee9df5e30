"""Baselines that were marked after the recording, or put right then: they act when it is processed again.

Of later edits the pipeline reads these alone. A baseline acts at the time of its off mark, as one that was
marked live does; what came before it has no band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.batch import Batch
from acquisition.event import Event
from acquisition.events.overlay import Edit, effective, read_overlay
from acquisition.recording.recording import Recording
from processing.arousal.baseline import CODES

REMARK = "baseline added later"


def later_baselines(path: Path) -> list[Event] | None:
    """Return the marks of all baselines that hold; None if no later edit bears on any.

    Raises
    ------
    RecordingError
        If the recording or its later edits cannot be read.
    """
    edits = read_overlay(path)
    if not any(_may_bear(edit) for edit in edits):
        return None
    raw = [event for batch in Recording(path).batches() for _, event in batch.events]
    before, now = (_baselines(effective(raw, some)) for some in ((), edits))
    return None if before == now else now


def _may_bear(edit: Edit) -> bool:
    return edit.op != "add" or edit.fields.get("code") in CODES


def _baselines(events: Sequence[Event]) -> list[Event]:
    return sorted((e for e in events if e.code in CODES), key=lambda e: e.time)


class LaterBaselines:
    """Put the marks of baselines that hold in place of those that were recorded, batch by batch."""

    def __init__(self, marks: Sequence[Event]) -> None:
        self._waiting = list(reversed(marks))

    def put_in(self, batch: Batch) -> Batch:
        """Return a batch with the marks that act in it."""
        events = [(k, e) for k, e in batch.events if e.code not in CODES]
        while self._waiting and len(batch.ticks) and self._waiting[-1].time <= batch.ticks[-1]:
            mark = self._waiting.pop()
            events.append((int(np.searchsorted(batch.ticks, mark.time)), mark))
        return replace(batch, events=sorted(events, key=lambda pair: pair[0]))
