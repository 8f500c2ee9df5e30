"""The recorder's end of the control channel: it listens, and answers every line, whatever it holds."""

from __future__ import annotations

import hmac
import json
import logging
import os
import queue
import secrets
import socketserver
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.recorder.control import MAX_LINE, PATIENCE, Fields, runtime_directory

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 16
IDLE = 60.0
"""Seconds after which a silent connection is closed."""


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
        self._tcp = _Tcp(("127.0.0.1", 0), _Handler)
        self._tcp.owner = self
        self.port = int(self._tcp.server_address[1])
        self._thread = threading.Thread(target=self._tcp.serve_forever, name="control", daemon=True)
        self._file = runtime_directory() / f"{recording.name}-{os.getpid()}-{self.port}.json"
        self._write(recording)
        self._thread.start()

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
        self._tcp.shutdown()
        self._tcp.server_close()

    def reply(self, line: bytes) -> Fields:
        """Return the answer to a line, whatever it holds."""
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "error": "not a line of JSON"}
        if not isinstance(fields, dict) or not isinstance(fields.get("command"), str):
            return {"ok": False, "error": "no command"}
        if not hmac.compare_digest(
            str(fields.pop("token", "")).encode("utf-8", "replace"), self.token.encode()
        ):
            return {"ok": False, "error": "bad token"}
        request = Request(fields.pop("command"), fields)
        self._requests.put(request)
        try:
            return request.answers.get(timeout=PATIENCE)
        except queue.Empty:
            return {"ok": False, "error": "the recorder does not answer"}


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = False
    daemon_threads = True
    block_on_close = False
    owner: Server

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse more connections than a user's programs need."""
        return self._slots.acquire(blocking=False)

    def release(self) -> None:
        """Give a connection's place back."""
        self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a connection that broke; the recorder goes on."""
        logger.debug("control connection broke", exc_info=True)


class _Handler(socketserver.StreamRequestHandler):
    timeout = IDLE
    server: _Tcp

    def handle(self) -> None:
        try:
            while line := self.rfile.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    self._send({"ok": False, "error": f"a line is longer than {MAX_LINE} bytes"})
                    return
                answer = self.server.owner.reply(line)
                self._send(answer)
                if answer.get("error") == "bad token":
                    return
        except (TimeoutError, ConnectionError):
            return
        finally:
            self.server.release()

    def _send(self, answer: Fields) -> None:
        self.wfile.write(json.dumps(answer, ensure_ascii=False, allow_nan=False).encode() + b"\n")
