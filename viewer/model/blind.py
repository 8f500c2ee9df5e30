"""Blind raters: of a recording they get its time, marks to align a video with, and nothing else. No Qt.

Neither signals nor indices nor what others marked enter the model, so nothing of it can be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from acquisition.batch import Batch
from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.stream import StreamInfo
from processing.index import IndexSample
from viewer.model.model import SessionModel
from viewer.opening import Followed, feed, new_model

SHOWN = (
    "session_start",
    "session_end",
    "baseline_rest",
    "baseline_talk",
    "calib_challenge",
    "break",
    "sync_mark",
)
"""Marks that carry no judgement: which part of the hour it is, and the clap."""


class BlindFeed:
    """Give the ticks of a recording, and of its events those of `SHOWN`."""

    def __init__(self, source: Followed) -> None:
        self._source = source

    @property
    def state(self) -> str:
        """Return closed or cut."""
        return self._source.state

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will be given."""
        return self._source.ended

    @property
    def streams(self) -> Sequence[StreamInfo]:
        """Return no stream."""
        return ()

    @property
    def epochs(self) -> Sequence[tuple[int, tuple[StreamInfo, ...]]]:
        """Return no stream at any time."""
        return ()

    def again(self) -> None:
        """Read from the beginning."""
        self._source.again()

    @property
    def share(self) -> float:
        """Return how much of it was read, 0-1."""
        return self._source.share

    def poll(self) -> Batch | None:
        """Return what is new of what may be seen."""
        batch = self._source.poll()
        if batch is None:
            return None
        return replace(
            batch, streams={}, notices=[], events=[(k, _bare(e)) for k, e in batch.events if _plain(e)]
        )


def _plain(event: Event) -> bool:
    return event.code in SHOWN


def _bare(event: Event) -> Event:
    return replace(event, note="", rater="", value=None)


def blind_model(source: Followed) -> SessionModel:
    """Return the empty model of a blind rater.

    Raises
    ------
    RecordingError
        If the recording still grows.
    """
    full = new_model(source)
    if full.state == "growing":
        raise RecordingError(
            f"{source.recording.path}: still being recorded; a blind rater codes it afterwards"
        )
    return SessionModel(facts=replace(full.facts, consent=()), streams=(), state=full.state)


def blind_push(batch: Batch) -> list[IndexSample]:
    """Compute nothing."""
    return []


def blind_filled(path: Path) -> SessionModel:
    """Return the model of all that a blind rater may see of a recording."""
    source = feed(path, follow=False)
    model, blind = blind_model(source), BlindFeed(source)
    while not blind.ended:
        batch = blind.poll()
        if batch is not None:
            model.add_batch(batch)
    return model
