"""The recorder's end of the control channel: it listens, and answers every line, whatever it holds."""

from __future__ import annotations

import hmac
import json
import logging
import os
import queue
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.recorder.control import MAX_LINE, PATIENCE, Fields
from acquisition.recorder.door import Door
from acquisition.runtime import runtime_directory

BAD_TOKEN = "bad token"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Hold a command until the recorder's next cycle answers it."""

    command: str
    fields: Fields
    answers: queue.SimpleQueue[Fields] = field(default_factory=queue.SimpleQueue)

    def answer(self, **fields: Any) -> None:
        """Answer that it was done."""
        self.answers.put({"ok": True, **fields})

    def refuse(self, why: str) -> None:
        """Answer why it was not done."""
        self.answers.put({"ok": False, "error": why})


class Server:
    """Listen for commands; `take` hands them to the recorder, which answers each.

    Parameters
    ----------
    recording : Path
        The directory of the recording; its name is how `--recording` calls it.
    """

    def __init__(self, recording: Path) -> None:
        self.token = secrets.token_hex(16)
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._door = Door(MAX_LINE, self._admit, self._serve)
        self.port = self._door.port
        self._file = runtime_directory() / f"{recording.name}-{os.getpid()}-{self.port}.json"
        self._write(recording)
        self._door.open()

    def _write(self, recording: Path) -> None:
        facts = {"recording": str(recording.resolve()), "port": self.port, "token": self.token}
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(facts | {"pid": os.getpid()}, file)

    def take(self) -> list[Request]:
        """Return the commands that came since the last call."""
        out = []
        while not self._requests.empty():
            out.append(self._requests.get())
        return out

    def close(self) -> None:
        """Stop listening; commands that still wait are refused."""
        self._file.unlink(missing_ok=True)
        for request in self.take():
            request.refuse("the recorder stops")
        self._door.close()

    def reply(self, line: bytes) -> Fields:
        """Return the answer to a line, whatever it holds."""
        request = self._request(line)
        if not isinstance(request, Request):
            return request
        self._requests.put(request)
        try:
            return request.answers.get(timeout=PATIENCE)
        except queue.Empty:
            return {"ok": False, "error": "the recorder does not answer"}

    def _request(self, line: bytes) -> Request | Fields:
        """Return what a line asks for, or why it is refused."""
        if len(line) > MAX_LINE:
            return {"ok": False, "error": f"a line is longer than {MAX_LINE} bytes"}
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "error": "not a line of JSON"}
        if not isinstance(fields, dict) or not isinstance(fields.get("command"), str):
            return {"ok": False, "error": "no command"}
        if not hmac.compare_digest(
            str(fields.pop("token", "")).encode("utf-8", "replace"), self.token.encode()
        ):
            return {"ok": False, "error": BAD_TOKEN}
        return Request(fields.pop("command"), fields)

    def _admit(self, line: bytes) -> tuple[bytes, bool] | None:
        request = self._request(line)
        if isinstance(request, Request):
            return None
        return _line(request), request["error"] != BAD_TOKEN and len(line) <= MAX_LINE

    def _serve(self, link: socket.socket, said: bytes) -> None:
        """Answer every line of a connection, beginning with what was read of it."""
        while said or (said := link.recv(MAX_LINE)):
            end = said.find(b"\n") + 1
            if not end and len(said) <= MAX_LINE and (more := link.recv(MAX_LINE)):
                said += more
                continue
            line, said = (said[:end], said[end:]) if end else (said, b"")
            answer = self.reply(line)
            link.sendall(_line(answer))
            if len(line) > MAX_LINE or answer.get("error") == BAD_TOKEN:
                return


def _line(answer: Fields) -> bytes:
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode() + b"\n"
