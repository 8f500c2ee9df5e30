"""A window on a made-up session, with a recorder that only listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import StreamInfo
from tests.viewer import synthetic
from tests.viewer.model.test_marking import FakeRecorder
from tests.viewer.synthetic import Session, fill
from viewer import settings as persistence
from viewer.model.model import SessionModel
from viewer.review.reviewing import Reviewing
from viewer.window import OperatorWindow

MakeWindow = Callable[..., OperatorWindow]


def runs_by_frames(window: OperatorWindow) -> None:
    """Let the cursor of a review run by 33 ms with each tick, however long that takes."""
    frames = count()
    window.beside.now = lambda: 0.033 * next(frames)
    window.tick()


@pytest.fixture
def make_window(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeWindow]:
    """Return a function that opens a window; its `control` is a FakeRecorder unless told otherwise.

    With `reviewing` it is a review by `reviewer`; each call is a new window on the same directory.
    """
    opened: list[OperatorWindow] = []

    def make(
        model: SessionModel | None = None,
        *,
        seconds: float = 120.0,
        session: Session | None = None,
        infos: list[StreamInfo] | None = None,
        control: Any = "fake",
        reason: str = "",
        reviewing: Reviewing | None = None,
        reviewer: str = "",
        **set_up: Any,
    ) -> OperatorWindow:
        if model is None:
            model = synthetic.model(infos)
            fill(model, seconds, session, reason=reason)
        kept = persistence.store(tmp_path / "settings.ini")
        if set_up:
            persistence.save(kept, persistence.Settings(**set_up))
        if reviewer:
            kept.setValue("reviewer", reviewer)
        filled = model
        window = OperatorWindow(
            model,
            None,
            control=FakeRecorder() if control == "fake" else control,
            codes=load_vocabulary().profile("technician"),
            path=tmp_path,
            now=lambda: filled.now,
            kept=kept,
            reviewing=reviewing,
        )
        opened.append(window)
        window.resize(1600, 950)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
        window.draw_all()
        return window

    yield make
    for window in opened:
        window.close()
        window.deleteLater()
