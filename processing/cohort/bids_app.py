"""A BIDS dataset in, its indices and metrics out, as a derivative; and one store of all its sessions.

Two subjects of one dyad_id with a session of the same label are the two people of a conversation; a subject
without a partner is computed alone. What is computed is what `attune import` and `attune process` compute.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.errors import ResultsError
from acquisition.importing.assigning import import_as
from acquisition.importing.options import Offset, Options
from acquisition.stream import PEOPLE, Role
from processing.cohort.delimited import choices
from processing.cohort.known import CERTIFICATES
from processing.config import PipelineConfig
from processing.export.bids_people import NAME, TASK_SAID, derivative
from processing.export.dataset import MISSING, read_table, write_json, write_table, write_text
from processing.results.session_run import SessionRun, run_recording

RECORDINGS, STORE = ".recordings", "store"
IGNORED = f"{RECORDINGS}\n{STORE}\n"
READ = ("_physio.tsv.gz", "_physio.tsv", "_events.tsv")
INDEX_COLUMNS = ("onset", "available", "entity", "index", "value", "unit", "quality", "reason", "refilled")
METRIC_COLUMNS = (
    "entity", "metric", "value", "unit", "n", "valid_pct", "ci_low", "ci_high", "se", "scaling", "reason",
)  # fmt: skip
TEXTS = {
    "onset": "Centre of what it describes, since the recording began [s]",
    "available": "When it could first be known, since the recording began [s]",
    "entity": "The person (client, therapist) or the dyad",
    "index": "Name of the index (docs/indices.md of Attunement)",
    "metric": "Name of the session metric (docs/session-metrics.md of Attunement)",
    "value": "n/a where there is no ground for a value",
    "unit": "Unit of the value",
    "quality": "0 to 1",
    "n": "What the value rests on",
    "valid_pct": "Share of the time that counted with a valid index [%]",
    "ci_low": "Lower end of the 95 % interval",
    "ci_high": "Upper end of the 95 % interval",
    "se": "Width of the interval / 3.92",
    "scaling": "What the arousal index is relative to",
    "reason": "Why there is no value",
    "refilled": "1 where it rests on samples that a device kept and that were fetched afterwards",
}


@dataclass(slots=True)
class Meeting:
    """Hold one conversation of a dataset: labels, the subject in each role, and why it cannot be computed."""

    session: str
    dyad: str
    number: int
    started: str
    subjects: dict[Role, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def name(self) -> str:
        """Return a name for its recording."""
        return "_".join([*(self.subjects[r] for r in PEOPLE if r in self.subjects), self.session])


def meetings_in(dataset: Path, labels: Sequence[str] = ()) -> list[Meeting]:
    """Return the conversations of a dataset.

    Parameters
    ----------
    labels : sequence of str
        Only those in which one of these participants takes part; all if there are none.

    Raises
    ------
    ResultsError
        If it is no dataset, or holds no physiology of anybody asked for.
    """
    if not (dataset / "dataset_description.json").is_file():
        raise ResultsError(f"{dataset}: no BIDS dataset (dataset_description.json is not there)")
    _, people = read_table(dataset / "participants.tsv")
    roles = {row.get("participant_id", ""): row.get("role", "") for row in people}
    found: dict[tuple[str, str], Meeting] = {}
    for folder in sorted(dataset.glob("sub-*")):
        subject = folder.name.removeprefix("sub-")
        _, rows = read_table(folder / f"{folder.name}_sessions.tsv")
        said = {row.get("session_id", ""): row for row in rows}
        for session in sorted(p for p in folder.glob("ses-*") if any(_files(p))):
            row = said.get(session.name, {})
            dyad = _said(row, "dyad_id")
            role = Role.THERAPIST if roles.get(folder.name) == "therapist" else Role.CLIENT
            key = (session.name, dyad or subject)
            number = _said(row, "number")
            meeting = found.setdefault(
                key,
                Meeting(
                    session.name.removeprefix("ses-"), dyad, int(number) if number.isdecimal() else 0, ""
                ),
            )
            meeting.started = meeting.started or _said(row, "acq_time")
            if (other := meeting.subjects.setdefault(role, subject)) != subject:
                meeting.fault = (
                    f"sub-{other} and sub-{subject} are both {role} of {dyad} in {session.name}: "
                    "say client and therapist in the column role of participants.tsv"
                )
    wanted = {label.removeprefix("sub-") for label in labels}
    out = [m for _, m in sorted(found.items()) if not wanted or wanted & set(m.subjects.values())]
    there = {subject for m in found.values() for subject in m.subjects.values()}
    if out and (unknown := wanted - there):
        raise ResultsError(
            f"{dataset}: no physiology of {choices(unknown)} in it (there are: {choices(there)})"
        )
    if not out:
        raise ResultsError(
            f"{dataset}: no physiology of {', '.join(sorted(wanted)) or 'anybody'} in it{_beside(dataset)}"
        )
    return out


def _beside(dataset: Path) -> str:
    """Say where there is physiology that is in no session."""
    one = next((p for p in sorted(dataset.glob("sub-*/*/*")) if p.name.endswith(READ[:2])), None)
    return f" below a folder ses-… ({one.relative_to(dataset)} is in none)" if one is not None else ""


def _several(dataset: Path, meeting: Meeting) -> str:
    """Say which runs or tasks one person has in a session; "" if it is one: all begin at 0 s."""
    for subject in meeting.subjects.values():
        files = _files(dataset / f"sub-{subject}" / f"ses-{meeting.session}")
        runs = {" ".join(re.findall(r"(?:task|run)-[^_]+", path.name)) for path in files}
        if len(runs) > 1:
            return (
                f"sub-{subject}, ses-{meeting.session}: {choices(runs)}: one task and run a session "
                "is a conversation: give each a session of its own"
            )
    return ""


def recording_of(dataset: Path, meeting: Meeting, out: Path) -> Path:
    """Import a conversation, unless it is there as the dataset has it now; return the recording.

    Raises
    ------
    AttunementError
        If two people are in one role, or one has several runs, or a file cannot be read.
    """
    if why := meeting.fault or _several(dataset, meeting):
        raise ResultsError(why)
    target = out / RECORDINGS / meeting.name
    source, digest = target.with_name(f"{target.name}.source"), _digest(dataset, meeting)
    if target.exists():
        same = source.is_file() and source.read_text("utf-8") == digest
        if same or any(target.glob(CERTIFICATES)):  # who withdrew does not come back
            return target
        shutil.rmtree(target)
    both = len(meeting.subjects) == 2
    work = out / RECORDINGS / f".{meeting.name}"
    pairs = [
        (role, _own_marks(path, work) if role is Role.THERAPIST and both else path)
        for role, subject in meeting.subjects.items()
        for path in _files(dataset / f"sub-{subject}" / f"ses-{meeting.session}")
    ]
    options = Options(
        dyad=meeting.dyad,
        number=meeting.number,
        client=_code(meeting.subjects.get(Role.CLIENT, "")),
        therapist=_code(meeting.subjects.get(Role.THERAPIST, "")),
        started=meeting.started,
        # Stamps of both count from the same moment.
        offsets={Role.CLIENT: Offset(0.0, 0.0)} if both else {},
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        import_as(pairs, out=target, options=options)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    write_text(source, digest)
    return target


def _digest(dataset: Path, meeting: Meeting) -> str:
    """Return the SHA-256 of what a conversation is made of: its files, what describes them, its keys."""
    digest = hashlib.sha256(
        repr((meeting.dyad, meeting.number, meeting.started, sorted(meeting.subjects.items()))).encode()
    )
    for subject in sorted(meeting.subjects.values()):
        above, folder = dataset / f"sub-{subject}", dataset / f"sub-{subject}" / f"ses-{meeting.session}"
        said = [*dataset.glob("*.json"), *above.glob("*.json"), *folder.rglob("*.json")]
        for path in sorted([*_files(folder), *said]):
            digest.update(f"{path.relative_to(dataset)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def write_participant_level(dataset: Path, meeting: Meeting, out: Path, config: PipelineConfig) -> list[Path]:
    """Write indices and metrics of a conversation into the folder of each person, those of both into both."""
    run = run_recording(recording_of(dataset, meeting, out), config=config)
    metrics = run.metrics(run.hour())
    written = head(dataset, out, meeting.subjects.values())
    for role, subject in meeting.subjects.items():
        other = {str(p) for p in PEOPLE} - {str(role)}
        folder = out / f"sub-{subject}" / f"ses-{meeting.session}" / "beh"
        stem = f"sub-{subject}_ses-{meeting.session}_task-session_desc"
        rows = {
            "indices": (INDEX_COLUMNS, (r for r in _indices(run) if r["entity"] not in other)),
            "metrics": (METRIC_COLUMNS, (_row(m, METRIC_COLUMNS) for m in metrics if m.entity not in other)),
        }
        for name, (columns, listed) in rows.items():
            written.append(write_table(folder / f"{stem}-{name}_beh.tsv", columns, listed))
            about: dict[str, Any] = {c: {"Description": TEXTS[c]} for c in columns}
            said = {**TASK_SAID, **about, "Parameters": run.config.digest()}
            written.append(write_json(folder / f"{stem}-{name}_beh.json", said))
    return written


def refuse_other_settings(out: Path, config: PipelineConfig, anew: Iterable[Meeting] = ()) -> None:
    """Refuse a derivative that holds other conversations under other parameters.

    Parameters
    ----------
    anew : iterable of Meeting
        What is about to be computed again.

    Raises
    ------
    ResultsError
        If a sidecar of another conversation names other parameters.
    """
    mine = {(f"sub-{s}", f"ses-{m.session}") for m in anew for s in m.subjects.values()}
    for sidecar in sorted(out.glob("sub-*/ses-*/beh/*_desc-metrics_beh.json")):
        if sidecar.relative_to(out).parts[:2] in mine:
            continue
        if _parameters(sidecar) != config.digest():
            raise ResultsError(f"{sidecar}: was made with other parameters (--config): take another OUT")


def _parameters(sidecar: Path) -> object:
    try:
        said = json.loads(sidecar.read_text("utf-8"))
    except ValueError:
        return None
    return said.get("Parameters") if isinstance(said, dict) else None


def head(dataset: Path, out: Path, subjects: Iterable[str] = ()) -> list[Path]:
    """Write what says that the derivative is one, and of what; people are those who have a folder in it.

    Parameters
    ----------
    subjects : iterable of str
        Who is about to have one.
    """
    source = os.path.relpath(dataset.resolve(), out.resolve())
    about = derivative(f"{NAME}: indices and session metrics", source)
    readme = f"Indices and session metrics of {dataset.resolve().name}, computed by Attunement.\n"
    written = [write_json(out / "dataset_description.json", about), write_text(out / "README", readme)]
    names, people = read_table(dataset / "participants.tsv")
    there = {path.name for path in out.glob("sub-*")} | {f"sub-{subject}" for subject in subjects}
    if mine := [row for row in people if row.get("participant_id") in there]:
        written.append(write_table(out / "participants.tsv", names, mine))
    return [*written, write_text(out / ".bidsignore", IGNORED)]


def _indices(run: SessionRun) -> Iterable[dict[str, str]]:
    for s, refilled in zip(run.samples, run.refills.of(run.samples).tolist(), strict=True):
        yield {
            "onset": f"{s.time - run.begin:.6f}",
            "available": f"{s.available - run.begin:.6f}",
            "entity": s.entity,
            "index": s.index,
            "value": _number(s.value),
            "unit": s.unit,
            "quality": _number(s.quality),
            "reason": s.reason,
            "refilled": str(int(refilled)),
        }


def _row(metric: object, names: Sequence[str]) -> dict[str, str]:
    values = {name: getattr(metric, name) for name in names}
    return {name: _number(v) if isinstance(v, float) else str(v) for name, v in values.items()}


def _number(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else MISSING


def _files(session: Path) -> list[Path]:
    return [p for p in sorted(session.glob("*/*")) if p.name.endswith(READ)]


def _own_marks(path: Path, work: Path) -> Path:
    """Return an events table without the marks of both, which stand in the other person's too."""
    if not path.name.endswith("_events.tsv"):
        return path
    names, rows = read_table(path)
    if "actor" not in names:
        return path
    kept = [row for row in rows if row["actor"] == Role.THERAPIST]
    if (sidecar := path.with_suffix(".json")).is_file():
        work.mkdir(parents=True, exist_ok=True)
        shutil.copy(sidecar, work)
    return write_table(work / path.name, names, kept)


def _said(row: Mapping[str, str], name: str) -> str:
    value = row.get(name, MISSING)
    return "" if value == MISSING else value


def _code(subject: str) -> str:
    """Return a subject's label as a code; a label that is none is nobody's."""
    return subject if re.fullmatch(r"[A-Za-z]{0,4}\d{1,6}", subject) else ""
