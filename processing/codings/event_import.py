"""Annotations of other programs become events of the vocabulary, as codings of one rater.

What an annotation means is looked for in this order: what the caller maps its text or tier to; its text,
where that begins with a code ("rupture_withdraw 3", "suds = 40", "mismatch/dyad", "note: late start"); its
tier, where that is named after a code ("now_moment", "over_observed/client"). Nothing else is guessed.
"""

from __future__ import annotations

import hashlib
import math
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from acquisition.errors import AnnotationError, VocabularyError
from acquisition.event import Event, Phase, Value
from acquisition.events.overlay import Edit, held
from acquisition.events.vocabulary import (
    ACTORS,
    MAX_NOTE,
    PAUSE,
    SOFTWARE,
    Code,
    Vocabulary,
    checked_value,
    load_vocabulary,
)
from acquisition.events.who import patterns_of, who_fault
from acquisition.linking.links_file import read_links
from acquisition.session.patterns import CodePatterns
from acquisition.stream import PEOPLE
from processing.codings.annotations.annotation import Annotation
from processing.codings.annotations.coders import OBSERVATION
from processing.codings.annotations.eaf import WRITTEN
from processing.codings.annotations.reading import read_annotations
from processing.codings.annotations.times import beginning, recording_time
from processing.codings.marked import Marked, since_begin
from processing.codings.on_video import OnVideo
from processing.hour.timeline import Interval

REVIEW_UNC = 1.0
"""Uncertainty of a moment that was coded from a replay [s]."""
BEFORE = 60.0
"""Seconds before a recording in which a coding on its clock may lie."""
LONGEST = 2 * 86_400.0
"""Seconds after the beginning of a recording beyond which nothing is on its clock."""
SHOWN = 20
"""Faults that are told of one file."""
_WORD = re.compile(r"\w+")
_BEGINS = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(?:/([a-z]+))?(?:\s*[=:]\s*|\s+|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Say how a file is read.

    Parameters
    ----------
    zero : float
        Seconds since the recording began at which the file's clock is 0.
    mapping : mapping
        Text or tier, in small letters → code.
    tiers : collection of str
        Only these; if empty all but those that an export of ours wrote.
    actor, rater : str
        Where the file says none; without it the code's own actor.
    otherwise : str
        Code of what names none; "" makes that a fault.
    skip : bool
        Leave out what names no code.
    started : str
        When the recording began, ISO 8601; "" if nobody knows it.
    patterns : CodePatterns
        Which codes raters have.
    speakers : mapping
        Speaker of a transcript, in small letters → client or therapist. Names are kept nowhere.
    videos : OnVideo, optional
        What was coded on a video is brought onto the recording's clock by its link; without it all times
        count from `zero`.
    """

    zero: float = 0.0
    mapping: Mapping[str, str] = field(default_factory=dict)
    tiers: Collection[str] = ()
    actor: str = ""
    rater: str = ""
    otherwise: str = ""
    skip: bool = False
    started: str = ""
    patterns: CodePatterns = field(default_factory=CodePatterns)
    speakers: Mapping[str, str] = field(default_factory=dict)
    videos: OnVideo | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """Hold the events of a file, on the LSL clock, and how many annotations named no code.

    `elsewhere` names the observations that are of other videos than those that are linked.
    """

    events: list[Event]
    left_out: int
    elsewhere: tuple[str, ...] = ()


def read_events(
    path: Path, vocabulary: Vocabulary, begin: float, how: Reading, known: Collection[str] = ()
) -> Imported:
    """Read a file of annotations as events.

    Parameters
    ----------
    begin : float
        When the recording began [s, LSL clock].
    known : collection of str
        Ids of events that are there already: rows of a table that carry one of them are left as they are.

    Raises
    ------
    AnnotationError
        If the file cannot be read, or an annotation is no event: one line a fault, with its place.
    VocabularyError
        If something is to mean a code that there is not.
    """
    for code in (*how.mapping.values(), *filter(None, [how.otherwise])):
        vocabulary.find(code)
    annotations, data = read_annotations(path)
    stem = hashlib.sha256(data).hexdigest()
    try:
        elsewhere = how.videos.elsewhere(annotations) if how.videos is not None else []
    except AnnotationError as error:
        raise AnnotationError(f"{path}: {error}") from None
    events: list[Event] = []
    faults: list[str] = []
    left_out = 0
    for number, annotation in enumerate(annotations):
        if (how.tiers and annotation.tier not in how.tiers) or annotation.fields.get("id") in known:
            continue
        if annotation.fields.get(OBSERVATION, "") in elsewhere:
            continue
        if _is_no_coding(annotation) or (annotation.fields.get("source") == WRITTEN and not how.tiers):
            left_out += 1
            continue
        try:
            found = _meaning(annotation, vocabulary, how)
            if found is None:
                left_out += 1
            else:
                events += _events(annotation, *found, begin, how, f"{stem}/{how.rater}/{number}")
        except (AnnotationError, VocabularyError) as error:
            faults.append(f"{path}: {annotation.place}: {error}")
    if faults:
        more = [f"{path}: and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise AnnotationError("\n".join([*faults[:SHOWN], *more]))
    return Imported(events, left_out, tuple(elsewhere))


def read_file(path: Path, marked: Marked | None, rater: str = "") -> list[Interval]:
    """Read a file of annotations as what a rater coded, in seconds since the session began.

    Without a recording the file's zero is the beginning, and stamps on the LSL clock stand as they are.
    """
    begin = marked.begin if marked else 0.0
    vocabulary = marked.vocabulary if marked else load_vocabulary()
    how = Reading(
        started=marked.started if marked else "",
        patterns=patterns_of(marked.path if marked else None),
        videos=OnVideo(read_links(marked.path), marked.begin) if marked else None,
    )
    events = read_events(path, vocabulary, begin, how).events
    mine = [e for e in events if not rater or e.rater == rater]
    last = max((e.onset for e in mine), default=begin)
    return since_begin(events, begin, marked.end if marked else last, rater)


def edits_of(events: Sequence[Event], there: Sequence[Edit], *, who: str, when: str, why: str) -> list[Edit]:
    """Return the edits that add events; what was added before and is the same is left as it is."""
    added = {e.id: e.fields for e in there if e.op == "add"}
    out = []
    for event in events:
        fields = _fields(event)
        if added.get(event.id) != fields:
            out.append(Edit(op="add", id=event.id, fields=fields, who=who, when=when, why=why))
    return out


def known_ids(marked: Marked, edits: Sequence[Edit]) -> set[str]:
    """Return the ids of all events of a recording, undone ones too."""
    return {e.id for e in marked.events if e.id} | set(held(marked.events, edits)) | {e.id for e in edits}


def _fields(event: Event) -> dict[str, object]:
    blank = Event(time=0.0, code="", source="review", t_unc=REVIEW_UNC)
    names = [n for n in Event.__dataclass_fields__ if n != "id"]
    return {
        n: getattr(event, n) for n in names if n in ("time", "code") or getattr(event, n) != getattr(blank, n)
    }


def _meaning(annotation: Annotation, vocabulary: Vocabulary, how: Reading) -> tuple[Code, str, str] | None:
    """Return code, actor and what is left of the text; None if the annotation is to be left out."""
    for label, rest in ((annotation.text, ""), (annotation.tier, annotation.text)):
        if label.casefold() in how.mapping:
            return vocabulary.find(how.mapping[label.casefold()]), "", rest
    for label, tail in ((annotation.text, ""), (annotation.tier, annotation.text)):
        begins = _BEGINS.match(label)
        if begins and begins[1] in vocabulary.codes and (not tail or begins.end() == len(label)):
            return vocabulary.find(begins[1]), begins[2] or "", tail or label[begins.end() :].strip()
    if how.skip:
        return None
    if how.otherwise:
        return vocabulary.find(how.otherwise), "", annotation.text
    tier = f" (tier {annotation.tier[:40]!r})" if annotation.tier else ""
    if _WORD.fullmatch(annotation.text):
        try:
            vocabulary.find(annotation.text)
        except VocabularyError as error:
            raise AnnotationError(f"{error}{tier}") from None
    raise AnnotationError(f"no code in {annotation.text[:40]!r}{tier}")


def _is_no_coding(annotation: Annotation) -> bool:
    """Tell whether a row of an events.csv is what the recorder, the software or another program wrote."""
    source = annotation.fields.get("source", "")
    return source in ("auto", "lsl") or bool(source and annotation.text == PAUSE)


def _events(
    annotation: Annotation, code: Code, actor: str, rest: str, begin: float, how: Reading, stem: str
) -> list[Event]:
    """Return the event of a point, or the two of an interval."""
    if math.isnan(annotation.start):
        raise AnnotationError("is not aligned to the time line, so it has no time")
    error = 0.0
    if how.videos is not None:
        annotation, error = how.videos.since_begin(annotation)
    fields = annotation.fields
    # A column named time is on the LSL clock, unless nothing was recorded then at its times.
    absolute = annotation.absolute and begin - BEFORE <= annotation.start
    on_clock = absolute and annotation.start <= begin + LONGEST
    if annotation.calendar == "wall" or (annotation.calendar and not on_clock):
        annotation, absolute = _dated(annotation, how), False
    if code.group == SOFTWARE or code.code == PAUSE:
        by = "software" if code.group == SOFTWARE else "recorder"
        raise AnnotationError(f"code {code.code!r} is written by the {by} only")
    value, note = _value_and_note(code, fields.get("value", ""), fields.get("note", ""), rest)
    event = Event(
        time=annotation.start if absolute else begin + how.zero + annotation.start,
        code=code.code,
        actor=_actor(code, fields.get("actor") or actor or how.actor or _speaker(code, fields, how)),
        source="import",
        rater=_rater(fields.get("rater") or how.rater, how.patterns),
        value=value,
        note=note,
        ref=fields.get("ref", ""),
        t_shift=_number(fields, "t_shift", 0.0) if absolute else 0.0,
        t_unc=_number(fields, "t_unc", round(math.hypot(REVIEW_UNC, error), 3)),
        id=fields.get("id") or _id(stem, "on"),
    )
    if code.kind == "point":
        return [event]
    phase = fields.get("phase", "")
    if phase in ("on", "off"):
        return [replace(event, phase=cast(Phase, phase))]
    if math.isnan(annotation.stop):
        raise AnnotationError(f"interval {code.code!r} needs an end")
    length = annotation.stop - annotation.start
    on = replace(event, phase="on")
    off = replace(on, phase="off", time=on.time + length, ref=on.id, id=_id(stem, "off"), value=None, note="")
    return [on, off]


def _dated(annotation: Annotation, how: Reading) -> Annotation:
    """Return an annotation at a moment of a calendar in seconds since the recording began."""
    try:
        since = recording_time(annotation.start, annotation.calendar, *beginning(how.started))
    except ValueError as error:
        raise AnnotationError(f"its time {error}") from None
    return replace(annotation, start=since, stop=annotation.stop - annotation.start + since)


def _id(stem: str, phase: str) -> str:
    """Return the id of a place of a file, always the same: importing it twice adds nothing."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{stem}/{phase}"))


def _value_and_note(code: Code, value: str, note: str, rest: str) -> tuple[Value, str]:
    """Return value and note; the rest of a text is the value where the code takes one, else a note."""
    if not value and rest and code.value:
        if not re.match(r"\d+-\d+", code.value) and "," not in code.value:
            return checked_value(rest, code), note[:MAX_NOTE]
        with suppress(VocabularyError):
            return checked_value(rest, code), note[:MAX_NOTE]
        first, _, tail = rest.partition(" ")
        try:
            return checked_value(first.rstrip(":;,"), code), (note or tail.strip())[:MAX_NOTE]
        except VocabularyError:
            raise AnnotationError(f"value = {first[:40]!r}: {code.code} takes {code.value}") from None
    return (checked_value(value, code) if value else None), (note or rest)[:MAX_NOTE]


def _actor(code: Code, said: str) -> str:
    actor = said or ("dyad" if code.actor == "any" else code.actor)
    if actor not in ACTORS or actor == "any":
        raise AnnotationError(
            f"actor = {actor[:40]!r}: must be one of {', '.join(a for a in ACTORS if a != 'any')}"
        )
    return actor


def _speaker(code: Code, fields: Mapping[str, str], how: Reading) -> str:
    """Return who speaks, where the code leaves it open and a transcript says so; "" where nobody is named."""
    said = fields.get("speaker", "")
    if code.actor != "any" or not said:
        return ""
    found = how.speakers.get(said.casefold()) or (said.casefold() if said.casefold() in PEOPLE else "")
    if not found:
        raise AnnotationError(f"speaker {said[:40]!r}: client or therapist? (--speaker {said[:40]}=client)")
    return found


def _rater(text: str, patterns: CodePatterns) -> str:
    if text and (why := who_fault(text, patterns=patterns)):
        raise AnnotationError(f"rater = {text[:40]!r}: {why}")
    return text


def _number(fields: Mapping[str, str], key: str, otherwise: float) -> float:
    try:
        value = float(fields.get(key) or otherwise)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise AnnotationError(f"{key} = {fields[key][:40]!r} is no number of seconds")
    return value
