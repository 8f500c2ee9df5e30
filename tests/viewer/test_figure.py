"""The visible figure as a file: what is in it is what is on screen."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from acquisition.errors import AttunementError
from acquisition.recording.derived import derived
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.pixels import n_near
from tests.viewer.synthetic import Session, fill, marks
from tests.viewer.test_window import CONTROL, paused_session
from viewer.figure import save_figure
from viewer.lanes.figure_lane import _runs
from viewer.model.definitions import NOTICE
from viewer.theme import DARK, LIGHT, THEMES
from viewer.window import OperatorWindow


def count(image: QImage, colour: str) -> int:
    return n_near(image, colour, 49)


def drawn(path: Path) -> QImage:
    if path.suffix == ".png":
        return QImage(str(path))
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    image = QImage(renderer.defaultSize(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return image


def opened(make_window: MakeWindow, state: str = "growing", **set_up: str) -> OperatorWindow:
    model = synthetic.model(synthetic.streams(voice=True))
    fill(model, 120.0, Session(infos=list(model.streams), events=list(marks(120.0))))
    model.state = state
    return make_window(model, **set_up)


@pytest.mark.parametrize("state", ["growing", "closed"], ids=["live", "review"])
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_figure_holds_both_people_lanes_and_notice(
    make_window: MakeWindow, tmp_path: Path, kind: str, state: str
) -> None:
    window = opened(make_window, state)
    image = drawn(save_figure(window.panel, tmp_path / f"figure.{kind}"))
    assert image.width() > 1200 and image.height() > 600
    assert count(image, DARK.client) > 2000 and count(image, DARK.therapist) > 2000
    if kind == "svg":
        text = (tmp_path / "figure.svg").read_text("utf-8")
        words = "".join(ElementTree.fromstring(text).itertext())
        for said in ("D07_S03", "client C07", "lnRMSSD", "now moment", NOTICE):
            assert said in words
        assert "clip-path" not in text


def test_nothing_of_a_paused_person_is_in_the_figure(make_window: MakeWindow, tmp_path: Path) -> None:
    window = make_window(session=paused_session())
    image = drawn(save_figure(window.panel, tmp_path / "figure.png"))
    badges = 6 * (2 * 18) ** 2
    assert count(image, DARK.client) < badges < count(image, DARK.therapist)


def test_other_kinds_and_places_are_refused(make_window: MakeWindow, tmp_path: Path) -> None:
    window = opened(make_window)
    with pytest.raises(AttunementError, match=r"ends in \.svg or \.png"):
        save_figure(window.panel, tmp_path / "figure.jpg")
    for kind in ("svg", "png"):
        with pytest.raises(AttunementError, match="cannot be written"):
            save_figure(window.panel, tmp_path / "nowhere" / f"figure.{kind}")


def test_lines_are_cut_at_the_edges_of_their_lane() -> None:
    box = QRectF(100, 0, 200, 50)
    runs = _runs(np.array([0.0, 400.0]), np.array([10.0, 30.0]), box, pairs=False)
    assert [r.tolist() for r in runs] == [[[100.0, 15.0], [300.0, 25.0]]]
    gap = _runs(np.array([110.0, 120.0, 130.0, 140.0]), np.array([1.0, np.nan, 3.0, 4.0]), box, pairs=False)
    assert [r.tolist() for r in gap] == [[[130.0, 3.0], [140.0, 4.0]]]
    assert _runs(np.array([0.0, 50.0]), np.array([1.0, 1.0]), box, pairs=False) == []


def test_ctrl_e_asks_where_to(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = opened(make_window)
    target = tmp_path / "asked.svg"
    asked: list[str] = []

    def answer(parent: object, title: str, name: str, kinds: str) -> tuple[str, str]:
        asked.append(Path(name).name)
        return str(target), kinds.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    qtbot.keyClick(window, Qt.Key.Key_E, CONTROL)
    assert window.path is not None
    assert [(d.path, d.what) for d in derived(window.path)] == [(target.resolve(), "picture")]
    assert target.exists() and asked == ["D07_S03_0-01-08.svg"]
    assert LIGHT.window.casefold() in target.read_text("utf-8").casefold()
    assert DARK.window.casefold() not in target.read_text("utf-8").casefold()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "x.svg"), ""))
    said: list[str] = []

    def close() -> None:
        box = QApplication.activeModalWidget()
        assert box is not None
        said.append(box.text())  # type: ignore[attr-defined]
        box.close()

    QTimer.singleShot(0, close)
    window.beside.ask_figure()
    assert "cannot be written" in said[0]


@pytest.mark.parametrize(("own", "other"), [("dark", "light"), ("light", "dark")])
def test_a_figure_may_have_the_other_theme(
    make_window: MakeWindow, tmp_path: Path, own: str, other: str
) -> None:
    window = opened(make_window, theme=own)
    one, two = (save_figure(window.panel, tmp_path / f"{t}.png", theme=t) for t in (own, other))
    first, second = QImage(str(one)), QImage(str(two))
    assert first.size() == second.size()
    assert first.pixelColor(2, 2) == QColor(THEMES[own].window)
    assert second.pixelColor(2, 2) == QColor(THEMES[other].window)

    lines = [count(image, THEMES[t].client) for image, t in ((first, own), (second, other))]
    assert lines[0] > 1000 and lines[1] == pytest.approx(lines[0], rel=0.4)
    assert window.panel.isVisible()


def test_a_figure_that_was_asked_for_while_loading_is_of_the_panel_that_is_there_now(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window, target = opened(make_window), tmp_path / "late.svg"

    def answer(*_: object) -> tuple[str, str]:
        window.rebuild()  # as at the end of loading
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    window.beside.ask_figure()
    assert target.exists()
