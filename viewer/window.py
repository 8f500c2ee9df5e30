"""The operator's window: one timer pulls from the worker, feeds the model, and has the panel draw."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QMessageBox

from acquisition.vocabulary import Code
from viewer import settings as persistence
from viewer.definitions import SYNC_SIGNALS
from viewer.markers import label_of
from viewer.marking import Marking, Recorder
from viewer.model import SessionModel
from viewer.page import clock
from viewer.panel import OperatorPanel, style_sheet
from viewer.theme import THEMES
from viewer.worker import Ended, Worker

FRAME = 33
"""Milliseconds between frames."""
BUDGET = 0.012
"""Seconds of a frame that may go into taking data in; the rest waits for the next frame."""


class OperatorWindow(QMainWindow):
    """Show a session that is being recorded, or review a finished one.

    Parameters
    ----------
    model : SessionModel
    worker : Worker or None
        Feeds the model; without one the model is shown as it is.
    control : Recorder or None
        Takes markers and commands; without one there are no marker buttons.
    codes : sequence of Code
        What can be marked.
    path : Path or None
        The recording, for its name and the free space beside it.
    now : callable
        Returns the LSL clock [s].
    kept : QSettings
        Where the set-up persists.
    """

    def __init__(
        self,
        model: SessionModel,
        worker: Worker | None,
        *,
        control: Recorder | None,
        codes: Sequence[Code],
        path: Path | None,
        now: Callable[[], float],
        kept: QSettings,
    ) -> None:
        super().__init__()
        self.model, self.worker, self.path = model, worker, path
        self.marking = Marking(control, now) if control is not None else None
        self._now, self._kept, self._codes = now, kept, codes
        self.settings = persistence.load(kept)
        self.latency = math.nan
        self._frames = 0
        self._shortcuts: list[QShortcut] = []
        self.setWindowTitle(f"Attunement — {model.facts.id}")
        self.setMinimumSize(960, 620)
        self.resize(1600, 950)
        if self.settings.geometry:
            self.restoreGeometry(self.settings.geometry)
        self._build()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)

    def _build(self) -> None:
        theme = THEMES[self.settings.theme]
        self.setStyleSheet(style_sheet(theme))
        marking = self.marking is not None and self.model.state == "growing"
        self.panel = OperatorPanel(
            self.model,
            theme,
            self.settings,
            self._codes if marking else (),
            on_press=self.press,
            on_pause=self.pause,
            on_undo=self.undo,
            on_stop=self.ask_stop if marking else None,
        )
        self.setCentralWidget(self.panel)
        self.panel.strip.menu.setMenu(self._menu())
        self.panel.bar.show_enabled(marking)
        self._bind_keys()
        self._note_begun = math.nan
        self.panel.bar.note.textEdited.connect(self._note_key)
        self.panel.bar.note.returnPressed.connect(self._note_done)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for name, lane in self.panel.lanes.lanes.items():
            action = QAction(name, menu, checkable=True, checked=not lane.isHidden())
            action.toggled.connect(lambda on, n=name: self._change_lane(n, on))
            menu.addAction(action)
        menu.addSeparator()
        signals = QActionGroup(menu)
        for signal, title in SYNC_SIGNALS.items():
            action = QAction(f"Synchrony of {title}", menu, checkable=True)
            action.setChecked(signal == self.settings.sync_signal)
            action.triggered.connect(lambda _=False, s=signal: self.change(sync_signal=s))
            signals.addAction(action)
            menu.addAction(action)
        menu.addSeparator()
        other = "light" if self.settings.theme == "dark" else "dark"
        menu.addAction(f"{other.capitalize()} theme", lambda: self.change(theme=other))
        return menu

    def _bind_keys(self) -> None:
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        panel = self.panel
        self._shortcuts = panel.bar.bind_keys(self, self.press) if self.marking else []
        keys: dict[str, Callable[[], object]] = {
            "Ctrl+Z": self.undo,
            "Left": lambda: panel.step(-0.5),
            "Right": lambda: panel.step(0.5),
            "[": lambda: panel.jump(-1),
            "]": lambda: panel.jump(1),
            "End": self.go_live,
            "Esc": panel.setFocus,
        }
        if self.marking is not None:
            keys |= {
                "Return": panel.bar.note.setFocus,
                "F12": lambda: self.pause("client"),
                "Ctrl+F12": lambda: self.pause("therapist"),
            }
        for key, action in keys.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setAutoRepeat(key in ("Left", "Right"))
            shortcut.activated.connect(action)
            self._shortcuts.append(shortcut)

    def start(self) -> None:
        """Begin to pull and draw."""
        if self.worker is not None:
            self.worker.start()
        self.timer.start(FRAME)

    def tick(self) -> None:
        """Take in what is there, and draw a frame."""
        fresh = self.drain(BUDGET)
        self.panel.frame()
        if fresh and self.model.state == "growing":
            self.latency = self._now() - self.panel.newest()
        if self._frames % 8 == 0:
            self.panel.quarter()
            self._show_marking()
        if self._frames % 30 == 0:
            self.panel.second(self.panel.facts(file=self._file(), disk=self._disk(), latency=self.latency))
        if self._frames % 150 == 0:
            self.panel.slow()
        self._frames += 1

    def drain(self, budget: float) -> bool:
        """Feed the model from the worker for at most so many seconds; tell whether there was anything."""
        if self.worker is None:
            return False
        begun, fresh = time.perf_counter(), False
        for item in self.worker.take():
            if isinstance(item, Ended):
                self._ended(item)
                return fresh
            self.model.add_batch(item.batch)
            self.model.add_samples(item.samples)
            fresh = True
            if time.perf_counter() - begun > budget:
                break
        return fresh

    def draw_all(self) -> None:
        """Draw everything once, as if all timers had fired."""
        self._frames = 0
        self.tick()
        if self.panel.page is not None:
            self.panel.show_page(self.panel.page)
        self.panel.slow()

    def _ended(self, ended: Ended) -> None:
        self.model.state = ended.state
        self.rebuild()
        if ended.error:
            self.panel.bar.show_last(f"Reading stopped: {ended.error}", failed=True)

    def rebuild(self) -> None:
        """Build the panel anew from the model: after a change of theme, or when the recording has ended."""
        page, live = self.panel.page, self.panel.live
        self._build()
        self.panel.live = live and self.model.state == "growing"
        if page is not None:
            self.panel.show_page(page)
        self.draw_all()

    def change(self, **changes: object) -> None:
        """Change a setting, keep it, and show it."""
        self.settings = self.panel.settings.changed(**changes)
        persistence.save(self._kept, self.settings)
        self.rebuild()

    def _change_lane(self, name: str, shown: bool) -> None:
        self.panel.set_lane_shown(name, shown)
        self.settings = self.panel.settings
        persistence.save(self._kept, self.settings)

    def go_live(self) -> None:
        """Follow the newest second again, while there is one."""
        if self.model.state == "growing":
            self.panel.go_live()

    def _file(self) -> str:
        return self.path.name if self.path is not None else self.model.facts.id

    def _disk(self) -> float:
        if self.path is None or self.model.state != "growing":
            return math.nan
        try:
            return float(shutil.disk_usage(self.path).free)
        except OSError:
            return math.nan

    def press(self, code: Code, ago: bool) -> None:
        """Mark a moment."""
        if self.marking is not None and self.model.state == "growing":
            self.marking.press(code, ago=ago)
            self._show_marking()

    def undo(self) -> None:
        """Void the last marker."""
        if self.marking is not None:
            self.marking.undo()
            self._show_marking()

    def pause(self, role: str) -> None:
        """Pause a person, or resume them."""
        if self.marking is None or self.model.state != "growing":
            return
        if role in {r.value for r in self.model.paused}:
            self.marking.resume(role)
        else:
            self.marking.pause(role)

    def ask_stop(self) -> None:
        """Ask whether to end the recording, and end it."""
        box = QMessageBox(self)
        box.setWindowTitle("Stop recording")
        box.setText("End this recording?")
        box.setInformativeText("The files are closed. A recording cannot be continued.")
        stop = box.addButton("Stop recording", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep recording", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.exec()
        if box.clickedButton() is stop and self.marking is not None:
            self.marking.stop()

    def _note_key(self, text: str) -> None:
        if len(text) == 1 or math.isnan(self._note_begun):
            self._note_begun = self._now()
        if not text:
            self._note_begun = math.nan

    def _note_done(self) -> None:
        text = self.panel.bar.note.text().strip()
        if text and self.marking is not None:
            self.marking.note(text, self._note_begun)
        self.panel.bar.note.clear()
        self._note_begun = math.nan
        self.panel.setFocus()

    def _show_marking(self) -> None:
        marking, bar = self.marking, self.panel.bar
        if marking is None:
            return
        marking.poll()
        marking.adopt(self.model.open_intervals())
        for button in bar.buttons:
            button.set_running(marking.is_running(button.code))
        bar.show_last(self._last_text(), failed=marking.failed)

    def _last_text(self) -> str:
        marking = self.marking
        if marking is None or marking.message or marking.last is None:
            return marking.message if marking is not None and marking.message else "no marker yet"
        last = marking.last
        stored = "stored" if last.id in self.model.event_ids else "sending"
        what = label_of(last.code) + ("" if last.phase == "point" else f" {last.phase}")
        ago = " (about 10 s before)" if last.t_shift and last.code != "note" else ""
        return f"{what} at {clock(last.time - self.model.t0)}{ago} · {stored}"

    def closeEvent(self, event: QCloseEvent) -> None:
        self.timer.stop()
        geometry = bytes(self.saveGeometry().data())
        persistence.save(self._kept, self.panel.settings.changed(geometry=geometry))
        if self.worker is not None:
            self.worker.close()
        if self.marking is not None:
            self.marking.close()
        super().closeEvent(event)


def application() -> QApplication:
    """Return the Qt application, made now if there is none."""
    running = QApplication.instance()
    return running if isinstance(running, QApplication) else QApplication(["attune"])


def open_window(
    recording_path: Path, *, control: Recorder | None = None, follow: bool = True
) -> OperatorWindow:
    """Open the operator's window on a recording, growing or finished, and show it.

    Parameters
    ----------
    control : Recorder, optional
        Of the recorder that writes it.
    follow : bool
        Whether to go on reading while it grows.
    """
    from acquisition.lsl_clock import local_clock
    from viewer.opening import codes_of, feed, new_model, new_push

    application()
    recording = feed(recording_path, follow=follow)
    model = new_model(recording)
    worker = Worker(recording, lambda: new_push(recording))
    window = OperatorWindow(
        model,
        worker,
        control=control,
        codes=codes_of(model.facts),
        path=recording_path,
        now=local_clock,
        kept=persistence.store(),
    )
    window.show()
    window.start()
    return window
