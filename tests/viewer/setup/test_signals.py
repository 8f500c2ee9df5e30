"""The set-up sees what it accepts: waveforms, beats, an electrode in the air, both hearts on one person."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from acquisition.session.toml import load_session
from acquisition.stream import Modality
from tests.viewer.setup.test_setup import (
    DEADLINE,
    FOUND,
    PEOPLE_ONLY,
    MakeSetUp,
    choose,
    make_set_up,
    printing,
)
from viewer.setup.assignment import verdict_of
from viewer.setup.setup_window import SetUpWindow
from viewer.setup.signal_strip import SignalStrip
from viewer.theme import DARK

__all__ = ["make_set_up"]
BELTS = """\
[[device]]
role = "client"
profile = "polar_h10"
address = "C7:4C:DA:51:37:51"
[[device]]
role = "{role}"
profile = "{profile}"
address = "C7:4C:DA:51:37:52"
"""
WELL = "72 /min, 12 beats in 10 s"
OFF = "electrode off: 0 beats in 10 s, good 0 %"


def said(event: str, address: str, role: str = "client", **fields: Any) -> dict[str, Any]:
    sender = f"attunement-{role}-{address}-ecg"
    who = {"role": role, "stream": "H10 ECG", "device": "polar_h10", "sender": sender}
    return {"event": event, **who, "modality": "ecg", "unit": "µV", **fields}


def checking(*lines: dict[str, Any], findings: list[dict[str, Any]]) -> str:
    rows = [json.dumps(line) for line in lines] + [json.dumps({"findings": findings})]
    return "\n".join(f"print({row!r})" for row in rows)


def finding(part: str, what: str, ok: bool, text: str) -> dict[str, Any]:
    return {"part": part, "what": what, "ok": ok, "text": text}


WAVE: dict[str, Any] = {"times": [-0.2, -0.1, 0.0], "values": [0.0, 900.0, None]}
CHECKED = checking(
    said("signal", "C7:4C:DA:51:37:51", **WAVE),
    said("contact", "C7:4C:DA:51:37:51", ok=False, settled=True, text=OFF),
    said("signal", "C7:4C:DA:51:37:52", "therapist", **WAVE),
    said(
        "contact", "C7:4C:DA:51:37:52", "therapist", ok=True, settled=True, text="72 /min, 12 beats in 10 s"
    ),
    findings=[
        finding("device", "client polar_h10 (C7:4C:DA:51:37:51)", True, "battery 87 %"),
        finding("stream", "client H10 ECG", False, OFF),
        finding("stream", "therapist H10 ECG", True, WELL),
    ],
)


def checked(window: SetUpWindow, qtbot: QtBot) -> None:
    window.check()
    qtbot.waitUntil(lambda: bool(window.findings.text()) and not window.probe.running, timeout=DEADLINE)


def answering(word: str, asked: list[str]) -> Callable[[], None]:
    """Return what presses a button of the next question, and keeps its text."""

    def answer() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(50, answer)
            return
        asked.append(box.informativeText())
        next(b for b in box.buttons() if b.text() == word).click()

    return lambda: QTimer.singleShot(50, answer)


def test_each_device_shows_its_waveform_and_what_the_pipeline_says(
    make_set_up: MakeSetUp, qtbot: QtBot
) -> None:
    window = make_set_up(PEOPLE_ONLY + BELTS.format(role="therapist", profile="polar_h10"), child=CHECKED)
    checked(window, qtbot)
    first, second = (row.strips["H10 ECG"] for row in window.rows)
    assert (first.word, first.text) == ("LOOK", OFF)
    assert (second.word, second.text) == ("ok", WELL)
    times, values = first.values()
    assert len(times) == 3 and np.isnan(values[2]) and times[1] - times[0] == pytest.approx(0.1)
    assert first.isVisible() and first.accessibleDescription() == f"LOOK: {OFF}"
    assert "electrode off" in window.rows[0].state.text()
    assert window.status.text() == "checked: 1 need a look"


def test_what_a_check_found_is_asked_before_the_recording_begins(
    make_set_up: MakeSetUp, qtbot: QtBot
) -> None:
    window = make_set_up(PEOPLE_ONLY + BELTS.format(role="therapist", profile="polar_h10"), child=CHECKED)
    checked(window, qtbot)
    asked: list[str] = []
    begun: list[bool] = []
    window.begin_asked.connect(lambda: begun.append(True))
    answering("Back", asked)()
    window.begin.click()
    assert len(asked) == 1 and "electrode off" in asked[0] and not begun
    answering("Begin all the same", asked)()
    window.begin.click()
    assert begun == [True]


def test_two_hearts_on_one_person_and_none_on_the_other_do_not_begin_unasked(
    make_set_up: MakeSetUp, qtbot: QtBot
) -> None:
    window = make_set_up(
        PEOPLE_ONLY + BELTS.format(role="client", profile="movesense"), child=printing(FOUND)
    )
    asked: list[str] = []
    begun: list[bool] = []
    window.begin_asked.connect(lambda: begun.append(True))
    answering("Back", asked)()
    window.begin.click()
    assert asked[0].startswith("2 hearts on the client") and asked[0].endswith("none on the therapist")
    assert not begun and load_session(window.path).devices[1].role == "client"
    choose(window.rows[1].person, "therapist")
    assert window.doubts() == []
    window.begin.click()
    assert begun == [True]


def test_taps_stay_visible_and_go_to_the_device_that_was_tapped(make_set_up: MakeSetUp, qtbot: QtBot) -> None:
    moved = "\n".join(
        f"print({json.dumps(said('moved', address, role))!r}, flush=True)"
        for address, role in (("C7:4C:DA:51:37:52", "client"), ("C7:4C:DA:51:37:51", "client"))
    )
    same = BELTS.format(role="client", profile="polar_h10")
    window = make_set_up(PEOPLE_ONLY + same, child=moved)
    window.identify()
    qtbot.waitUntil(lambda: not window.probe.running, timeout=DEADLINE)
    for row in window.rows:
        assert row.dot.taps == 1 and " · tapped " in row.state.text()
        row.dot._rest()
        assert row.dot.accessibleDescription() == "was tapped"
    window.identify()
    assert [row.dot.taps for row in window.rows] == [0, 0]


def test_a_stream_that_will_not_be_opened_is_said_at_its_device() -> None:
    device = load_devices()
    why = "stream eda will not be opened: [client] consent.eda must be true"
    assert verdict_of(device, [finding("plan", device.title, True, why)]) == (False, why)
    heard = finding("stream", "client bridge eda", True, "5 µS")
    assert verdict_of(device, [heard]) == (True, "bridge eda")


def load_devices() -> Any:
    from acquisition.session.session import Device
    from acquisition.stream import Role

    return Device(role=Role.CLIENT, profile="lsl_eda", source_id="bridge")


@pytest.mark.parametrize("values", [[None, None], [1.0, 1.0], [1e300, -1e300], []])
def test_any_values_can_be_drawn(qtbot: QtBot, values: list[float | None]) -> None:
    strip = SignalStrip("x", "client", Modality.EDA, "µS", DARK)
    qtbot.addWidget(strip)
    strip.take([-0.01 * k for k in range(len(values))], values)
    strip.resize(600, 54)
    assert not strip.grab().isNull()
    strip.hold()
    assert not strip.grab().isNull()


def test_beside_its_ecg_a_belt_shows_no_second_strip_of_the_same_heart(
    make_set_up: MakeSetUp, qtbot: QtBot
) -> None:
    beats = said("signal", "C7:4C:DA:51:37:51", **WAVE) | {"stream": "H10 RR", "modality": "rr"}
    wave = said("signal", "C7:4C:DA:51:37:51", **WAVE)
    child = checking(beats, wave, beats, findings=[finding("stream", "client H10 ECG", True, WELL)])
    window = make_set_up(PEOPLE_ONLY + BELTS.format(role="therapist", profile="polar_h10"), child=child)
    checked(window, qtbot)
    assert list(window.rows[0].strips) == ["H10 ECG"]
