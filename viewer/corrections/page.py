"""The page of the correction editor: signal, intervals, the hour, and the list of doubtful places."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from acquisition.errors import AttunementError
from acquisition.events.corrected import ByHand
from viewer.corrections.acts import Acts
from viewer.corrections.bench import Bench, Lane, Outcome, per_minute
from viewer.corrections.desk import CorrectionDesk
from viewer.corrections.frame import CorrectionFrame
from viewer.corrections.hour_strip import HourStrip
from viewer.corrections.interval_view import IntervalView
from viewer.corrections.look import PAGES, View
from viewer.corrections.mouse import Mouse
from viewer.corrections.places import Place
from viewer.corrections.signal_view import SignalView
from viewer.theme import Theme

logger = logging.getLogger(__name__)
WATCH = 60
"""Between two looks at what is read or judged in another thread [ms]."""
READING = "reading the recording and finding its beats …"
AROUND = 30.0
"""RMSSD and responses are told of a minute around the cursor [s]."""


class CorrectionPage(QWidget):
    """Correct one signal after another.

    Parameters
    ----------
    read : callable
        Reads the recording and finds its beats; called in a thread of its own.
    open_desk : callable
        Returns the desk of what was read.
    leave : callable
        Goes back to the review.
    waits : callable
        Says how far what is waited for is; "" where nothing is.
    """

    def __init__(
        self,
        theme: Theme,
        *,
        title: str,
        people: dict[str, str],
        read: Callable[[], Bench],
        open_desk: Callable[[Bench], CorrectionDesk],
        leave: Callable[[], object],
        keep_who: Callable[[str], object],
        who: str = "",
        at: float = 0.0,
        waits: Callable[[], str] = str,
    ) -> None:
        super().__init__()
        self._waits = waits
        self._open, self._leave, self._keep_who = open_desk, leave, keep_who
        self.desk: CorrectionDesk | None = None
        self.view: View = View(cursor=at)
        self.acts: Acts = Acts(self)
        self.mouse: Mouse = Mouse(self)
        self.signal: SignalView = SignalView(theme, self.view, self.mouse.grip)
        self.intervals: IntervalView = IntervalView(theme, self.view)
        self.strip: HourStrip = HourStrip(theme, self.view, self.go_to)
        self.frame: CorrectionFrame = CorrectionFrame(theme, title, people)
        self.done: list[bool] = []
        self._judging: Future[tuple[Lane, ByHand, Outcome]] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="corrections")
        self._reading: Future[Bench] | None = self._threads.submit(read)
        self._revision = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(4)
        self.frame.lay_out(column, [self.signal, self.intervals, self.strip])
        self.frame.who.setText(who)
        self._who = who
        self._connect()
        self.frame.say(READING, failed=False)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(WATCH)

    def _connect(self) -> None:
        frame = self.frame
        frame.close_button.clicked.connect(lambda: self._leave())
        frame.who.editingFinished.connect(self._take_who)
        frame.why.currentTextChanged.connect(self._take_why)
        frame.places.currentRowChanged.connect(self._go_to_row)
        for seconds, button in zip(PAGES, frame.lengths, strict=True):
            button.clicked.connect(lambda _=False, s=seconds: self.set_length(s))
        for key, button in frame.signals.items():
            button.clicked.connect(lambda _=False, k=key: self.turn(k))
        for name, button in frame.acts.items():
            button.clicked.connect(lambda _=False, n=name: getattr(self.acts, n)())

    def look(self) -> None:
        """Take what the other thread has ready, and let it judge what has changed."""
        if self._reading is not None and (far := self._waits()):
            self.frame.say(f"{READING}; first the hour: {far}", failed=False)
        if self._reading is not None and self._reading.done():
            reading, self._reading = self._reading, None
            self._take_bench(reading)
        if self._judging is not None and self._judging.done():
            judging, self._judging = self._judging, None
            lane, known, outcome = judging.result()
            lane.take(known, outcome)
            self.refresh()
        if self.desk is not None and self._judging is None:
            stale = next((lane for lane in self.desk.bench.lanes.values() if lane.stale), None)
            if stale is not None:
                self._judging = self._threads.submit(_judge, stale, stale.by_hand)

    def _take_bench(self, reading: Future[Bench]) -> None:
        try:
            self.desk = self._open(reading.result())
        except AttunementError as error:
            self.frame.say(str(error), failed=True)
            return
        except Exception as error:
            # Whatever went wrong in the other thread must be seen, or the page would just stay empty.
            logger.exception("reading stopped")
            self.frame.say(f"{type(error).__name__}: {error}", failed=True)
            return
        desk = self.desk
        desk.take_who(self._who)
        self.frame.show_signals(desk.bench.keys, desk.key)
        self.strip.length, self.strip.t0 = desk.bench.end - desk.bench.begin, desk.bench.begin
        self.signal.t0 = self.intervals.t0 = desk.bench.begin
        self.turn(desk.key)
        self.go_to(min(self.view.cursor, self.strip.length))
        if not desk.message:
            self.frame.say("", failed=False)

    @property
    def desk_lane(self) -> Lane:
        """Return the signal that is corrected now, once the recording was read."""
        assert self.desk is not None
        return self.desk.lane

    def wait(self) -> None:
        """Wait until all is read and judged: for pictures and tests."""
        while self._reading is not None or self._judging is not None or self._has_stale():
            if self._reading is not None:
                self._reading.exception()
            if self._judging is not None:
                self._judging.exception()
            self.look()

    def _has_stale(self) -> bool:
        return self.desk is not None and any(lane.stale for lane in self.desk.bench.lanes.values())

    def close_page(self) -> None:
        """End the other thread."""
        self._timer.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def refresh(self) -> None:
        """Draw the page anew, with the list of places and what became of RMSSD."""
        desk = self.desk
        if desk is None:
            return
        lane = desk.lane
        self.signal.lane = self.intervals.lane = lane
        beats = lane.after.rows.beats
        self.signal.classes = dict(zip(beats.times.tolist(), beats.classes.tolist(), strict=True))
        if lane.key[1] == "skin":
            t0 = desk.bench.begin
            found = lane.responses_in(self.view.start + t0, self.view.stop + t0)
            self.signal.responses = (found.onsets, found.peaks)
        if self._revision != desk.revision:
            self._revision = desk.revision
            self.done = [place.done(lane.by_hand, desk.bench.begin) for place in lane.places]
            self.frame.show_places(lane.places, self.done)
            self.frame.show_counts(lane.by_hand, desk.who)
        self.strip.places, self.strip.done, self.strip.by_hand = lane.places, self.done, lane.by_hand
        self._show_effect(lane)
        if desk.message:
            self.frame.say(desk.message, failed=desk.failed)
        for part in (self.signal, self.intervals, self.strip):
            part.update()

    def _show_effect(self, lane: Lane) -> None:
        assert self.desk is not None
        at = self.view.cursor + self.desk.bench.begin
        if lane.key[1] == "heart":
            self.frame.show_rmssd(*lane.rmssd(at), lane.config.heart.rmssd_window, stale=lane.stale)
        else:
            span = (max(at - AROUND, self.desk.bench.begin), min(at + AROUND, self.desk.bench.end))
            self.frame.show_rate(per_minute(lane.found, *span), per_minute(lane.responses_in(*span), *span))

    def turn(self, key: tuple[str, str]) -> None:
        """Correct another signal."""
        if self.desk is None or key not in self.desk.bench.lanes:
            return
        self.desk.turn(key)
        self.view.chosen = self.view.begun = math.nan
        self.frame.show_reasons(key[1])
        self.frame.show_signals(self.desk.bench.keys, key)
        self._revision = -1
        self.refresh()

    def other_person(self) -> None:
        """Correct the same signal of the other person."""
        self._turn_by(0)

    def other_signal(self) -> None:
        """Correct the other signal of the same person."""
        self._turn_by(1)

    def _turn_by(self, part: int) -> None:
        if self.desk is None:
            return
        now = self.desk.key
        others = [key for key in self.desk.bench.keys if key[part] != now[part]]
        same = [key for key in others if key[1 - part] == now[1 - part]]
        if same or others:
            self.turn((same or others)[0])

    def set_length(self, seconds: float) -> None:
        """Take another length of the page [s], around the cursor."""
        self.view.seconds = seconds
        self.frame.show_length(seconds)
        self.go_to(self.view.cursor)

    def longer(self, by: int) -> None:
        """Take the next longer page, or a shorter one."""
        k = PAGES.index(self.view.seconds) + by
        self.set_length(PAGES[min(max(k, 0), len(PAGES) - 1)])

    def go_to(self, seconds: float) -> None:
        """Put the cursor at a moment [s since the first tick], and it into the middle of the page."""
        length = self.strip.length
        self.view.cursor = min(max(seconds, 0.0), length)
        self._page(self.view.cursor - 0.5 * self.view.seconds)

    def _page(self, start: float) -> None:
        self.view.start = min(max(start, 0.0), max(self.strip.length - self.view.seconds, 0.0))
        self.refresh()

    def turn_page(self, by: float) -> None:
        """Turn so many pages on, or back; the cursor keeps its place on the page."""
        moved = min(max(self.view.start + by * self.view.seconds, 0.0), self.strip.length)
        share = self.view.cursor - self.view.start
        self._page(moved)
        self.view.cursor = min(max(self.view.start + share, 0.0), self.strip.length)
        self.refresh()

    def step(self, seconds: float) -> None:
        """Move the cursor."""
        self.point_at(self.view.cursor + seconds)

    def point_at(self, seconds: float) -> None:
        """Put the cursor at a moment; the page follows only where it leaves it."""
        self.view.cursor = min(max(seconds, 0.0), self.strip.length)
        if not self.view.start <= self.view.cursor <= self.view.stop:
            self._page(self.view.cursor - 0.5 * self.view.seconds)
        else:
            self.refresh()

    def beat(self, by: int) -> None:
        """Choose the next beat or response, or the one before, seen from the cursor."""
        if self.desk is None:
            return
        times = self.desk.lane.beat_times() - self.desk.bench.begin
        here = self.view.chosen if self.view.chosen == self.view.cursor else self.view.cursor
        found = times[times > here + 1e-9] if by > 0 else times[times < here - 1e-9][::-1]
        if len(found):
            self.choose(float(found[0]))

    def choose(self, beat: float) -> None:
        """Choose a beat or response [s since the first tick]; the cursor goes to it."""
        self.view.chosen = beat
        self.point_at(beat)

    def place(self, by: int) -> None:
        """Go to the next doubtful place that is not done, or the one before; to any where all are done."""
        if self.desk is None:
            return
        places = self.desk.lane.places
        ahead = [k for k, p in enumerate(places) if by * (p.time - self.view.cursor) > 1e-6]
        ahead = ahead if by > 0 else ahead[::-1]
        left = [k for k in ahead if not self.done[k]]
        if not places or not (left or ahead):
            self.frame.say(f"no doubtful place {'after' if by > 0 else 'before'} this one", failed=False)
            return
        self.go_to_place(places[(left or ahead)[0]])

    def go_to_place(self, place: Place) -> None:
        """Go to a doubtful place, and choose the beat that is there."""
        assert self.desk is not None
        self.go_to(place.time)
        times = self.desk.lane.beat_times() - self.desk.bench.begin
        near = times[abs(times - place.time) < 1e-3] if len(times) else times
        self.view.chosen = float(near[0]) if len(near) else math.nan
        self.frame.choose_place(self.desk.lane.places.index(place))
        self.refresh()
        self.frame.say(f"{place.why}", failed=False)

    def _go_to_row(self, row: int) -> None:
        if self.desk is not None and self.frame.listens and 0 <= row < len(self.desk.lane.places):
            self.go_to_place(self.desk.lane.places[row])

    def leave_or_drop(self) -> None:
        """Drop a stretch that was begun, go out of a box, or leave the page."""
        if self.view.begun == self.view.begun:
            self.view.begun = math.nan
            self.frame.say("", failed=False)
            self.refresh()
        elif not self.hasFocus():
            self.setFocus()
        else:
            self._leave()

    def ask_who(self) -> None:
        """Go into the box of who corrects."""
        self.frame.who.setFocus()
        self.frame.who.selectAll()

    def reason(self, k: int) -> None:
        """Choose a reason by its number."""
        self.frame.choose_reason(k)
        self.setFocus()

    def _take_who(self) -> None:
        self._who = self.frame.who.text()
        if self.desk is not None and self.desk.who != self._who.strip():
            self.desk.take_who(self._who)
            if not self.desk.failed:
                self._keep_who(self.desk.who)
            self.refresh()
        self.setFocus()

    def _take_why(self, text: str) -> None:
        if self.desk is not None:
            self.desk.why = self.frame.reason_in(text)


def _judge(lane: Lane, by_hand: ByHand) -> tuple[Lane, ByHand, Outcome]:
    """Judge a lane in another thread; what came of it is taken by the page."""
    return lane, by_hand, lane.judged_with(by_hand)
