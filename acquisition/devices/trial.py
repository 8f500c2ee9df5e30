"""A device tried out: connected, listened to, broken off, found again; what was assumed, what turned out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from acquisition.devices.assumptions import of_clock, of_losses, of_stream
from acquisition.devices.memory import of_memory
from acquisition.drivers import Assuming, Assumption, Driver
from acquisition.drivers.ble import BleDriver
from acquisition.drivers.ble_stream import device_time_info
from acquisition.errors import DeviceError, ProfileError
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.recorder.begin import open_drivers
from acquisition.session.profile import DeviceProfile, load_profile
from acquisition.session.session import Session
from acquisition.session.toml import parse_session
from acquisition.session.toml_table import lines
from acquisition.stream import Chunk, StreamInfo

OPENING = 60.0
"""Seconds a device may take to be found and to stream."""
RETURNING = 40.0
"""Seconds it may take to stream again after its connection was broken."""
CYCLE = 0.1
PACKETS = 150
"""Packets that a report shows, of the beginning and of the return each."""
_CONSENT = '{ version = "trial", ecg = true, eda = true, acc = true, resp = true }'


@dataclass(slots=True, kw_only=True)
class Trial:
    """Hold what a trial found.

    Parameters
    ----------
    seconds : float
        For how long it streamed.
    facts : dict
        What the device says of itself.
    packets : list of str
        The first bytes in both directions, and the first after the connection was broken.
    """

    profile: DeviceProfile
    seconds: float = 0.0
    opened: bool = False
    assumptions: list[Assumption] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    packets: list[str] = field(default_factory=list)


def trial_session(profile: str, *, address: str, name: str, emulated: bool) -> Session:
    """Return a session with the one device.

    Raises
    ------
    ProfileError
        If there is no such profile, or it is of no device that is reached directly.
    """
    definition = load_profile(profile)
    if not (definition.names or definition.services or definition.driver in _direct()):
        raise ProfileError(
            f"{profile}: is no device that is reached directly, so it cannot be tried "
            "(attune devices check tries what comes over LSL)"
        )
    address = address or ("C0:00:00:00:00:01" if emulated else "")
    device = {"role": "client", "profile": profile, "address": address, "name": name}
    said: dict[str, object] = {k: v for k, v in device.items() if v}
    if emulated:
        said |= {"settings": {**definition.settings, "emulated": True}}
    head = '[session]\nid = "trial"\ncrisis_contact = "none: a device is tried"\n'
    people = "".join(
        f'[{r}]\ncode = "{r[0].upper()}00"\nconsent = {_CONSENT}\n' for r in ("client", "therapist")
    )
    return parse_session(head + people + "\n".join(lines("[[device]]", said)) + "\n", profile)


def _direct() -> set[str]:
    """Return the drivers of devices that have a twin: those that speak to a device themselves."""
    from acquisition.drivers.table import TABLE

    return {name for name, line in TABLE.items() if line.twin}


def try_out(
    session: Session,
    seconds: float,
    *,
    drivers: Sequence[Driver] | None = None,
    clock: Callable[[], float] = local_clock,
    sleep: Callable[[float], None] = time.sleep,
    said: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Try a device out: let it stream, break its connection half-way, and see what was assumed of it.

    Parameters
    ----------
    seconds : float
        How long it is to stream altogether.
    drivers : sequence of Driver, optional
        In place of those that the session names.
    said : callable
        Told what goes on.

    Raises
    ------
    DeviceError, SessionError, StreamError
        If the driver cannot be made.
    """
    made = list(drivers) if drivers is not None else open_drivers(session)[0]
    definition = session.devices[0].definition
    if len(made) != 1 or definition is None:
        raise DeviceError(f"{session.devices[0].title}: cannot be tried")
    return _Run(made[0], Trial(profile=definition), clock, sleep, said).go(seconds)


class _Run:
    """One trial while it goes on."""

    def __init__(
        self,
        driver: Driver,
        trial: Trial,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        said: Callable[[str], None],
    ) -> None:
        self._driver, self._trial, self._clock, self._sleep, self._said = driver, trial, clock, sleep, said
        self._chunks: dict[str, list[Chunk]] = {}
        self._left = PACKETS
        self._began = clock()
        self._broken = math.nan
        self._making: list[tuple[float, float]] = []

    def go(self, seconds: float) -> Trial:
        """Do it all."""
        driver, trial = self._driver, self._trial
        if isinstance(driver, BleDriver):
            for keeper in driver.keepers:
                keeper.tap = self._note
        self._said(f"looking for the device, at most {OPENING:.0f} s")
        driver.start()
        try:
            trial.opened = self._until(driver.ready, OPENING)
            took = self._clock() - self._began
            if trial.opened:
                self._making.append((self._began, self._clock()))
                self._said(f"streams after {took:.1f} s; listening for {seconds:.0f} s")
                self._stream(seconds)
        finally:
            self._keep_facts()
            driver.stop()
            self._drain()
        why = "; ".join(driver.missing()) or "nothing came"
        found = f"after {took:.1f} s" if trial.opened else why
        trial.assumptions.append(Assumption("it streams", f"within {OPENING:.0f} s", found, trial.opened))
        if trial.opened:
            self._judge()
        return trial

    def _stream(self, seconds: float) -> None:
        begun = self._clock()
        self._listen(seconds / 2)
        if isinstance(self._driver, BleDriver):
            self._broken, self._left = self._clock(), PACKETS
            self._said("breaking the connection, as a drop-out does")
            self._driver.break_off()
            self._until(lambda: not self._driver.ready(), 5.0)
            back = self._until(self._driver.ready, RETURNING)
            self._making.append((self._broken, self._clock()))
            took = self._clock() - self._broken
            found = f"after {took:.1f} s" if back else "; ".join(self._driver.missing())
            self._trial.assumptions.append(
                Assumption("it streams again after a drop-out", f"within {RETURNING:.0f} s", found, back)
            )
        self._listen(seconds / 2)
        self._trial.seconds = self._clock() - begun

    def _until(self, holds: Callable[[], bool], seconds: float) -> bool:
        end = self._clock() + seconds
        while not holds():
            if self._clock() >= end:
                return False
            self._listen(CYCLE)
        return True

    def _listen(self, seconds: float) -> None:
        end = self._clock() + seconds
        while True:
            self._drain()
            if self._clock() >= end:
                return
            self._sleep(min(CYCLE, max(0.0, end - self._clock())))

    def _drain(self) -> None:
        for item in self._driver.drain():
            if isinstance(item, Chunk):
                self._chunks.setdefault(item.info.name, []).append(item)
            elif isinstance(item, Notice):
                self._trial.notices.append(item)

    def _note(self, way: str, uuid: str, data: bytes, now: float) -> None:
        if self._left > 0:
            self._left -= 1
            line = f"{now - self._began:9.3f}  {way:<7}  {uuid}  {data.hex(' ')}"
            self._trial.packets.append(line)

    def _keep_facts(self) -> None:
        driver = self._driver
        for keeper in driver.keepers if isinstance(driver, BleDriver) else ():
            self._trial.facts |= keeper.facts
            paired = "was needed, and done" if keeper.paired else "was not needed"
            self._trial.assumptions.append(Assumption("pairing", "may be needed", paired))
            if isinstance(keeper.wearable, Assuming):
                self._trial.assumptions += keeper.wearable.assumptions()
            for info in keeper.wearable.infos():
                self._trial.facts |= info.metadata

    def _judge(self) -> None:
        found = self._trial.assumptions
        infos = [i for i in self._driver.streams() if not _is_time(i, self._driver.streams())]
        for info in infos:
            found += of_stream(info, self._chunks.get(info.name, []), self._trial.seconds)
            clock = device_time_info(info)
            found += of_clock(clock, info, self._chunks.get(clock.name, []), self._broken)
        found += of_losses(self._trial.notices, self._making)
        if isinstance(self._driver, BleDriver):
            for info in infos:
                rows = self._chunks.get(device_time_info(info).name, [])
                found += of_memory(self._driver, info, rows, self._broken, self._clock, self._said)


def _is_time(info: StreamInfo, among: Sequence[StreamInfo]) -> bool:
    return any(device_time_info(other).name == info.name for other in among)
