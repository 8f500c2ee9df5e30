"""Where a pipeline that follows a recording hands its results to other programs, if its session says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from acquisition.batch import Batch
from acquisition.recording import Recording
from processing.catalogue import emitted
from processing.index import IndexSample

Publish = Callable[[Batch, Sequence[IndexSample]], None]


@contextmanager
def publishing(recording: Recording, *, follow: bool) -> Iterator[Publish]:
    """Give a function that publishes a batch and what it made final; it does nothing unless asked to.

    Parameters
    ----------
    follow : bool
        The recording is followed while it grows; of a finished one nothing is published.
    """
    session = recording.session
    if not follow or session is None or not session.lsl.publish:
        yield lambda batch, samples: None
        return
    from acquisition.lsl.published import open_publisher  # liblsl, only where it is needed

    publisher = open_publisher(recording, emitted(recording.streams))
    if publisher is None:
        yield lambda batch, samples: None
        return
    try:
        yield publisher.hear
    finally:
        publisher.close()
