"""The set-up: from devices in range to a session file, without hardware; baselines, taps and devices live."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel
from pytestqt.qtbot import QtBot

from acquisition.event import Event, Notice
from acquisition.lsl.clock import local_clock
from acquisition.session.toml import load_session
from acquisition.simulation.demo_session import emulated_session
from acquisition.stream import Modality, Role
from processing.arousal.baseline import BaselineVerdict
from tests.acquisition.lsl_sender import outlet
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import T0, Session, fill
from tests.viewer.test_window import CONTROL, marked
from viewer import settings as persistence
from viewer.live.live_tap import LiveTap
from viewer.model.wording import forbidden
from viewer.setup.setup_window import SetUpWindow

DEADLINE = 120_000
PEOPLE_ONLY = """\
# who, and nothing on them yet
[session]
id = "D07_S03"
crisis_contact = "ext. 4400"
[client]
code = "C07"
consent = { version = "2026-10", ecg = true, eda = true }
[therapist]
code = "T02"
consent = { version = "2026-10", ecg = true, eda = true }
"""
FOUND = [
    {
        "kind": "ble",
        "name": "Polar H10 1",
        "identity": "C7:4C:DA:51:37:51",
        "profile": "polar_h10",
        "rssi": -55,
    },
    {
        "kind": "ble",
        "name": "Polar H10 1",
        "identity": "C7:4C:DA:51:37:52",
        "profile": "polar_h10",
        "rssi": -91,
    },
    {"kind": "lsl", "name": "GSR", "identity": "", "profile": "lsl_eda", "rssi": None},
]
STREAM = '[[device]]\nrole = "therapist"\nprofile = "lsl_eda"\nsource_id = "setup-eda"\n'
MakeSetUp = Callable[..., SetUpWindow]


@pytest.fixture
def make_set_up(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeSetUp]:
    opened: list[SetUpWindow] = []

    def make(text: str = PEOPLE_ONLY, child: str = "", theme: str = "dark") -> SetUpWindow:
        """Open a set-up; `child` is a Python program in place of the `devices` commands."""
        path = tmp_path / "session.toml"
        if not path.exists():
            path.write_text(text, "utf-8")
        kept = persistence.store(tmp_path / "settings.ini")
        persistence.save(kept, persistence.Settings(theme=theme))
        more: dict[str, Any] = {"command": (sys.executable, "-c", child)} if child else {}
        window = SetUpWindow(path, kept=kept, out=tmp_path, **more)
        opened.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=DEADLINE)
        return window

    yield make
    for window in opened:
        window.close()
        window.deleteLater()


def printing(value: object, errors: str = "") -> str:
    return f"import sys; print({json.dumps(value)!r}); sys.stderr.write({errors!r})"


def idle(window: SetUpWindow) -> Callable[[], bool]:
    return lambda: not window.probe.running


def choose(box: QComboBox, value: str) -> None:
    box.setCurrentIndex(box.findData(value))


def test_devices_in_range_become_devices_of_the_session(make_set_up: MakeSetUp, qtbot: QtBot) -> None:
    window = make_set_up(child=printing(FOUND))
    qtbot.keyClick(window, Qt.Key.Key_R, CONTROL)
    qtbot.waitUntil(lambda: bool(window.rows) and not window.probe.running, timeout=DEADLINE)
    assert [r.signal.text() for r in window.rows] == ["strong, -55 dBm", "very weak, -91 dBm", "LSL stream"]
    assert "source_id" in window.rows[2].state.text() and not window.begin.isEnabled()
    choose(window.rows[0].person, "client")
    choose(window.rows[1].person, "therapist")
    qtbot.keyClick(window, Qt.Key.Key_S, CONTROL)
    session = load_session(window.path)
    assert [(d.role.value, d.profile, d.address) for d in session.devices] == [
        ("client", "polar_h10", "C7:4C:DA:51:37:51"),
        ("therapist", "polar_h10", "C7:4C:DA:51:37:52"),
    ]
    assert window.path.read_text("utf-8").startswith("# who, and nothing on them yet")
    assert window.status.text() == "saved: session.toml, 2 devices"


def test_the_person_of_last_time_is_proposed(make_set_up: MakeSetUp, qtbot: QtBot) -> None:
    window = make_set_up(child=printing(FOUND))
    window.scan()
    qtbot.waitUntil(lambda: len(window.rows) == 3, timeout=DEADLINE)
    choose(window.rows[1].person, "therapist")
    assert window.write()
    window.close()
    window.path.write_text(PEOPLE_ONLY, "utf-8")
    again = make_set_up(child=printing(FOUND))
    again.scan()
    qtbot.waitUntil(lambda: len(again.rows) == 3, timeout=DEADLINE)
    assert [r.candidate.role for r in again.rows] == ["", "therapist", ""]
    assert again.rows[1].state.text() == "person as last time"


def test_what_is_wrong_is_said_and_nothing_hangs(make_set_up: MakeSetUp, qtbot: QtBot) -> None:
    quiet = "Bluetooth cannot be used: no Bluetooth service runs on this machine"
    window = make_set_up(child=printing([], f"{quiet}\nWARNING:library:noise\n"))
    window.scan()
    qtbot.waitUntil(idle(window), timeout=DEADLINE)
    assert window.message.text() == quiet
    assert window.status.text().startswith("nothing near")
    window.probe._command = ("/no/such/program",)
    window.scan()
    qtbot.waitUntil(idle(window), timeout=DEADLINE)
    assert "cannot look for devices" in window.message.text()


@pytest.fixture
def bridge() -> Iterator[None]:
    """Send skin conductance over LSL, as a bridge does, until the test ends."""
    source = outlet(
        "setup-eda", name="EDA of the bridge", type="EDA", sfreq=32.0, labels=("EDA",), units=("uS",)
    )
    sent, push, begun = [0], QTimer(), local_clock()

    def send() -> None:
        n = np.arange(sent[0], int((local_clock() - begun) * 32.0))
        if len(n):
            source.push(begun + n / 32.0, (4.0 + 0.1 * np.sin(n / 50.0))[:, None])
        sent[0] += len(n)

    push.timeout.connect(send)
    push.start(250)
    yield
    push.stop()


def emulated_belt() -> str:
    """Return a session whose client wears an emulated belt that is tapped."""
    head, belt, *_ = emulated_session(past=False).split("[[device]]")
    return head + "[[device]]" + belt.replace("past = false", "past = false, tap = 3.0")


@pytest.mark.slow
def test_emulated_wearables_and_lsl_streams_are_found(
    make_set_up: MakeSetUp, qtbot: QtBot, bridge: None
) -> None:
    window = make_set_up(emulated_belt())

    def found() -> bool:
        if window.probe.running:
            return False
        if {"setup-eda"} <= {r.candidate.identity for r in window.rows} and len(window.rows) >= 5:
            return True
        window.scan()  # again, if a machine that was busy let one scan end without all
        return False

    qtbot.waitUntil(found, timeout=DEADLINE)
    by_identity = {r.candidate.identity: r for r in window.rows}
    assert by_identity["setup-eda"].candidate.profile == "lsl_eda"
    choose(by_identity["setup-eda"].person, "therapist")
    assert window.rows[0].candidate.role == "client"
    assert window.write()
    devices = load_session(window.path).devices
    assert [(d.role.value, d.profile) for d in devices] == [("client", "polar_h10"), ("therapist", "lsl_eda")]
    assert devices[0].settings["tap"] == 3.0 and devices[1].source_id == "setup-eda"


@pytest.mark.slow
def test_emulated_wearables_are_identified_by_a_tap(
    make_set_up: MakeSetUp, qtbot: QtBot, bridge: None
) -> None:
    window = make_set_up(emulated_belt().rstrip() + "\n" + STREAM)
    window.identify()
    first = window.rows[0]
    assert first.candidate.role == "client"
    qtbot.waitUntil(lambda: first.dot.taps > 0, timeout=DEADLINE)
    assert "moves" in window.status.text()
    window.identify()
    qtbot.waitUntil(idle(window), timeout=DEADLINE)


@pytest.mark.slow
def test_emulated_wearables_and_lsl_streams_are_checked_and_the_recording_begins(
    make_set_up: MakeSetUp, qtbot: QtBot, bridge: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_set_up(emulated_belt().rstrip() + "\n" + STREAM)
    monkeypatch.setattr(window.probe, "check", partial(window.probe.check, seconds=8.0))
    first = window.rows[0]
    window.check()
    qtbot.waitUntil(lambda: bool(window.findings.text()) and not window.probe.running, timeout=DEADLINE)
    assert "battery 87 %" in first.state.text()
    assert {"Device", "Signal", "Disk", "Clock", "Network"} <= set(
        window.findings.text().replace("\n", " · ").split(" · ")
    )
    assert window.doubts() == [], "it would ask"
    with qtbot.waitSignal(window.begin_asked, timeout=DEADLINE):
        window.begin.click()
    assert [d.profile for d in load_session(window.path).devices] == ["polar_h10", "lsl_eda"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_controls_have_names_and_words_claim_nothing(
    make_set_up: MakeSetUp, qtbot: QtBot, theme: str
) -> None:
    window = make_set_up(child=printing(FOUND), theme=theme)
    window.scan()
    qtbot.waitUntil(lambda: len(window.rows) == 3, timeout=DEADLINE)
    controls = [*window.findChildren(QAbstractButton), *window.findChildren(QComboBox)]
    assert not [c for c in controls if c.isVisible() and not c.accessibleName()]
    texts = [w.text() for w in window.findChildren(QLabel)] + [c.toolTip() for c in controls]
    assert not any(
        forbidden(t) for t in texts if t not in window.session.crisis_contact and "Research use" not in t
    )


# beside a running recording


def baseline(*rows: tuple[str, str, float]) -> Session:
    events = [
        Event(time=T0 + t, code=code, phase="on" if phase == "on" else "off", actor="tech", id=f"b{k}")
        for k, (code, phase, t) in enumerate(rows)
    ]
    return Session(events=events)


def test_running_baseline_counts_down_and_says_what_it_gave(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(seconds=120.0, session=baseline(("baseline_rest", "on", 30.0)))
    qtbot.keyClick(window, Qt.Key.Key_F2)
    set_up = window.beside.show_set_up()
    panel = set_up.baselines
    assert panel.clocks["baseline_rest"].text() == "3:30 left"
    assert panel.bars["baseline_rest"].share == pytest.approx(90 / 300)
    said = panel.lines["baseline_rest", Role.CLIENT].text()
    assert said == "valid so far: heart rate 100 %, EDA level 100 %"
    assert panel.buttons["baseline_rest"].text() == "End  F5"
    qtbot.mouseClick(panel.buttons["baseline_talk"], Qt.MouseButton.LeftButton)
    assert marked(window, 1)[0].code == "baseline_talk"
    qtbot.keyClick(set_up, Qt.Key.Key_F5)
    assert marked(window, 2)[1].code == "baseline_rest"


def test_verdict_of_a_baseline_is_shown_with_its_reasons(make_window: MakeWindow) -> None:
    window = make_window(
        seconds=400.0, session=baseline(("baseline_rest", "on", 10.0), ("baseline_rest", "off", 320.0))
    )
    set_up = window.beside.show_set_up()
    lines = set_up.baselines.lines
    assert lines["baseline_rest", Role.CLIENT].text() == "ended; it is being judged …"
    judged = BaselineVerdict(
        entity="client", code="baseline_rest", time=T0 + 320, start=T0 + 10, stop=T0 + 320, accepted=True,
        valid={}, seconds=287.0, text="accepted: 287 s; valid: heart rate 97 %",
    )  # fmt: skip
    other = replace(
        judged, entity="therapist", accepted=False, text="refused: heart rate valid 61 %, needs 80 %"
    )
    window.model.verdicts = (judged, other)
    set_up.refresh()
    assert lines["baseline_rest", Role.CLIENT].text() == "ACCEPTED: 287 s; valid: heart rate 97 %"
    assert lines["baseline_rest", Role.THERAPIST].text() == "REFUSED: heart rate valid 61 %, needs 80 %"
    assert lines["baseline_talk", Role.CLIENT].text() == "not begun"


def test_live_devices_tell_state_battery_and_clock(make_window: MakeWindow) -> None:
    told = "connected (rssi -61 dBm, mtu 517, firmware 3.0, battery 18 %)"
    notices = [
        Notice(time=T0 + 5, kind="health", role=Role.CLIENT, stream="ECG", message=told),
        Notice(time=T0 + 50, kind="clock", role=Role.DYAD, message="wall clock jumped by 3600.0 s"),
    ]
    session = Session(notices=notices, silent={(Role.CLIENT, Modality.EDA): (60.0, 999.0)})
    set_up = make_window(session=session).beside.show_set_up()
    texts = [w.text() for w in set_up.findChildren(QLabel)]
    assert "ok; rssi -61 dBm, battery 18 %" in texts
    assert "lost 60 s" in texts
    assert "clock: 1 jump; last: wall clock jumped by 3600.0 s" in texts


def test_a_tap_shows_which_stream_of_the_recording_reacts(make_window: MakeWindow) -> None:
    infos = synthetic.streams()
    session, tap = Session(infos=infos), LiveTap()
    heard = [tap.hear(session.batch(10)) for _ in range(15)]
    assert heard == [[]] * 15
    batch = session.batch(10)
    key = next(k for k in batch.streams if k == (Role.THERAPIST, "ECG"))
    batch.streams[key].samples[60:64] += 40.0
    (moved,) = [*tap.hear(batch), *tap.hear(session.batch(10))]
    assert moved.key == key
    window = make_window(infos=infos)
    set_up = window.beside.show_set_up()
    set_up._react(moved)
    assert set_up.tapped.text() == "0:01:59 therapist: ECG (polar_h10) moves"
    dot = set_up._rows[Role.THERAPIST, "polar_h10"][0]
    assert dot.on
    dot._rest()
    assert (dot.taps, dot.accessibleDescription()) == (1, "was tapped")


def test_set_up_follows_a_change_of_theme(make_window: MakeWindow) -> None:
    window = make_window()
    before = window.beside.show_set_up()
    window.change(theme="light")
    after = window.beside.set_up
    assert after is not None and after is not before and after.isVisible() and not before.isVisible()


def test_pipeline_tells_its_verdicts_to_the_window() -> None:
    from processing.pipeline import Pipeline
    from viewer.opening import Computing

    infos = synthetic.streams()
    session = baseline(("baseline_rest", "on", 2.0), ("baseline_rest", "off", 20.0))
    session.infos = infos
    source: Any = SimpleNamespace(recording=SimpleNamespace(session=None), follow=False)
    push = Computing(Pipeline(infos, session_id="s"), source)
    for _ in range(4):
        push(session.batch(100))
    verdicts = push.verdicts()
    assert {v.entity for v in verdicts} == {"client", "therapist"}
    assert all(not v.accepted and v.text.startswith("refused: ") for v in verdicts)
    model = synthetic.model(infos)
    fill(model, 1.0)
    assert model.verdicts == ()
