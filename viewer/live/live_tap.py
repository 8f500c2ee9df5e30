"""Live tap: which stream of a running recording reacts when a sensor is tapped. No Qt."""

from __future__ import annotations

from acquisition.batch import Batch
from acquisition.devices.nearby import Activity, moving
from acquisition.stream import Chunk, Modality, Role, StreamInfo

HEARD = (Modality.ECG, Modality.EDA, Modality.ACC, Modality.RESP)


class LiveTap:
    """Listen to the streams that a recording brings."""

    def __init__(self) -> None:
        self._activities: dict[tuple[Role, str], Activity] = {}
        self._last: tuple[Role, str] | None = None

    def hear(self, batch: Batch) -> StreamInfo | None:
        """Take in a batch; return the stream that began to move with it, if one did."""
        for key, part in batch.streams.items():
            if part.info.modality in HEARD and part.info.sfreq > 0 and len(part.times):
                chunk = Chunk(part.info, part.times, part.samples)
                self._activities.setdefault(key, Activity(part.info)).hear(chunk)
        most = moving(list(self._activities.values()))
        before, self._last = self._last, None if most is None else most.info.key
        return most.info if most is not None and most.info.key != before else None
