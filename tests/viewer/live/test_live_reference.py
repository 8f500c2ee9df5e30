"""attune live --reference: a person is seen relative to earlier sessions from the first minute on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from click.testing import CliRunner
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from acquisition.lsl import clock
from acquisition.recorder.control import Client
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Consent, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.stream import Chunk, Modality, Role
from processing.arousal.arousal import Arousal
from processing.arousal.band import bits_of
from processing.arousal.baseline import Reference
from processing.arousal.person import to_json
from processing.config import PipelineConfig
from tests.processing.arousal_rows import EXPECTED, MARKS, events, resting, rows_of, run
from tests.viewer.model.test_marking import FakeRecorder
from viewer import opened as windows
from viewer import settings as persistence
from viewer.live import live
from viewer.window import OperatorWindow, application

BEGIN, SECONDS = 5000.25, 110.0
INFOS = tuple(
    i for i in simulated_streams() if i.role is Role.CLIENT and i.modality in (Modality.ECG, Modality.EDA)
)
GIVEN = Consent(version="1", ecg=True, eda=True)


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Return what the baselines of an earlier session left."""
    arousal = Arousal("client", channels_expected=EXPECTED, config=PipelineConfig())
    run(arousal, rows_of(*resting(480)), events(MARKS), 480.0)
    assert arousal.session is not None
    return arousal.session


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Path]:
    """Return a recording without a baseline that a recorder still holds open."""
    path = tmp_path / "rec"
    store = RecordingStore(path, fsync=0.0)
    session = Session(
        id="S02",
        crisis_contact="test desk",
        client=Participant("C07", GIVEN),
        therapist=Participant("T02", Consent()),
        recorded=Recorded(started="2026-11-22T00:00:00+00:00", streams=INFOS),
    )
    (path / "session.toml").write_text(dump_session(session), "utf-8")
    feed = Feed(Dyad(Script(3), INFOS), BEGIN)
    feed.take(BEGIN)
    for k in range(round(SECONDS / 0.1)):
        for item in feed.take(BEGIN + 0.1 * k):
            if isinstance(item, Chunk):
                store.samples(item.info, item.times, item.samples)
        store.tick(BEGIN + 0.1 * k, 1.7e9 + 0.1 * k)
    yield path
    store.close()


class HeldOpen:
    """Stand for the recorder's process: the recording is there and grows no further."""

    path = Path()
    began = 0

    def __init__(self, session: Path, **_: Any) -> None:
        self.running = True

    def __enter__(self) -> Self:
        HeldOpen.began += 1
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def await_recording(self) -> Path:
        return HeldOpen.path

    def stop(self) -> None:
        self.running = False

    def wait(self) -> None:
        assert not self.running


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[OperatorWindow]:
    """Let `attune live` open its window here, and return the windows it opens."""
    opened: list[OperatorWindow] = []
    real = windows.open_window

    def opening(*args: Any, **options: Any) -> OperatorWindow:
        opened.append(real(*args, **options))
        return opened[-1]

    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)
    monkeypatch.setattr(windows, "open_window", opening)
    monkeypatch.setattr(live, "has_display", lambda: True)
    monkeypatch.setattr(live, "RecorderProcess", HeldOpen)
    monkeypatch.setattr(Client, "find", lambda path: FakeRecorder())
    # The recording stands still at its end, and so does the clock of the window.
    monkeypatch.setattr(clock, "local_clock", lambda: BEGIN + SECONDS)
    HeldOpen.began = 0
    return opened


def session_file(folder: Path) -> Path:
    path = folder / "session.toml"
    path.write_text(
        '[session]\nid = "S02"\ncrisis_contact = "test desk"\n'
        '[client]\ncode = "C07"\nconsent = { version = "1", ecg = true, eda = true }\n'
        '[therapist]\ncode = "T02"\n'
        '[[device]]\nrole = "client"\nprofile = "lsl_ecg"\nsource_id = "x"\n',
        "utf-8",
    )
    return path


def watched(opened: list[OperatorWindow], words: list[str]) -> dict[str, Any]:
    """Run `attune live`, close its window once it has read everything, and return what it showed."""
    seen: dict[str, Any] = {}

    def look() -> None:
        if not opened or opened[0].model.elapsed < SECONDS - 1.0:
            return
        timer.stop()
        window = opened[0]
        window.draw_all()
        model = window.model
        names = ("arousal", "arousal_low", "arousal_high")
        seen["values"] = {n: model.known("client", n, model.elapsed) for n in names}
        seen["gauge"] = window.panel.gauges[Role.CLIENT].reading
        seen["state"] = model.state
        application().exit(0)

    timer, limit = QTimer(), QTimer()
    timer.timeout.connect(look)
    limit.setSingleShot(True)
    limit.timeout.connect(lambda: application().exit(0))
    timer.start(100)
    limit.start(90_000)
    # The last window that closes quits once more: after the loop has ended, that would end every later one.
    app = application()
    before = app.quitOnLastWindowClosed()
    app.setQuitOnLastWindowClosed(False)
    done = CliRunner().invoke(live.live_command, words)
    app.setQuitOnLastWindowClosed(before)
    timer.stop()
    limit.stop()
    assert done.exit_code == 0, done.output
    assert seen, "the window did not read everything"
    return seen


def test_the_reference_reaches_the_pipeline_and_the_gauge(
    qtbot: QtBot, tmp_path: Path, growing: Path, desk: list[OperatorWindow], reference: Reference
) -> None:
    HeldOpen.path = growing
    file = tmp_path / "reference.json"
    file.write_text(to_json({"client": reference}, None).replace('"client"', '"C07"'), "utf-8")
    seen = watched(desk, [str(session_file(tmp_path)), "--reference", str(file), "--out", str(tmp_path)])
    band = reference.bands[bits_of(("hr", "scl", "scr"))]
    assert seen["state"] == "growing"
    assert math.isfinite(seen["values"]["arousal"].value)
    assert seen["values"]["arousal_low"].value == pytest.approx(band.low)
    assert seen["values"]["arousal_high"].value == pytest.approx(band.high)
    gauge = seen["gauge"]
    assert (gauge.low, gauge.high) == pytest.approx((band.low, band.high))
    assert math.isfinite(gauge.value)
    assert gauge.kind != "no baseline"
    assert gauge.baseline == "reference of earlier sessions"


def test_without_a_reference_there_is_no_band_before_a_baseline(
    qtbot: QtBot, tmp_path: Path, growing: Path, desk: list[OperatorWindow]
) -> None:
    HeldOpen.path = growing
    seen = watched(desk, [str(session_file(tmp_path)), "--out", str(tmp_path)])
    assert math.isnan(seen["values"]["arousal"].value)
    assert seen["gauge"].kind == "no baseline"
    assert seen["gauge"].baseline == "no baseline marked"


def test_a_reference_of_somebody_else_is_refused_before_anything_is_recorded(
    tmp_path: Path, desk: list[OperatorWindow], reference: Reference
) -> None:
    file = tmp_path / "reference.json"
    file.write_text(to_json({"client": reference}, None).replace('"client"', '"C99"'), "utf-8")
    words = [str(session_file(tmp_path)), "--reference", str(file), "--out", str(tmp_path)]
    done = CliRunner().invoke(live.live_command, words)
    assert done.exit_code == 1
    assert "holds references of C99; here are C07, T02" in done.output
    assert HeldOpen.began == 0
    assert not desk
    assert json.loads(file.read_text("utf-8"))["people"].keys() == {"C99"}
