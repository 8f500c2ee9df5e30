"""A driver for tests: sines of both people, on time, on whatever clock; and a recorder process around it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.commands.command import stop_on_signals
from acquisition.drivers import Drained, SignsOf, unopened
from acquisition.lsl.clock import local_clock
from acquisition.recorder.begin import record
from acquisition.session.session import Consent, Participant, ProtectionSettings, Session
from acquisition.stream import Chunk, Modality, Role, StreamInfo

CONSENT = Consent(version="test", ecg=True, eda=True)
SESSION = Session(
    id="D07_S03",
    dyad="D07",
    number=3,
    crisis_contact="test",
    client=Participant("C07", CONSENT),
    therapist=Participant("T02", CONSENT),
)


def info(role: Role, modality: Modality = Modality.ECG, sfreq: float = 100.0, name: str = "") -> StreamInfo:
    """Describe a stream of one channel."""
    unit = {Modality.ECG: "mV", Modality.EDA: "uS"}.get(modality, "")
    name = name or modality.upper()
    return StreamInfo(name=name, role=role, modality=modality, sfreq=sfreq, unit=unit, channels=(name,))


class SineDriver:
    """Send sines; `value`, where it is set, is sent in their place."""

    def __init__(self, *infos: StreamInfo, clock: Callable[[], float] = local_clock) -> None:
        self.infos = list(infos) or [info(Role.CLIENT), info(Role.THERAPIST)]
        self.value: dict[Role, float] = {}
        self.sent: dict[Role, int] = {}
        self.extra: list[Drained] = []
        self.mute: set[Role] = set()
        self.open = True
        self.stopped = 0
        self.fails: Exception | None = None
        self._clock = clock
        self._next: dict[tuple[Role, str], int] = {}

    def streams(self) -> list[StreamInfo]:
        """Return the streams."""
        return self.infos

    def ready(self) -> bool:
        """Tell what the test wants told."""
        return self.open

    def missing(self) -> list[str]:
        """Return the streams whose properties are not known."""
        return unopened(self.streams())

    def signs(self) -> SignsOf:
        """Return nothing."""
        return {}

    def start(self) -> None:
        """Begin with the sample that is due next."""
        now = self._clock()
        self._next = {i.key: int(np.ceil(now * i.sfreq)) for i in self.infos}

    def drain(self) -> list[Drained]:
        """Return all samples whose time has come."""
        if self.fails:
            raise self.fails
        now = self._clock()
        out, self.extra = self.extra, []
        for i in self.infos:
            stop = int(np.ceil(now * i.sfreq))
            numbers = np.arange(self._next[i.key], stop)
            self._next[i.key] = max(stop, self._next[i.key])
            if len(numbers) and i.role not in self.mute:
                times = numbers / i.sfreq
                values = np.full(len(times), self.value[i.role]) if i.role in self.value else np.sin(times)
                self.sent[i.role] = self.sent.get(i.role, 0) + len(times)
                out.append(Chunk(i, times, values[:, None].astype(np.float32)))
        return out

    def stop(self) -> None:
        """Count the call."""
        self.stopped += 1


if __name__ == "__main__":
    protection = ProtectionSettings(sealed="--sealed" in sys.argv)
    session = replace(SESSION, protection=protection)
    outcome = record(session, Path(sys.argv[1]), drivers=[SineDriver()], stop=stop_on_signals())
    sys.exit(bool(outcome.ended))
