"""The commands of the control channel, as the recorder carries them out between two slices."""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from acquisition.drivers import Drained
from acquisition.errors import AttunementError, ControlError
from acquisition.event import Event, Notice
from acquisition.events.assignments import ASSIGN
from acquisition.events.foreign import OLD
from acquisition.events.vocabulary import PAUSE
from acquisition.recorder.assigning import swap_fields
from acquisition.recorder.control_server import Request
from acquisition.recorder.intake import Intake
from acquisition.recorder.listener import Status
from acquisition.recorder.marks import Marks
from acquisition.recorder.quota import Allowance
from acquisition.stream import PEOPLE, Chunk, ClockOffset, Modality, Role, StreamInfo

logger = logging.getLogger(__name__)

MARKERS = (600.0, 20.0)
"""Foreign markers that become marks, at once and a second; of more only the beginning of a pause does."""
COMMANDS = ("status", "mark", "undo", "pause", "resume", "confirm", "swap", "replace", "stop")


class Commands:
    """Carry out what clients ask for.

    Parameters
    ----------
    status : callable
        What `status` answers.
    stop : callable
        Ends the recording after this cycle.
    confirm : callable
        Name of a stream that waits, yes=, sender=, source= → the event that says what was answered.
    replace : callable
        Fields of a device → what it searches for, to put it in the place of another.
    """

    def __init__(
        self,
        path: Path,
        intake: Intake,
        marks: Marks,
        *,
        clock: Callable[[], float],
        status: Callable[[], Status],
        stop: Callable[[], None],
        confirm: Callable[..., Event],
        replace: Callable[[dict[str, Any]], str],
    ) -> None:
        self._path, self._intake, self.marks = path, intake, marks
        self._clock, self._status, self._stop, self._confirm = clock, status, stop, confirm
        self._replace = replace
        self._offsets: dict[tuple[Role, str], float] = {}
        self._markers = Allowance(*MARKERS)

    def answer(self, requests: Sequence[Request]) -> set[Role]:
        """Answer each request; return who was paused by one, even if another resumed them at once."""
        pressed: set[Role] = set()
        for request in requests:
            try:
                request.answer(**self._carry_out(request.command, request.fields))
            except AttunementError as error:
                request.refuse(str(error))
            except Exception as error:  # whatever a client sends: the recording goes on
                logger.exception("a command failed")
                request.refuse(f"{request.command[:40]!r} failed: {type(error).__name__}: {error}"[:500])
            pressed |= set(self._intake.pauses.on)
        return pressed

    def hear(self, items: Iterable[Drained]) -> set[Role]:
        """Mark what foreign markers mean, where the vocabulary says so; return who was paused by one."""
        pressed: set[Role] = set()
        for item in items:
            if isinstance(item, ClockOffset):
                self._offsets[item.info.key] = item.value
            elif isinstance(item, Chunk) and item.info.modality is Modality.MARKERS:
                offset = self._offsets.get(item.info.key, 0.0)
                for time, (text, *_) in zip(item.times.tolist(), item.samples.tolist(), strict=True):
                    self._hear_marker(time + offset, str(text), item.info)
                    pressed |= set(self._intake.pauses.on)
        self.held_back()
        return pressed

    def held_back(self, *, last: bool = False) -> None:
        """Tell how many foreign markers were too many to become marks."""
        now = self._clock()
        if n := self._markers.due(now, last=last):
            what = f"{n} foreign markers are recorded as text only: too many at once"
            self._intake.notice(Notice(time=now, kind="health", role=Role.DYAD, message=what))

    def _hear_marker(self, time: float, text: str, info: StreamInfo) -> None:
        try:
            self._mark_foreign(time, text, info)
        except Exception:  # whatever a marker holds: it is recorded as text all the same
            logger.exception("a foreign marker could not be marked")

    def _mark_foreign(self, time: float, text: str, info: StreamInfo) -> None:
        meant = self.marks.vocabulary.foreign(text)
        if meant is None:
            return
        code, phase = meant
        now = self._clock()
        came = time if now - OLD <= time <= now else now  # else its stamp is of another clock
        fields: dict[str, Any] = {"code": code.code, "source": "lsl", "time": came}
        try:
            event = self.marks.make(fields | ({"phase": phase} if phase else {}), now)
            if self._markers.admit(now) or (event.code == PAUSE and event.phase == "on"):
                self.record(event)
        except AttunementError as error:
            what = f"marker {text[:80]!r}: {error}"
            notice = Notice(time=now, kind="health", role=info.role, stream=info.name, message=what)
            self._intake.notice(notice)

    def _carry_out(self, command: str, fields: dict[str, Any]) -> dict[str, Any]:
        match command:
            case "status":
                return self._status()
            case "mark":
                return {"event": asdict(self._mark_or_complete(fields))}
            case "undo":
                return {"event": asdict(self.record(self._undone(_id(fields))))}
            case "pause" | "resume":
                return {"event": asdict(self.record(self._pause_event(command, fields)))}
            case "confirm":
                return {"event": asdict(self._confirmed(fields))}
            case "swap":
                since, kinds = swap_fields(fields)
                event = self._intake.assigning.swap(self._clock(), since, kinds)
                return {"event": asdict(self.record(event))}
            case "replace":
                return {"searching": self._replace(fields)}
            case "stop":
                self._stop()
                return {"recording": str(self._path)}
        raise ControlError(f"no command {command[:40]!r} (known: {', '.join(COMMANDS)})")

    def _undone(self, which: str) -> Event:
        return self.marks.void(which, self._clock(), paused=self._intake.pauses.on)

    def _confirmed(self, fields: dict[str, Any]) -> Event:
        stream, yes = fields.get("stream"), fields.get("answer", True)
        sender, source = fields.get("sender", ""), fields.get("source", "cli")
        if not isinstance(stream, str) or not isinstance(yes, bool):
            raise ControlError("confirm: needs stream, a text, and answer, true or false")
        if not isinstance(sender, str) or source not in ("cli", "key"):
            raise ControlError("confirm: sender must be text, source cli or key")
        event = self._confirm(stream, yes=yes, sender=sender, source=source)
        self._intake.store.event(event)
        return event

    def _mark_or_complete(self, fields: dict[str, Any]) -> Event:
        """Record a mark; one that repeats an earlier one with its value takes its place."""
        event = self.marks.make(fields, self._clock())
        before = self.marks.completed(event)
        if before is None:
            return self.record(event)
        void = replace(before, time=self._clock(), phase="void", ref=before.id, id=str(uuid.uuid4()), note="")
        self.record(void)
        return self.record(replace(event, time=before.time))

    def _pause_event(self, command: str, fields: dict[str, Any]) -> Event:
        role = fields.get("role")
        if role not in PEOPLE:
            raise ControlError(f"role = {str(role)[:40]!r}: must be one of {', '.join(PEOPLE)}")
        paused = role in self._intake.pauses.on
        if paused is (command == "pause"):
            raise ControlError(f"the {role} is {'paused already' if paused else 'not paused'}")
        said = {"source": fields["source"]} if "source" in fields else {}
        phase = "on" if command == "pause" else "off"
        return self.marks.make({"code": PAUSE, "actor": role, "phase": phase, **said}, self._clock())

    def begin_paused(self, roles: Iterable[Role]) -> None:
        """Pause people before anything of theirs is taken: they were paused when the last recorder died."""
        for role in roles:
            event = self._pause_event("pause", {"role": role, "source": "auto"})
            self.record(replace(event, note="paused when the recorder before this one ended"))

    def record(self, event: Event) -> Event:
        """Record an event; a pause takes hold here, and so do devices that change hands."""
        if event.code == PAUSE:
            if event.role not in PEOPLE:
                raise ControlError(f"actor = {event.actor!r}: a pause is of client or therapist")
            if event.phase == "on":
                self._intake.pause(event)
            else:
                event = self._intake.resume(event)
        elif event.role in self._intake.pauses.on:
            raise ControlError(f"the {event.role} is paused: nothing of them is stored before they resume")
        else:
            self._intake.store.event(event)
        self.marks.note(event)
        if event.code == ASSIGN:
            self._intake.assign(event)
        return event


def _id(fields: dict[str, Any]) -> str:
    value = fields.get("id", "")
    if not isinstance(value, str):
        raise ControlError("id: must be text")
    return value


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values for JSON: nan becomes None."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}
