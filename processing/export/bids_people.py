"""Who is in a BIDS dataset: labels of people and sessions, and their rows in the tables that are shared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from acquisition.session.session import Session
from acquisition.session.study import Covariate
from acquisition.stream import Role
from processing.export.dataset import (
    MISSING,
    merge_json,
    merge_table,
    read_table,
    refuse_another,
    shifted,
    write_json,
)
from processing.export.tracks import Tracks

__all__ = [
    "NAME", "TASK", "TASK_SAID", "derivative", "description", "label", "merge_people", "merge_session",
    "recording_id", "refuse_another", "session_label", "subject_label",
]  # fmt: skip
BIDS_VERSION, HED_VERSION, TASK = "1.10.0", "8.4.0", "session"
NAME = "Physiology of two people in conversation"
TASK_SAID = {
    "TaskName": TASK,
    "TaskDescription": "A conversation of two people, as it is; nothing is presented.",
    "Instructions": "none",
}
SESSION_COLUMNS = ("session_id", "acq_time", "dyad_id", "number", "setting", "recording_id")
SESSION_TEXTS = {
    "acq_time": "When it began; shifted by a constant for each person",
    "dyad_id": "Code of the two people: both have a session of this label",
    "number": "Number of the session within the dyad",
    "setting": "room or remote",
    "recording_id": "Which recording it is",
}


def description() -> dict[str, Any]:
    """Return what dataset_description.json says; what somebody put in there before stays."""
    return {
        "Name": NAME,
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "attunement", "Version": version("attunement")}],
    }


def say_whose(out: Path, authors: Sequence[str], licence: str) -> Path:
    """Write authors and licence into dataset_description.json, in place of what it says of them."""
    place = out / "dataset_description.json"
    merge_json(place, description())
    said = json.loads(place.read_text("utf-8-sig"))
    said |= {"Authors": list(authors)} if authors else {}
    said |= {"License": licence} if licence else {}
    return write_json(place, said)


def derivative(name: str, source: str = "../..") -> dict[str, Any]:
    """Return dataset_description.json of a derivative."""
    return {**description(), "Name": name, "DatasetType": "derivative", "SourceDatasets": [{"URL": source}]}


def label(text: str) -> str:
    """Return a text as BIDS takes it in file names: letters and digits only."""
    return re.sub(r"[^A-Za-z0-9]", "", text) or "X"


def subject_label(tracks: Tracks, role: Role) -> str:
    """Return the label of a person: the code, or the role where there is none."""
    return subject_of(tracks.session, role)


def subject_of(session: Session | None, role: Role) -> str:
    """Return the label of a person of a session."""
    return label(session.participant(role).code if session is not None else str(role))


def session_label(tracks: Tracks) -> str:
    """Return the label of a session: dyad and number, since a therapist is in several dyads.

    Without a dyad it is the number alone, without a number the id.
    """
    return session_label_of(tracks.session, tracks.session_id)


def session_label_of(session: Session | None, id: str) -> str:
    """Return the label of a session of this id."""
    if session is None or not session.number:
        return label(id)
    return f"{label(session.dyad)}S{session.number:02d}" if session.dyad else f"{session.number:02d}"


def recording_id(tracks: Tracks) -> str:
    """Return by what a recording is known again: its own id, in older ones that of the session."""
    recorded = tracks.session.recorded if tracks.session else None
    return (recorded.id if recorded is not None else "") or tracks.session_id


def merge_session(tracks: Tracks, role: Role, files: Sequence[Path], out: Path) -> list[Path]:
    """Write a person's session into sessions.tsv and scans.tsv."""
    subject, session = subject_label(tracks, role), session_label(tracks)
    said = tracks.session
    folder = out / f"sub-{subject}"
    sessions, scans = folder / f"sub-{subject}_sessions.tsv", folder / f"ses-{session}"
    began = said.recorded.began if said is not None and said.recorded is not None else ""
    when = shifted(out, subject, began)
    row = {
        "session_id": f"ses-{session}",
        "acq_time": when,
        "dyad_id": said.dyad if said is not None else "",
        "number": str(said.number) if said is not None and said.number else "",
        "setting": said.setting if said is not None else "",
        "recording_id": recording_id(tracks),
    }
    row |= {name: _plain(value) for name, value in (said.covariates if said is not None else {}).items()}
    tables = [f for f in files if f.suffix in (".tsv", ".gz")]
    listed = [{"filename": f.relative_to(scans).as_posix(), "acq_time": when} for f in tables]
    return [
        merge_table(sessions, ("session_id",), [row], SESSION_COLUMNS),
        merge_json(out / "sessions.json", {k: {"Description": v} for k, v in SESSION_TEXTS.items()}),
        merge_table(scans / f"sub-{subject}_ses-{session}_scans.tsv", ("filename",), listed, ("acq_time",)),
    ]


def merge_people(tracks: Tracks, there: Sequence[Role], out: Path) -> list[Path]:
    """Write the people into participants.tsv, with the dyads they are in and their covariates."""
    _, known = read_table(out / "participants.tsv")
    dyads = {row["participant_id"]: row.get("dyad_id", MISSING) for row in known if "participant_id" in row}
    rows = []
    for role in there:
        who = f"sub-{subject_label(tracks, role)}"
        before = [] if dyads.get(who, MISSING) == MISSING else dyads[who].split()
        own = tracks.session.dyad if tracks.session else ""
        row = {
            "participant_id": who,
            "role": str(role),
            "dyad_id": " ".join(sorted({*before, own} - {""})),
        }
        rows.append(row | {name: _plain(v) for name, v in _covariates(tracks.session, role).items()})
    about: dict[str, Any] = {
        "role": {
            "Description": "Part in the conversation",
            "Levels": {"client": "client", "therapist": "therapist"},
        },
        "dyad_id": {"Description": "Codes of the dyads that the person is in, parted by blanks"},
    }
    names = ("participant_id", "role", "dyad_id")
    about |= {n: _described(n, tracks.declared) for row in rows for n in row if n not in names}
    return [
        merge_table(out / "participants.tsv", ("participant_id",), rows, names),
        merge_json(out / "participants.json", about),
    ]


def _covariates(session: Session | None, role: Role) -> Mapping[str, str | float]:
    return session.participant(role).covariates if session is not None else {}


def _plain(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else value


def _described(name: str, declared: Mapping[str, Covariate]) -> dict[str, Any]:
    """Return what a covariate is, as the study declares it."""
    one = declared.get(name)
    if one is None:
        return {"Description": f"{name}, as the session says it"}
    said: dict[str, Any] = {"Description": one.text or name}
    if one.levels:
        return said | {"Levels": {level: level for level in one.levels}}
    return said | ({"Units": one.unit} if one.unit != "1" else {})
