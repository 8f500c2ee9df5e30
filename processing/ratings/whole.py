"""All that the ratings of an hour give: traces, labels, agreement, relations, measures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from acquisition.errors import RecordingError, SessionError
from acquisition.event import Event
from acquisition.ratings.choices import Choice, read_choices
from acquisition.ratings.files import FOLDER, files_of, read_ratings
from acquisition.recording.recording import Recording
from acquisition.session.rating_settings import RatingSettings
from acquisition.session.study import study_of
from acquisition.stream import FloatArray, Modality
from processing.hour.believed import rows_of
from processing.hour.measure import Measure, measure
from processing.hour.timeline import Timeline
from processing.index import IndexSample
from processing.metrics.of_ratings import AS_SAID, DELAY, ICC_1, ICC_K, RETEST, SPREAD
from processing.ratings.agreement import Agreement, agreements
from processing.ratings.labelling import labels_of
from processing.ratings.relation import RelationRow, relations
from processing.ratings.traces import Trace, afterwards, live

FEW = "fewer than 2 raters"


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Hold the traces of an hour, labels that follow from them, compared moments, and what was not read.

    Parameters
    ----------
    grid : ndarray, shape (n_seconds,)
        Whole seconds [clock of the recording].
    """

    grid: FloatArray
    traces: tuple[Trace, ...] = ()
    labels: tuple[Event, ...] = ()
    choices: tuple[Choice, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class RatedHour:
    """Hold what the traces say of each other and of the indices."""

    agreements: Sequence[Agreement] = ()
    relations: Sequence[RelationRow] = ()
    measures: dict[str, list[Measure]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def ratings_of(recording: Recording, samples: Sequence[IndexSample], begin: float, end: float) -> Ratings:
    """Return the ratings of a recording, live and afterwards; nothing where nobody rated it.

    Parameters
    ----------
    begin, end : float
        First and last tick [s].
    """
    grid = np.arange(math.ceil(begin), math.floor(end) + 1.0) if end >= begin else np.empty(0)
    files = [*files_of(recording.path), *(recording.path / FOLDER).glob("*.jsonl")]
    streams = [s for s in recording.streams if s.modality is Modality.RATING]
    if not (files or streams) or not len(grid):
        return Ratings(grid)
    remarks: list[str] = []
    choices: list[Choice] = []
    traces = live(rows_of(samples), streams, grid) if streams else []
    try:
        for rated in read_ratings(recording.path):
            remarks += [f"ratings/{line}" for line in rated.damage]
            traces += afterwards(rated, grid)
        choices = read_choices(recording.path)
    except RecordingError as error:
        remarks.append(f"ratings are left out: {error}")
    labels: list[Event] = []
    try:
        study = study_of(recording.path)
        labels = labels_of(traces, grid, study.rating if study is not None else RatingSettings())
    except SessionError as error:
        remarks.append(f"no labels from ratings: {error}")
    if labels:
        n = {code: sum(e.code == code for e in labels) for code in ("felt_over", "felt_ok")}
        said = ", ".join(f"{count} {code}" for code, count in n.items())
        remarks.append(f"labels from the person's own rating, by the thresholds of the study: {said}")
    return Ratings(grid, tuple(traces), tuple(labels), tuple(choices), tuple(remarks))


def rated_hour(
    ratings: Ratings, line: Timeline, rows: Mapping[tuple[str, str], Sequence[IndexSample]]
) -> RatedHour:
    """Return agreement, relations and measures of the ratings of an hour."""
    if not ratings.traces:
        return RatedHour()
    found = agreements(ratings.traces, line.session_id)
    related = relations(ratings.traces, line, rows)
    remarks = tuple(
        f"rating of the {one.person}, {one.axis}: {', '.join(one.left_out)} rated too little to count in ICC"
        for one in found
        if one.left_out
    )
    return RatedHour(found, related, _measures(ratings.traces, found, related), remarks)


def _measures(
    traces: Sequence[Trace], found: Sequence[Agreement], related: Sequence[RelationRow]
) -> dict[str, list[Measure]]:
    out: dict[str, list[Measure]] = {}
    for person, axis in dict.fromkeys((t.person, t.axis) for t in traces if not t.others_word):
        mine = next((a for a in found if (a.person, a.axis) == (person, axis)), None)
        out.setdefault(person, []).extend([*_agreed(mine, axis), _delay(person, axis, related)])
    return out


def _agreed(found: Agreement | None, axis: str) -> list[Measure]:
    if found is None or len(found.raters) < 2:
        none = [measure(d, math.nan, 0, reason=FEW, axis=axis) for d in (ICC_K, ICC_1, AS_SAID, SPREAD)]
        return [*none, _retest(found, axis)]
    whole, plain = found.aligned, found.as_said
    return [
        measure(
            ICC_K, whole.mean, whole.targets, interval=(found.low, found.high), reason=whole.reason, axis=axis
        ),
        measure(ICC_1, whole.single, whole.targets, reason=whole.reason, axis=axis),
        measure(AS_SAID, plain.mean, plain.targets, reason=plain.reason, axis=axis),
        measure(SPREAD, found.spread, len(found.raters), axis=axis),
        _retest(found, axis),
    ]


def _retest(found: Agreement | None, axis: str) -> Measure:
    value = math.nan if found is None else found.retest
    return measure(
        RETEST,
        value,
        0 if found is None else len(found.raters),
        reason="" if math.isfinite(value) else "nobody rated it twice",
        axis=axis,
    )


def _delay(person: str, axis: str, related: Sequence[RelationRow]) -> Measure:
    mine = [r for r in related if (r.person, r.axis, r.index) == (person, axis, "arousal")]
    known = [r.delay for r in mine if math.isfinite(r.delay)]
    reasons = [r.reason for r in mine if r.reason] or [
        "no relation is stated" if mine else "no arousal index"
    ]
    return measure(
        DELAY,
        float(np.median(known)) if known else math.nan,
        len(known),
        reason="" if known else reasons[0],
        axis=axis,
    )
