"""Marking: from a key press to an event in the recording, and back again. No Qt.

The stamp is taken at the press; the talk with the recorder happens in a thread of its own, so that a slow
answer never holds up the window.
"""

from __future__ import annotations

import functools
import math
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

from acquisition.errors import AttunementError
from acquisition.event import Event, Phase, Value
from acquisition.events.intervals import Intervals
from acquisition.events.vocabulary import PAUSE, Code
from acquisition.stream import Role
from viewer.model.doubts import Doubt
from viewer.model.markers import label_of

AGO = -10.0
"""What Shift adds to a marker: about ten seconds ago [s]."""
ACTORS = ("client", "therapist", "dyad", "tech")
UNTOUCHED = ("auto", "import")
"""Sources of events that an undo passes over."""
FOR_GOOD = (PAUSE, "confirm")
"""Codes that cannot be taken back."""


class Recorder(Protocol):
    """Take commands; `acquisition.recorder.control.Client` is one."""

    def mark(self, event: Event) -> Any:
        """Record an event."""

    def pause(self, role: Any) -> Any:
        """Store nothing of a person from now on."""

    def resume(self, role: Any) -> Any:
        """Store them again."""

    def swap(self, since: str, only: Sequence[str]) -> Any:
        """Exchange the devices of client and therapist."""

    def replace(self, role: str, profile: str, **device: str) -> Any:
        """Search for a device that takes the place of a person's."""

    def stop(self) -> Any:
        """End the recording."""

    def waiting(self) -> Any:
        """Return the streams that wait for a confirmation."""

    def confirm(self, stream: str, *, yes: bool, sender: str, source: str) -> Any:
        """Take such a stream from now on, or refuse its sender."""


@dataclass(slots=True)
class _Sent:
    what: str
    future: Future[Any]
    event: Event | None = None


class Marking:
    """Send markers and commands, and say what became of them.

    Parameters
    ----------
    recorder : Recorder
    now : callable
        Returns the LSL clock [s]; nan where it is not known, then the recorder stamps on arrival.
    rater : str
        Code of whoever presses the keys; may be empty.
    """

    def __init__(self, recorder: Recorder, now: Callable[[], float], rater: str = "") -> None:
        self._recorder, self._now, self._rater = recorder, now, rater
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="marking")
        self._sent: list[_Sent] = []
        self._known = Intervals()
        self._mine: list[Event] = []
        """What was sent and neither read back nor refused so far."""
        self.paused: frozenset[Role] = frozenset()
        """Whose events the recorder stores none of now: undo leaves theirs out."""
        self.last: Event | None = None
        self.message = ""
        self.failed = False

    def press(
        self,
        code: Code,
        *,
        ago: bool = False,
        value: float | str | None = None,
        time: float | None = None,
    ) -> Event:
        """Mark a moment, or begin or end an interval; return the event as sent.

        `time` is that of the press, where it was a while ago [s, LSL clock].
        """
        time = self._now() if time is None else time
        actor = code.actor if code.actor in ACTORS else "dyad"
        phase: Phase = "point"
        ref = ""
        if code.kind == "interval":
            phase, ref = self._running().toggled(code.code, actor)
        return self._send(
            Event(
                time=time,
                code=code.code,
                phase=phase,
                actor=actor,
                rater=self._rater,
                value=value,
                ref=ref,
                t_shift=AGO if ago else 0.0,
                id=str(uuid.uuid4()),
            )
        )

    def complete(self, event: Event, value: Value) -> Event:
        """Give a press that was sent its value: sent once more with it, and the recorder voids the first."""
        return self._send(replace(event, value=value, ref=event.id, id=str(uuid.uuid4())))

    def note(self, text: str, begun: float) -> Event:
        """Record a free text, stamped now and shifted to its first key; `begun` is the LSL clock then [s]."""
        time = self._now()
        shift = begun - time if math.isfinite(begun) and math.isfinite(time) else 0.0
        return self._send(
            Event(time=time, code="note", note=text, rater=self._rater, t_shift=shift, id=str(uuid.uuid4()))
        )

    def undoable(self) -> Event | None:
        """Return the last marker of the session that holds; a pause and what software wrote are none.

        Nor is a marker of somebody who is paused: nothing of theirs is stored, so the one before it is next.
        """
        # The first of a press and its value is voided by the recorder when it stores the second.
        valued = {e.ref for e in self._mine if e.value is not None and e.phase != "void"}
        held = reversed(list(self._running().held.values()))
        undo = (e for e in held if e.id and e.code not in FOR_GOOD and e.source not in UNTOUCHED)
        undo = (e for e in undo if e.role not in self.paused)
        return next((e for e in undo if e.id not in valued), None)

    def undo(self) -> Event | None:
        """Void the last marker of the session that holds, however old; return the void event."""
        last = self.undoable()
        if last is None:
            self.say("nothing to undo")
            return None
        void = replace(
            last, time=self._now(), phase="void", ref=last.id, id=str(uuid.uuid4()), value=None, t_shift=0.0
        )
        void = replace(void, note="", source="key", rater=self._rater)
        self._send(void)
        self.last, self.message = None, f"undone: {label_of(last.code)}"
        return void

    def _send(self, event: Event) -> Event:
        self.last = event
        self._mine.append(event)
        self.message, self.failed = "", False
        self._queue(f"marker {label_of(event.code)}", lambda: self._recorder.mark(event), event)
        return event

    def _running(self) -> Intervals:
        """Return the intervals of what was read back and of what is on its way."""
        return self._known.also(self._mine) if self._mine else self._known

    def pause(self, role: str) -> None:
        """Ask that nothing of a person is stored from now on."""
        self._queue(f"pause of the {role}", lambda: self._recorder.pause(role))

    def resume(self, role: str) -> None:
        """Ask that a person is stored again."""
        self._queue(f"resume of the {role}", lambda: self._recorder.resume(role))

    def swap(self, since: str, only: Sequence[str]) -> None:
        """Ask that client and therapist exchange their devices, from now or from the start."""
        self.last, self.message = None, f"client ⇄ therapist from {'now' if since == 'now' else 'the start'}"
        self._queue("exchange of devices", lambda: self._recorder.swap(since, only))

    def replace(self, role: str, profile: str, known: Mapping[str, str]) -> None:
        """Ask that a new device takes the place of a person's once it is open."""
        named = " ".join(known.values())
        self.say(f"{role}: searching {profile} {named}; it takes over once it is open")
        self._queue("replacement of a device", lambda: self._recorder.replace(role, profile, **known))

    def stop(self) -> None:
        """Ask that the recording ends."""
        self._queue("stop", self._recorder.stop)

    def confirm(self, doubt: Doubt, *, yes: bool) -> None:
        """Take a stream that waits from now on, or refuse its sender."""
        what = f"{'confirmation' if yes else 'refusal'} of {doubt.stream}"
        self.say(f"{what} · sending")
        call = functools.partial(self._recorder.confirm, sender=doubt.sender, source="key")
        self._queue(what, lambda: call(doubt.stream, yes=yes))

    def waiting_streams(self) -> Any:
        """Ask which streams wait for a confirmation, in the caller's thread: no mark waits for that."""
        return self._recorder.waiting()

    def say(self, message: str, *, failed: bool = False) -> None:
        """Show a message in place of the last marker."""
        self.message, self.failed = message, failed

    def _queue(self, what: str, call: Callable[[], Any], event: Event | None = None) -> None:
        self._sent.append(_Sent(what, self._thread.submit(call), event))

    def adopt(self, recorded: Intervals, paused: Collection[Role] = ()) -> None:
        """Take over the intervals of the recording, also those from before this window, and who is paused.

        What was sent and is not yet among them is remembered here.
        """
        self._known, self.paused = recorded, frozenset(paused)
        self._mine = [e for e in self._mine if not recorded.knows(e.id)]

    def is_running(self, code: Code) -> bool:
        """Tell whether an interval of this code has begun and not ended."""
        return any(span.code == code.code for span in self._running().open)

    def poll(self) -> None:
        """Look at what the recorder answered; a refusal becomes the message."""
        done = [s for s in self._sent if s.future.done()]
        self._sent = [s for s in self._sent if not s.future.done()]
        for sent in done:
            error = sent.future.exception()
            if error is None:
                continue
            if not isinstance(error, AttunementError | OSError):
                raise error
            self.message, self.failed = f"NOT STORED: {sent.what}: {error}", True
            if sent.event is not None:
                self._mine = [e for e in self._mine if e.id != sent.event.id]
                self.last = None if self.last == sent.event else self.last

    @property
    def waiting(self) -> int:
        """Return how many commands have no answer yet."""
        return len(self._sent)

    def close(self) -> None:
        """Let the thread finish what was sent."""
        self._thread.shutdown(wait=True, cancel_futures=False)
