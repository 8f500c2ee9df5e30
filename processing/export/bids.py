"""A recording in a BIDS dataset: a subject per person, physiology, events with HED, and self-reports.

Recordings are exported into one dataset, one after the other: shared tables are merged (`dataset`). What a
person withdraws is their subject's folder: it holds their own signals and events and those of both, never the
partner's. Notes in free text stay out, as datasets are made to be shared.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from acquisition.event import Event
from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import PEOPLE, FloatArray, Modality, Role
from processing.export.bids_people import (
    NAME,
    TASK,
    TASK_SAID,
    derivative,
    description,
    label,
    merge_people,
    merge_session,
    recording_id,
    session_label,
    subject_label,
)
from processing.export.by_hand import MARK_COLUMNS, MEANINGS, CorrectedMarks, rows
from processing.export.dataset import (
    MISSING,
    merge_json,
    merge_table,
    refuse_another,
    write_json,
    write_table,
    write_text,
)
from processing.export.rated_bids import rated_tracks
from processing.export.tracks import NOTICE, Track, Tracks, on_even_grid, regular, spans
from processing.hour.timeline import Interval
from processing.metrics.self_report import Filled

EVENT_COLUMNS = (
    "onset", "duration", "trial_type", "actor", "value", "source", "rater", "id", "ref", "t_unc", "HED",
)  # fmt: skip
REFILLED = "Onset and duration of what was fetched from the device afterwards; it was missing while recorded"
COLUMNS = {Modality.ECG: "cardiac", Modality.RESP: "respiratory", Modality.EDA: "skin_conductance"}
UNITS = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.ACC: "g"}
README = """\
Physiology of conversations between two people, each of them a subject.

{notice}

Two subjects of a conversation have the same dyad_id and the same session. Stamps are seconds since the
recording began, the same for both. Streams with a rate are in *_physio.tsv.gz, n/a where no sample came;
streams without one (RR intervals, rows of voice measures) in *_beh.tsv, by their onset. Events are raw
markers with later edits applied; free notes are left out. Dates are shifted by a constant for each person.
"""
CORRECTED = """
derivatives/{folder} holds beats and skin conductance responses, {said}. What is
above it stays as recorded: nothing in it is corrected.
"""


def export_bids(tracks: Tracks, out: Path) -> list[Path]:
    """Write a BIDS dataset; the partner's events and signals never lie in a person's folder."""
    found = tracks.corrected
    session = session_label(tracks)
    there = [role for role in PEOPLE if any(t.info.role == role for t in tracks.streams)]
    for role in there:
        refuse_another(out, subject_label(tracks, role), session, recording_id(tracks))
    written = [_readme(out, found), merge_json(out / "dataset_description.json", description())]
    written += _events_sidecar(out)
    for role in there:
        written += _person(tracks, role, out)
    written += merge_people(tracks, there, out)
    written += _self_reports(tracks, out)
    return (
        written
        if found is None
        else written + _corrected(tracks, found, out / "derivatives" / _folder(found))
    )


def _readme(out: Path, found: CorrectedMarks | None) -> Path:
    """Write the README, in which what is there already stays, and what is corrected is said once."""
    place = out / "README"
    text = place.read_text("utf-8") if place.is_file() else README.format(notice=NOTICE)
    more = "" if found is None else CORRECTED.format(folder=_folder(found), said=found.said)
    return write_text(place, text if more in text else text + more)


def _person(tracks: Tracks, role: Role, out: Path) -> list[Path]:
    """Write the folder of a person's session."""
    subject, session = subject_label(tracks, role), session_label(tracks)
    mine = [t for t in tracks.streams if t.info.role == role and len(t.times)]
    even, uneven = regular(replace(tracks, streams=tuple(mine))), [t for t in mine if _uneven(t)]
    stem = f"sub-{subject}_ses-{session}"
    folder = out / f"sub-{subject}" / f"ses-{session}" / "beh"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for track, name in zip(even, _recordings(even), strict=True):
        written += _physio(track, tracks, folder / f"{stem}_task-{TASK}_recording-{name}_physio")
    for name, track, more in rated_tracks(tracks, role):
        written += _physio(track, tracks, folder / f"{stem}_task-{TASK}_recording-{name}_physio", more)
    for track, name in zip(uneven, _recordings(uneven), strict=True):
        written += _beh(track, tracks, folder / f"{stem}_task-{TASK}_acq-{name}_beh")
    written.append(_events(tracks, role, folder / f"{stem}_task-{TASK}_events.tsv"))
    return [*written, *merge_session(tracks, role, written, out)]


def _uneven(track: Track) -> bool:
    return not track.info.sfreq > 0 and track.info.format != "string"


def _folder(found: CorrectedMarks) -> str:
    return f"corrected-{label(found.who)}"


def _corrected(tracks: Tracks, found: CorrectedMarks, out: Path) -> list[Path]:
    """Write beats and responses with corrections by hand as a derivative, a subject per person."""
    out.mkdir(parents=True, exist_ok=True)
    about = derivative(f"{NAME}: beats and responses, {found.said}")
    written = [write_json(out / "dataset_description.json", about)]
    names = ("onset", "duration", "trial_type", *MARK_COLUMNS[3:])
    for role in (p for p in PEOPLE if found.of(p)):
        subject, session = subject_label(tracks, role), session_label(tracks)
        folder = out / f"sub-{subject}" / f"ses-{session}" / "beh"
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"sub-{subject}_ses-{session}_task-{TASK}_desc-{label(found.who)}_events"
        lines = []
        for mark, cells in zip(found.of(role), rows(found, role, tracks.begin), strict=True):
            named = dict(zip(MARK_COLUMNS, cells, strict=True))
            lines.append(
                {**named, "onset": named["t"], "duration": named["duration"], "trial_type": mark.what}
            )
        written.append(write_table(folder / f"{stem}.tsv", names, lines))
        meaning = {name: {"Description": text} for name, text in MEANINGS.items() if name in names}
        written.append(write_json(folder / f"{stem}.json", {"Corrected": found.said, **meaning}))
    return written


def _recordings(tracks: Sequence[Track]) -> list[str]:
    """Return a name for each stream: its modality, with a number where there are several."""
    seen: dict[str, int] = {}
    out = []
    for track in tracks:
        name = label(str(track.info.modality))
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}{seen[name]}")
    return out


def _physio(
    track: Track, tracks: Tracks, stem: Path, more: Mapping[str, Any] = MappingProxyType({})
) -> list[Path]:
    values = on_even_grid(track, tracks.begin, tracks.end)
    names = _columns(track)
    unit = UNITS.get(track.info.modality, track.info.unit) or "arbitrary"
    about: dict[str, Any] = {
        "SamplingFrequency": track.info.sfreq,
        "StartTime": 0.0,
        "Columns": names,
        "PhysioType": "generic",
        "Manufacturer": track.info.device or "n/a",
        **TASK_SAID,
        **{name: {"Units": unit} for name in names},
        **_refilled(track, tracks),
        **more,
    }
    table = stem.with_name(f"{stem.name}.tsv.gz")
    with table.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        file.write(_rows(values).encode("ascii"))
    return [table, write_json(stem.with_name(f"{stem.name}.json"), about)]


def _refilled(track: Track, tracks: Tracks) -> dict[str, Any]:
    """Say which stretches a device kept over its drop-outs, and were fetched from it afterwards."""
    found = tracks.refilled_of(track)
    if not found:
        return {}
    spans = [[round(onset, 6), round(length, 6)] for onset, length in found]
    return {"Refilled": {"Description": REFILLED, "Units": "s", "Spans": spans}}


def _beh(track: Track, tracks: Tracks, stem: Path) -> list[Path]:
    """Write a stream without a rate: a line a sample, by its onset."""
    names = ["onset", *_columns(track)]
    about: dict[str, Any] = {**TASK_SAID, "onset": {"Units": "s", "Description": "since the recording began"}}
    units = map(track.info.unit_of, track.info.channels)
    about |= {name: {"Units": unit or "arbitrary"} for name, unit in zip(names[1:], units, strict=True)}
    about |= _refilled(track, tracks)
    values = np.asarray(track.samples, np.float64)
    since = np.round(track.times - tracks.begin, 6)
    text = "\t".join(names) + "\n" + _rows(np.column_stack([since, values]))
    table = write_text(stem.with_name(f"{stem.name}.tsv"), text)
    return [table, write_json(stem.with_name(f"{stem.name}.json"), about)]


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
    by_id = {e.id: e for e in tracks.events if e.id}
    rows = [
        _event(i, tracks.begin, hed.get(i.code, ""), by_id.get(i.id))
        for i in spans(tracks)
        if i.actor != other
    ]
    return write_table(path, EVENT_COLUMNS, rows)


def _event(i: Interval, begin: float, hed: str, event: Event | None) -> dict[str, str]:
    return {
        "onset": f"{i.start - begin:.6f}",
        "duration": f"{i.stop - i.start:.6f}",
        "trial_type": i.code,
        "actor": i.actor,
        "value": "n/a" if not isinstance(i.value, int | float) else f"{i.value:g}",
        "source": event.source if event is not None else "",
        "rater": i.rater,
        "id": i.id,
        "ref": event.ref if event is not None else "",
        "t_unc": f"{event.t_unc:g}" if event is not None else "",
        "HED": hed,
    }


def _events_sidecar(out: Path) -> list[Path]:
    codes = load_vocabulary().codes.values()
    about = {
        "trial_type": {
            "Description": "Code of the vocabulary",
            "Levels": {c.code: c.meaning for c in codes},
        },
        "actor": {"Description": "Whom it is about: client, therapist, dyad, system, tech or any"},
        "value": {"Description": "What was given with the mark, as the vocabulary says"},
        "source": {"Description": "How it was marked: key, pedal, review, auto, lsl, import or cli"},
        "rater": {"Description": "Code of whoever marked it; n/a where nobody is named"},
        "id": {"Description": "Name of the event, by which others refer to it"},
        "ref": {"Description": "Name of the event that this one refers to"},
        "t_unc": {"Description": "Uncertainty of the onset", "Units": "s"},
        **TASK_SAID,
    }
    return [merge_json(out / f"task-{TASK}_events.json", about)]


def _self_reports(tracks: Tracks, out: Path) -> list[Path]:
    found = [one for one in tracks.filled if one.instrument is not None]
    return list(dict.fromkeys(path for one in found for path in _self_report(tracks, one, out)))


def _self_report(tracks: Tracks, one: Filled, out: Path) -> list[Path]:
    """Write what a person answered: a table an instrument, a line a person, columns a session."""
    assert one.instrument is not None
    instrument, session = one.instrument, session_label(tracks)
    names = {v.scale: f"{session}_{one.when}_{v.scale}" for v in one.values}
    row = {names[v.scale]: MISSING if v.reason else f"{v.value:.6g}" for v in one.values}
    row["participant_id"] = f"sub-{subject_label(tracks, Role(one.of))}"
    stamp = f"; {instrument.stamp}" if instrument.stamp else ""
    about: dict[str, Any] = {
        "MeasurementToolMetadata": {"Description": f"{instrument.title}; {instrument.source}"},
        **{
            name: {"Description": f"{instrument.title} {scale}, {one.when} session {session}{stamp}"}
            for scale, name in names.items()
        },
    }
    place = out / "phenotype" / f"{instrument.name}.tsv"
    table = merge_table(place, ("participant_id",), [row])
    return [table, merge_json(place.with_suffix(".json"), about)]
