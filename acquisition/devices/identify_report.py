"""What `attune devices identify` says: JSON lines, plain lines, or a live table on a terminal."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from acquisition.devices.taps import MOVES, Activity
from acquisition.stream import StreamInfo
from acquisition.terminal import echo, in_table

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR = 24
"""Characters of the longest bar."""


class PlainIdentify:
    """Say each thing as it happens."""

    def __enter__(self) -> PlainIdentify:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to be done."""

    def listening(self, infos: Sequence[StreamInfo], missing: Sequence[str]) -> None:
        """Say what is heard, and what is not."""
        for line in missing:
            echo(line, err=True)
        names = ", ".join(f"{i.role} {i.name}" for i in infos if i.sfreq > 0)
        echo(f"listening to {names or 'nothing'}; tap one sensor at a time")

    def moved(self, activity: Activity) -> None:
        """Say which stream moved."""
        info, ratio = activity.info, activity.ratio()
        more = f", {ratio:.0f} times more than before" if math.isfinite(ratio) else ""
        echo(f"{info.role}: {info.name} ({info.device}) moves{more}")

    def look(self, activities: Sequence[Activity]) -> None:
        """Take a look at all streams."""


class JsonIdentify(PlainIdentify):
    """Write one JSON line for each thing that happens."""

    def listening(self, infos: Sequence[StreamInfo], missing: Sequence[str]) -> None:
        """Write what is heard, and what is not."""
        for line in missing:
            echo(line, err=True)
        streams = [_fields(i) for i in infos if i.sfreq > 0]
        _line("listening", streams=streams, missing=list(missing))

    def moved(self, activity: Activity) -> None:
        """Write which stream moved, and how many times more than before."""
        ratio = activity.ratio()
        _line("moved", **_fields(activity.info), ratio=ratio if math.isfinite(ratio) else None)


class LiveIdentify(PlainIdentify):
    """Keep a table with a bar for each stream on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(), auto_refresh=False)

    def __enter__(self) -> LiveIdentify:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def moved(self, activity: Activity) -> None:
        """Say it above the table."""
        line = in_table(f"{activity.info.role}: {activity.info.name} moves")
        self._live.console.print(line, highlight=False)

    def look(self, activities: Sequence[Activity]) -> None:
        """Refresh the table."""
        self._live.update(table(activities), refresh=True)


def identify_report(*, as_json: bool) -> PlainIdentify:
    """Return what says it here: to a program, a terminal, or a pipe."""
    if as_json:
        return JsonIdentify()
    return LiveIdentify() if sys.stdout.isatty() else PlainIdentify()


def table(activities: Sequence[Activity]) -> RenderableType:
    """Return a table of the streams: how many times more each moves than before, as a bar."""
    from rich.table import Column, Table
    from rich.text import Text

    columns = ("person", "stream", "device", Column("movement", min_width=BAR + 6))
    out = Table(*columns, title="tap one sensor at a time; Ctrl+C ends it")
    for a in sorted(activities, key=lambda a: a.info.key):
        ratio, moves = a.ratio(), a.moves()
        if math.isnan(ratio):
            continue
        n = min(BAR, round(BAR * min(ratio, 4 * MOVES) / (4 * MOVES)))
        bar = Text("█" * n + (" moves" if moves else ""), style="bold green" if moves else "dim")
        out.add_row(*map(in_table, (a.info.role, a.info.name, a.info.device)), bar)
    return out


def _fields(info: StreamInfo) -> dict[str, str]:
    return {"role": str(info.role), "stream": info.name, "device": info.device, "sender": info.source_id}


def _line(event: str, **fields: Any) -> None:
    echo(json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False))
