"""The control channel of a running recorder: one JSON line asks, one answers, over TCP on this machine only.

Port and token stand in a file that only the user can read, in the user's runtime directory, one a recorder.
"""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from acquisition.errors import ControlError
from acquisition.event import Event
from acquisition.protection import audit
from acquisition.runtime import runtime_directory
from acquisition.stream import Role

MAX_LINE = 65_536
"""Longest line that is read [bytes]; an event's texts are far shorter."""
PATIENCE = 10.0
"""Seconds to wait for the recorder; a cycle takes a tenth."""

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Say where a recorder listens."""

    recording: str
    port: int
    token: str = field(repr=False)
    file: Path

    @property
    def name(self) -> str:
        """Return the name of the recording."""
        return Path(self.recording).name


def endpoints() -> list[Endpoint]:
    """Return the recorders that listen; files that killed ones left behind are removed."""
    found = []
    for path in sorted(runtime_directory().glob("*.json")):
        try:
            facts = json.loads(path.read_text("utf-8"))
            one = Endpoint(
                recording=str(facts["recording"]),
                port=int(facts["port"]),
                token=str(facts["token"]),
                file=path,
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        try:
            with socket.create_connection(("127.0.0.1", one.port), timeout=2.0):
                found.append(one)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except (OSError, OverflowError):
            continue
    return found


class Client:
    """Talk to a running recorder; each call waits for its answer.

    Raises
    ------
    ControlError
        From every call: the recorder is gone, or says why it refuses.
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float = PATIENCE + 2) -> None:
        self.endpoint = endpoint
        self.timeout = timeout

    @classmethod
    def find(cls, recording: str | Path | None = None) -> Self:
        """Return a client of the one recorder that runs, or of that which writes `recording` (name or path).

        Raises
        ------
        ControlError
            If there is none, or several and none was named.
        """
        found = endpoints()
        names = ", ".join(e.name for e in found)
        if recording is not None:
            path = str(Path(recording).resolve())
            found = [e for e in found if e.recording == path] or [
                e for e in found if e.name == str(recording)
            ]
            if not found:
                raise ControlError(f"no recorder writes {recording} (running: {names or 'none'})")
        if not found:
            raise ControlError("no recorder is running")
        if len(found) > 1:
            raise ControlError(f"several recorders are running: {names} (say which with --recording)")
        return cls(found[0])

    def call(self, command: str, **fields: Any) -> Fields:
        """Send a command and return its answer without the "ok"."""
        line = json.dumps({"token": self.endpoint.token, "command": command, **fields}, ensure_ascii=False)
        try:
            with socket.create_connection(("127.0.0.1", self.endpoint.port), timeout=self.timeout) as link:
                link.sendall(line.encode("utf-8", "replace") + b"\n")
                with link.makefile("rb") as file:
                    answer = json.loads(file.readline(MAX_LINE * 16))
        except OSError as error:
            raise ControlError(f"{self.endpoint.name}: the recorder is gone ({error})") from error
        except ValueError as error:
            raise ControlError(f"{self.endpoint.name}: the recorder ended before it answered") from error
        if not isinstance(answer, dict) or not answer.pop("ok", False):
            raise ControlError(str(answer.get("error", "refused")) if isinstance(answer, dict) else "refused")
        return answer

    def status(self) -> Fields:
        """Return what runs: recording, elapsed time, streams and their health, paused people, disk."""
        return self.call("status")

    def mark(self, event: Event, *, toggle: bool = False) -> Event:
        """Record an event and return it as recorded, with its id.

        Parameters
        ----------
        event : Event
            With the stamp of the press [LSL clock]; a time that is nan is stamped on arrival.
        toggle : bool
            Let the recorder find the phase: an interval's first mark opens it, its second closes it.
        """
        fields = asdict(event)
        if math.isnan(event.time):
            del fields["time"]
        if toggle:
            del fields["phase"]
        return Event(**self.call("mark", **fields)["event"])

    def undo(self, id: str = "") -> Event:
        """Void the last event, or the last with that id or code; return the void event."""
        return Event(**self.call("undo", id=id)["event"])

    def pause(self, role: Role | str) -> Fields:
        """Store nothing of a person from now on."""
        answer = self.call("pause", role=str(role))
        audit.keep("paused", Path(self.endpoint.recording), role=str(role))
        return answer

    def resume(self, role: Role | str) -> Fields:
        """Store what is measured of a person from now on."""
        answer = self.call("resume", role=str(role))
        audit.keep("resumed", Path(self.endpoint.recording), role=str(role))
        return answer

    def waiting(self) -> list[Fields]:
        """Return the streams that wait for a confirmation: role, name, sender, why, since, source_id."""
        return list(self.call("status").get("waiting", ()))

    def confirm(self, stream: str, *, yes: bool = True, sender: str = "", source: str = "cli") -> Event:
        """Take a stream that waits from now on, or refuse its sender; return the event that says so.

        With `sender`, as `waiting` names it, nobody else is meant who may send it by now.
        """
        fields = {"answer": yes, "sender": sender, "source": source}
        event = Event(**self.call("confirm", stream=stream, **fields)["event"])
        audit.keep("confirmed", Path(self.endpoint.recording), answer="yes" if yes else "no")
        return event

    def swap(self, since: str = "now", only: Sequence[str] = ()) -> Event:
        """Exchange the devices of client and therapist; return the event that says so.

        Parameters
        ----------
        since : str
            "now": the devices changed hands; "start": each was the other person's all along.
        only : sequence of str
            heart, skin, breath, voice: only devices that measure these.
        """
        event = Event(**self.call("swap", since=since, only=list(only))["event"])
        audit.keep("devices swapped", Path(self.endpoint.recording), since=since)
        return event

    def replace(self, role: Role | str, profile: str, **device: str) -> str:
        """Search for a device that takes the place of a person's; return its name.

        Parameters
        ----------
        device : str
            address, name, source_id, channel or unit, as in a session file.
        """
        return str(self.call("replace", role=str(role), profile=profile, **device)["searching"])

    def stop(self) -> Fields:
        """End the recording; its files are closed a moment after the answer, see `await_end`."""
        return self.call("stop")

    def await_end(self, seconds: float = 60.0) -> None:
        """Wait until the recorder has closed its files.

        Raises
        ------
        ControlError
            If that takes longer.
        """
        until = time.monotonic() + seconds
        while self.endpoint.file.exists():
            if time.monotonic() > until:
                raise ControlError(f"{self.endpoint.name}: the recorder is still closing its files")
            time.sleep(0.05)
