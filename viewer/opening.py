"""Opening: from a recording on disk to the model, the pipeline and the marker codes of its window. No Qt."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from acquisition.batch import Batch
from acquisition.errors import VocabularyError
from acquisition.event import Event
from acquisition.events.vocabulary import Code, load_vocabulary
from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE, Role, StreamInfo
from processing.index import IndexSample
from viewer.model.facts import SessionFacts
from viewer.model.model import SessionModel
from viewer.setup.consent_text import consent_lines

if TYPE_CHECKING:
    from acquisition.session.session import Session
    from processing.arousal.baseline import BaselineVerdict
    from processing.arousal.person import People
    from processing.pipeline import Pipeline

logger = logging.getLogger(__name__)
MINUTE = 600
"""Slices of a minute."""
SHORT = 150
"""Slices that come at once where samples are only read: several batches wait, in less memory."""


class Followed:
    """Give a recording's batches, and stop at what is there now unless it is to be followed.

    At most `n_ticks` slices come at once, a minute unless told: the window stays alive while it catches up.
    """

    def __init__(self, recording: Recording, *, follow: bool) -> None:
        self.recording, self.follow, self.n_ticks = recording, follow, MINUTE
        self.over = recording.state != "growing"
        """Whether it was over when it was opened."""
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

    def again(self) -> None:
        """Read from the beginning: devices turned out to be another person's."""
        self.recording = Recording(self.recording.path, follow=self.follow)

    @property
    def epochs(self) -> Sequence[tuple[int, tuple[StreamInfo, ...]]]:
        """Return from which slice on which streams there are."""
        return self.recording.epochs

    @property
    def share(self) -> float:
        """Return how much of a recording that is over was read, 0-1; nan while it grows."""
        return self.recording.share if self.over else math.nan

    def poll(self) -> Batch | None:
        """Return what is new."""
        batch = self.recording.poll(self.n_ticks)
        self._done = batch is None and not self.follow
        return batch


def feed(path: Path, *, follow: bool) -> Followed:
    """Open a recording for a window.

    Raises
    ------
    RecordingError
        If there is none at `path`.
    """
    return Followed(Recording(path, follow=follow), follow=follow)


def new_model(source: Followed, people: People | None = None) -> SessionModel:
    """Return the empty model of a recording; `people` have references of their own.

    Raises
    ------
    SessionError
        If references are given, and none of anybody in this session.
    """
    recording = source.recording
    session = recording.session
    facts = SessionFacts(id=recording.path.name)
    if session is not None:
        facts = SessionFacts(
            id=session.id,
            client=session.code(Role.CLIENT),
            therapist=session.code(Role.THERAPIST),
            profile=session.events.profile,
            vocabulary=session.events.vocabulary,
            glance=session.therapist.consent.view,
            views=frozenset(r.value for r in PEOPLE if session.participant(r).consent.view),
            consent=tuple(consent_lines(session)),
            referenced=_referenced(people, session, recording.path),
        )
    model = SessionModel(facts=facts, streams=recording.streams, state=str(recording.state))
    model.hand_over(recording.epochs)
    return model


def _referenced(people: People | None, session: Session, path: Path) -> frozenset[str]:
    if people is None:  # nearly always: a window opens without what only references need
        return frozenset()
    from processing.arousal.person import for_roles

    known = for_roles(people, session, path)
    return frozenset(role for role, reference in known.items() if reference.scaling == "person")


class Computing:
    """A pipeline as a function of batches, which also tells what it said of the baselines.

    Of a recording that grows it publishes what became final, where the session asks for that. Of one that is
    over it knows, as offline, the baselines that were marked `later`.
    """

    def __init__(self, pipeline: Pipeline, source: Followed, later: Sequence[Event] | None = None) -> None:
        from processing.results.later_baselines import LaterBaselines
        from processing.results.publishing import publishing

        self._pipeline = pipeline
        self._later = None if later is None else LaterBaselines(later)
        self._opened = ExitStack()
        self._publish = self._opened.enter_context(publishing(source.recording, follow=source.follow))

    def __call__(self, batch: Batch) -> list[IndexSample]:
        """Return what a batch made final."""
        made = self._pipeline.push(batch if self._later is None else self._later.put_in(batch))
        self._publish(batch, made)
        return made

    def close(self) -> None:
        """End what is published."""
        self._opened.close()

    def verdicts(self) -> tuple[BaselineVerdict, ...]:
        """Return what was said of the baselines so far, by time."""
        said = [v for arousal in self._pipeline.arousal.values() for v in arousal.verdicts]
        return tuple(sorted(said, key=lambda v: v.time))


def new_push(source: Followed, people: People | None = None) -> Computing:
    """Return the pipeline of a recording as a function of batches; `people` have references of their own.

    Raises
    ------
    SessionError
        If references are given, and none of anybody in this session.
    """
    from processing.arousal.person import NOBODY, for_roles
    from processing.pipeline import Pipeline
    from processing.results.later_baselines import later_baselines

    recording = source.recording
    references = for_roles(people or NOBODY, recording.session, recording.path)
    session_id = recording.session.id if recording.session is not None else recording.path.name
    pipeline = Pipeline(
        recording.streams,
        session_id=session_id,
        references=references,
        aligned=recording.aligned,
        epochs=recording.epochs,
    )
    later = None if recording.state == "growing" else later_baselines(recording.path)
    return Computing(pipeline, source, later)


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
            model.verdicts = push.verdicts()
    return model
