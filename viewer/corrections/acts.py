"""What the buttons and keys of the correction editor do, at the cursor and to what is chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acquisition.events.corrected import Stretch
from viewer.corrections.places import Place

if TYPE_CHECKING:
    from viewer.corrections.page import CorrectionPage

NEAR = 0.02
"""Without a choice, the beat at the cursor is meant: so near to it, as a share of the page."""


class Acts:
    """Act on the desk of a page; each act is shown at once."""

    def __init__(self, page: CorrectionPage) -> None:
        self._page = page

    def insert(self, *, keep: bool = False) -> None:
        """Place a beat at the cursor, or at the R wave near it."""
        if (
            self._page.desk is not None
            and (at := self._page.desk.insert(self._page.view.cursor, keep=keep)) is not None
        ):
            self._page.view.chosen = self._page.view.cursor = at
        self._page.refresh()

    def move(self, *, keep: bool = False) -> None:
        """Put the chosen beat at the cursor, or at the R wave near it."""
        if self._page.desk is not None and self._has_chosen():
            at = self._page.desk.move(self._page.view.chosen, self._page.view.cursor, keep=keep)
            self._page.view.chosen = self._page.view.chosen if at is None else at
        self._page.refresh()

    def delete(self) -> None:
        """Take the chosen beat out."""
        if (
            self._page.desk is not None
            and self._has_chosen()
            and self._page.desk.delete(self._page.view.chosen)
        ):
            self._page.view.chosen = math.nan
        self._page.refresh()

    def reject(self) -> None:
        """Void the intervals on either side of the chosen beat, or take a response out."""
        if self._page.desk is not None and self._has_chosen():
            self._page.desk.reject(self._page.view.chosen)
        self._page.refresh()

    def restore(self) -> None:
        """Take back what was done to the beat at the cursor."""
        if self._page.desk is not None:
            at = (
                self._page.view.chosen
                if self._page.view.chosen == self._page.view.chosen
                else self._page.view.cursor
            )
            self._page.desk.restore(at)
        self._page.refresh()

    def _has_chosen(self) -> bool:
        """Choose the beat at the cursor where none is chosen; tell whether there is one."""
        assert self._page.desk is not None
        if self._page.view.chosen != self._page.view.chosen:
            times = self._page.desk.lane.beat_times() - self._page.desk.bench.begin
            near = times[abs(times - self._page.view.cursor) < NEAR * self._page.view.seconds]
            if len(near):
                self._page.view.chosen = float(min(near, key=lambda t: abs(t - self._page.view.cursor)))
        if self._page.view.chosen == self._page.view.chosen:
            return True
        self._page.desk.message, self._page.desk.failed = "choose a beat or response first: [ and ]", True
        return False

    def mark(self) -> None:
        """Begin to mark a stretch at the cursor, or end it there."""
        self._begin_or_end("mark")

    def accept(self) -> None:
        """Begin to accept a stretch at the cursor, or end it there."""
        self._begin_or_end("accept")

    def _begin_or_end(self, op: str) -> None:
        if self._page.desk is None:
            return
        if self._page.view.begun == self._page.view.begun and self._page.view.begun_op == op:
            if self._page.desk.stretch(op, self._page.view.begun, self._page.view.cursor):
                self._page.view.begun = math.nan
        else:
            self._page.view.begun, self._page.view.begun_op = self._page.view.cursor, op
            self._page.desk.message = f"{op}: move the cursor to the end and press again; Esc leaves it"
            self._page.desk.failed = False
        self._page.refresh()

    def mark_place(self, op: str) -> None:
        """Mark or accept all of the doubtful place that was gone to."""
        place = self._here()
        if self._page.desk is not None and place is not None:
            stop = place.stop if place.stop > place.start else place.start + 0.5
            self._page.desk.stretch(op, max(place.start, 0.0), min(stop, self._page.strip.length))
        self._page.refresh()

    def edge(self, what: str) -> None:
        """Put the start or stop of the nearest stretch at the cursor."""
        stretch = self._nearest()
        if stretch is None:
            self._page.refresh()
        else:
            self.drag_edge(stretch, what)

    def drag_edge(self, stretch: Stretch, what: str) -> None:
        """Put an edge of a stretch [s, LSL clock] at the cursor."""
        if self._page.desk is not None:
            start, stop = (edge - self._page.desk.bench.begin for edge in stretch)
            at = self._page.view.cursor
            self._page.desk.edge(stretch, *((at, stop) if what == "start" else (start, at)))
        self._page.refresh()

    def clear(self) -> None:
        """Take the stretch at the cursor back."""
        desk, stretch = self._page.desk, self._nearest(inside=True)
        if desk is not None and stretch is not None:
            desk.clear(stretch)
        self._page.refresh()

    def _nearest(self, *, inside: bool = False) -> Stretch | None:
        """Return the stretch at the cursor, else the one whose edge is nearest on the page."""
        if self._page.desk is None:
            return None
        at = self._page.view.cursor + self._page.desk.bench.begin
        every = [*self._page.desk.by_hand.marked, *self._page.desk.by_hand.accepted]
        here = [s for s in every if s[0] <= at <= s[1]]
        near = [s for s in every if min(abs(s[0] - at), abs(s[1] - at)) < self._page.view.seconds]
        found = here or ([] if inside else near)
        if not found:
            self._page.desk.message, self._page.desk.failed = "no stretch is here", True
            return None
        return min(found, key=lambda s: min(abs(s[0] - at), abs(s[1] - at)))

    def keep(self) -> None:
        """Note that the doubtful place is right as it is, and go to the next."""
        place = self._here()
        if self._page.desk is None or place is None or not self._page.desk.keep(place):
            self._page.refresh()
            return
        self._page.refresh()
        self._page.place(1)

    def _here(self) -> Place | None:
        """Return the doubtful place at the cursor."""
        if self._page.desk is None:
            return None
        at = self._page.view.cursor
        near = [p for p in self._page.desk.lane.places if p.start - 1e-3 <= at <= p.stop + 1e-3]
        if not near:
            self._page.desk.message, self._page.desk.failed = (
                "no doubtful place is here: . goes to the next",
                True,
            )
            return None
        return min(near, key=lambda p: (abs(p.time - at), p.stop - p.start))

    def undo(self) -> None:
        """Take back the last act."""
        self._back("undo")

    def redo(self) -> None:
        """Do the last act again that was undone."""
        self._back("redo")

    def _back(self, op: str) -> None:
        if self._page.desk is None:
            return
        key = self._page.desk.undo() if op == "undo" else self._page.desk.redo()
        self._page.view.chosen = math.nan
        if key is not None and key != self._page.desk.key:
            self._page.turn(key)
        self._page.refresh()
