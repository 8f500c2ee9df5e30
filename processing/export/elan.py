"""ELAN annotation files: a tier for each code and person, on the time of each linked video.

A video has a file of its own, whose time line is the video's: offset and drift are in the times of its
annotations, so that each is where it is seen. Other videos that ran when it began are linked in it too, by
the place in them at which it begins (TIME_ORIGIN); ELAN knows no drift, so these part from it slowly. Without
an aligned video there is one file, on the time of the recording.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from acquisition.events.vocabulary import PAUSE, SOFTWARE, Vocabulary, load_vocabulary
from acquisition.linking.link import VideoLink
from processing.codings.annotations.eaf import WRITTEN
from processing.export.tracks import NOTICE, Tracks, spans
from processing.hour.timeline import Interval

SEEN = 1.0
"""A moment is drawn so long [s], or up to the next of its tier; its beginning is what counts."""
LEAST = 0.001
SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
TYPE = "event"
KINDS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".mov": "video/quicktime",
    ".wav": "audio/x-wav",
}
"""What ELAN calls a file by its ending."""
NOBODY_SAID = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Placed:
    """Hold what was marked, on the time line of a file [s]; `whole` if none of it lies beyond an end."""

    span: Interval
    start: float
    stop: float
    whole: bool


def export_elan(tracks: Tracks, out: Path) -> list[Path]:
    """Write a file for each aligned video, or one on the recording's time."""
    aligned = [link for link in tracks.videos if link.aligned]
    wanted = _wanted(tracks)
    if not aligned:
        target = out / f"{tracks.session_id}.eaf"
        _write(target, tracks, _placed(wanted, lambda t: t - tracks.begin, tracks.end - tracks.begin), [])
        return [target]
    written = []
    for link, target in zip(aligned, _targets(tracks, aligned, out), strict=True):
        others = [o for o in aligned if o is not link and o.covers(link.offset)]
        media = [_medium(o, o.to_video(link.offset), tracks, out) for o in (link, *others)]
        _write(target, tracks, _placed(wanted, link.to_video, link.duration), media)
        written.append(target)
    return written


def remarks(tracks: Tracks) -> list[str]:
    """Return what a user is to know of the files: offset, drift and error, and what they do not hold."""
    out, wanted = [], _wanted(tracks)
    for link in tracks.videos:
        if not link.aligned:
            out.append(f"{link.name}: is not aligned, so it has no file: {link.reason}")
            continue
        placed = _placed(wanted, link.to_video, link.duration)
        beyond = len(wanted) - len(placed)
        cut = sum(not one.whole for one in placed)
        error = f"± {1000 * link.error:.0f} ms" if math.isfinite(link.error) else "error not known"
        out.append(
            f"{link.name}: begins at {link.offset - tracks.begin:.3f} s of the recording, "
            f"{link.drift:+.0f} ppm, {error}; {len(placed)} marks, {beyond} beyond its ends "
            f"left out, {cut} cut at an end"
        )
    if not tracks.videos:
        out.append("no video is linked: the time of the file is that of the recording (attune link)")
    return out


def _targets(tracks: Tracks, links: Sequence[VideoLink], out: Path) -> Iterator[Path]:
    """Yield a name for each file; of videos of one name the later ones are numbered.

    No two are alike but for the case of their letters, as some disks take these for one file.
    """
    stems = [Path(link.name).stem for link in links]
    taken: set[str] = set()
    for k, stem in enumerate(stems):
        name, number = stem, 1
        # A number may not make it the name of another video, as that of b.mp4 beside b.mov and b_2.mp4.
        while name.casefold() in taken or (number > 1 and _is_among(name, stems[k + 1 :])):
            number += 1
            name = f"{stem}_{number}"
        taken.add(name.casefold())
        yield out / f"{tracks.session_id}_{name}.eaf"


def _is_among(name: str, others: Sequence[str]) -> bool:
    return name.casefold() in {other.casefold() for other in others}


def _vocabulary(tracks: Tracks) -> Vocabulary:
    own = tracks.session.events.vocabulary if tracks.session is not None else ""
    return load_vocabulary(Path(own) if own else None)


def _wanted(tracks: Tracks) -> list[Interval]:
    """Return what people marked: what the software wrote, and pauses, are no codings."""
    codes = _vocabulary(tracks).codes
    return [
        i for i in spans(tracks) if i.code in codes and codes[i.code].group != SOFTWARE and i.code != PAUSE
    ]


def _placed(wanted: Sequence[Interval], to_file: Callable[[float], float], length: float) -> list[Placed]:
    """Return what was marked within a file's time, cut at its ends."""
    out, length = [], length if math.isfinite(length) else math.inf
    for span in wanted:
        start, stop = to_file(span.start), to_file(span.stop)
        if stop < 0.0 or start > length:
            continue
        whole = start >= 0.0 and stop <= length and not span.censored
        out.append(Placed(span, max(start, 0.0), min(stop, length), whole))
    return out


def _tiers(placed: Sequence[Placed]) -> dict[tuple[str, str, int], list[Placed]]:
    """Return marks by code, actor and number of the tier: those of one tier do not overlap."""
    tiers: dict[tuple[str, str, int], list[Placed]] = {}
    for one in sorted(placed, key=lambda p: p.start):
        number = 1
        while mine := tiers.get((one.span.code, one.span.actor, number)):
            if max(mine[-1].stop, mine[-1].start + LEAST) <= one.start:
                break
            number += 1
        tiers.setdefault((one.span.code, one.span.actor, number), []).append(one)
    return tiers


def _text(one: Placed) -> str:
    """Return the label: code and actor, value, note, in the form in which `attune events import` reads it."""
    span = one.span
    value = (
        ""
        if span.value is None
        else f" {span.value:g}"
        if isinstance(span.value, float)
        else f" {span.value}"
    )
    return f"{span.code}/{span.actor}{value}" + (f" {span.note}" if span.note else "")


def _write(target: Path, tracks: Tracks, placed: Sequence[Placed], media: Sequence[dict[str, str]]) -> None:
    recorded = tracks.session.recorded if tracks.session is not None else None
    root = Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": WRITTEN,
            "DATE": recorded.began if recorded is not None and recorded.began else NOBODY_SAID,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": SCHEMA,
        },
    )
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    for descriptor in media:
        SubElement(header, "MEDIA_DESCRIPTOR", descriptor)
    SubElement(header, "PROPERTY", {"NAME": "notice"}).text = NOTICE
    SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(placed))
    order = SubElement(root, "TIME_ORDER")
    tiers = sorted(_tiers(placed).items())
    ends = [end for _, marks in tiers for end in _ends(marks)]
    slots = _slots(order, ends)
    number = 0
    for (code, actor, nth), marks in tiers:
        name = f"{code}/{actor}" + (f" {nth}" if nth > 1 else "")
        tier = SubElement(
            root, "TIER",
            {"ANNOTATOR": WRITTEN, "LINGUISTIC_TYPE_REF": TYPE, "PARTICIPANT": actor, "TIER_ID": name},
        )  # fmt: skip
        for one in marks:
            refs = {f"TIME_SLOT_REF{k + 1}": slots[2 * number + k] for k in (0, 1)}
            number += 1
            said = {"ANNOTATION_ID": f"a{number}", **refs}
            aligned = SubElement(SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", said)
            SubElement(aligned, "ANNOTATION_VALUE").text = _text(one)
    SubElement(
        root, "LINGUISTIC_TYPE",
        {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": TYPE, "TIME_ALIGNABLE": "true"},
    )  # fmt: skip
    ElementTree.indent(root)
    fresh = target.with_name(f".{target.name}.part")
    fresh.write_bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")
    fresh.replace(target)


def _ends(marks: Sequence[Placed]) -> Iterator[tuple[int, int]]:
    """Yield where each mark of a tier begins and ends [ms]; a moment gets some length: ELAN knows none."""
    for one, after in zip(marks, [*(m.start for m in marks[1:]), math.inf], strict=True):
        point = one.span.stop <= one.span.start
        stop = min(one.start + SEEN, after) if point else one.stop
        begin = round(1000 * one.start)
        yield begin, max(round(1000 * stop), begin + 1)


def _slots(order: Element, ends: Sequence[tuple[int, int]]) -> list[str]:
    """Write the slots of beginnings and ends in order of time; return their names in that of the marks."""
    times = [time for pair in ends for time in pair]
    names = [""] * len(times)
    for number, k in enumerate(sorted(range(len(times)), key=lambda k: times[k]), 1):
        names[k] = f"ts{number}"
        SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": names[k], "TIME_VALUE": str(times[k])})
    return names


def _medium(link: VideoLink, origin: float, tracks: Tracks, out: Path) -> dict[str, str]:
    """Return how a video is linked: by its name alone, or by where it lies where that was asked for."""
    url = relative = f"./{link.name}"
    if tracks.video_paths:
        url = f"file://{'' if str(link.path).startswith('/') else '/'}{link.path.as_posix()}"
        with suppress(ValueError):  # on another drive of Windows there is no way from here
            relative = Path(os.path.relpath(link.path, out.absolute())).as_posix()
    kind = KINDS.get(link.path.suffix.casefold(), "unknown")
    said = {"MIME_TYPE": kind, "MEDIA_URL": url, "RELATIVE_MEDIA_URL": relative}
    if (at := round(1000 * origin)) > 0:
        said["TIME_ORIGIN"] = str(at)
    return said
