"""A recording as a BIDS dataset: a subject per person, physiology, events with HED, and self-reports.

What a person withdraws is their subject's folder: it holds their own signals and events and those of both,
never the partner's. Notes in free text stay out, as datasets are made to be shared.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import PEOPLE, FloatArray, Modality, Role
from acquisition.text import as_cell
from processing.export.by_hand import MARK_COLUMNS, MEANINGS, CorrectedMarks, rows
from processing.export.tracks import NOTICE, Track, Tracks, on_even_grid, regular, spans
from processing.hour.timeline import Interval
from processing.metrics.self_report import Filled

BIDS_VERSION, HED_VERSION, TASK = "1.10.0", "8.4.0", "session"
COLUMNS = {Modality.ECG: "cardiac", Modality.RESP: "respiratory", Modality.EDA: "skin_conductance"}
UNITS = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.ACC: "g"}
README = """\
{session}: physiology of a conversation between two people, each of them a subject.

{notice}

Stamps are seconds since the recording began, the same for both subjects. Streams with a rate are in
*_physio.tsv.gz, n/a where no sample came; streams without one (RR intervals, voice rows) have no place here:
attune export --to csv. Events are raw markers with later edits applied; free notes are left out.
"""
CORRECTED = """
derivatives/{folder} holds beats and skin conductance responses, {said}. What is
above it stays as recorded: nothing in it is corrected.
"""


def export_bids(tracks: Tracks, out: Path) -> list[Path]:
    """Write a BIDS dataset; the partner's events and signals never lie in a person's folder."""
    found = tracks.corrected
    more = "" if found is None else CORRECTED.format(folder=_folder(found), said=found.said)
    written = [_write(out / "README", README.format(session=tracks.session_id, notice=NOTICE) + more)]
    written.append(_json(out / "dataset_description.json", _description(tracks)))
    written += _events_sidecar(out)
    people = []
    for role in PEOPLE:
        mine = [t for t in regular(tracks) if t.info.role == role]
        if not mine:
            continue
        subject = _label(_code(tracks, role))
        people.append({"participant_id": f"sub-{subject}", "role": str(role)})
        stem = f"sub-{subject}_ses-{_session_label(tracks)}_task-{TASK}"
        folder = out / f"sub-{subject}" / f"ses-{_session_label(tracks)}" / "beh"
        folder.mkdir(parents=True, exist_ok=True)
        for track, name in zip(mine, _recordings(mine), strict=True):
            written += _physio(track, tracks, folder / f"{stem}_recording-{name}_physio")
        written.append(_events(tracks, role, folder / f"{stem}_events.tsv"))
    written.append(_table(out / "participants.tsv", ("participant_id", "role"), people))
    written.append(_json(out / "participants.json", {"role": {"Description": "client or therapist"}}))
    written += _self_reports(tracks, out)
    return (
        written
        if found is None
        else written + _corrected(tracks, found, out / "derivatives" / _folder(found))
    )


def _folder(found: CorrectedMarks) -> str:
    return f"corrected-{_label(found.who)}"


def _corrected(tracks: Tracks, found: CorrectedMarks, out: Path) -> list[Path]:
    """Write beats and responses with corrections by hand as a derivative, a subject per person."""
    out.mkdir(parents=True, exist_ok=True)
    about = _description(tracks) | {"DatasetType": "derivative", "SourceDatasets": [{"URL": "../.."}]}
    about |= {"Name": f"{about['Name']}: beats and responses, {found.said}"}
    written = [_json(out / "dataset_description.json", about)]
    names = ("onset", "duration", "trial_type", *MARK_COLUMNS[3:])
    for role in (p for p in PEOPLE if found.of(p)):
        subject, session = _label(_code(tracks, role)), _session_label(tracks)
        folder = out / f"sub-{subject}" / f"ses-{session}" / "beh"
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"sub-{subject}_ses-{session}_task-{TASK}_desc-{_label(found.who)}_events"
        lines = []
        for mark, cells in zip(found.of(role), rows(found, role, tracks.begin), strict=True):
            named = dict(zip(MARK_COLUMNS, cells, strict=True))
            lines.append(
                {**named, "onset": named["t"], "duration": named["duration"], "trial_type": mark.what}
            )
        written.append(_table(folder / f"{stem}.tsv", names, lines))
        meaning = {name: {"Description": text} for name, text in MEANINGS.items() if name in names}
        written.append(_json(folder / f"{stem}.json", {"Corrected": found.said, **meaning}))
    return written


def _description(tracks: Tracks) -> dict[str, Any]:
    return {
        "Name": f"Attunement {tracks.session_id}",
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "attunement", "Version": version("attunement")}],
    }


def _code(tracks: Tracks, role: Role) -> str:
    return tracks.session.participant(role).code if tracks.session else str(role)


def _session_label(tracks: Tracks) -> str:
    number = tracks.session.number if tracks.session else 0
    return f"{number:02d}" if number else _label(tracks.session_id)


def _label(text: str) -> str:
    """Return a text as BIDS takes it in file names: letters and digits only."""
    return re.sub(r"[^A-Za-z0-9]", "", text) or "X"


def _recordings(tracks: Sequence[Track]) -> list[str]:
    """Return a name for each stream: its modality, with a number where there are several."""
    seen: dict[str, int] = {}
    out = []
    for track in tracks:
        name = _label(str(track.info.modality))
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}{seen[name]}")
    return out


def _physio(track: Track, tracks: Tracks, stem: Path) -> list[Path]:
    values = on_even_grid(track, tracks.begin, tracks.end)
    names = _columns(track)
    unit = UNITS.get(track.info.modality, track.info.unit) or "arbitrary"
    about: dict[str, Any] = {
        "SamplingFrequency": track.info.sfreq,
        "StartTime": 0.0,
        "Columns": names,
        "Manufacturer": track.info.device or "n/a",
        **{name: {"Units": unit} for name in names},
    }
    table = stem.with_name(f"{stem.name}.tsv.gz")
    with table.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        file.write(_rows(values).encode("ascii"))
    return [table, _json(stem.with_name(f"{stem.name}.json"), about)]


def _columns(track: Track) -> list[str]:
    channels = track.info.channels
    known = COLUMNS.get(track.info.modality)
    if known and len(channels) == 1:
        return [known]
    return [re.sub(r"\W+", "_", c).strip("_").lower() or f"channel_{k}" for k, c in enumerate(channels)]


def _rows(values: FloatArray) -> str:
    """Return numbers as their shortest decimals that are read as the same ones."""
    rows = ("\t".join("n/a" if v != v else repr(v) for v in row) for row in values.tolist())
    return "\n".join(rows) + "\n"


def _events(tracks: Tracks, role: Role, path: Path) -> Path:
    """Write what was marked of this person and of both; the partner's marks are the partner's."""
    other = next(str(p) for p in PEOPLE if p != role)
    hed = {c.code: c.hed for c in load_vocabulary().codes.values()}
    rows = [_event(i, tracks.begin, hed.get(i.code, "")) for i in spans(tracks) if i.actor != other]
    return _table(path, ("onset", "duration", "trial_type", "actor", "value", "HED"), rows)


def _event(i: Interval, begin: float, hed: str) -> dict[str, str]:
    return {
        "onset": f"{i.start - begin:.6f}",
        "duration": f"{i.stop - i.start:.6f}",
        "trial_type": i.code,
        "actor": i.actor,
        "value": "n/a" if not isinstance(i.value, int | float) else f"{i.value:g}",
        "HED": hed or "n/a",
    }


def _events_sidecar(out: Path) -> list[Path]:
    codes = load_vocabulary().codes.values()
    about = {
        "trial_type": {"Description": "Code of the vocabulary", "Levels": {c.code: c.meaning for c in codes}},
        "actor": {"Description": "Whom it is about: client, therapist, dyad, system, tech or any"},
        "value": {"Description": "What was given with the mark, as the vocabulary says"},
    }
    return [_json(out / f"task-{TASK}_events.json", about)]


def _self_reports(tracks: Tracks, out: Path) -> list[Path]:
    rows = [row for one in tracks.filled if one.instrument is not None for row in _self_report(tracks, one)]
    if not rows:
        return []
    (out / "phenotype").mkdir(exist_ok=True)
    names = ("participant_id", "session_id", "instrument", "when", "scale", "value", "validated")
    about = {
        "MeasurementToolMetadata": {"Description": "Self-reports, by each instrument's own key"},
        "validated": {"Description": "whether anybody has shown what the instrument measures"},
    }
    table = _table(out / "phenotype" / "self_report.tsv", names, rows)
    return [table, _json(out / "phenotype" / "self_report.json", about)]


def _self_report(tracks: Tracks, one: Filled) -> Iterable[dict[str, str]]:
    assert one.instrument is not None
    for v in one.values:
        yield {
            "participant_id": f"sub-{_label(_code(tracks, Role(one.of)))}",
            "session_id": f"ses-{_session_label(tracks)}",
            "instrument": one.instrument.title,
            "when": one.when,
            "scale": v.scale,
            "value": "n/a" if v.reason else f"{v.value:.6g}",
            "validated": str(one.instrument.validated).lower(),
        }


def _table(path: Path, names: Sequence[str], rows: Iterable[dict[str, str]]) -> Path:
    lines = [names, *([_cell(row[name]) for name in names] for row in rows)]
    return _write(path, "".join("\t".join(line) + "\n" for line in lines))


def _cell(text: str) -> str:
    return str(as_cell(re.sub(r"\s+", " ", text))) or "n/a"


def _json(path: Path, content: dict[str, Any]) -> Path:
    return _write(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
