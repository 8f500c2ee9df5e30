"""The operator's window: one timer pulls from the worker, feeds the model, and has the panel draw."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu

from acquisition.events.vocabulary import Code
from viewer import settings as persistence
from viewer.beside import Beside
from viewer.command import Face
from viewer.desktop import place
from viewer.feeding import Feeding
from viewer.key_overlay import KeyList
from viewer.keys import bind_keys, unbind
from viewer.live.desk import Desk
from viewer.live.doubt_bar import DoubtBar
from viewer.live.ending import AlarmBar, Closing
from viewer.model.marking import Marking, Recorder
from viewer.model.model import SessionModel
from viewer.panel import OperatorPanel
from viewer.review.review import Review
from viewer.review.reviewing import Reviewing
from viewer.style import style_sheet
from viewer.theme import THEMES
from viewer.view_menu import marker_menu, view_menu
from viewer.worker import Again, Ended, Worker

FRAME = 33
"""Milliseconds between frames."""
USUAL = QSize(1600, 950)
"""Size of the first window, where the screen has room [logical pixels]."""
BUDGET = 0.012
"""Seconds of a frame that may go into taking data in; the rest waits for the next frame."""
LOADING = 0.03
"""The same while a recording that is over is read."""
QUARTER, SECOND, SLOW = 8, 30, 150
"""Frames between drawings of indices; of readouts, scales and chips; of the overview."""


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
    profiles : callable, optional
        Returns the codes of another profile, which may be chosen in the View menu.
    reviewing : Reviewing, optional
        Lets the events of a finished recording be edited.
    compute : callable, optional
        Returns a worker that computes the indices of a recording that is over.
    read_first : bool
        Whether `worker` only reads, and `compute` comes then.
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
        profiles: Callable[[str], Sequence[Code]] | None = None,
        reviewing: Reviewing | None = None,
        compute: Callable[[], Worker] | None = None,
        read_first: bool = False,
    ) -> None:
        super().__init__()
        self.model, self.path = model, path
        self.desk = None if control is None else Desk(self, model, Marking(control, now), now)
        self._now, self.kept, self._codes, self.profiles = now, kept, codes, profiles
        self.reviewing = reviewing
        self.settings = persistence.load(kept)
        self.latency = math.nan
        self.beside = Beside(self, self)
        self.feeding = Feeding(model, worker, compute, self.beside.hear)
        self._read_first = read_first
        self.keys = KeyList(self, self)
        self.fault = ""
        self.asks: Callable[[], Closing] | None = None
        """Asked when somebody closes the window while its recording runs; whoever opened it sets it."""
        self.closing: Closing = "stop"
        """What was answered."""
        self.begin_again: Callable[[], None] | None = None
        """Leaves the window so that another recording begins, after one that ended by itself."""
        self.wants_another = False
        self.caught_up = worker is None
        self._frames = 0
        self._shortcuts: list[QShortcut] = []
        self.setWindowTitle(f"Attunement — {model.facts.id}")
        place(self, USUAL, self.settings.geometry)
        self._build()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)

    def _build(self) -> None:
        theme = THEMES[self.settings.theme]
        self.setStyleSheet(style_sheet(theme))
        running = self.model.state == "growing" or self.model.lost
        desk = self.desk if running else None
        following = running or not self.caught_up
        chosen = self.profiles(self.settings.profile) if self.profiles and self.settings.profile else None
        codes = (chosen or self._codes) if desk else ()
        reviewing = self._in_review()
        shown = reviewing.shown(self.model) if reviewing else self.model
        self.panel = OperatorPanel(shown, theme, self.settings, codes, desk, live=following, now=self._now)
        if desk is not None:
            desk.doubt_bar = DoubtBar(theme, desk.answer_doubt)
            self.panel.put_on_top(desk.doubt_bar)
        if self.model.lost:
            again = self._begin_again if self.begin_again else None
            alarm = AlarmBar(theme, self.model.elapsed, again=again, review=self.look_back)
            self.panel.put_on_top(alarm)
        self.panel.baselines.again.clicked.connect(self.compute)
        self.review: Review | None = None
        central = reviewing.build(self, theme) if reviewing else self.panel
        self.setCentralWidget(central)
        self.panel.strip.menu.setMenu(view_menu(self))
        unbind(self._shortcuts)
        self._shortcuts = bind_keys(self, self)
        self.panel.setFocus()
        self.keys.renew()
        self.beside.renew()

    def _in_review(self) -> Reviewing | None:
        over = self.model.state != "growing" and not self.model.lost
        return self.reviewing if over and self.caught_up else None

    @property
    def face(self) -> Face:
        """Return what the window is now: it marks a recording, only shows one, or is a face of a review."""
        reviewing = self._in_review()
        if reviewing is None:
            running = self.model.state == "growing" or self.model.lost
            return "live" if self.desk is not None and running else "watch"
        if reviewing.face == "list":
            return "blind" if reviewing.rater else "review"
        return reviewing.face

    def start(self) -> None:
        """Begin to pull and draw."""
        self.feeding.start()
        self.timer.start(FRAME)

    def tick(self) -> None:
        """Take in what is there, and draw a frame."""
        loading = self.feeding.loading
        fresh = self.drain(LOADING if loading else BUDGET)
        if loading and self._frames % QUARTER:  # what is read now will be drawn anew anyway
            self._frames += 1
            return
        if self.panel.built_for != set(self.panel.model.sources):
            self.rebuild()
        self.panel.frame()
        self.beside.play()
        if fresh or self._frames % SECOND == 0:
            self.latency = self._now() - self.model.newest()
        if self._frames % QUARTER == 0:
            self.panel.quarter()
            if self.desk is not None and self.desk.open:
                self.desk.show()
                self.desk.look_for_doubts()
        moved = self._frames % QUARTER == 0 and self.review is not None and self.review.follow()
        if self.review is not None and self.reviewing is not None and self._frames % QUARTER == 0:
            self.reviewing.follow(self)
        if moved or self._frames % SECOND == 0:
            late, disk = self.latency, self.disk()
            self.panel.baselines.stale = self.feeding.stale
            said = {"fault": self.fault, "loading": self.feeding.text}
            self.panel.second(self.panel.facts(file=self._file(), disk=disk, latency=late, **said))
        if self._frames % SLOW == 0:
            self.panel.slow()
        self._frames += 1

    def drain(self, budget: float) -> bool:
        """Feed the model for at most so many seconds; tell whether there was anything."""
        computing = self.feeding.computing
        fresh, ended = self.feeding.take(budget)
        if isinstance(ended, Ended):
            self._ended(ended)
        elif isinstance(ended, Again):
            self.rebuild()
        elif computing and not self.feeding.computing:
            self.draw_all()
        return fresh

    def compute(self) -> None:
        """Compute the indices anew, with the baselines that hold now."""
        self.feeding.compute()
        self.feeding.settle()
        self.rebuild()

    def draw_all(self) -> None:
        """Draw everything once, as if all timers had fired."""
        self._frames = 0
        self.tick()
        if self.panel.page is not None:
            self.panel.show_page(self.panel.page)
        self.panel.slow()

    def _ended(self, ended: Ended) -> None:
        """Turn the window into a review of what was recorded; sound an alarm if the recorder is gone."""
        if ended.error:
            # The recorder may well go on: markers must still reach it, and old values grow stale.
            self.fault = f"SCREEN STOPPED: {ended.error}"
            return
        self.model.lost = self.desk is not None and ended.state == "cut"
        self.model.state, self.caught_up = ended.state, True
        if self.model.lost and not self.beside.glancing:
            AlarmBar.sound()
        if self._read_first:
            self.feeding.compute()
        self.rebuild()
        self.feeding.settle()

    def _begin_again(self) -> None:
        """Leave this recording, and have another one begun."""
        self.wants_another = True
        if self.begin_again is not None:
            self.begin_again()

    def look_back(self) -> None:
        """Show what was recorded, once the alarm was heard."""
        self.model.lost = False
        self.rebuild()

    def rebuild(self) -> None:
        """Build the panel anew from the model: after a change of theme, or when the recording has ended."""
        page, live, pointer = self.panel.page, self.panel.live, self.panel.pointer
        self.panel.settings = self.panel.settings.changed(seconds=self.panel.chosen)
        self.settings = self.panel.settings
        self._build()
        if page is not None and not live:
            self.panel.go_to(pointer)
        self.draw_all()

    def change(self, **changes: object) -> None:
        """Change a setting, keep it, and show it."""
        self.panel.settings = self.panel.settings.changed(**changes)
        if "seconds" in changes:
            self.panel.strip.show_length(self.panel.settings.seconds)
        persistence.save(self.kept, self.panel.settings)
        self.rebuild()
        if "theme" in changes:
            self.beside.change_theme()

    def show_lane(self, name: str, shown: bool) -> None:
        """Show or hide a lane, and keep that."""
        self.panel.set_lane_shown(name, shown)
        self.keep()

    def show_side(self, side: str = "") -> None:
        """Show gauges or planes beside the lanes, the other ones if not told which, and keep that."""
        other = "plane" if self.panel.settings.side == "gauge" else "gauge"
        self.panel.show_side(side or other)
        self.keep()
        self.panel.strip.menu.setMenu(view_menu(self))

    def keep(self, **changes: object) -> None:
        """Keep settings that nothing on screen depends on."""
        self.panel.settings = self.settings = self.panel.settings.changed(**changes)
        persistence.save(self.kept, self.settings)

    def choose_marker(self) -> QMenu:
        """Open a list of all markers, for those that have no key."""
        menu = marker_menu(self)
        menu.popup(self.panel.bar.mapToGlobal(self.panel.bar.rect().topLeft()))
        return menu

    def press(self, code: str) -> None:
        """Press a marker by its name."""
        self.panel.bar.press(code)

    def play_or_pause(self) -> None:
        """Let the cursor of a review run, or stop it; among typed letters it is a space."""
        if self.desk is not None and self.face == "live" and self.desk.typed(" "):
            return
        if self.review is not None:
            self.review.play_or_pause()
        elif not self.panel.live:
            self.panel.playing = not self.panel.playing

    def _file(self) -> str:
        return self.path.name if self.path is not None else self.model.facts.id

    def disk(self) -> float:
        """Return the free space beside the recording [bytes]; nan where nothing is recorded."""
        if self.path is None or self.model.state != "growing":
            return math.nan
        try:
            return float(shutil.disk_usage(self.path).free)
        except OSError:
            return math.nan

    def event(self, event: QEvent) -> bool:
        # Sent before a key is looked up among the shortcuts, which do not tell when it was pressed.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.desk:
            self.desk.hear(event)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keypad = bool(event.modifiers() & Qt.KeyboardModifier.KeypadModifier)
        desk = self.desk if self.face == "live" else None
        if desk is None or not (desk.type_value(event) if keypad else desk.type_text(event)):
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.asks is not None and self.model.state == "growing":
            self.closing = self.asks()
            if self.closing == "back":
                event.ignore()
                return
        self.timer.stop()
        self.beside.close()
        geometry = bytes(self.saveGeometry().data())
        persistence.save(self.kept, self.panel.settings.changed(geometry=geometry))
        self.feeding.close()
        if self.desk is not None:
            self.desk.close()
        super().closeEvent(event)


def application() -> QApplication:
    """Return the Qt application, made now if there is none."""
    running = QApplication.instance()
    return running if isinstance(running, QApplication) else QApplication(["attune"])
