"""Speech in a file to import: asked for as voice it goes through prosody, and is not stored itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from acquisition.errors import DeviceError, StreamError
from acquisition.importing.store import Imported
from acquisition.stream import FloatArray, Role, StreamInfo
from acquisition.voice.listening import chunk_of, full_scale
from acquisition.voice.models import Models, Samples, load_models, versions
from acquisition.voice.prosody import Found, Prosody
from acquisition.voice.quality import Measure, load_measure
from acquisition.voice.resample import Resampler
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS, is_sound
from acquisition.voice.summary import Row

PIECE = 10.0
"""Seconds that are analysed at a time, so that an hour need not be held twice."""


def analysed(items: Sequence[Imported], *, load: Callable[[], Models] = load_models) -> list[Imported]:
    """Return the streams to store, speech replaced by rows of prosody and rows of turns.

    Both people's microphones are heard together, so that each is credited with their own voice only.

    Raises
    ------
    StreamError
        If speech is a stream of the room, has several channels or comes twice for a person, or the voice
        parts are not installed.
    """
    sounds = [item for item in items if is_sound(item.info)]
    if not sounds:
        return list(items)
    for item in sounds:
        _check(item, sounds)
    try:
        found = _listen(sounds, load())
    except DeviceError as error:
        raise StreamError(f"voice cannot be made of {sounds[0].info.name!r}: {error}") from error
    out = []
    for item in items:
        out += _rows(item, found[Role(item.info.role)]) if is_sound(item.info) else [item]
    return out


def _check(item: Imported, sounds: Sequence[Imported]) -> None:
    what = f"{item.info.role} voice {item.info.name!r}"
    if item.info.role is Role.DYAD:
        raise StreamError(f"{what}: speech of both people in one channel; give each person's own channel")
    if item.samples.shape[1] != 1:
        raise StreamError(f"{what}: speech is one channel, it has {item.samples.shape[1]}")
    if sum(other.info.role is item.info.role for other in sounds) > 1:
        raise StreamError(f"{what}: a second microphone of the same person")


def _listen(sounds: Sequence[Imported], models: Models) -> dict[Role, list[Found]]:
    roles = [Role(item.info.role) for item in sounds]
    prosody = Prosody(roles, models, gains={}, measures=_measures(roles))
    resamplers = {item.info.role: Resampler(item.info.sfreq) for item in sounds}
    found: list[Found] = []
    begin = min(float(item.times[0]) for item in sounds if len(item.times))
    end = max(float(item.times[-1]) for item in sounds if len(item.times))
    for k in range(int((end - begin) / PIECE) + 1):
        until = begin + (k + 1) * PIECE
        for item in sounds:
            a, b = np.searchsorted(item.times, [begin + k * PIECE, until]).tolist()
            sound = full_scale(item.samples[a:b, 0])
            _push(prosody, item.info.role, resamplers[item.info.role].push(item.times[a:b], sound))
        # A resampler may hold back its last samples.
        found += prosody.advance(until - 1.0)
    for role, resampler in resamplers.items():
        _push(prosody, role, resampler.finish())
    found += prosody.finish()
    return {item.info.role: [f for f in found if f.role is item.info.role] for item in sounds}


def _measures(roles: Sequence[Role]) -> dict[Role, Measure]:
    """Return what measures voice quality, where it is installed: a file need not be heard in real time."""
    try:
        return {role: load_measure() for role in roles}
    except DeviceError:
        return {}


def _push(prosody: Prosody, role: Role, pieces: Sequence[tuple[FloatArray, Samples]]) -> None:
    for times, samples in pieces:
        prosody.push(role, times, samples)


def _rows(item: Imported, found: Sequence[Found]) -> list[Imported]:
    kinds: tuple[tuple[str, tuple[str, ...], list[Row]], ...] = (
        (item.info.name, ROW_CHANNELS, [row for f in found for row in f.rows]),
        (f"{item.info.name} turns", TURN_CHANNELS, [row for f in found for row in f.turns]),
    )
    out = []
    for name, channels, rows in kinds:
        info: StreamInfo = replace(
            item.info,
            name=name,
            sfreq=0.0,
            unit="",
            channels=channels,
            format="float32",
            metadata={**item.info.metadata, **versions()},
        )
        if rows:
            chunk = chunk_of(info, rows)
            out.append(
                replace(
                    item,
                    info=info,
                    times=chunk.times,
                    samples=chunk.samples,
                    offsets=_offsets(item, chunk.times),
                    span=_span(item),
                )
            )
    return out


def _span(item: Imported) -> tuple[float, float]:
    """Return from when to when there was speech to hear [s]."""
    heard = item.arrivals()
    return float(heard[0]), float(heard[-1])


def _offsets(item: Imported, times: FloatArray) -> list[tuple[int, float, float]]:
    """Return the clock offsets of the speech at the places of the rows."""
    last = max(len(item.times) - 1, 0)
    return [
        (int(np.searchsorted(times, item.times[min(position, last)])), collected, value)
        for position, collected, value in item.offsets
    ]
