"""Reviewing: what stays of a review when its window is built anew, and what the window then holds."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from acquisition.errors import VocabularyError
from acquisition.vocabulary import Vocabulary, load_vocabulary
from viewer.model import SessionModel
from viewer.review import Review, open_desk
from viewer.review_desk import ReviewDesk
from viewer.theme import Theme

if TYPE_CHECKING:
    from viewer.window import OperatorWindow

logger = logging.getLogger(__name__)


class Reviewing:
    """Keep the desk of a recording.

    Parameters
    ----------
    path : Path
        The recording.
    rater : str
        Code of a blind rater; "" for an open review.
    """

    def __init__(self, path: Path, *, rater: str = "") -> None:
        self._path, self.rater = path, rater
        self._desk: ReviewDesk | None = None

    def desk(self, model: SessionModel) -> ReviewDesk:
        """Return the desk, opened with its first use."""
        if self._desk is None:
            self._desk = open_desk(self._path, model, vocabulary_of(model), rater=self.rater)
        return self._desk

    def shown(self, model: SessionModel) -> SessionModel:
        """Return what the panel may show of a session."""
        return model

    def build(self, window: OperatorWindow, theme: Theme) -> QWidget:
        """Return what the window holds: the panel, and the events below it."""
        panel = window.panel
        who = str(window.kept.value("reviewer", ""))
        review = Review(panel, self.desk(window.model), theme, who=who, blind=bool(self.rater))
        window.review = review
        if self.rater:
            for shown in (*panel.lanes.lanes.values(), *panel.gauges.values(), *panel.planes.values()):
                shown.hide()
        else:
            review.bar.who.editingFinished.connect(lambda: window.kept.setValue("reviewer", review.desk.who))
        return review.around(panel)


def vocabulary_of(model: SessionModel) -> Vocabulary:
    """Return the vocabulary of a session; the shipped one where the laboratory's own cannot be read."""
    own = model.facts.vocabulary
    try:
        return load_vocabulary(Path(own) if own else None)
    except VocabularyError as error:
        logger.warning("%s; using the shipped vocabulary", error)
        return load_vocabulary()
