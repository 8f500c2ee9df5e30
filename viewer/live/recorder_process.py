"""The recorder as a process of its own: it outlives the window, and ends cleanly when told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from acquisition.errors import RecordingError

GRACE = 30.0
"""Seconds that closing the files may take."""

Line = dict[str, Any]


class RecorderProcess:
    """Start `python -m acquisition.cli record` in its own process group and hear what it says.

    Parameters
    ----------
    session : Path
        The session file.
    out : Path or None
        Parent of the recording.
    said : callable, optional
        Called from a thread with each problem and notice.
    rope : int, optional
        Nothing is to be kept: the recorder ends with this process and deletes `out`; meanwhile it holds this
        file descriptor open.
    """

    def __init__(
        self,
        session: Path,
        *,
        out: Path | None = None,
        seconds: float | None = None,
        said: Callable[[Line], None] | None = None,
        rope: int | None = None,
    ) -> None:
        command = [sys.executable, "-m", "acquisition.cli", "record", str(session), "--json", "--beside"]
        command += ["--out", str(out)] if out else []
        command += ["--seconds", str(seconds)] if seconds else []
        command += ["--keep-nothing"] if rope is not None else []
        group: dict[str, Any] = {"start_new_session": True, "pass_fds": () if rope is None else (rope,)}
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.process = subprocess.Popen(
            command,
            stdin=None if rope is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **group,
        )
        self.path: Path | None = None
        self._let_go = False
        self._said = said
        self._errors: list[str] = []
        self._began = threading.Event()
        self._threads = [
            threading.Thread(target=self._hear, daemon=True),
            threading.Thread(target=self._hear_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if line.get("event") == "started":
                self.path = Path(line["recording"])
            elif line.get("event") == "recording":
                self._began.set()
            elif line.get("event") in ("problem", "notice") and self._said:
                self._said(line)
        self._began.set()

    def _hear_errors(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            self._errors.append(text.rstrip())

    def await_recording(self, seconds: float = 60.0) -> Path:
        """Wait until the first tick is about to be written; return the recording's directory.

        Raises
        ------
        RecordingError
            If the recorder ends before, with what it said.
        """
        self._began.wait(seconds)
        if self.process.poll() is not None and self.process.returncode != 0:
            self._threads[1].join(GRACE)
            raise RecordingError("\n".join(self._errors) or "the recorder ended before it began")
        if self.path is None:
            raise RecordingError(f"the recorder did not begin within {seconds:g} s")
        return self.path

    @property
    def running(self) -> bool:
        """Tell whether the recorder runs."""
        return self.process.poll() is None

    def let_go(self) -> None:
        """Let the recorder go on without this process."""
        self._let_go = True

    def stop(self) -> None:
        """Tell the recorder to end, as Ctrl+C would; it closes its files."""
        if self.running:
            ctrl_c = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)  # the former only on Windows
            self.process.send_signal(ctrl_c)

    def wait(self, seconds: float | None = None) -> int:
        """Wait for the end and return the exit code.

        Raises
        ------
        RecordingError
            If the recorder failed.
        """
        code = self.process.wait(seconds)
        for thread in self._threads:
            thread.join(GRACE)
        if code != 0:
            raise RecordingError("\n".join(self._errors) or f"the recorder ended with exit code {code}")
        return code

    def __enter__(self) -> Self:
        """Return the running recorder."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the recorder and wait until its files are closed, unless it was let go."""
        if self._let_go and self.running:
            return
        self.stop()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for thread in self._threads:
            thread.join(GRACE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
