"""Both people together: blocks of ten seconds, and the same cut into chunks as they would arrive.

A block follows from the seed, its number and, for the heart, the phase at its beginning;
any cut of the samples into chunks gives the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from acquisition.event import Notice
from acquisition.simulation.body import BLOCK, NO_BEATS, NO_RESPONSES, Beats, Heart, Responses, Skin, begin_of
from acquisition.simulation.physiology import SCR_TAIL
from acquisition.simulation.script import PAST, Script
from acquisition.simulation.signals import VOICE_CHANNELS, samples
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.voice.rows import is_turns


class Block(NamedTuple):
    """Ten seconds of a dyad; all times in seconds from the start of the live part.

    Fields
    ------
    beats, responses : dict
        Role → what really happened in [begin, end).
    streams : list of (times, samples)
        One for each stream of the dyad, shapes (n,) and (n, n_channels).
    """

    begin: float
    end: float
    beats: dict[Role, Beats]
    responses: dict[Role, Responses]
    streams: list[tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class Dyad:
    """The two people of a script, and the streams of their devices: ecg [mV], eda [µS], resp, voice."""

    script: Script
    infos: tuple[StreamInfo, ...]

    def blocks(self) -> Iterator[Block]:
        """Yield block after block, from the beginning of the past and without end."""
        hearts, skin = {role: Heart(self.script, role) for role in PEOPLE}, Skin(self.script)
        recent = dict.fromkeys(PEOPLE, NO_RESPONSES)
        before = dict.fromkeys(PEOPLE, NO_BEATS)
        now = {role: hearts[role].beats(0) for role in PEOPLE}
        number = 0
        while True:
            begin = begin_of(number)
            # The P wave of the next block's first beat begins in this one.
            after = {role: hearts[role].beats(number + 1) for role in PEOPLE}
            new = skin.responses(number)
            recent = {r: recent[r].since(begin - SCR_TAIL).then(new[r]) for r in PEOPLE}
            around = {r: before[r].then(now[r]).then(after[r]) for r in PEOPLE}
            streams = [samples(self.script, i, number, around[i.role], recent[i.role]) for i in self.infos]
            yield Block(begin, begin + BLOCK, now, new, streams)
            before, now, number = now, after, number + 1

    def until(self, end: float) -> list[Block]:
        """Return all blocks from the beginning of the past to `end` [s from the start]."""
        return list(islice(self.blocks(), max(0, int(np.ceil((end + PAST) / BLOCK)))))


def simulated_streams(*, ecg: float = 130.0, eda: float = 4.0, resp: float = 25.0) -> tuple[StreamInfo, ...]:
    """Return the streams of two simulated people at these rates [Hz]."""
    kinds = (
        (Modality.ECG, "ECG", ecg, "mV"),
        (Modality.EDA, "EDA", eda, "uS"),
        (Modality.RESP, "Respiration", resp, ""),
        (Modality.VOICE, "Voice", 0.0, ""),
    )
    return tuple(
        completed(
            StreamInfo(
                name=n, role=r, modality=m, sfreq=f, unit=u, channels=(), exact=f > 0, device="simulated"
            )
        )
        for r in PEOPLE
        for m, n, f, u in kinds
    )


def completed(info: StreamInfo) -> StreamInfo:
    """Return a stream with its channels and source id filled in."""
    voice = info.modality is Modality.VOICE and not is_turns(info)
    channels = VOICE_CHANNELS if voice else info.channels or (info.name,)
    source = f"attunement-{info.role}-simulated-{info.modality}{'-turns' if is_turns(info) else ''}"
    return replace(info, channels=channels, source_id=info.source_id or source)


class Feed:
    """Hand out the samples of a dyad in the order in which they would arrive.

    Parameters
    ----------
    start : float
        LSL time of the start of the live part [s]; the past lies before it.
    """

    def __init__(self, dyad: Dyad, start: float) -> None:
        self.start = start
        self._dyad, self._blocks = dyad, dyad.blocks()
        self._end = -np.inf
        self._times: list[FloatArray] = [np.empty(0) for _ in dyad.infos]
        self._samples: list[FloatArray] = [np.empty((0, len(i.channels))) for i in dyad.infos]
        self._gaps = _gap_notices(dyad, start)

    def take(self, until: float) -> list[Chunk | Notice]:
        """Return what is stamped up to and including `until` [s, LSL clock] and was not yet returned."""
        while self._end <= until:
            self._append(next(self._blocks))
        out: list[Chunk | Notice] = []
        for k, info in enumerate(self._dyad.infos):
            times, x = self._times[k], self._samples[k]
            if len(times) and times[0] <= until:
                n = int(times.searchsorted(until, side="right"))
                out.append(Chunk(info, times[:n], x[:n]))
                self._times[k], self._samples[k] = times[n:], x[n:]
        while self._gaps and self._gaps[0].time <= until:
            out.append(self._gaps.pop(0))
        return out

    def _append(self, block: Block) -> None:
        self._end = self.start + block.end
        for k, (times, x) in enumerate(block.streams):
            left = len(self._times[k]) > 0
            self._times[k] = (
                np.concatenate([self._times[k], self.start + times]) if left else self.start + times
            )
            self._samples[k] = np.concatenate([self._samples[k], x]) if left else x


def _gap_notices(dyad: Dyad, start: float) -> list[Notice]:
    """Return a notice for the end of every dropout."""
    notices = [
        Notice(
            time=start + fault.stop,
            kind="gap",
            role=fault.role,
            stream=info.name,
            message=f"no samples for {fault.stop - fault.start:.1f} s",
            start=start + fault.start,
            stop=start + fault.stop,
        )
        for fault in dyad.script.faults("dropout")
        for info in dyad.infos
        if fault.hits(info.role, info.modality)
    ]
    return sorted(notices, key=lambda n: n.time)
