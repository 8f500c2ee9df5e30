"""Live tap: which stream of a running recording reacts when a sensor is tapped. No Qt."""

from __future__ import annotations

from acquisition.batch import Batch
from acquisition.devices.taps import Taps
from acquisition.stream import Chunk, StreamInfo


class LiveTap:
    """Listen to the streams that a recording brings."""

    def __init__(self) -> None:
        self._taps = Taps()

    def hear(self, batch: Batch) -> list[StreamInfo]:
        """Take in a batch; return the streams that were tapped, as far as that is known by now."""
        for part in batch.streams.values():
            self._taps.hear(Chunk(part.info, part.times, part.samples))
        return [activity.info for activity in self._taps.new()]
