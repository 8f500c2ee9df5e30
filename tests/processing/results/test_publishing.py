"""Publishing is beside the point of who follows a recording: its faults end it, and nothing else."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from acquisition.batch import Batch
from acquisition.lsl import published
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.session.session import LslSettings, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from processing.results.publishing import publishing

BATCH = Batch(numbers=np.array([0]), ticks=np.array([1.0]), walls=np.array([0.0]), streams={})


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recording whose session asks for indices."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    session = Session(
        id="D01_S01",
        crisis_contact="test desk",
        client=Participant("C01"),
        therapist=Participant("T01"),
        lsl=LslSettings(publish=("indices",)),
        recorded=Recorded(started="2026-11-22T00:00:00+00:00", streams=()),
    )
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "session.toml").write_text(dump_session(session), "utf-8")
    return tmp_path / "r"


def test_a_fault_while_publishing_ends_it_with_one_warning(
    growing: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    def fail(*_: object) -> None:
        heard.append(1)
        raise RuntimeError("liblsl gave up")

    monkeypatch.setattr(published.Publisher, "hear", fail)
    with (
        RecordingStore(growing, fsync=0.0) as store,
        caplog.at_level(logging.WARNING),
        publishing(Recording(growing, follow=True), follow=True) as publish,
    ):
        store.tick(1.0, 0.0)
        for _ in range(3):
            publish(BATCH, [])
    assert heard == [1]
    assert [r.getMessage() for r in caplog.records] == ["nothing more is published over LSL: liblsl gave up"]


def test_a_publisher_that_cannot_be_opened_is_told_and_done_without(
    growing: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no runtime directory")

    monkeypatch.setattr(published, "open_publisher", fail)
    with (
        RecordingStore(growing, fsync=0.0),
        caplog.at_level(logging.WARNING),
        publishing(Recording(growing, follow=True), follow=True) as publish,
    ):
        publish(BATCH, [])
    assert [r.getMessage() for r in caplog.records] == ["nothing is published over LSL: no runtime directory"]
