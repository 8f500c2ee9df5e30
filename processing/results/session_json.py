"""What session.json says of a recording and its results, and what of the recording could not be used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.protection.sealed_file import read_file
from acquisition.recording.altered import standing
from acquisition.recording.identity import recorded_id
from acquisition.recording.recording import Recording
from acquisition.recording.refill import is_refilled
from acquisition.session.session import Session
from acquisition.stream import Role
from acquisition.timebase.account import ADDED, WORDS, Account
from processing.clocks import remark
from processing.hour.keyed import COLUMNS
from processing.index import IndexSample
from processing.metrics.self_report import noted
from processing.pipeline import Pipeline
from processing.results.belonging import ID
from processing.results.old_baselines import old_baselines
from processing.results.results import provenance

if TYPE_CHECKING:
    from processing.results.session_run import SessionRun

NOTICE = (
    "Research use only. Not a medical device. Not for diagnosis, treatment decisions or emergency detection."
)


def scalings(run: SessionRun) -> dict[str, dict[str, Any]]:
    """Say what the arousal index of each person is relative to: today's centre and scale, or the person's;
    and where that was old, with when it began and for how long [s]."""
    old = old_baselines(run.samples)
    return {
        str(role): {"scaling": arousal.scaling}
        | ({"from": run.people.source, "digest": run.people.digest} if arousal.person else {})
        | {
            "old_baseline": [
                {"why": one.reason, "t": round(one.start - run.begin, 3), "seconds": one.seconds}
                for one in old
                if one.entity == str(role)
            ]
        }
        for role, arousal in run.pipeline.arousal.items()
    }


def damaged(recording: Recording) -> list[str]:
    """Say what of a recording could not be read, but for a cut end."""
    return [f"{name}: {d}" for name, d in recording.damage_inside]


def damage_said(directory: Path) -> tuple[str, ...]:
    """Return what a finished result says of damage."""
    try:
        said = json.loads(read_file(directory / "session.json")).get("damage", [])
    except (OSError, ValueError, AttributeError, RecordingError):
        return ()
    return tuple(map(str, said)) if isinstance(said, list) else ()


def changed_hands(recording: Recording, t0: float) -> list[str]:
    """Say which devices changed hands, and when; `t0` is the first tick [s]."""
    return [f"devices changed hands {line}" for line in recording.assignments.lines(t0)]


def _assignments(recording: Recording, t0: float) -> list[dict[str, Any]]:
    """Return what was assigned, stream by stream."""
    return [
        {
            "t": round(one.time - t0, 3),
            "from": one.since,
            "what": one.words,
            "streams": [
                {"stream": f"{m.of[0]}/{m.of[1]}", "to": None if m.to is None else f"{m.to}/{m.name}"}
                for m in one.moves
            ],
        }
        for one in recording.assignments.held
    ]


def _refilled(run: SessionRun) -> list[dict[str, Any]]:
    """Return the stretches that were missing while it was recorded, and fetched from a device afterwards."""
    return [
        {
            "stream": f"{n.role}/{n.stream}",
            "t": round(n.start - run.begin, 3),
            "seconds": round(n.stop - n.start, 3),
            "what": n.message,
        }
        for n in run.notices
        if is_refilled(n)
    ]


def remarks(recording: Recording, pipeline: Pipeline, t0: float = 0.0) -> list[str]:
    """Say in plain lines what of the recording could not be used."""
    lines = standing(recording.path)
    lines += changed_hands(recording, t0)
    lines += [
        f"{name}: bytes {d.start}-{d.stop}: {d.why}; slices there are lost" for name, d in recording.damage
    ]
    for (role, name), (late, future) in sorted(pipeline.dropped.items()):
        if late:
            lines.append(f"{role}/{name}: {late} samples came later than the lateness and stay out")
        if future:
            lines.append(f"{role}/{name}: {future} samples were stamped in the future and stay out")
    for (role, name), account in sorted(pipeline.time_bases.items()):
        account.judge_rate(-1, ended=True)
        lines += [f"{role}/{name}: {text}" for text in account.lines()]
    recorded = recording.session.recorded if recording.session is not None else None
    lines += remark(recorded)
    if recorded is not None:
        lines += [f"imported from damaged files: {text}" for text in recorded.damage]
    if recording.state == "cut":
        lines.append("the recording was cut: it ends at its last whole tick")
    return lines


def _stamps(account: Account | None) -> dict[str, Any]:
    """Say what a stream's stamps are like, and by how much longer its samples waited for that."""
    if account is None or account.manner is None:
        return {"stamps": "taken as they are", "added_delay": 0.0}
    return {
        "stamps": WORDS[account.manner],
        "added_delay": ADDED[account.manner],
        "sfreq_sent": None if np.isnan(account.sfreq) else round(account.sfreq, 4),
        "samples_lost": account.samples_lost,
        "clock_segments": account.segments,
        "stamps_replaced": account.not_numbers + account.slips,
    }


def _clocks(recording: Recording) -> dict[str, Any]:
    """Say how the two people's clocks are related."""
    recorded = recording.session.recorded if recording.session is not None else None
    if recorded is None:
        return {"aligned": True}
    said = recorded.clock or ("unknown" if recorded.imported else "one")
    apart = None if np.isnan(recorded.apart) else recorded.apart
    return {"clock": said, "clock_error": apart, "aligned": recorded.aligned}


def joining_keys(session: Session | None, path: Path) -> dict[str, str | int | None]:
    """Return what joins a session to others: whose it is, its number, and when it began.

    Parameters
    ----------
    path : Path
        Of the recording.
    """
    found: dict[str, str | int | None] = dict.fromkeys(COLUMNS)
    found["recording"] = path.resolve().name
    if session is not None:
        found |= {
            "dyad": session.dyad or None,
            "session": session.number or None,
            "client": session.code(Role.CLIENT) or None,
            "therapist": session.code(Role.THERAPIST) or None,
            "setting": session.setting or None,
            "started": (session.recorded.began or None) if session.recorded else None,
        }
    return found


def _keys(recording: Recording) -> dict[str, Any]:
    """Return the keys as session.json says them, where "session" is the id."""
    keys = joining_keys(recording.session, recording.path)
    return {"number": keys.pop("session"), **keys}


def quality_of(
    rows: Mapping[tuple[str, str], Sequence[IndexSample]],
) -> list[tuple[str, str, int, float]]:
    """Return entity, index, number of values and share of valid ones [%] of each index, in order."""
    return [
        (*key, len(mine), round(100 * sum(s[4] == s[4] for s in mine) / len(mine), 2))
        for key, mine in sorted(rows.items())
    ]


def session_json(path: Path, run: SessionRun) -> dict[str, Any]:
    """Return the content of session.json."""
    recording = run.recording
    return {
        "session": run.id,
        **({ID: id} if (id := recorded_id(path)) else {}),
        **_keys(recording),
        "state": recording.state,
        "began_lsl": None if np.isnan(run.begin) else run.begin,
        "seconds": None if np.isnan(run.begin) else round(run.end - run.begin, 6),
        "record": noted(recording.session, run.filled),
        "streams": [
            {
                "role": str(s.role),
                "modality": str(s.modality),
                "name": s.name,
                "sfreq": None if np.isnan(s.sfreq) else s.sfreq,
                "unit": s.unit,
                "lateness": s.lateness,
                **_stamps(run.pipeline.time_bases.get(s.key)),
            }
            for s in recording.streams
        ],
        "quality": {
            f"{entity}/{index}": {"rows": rows, "valid_pct": pct}
            for entity, index, rows, pct in quality_of(run.rows)
        },
        "clocks": _clocks(recording),
        "assignments": _assignments(recording, run.begin),
        "assigned": [str(stretch) for stretch in recording.assignments.misfiled()],
        "damage": damaged(recording),
        **({"refilled": stretches} if (stretches := _refilled(run)) else {}),
        "remarks": run.remarks,
        "parameters": run.config.parameters(),
        "arousal": scalings(run),
        "provenance": provenance(path, run.config, run.people.digest, run.corrected),
        **({} if run.corrected is None else {"corrections": run.corrected.content()}),
        "notice": NOTICE,
    }
