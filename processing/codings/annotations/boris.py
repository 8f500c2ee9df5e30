"""Projects of BORIS (.boris): what was coded of each observation, and on which media files.

Friard & Gamba (2016), doi:10.1111/2041-210X.12584. A project is JSON; an event is time, subject, behaviour,
modifier, comment. Files of the first player that follow each other share one time, which goes on from file to
file. A behaviour that is a state begins with one event and ends with the next.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import MAX_ANNOTATIONS, Annotation, Medium, decoded
from processing.codings.annotations.coders import OBSERVATION, pairs, whose

FIRST = "1"
"""The player whose time that of an observation is."""


def read_boris(data: bytes) -> list[Annotation]:
    """Read a project; times of an observation are those of its first player.

    Raises
    ------
    AnnotationError
        If it is none, or something of it cannot be read; the observation and the event are named.
    """
    text = decoded(data)
    try:
        project = json.loads(text)
    except (ValueError, RecursionError):
        raise AnnotationError("no project of BORIS: not JSON") from None
    try:
        observations = project["observations"]
        kinds = {str(b["code"]): str(b["type"]) for b in project["behaviors_conf"].values()}
        found = [(str(name), one, one["events"]) for name, one in observations.items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        lacks = (
            f": no {error.args[0]!r} in it"
            if isinstance(error, KeyError)
            else ": its parts are of no project"
        )
        raise AnnotationError(f"no project of BORIS{lacks}") from None
    states = {code for code, kind in kinds.items() if kind.casefold().startswith("state")}
    out: list[Annotation] = []
    for name, observation, events in found:
        if len(out) + len(events) > MAX_ANNOTATIONS:
            raise AnnotationError(f"observation {name[:40]!r}: more than {MAX_ANNOTATIONS} events")
        out += _observed(name, observation, events, states)
    return out


def _observed(
    name: str, observation: Mapping[str, Any], events: Sequence[Any], states: set[str]
) -> list[Annotation]:
    files = _files(name, observation)
    if events and _number(observation.get("time offset")) != 0.0:
        raise AnnotationError(
            f"observation {name[:40]!r}: has a time offset: take it out in BORIS: times must be the video's"
        )
    found, going = [], set[tuple[str, str]]()
    for number, event in enumerate(sorted(events, key=_when), 1):
        place = f"observation {name[:40]!r}, event {number}"
        one = _event(event, name, place, files)
        key, kind = (one.tier, one.text), "point"
        if one.text in states:
            kind = "stop" if key in going else "start"
            going ^= {key}
        found.append((kind, one))
    out = pairs(found)
    for one in out:
        if any(m.path != _medium(files, one.stop).path for m in one.media) and math.isfinite(one.stop):
            raise AnnotationError(
                f"{one.place}: {one.text[:40]!r} begins in one media file and ends in another"
            )
    return out


def _event(event: Any, name: str, place: str, files: Sequence[tuple[float, Medium]]) -> Annotation:
    try:
        time, subject, behaviour, _, comment = event[:5]
        start = float(time)
    except (ValueError, TypeError):
        raise AnnotationError(f"{place}: is no time, subject, behaviour, modifier, comment") from None
    if not math.isfinite(start):
        raise AnnotationError(f"{place}: has no time")
    one = Annotation(start=start, tier=str(subject), text=str(behaviour).strip(), place=place)
    media = (_medium(files, start),) if files else ()
    return replace(one, fields={**whose(str(subject), str(comment)), OBSERVATION: name}, media=media)


def _when(event: Any) -> float:
    return _number(event[0]) if isinstance(event, list) and event else math.inf


def _number(said: object) -> float:
    return float(said) if isinstance(said, int | float) and math.isfinite(said) else 0.0


def _files(name: str, observation: Mapping[str, Any]) -> list[tuple[float, Medium]]:
    """Return the files of the first player, each with when it begins in the time of the observation [s]."""
    said = observation.get("file")
    paths = said.get(FIRST, []) if isinstance(said, dict) else []
    info = observation.get("media_info")
    lengths = info.get("length", {}) if isinstance(info, dict) else {}
    out, at = list[tuple[float, Medium]](), 0.0
    for path in map(str, paths if isinstance(paths, list) else []):
        out.append((at, Medium(path, -at)))
        length = _number(lengths.get(path)) if isinstance(lengths, dict) else 0.0
        if length <= 0.0 and len(paths) > len(out):
            raise AnnotationError(f"observation {name[:40]!r}: does not say how long {path[-60:]!r} is")
        at += length
    return out


def _medium(files: Sequence[tuple[float, Medium]], time: float) -> Medium:
    """Return the file that is played at a time of the observation."""
    return next((medium for begin, medium in reversed(files) if begin <= time), files[0][1])
