"""What stands at the head of the report: of whom, when, with what, and with which software."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version

from acquisition.protection.sealed_file import is_sealed_recording
from acquisition.protection.vault import UNSEALED
from acquisition.session.session import Recorded, Session
from acquisition.stream import Role, StreamInfo
from processing.indices import spelled
from processing.results.session_run import SessionRun

UNKNOWN = "not known"
SETTING = {"room": "in one room", "remote": "remote"}
OF_IMPORT = "as the files or whoever imported them say"
OF_OLD_IMPORT = f"{OF_IMPORT}; where neither did, when they were imported"


def facts(run: SessionRun) -> list[tuple[str, str]]:
    """Return what identifies a session and what it was recorded with, as names and values ready to print."""
    session = run.recording.session
    recorded = session.recorded if session is not None else None
    return [
        *_who(session),
        ("date and start", began(recorded)),
        ("length", f"{run.seconds / 60:.1f} min"),
        *(
            (f"devices of the {role}", devices(found))
            for role in dict.fromkeys(s.role for s in run.recording.streams)
            if (found := [s for s in run.recording.streams if s.role == role])
        ),
        ("recorded with", _written(recorded)),
        ("files", "sealed" if is_sealed_recording(run.recording.path) else UNSEALED),
        *([("corrections", run.corrected.said)] if run.corrected is not None else []),
        ("analysed with", f"Attunement {version('attunement')}, parameters {run.config.digest()}"),
    ]


def _who(session: Session | None) -> list[tuple[str, str]]:
    if session is None:
        return [(name, UNKNOWN) for name in ("client", "therapist", "dyad, number of the session", "setting")]
    number = str(session.number) if session.number else "not given"
    return [
        ("client", session.code(Role.CLIENT) or "not given"),
        ("therapist", session.code(Role.THERAPIST) or "not given"),
        ("dyad, number of the session", f"{session.dyad or 'not given'}, {number}"),
        ("setting", SETTING.get(session.setting, "not given")),
    ]


def began(recorded: Recorded | None) -> str:
    """Return date and time of the start as the recording says, with how far it is from UTC."""
    started = recorded.began if recorded is not None else ""
    if recorded is None or not started:
        return UNKNOWN
    day, _, clock = started.partition("T")
    zone = next((clock[k:] for k, letter in enumerate(clock) if letter in "+-Z"), "")
    spelled_zone = "UTC" if zone in ("Z", "+00:00") else f"UTC{zone}" if zone else "zone not known"
    text = f"{day} {clock[:5]} ({spelled_zone})"
    if not recorded.imported:
        return text
    # Earlier versions kept the time of the import in the same place, and nothing told the two apart.
    return f"{text}, {OF_IMPORT if 'imported_at' in recorded.versions else OF_OLD_IMPORT}"


def devices(streams: Sequence[StreamInfo]) -> str:
    """Return devices with their streams, rates and units; streams of no named device by their own name."""
    by: dict[str, list[str]] = {}
    for s in streams:
        by.setdefault(s.device, []).append(f"{s.name} {_rate(s)}")
    return "; ".join(f"{device}: {', '.join(of)}" if device else ", ".join(of) for device, of in by.items())


def _rate(stream: StreamInfo) -> str:
    if math.isnan(stream.sfreq):
        return "(never appeared)"
    unit = f", {spelled(stream.unit)}" if stream.unit else ""
    return f"({f'{stream.sfreq:g} Hz' if stream.sfreq else 'at irregular times'}{unit})"


def _written(recorded: Recorded | None) -> str:
    if recorded is None:
        return UNKNOWN
    by = recorded.versions.get("attunement", "")
    if recorded.imported:
        return f"other software; imported with Attunement{f' {by}' if by else ''}"
    return f"Attunement {by}" if by else UNKNOWN
