"""The streams of a recording as every export reads them: tracks on one clock, on even grids where regular."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError, SessionError
from acquisition.event import Event, Notice
from acquisition.events.overlay import effective, read_overlay
from acquisition.linking.link import VideoLink
from acquisition.ratings.files import Rated
from acquisition.recording.recording import Recording
from acquisition.recording.refill import is_refilled
from acquisition.session.session import Session
from acquisition.session.study import Covariate, study_of
from acquisition.stream import FloatArray, StreamInfo
from acquisition.units import convert
from processing.admission import AHEAD, Admission
from processing.export.bad import Bad
from processing.export.by_hand import CorrectedMarks
from processing.hour.timeline import Interval, intervals, points
from processing.metrics.self_report import Filled, filled_in

NOTICE = (
    "Research use only. Not a medical device. Not for diagnosis, treatment decisions or emergency detection."
)


LEAST_GAP = 1.5
"""Sample periods without a sample that make a gap."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Track:
    """Hold a stream as recorded: stamps [s, recorder's clock], shape (n,), and samples (n, n_channels)."""

    info: StreamInfo
    times: FloatArray
    samples: NDArray[Any]

    @property
    def name(self) -> str:
        """Return a name that is unique in the recording and fit for a file."""
        plain = "".join(c if c.isalnum() else "_" for c in self.info.name)
        return f"{self.info.role}_{plain}".lower()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tracks:
    """Hold the streams of a recording, the events that hold, first and last tick [s], and what was noted.

    Parameters
    ----------
    corrected : CorrectedMarks, optional
        Beats and responses with what somebody corrected, where they are exported too.
    """

    session_id: str
    streams: tuple[Track, ...]
    events: tuple[Event, ...]
    begin: float
    end: float
    session: Session | None = None
    filled: tuple[Filled, ...] = ()
    corrected: CorrectedMarks | None = None
    bad: tuple[Bad, ...] = ()
    """Bad stretches of signals, where they are annotated."""
    refilled: tuple[Notice, ...] = ()
    """Stretches that came from a device's memory afterwards."""
    declared: Mapping[str, Covariate] = field(default_factory=dict)
    """Covariates of the study that lies beside the recording or above it."""
    videos: tuple[VideoLink, ...] = ()
    """Videos that are linked, where an export has a place for them."""
    video_paths: bool = False
    """An export may say where they lie."""
    rated: tuple[Rated, ...] = ()
    """Ratings afterwards, where an export has a place for them."""

    @property
    def suffix(self) -> str:
        """Return what the names of files with corrections end in: these never replace those without."""
        return "" if self.corrected is None else self.corrected.suffix

    def refilled_of(self, track: Track) -> list[tuple[float, float]]:
        """Return onset, since the recording began, and duration [s] of what of a stream was refilled."""
        mine = [n for n in self.refilled if (n.role, n.stream) == track.info.key]
        return [(n.start - self.begin, n.stop - n.start) for n in mine]


def read_tracks(path: Path) -> Tracks:
    """Read a recording.

    Raises
    ------
    RecordingError
        If it cannot be read or has no ticks.
    """
    recording = Recording(path)
    gates: dict[Any, Admission] = {}
    parts: dict[Any, list[tuple[FloatArray, NDArray[Any]]]] = {}
    infos: dict[Any, StreamInfo] = {}
    events: list[Event] = []
    ticks: list[float] = []
    refilled: list[Notice] = []
    for batch in recording.batches():
        ticks += [float(batch.ticks[0]), float(batch.ticks[-1])]
        events += [event for _, event in batch.events]
        refilled += [n for _, n in batch.notices if is_refilled(n)]
        for key, part in batch.streams.items():
            gate = gates.setdefault(key, Admission(float("inf")))
            admitted = gate.admit(part, batch.ticks)
            infos[key] = part.info
            parts.setdefault(key, []).append((admitted.times, part.samples[admitted.keep]))
    if not ticks:
        raise RecordingError(f"{path}: nothing was recorded")
    streams = tuple(
        Track(
            info=infos[key],
            times=np.concatenate([t for t, _ in rows]),
            samples=np.concatenate([s for _, s in rows]),
        )
        for key, rows in sorted(parts.items())
    )
    session = recording.session
    name = session.id if session else path.resolve().name
    held = tuple(effective(events, read_overlay(path)))
    return Tracks(
        session_id=name,
        streams=streams,
        events=held,
        begin=ticks[0],
        end=ticks[-1],
        session=session,
        filled=tuple(filled_in(session, path)),
        refilled=tuple(refilled),
        declared=_declared(path),
    )


def _declared(path: Path) -> Mapping[str, Covariate]:
    try:
        study = study_of(path)
    except SessionError:  # whoever exports has no part in what is wrong with the study file
        return {}
    return study.covariates if study is not None else {}


def on_even_grid(track: Track, begin: float, end: float) -> FloatArray:
    """Return samples in canonical units on the stream's own rate from `begin` on, nan where there is none.

    Each sample goes to the nearest point; of two at one point the later stays. Shape (n_points, n_channels).
    A sample on the end itself, or as far past it as a stamp may be, has its point too.
    """
    at = np.rint((track.times - begin) * track.info.sfreq)
    last = int(np.rint((end + AHEAD - begin) * track.info.sfreq))
    n = max(1, int(np.ceil((end - begin) * track.info.sfreq)), 1 + int(at[at <= last].max(initial=0)))
    out = np.full((n, len(track.info.channels)), np.nan)
    inside = (at >= 0) & (at < n)
    values = convert(np.asarray(track.samples, float), track.info.unit, track.info.modality)
    out[at[inside].astype(np.int64)] = values[inside]
    return out


def gaps_of(values: FloatArray, sfreq: float, *, least: float = LEAST_GAP) -> list[tuple[float, float]]:
    """Return onset and duration [s] of each run of more than `least` points without a sample."""
    missing = np.isnan(values).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(a / sfreq, (b - a) / sfreq) for a, b in runs if b - a > least]


def spans(tracks: Tracks) -> list[Interval]:
    """Return everything that was marked as intervals, points with no length, named code/actor."""
    every = [*intervals(tracks.events, tracks.end), *points(tracks.events)]
    return sorted(every, key=lambda i: (i.start, i.code))


def cut(marks: Iterable[tuple[float, float, str]], length: float) -> list[tuple[float, float, str]]:
    """Return marks (onset, duration [s], text) as far as they lie within a signal of `length` seconds.

    One that begins before it keeps its end; what lies outside altogether is left out.
    """
    out = []
    for onset, duration, text in marks:
        start, stop = max(onset, 0.0), min(onset + duration, length)
        if start < length and (stop > start or (duration == 0.0 and onset >= 0.0)):
            whole = start == onset and stop == onset + duration
            out.append((start, duration if whole else stop - start, text))
    return out


def regular(tracks: Tracks) -> list[Track]:
    """Return the streams with a rate and numbers."""
    return [t for t in tracks.streams if t.info.sfreq > 0 and t.info.format != "string" and len(t.times)]
