"""Write imported streams as a recording: a tick every 100 ms of data time, as a recorder makes them."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.vocabulary import load_vocabulary
from acquisition.importing.clock import Clock
from acquisition.importing.options import Options
from acquisition.protection.vault import Keys, new_keys
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id
from acquisition.session.file import keep_vocabulary, write_session
from acquisition.session.patterns import CodePatterns
from acquisition.session.session import (
    CONSENT_KEYS,
    NOBODY,
    NOT_KNOWN,
    Consent,
    EventSettings,
    Participant,
    ProtectionSettings,
    Recorded,
    Session,
)
from acquisition.stream import PEOPLE, FloatArray, IntArray, Role, StreamInfo
from acquisition.tick import PERIOD

MAX_SECONDS = 7 * 86_400
"""A longer span between first and last stamp is taken for a mistake in the stamps."""
MAX_TOLD = 300
SLACK = 1e-6
"""Seconds by which a stamp may exceed a tick's time and still be in its slice: rounding of text."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Imported:
    """Hold a stream to store.

    `times` are raw stamps [s], `samples` has shape (n_samples, n_channels), `offsets` are clock offsets as
    (position, collected, value). `span` is what the stream tells of [s], where that is more than from its
    first stamp to its last: rows of speech are stamped at their end. `own` samples are events of ours as
    JSON. `laid` are the times of the samples [s] where the time base found them, nan where one has no place.
    `began` is the first stamp in the file [s] where only a part of it was read, else nan.
    """

    info: StreamInfo
    times: FloatArray
    samples: NDArray[Any]
    offsets: list[tuple[int, float, float]]
    span: tuple[float, float] | None = None
    own: bool = False
    laid: FloatArray | None = None
    began: float = math.nan

    @property
    def at(self) -> FloatArray:
        """Return the times of the samples as far as they are known [s]."""
        return self.times if self.laid is None else self.laid

    def renamed(self, name: str) -> Imported:
        """Return the same under another name."""
        return replace(self, info=replace(self.info, name=name))

    def arrivals(self) -> FloatArray:
        """Return when each sample can have arrived at the earliest: its stamp, but never before another."""
        shifts = np.zeros(len(self.times))
        for position, _, value in self.offsets:
            shifts[position:] = value
        if self.offsets:
            shifts[: self.offsets[0][0]] = self.offsets[0][2]
        return np.fmax.accumulate(self.at + shifts)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Placed:
    """Hold a stream and the number of its file."""

    item: Imported
    file: int


def store(
    out: Path,
    streams: Sequence[Imported],
    *,
    sources: Sequence[str],
    options: Options | None = None,
    clock: Clock | None = None,
    started: str = "",
    damage: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> None:
    """Write a closed recording.

    Parameters
    ----------
    started : str
        When it began, ISO 8601; "" if nobody says it, and then it is written as unknown.
    damage, notes : sequence of str
        What was lost of the files, and what was done to them: kept in its session file.

    Raises
    ------
    RecordingError
        If it cannot be written, its name cannot name a session, or its stamps span more than a week.
    """
    options = options or Options()
    versions = {"python": platform.python_version(), "imported_from": ", ".join(sources)}
    told = Recorded(
        started=started or NOT_KNOWN,
        vocabulary=load_vocabulary(options.vocabulary).hash if options.vocabulary is not None else "",
        streams=tuple(item.info for item in streams if not item.own),
        versions=versions | {"imported_at": datetime.now(UTC).isoformat(timespec="seconds")},
        clock=clock.kind if clock is not None else "one",
        clock_error=clock.error if clock is not None else 0.0,
        damage=_told(damage),
        notes=_told(notes),
        id=new_id(),
    )
    session = _session(out, streams, told, options)
    keys = _keys(session, told.id)
    arrivals = [item.arrivals() for item in streams]
    spans = [
        item.span or (float(a[0]), float(a[-1])) for item, a in zip(streams, arrivals, strict=True) if len(a)
    ]
    if not spans:
        raise RecordingError(f"{out}: no samples to import")
    begin, end = min(a for a, _ in spans), max(b for _, b in spans)
    if end - begin > MAX_SECONDS:
        raise RecordingError(
            f"{out}: stamps from {begin:.15g} to {end:.15g} s span {(end - begin) / 86_400:.0f} days"
        )
    n_ticks = 1 + max(0, math.ceil((end - begin - SLACK) / PERIOD))
    slices = [np.ceil((a - begin - SLACK) / PERIOD).astype(np.int64).clip(0) for a in arrivals]
    with RecordingStore(out, fsync=0, id=told.id, keys=keys) as recording, recording.bulk():
        write_session(out, keep_vocabulary(out, session))
        _write(recording, streams, slices, begin, n_ticks)


def _write(
    recording: RecordingStore,
    streams: Sequence[Imported],
    slices: Sequence[IntArray],
    begin: float,
    n_ticks: int,
) -> None:
    for item in streams:
        if not item.own:
            recording.open_stream(item.info)
    numbers = np.arange(n_ticks)
    ends = [np.searchsorted(k, numbers, side="right").tolist() for k in slices]
    cursors, offsets = [0] * len(streams), [list(reversed(item.offsets)) for item in streams]
    for number in range(n_ticks):
        for i, item in enumerate(streams):
            stop = ends[i][number]
            if stop == cursors[i]:
                continue
            while offsets[i] and offsets[i][-1][0] < stop:
                position, collected, value = offsets[i].pop()
                _samples(recording, item, cursors[i], position)
                cursors[i] = max(cursors[i], position)
                recording.offset(item.info, collected, value)
            _samples(recording, item, cursors[i], stop)
            cursors[i] = stop
        recording.tick(begin + number * PERIOD, math.nan)


def _samples(recording: RecordingStore, item: Imported, start: int, stop: int) -> None:
    if item.own:
        for time, text in zip(item.times[start:stop].tolist(), item.samples[start:stop, 0], strict=True):
            recording.event(Event.from_json(time, str(text)).identified())
    elif stop > start:
        recording.samples(item.info, item.times[start:stop], item.samples[start:stop])


def _session(out: Path, streams: Sequence[Imported], recorded: Recorded, options: Options) -> Session:
    name = out.resolve().name
    patterns = options.study.code_patterns if options.study else CodePatterns()
    if why := patterns.fault("id", name):
        raise RecordingError(f"{out}: the directory names the session, and {why}")
    return Session(
        id=name,
        dyad=options.dyad,
        number=options.number,
        setting=options.setting,
        crisis_contact="import",
        client=Participant(options.client or NOBODY[Role.CLIENT], _consent(streams, Role.CLIENT)),
        therapist=Participant(options.therapist or NOBODY[Role.THERAPIST], _consent(streams, Role.THERAPIST)),
        events=EventSettings(vocabulary=str(options.vocabulary or "")),
        protection=ProtectionSettings(sealed=options.sealed, keep_until=_keep_until(options, recorded)),
        recorded=recorded,
        patterns=patterns,
    )


def _keep_until(options: Options, recorded: Recorded) -> str:
    """Return until when the study keeps a recording of that day; one of no known day is kept on."""
    if options.study is None:
        return ""
    try:
        return options.study.retention.until(date.fromisoformat(recorded.began[:10]))
    except ValueError:
        return options.study.retention.keep_until


def _keys(session: Session, id: str) -> Keys | None:
    """Return the keys of a recording that is to be sealed; each is a person's, who must be known."""
    if not session.protection.sealed:
        return None
    if unknown := [str(role) for role in PEOPLE if session.participant(role).code == NOBODY[role]]:
        raise RecordingError(f"--sealed: keys are people's: say --{' and --'.join(unknown)} CODE")
    return new_keys(id, {role: session.participant(role).code for role in PEOPLE})


def _told(texts: Sequence[str]) -> tuple[str, ...]:
    """Return what is kept of texts: a session file takes printable ones, and not without end."""
    kept = ["".join(c if c.isprintable() else "\ufffd" for c in text)[:MAX_TOLD] for text in texts[:MAX_TOLD]]
    return (*kept, f"and {len(texts) - MAX_TOLD} more") if len(texts) > MAX_TOLD else tuple(kept)


def _consent(streams: Sequence[Imported], role: Role) -> Consent:
    """Return consent to what is imported of a person, and to nothing else; the room's streams are of both."""
    mine = {s.info.modality for s in streams if s.info.role in (role, Role.DYAD)}
    given = {CONSENT_KEYS[modality]: True for modality in mine if modality in CONSENT_KEYS}
    return Consent(version="import", **given) if given else Consent()
