"""Opening: from a recording on disk to the model, the pipeline and the marker codes of its window. No Qt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from acquisition.batch import Batch
from acquisition.errors import VocabularyError
from acquisition.recording import Recording
from acquisition.stream import StreamInfo
from acquisition.vocabulary import Code, load_vocabulary
from processing.index import IndexSample
from viewer.model import SessionFacts, SessionModel

logger = logging.getLogger(__name__)


class Followed:
    """Give a recording's batches, and stop at what is there now unless it is to be followed."""

    def __init__(self, recording: Recording, *, follow: bool) -> None:
        self.recording, self._follow = recording, follow
        self._done = False

    @property
    def state(self) -> str:
        """Return closed, growing or cut."""
        return str(self.recording.state)

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will be given."""
        return self._done or self.recording.ended

    @property
    def streams(self) -> Sequence[StreamInfo]:
        """Return the expected streams."""
        return self.recording.streams

    def poll(self) -> Batch | None:
        """Return what is new, at most a minute at once: the window stays alive while it catches up."""
        batch = self.recording.poll(600)
        self._done = batch is None and not self._follow
        return batch


def feed(path: Path, *, follow: bool) -> Followed:
    """Open a recording for a window.

    Raises
    ------
    RecordingError
        If there is none at `path`.
    """
    return Followed(Recording(path, follow=follow), follow=follow)


def new_model(source: Followed) -> SessionModel:
    """Return the empty model of a recording."""
    recording = source.recording
    session = recording.session
    facts = SessionFacts(id=recording.path.name)
    if session is not None:
        facts = SessionFacts(
            id=session.id,
            client=session.client.code,
            therapist=session.therapist.code,
            profile=session.events.profile,
            vocabulary=session.events.vocabulary,
            glance=session.therapist.consent.view,
        )
    return SessionModel(facts=facts, streams=recording.streams, state=str(recording.state))


def new_push(source: Followed) -> Callable[[Batch], list[IndexSample]]:
    """Return the pipeline of a recording as a function of batches."""
    from processing.pipeline import Pipeline

    recording = source.recording
    session_id = recording.session.id if recording.session is not None else recording.path.name
    return Pipeline(recording.streams, session_id=session_id).push


def codes_of(facts: SessionFacts, profile: str = "") -> Sequence[Code]:
    """Return the codes that a profile switches on; that of the session unless another one is named.

    Where the laboratory's own vocabulary can no longer be read, the shipped one serves: markers must not
    depend on a file that was moved.
    """
    try:
        vocabulary = load_vocabulary(Path(facts.vocabulary) if facts.vocabulary else None)
    except VocabularyError as error:
        logger.warning("%s; using the shipped vocabulary", error)
        vocabulary = load_vocabulary()
    return vocabulary.profile(profile or facts.profile)


def filled(path: Path) -> SessionModel:
    """Return the model of all that a recording holds now."""
    source = feed(path, follow=False)
    model = new_model(source)
    push = new_push(source)
    while not source.ended:
        batch = source.poll()
        if batch is not None:
            model.add_batch(batch)
            model.add_samples(push(batch))
    return model
