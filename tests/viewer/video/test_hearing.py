"""How loud a video is, off and on, what is said of it: in the window of the video and where moments play."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.errors import DeviceError
from acquisition.ratings.files import RatingWriter, Sitting
from acquisition.ratings.whose import Whose
from acquisition.stream import Role
from tests.viewer.synthetic import T0
from tests.viewer.video.conftest import BEGIN, Filmed, Screened, linked
from tests.viewer.video.made import Sung, bursts, even, film
from tests.viewer.video.test_sound import Output
from tests.viewer.video.test_sound_reader import sound_file
from tests.waiting import wait_for
from viewer import settings as persistence
from viewer.rating.shown import Hour
from viewer.rating.window import RatingWindow
from viewer.theme import DARK
from viewer.video import sound as sound_module
from viewer.video.cover import Cover
from viewer.video.hearing import OFF, Hearing
from viewer.video.level import kept_level
from viewer.video.moments import Moments
from viewer.video.pane import VideoPane
from viewer.window import OperatorWindow

CONTROL = Qt.KeyboardModifier.ControlModifier
TICK = 0.1


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[Output]:
    """Return the outputs that are made from now on, none of them with a device."""
    made: list[Output] = []

    def make(fill: object) -> Output:
        made.append(Output(fill))  # type: ignore[arg-type]
        return made[-1]

    default = sound_module.Sound.__init__.__defaults__
    assert default is not None
    monkeypatch.setattr(sound_module.Sound.__init__, "__defaults__", (*default[:-1], make))
    return made


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sung") / "camera.mp4"
    return film(path, even(60.0, 10.0), sound=Sung([(0.0, bursts(60.0))]))


@pytest.fixture
def sung(filmed: Filmed, camera: Path, outputs: list[Output]) -> Screened:
    """Return a review that runs beside a video with sound."""
    screened = filmed([linked(camera, T0 + TICK + BEGIN, 60.0, has_sound=True)])
    screened.go_to(30.0)
    screened.window.start()
    return screened


def plays(outputs: list[Output]) -> bool:
    """Tell whether something is to be heard by now."""
    return bool(outputs) and outputs[0].is_open and bool(np.abs(outputs[0].hear()).max() > 0.0)


def _beyond(window: OperatorWindow, seconds: float) -> bool:
    return window.panel.pointer > seconds


def hearing(screened: Screened) -> Hearing:
    return screened.pane.hearing


def test_it_plays_and_stops_with_the_cursor(sung: Screened, outputs: list[Output], qtbot: QtBot) -> None:
    assert outputs == [], "nothing is opened for a cursor that stands"
    sung.window.panel.playing = True
    qtbot.waitUntil(lambda: plays(outputs), timeout=60_000)
    qtbot.keyClick(sung.video.window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: outputs[0].dropped >= 1, timeout=60_000)
    assert not outputs[0].hear().any()
    output = outputs[0]
    sung.window.close()
    assert not output.is_open


def test_it_is_switched_off_and_made_louder_by_key_and_box_and_that_is_kept(
    sung: Screened, outputs: list[Output], qtbot: QtBot, tmp_path: Path
) -> None:
    box = sung.video.window.volume
    assert box.currentText() == "Sound 100%"
    sung.window.panel.playing = True
    qtbot.waitUntil(lambda: plays(outputs), timeout=60_000)
    qtbot.keyClick(sung.video.window, Qt.Key.Key_M, CONTROL)
    qtbot.waitUntil(lambda: box.currentText() == "Sound off", timeout=60_000)
    assert not outputs[0].hear().any() and hearing(sung).note == OFF == "the sound is off (Ctrl+M)"
    kept = persistence.load(persistence.store(tmp_path / "settings.ini"))
    assert (kept.volume, kept.muted) == (1.0, True)
    qtbot.keyClick(sung.window, Qt.Key.Key_Up, CONTROL)
    qtbot.waitUntil(lambda: box.currentText() == "Sound 100%", timeout=60_000)
    qtbot.keyClick(sung.window, Qt.Key.Key_Down, CONTROL)
    qtbot.waitUntil(lambda: box.currentText() == "Sound 50%", timeout=60_000)
    box.setCurrentIndex(box.findData(0.1))
    box.activated.emit(box.currentIndex())
    kept = persistence.load(persistence.store(tmp_path / "settings.ini"))
    assert (kept.volume, kept.muted) == (0.1, False)


def test_what_is_wrong_is_said_once_and_picture_and_lanes_go_on(
    filmed: Filmed, tmp_path: Path, outputs: list[Output], qtbot: QtBot
) -> None:
    path = film(tmp_path / "mute.mp4", even(30.0, 10.0))
    screened = filmed([linked(path, T0 + TICK + BEGIN, 30.0)])
    screened.go_to(25.0)
    said: list[str] = []
    hearing(screened).changed.connect(lambda: said.append(hearing(screened).note))
    window = screened.window
    window.start()
    for _ in range(2):
        window.panel.playing = True
        at = window.panel.pointer
        qtbot.waitUntil(partial(_beyond, window, at + 0.5), timeout=60_000)
        window.panel.playing = False
        window.tick()
    assert said == ["mute.mp4 has no sound"] and outputs == []
    assert screened.video.window.volume.toolTip() == "mute.mp4 has no sound"
    screened.settle()


def test_a_sound_file_is_heard_alone(
    filmed: Filmed, tmp_path: Path, outputs: list[Output], qtbot: QtBot
) -> None:
    path = sound_file(tmp_path / "voice.wav", Sung([(0.0, bursts(30.0))], codec="pcm_s16le"))
    screened = filmed([linked(path, T0 + TICK + BEGIN, 30.0, has_sound=True)])
    screened.window.panel.go_to(25.0)
    screened.window.start()
    screened.window.panel.playing = True
    qtbot.waitUntil(lambda: plays(outputs), timeout=60_000)
    assert screened.pane.words.endswith("voice.wav: has sound and no pictures")


def test_a_card_that_is_absent_leaves_the_picture_running(
    sung: Screened, outputs: list[Output], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(output: Output) -> None:
        raise DeviceError("there is no sound output")

    monkeypatch.setattr(Output, "open", absent)
    sung.window.panel.playing = True
    qtbot.waitUntil(lambda: hearing(sung).note != "", timeout=60_000)
    assert hearing(sung).note == "no sound: there is no sound output"
    at = sung.window.panel.pointer
    qtbot.waitUntil(lambda: sung.window.panel.pointer > at + 0.5, timeout=60_000)
    assert sung.pane.exact and sung.window.panel.playing


@pytest.fixture
def cover(camera: Path, tmp_path: Path) -> Cover:
    """Return what a video with sound covers that begins with the recording, at 1000 s of its clock."""
    return Cover([linked(camera, 1000.0, 60.0, has_sound=True)], tmp_path, 1000.0)


def test_a_moment_that_plays_is_heard_and_its_end_is_silent(
    qtbot: QtBot, cover: Cover, outputs: list[Output]
) -> None:
    pane = VideoPane(cover, DARK)
    qtbot.addWidget(pane)
    pane.show()
    moments = Moments([pane], 1.5)
    moments.stand([10.0])
    moments.play_or_stop()
    qtbot.waitUntil(lambda: plays(outputs), timeout=60_000)
    qtbot.waitUntil(lambda: not moments.playing, timeout=60_000)
    assert not outputs[0].hear().any()
    pane.hide()
    assert not outputs[0].is_open, "a pane that is gone holds no output"


def test_a_rater_hears_the_video_and_may_switch_it_off(
    qtbot: QtBot, cover: Cover, outputs: list[Output], tmp_path: Path
) -> None:
    kept = persistence.store(tmp_path / "own.ini")
    sitting = Sitting(rater="R1", whose=Whose(Role.CLIENT), input="keyboard", shown="video")
    window = RatingWindow(
        RatingWriter(tmp_path, sitting), sitting, Hour(1000.0, 1060.0), DARK, start=1010.0,
        cover=cover, level=kept_level(kept),
    )  # fmt: skip
    qtbot.addWidget(window)
    window.show()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: plays(outputs), timeout=60_000)
    qtbot.keyClick(window, Qt.Key.Key_M, CONTROL)
    wait_for(lambda: persistence.load(kept).muted, "it is not kept")
    window.watch()
    assert window.pane is not None and not outputs[0].hear().any() and window.pane.hearing.note == OFF
    window.close()


def test_what_is_kept_and_makes_no_sense_is_as_loud_as_usual(tmp_path: Path) -> None:
    kept = persistence.store(tmp_path / "own.ini")
    kept.setValue("volume", "nonsense")
    kept.setValue("muted", "perhaps")
    assert kept_level(kept)() == 1.0
    level = kept_level(kept)
    level.step(1)
    level.step(-1)
    assert level() == 0.5
    level.choose(0.0)
    assert level() == 0.0
    level.step(-1)
    assert level() == 0.0, "less loud leaves it off"
    level.mute()
    assert level() == 0.25
