"""The correction desk: what is corrected, by whom and why, and what comes of it. No Qt.

Each act is one append to corrections.jsonl, on the disk when it is done. What the beats become is judged as
in the pipeline, over the whole recording; until that is ready the ticks stand where they were put.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import AttunementError, RecordingError
from acquisition.events.corrected import ActsSoFar, ByHand, Stretch, folded
from acquisition.events.corrections import CORRECTIONS_NAME, Correction, read_corrections
from acquisition.events.corrections_file import append_corrections
from acquisition.events.who import who_fault
from acquisition.protection.audit import keep
from processing.correcting.signals import Key
from processing.correcting.snapping import snapped
from processing.heart.ibi import NORMAL
from viewer.corrections.bench import Bench, Lane
from viewer.corrections.places import Place
from viewer.model.event_rows import fine_clock

CLOSE = 0.05
"""No beat is placed so near to another one [s]."""
STILL = 5e-4
"""A beat that would move by less stays [s]."""
SHORTEST = 0.02
"""No stretch is shorter [s]."""


class CorrectionDesk:
    """Correct the signals of a recording.

    Parameters
    ----------
    recording : Path
    bench : Bench
        The signals, and what was found in them.
    clock : callable
        Returns the wall time as text (ISO 8601).
    who : str
        Code of whoever corrects.
    """

    def __init__(self, recording: Path, bench: Bench, *, clock: Callable[[], str], who: str = "") -> None:
        self.recording, self.bench, self._clock = recording, bench, clock
        self.who, self.why = who, ""
        self.message, self.failed, self.faulty = "", False, ""
        self.lines: list[Correction] = []
        self.key: Key = bench.keys[0] if bench.keys else ("client", "heart")
        self._told = False
        """Whether the log says that somebody corrects: once a window."""
        self.revision = 0
        """Counts what has changed; whoever draws compares it."""
        self.reload()

    def reload(self) -> None:
        """Read what is stored, from the disk."""
        self._read = self._stored()
        try:
            self.lines, self.faulty = read_corrections(self.recording), ""
        except RecordingError as error:
            self.faulty = str(error)
            self._say(f"corrections are not shown: {error}", failed=True)
        self._refold()

    def _stored(self) -> tuple[int, int]:
        """Return what tells whether anybody has written since: when, and how much is there."""
        try:
            found = (self.recording / CORRECTIONS_NAME).stat()
        except OSError:
            return (0, 0)
        return found.st_mtime_ns, found.st_size

    def _catch_up(self) -> None:
        """Take in what was written elsewhere, as by a second window of the same person."""
        if self._stored() != self._read:
            self.reload()

    def take_who(self, who: str) -> None:
        """Let somebody else correct; each has corrections of their own."""
        self.who = who.strip()
        self._refold()
        why = who_fault(self.who, self.recording)
        self._say(f"say who corrects: it {why}" if why else "", failed=bool(why))

    def _refold(self) -> None:
        self._acts = ActsSoFar(self.who)
        self._take(self.lines)

    def _take(self, fresh: Sequence[Correction]) -> None:
        self._acts.take(fresh)
        found, self.revision = folded(self._acts.acts(), self.who), self.revision + 1
        self.bench.correct(found.signals)
        if found.faults:
            self._say(found.faults[-1], failed=True)

    def _say(self, message: str, *, failed: bool = False) -> None:
        self.message, self.failed = message, failed

    @property
    def lane(self) -> Lane:
        """Return the signal that is corrected now."""
        return self.bench.lanes[self.key]

    @property
    def by_hand(self) -> ByHand:
        """Return what was done to it."""
        return self.lane.by_hand

    def turn(self, key: Key) -> None:
        """Correct another signal."""
        self.key = key
        self.revision += 1

    def insert(self, seconds: float, *, keep: bool = False) -> float | None:
        """Place a beat at a moment [s since the first tick], or where an R wave is near it; return where."""
        return self._placed(seconds, keep, None)

    def move(self, beat: float, seconds: float, *, keep: bool = False) -> float | None:
        """Put a beat [s since the first tick] elsewhere; return where it is now."""
        return self._placed(seconds, keep, beat)

    def _placed(self, seconds: float, keep: bool, beat: float | None) -> float | None:
        self._catch_up()
        try:
            self._refuse_kind("a beat")
            time = self._time(seconds)
            time = time if keep or not self.lane.signal.is_ecg else self._near(time, beat)
            others = self.lane.beat_times()
            mine = self._own(beat)
            others = others[others != mine]
            if len(others) and float(np.abs(others - time).min()) < CLOSE:
                raise RecordingError(f"a beat is there already, at {self._clocked(time)}")
            if abs(mine - time) < STILL:
                raise RecordingError("the beat is there already")
            if beat is None:
                self._act("insert", time=time)
            else:
                self._act("move", time=mine, to=time)
        except AttunementError as error:
            self._refused(error)
            return None
        self._say(f"beat {'inserted' if beat is None else 'moved'} at {self._clocked(time)}")
        return time - self.bench.begin

    def _near(self, time: float, beat: float | None) -> float:
        rows = self.lane.before.rows.beats
        own = self._own(beat)
        beats = rows.times[(rows.classes == NORMAL) & (rows.times != own)]
        return snapped(self.lane.signal, beats, time)

    def _own(self, beat: float | None) -> float:
        """Return a beat as it is stored [s, LSL clock]: the nearest there is."""
        if beat is None:
            return math.nan
        times = self.lane.beat_times()
        if not len(times):
            raise RecordingError("there is no beat")
        k = int(np.argmin(np.abs(times - self.bench.begin - beat)))
        if abs(float(times[k]) - self.bench.begin - beat) > 1e-3:
            raise RecordingError(f"no beat is at {fine_clock(beat)}")
        return float(times[k])

    def delete(self, beat: float) -> bool:
        """Take a beat out; the intervals on either side become one."""
        return self._on_beat("delete", beat, "deleted", beats=True)

    def reject(self, beat: float) -> bool:
        """Void the intervals on either side of a beat, or take a response of the skin out."""
        return self._on_beat("reject", beat, "rejected")

    def restore(self, beat: float) -> bool:
        """Take back what was done to one beat or response, whenever that was."""
        self._catch_up()
        time = self.bench.begin + beat
        done = self.by_hand
        known = [*done.rejected, *done.deleted, *done.moved.values(), *done.kept]
        near = min(known, key=lambda t: abs(t - time), default=math.nan)
        try:
            if not abs(near - time) <= CLOSE:
                raise RecordingError("nothing was done to it; an inserted beat can be deleted")
            self._act("restore", time=near)
        except AttunementError as error:
            self._refused(error)
            return False
        self._say(f"as detected again, at {self._clocked(near)}")
        return True

    def _on_beat(self, op: str, beat: float, done: str, *, beats: bool = False) -> bool:
        self._catch_up()
        try:
            if beats:
                self._refuse_kind("a beat")
            time = self._own(beat)
            if op == "reject" and time in self.by_hand.rejected:
                raise RecordingError("it is rejected already")
            self._act(op, time=time)
        except AttunementError as error:
            self._refused(error)
            return False
        what = "beat" if self.key[1] == "heart" else "response"
        self._say(f"{what} at {self._clocked(time)} {done}")
        return True

    def keep(self, place: Place) -> bool:
        """Note that a doubtful place was looked at and is right as it is."""
        self._catch_up()
        try:
            self._act("keep", time=self.bench.begin + place.time)
        except AttunementError as error:
            self._refused(error)
            return False
        self._say(f"{place.why} at {fine_clock(place.time)}: right as it is")
        return True

    def stretch(self, op: str, start: float, stop: float) -> bool:
        """Mark a stretch as no signal, or accept one whatever the gates say [s since the first tick].

        Parameters
        ----------
        op : str
            mark or accept.
        """
        self._catch_up()
        try:
            begin, end = self._span(start, stop)
            self._refuse_overlap(begin, end)
            self._act(op, start=begin, stop=end)
        except AttunementError as error:
            self._refused(error)
            return False
        said = "marked as artefact" if op == "mark" else "accepted"
        self._say(f"{end - begin:.2f} s {said} at {self._clocked(begin)}")
        return True

    def edge(self, stretch: Stretch, start: float, stop: float) -> bool:
        """Move the edges of a stretch [s, LSL clock] elsewhere [s since the first tick]."""
        self._catch_up()
        try:
            begin, end = self._span(start, stop)
            self._refuse_overlap(begin, end, stretch)
            self._act("edge", start=stretch[0], stop=stretch[1], new_start=begin, new_stop=end)
        except AttunementError as error:
            self._refused(error)
            return False
        self._say(f"the stretch is {end - begin:.2f} s long now")
        return True

    def clear(self, stretch: Stretch) -> bool:
        """Take a stretch back [s, LSL clock]."""
        self._catch_up()
        try:
            self._act("clear", start=stretch[0], stop=stretch[1])
        except AttunementError as error:
            self._refused(error)
            return False
        self._say(f"the stretch at {self._clocked(stretch[0])} is no longer marked or accepted")
        return True

    def _span(self, start: float, stop: float) -> Stretch:
        low, high = self._time(min(start, stop)), self._time(max(start, stop))
        if high - low < SHORTEST:
            raise RecordingError(
                f"a stretch of {high - low:.3f} s is too short; move the cursor before its end"
            )
        return low, high

    def _refuse_overlap(self, start: float, stop: float, but: Stretch | None = None) -> None:
        held = replace(self.by_hand)
        held.marked = {k: v for k, v in held.marked.items() if k != but}
        held.accepted = {k: v for k, v in held.accepted.items() if k != but}
        if other := held.overlaps(start, stop):
            raise RecordingError(
                f"overlaps the stretch {self._clocked(other[0])} to {self._clocked(other[1])}: move its edge"
            )

    def _refuse_kind(self, what: str) -> None:
        if self.key[1] != "heart":
            raise RecordingError(f"{what} is of the heart; of skin conductance responses can be rejected")

    def _time(self, seconds: float) -> float:
        """Return a moment of the session on the LSL clock [s]."""
        length = self.bench.end - self.bench.begin
        if not -1e-9 <= seconds <= length + 1e-9:
            raise RecordingError(
                f"{fine_clock(seconds)} is outside the recording (0:00:00 to {fine_clock(length)})"
            )
        return self.bench.begin + seconds

    def _clocked(self, time: float) -> str:
        return fine_clock(time - self.bench.begin)

    def _refused(self, error: AttunementError) -> None:
        """Say that nothing was stored, and why."""
        self._say(f"NOT STORED: {error}", failed=True)

    def _act(self, op: str, **times: float) -> None:
        role, signal = self.key
        said: dict[str, Any] = {"role": role, "signal": signal, "why": self.why, **times, **self._mine()}
        self._append([Correction(op=op, id=str(uuid.uuid4()), **said)])

    def _mine(self) -> dict[str, Any]:
        return {"who": self.who, "when": self._clock()}

    def _append(self, fresh: Sequence[Correction]) -> None:
        if self.faulty:
            raise RecordingError(self.faulty)
        if why := who_fault(self.who, self.recording):
            raise RecordingError(f"say who corrects: it {why} (F2)")
        append_corrections(self.recording, fresh)
        if not self._told:
            keep("edited", self.recording, file="corrections")
        self._told = True
        self.lines, self._read = [*self.lines, *fresh], self._stored()
        self._take(fresh)

    def undo(self) -> Key | None:
        """Take back the last act, also one of an earlier day; return the signal it was about."""
        return self._back("undo")

    def redo(self) -> Key | None:
        """Do the last act again that was undone."""
        return self._back("redo")

    def _back(self, op: str) -> Key | None:
        self._catch_up()
        acts = self._acts.acts()
        if not (source := acts.held if op == "undo" else acts.undone):
            self._say(f"nothing of yours to {op}")
            return None
        act = source[-1]
        try:
            self._append([Correction(op=op, id=str(uuid.uuid4()), ref=act[0].id, **self._mine())])
        except AttunementError as error:
            self._refused(error)
            return None
        said = act[0].op if len(act) == 1 else f"{len(act)} corrections at once"
        self._say(
            f"{'undone' if op == 'undo' else 'done again'}: {said} at {self._clocked(act[0].moments[0])}"
        )
        return act[0].role, act[0].signal
