"""The voice part of `attune devices check`: both people read alone, and their microphones are made alike."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from acquisition.devices.check import Finding
from acquisition.errors import DeviceError
from acquisition.session.session import Session
from acquisition.stream import Role
from acquisition.terminal import echo
from acquisition.voice.calibration import Calibration
from acquisition.voice.gains import store_gains
from acquisition.voice.read_alone import Guide, Microphones, enough, microphones_of, read_alone

PART = "voice"


class TerminalGuide:
    """Speak to people who sit before a terminal."""

    def begin(self, role: Role, seconds: float) -> bool:
        """Ask; an empty line begins, s skips."""
        echo(f"\n{role}: read {seconds:g} s alone, as you usually speak; the other person is silent.")
        answer = click.prompt("press Enter and read (s skips)", default="", show_default=False)
        if answer.strip().casefold().startswith("s"):
            return False
        echo(f"{role}: read now …")
        return True

    def heard(self, role: Role, speech: float) -> bool:
        """Say what was heard; ask again where it will not do."""
        echo(f"{role}: {speech:.1f} s of speech heard, thank you")
        return not enough(speech) and click.confirm("that is too little; again?", default=True)


class JsonGuide:
    """Speak to a program: a line of JSON before and after each reading, and no questions."""

    def begin(self, role: Role, seconds: float) -> bool:
        """Say who reads from now on."""
        _say({"event": "read", "role": str(role), "seconds": seconds})
        return True

    def heard(self, role: Role, speech: float) -> bool:
        """Say what was heard."""
        _say({"event": "heard", "role": str(role), "speech": round(speech, 1)})
        return False


class PlainGuide:
    """Speak to people without waiting for an answer."""

    def begin(self, role: Role, seconds: float) -> bool:
        """Say who reads from now on."""
        echo(f"{role}: read {seconds:g} s alone, from now on; the other person is silent")
        return True

    def heard(self, role: Role, speech: float) -> bool:
        """Say what was heard."""
        echo(f"{role}: {speech:.1f} s of speech heard")
        return False


def _say(line: dict[str, Any]) -> None:
    echo(json.dumps(line))


def voice_findings(
    session: Session, path: Path, *, read: bool | None, as_json: bool, seconds: float
) -> list[Finding]:
    """Return what there is to say about two microphones; none where there are not two.

    Parameters
    ----------
    path : Path
        The session file; the gains are written into it.
    read : bool or None
        Whether to lead both people through the reading; None: if there is a terminal to lead them from.
    """
    microphones = microphones_of(session)
    if microphones is None:
        return []
    terminal = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    if read is False or (read is None and not terminal):
        return [_uncalibrated(microphones)]
    guide: Guide = JsonGuide() if as_json else TerminalGuide() if terminal else PlainGuide()
    return calibrated(microphones, path, guide, seconds=seconds)


def _uncalibrated(microphones: Microphones) -> Finding:
    gains = ", ".join(
        f"{d.role} {d.settings['gain_db']:+g} dB" for d in microphones.devices if "gain_db" in d.settings
    )
    if microphones.calibrated:
        return Finding(PART, "cross-talk", True, f"gains of an earlier reading: {gains}")
    text = "not calibrated, so who speaks is less certain: let both people read (attune devices check --read)"
    return Finding(PART, "cross-talk", True, text)


def calibrated(
    microphones: Microphones,
    path: Path,
    guide: Guide,
    *,
    seconds: float,
    measure: Callable[..., Calibration | None] = read_alone,
) -> list[Finding]:
    """Lead both people through the reading, write the gains, and say how far apart the microphones are."""
    try:
        found = measure(microphones, guide, seconds=seconds)
    except DeviceError as error:
        return [Finding(PART, "cross-talk", False, str(error))]
    if found is None:
        return [_uncalibrated(microphones)]
    try:
        store_gains(path, found.gains, microphones.devices)
    except OSError as error:
        return [Finding(PART, "gain", False, f"{path}: the gains cannot be written: {error}")]
    gains = ", ".join(f"{role} {gain:+.1f} dB" for role, gain in found.gains.items())
    out = [Finding(PART, "gain", True, f"{gains}; written to {path}")]
    warnings = found.warnings()
    out += [Finding(PART, "cross-talk", False, line) for line in warnings]
    if not warnings:
        apart = ", ".join(f"{role} {x:.1f} dB" for role, x in found.separation.items())
        out.append(Finding(PART, "cross-talk", True, f"own microphone above the other's: {apart}"))
    return out
