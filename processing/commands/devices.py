"""attune devices: what acquisition has of it, and check, whose signals the pipeline judges."""

from __future__ import annotations

import json
import math
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from acquisition.commands.command import Command, as_json_option, print_json
from acquisition.commands.devices import OPENING, SESSION, devices_command
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.errors import UnitError
from acquisition.stream import Chunk, ClockOffset, FloatArray, Modality, StreamInfo
from acquisition.terminal import echo
from acquisition.units import CANONICAL, convert

if TYPE_CHECKING:
    from processing.contact import Contact, Look

PERIOD = 0.25
"""Seconds between two lines of a stream."""
SHOWN = 130.0
"""Samples a second that a line tells, at most [Hz]: a picture needs no more."""


class Telling:
    """Hear for a judge, and write lines of what comes and how it is judged."""

    def __init__(self, judge: Contact) -> None:
        self._judge = judge
        self._heard: dict[Any, list[Chunk]] = {}
        self._phase: dict[Any, int] = {}
        self._due = -math.inf

    def hear(self, item: Chunk | ClockOffset) -> None:
        """Take in an item, and keep it until the next line."""
        self._judge.hear(item)
        if isinstance(item, Chunk) and item.info.modality is not Modality.AUDIO:
            self._heard.setdefault(item.info.key, []).append(item)

    def tick(self, now: float) -> None:
        """Let the judge work, and write what came."""
        self._judge.tick(now)
        if now < self._due:
            return
        self._due = now + PERIOD
        for key, chunks in self._heard.items():
            times, values = self._thinned(key, chunks)
            if len(times):
                shown, unit = _in_usual_unit(values, chunks[0].info)
                stamps = np.round(times, 4).tolist()
                _line("signal", chunks[0].info, times=stamps, values=shown, unit=unit)
        self._heard.clear()
        for look in self._judge.looks():
            _line("contact", look.info, **_said(look))

    def contact(self, info: StreamInfo) -> tuple[bool, str] | None:
        """Return what the judge says."""
        return self._judge.contact(info)

    def _thinned(self, key: Any, chunks: list[Chunk]) -> tuple[FloatArray, FloatArray]:
        """Return stamps [s] and first channel, every n-th sample, whatever the cut into chunks."""
        step = max(1, math.ceil(chunks[0].info.sfreq / SHOWN)) if chunks[0].info.sfreq > 0 else 1
        times = np.concatenate([c.times for c in chunks])
        values = np.concatenate([np.asarray(c.samples, np.float64)[:, 0] for c in chunks])
        first = -self._phase.get(key, 0) % step
        self._phase[key] = self._phase.get(key, 0) + len(times)
        return times[first::step], values[first::step]


def _in_usual_unit(values: FloatArray, info: StreamInfo) -> tuple[list[float | None], str]:
    """Return values in the unit of their modality [mV, µS, ms], or in their own where that is not known."""
    unit = info.unit
    with suppress(UnitError):
        values, unit = convert(values, info.unit, info.modality), CANONICAL.get(info.modality, info.unit)
    return [round(v, 4) if math.isfinite(v) else None for v in values.tolist()], unit


def _said(look: Look) -> dict[str, Any]:
    hr = round(look.hr, 1) if math.isfinite(look.hr) else None
    return {"ok": look.ok, "settled": look.settled, "text": look.text, "hr": hr, "beats": look.beats}


def _line(event: str, info: StreamInfo, **fields: Any) -> None:
    who = {"role": str(info.role), "stream": info.name, "device": info.device, "sender": info.source_id}
    what = {"event": event, **who, "modality": str(info.modality), **fields}
    echo(json.dumps(what, ensure_ascii=False, allow_nan=False))


@click.command("check", cls=Command)
@SESSION
@click.option("--out", type=OutputPath(file_okay=False), help="Parent of the recording.")
@click.option(
    "--seconds", type=FiniteRange(min=1, max=120), default=10.0, show_default=True,
    help="How long to listen, once the devices stream; a heart needs 8 s to be seen.",
)  # fmt: skip
@click.option(
    "--wait", type=FiniteRange(min=1, max=600), default=OPENING, show_default=True,
    help="Seconds that devices may take to appear.",
)  # fmt: skip
@click.option(
    "--read/--no-read", default=None,
    help="With two microphones: both people read alone, and the gains are written into SESSION.toml; without "
    "either, if this is a terminal.",
)  # fmt: skip
@click.option(
    "--reading", type=FiniteRange(min=4, max=60), default=10.0, show_default=True,
    help="Seconds that each person reads.",
)  # fmt: skip
@click.option(
    "--follow", is_flag=True, help="With --json: before it lines of what comes and how it is judged."
)
@as_json_option
def check_command(
    session_file: Path,
    out: Path | None,
    seconds: float,
    wait: float,
    read: bool | None,
    reading: float,
    follow: bool,
    as_json: bool,
) -> None:
    """Check whether a session can begin: devices, signals, consent, disk, clock, LSL; exit 1 if not.

    It says what a recording would open and what not, and judges each sensor as the recording will: an
    electrode in the air shows no beats.
    """
    from acquisition.devices.check import check
    from acquisition.session.toml import load_session
    from acquisition.voice.check import voice_findings
    from processing.contact import Contact

    session, contact = load_session(session_file), Contact()
    judge = Telling(contact) if follow and as_json else contact
    findings = check(
        session, out or Path(session.recording.directory), wait=wait, listen=seconds, judge=judge
    )
    findings += voice_findings(session, session_file, read=read, as_json=as_json, seconds=reading)
    ok = all(f.ok for f in findings)
    if as_json:
        print_json({"session": session.id, "ok": ok, "findings": [asdict(f) for f in findings]})
    else:
        for f in findings:
            echo(f"{'ok' if f.ok else 'NOT OK':<7} {f.part:<8} {f.what}: {f.text}")
    if not ok:
        sys.exit(1)


devices_command.add_command(check_command)
