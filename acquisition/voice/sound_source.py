"""Speech that another driver receives (LSL Audio) becomes rows: a driver around that driver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from acquisition.drivers import Doubting, Drained, Driver, Identified, SignsOf, Waiting
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.stream import Chunk, ClockOffset, Role, StreamInfo
from acquisition.voice.listening import Listening
from acquisition.voice.models import Models, load_models, versions
from acquisition.voice.place import Place
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS, is_sound
from acquisition.voice.sample_clock import SampleClock, Slip, Taken

OPENING = 10.0
"""Seconds after which listening begins with the microphones that were found; the recorder waits as long."""


class SoundSource:
    """Pass on what a driver delivers, but rows of prosody in place of speech that is bound as voice.

    Stamps of senders are brought to this machine's clock and then follow the count of samples, as those of a
    sound device do, since both people's microphones must be compared moment by moment.
    """

    def __init__(
        self,
        inner: Driver,
        *,
        load: Callable[[], Models] = load_models,
        clock: Callable[[], float] = local_clock,
    ) -> None:
        self._inner, self._load, self._clock = inner, load, clock
        self._listening: Listening | None = None
        self._places: dict[Role, Place] = {}
        self._clocks: dict[tuple[Role, str], SampleClock] = {}
        self._offsets: dict[tuple[Role, str], float] = {}
        self._late: set[tuple[Role, str]] = set()
        self._since = clock()
        self._last: list[Drained] = []
        """What there was to tell when it stopped."""

    def streams(self) -> list[StreamInfo]:
        """Return the streams of the driver, rows and turns in place of speech."""
        out = []
        for info in self._inner.streams():
            out += list(rows_of(info)) if is_sound(info) else [info]
        return out

    def ready(self) -> bool:
        """Tell whether all streams are open and, where there is speech, the models are loaded."""
        if not self._inner.ready():
            return False
        self._begin()
        return self._listening is None or self._listening.loaded.is_set()

    def missing(self) -> list[str]:
        """Return a line for each stream that is not open."""
        return self._inner.missing()

    def signs(self) -> SignsOf:
        """Return what devices say of themselves."""
        return self._inner.signs()

    def start(self) -> None:
        """Begin to look for the streams."""
        self._since = self._clock()
        self._inner.start()

    def drain(self) -> list[Drained]:
        """Return what arrived, without waiting."""
        out, self._last = self._last, []
        for item in self._inner.drain():
            if isinstance(item, Notice) or not is_sound(item.info):
                out.append(item)
            elif isinstance(item, ClockOffset):
                self._offsets[item.info.key] = item.value
            else:
                out += self._hear(item)
        return out + (self._listening.drain() if self._listening else [])

    def waiting(self) -> list[Waiting]:
        """Return the streams whose sender is in doubt."""
        return list(self._inner.waiting()) if isinstance(self._inner, Doubting) else []

    def unconfirmed(self) -> list[Chunk | ClockOffset]:
        """Return what they sent, but no speech: that is nowhere stored without its own consent."""
        found = self._inner.unconfirmed() if isinstance(self._inner, Doubting) else []
        return [item for item in found if not is_sound(item.info)]

    def remotes(self) -> list[Any]:
        """Return who the streams come from."""
        return list(self._inner.remotes()) if isinstance(self._inner, Identified) else []

    def confirm(self, key: tuple[Role, str], *, yes: bool) -> None:
        """Take a stream from now on, or refuse its sender."""
        if isinstance(self._inner, Doubting):
            self._inner.confirm(key, yes=yes)

    def stop(self) -> None:
        """Stop the driver; what it heard until now can still be drained."""
        self._inner.stop()
        if self._listening is not None:
            for info in self._inner.streams():
                if info.key in self._clocks:
                    self._last += self._push(info, self._clocks[info.key].rest())
            self._listening.stop()

    def _begin(self) -> None:
        """Listen to the microphones that are there: they are heard together or not at all."""
        sounds = [info for info in self._inner.streams() if is_sound(info)]
        if self._listening is not None or not sounds:
            return
        self._places = {info.role: _place(info) for info in sounds}
        self._listening = Listening(list(self._places.values()), load=self._load, clock=self._clock)
        self._listening.start()

    def _hear(self, chunk: Chunk) -> list[Notice]:
        info = chunk.info
        if self._listening is None and self._clock() - self._since > OPENING:
            self._begin()
        if self._listening is None:
            return []
        place = self._places.get(info.role)
        if place is None or place.title != info.name:
            if info.key in self._late:
                return []
            self._late.add(info.key)
            why = "speech is not analysed: it was found after the recording began"
            return [Notice(time=self._clock(), kind="lost", role=info.role, stream=info.name, message=why)]
        clock = self._clocks.setdefault(info.key, SampleClock(info.sfreq))
        begin = float(chunk.times[0]) + self._offsets.get(info.key, 0.0)
        return self._push(info, clock.take(chunk.samples[:, 0], begin))

    def _push(self, info: StreamInfo, taken: Taken) -> list[Notice]:
        """Have heard what became known, and return what there is to tell."""
        if self._listening is not None:
            for times, samples in taken.pieces:
                self._listening.push(info.role, times, samples, info.sfreq)
        return [self._told(info, slip) for slip in taken.slips]

    def _told(self, info: StreamInfo, slip: Slip) -> Notice:
        kind, what = slip.told("the sender's clock")
        told = Notice(time=self._clock(), kind=kind, role=info.role, stream=info.name, message=what)
        return replace(told, start=slip.start, stop=slip.stop)


def rows_of(info: StreamInfo) -> tuple[StreamInfo, StreamInfo]:
    """Return the streams of rows and of turns that a stream of speech becomes."""
    rows = replace(
        info,
        sfreq=0.0,
        unit="",
        channels=ROW_CHANNELS,
        format="float32",
        metadata={**info.metadata, **versions()},
    )
    return rows, replace(rows, name=f"{info.name} turns", channels=TURN_CHANNELS)


def _place(info: StreamInfo) -> Place:
    rows, turns = rows_of(info)
    return Place(
        title=info.name, role=info.role, device="", channel=0, gain=0.0, rows=rows, turns=turns, audio=None
    )
