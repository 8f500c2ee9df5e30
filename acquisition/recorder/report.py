"""What `attune record` says while it records: JSON lines, plain lines, or a table on a terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acquisition.event import Notice
from acquisition.recorder.listener import Listener, Status
from acquisition.recorder.speaker import Speaker
from acquisition.terminal import in_table

if TYPE_CHECKING:
    from rich.console import RenderableType

Echo = Callable[[str], None]
Complain = Callable[[str], None]


def stream_line(stream: dict[str, Any]) -> str:
    """Return the health of a stream in words: `client ECG 250.1 of 250 Hz, 12 ms ago, 2 gaps`."""
    out = f"{stream['role']} {stream['name']}"
    if stream["state"] != "ok":
        out += f" {stream['state'].upper() if stream['state'] == 'stale' else stream['state']}"
    if stream["rate"] is not None:
        nominal = f" of {stream['nominal']:g}" if stream["nominal"] else ""
        out += f" {stream['rate']:.1f}{nominal} Hz"
    if stream["age"] is not None and stream["state"] != "ok":
        out += f", last {stream['age']:.1f} s ago"
    if stream["gaps"]:
        out += f", {stream['gaps']} gaps"
    return out


def status_lines(status: dict[str, Any]) -> list[str]:
    """Return the status of a recorder in words, a line a stream."""
    head = f"{status['recording']}: {status['state']} for {status['elapsed']:.0f} s"
    if status["paused"]:
        head += f"; paused: {', '.join(status['paused'])}"
    if status["open"]:
        head += f"; open: {', '.join(e['code'] for e in status['open'])}"
    if status["disk_free"] is not None:
        head += f"; {status['disk_free'] / 1e9:.1f} GB free"
    doubted = [
        f"  WAITS for `attune confirm '{w['role']} {w['name']}'` (or --deny): {w['sender']}: {w['why']}"
        for w in status.get("waiting", ())
    ]
    return [head, *doubted, *(f"  {stream_line(s)}{_signs(s)}" for s in status["streams"])]


def _signs(stream: dict[str, Any]) -> str:
    """Return what its device says of itself, in words; not for each of the streams that come beside it."""
    if stream["modality"] == "device_time":
        return ""
    said = [(stream.get("battery"), "battery {:.0f} %"), (stream.get("rssi"), "signal {:.0f} dBm")]
    return "".join(f", {text.format(value)}" for value, text in said if value is not None)


def notice_line(notice: Notice) -> str:
    """Return a notice in words."""
    return f"{notice.kind}: {notice.role} {notice.stream}".rstrip() + f": {notice.message}"


class Report(Listener):
    """Hear what happens, and say it."""

    def stopped(self, path: Path, ticks: int, ended: str) -> None:
        """The files are closed; `ended` says why, if not as it was meant."""

    def hint(self, line: str) -> None:
        """Say what to do next, once the files are closed."""

    def close(self) -> None:
        """Nothing more will be said."""


class PlainReport(Report):
    """Say each thing as it happens, and the health of all streams in one line every ten seconds."""

    def __init__(self, echo: Echo, complain: Complain, *, period: float = 10.0) -> None:
        self._echo, self._complain, self._period = echo, complain, period
        self._next = -math.inf

    def started(self, path: Path) -> None:
        """Say where the recording is."""
        self._echo(f"recording to {path}; opening streams")

    def recording(self, status: Status) -> None:
        """Say what is recorded."""
        self._next = status["time"] + self._period
        names = ", ".join(f"{s['role']} {s['name']}" for s in status["streams"]) or "no streams"
        self._echo(f"recording {names}; Ctrl+C or `attune stop` ends it")

    def problem(self, line: str) -> None:
        """Say it on stderr."""
        self._complain(line)

    def notice(self, notice: Notice) -> None:
        """Say it on stderr."""
        self._complain(notice_line(notice))

    def stopped(self, path: Path, ticks: int, ended: str) -> None:
        """Say that the files are closed, and why if not as it was meant."""
        self._echo(f"{path}: closed after {ticks} ticks")
        if ended:
            self._complain(ended)

    def hint(self, line: str) -> None:
        """Say it."""
        self._echo(line)

    def cycle(self, status: Callable[[], Status], now: float) -> None:
        """Say how the streams are, now and then."""
        if now >= self._next:
            self._next = now + self._period
            now_status = status()
            self._echo(
                f"{now_status['elapsed']:.0f} s: " + "; ".join(map(stream_line, now_status["streams"]))
            )


class JsonReport(Report):
    """Write one JSON line for each thing that happens, and the status every second."""

    def __init__(self, echo: Echo, *, period: float = 1.0) -> None:
        self._echo, self._period = echo, period
        self._next = -math.inf

    def _line(self, event: str, **fields: Any) -> None:
        self._echo(json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False))

    def started(self, path: Path) -> None:
        """Write where the recording is."""
        self._line("started", recording=str(path))

    def recording(self, status: Status) -> None:
        """Write the status at the start."""
        self._line("recording", **status)

    def problem(self, line: str) -> None:
        """Write it."""
        self._line("problem", message=line)

    def notice(self, notice: Notice) -> None:
        """Write it; open bounds are left out."""
        fields = {k: v for k, v in asdict(notice).items() if not (isinstance(v, float) and math.isnan(v))}
        self._line("notice", **fields)

    def stopped(self, path: Path, ticks: int, ended: str) -> None:
        """Write that the files are closed, and why if not as it was meant."""
        self._line("stopped", recording=str(path), ticks=ticks, ended=ended)

    def hint(self, line: str) -> None:
        """Write it."""
        self._line("hint", message=line)

    def cycle(self, status: Callable[[], Status], now: float) -> None:
        """Write the status once a second."""
        if now >= self._next:
            self._next = now + self._period
            self._line("status", **status())


class TableReport(PlainReport):
    """Keep a table of the streams on a terminal; what happens scrolls above it."""

    def __init__(self, speaker: Speaker) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(), auto_refresh=False, transient=True)
        self._speaker = speaker
        super().__init__(self._above, self._above, period=1.0)
        speaker.say(self._live.start)

    def _above(self, line: str) -> None:
        self._speaker.say(lambda: self._live.console.print(in_table(line), highlight=False))

    def close(self) -> None:
        """Take the table away."""
        self._speaker.say(self._live.stop)

    def cycle(self, status: Callable[[], Status], now: float) -> None:
        """Refresh the table once a second."""
        if now < self._next:
            return
        self._next = now + self._period
        current = status()
        self._speaker.say(lambda: self._live.update(_table(current), refresh=True))


def _table(status: Status) -> RenderableType:
    from rich.table import Table

    table = Table(
        *("stream", "state", "rate [Hz]", "last [s]", "samples", "gaps", "battery", "signal"),
        title=in_table(status_lines(status)[0]),
    )
    for s in status["streams"]:
        rate = "" if s["rate"] is None else f"{s['rate']:.1f}"
        age = "" if s["age"] is None else f"{s['age']:.1f}"
        battery = "" if s.get("battery") is None else f"{s['battery']:.0f} %"
        signal = "" if s.get("rssi") is None else f"{s['rssi']:.0f} dBm"
        counts = (str(s["samples"]), str(s["gaps"]))
        table.add_row(in_table(f"{s['role']} {s['name']}"), s["state"], rate, age, *counts, battery, signal)
    return table
