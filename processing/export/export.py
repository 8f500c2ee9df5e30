"""A recording in the formats of other tools: CSV, MNE (FIF), EDF+ and one merged XDF.

All stamps are on the clock of the recorder; values are in the unit of the recording, or in SI units for MNE.
Nothing is interpolated: a missing sample is nan, in EDF the lowest value, and annotated as a gap.
"""

from __future__ import annotations

import csv
import functools
import json
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import AttunementError, RecordingError
from acquisition.stream import PEOPLE, BoolArray, FloatArray, Modality, StreamInfo
from acquisition.text import as_cell
from acquisition.xdf.form import EVENTS_ID
from acquisition.xdf.header import OWN_HEADERS, header_xml
from acquisition.xdf.writer import Writer
from processing.export.by_hand import annotated, write_marks
from processing.export.tracks import NOTICE, Track, Tracks, cut, gaps_of, on_even_grid, regular, spans
from processing.hour.shelter import Shelter
from processing.metrics.self_report import as_rows
from processing.results.results import write_events

logger = logging.getLogger(__name__)

MNE_TYPES = {Modality.ECG: "ecg", Modality.EDA: "gsr", Modality.RESP: "resp"}
EDF_TYPES = {Modality.ECG: "ECG", Modality.EDA: "EDA", Modality.RESP: "RESP"}
SI = {Modality.ECG: 1e-3, Modality.EDA: 1e-6}
"""From the canonical unit to volt and siemens, which MNE works in."""


def export_csv(tracks: Tracks, out: Path) -> list[Path]:
    """Write one table per stream (time, t, channels with units), and events.csv."""
    written = []
    for track in tracks.streams:
        names = [(c, track.info.unit_of(c)) for c in track.info.channels]
        target = out / f"{track.name}.csv"
        with target.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            kept = tracks.refilled_of(track)
            more = ["refilled"] if kept else []
            rows.writerow(
                ["time", "t", *(as_cell(f"{c} [{unit}]" if unit else c) for c, unit in names), *more]
            )
            since = track.times - tracks.begin
            marked = _within(since, kept)[:, None].astype(int)[:, : len(more)].tolist()
            for time, t, values, mark in zip(
                track.times.tolist(), since.tolist(), track.samples.tolist(), marked, strict=True
            ):
                rows.writerow([repr(time), f"{t:.6f}", *map(as_cell, values), *mark])
        written.append(target)
    write_events(out, tracks.events, tracks.begin)
    written.append(out / "events.csv")
    if noted := as_rows(tracks.session, tracks.filled):
        with (out / "session_record.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("by whom", "what", "noted"), *(map(as_cell, row) for row in noted)])
        written.append(out / "session_record.csv")
    if tracks.corrected is not None:
        written += write_marks(tracks.corrected, tracks.begin, out)
    return written


def _within(since: FloatArray, spans: Sequence[tuple[float, float]]) -> BoolArray:
    """Tell which moments lie in a span of onset and duration [s]; stamps are right to a microsecond."""
    out = np.zeros(len(since), np.bool_)
    for onset, length in spans:
        out |= (since >= onset - 1e-6) & (since <= onset + length + 1e-6)
    return out


def export_mne(tracks: Tracks, out: Path) -> list[Path]:
    """Write an MNE Raw per regular stream, each with all annotations; values in V and S.

    What was marked as an artefact by hand is bad only in the signal that it was marked in.
    """
    import mne

    written, by_hand = [], list(annotated(tracks.corrected, tracks.begin))
    for track in regular(tracks):
        values = on_even_grid(track, tracks.begin, tracks.end)
        names = [f"{track.info.role} {c}" for c in track.info.channels]
        kind = MNE_TYPES.get(track.info.modality, "misc")
        info = mne.create_info(names, track.info.sfreq, kind)
        info["description"] = NOTICE if tracks.corrected is None else f"{NOTICE} {tracks.corrected.said}"
        raw = mne.io.RawArray(SI.get(track.info.modality, 1.0) * values.T, info, verbose="error")
        marks = [(i.start - tracks.begin, i.stop - i.start, f"{i.code}/{i.actor}") for i in spans(tracks)]
        lost = [(a, d, "BAD_gap") for a, d in gaps_of(values, track.info.sfreq)]
        lost += [*_marked_bad(track, tracks), *_judged_bad(track, tracks)]
        lost += [(a, d, "refilled") for a, d in tracks.refilled_of(track)]
        inside = cut((*marks, *by_hand, *lost), values.shape[0] / track.info.sfreq)
        onset, duration, text = zip(*inside, strict=True) if inside else ((), (), ())
        raw.set_annotations(mne.Annotations(onset, duration, text), verbose="error")
        if (began := _began(tracks)) is not None:
            raw.set_meas_date(began)
        target = out / f"{track.name}{tracks.suffix}_raw.fif"
        # Single precision, as MNE writes by default, would be another rounding, of volts.
        raw.save(target, fmt="double", overwrite=True, verbose="error")
        written.append(target)
    return written


def _marked_bad(track: Track, tracks: Tracks) -> list[tuple[float, float, str]]:
    """Return onset, duration [s] and text of what was marked by hand in this signal."""
    if tracks.corrected is None:
        return []
    part = "skin" if track.info.modality is Modality.EDA else "heart"
    mine = [m for m in tracks.corrected.of(track.info.role) if m.what == "marked" and m.signal == part]
    concerned = track.info.modality in (Modality.ECG, Modality.EDA)
    return [(m.time - tracks.begin, m.duration, "BAD_by_hand") for m in mine if concerned]


def _judged_bad(track: Track, tracks: Tracks) -> list[tuple[float, float, str]]:
    """Return onset, duration [s] and text of what the pipeline judges bad in this signal."""
    organ = {Modality.ECG: "heart", Modality.EDA: "skin"}.get(track.info.modality)
    return [
        (b.start - tracks.begin, b.stop - b.start, f"BAD_{b.why.replace(' ', '_')}")
        for b in tracks.bad
        if (b.role, b.organ) == (track.info.role, organ)
    ]


def _began(tracks: Tracks) -> datetime | None:
    """Return when the recording began (UTC); None where nobody said."""
    recorded = tracks.session.recorded if tracks.session is not None else None
    try:
        when = datetime.fromisoformat(recorded.began) if recorded is not None else None
    except ValueError:
        return None
    return when.astimezone(UTC) if when is not None and when.tzinfo else None


def export_edf(tracks: Tracks, out: Path) -> list[Path]:
    """Write one EDF+ file with all regular streams at their own rates, events and gaps as annotations."""
    import edfio

    whole = [t for t in regular(tracks) if t.info.sfreq == round(t.info.sfreq)]
    grids = [on_even_grid(track, tracks.begin, tracks.end) for track in whole]
    # Of one length for all: whole seconds, since a record is one.
    seconds = max((-(-len(v) // int(t.info.sfreq)) for t, v in zip(whole, grids, strict=True)), default=0)
    signals, notes = [], []
    for track, grid in zip(whole, grids, strict=True):
        empty = np.full((seconds * int(track.info.sfreq) - len(grid), grid.shape[1]), np.nan)
        values = np.concatenate([grid, empty])
        for name, column in zip(track.info.channels, values.T, strict=True):
            # Each missing point, one alone too: nothing else tells it from a value.
            for a, d in gaps_of(column[:, np.newaxis], track.info.sfreq, least=0.0):
                which = f"/{_edf_label(track, name)}" if len(track.info.channels) > 1 else ""
                notes.append(edfio.EdfAnnotation(a, d, f"gap/{track.name}{which}"))
        for a, d in tracks.refilled_of(track):
            notes.append(edfio.EdfAnnotation(a, d, f"refilled/{track.name}"))
        for name, column in zip(track.info.channels, values.T, strict=True):
            signals.append(_edf_signal(edfio, track, name, column))
    # EDF+ has a place for what began before the file: it keeps its time.
    for i in spans(tracks):
        length = i.stop - i.start
        notes.append(edfio.EdfAnnotation(i.start - tracks.begin, length or None, f"{i.code}/{i.actor}"))
    notes += [
        edfio.EdfAnnotation(onset, length or None, text)
        for onset, length, text in annotated(tracks.corrected, tracks.begin)
    ]
    if not signals:
        raise RecordingError("no stream with a whole number of samples a second: EDF cannot hold the others")
    target = out / f"{tracks.session_id}{tracks.suffix}.edf"
    said = () if tracks.corrected is None else (f"corrected_by_{tracks.corrected.who}",)
    head = edfio.Recording(additional=said)
    edfio.Edf(signals, recording=head, data_record_duration=1.0, annotations=notes).write(target)
    return [target]


def _edf_signal(edfio: Any, track: Track, name: str, column: FloatArray) -> Any:
    there = column[np.isfinite(column)]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
    low, high = float(np.floor(low * 1000) / 1000), float(np.ceil(high * 1000) / 1000)
    if high <= low:
        high = low + 1.0
    unit = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.ACC: "g"}.get(
        track.info.modality, track.info.unit
    )
    return edfio.EdfSignal(
        np.where(np.isfinite(column), column, low),
        track.info.sfreq,
        label=_edf_label(track, name),
        physical_dimension=unit[:8],
        physical_range=(low, high),
    )


def _edf_label(track: Track, name: str) -> str:
    """Return a label that begins with what is measured, as EDF+ tells types, and ends with whose."""
    kind = EDF_TYPES.get(track.info.modality, "")
    what = name if not kind or name.casefold().startswith(kind.casefold()) else f"{kind} {name}"
    what = kind + what[len(kind) :] if kind else what
    return f"{what[:14].rstrip()} {str(track.info.role)[0].upper()}"


def export_xdf(tracks: Tracks, out: Path) -> list[Path]:
    """Write one XDF file with all streams, raw values and corrected stamps, and the events that hold."""
    target = out / f"{tracks.session_id}{tracks.suffix}.xdf"
    if target.exists():
        target.unlink()
    writer = Writer(target)
    try:
        for number, track in enumerate(tracks.streams, max(OWN_HEADERS) + 1):
            info = replace(track.info, name=f"{track.info.role} {track.info.name}")
            stream = writer.header(number, header_xml(info))
            if len(track.times):
                writer.offset(stream, float(track.times[0]), 0.0)
                writer.samples(stream, track.times, track.samples)
        _write_marks_xdf(writer, tracks)
        marks = writer.header(EVENTS_ID, OWN_HEADERS[EVENTS_ID])
        if tracks.events:
            times = np.array([e.time for e in tracks.events])
            order = np.argsort(times, kind="stable")
            writer.offset(marks, float(times.min()), 0.0)
            writer.samples(marks, times[order], [tracks.events[k].to_json() for k in order.tolist()])
        writer.seal(0, tracks.end, 0.0)
        writer.flush()
        writer.finish()
    finally:
        writer.close()
    return [target]


def _write_marks_xdf(writer: Writer, tracks: Tracks) -> None:
    """Write a stream of marks for each person whose beats or responses are exported with corrections."""
    found = tracks.corrected
    number = max(OWN_HEADERS) + 1 + len(tracks.streams)
    for role in PEOPLE if found is not None else ():
        assert found is not None
        mine = found.of(role)
        if not mine:
            continue
        info = StreamInfo(
            name=f"{role} beats and responses corrected by {found.who}",
            role=role,
            modality=Modality.MARKERS,
            sfreq=0.0,
            unit="",
            channels=("mark",),
            format="string",
            metadata={"corrected": found.said},
        )
        stream = writer.header(number, header_xml(info))
        number += 1
        times = np.array([m.time for m in mine])
        rows = [json.dumps(_plain(asdict(m)), ensure_ascii=False) for m in mine]
        writer.offset(stream, float(times[0]), 0.0)
        writer.samples(stream, times, rows)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in fields.items()}


def _bids(tracks: Tracks, out: Path) -> list[Path]:
    from processing.export.bids import export_bids

    return export_bids(tracks, out)


def _elan(tracks: Tracks, out: Path) -> list[Path]:
    from processing.export.elan import export_elan

    return export_elan(tracks, out)


FORMATS: Mapping[str, Callable[[Tracks, Path], Sequence[Path]]] = {
    "bids": _bids,
    "csv": export_csv,
    "mne": export_mne,
    "edf": export_edf,
    "xdf": export_xdf,
    "elan": _elan,
}


def export(kind: str, tracks: Tracks, out: Path) -> tuple[Sequence[Path], list[str]]:
    """Write a recording in a format; a stream that it cannot take is left out and named.

    Returns
    -------
    written : sequence of Path
    faults : list of str
        One line for each stream that was left out.

    Raises
    ------
    AttunementError, OSError
        If nothing can be written, for a reason that the user can see to.
    """
    write = FORMATS[kind]
    try:
        return write(tracks, out), []
    except (AttunementError, OSError):
        raise
    except Exception:  # a value nobody thought of: find whose it is, and write the others
        logger.exception("the export failed")
    shelter, fit = Shelter(), list[Track]()
    for track in tracks.streams:
        alone = replace(tracks, streams=(track,))
        if shelter.tried(
            f"{track.info.role} {track.info.name}", functools.partial(_fits, write, alone), False
        ):
            fit.append(track)
    return write(replace(tracks, streams=tuple(fit)), out), shelter.faults


def _fits(write: Callable[[Tracks, Path], Sequence[Path]], alone: Tracks) -> bool:
    """Tell that a format takes a stream, or has no place for it; raise what it raises otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            (Path(folder) / "out").mkdir()
            write(alone, Path(folder) / "out")
        except AttunementError:  # nothing to write of this one alone
            return True
    return True
