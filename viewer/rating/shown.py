"""What a rater sees of the session: decided here and nowhere else.

Without a study a rater sees nothing, or who speaks, or the video, where that is asked for. With one they see
what it says, no more; physiology only if it says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from acquisition.errors import AttunementError, UnitError
from acquisition.recording.recording import Recording
from acquisition.session.rating_settings import LESS, NOTHING, PHYSIOLOGY, VIDEO
from acquisition.session.study import Study
from acquisition.stream import PEOPLE, FloatArray, Modality, Role, StreamInfo
from acquisition.units import convert
from acquisition.voice.rows import is_turns

if TYPE_CHECKING:
    from viewer.video.cover import Cover

ACTIVITY = "voice_activity"


def decided(study: Study | None, asked: str = "") -> str:
    """Return what a rater sees: nothing, speech, the video or physiology.

    Parameters
    ----------
    asked : str
        What was asked for; "" for what the study says.

    Raises
    ------
    AttunementError
        If the study does not allow it, or no study says it.
    """
    allowed = study.rating.shows if study is not None else VIDEO
    usual = study.rating.shows if study is not None else NOTHING
    if not asked:
        return usual
    if asked not in LESS[allowed]:
        choices = ", ".join(LESS[allowed])
        where = (
            f"{study.path}: [rating] shows = {allowed!r}" if study is not None else "no study.toml says so"
        )
        raise AttunementError(f"--show {asked}: is not what was agreed ({where}; choices: {choices})")
    return asked


@dataclass(slots=True)
class Hour:
    """Hold when a recording begins and ends [s], and what is shown: name → moments and values, 0 to 1."""

    begin: float = np.nan
    end: float = np.nan
    strips: dict[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)


def hour_of(recording: Path, shown: str) -> Hour:
    """Return a recording as its rater sees it.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    source = Recording(recording)
    wanted = {s.key: s for s in source.streams if _is_shown(s, shown)}
    hour = Hour()
    parts: dict[tuple[Role, str], list[tuple[FloatArray, FloatArray]]] = {}
    for batch in source.batches():
        if len(batch.ticks):
            hour.begin = float(batch.ticks[0]) if np.isnan(hour.begin) else hour.begin
            hour.end = float(batch.ticks[-1])
        for key in wanted:
            if (part := batch.streams.get(key)) is not None:
                parts.setdefault(key, []).append((part.times, _values(part.info, part.samples)))
    for key, pieces in parts.items():
        times, values = (np.concatenate(column) for column in zip(*pieces, strict=True))
        known = np.isfinite(times) & np.isfinite(values)
        if known.any():
            hour.strips[_name(wanted[key])] = times[known], _scaled(values[known], wanted[key])
    return hour


def film_of(recording: Path, hour: Hour, shown: str) -> Cover | None:
    """Return what the videos of a recording cover, where a rater sees them.

    Raises
    ------
    AttunementError
        If no video is linked, or none is aligned.
    """
    if shown != VIDEO:
        return None
    from viewer.video.cover import cover_of

    cover = cover_of(recording, hour.begin)
    if not cover.films:
        choices = "attune link, or --show with something else"
        raise AttunementError(f"--show {VIDEO}: {cover.why_not(0.0)} ({choices})")
    return cover


def _is_shown(info: StreamInfo, shown: str) -> bool:
    speech = info.modality is Modality.VOICE and not is_turns(info) and ACTIVITY in info.channels
    skin = info.modality is Modality.EDA
    agreed = (speech and shown not in (NOTHING, VIDEO)) or (skin and shown == PHYSIOLOGY)
    return info.role in PEOPLE and agreed


def _values(info: StreamInfo, samples: FloatArray) -> FloatArray:
    values = np.asarray(samples, np.float64)
    if info.modality is Modality.VOICE:
        activity: FloatArray = values[:, info.channels.index(ACTIVITY)]
        return activity
    try:
        return convert(values[:, 0], info.unit, info.modality)
    except UnitError:
        return np.full(len(values), np.nan)


def _scaled(values: FloatArray, info: StreamInfo) -> FloatArray:
    if info.modality is Modality.VOICE:
        return np.clip(values, 0.0, 1.0)
    low, high = np.percentile(values, [1.0, 99.0])
    scaled: FloatArray = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
    return scaled


def _name(info: StreamInfo) -> str:
    return f"{info.role} {'speaks' if info.modality is Modality.VOICE else 'skin conductance'}"
