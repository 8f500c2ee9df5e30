"""BIDS: *_physio.tsv(.gz) with its .json, and *_events.tsv; also those of `attune export --to bids`.

Our exports put streams without a rate (intervals of beats, rows of voice) in *_acq-<what>_beh.tsv.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import MAX_TEXT_BYTES, Found, FoundFile, Hints, Peek, even, markers
from acquisition.importing.markers import triggered
from acquisition.importing.tables.naming import is_time, modality_of, spelled
from acquisition.stream import FloatArray, Modality
from acquisition.text import how_many

TITLE = "BIDS"
COLUMNS = {"cardiac": Modality.ECG, "respiratory": Modality.RESP, "skin_conductance": Modality.EDA}
ACTORS = ("client", "therapist", "dyad", "system", "tech", "any")


def recognise(peek: Peek) -> bool:
    """Tell by the file's name, as the standard does."""
    return bool(re.search(r"_physio\.tsv(\.gz)?$|_events\.tsv$", peek.name)) or _uneven(peek.name) is not None


def read(path: Path, hints: Hints) -> FoundFile:
    """Read physiology, events, or a stream without a rate."""
    if (modality := _uneven(path.name)) is not None:
        return _beh(path, modality)
    return _events(path) if path.name.casefold().endswith("_events.tsv") else _physio(path, hints)


def _uneven(name: str) -> Modality | None:
    """Return what a file of ours without a rate holds, by its name; None for any other file."""
    found = re.search(r"_acq-(rr|ppi|voice)\d*_beh\.tsv$", name.casefold())
    return Modality(found[1]) if found else None


def _beh(path: Path, modality: Modality) -> FoundFile:
    """Read a stream without a rate: a line a sample, by its onset."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        names = file.readline().rstrip("\r\n").split("\t")
    if names[0] != "onset" or len(names) < 2:
        raise RecordingError(f"{path}: its columns are not onset and values (there are: {', '.join(names)})")
    table, said = _table(path, names, [True] * len(names)), _about(path).get(names[1])
    unit = spelled(str(said.get("Units", "")), modality) if isinstance(said, dict) else ""
    found = Found(
        name=names[1] if modality is not Modality.VOICE else "voice",
        modality=modality,
        unit=unit,
        sfreq=0.0,
        times=table[:, 0],
        samples=table[:, 1:],
        labels=tuple(names[1:]),
    )
    return FoundFile(path=path, layout=f"{TITLE} beh", streams=(found,))


def sidecar(path: Path) -> Path:
    """Return where the .json of a table is."""
    return path.with_name(re.sub(r"\.tsv(\.gz)?$", ".json", path.name, flags=re.IGNORECASE))


def _about(path: Path) -> dict[str, Any]:
    place = sidecar(path)
    if not place.is_file():
        raise RecordingError(f"{path}: its {place.name} is not beside it, which says rate and columns")
    try:
        about = json.loads(place.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{place}: not JSON ({error})") from None
    if not isinstance(about, dict):
        raise RecordingError(f"{place}: not a JSON object")
    return about


def _physio(path: Path, hints: Hints) -> FoundFile:
    about = _about(path)
    names = [str(c) for c in about.get("Columns", [])] if isinstance(about.get("Columns"), list) else []
    sfreq, start = _number(path, about, "SamplingFrequency"), _number(path, about, "StartTime")
    if not (names and sfreq > 0 and math.isfinite(start)):
        raise RecordingError(
            f"{sidecar(path)}: Columns (a list), SamplingFrequency and StartTime (numbers, without quotes) "
            "must be there"
        )
    whole = re.search(r"_recording-([a-z]+)\d*_", path.name.casefold())
    label = modality_of(whole[1]) if whole else None
    kinds = [hints.sensor(n) or COLUMNS.get(n) or modality_of(n) or label for n in names]
    told = [kind is not None and not is_time(n) for n, kind in zip(names, kinds, strict=True)]
    table = _table(path, names, [label is Modality.ACC or one for one in told])
    streams, left_out = [], []
    groups = (
        [("acc", list(range(len(names))))]
        if label is Modality.ACC
        else [(n, [i]) for i, n in enumerate(names)]
    )
    for name, columns in groups:
        if is_time(name):
            continue
        modality = kinds[columns[0]] if label is not Modality.ACC else hints.sensor(name) or label
        said = about.get(names[columns[0]])
        unit = spelled(str(said.get("Units", "")), modality) if isinstance(said, dict) and modality else ""
        if modality is Modality.MARKERS:
            at, texts = triggered(table[:, columns[0]], even(len(table), sfreq, start))
            streams += annotation_stream(name, list(zip(at.tolist(), texts, strict=True)))
            left_out += [] if texts else [f"{name}: no trigger in it"]
            continue
        if modality is None:
            left_out.append(f"{name}: --sensor says what it is")
            continue
        samples = table[:, columns]
        keep = ~np.isnan(samples).all(axis=1)
        times = even(len(samples), sfreq, start)
        streams.append(
            Found(
                name=name,
                modality=modality,
                unit=unit,
                sfreq=sfreq,
                times=times[keep],
                samples=samples[keep],
                labels=tuple(names[c] for c in columns),
            )
        )
    if not streams:
        raise RecordingError(f"{path}: no column that its name tells ({'; '.join(left_out)})")
    return FoundFile(path=path, layout=f"{TITLE} physio", streams=tuple(streams), left_out=tuple(left_out))


def _number(path: Path, about: dict[str, Any], key: str) -> float:
    value = about.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _table(path: Path, names: Sequence[str], wanted: Sequence[bool]) -> FloatArray:
    """Return the rows, n/a and columns that nobody wants as nan; a row of another width is named."""
    rows: list[list[float]] = []
    size, width = 0, len(names)
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    with (
        gzip.open(path, "rb") if packed else path.open("rb") as file,
        io.TextIOWrapper(file, "utf-8", errors="replace") as text,
    ):
        for number, line in enumerate(text, 1):
            size += len(line)
            if size > MAX_TEXT_BYTES:
                raise RecordingError(f"{path}: more than {MAX_TEXT_BYTES >> 20} MiB unpacked")
            cells = line.rstrip("\r\n").split("\t")
            if len(cells) != width:
                raise RecordingError(
                    f"{path}: line {number} has {len(cells)} columns, its .json names {width}"
                )
            if number == 1 and cells == list(names):
                continue  # as older tools write it, against the standard
            try:
                rows.append(
                    [
                        float(c) if want and c not in ("n/a", "") else math.nan
                        for c, want in zip(cells, wanted, strict=True)
                    ]
                )
            except ValueError:
                raise RecordingError(f"{path}: line {number}: {line.strip()[:40]!r} is no number") from None
    if not rows:
        raise RecordingError(f"{path}: no rows")
    return np.array(rows, np.float64)


def _events(path: Path) -> FoundFile:
    """Read events by onset; those with a duration become an on and an off mark."""
    lines = path.read_text("utf-8-sig", "replace").splitlines()
    names = lines[0].split("\t") if lines else []
    if "onset" not in names:
        raise RecordingError(f"{path}: no column onset (there are: {', '.join(names) or 'none'})")
    text = next((n for n in ("trial_type", "value", "event_type") if n in names), None)
    if text is None:
        raise RecordingError(f"{path}: no column trial_type or value (there are: {', '.join(names)})")
    rows, undated, unsaid = list[tuple[float, str]](), 0, ""
    for number, line in enumerate(lines[1:], 2):
        cells = dict(zip(names, line.split("\t"), strict=False))
        word = cells.get(text, "").strip()
        if not word or word == "n/a":
            continue
        if cells["onset"].strip() in ("n/a", ""):
            undated += 1
            continue
        try:
            onset = float(cells["onset"])
        except ValueError:
            raise RecordingError(
                f"{path}: line {number}: onset {cells['onset'][:40]!r} is no number"
            ) from None
        try:
            lasts = float(cells.get("duration", "0").replace("n/a", "0") or 0)
        except ValueError:
            lasts = 0.0
            said = f"line {number}: duration {cells['duration'][:40]!r} is no number: taken as none"
            unsaid = unsaid or said
        rows += marks(onset, lasts, word, cells.get("actor", ""))
    notes = [f"{how_many(undated, 'event')} without an onset left out"] if undated else []
    notes += [unsaid] if unsaid else []
    notes += [] if rows else ["no events in it"]  # nothing was marked; what stands beside it holds
    found = tuple(annotation_stream("events", rows, text))
    return FoundFile(path=path, layout=f"{TITLE} events", streams=found, notes=tuple(notes))


def marks(onset: float, duration: float, text: str, actor: str = "") -> list[tuple[float, str]]:
    """Return what is marked of an event: its text, or an on and an off mark of an interval."""
    code, slash, whose = text.rpartition("/")
    if slash and whose in ACTORS and not actor:  # as our own exports name an event
        text, actor = code, whose
    said = {"actor": actor} if actor and actor != "n/a" else {}
    if not duration > 0 and not said:
        return [(onset, text)]
    own: dict[str, Any] = {"v": 1, "code": text, "source": "lsl", "t_unc": 0.0, **said}
    if not duration > 0:
        return [(onset, json.dumps(own))]
    return [
        (onset, json.dumps({**own, "phase": "on"})),
        (onset + duration, json.dumps({**own, "phase": "off"})),
    ]


def annotation_stream(name: str, rows: Sequence[tuple[float, str]], label: str = "annotation") -> list[Found]:
    """Return annotations as one stream of markers in time order, and none where there are none."""
    if not rows:
        return []
    times, texts = zip(*rows, strict=True)
    return [markers(name, times, texts, label)]
