"""Where a pipeline that follows a recording hands its results to other programs, if its session says so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from acquisition.batch import Batch
from acquisition.errors import AttunementError
from acquisition.recording.recording import Recording
from processing.catalogue import emitted
from processing.index import IndexSample

if TYPE_CHECKING:
    from acquisition.lsl.published import Publisher

logger = logging.getLogger(__name__)

Publish = Callable[[Batch, Sequence[IndexSample]], None]
FAILURES = (AttunementError, OSError, RuntimeError, ValueError)
"""What liblsl and the runtime directory raise; who follows a recording goes on without publishing."""


@contextmanager
def publishing(recording: Recording, *, follow: bool) -> Iterator[Publish]:
    """Give a function that publishes a batch and what it made final; it does nothing unless asked to.

    Parameters
    ----------
    follow : bool
        The recording is followed while it grows; of a finished one nothing is published.
    """
    publisher = _publisher(recording) if follow else None

    def publish(batch: Batch, samples: Sequence[IndexSample]) -> None:
        nonlocal publisher
        if publisher is None:
            return
        try:
            publisher.hear(batch, samples)
        except FAILURES as error:
            logger.warning("nothing more is published over LSL: %s", error)
            publisher.close()
            publisher = None

    try:
        yield publish
    finally:
        if publisher is not None:
            publisher.close()


def _publisher(recording: Recording) -> Publisher | None:
    session = recording.session
    if session is None or not session.lsl.publish:
        return None
    try:
        from acquisition.lsl.published import open_publisher  # liblsl, only where it is needed

        return open_publisher(recording, emitted(recording.streams))
    except FAILURES as error:
        logger.warning("nothing is published over LSL: %s", error)
        return None
