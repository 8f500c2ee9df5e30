"""Lead both people through "read ten seconds alone", and say what gain each microphone needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from acquisition.drivers import Driver
from acquisition.drivers.microphone import open_driver as open_microphones
from acquisition.drivers.wav_file import open_driver as open_files
from acquisition.errors import DeviceError
from acquisition.lsl.clock import local_clock
from acquisition.session.session import Device, Session, permitted
from acquisition.stream import PEOPLE, Modality, Role
from acquisition.voice.calibration import LEAST, Calibration, calibrate, seconds_of_speech
from acquisition.voice.ears import Ears
from acquisition.voice.models import Models, Samples, load_models

OPENERS: dict[str, Callable[[Sequence[Device], Session, Ears], Driver]] = {
    "microphone": open_microphones,
    "wav_file": open_files,
}
SECONDS = 10.0
"""Length of a reading."""
CYCLE = 0.05
TAIL = 0.5
"""Seconds to wait for the end of a reading, which comes a little later than it was spoken."""


class Guide(Protocol):
    """Speak to the people in the room."""

    def begin(self, role: Role, seconds: float) -> bool:
        """Ask a person to read alone, from the return on; false ends the readings."""

    def heard(self, role: Role, speech: float) -> bool:
        """Say how many seconds of speech a reading held; true if it is to be repeated."""


@dataclass(frozen=True, slots=True)
class Microphones:
    """Hold the microphones of both people as a session names them."""

    devices: tuple[Device, ...]
    session: Session

    @property
    def calibrated(self) -> bool:
        """Tell whether the session gives each of them a gain."""
        return all("gain_db" in device.settings for device in self.devices)

    def drivers(self, ears: Ears) -> list[Driver]:
        """Return drivers that hand all sound to `ears`."""
        out: list[Driver] = []
        for name, opened in OPENERS.items():
            mine = [d for d in self.devices if d.definition and d.definition.driver == name]
            if mine:
                out.append(opened(mine, self.session, ears))
        return out


def microphones_of(session: Session) -> Microphones | None:
    """Return the microphones if both people have one that may be opened; else nothing is to be told apart."""
    found = tuple(
        device
        for device in permitted(session)[0]
        if device.definition
        and device.definition.driver in OPENERS
        and any(s.modality is Modality.VOICE for s in device.definition.streams)
    )
    return Microphones(found, session) if {d.role for d in found} == set(PEOPLE) else None


def read_alone(
    microphones: Microphones,
    guide: Guide,
    *,
    seconds: float = SECONDS,
    wait: float = 20.0,
    load: Callable[[], Models] = load_models,
    clock: Callable[[], float] = local_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> Calibration | None:
    """Return what the readings say; None if the guide ended them. Sound is kept in memory, and let go of.

    Parameters
    ----------
    seconds : float
        Length of a reading.
    wait : float
        Seconds that the microphones may take to open.

    Raises
    ------
    DeviceError
        If a microphone brings no sound, a reading holds too little speech, or the voice parts are missing.
    """
    models = load()
    ears = Ears(PEOPLE)
    drivers = microphones.drivers(ears)
    for driver in drivers:
        driver.start()
    try:
        room = _Room(drivers, ears, clock, sleep)
        room.await_sound(wait)
        readings: dict[Role, Mapping[Role, Samples]] = {}
        for role in PEOPLE:
            again = True
            while again:
                if not guide.begin(role, seconds):
                    return None
                readings[role] = room.hear(seconds)
                again = guide.heard(role, seconds_of_speech(readings[role][role], models))
        return calibrate(readings, models)
    finally:
        for driver in drivers:
            driver.stop()
        ears.stop()


@dataclass(frozen=True, slots=True)
class _Room:
    drivers: Sequence[Driver]
    ears: Ears
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def await_sound(self, wait: float) -> None:
        """Wait until every microphone brings sound."""
        begun = self.clock()
        while self.ears.deaf(begun) and self.clock() < begun + wait:
            self._pass(CYCLE)
        if deaf := self.ears.deaf(begun):
            why = [line for d in self.drivers for line in d.missing()]
            raise DeviceError(f"no sound from the microphone of the {' and the '.join(deaf)}{_because(why)}")

    def hear(self, seconds: float) -> dict[Role, Samples]:
        """Return what all microphones hear from now on for so long."""
        start = self.clock()
        while self.clock() < start + seconds or (
            self.ears.deaf(start + seconds) and self.clock() < start + seconds + 4 * TAIL
        ):
            self._pass(CYCLE)
        return self.ears.between(start, start + seconds)

    def _pass(self, seconds: float) -> None:
        for driver in self.drivers:
            driver.drain()
        self.sleep(seconds)


def _because(lines: Sequence[str]) -> str:
    return f" ({'; '.join(lines)})" if lines else ""


def enough(speech: float) -> bool:
    """Tell whether a reading holds enough speech [s]."""
    return speech >= LEAST
