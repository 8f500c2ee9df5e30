"""XDF of LabRecorder and others, packed ones too: streams on one clock, repeated names told apart."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.event import own_fields
from acquisition.events.foreign import marker_texts
from acquisition.importing.found import Found, FoundFile, Hints, Peek, single
from acquisition.importing.markers import on_time, triggered
from acquisition.importing.rates import IRREGULAR, per_second, rate_of
from acquisition.importing.tables.naming import modality_of, spelled
from acquisition.lsl.network import Description, describe
from acquisition.stream import FloatArray, Modality, Role, of_beats
from acquisition.text import how_many
from acquisition.timebase.beginning import UNITS
from acquisition.xdf import ForeignStream, load_foreign
from acquisition.xdf.clock_segments import on_one_clock
from acquisition.xdf.header import MAX_XML, header_text, stream_info
from acquisition.xdf.items import Damage

TITLE = "XDF"
SUFFIXES = (".xdf", ".xdfz", ".gz")
OWN_EVENTS = "attunement-events"
"""Source of the events that `attune export --to xdf` writes."""
HEAD_BYTES = 4096
_DATETIME = re.compile(rb"<datetime>([^<]{8,40})</datetime>")
OFF = 0.1
"""Share by which a rate may differ from the one that the header says."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OneClock:
    """Hold a stream of a file: its header, what it says of itself, stamps on one clock [s], samples.

    `title` asks for it on the command line: its name, with @source_id or #id where names repeat.
    """

    stream: ForeignStream
    said: Description
    source_id: str
    title: str
    times: FloatArray
    samples: NDArray[Any]
    parts: int = 1
    notes: tuple[str, ...] = ()


def recognise(peek: Peek) -> bool:
    """Tell whether it begins as such a file, or is a packed one by its name."""
    packed = peek.head[:2] == b"\x1f\x8b" and (
        peek.suffix in (".xdfz", ".xdf") or peek.name.endswith(".xdf.gz")
    )
    return peek.head[:4] == b"XDF:" or packed


def read(path: Path, hints: Hints) -> FoundFile:
    """Read every stream whose type, name or channels say what it is."""
    damage: list[Damage] = []
    streams = read_streams(path, damage)
    found: list[Found] = []
    left_out: list[str] = []
    notes: list[str] = []
    for one in streams:
        made, out, said = _streams(one, hints, streams)
        found += made
        left_out += out
        notes += [f"{one.title}: {n}" for n in said]
    if not found:
        why = "; ".join(left_out) or "; ".join(map(str, damage)) or "it has no streams with samples"
        raise RecordingError(f"{path}: nothing that can be imported: {why}")
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(found),
        opened=opened(path),
        left_out=tuple(left_out),
        damage=tuple(map(str, damage)),
        notes=tuple(notes),
    )


def opened(path: Path) -> str:
    """Return when a file was begun, ISO 8601, as the header of LabRecorder says it; "" if none does."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = _DATETIME.search(head)
    if found is None or b"<recording>" in head:  # one of ours: its folder knows when it began
        return ""
    try:
        return datetime.fromisoformat(found[1].decode("ascii", "replace").strip()).isoformat()
    except ValueError:
        return ""


def read_streams(path: Path, damage: list[Damage]) -> list[OneClock]:
    """Return the streams of a file that have samples; restarted ones are joined."""
    raw = [s for s in load_foreign(path, damage=damage) if s.header.kind not in ("Tick", "Notices")]
    streams = [_one(path, s) for s in raw if len(s.times)]
    return _titled(_joined(streams))


def _one(path: Path, stream: ForeignStream) -> OneClock:
    from xml.etree import ElementTree

    xml = header_text(stream.header.xml)
    source = (ElementTree.fromstring(xml).findtext("source_id") or "").strip()
    by = per_second(stream.times, stream.header.sfreq)
    clock = on_one_clock(stream.times / by, stream.offsets)
    notes = (f"stamps are {UNITS[by]}, not seconds: they are read as such",) if by in UNITS else ()
    return OneClock(
        stream=stream,
        said=describe(xml, stream.header.n_channels, first=1, longest=MAX_XML),
        source_id=source,
        title=stream.header.name,
        times=clock.times,
        samples=stream.samples,
        notes=(*notes, *clock.notes),
    )


def _joined(streams: Sequence[OneClock]) -> list[OneClock]:
    """Join what one outlet sent before and after a restart: same name, source and form, times apart."""
    out: list[OneClock] = []
    for one in streams:
        h = one.stream.header
        for i, other in enumerate(out):
            o = other.stream.header
            same = (h.name, h.kind, h.n_channels, h.format, h.sfreq, one.source_id) == (
                o.name,
                o.kind,
                o.n_channels,
                o.format,
                o.sfreq,
                other.source_id,
            )
            if same and one.source_id and _apart(other.times, one.times):
                first, then = sorted((other, one), key=lambda x: float(x.times[0]))
                out[i] = replace(
                    first,
                    times=np.concatenate([first.times, then.times]),
                    samples=np.concatenate([first.samples, then.samples]),
                    parts=other.parts + one.parts,
                )
                break
        else:
            out.append(one)
    return out


def _apart(a: FloatArray, b: FloatArray) -> bool:
    return bool(np.nanmax(a) < np.nanmin(b) or np.nanmax(b) < np.nanmin(a))


def _titled(streams: Sequence[OneClock]) -> list[OneClock]:
    """Give each stream a title of its own: name, name@source_id, or #id."""
    by_name: dict[str, list[OneClock]] = defaultdict(list)
    for one in streams:
        by_name[one.title].append(one)
    out = []
    for one in streams:
        same = by_name[one.title]
        sources = [s.source_id for s in same]
        if len(same) > 1:
            alone = one.source_id and sources.count(one.source_id) == 1
            title = f"{one.title}@{one.source_id}" if alone else f"#{one.stream.header.id}"
            out.append(replace(one, title=title))
        else:
            out.append(one)
    return out


def asked(path: Path, streams: Sequence[OneClock], name: str) -> tuple[OneClock, str]:
    """Return the stream that a name asks for, and the channel after its last colon.

    A name, name@source_id or #id; joined streams answer to the id of each part.

    Raises
    ------
    RecordingError
        If there is none, or several; it names the choices.
    """
    for text, channel in ((name, ""), tuple(name.rsplit(":", 1)) if ":" in name else (name, "")):
        hits = [
            s
            for s in streams
            if text in (s.title, f"#{s.stream.header.id}", f"{s.stream.header.name}@{s.source_id}")
        ]
        if len(hits) == 1:
            return hits[0], channel
        plain = [s for s in streams if s.stream.header.name == text]
        if len(plain) > 1:
            choices = ", ".join(f"{s.title} ({s.source_id or 'no source_id'})" for s in plain)
            raise RecordingError(f"{path}: stream {text!r} is there {len(plain)} times; say which: {choices}")
    raise RecordingError(
        f"{path}: no stream {name!r} (there are: {', '.join(s.title for s in streams) or 'none'})"
    )


def _modality(one: OneClock, hints: Hints) -> Modality | None:
    info = stream_info(one.stream.header, Role.DYAD)
    said = hints.sensor(one.title) or (info.modality if info is not None else None)
    return said or modality_of(one.stream.header.kind) or modality_of(one.stream.header.name)


def _streams(
    one: OneClock, hints: Hints, streams: Sequence[OneClock]
) -> tuple[list[Found], list[str], list[str]]:
    """Return what can be imported of a stream, what cannot, and what was done to it."""
    notes = [*one.notes, *([f"{one.parts} parts of a restarted stream joined"] if one.parts > 1 else [])]
    modality = _modality(one, hints)
    if modality is Modality.DEVICE_TIME:
        return [], [], []
    if one.samples.dtype == object or modality is Modality.MARKERS:
        return _markers(one, streams, notes)
    channels = range(one.stream.header.n_channels)
    if modality in (Modality.ACC, Modality.VOICE, Modality.AUDIO, Modality.RATING) or (
        of_beats(modality, one.said.labels) or (len(channels) == 1 and modality is not None)
    ):
        groups: list[tuple[str, Modality | None, list[int]]] = [(one.title, modality, list(channels))]
    else:
        kinds = [modality_of(one.said.labels[i]) for i in channels]
        groups = [(f"{one.title}:{one.said.labels[i]}", kinds[i], [i]) for i in channels]
    found, left_out = [], []
    for title, kind, at in groups:
        unit = one.said.units[at[0]]
        if kind is None or kind is Modality.MARKERS:
            left_out.append(
                f"{title}: neither type, name nor channel says what it is; --sensor or --stream does"
            )
            continue
        made, said = _signal(one, title, kind, unit, at)
        found.append(made)
        notes += said
    return found, left_out, notes


def rate(one: OneClock, kind: Modality) -> tuple[float, list[str]]:
    """Return the rate of a stream [Hz], 0 if it is irregular, and what is said where its header is wrong."""
    nominal = one.stream.header.sfreq
    if kind in IRREGULAR or (kind is Modality.VOICE and nominal == 0.0):
        return 0.0, []
    measured = rate_of(one.times)
    if measured and (nominal == 0.0 or abs(measured / nominal - 1) > OFF):
        return measured, [f"sends {measured:.5g} Hz, says {nominal:g}; taken as {measured:.5g}"]
    return nominal, []


def _signal(one: OneClock, title: str, kind: Modality, unit: str, at: list[int]) -> tuple[Found, list[str]]:
    sfreq, notes = rate(one, kind)
    said = spelled(unit, kind)
    if unit and not said:
        notes.append(f"unit {unit!r} is not known for {kind}")
    labels = tuple(one.said.labels[i] for i in at)
    return Found(
        name=title,
        modality=kind,
        unit=said,
        sfreq=sfreq,
        times=one.times,
        samples=one.samples[:, at],
        labels=labels,
    ), notes


def markers_of(
    one: OneClock, channel: int, streams: Sequence[OneClock]
) -> tuple[FloatArray, NDArray[Any], list[str]]:
    """Return stamps and texts of a channel of markers, in order; those without text or time left out."""
    signals = [
        (s.times, s.stream)
        for s in streams
        if s.samples.dtype != object and s.stream.header.kind.casefold() != "markers"
    ]
    times, notes = on_time(one.times, one.stream, signals)
    if one.samples.dtype != object and one.stream.header.sfreq > 0 and rate_of(one.times) > 0:
        times, texts = triggered(one.samples[:, channel].astype(np.float64), times)
        notes.append(
            f"{len(one.times)} samples of a trigger channel: {how_many(len(texts), 'edge')} from rest"
        )
    else:
        texts = marker_texts(one.samples[:, channel])
    keep = np.array([bool(t) for t in texts], bool) & np.isfinite(times)
    if n_empty := sum(not t for t in texts):
        notes.append(f"{n_empty} markers without a text left out")
    order = np.argsort(times[keep], kind="stable")
    return times[keep][order], single(np.array(texts, object)[keep][order]), notes


def _markers(
    one: OneClock, streams: Sequence[OneClock], notes: list[str]
) -> tuple[list[Found], list[str], list[str]]:
    """Return one stream of markers per channel."""
    found, left_out = [], []
    n = one.samples.shape[1]
    for i in range(n):
        times, texts, said = markers_of(one, i, streams)
        title = one.title if n == 1 else f"{one.title}:{one.said.labels[i]}"
        notes += [f"{s} of {title}" if n > 1 else s for s in said if s not in notes]
        if not len(times):
            left_out.append(f"{title}: no markers with a text and a time")
            continue
        found.append(
            Found(
                name=title,
                modality=Modality.MARKERS,
                unit="",
                sfreq=0.0,
                times=times,
                samples=texts,
                labels=(one.said.labels[i],),
                own=one.source_id == OWN_EVENTS and all(own_fields(str(t)) for t in texts[:, 0]),
            )
        )
    return found, left_out, notes
