"""Reviewing: what stays of a review when its window is built anew, and what the window then holds.

A review has three faces: the list and lanes, the cued review, and the joint replay.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QVBoxLayout, QWidget

from acquisition.errors import VocabularyError
from acquisition.event import Event
from acquisition.events.overlay import rater_file
from acquisition.events.vocabulary import Vocabulary, load_vocabulary
from acquisition.recording.contents import OVERLAY_NAME
from acquisition.stream import PEOPLE, Role
from viewer.model.model import SessionModel
from viewer.model.readouts import Readout
from viewer.model.restricted import restricted, show_events
from viewer.operator import Operator
from viewer.review.desk import ReviewDesk
from viewer.review.joint import GROUPS, NOBODY, JointBar, may_show, shared_events
from viewer.review.review import Review
from viewer.theme import Theme

if TYPE_CHECKING:
    from processing.config import PipelineConfig
    from viewer.corrections.bench import Bench
    from viewer.corrections.page import CorrectionPage
    from viewer.review.cued import CuedReview
    from viewer.video.moments import Moments

logger = logging.getLogger(__name__)
Face = Literal["list", "cued", "joint", "corrections"]


def wall_clock() -> str:
    """Return the wall time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def open_desk(recording: Path, model: SessionModel, vocabulary: Vocabulary, *, rater: str = "") -> ReviewDesk:
    """Return the desk of a recording; that of a blind rater writes into a file of their own."""
    file = rater_file(recording, rater) if rater else recording / OVERLAY_NAME
    return ReviewDesk(model, file, vocabulary, clock=wall_clock, who=rater)


class Reviewing:
    """Keep the desk of a recording, and which face of its review is shown.

    Parameters
    ----------
    path : Path
        The recording.
    rater : str
        Code of a blind rater; "" for an open review.
    editor : str
        Code of whoever corrects beats: the review begins there.
    config : PipelineConfig, optional
        What the correction editor computes RMSSD and responses with.
    """

    def __init__(
        self, path: Path, *, rater: str = "", editor: str = "", config: PipelineConfig | None = None
    ) -> None:
        self._config = config
        self._path, self.rater, self.editor = path, rater, editor
        self._desk: ReviewDesk | None = None
        self.face: Face = "corrections" if editor else "list"
        self.role = Role.CLIENT
        self.agreed: frozenset[str] = frozenset()
        """Who has pressed their button in the joint replay."""
        self.page: CuedReview | None = None
        """The page of the cued review, while that is shown."""
        self.bar: JointBar | None = None
        """The buttons of the joint replay, while that is shown."""
        self.beats: CorrectionPage | None = None
        """The page of the correction editor, while that is shown."""
        self._read: Bench | None = None
        self._joint: tuple[SessionModel, int] | None = None

    def desk(self, model: SessionModel) -> ReviewDesk:
        """Return the desk, opened with its first use."""
        if self._desk is None:
            self._desk = open_desk(self._path, model, vocabulary_of(model), rater=self.rater)
            self._desk.blind = bool(self.rater)
        return self._desk

    def shown(self, model: SessionModel) -> SessionModel:
        """Return what the panel may show of a session; in a joint replay only those who agreed."""
        if self.face in ("list", "corrections"):
            return model
        people = frozenset(r.value for r in PEOPLE if r.value in self.agreed and may_show(model, r))
        out = restricted(model, people if self.face == "joint" else frozenset(), self._events(model, people))
        self._joint = out, model.event_revision
        return out

    def _events(self, model: SessionModel, people: frozenset[str]) -> list[Event]:
        desk = self.desk(model)
        return shared_events(desk.held(), desk.vocabulary, people) if self.face == "joint" else []

    def build(self, window: Operator, theme: Theme) -> QWidget:
        """Return what the window holds."""
        desk = self.desk(window.model)
        self.page = self.bar = None
        at = window.panel.pointer if self.face != "corrections" or not self.editor else 0.0
        at = at if self.beats is None else self.beats.view.cursor
        if self.beats is not None:
            self.beats.close_page()
            self.beats = None
        if self.face == "cued":
            return self._build_cued(window, desk, theme)
        if self.face == "corrections":
            return self._build_corrections(window, theme, at)
        who = str(window.kept.value("reviewer", ""))
        joint = self.face == "joint"
        review = Review(
            window.panel,
            desk,
            theme,
            who=who,
            blind=bool(self.rater),
            groups=GROUPS if joint else (),
            listed=not joint,
        )
        window.review = review
        review.bar.cued.clicked.connect(lambda: self.turn(window, "cued"))
        review.bar.joint.clicked.connect(lambda: self.turn(window, "joint"))
        review.bar.beats.clicked.connect(lambda: self.turn(window, "corrections"))
        review.bar.video.clicked.connect(window.beside.show_video)
        review.bar.video.setVisible(window.beside.has_video)
        if joint:
            return self._build_joint(window, review, theme)
        if self.rater:
            _hide_people(window, frozenset())
        else:
            review.bar.who.editingFinished.connect(lambda: window.kept.setValue("reviewer", desk.who))
        return review.framed()

    def turn(self, window: Operator, face: Face) -> None:
        """Show another face of the review; a joint replay begins with nobody shown."""
        window.panel.playing = False
        self.face, self.agreed = face, frozenset()
        self.desk(window.model).forget_message()
        window.rebuild()

    def _build_cued(self, window: Operator, desk: ReviewDesk, theme: Theme) -> QWidget:
        from viewer.model.cued_session import CuedSession
        from viewer.review.cued import CuedReview  # SciPy comes with it: not while a window opens

        def leave() -> None:
            self.turn(window, "list")

        def other() -> None:
            self.role = Role.THERAPIST if self.role is Role.CLIENT else Role.CLIENT
            self.turn(window, "cued")

        session = CuedSession(window.model, desk, self.role)
        code = window.model.facts.code(self.role)
        self.page = CuedReview(
            session,
            theme,
            window.model.elapsed,
            title=f"Cued review · {self.role.value.capitalize()} {code}",
            said=lambda: desk.message if desk.failed else "",
            leave=leave,
            other=other,
            moments=_moments(window, theme),
        )
        return self.page

    def _build_corrections(self, window: Operator, theme: Theme, at: float) -> QWidget:
        from viewer.corrections.bench import read_bench
        from viewer.corrections.desk import CorrectionDesk
        from viewer.corrections.page import CorrectionPage  # SciPy comes with it: not while a window opens

        model, path = window.model, self._path
        feeding = getattr(window, "feeding", None)

        def read() -> Bench:
            # In a thread of its own: what is doubtful is known once the whole recording was processed.
            while getattr(feeding, "computing", False):
                time.sleep(0.05)
            if self._read is None:
                self._read = read_bench(path, lambda *key: model.traces.get(key), config=self._config)
            return self._read

        def leave() -> None:
            self.turn(window, "list")

        codes = {role.value: model.facts.code(role) for role in PEOPLE}
        self.beats = CorrectionPage(
            theme,
            title="Correct beats",
            people={role: f"{role.capitalize()} {code}".strip() for role, code in codes.items()},
            read=read,
            open_desk=lambda bench: CorrectionDesk(path, bench, clock=wall_clock),
            leave=leave,
            keep_who=lambda who: window.kept.setValue("reviewer", who),
            who=self.editor or str(window.kept.value("reviewer", "")),
            at=at,
            waits=lambda: feeding.text if feeding is not None else "",
        )
        return self.beats

    def _build_joint(self, window: Operator, review: Review, theme: Theme) -> QWidget:
        def change(person: str, on: bool) -> None:
            self.agreed = self.agreed | {person} if on else self.agreed - {person}
            window.rebuild()

        def leave() -> None:
            self.turn(window, "list")

        people = frozenset(p for p in self.agreed if may_show(window.model, Role(p)))
        self.bar = JointBar(window.model, theme, people, change, leave)
        window.panel.strip.menu.hide()
        _hide_people(window, people)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(review.framed("" if people else NOBODY), 1)
        return whole

    def follow(self, window: Operator) -> None:
        """Bring what was added in a joint replay onto its lanes."""
        if self.face == "joint" and self._joint is not None and self._joint[1] != window.model.event_revision:
            people = frozenset(p for p in self.agreed if may_show(window.model, Role(p)))
            show_events(self._joint[0], self._events(window.model, people))
            self._joint = self._joint[0], window.model.event_revision


def _moments(window: Operator, theme: Theme) -> Moments | None:
    """Return what plays a moment where a video is linked."""
    if window.path is None or not window.beside.has_video:
        return None
    from processing.codings.cues import LENGTH
    from viewer.video.cover import cover_of
    from viewer.video.moments import Moments
    from viewer.video.pane import VideoPane

    return Moments(
        [VideoPane(cover_of(window.path, window.model.t0), theme, level=window.beside.level)], LENGTH
    )


def _hide_people(window: Operator, shown: frozenset[str]) -> None:
    """Take lanes, values, gauges and chips of those who show nothing off the screen."""
    panel = window.panel
    said = panel.lanes.readouts
    said.update({name: partial(_only, read, shown | {"dyad"}) for name, read in said.items()})
    for name, lane in panel.lanes.lanes.items():
        if name.startswith("ECG") or not shown:
            lane.hide()
    for role in PEOPLE:
        if role.value not in shown:
            for part in (panel.gauges[role], panel.planes[role], panel.strip.chips[role]):
                part.hide()


def _only(
    read: Callable[[float], tuple[Readout, ...]], shown: frozenset[str], now: float
) -> tuple[Readout, ...]:
    """Return the values of those who are shown."""
    return tuple(r for r in read(now) if r.entity in shown)


def vocabulary_of(model: SessionModel) -> Vocabulary:
    """Return the vocabulary of a session; the shipped one where the laboratory's own cannot be read."""
    own = model.facts.vocabulary
    try:
        return load_vocabulary(Path(own) if own else None)
    except VocabularyError as error:
        logger.warning("%s; using the shipped vocabulary", error)
        return load_vocabulary()
