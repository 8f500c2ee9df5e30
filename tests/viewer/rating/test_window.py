"""The window: keys and mouse move the scale, what is rated is kept, nothing is seen that was not agreed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.errors import AttunementError
from acquisition.ratings.files import RatingWriter, Sitting, read_ratings
from acquisition.ratings.whose import Whose
from acquisition.recording.recording import Recording
from acquisition.session.study import read_study
from acquisition.stream import Modality, Role
from tests.processing.simulated_hour import infos, write_hour
from viewer.rating.command import rate_command
from viewer.rating.run import COUNTDOWN
from viewer.rating.shown import Hour, decided, hour_of
from viewer.rating.window import RatingWindow
from viewer.theme import DARK

STUDY = """
[rating]
shows = "physiology"
[[rating.axis]]
name = "closeness"
less = "far"
more = "near"
[rating.labels]
over = 0.6
ok = 0.2
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hour(tmp_path_factory.mktemp("rated") / "D01_S01", streams=infos(leave_out=(Modality.ECG,)))


class Clock:
    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("how", ["keyboard", "mouse"])
def test_what_is_rated_is_in_the_file(qtbot: QtBot, recording: Path, how: str) -> None:
    clock, sitting = (
        Clock(),
        Sitting(rater="R1" if how == "mouse" else "R2", whose=Whose(Role.CLIENT), input=how),
    )
    writer = RatingWriter(recording, sitting)
    window = RatingWindow(writer, sitting, Hour(100.0, 400.0), DARK, start=100.0, now=clock)
    window._timer.stop()
    qtbot.addWidget(window)

    def go(seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            clock.now += 0.05
            window.look()

    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.page.words == "3"
    go(COUNTDOWN + 1.0)
    assert window.lock.held is (how == "mouse")
    if how == "keyboard":
        qtbot.keyPress(window, Qt.Key.Key_Right)
        go(0.5)
        qtbot.keyRelease(window, Qt.Key.Key_Right)
    else:
        window.scale.move(120.0, 0.0)
        window.run.changed(clock.now)
    go(1.0)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.lock.held
    assert window.page.words == "paused · Space goes on"
    window.page.grab()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    (found,) = [r for r in read_ratings(recording) if r.sitting == sitting]
    assert found.values[0, 0] == 0.0
    assert found.values[-1, 0] == pytest.approx(0.4, abs=0.05)
    assert 100.0 <= found.times[0] < found.times[-1] <= 103.0


def test_a_rater_sees_what_the_study_says_and_no_more(tmp_path: Path, recording: Path) -> None:
    assert (decided(None), decided(None, "speech")) == ("nothing", "speech")
    with pytest.raises(AttunementError, match=r"no study\.toml says so"):
        decided(None, "physiology")
    (tmp_path / "study.toml").write_text(STUDY)
    study = read_study(tmp_path / "study.toml")
    assert (decided(study), decided(study, "nothing")) == ("physiology", "nothing")
    (tmp_path / "study.toml").write_text(STUDY.replace("physiology", "nothing"))
    with pytest.raises(AttunementError, match="choices: nothing"):
        decided(read_study(tmp_path / "study.toml"), "speech")
    assert hour_of(recording, "nothing").strips == {}
    assert set(hour_of(recording, "speech").strips) == {"client speaks", "therapist speaks"}
    assert len(hour_of(recording, "physiology").strips) == 4


def test_the_command_draws_the_page_with_the_words_of_the_study(tmp_path: Path, recording: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    words = [str(recording), "--rater", "R7", "--study", str(tmp_path / "study.toml")]
    out = tmp_path / "page.png"
    done = CliRunner().invoke(rate_command, [*words, "--picture", str(out)])
    assert done.exit_code == 0, done.output
    assert out.stat().st_size > 5000
    assert not [r for r in read_ratings(recording) if r.sitting.rater == "R7"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rater", "Maria Huber"), "must be a code"),
        (("--rater", "R1", "--axis", "a:b"), "NAME or NAME:LESS:MORE"),
        (("--rater", "R1", "--axis", "a", "--axis", "a"), "two names that differ"),
        (("--rater", "R1", "--show", "physiology"), "is not what was agreed"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(recording: Path, words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(rate_command, [str(recording), *words])
    assert done.exit_code in (1, 2)
    assert re.search(said, done.output)
    assert "Traceback" not in done.output


def test_a_rating_goes_on_where_it_stood_and_keeps_its_scale(tmp_path: Path, recording: Path) -> None:
    end = [t for b in Recording(recording).batches() for t in b.ticks][-1]
    sitting = Sitting(rater="R9", whose=Whose(Role.CLIENT))
    writer = RatingWriter(recording, sitting)
    writer.add(float(end), (0.0,))
    writer.close()
    words = [str(recording), "--rater", "R9", "--picture", str(tmp_path / "p.png")]
    assert "has rated it to its end" in CliRunner().invoke(rate_command, words).output
    assert "another scale" in CliRunner().invoke(rate_command, [*words, "--unbounded"]).output
    assert CliRunner().invoke(rate_command, [*words, "--again"]).exit_code == 0
