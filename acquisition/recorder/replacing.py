"""A new device in the place of another while recording: it is searched for, and takes over once open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from acquisition.drivers import Drained, Driver, SignsOf
from acquisition.drivers.table import opener
from acquisition.errors import ControlError
from acquisition.event import Event, Notice
from acquisition.recorder.intake import Intake
from acquisition.session.session import Device, Session, permitted
from acquisition.session.toml import dump_session, parse_session
from acquisition.session.toml_table import lines
from acquisition.stream import Chunk, ClockOffset, Modality, StreamInfo

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds to search for a device that is to take the place of another."""
_FIELDS = ("role", "profile", "address", "name", "source_id", "channel", "unit")
_BESIDE = (Modality.DEVICE_TIME, Modality.MARKERS, Modality.ACC)
"""A new device replaces whatever measures the same; these say nothing of what a device is for."""


class Renamed:
    """Be a driver whose streams have names that are free in their person's file."""

    def __init__(self, driver: Driver, rename: Callable[[list[StreamInfo]], list[StreamInfo]]) -> None:
        self._driver, self._rename = driver, rename
        self._infos: dict[tuple[str, str], StreamInfo] = {}

    def streams(self) -> list[StreamInfo]:
        """Return its streams, renamed."""
        given = self._driver.streams()
        if any(info.key not in self._infos for info in given):
            self._infos = {i.key: new for i, new in zip(given, self._rename(given), strict=True)}
        return [replace(info, name=self._infos[info.key].name) for info in given]

    def ready(self) -> bool:
        """Tell whether all streams are open."""
        return self._driver.ready()

    def start(self) -> None:
        """Begin to search."""
        self._driver.start()

    def drain(self) -> list[Drained]:
        """Return what arrived, under the new names."""
        self.streams()
        return [self._named(item) for item in self._driver.drain()]

    def _named(self, item: Drained) -> Drained:
        if isinstance(item, Notice):
            known = self._infos.get((item.role, item.stream))
            return item if known is None else replace(item, stream=known.name)
        info = replace(item.info, name=self._infos.get(item.info.key, item.info).name)
        return Chunk(info, item.times, item.samples) if isinstance(item, Chunk) else replace(item, info=info)

    def missing(self) -> list[str]:
        """Return what is not open."""
        return self._driver.missing()

    def signs(self) -> SignsOf:
        """Return what its devices say of themselves."""
        known = {key: self._infos[key].key for key in self._infos}
        return {known.get(key, key): signs for key, signs in self._driver.signs().items()}

    def stop(self) -> None:
        """Release the device."""
        self._driver.stop()


@dataclass(slots=True, eq=False)
class _Search:
    device: Device
    driver: Renamed
    until: float


class Replacing:
    """Search for new devices, and let each take over when it is there.

    Parameters
    ----------
    drivers : list of Driver
        Those of the recording; new ones are added.
    assign : callable
        Records an assignment and lets it take hold.
    """

    def __init__(
        self,
        session: Session,
        drivers: list[Driver],
        intake: Intake,
        assign: Callable[[Event], Event],
        clock: Callable[[], float],
    ) -> None:
        self._session, self._drivers, self._intake = session, drivers, intake
        self._assign, self._clock = assign, clock
        self._searches: list[_Search] = []

    def search(self, fields: Mapping[str, Any]) -> str:
        """Begin to search for a device; return its name.

        Raises
        ------
        AttunementError
            If it cannot be: an unknown profile, no consent, nothing that it could replace.
        """
        device = self._device(fields)
        if device.definition is None:  # never: a session file of devices was read
            raise ControlError(f"{device.title}: no profile")
        if not self._replaces(device):
            wanted = ", ".join(s.modality for s in device.definition.streams)
            raise ControlError(
                f"{device.title}: nothing to replace: no device of the {device.role} has {wanted}"
            )
        driver = opener(device.definition.driver)([device], self._session)
        renamed = Renamed(driver, self._intake.assigning.new_names)
        renamed.start()
        self._searches.append(_Search(device, renamed, self._clock() + PATIENCE))
        return device.title

    def _device(self, fields: Mapping[str, Any]) -> Device:
        unknown = sorted(set(fields) - set(_FIELDS))
        if unknown:
            raise ControlError(f"unknown field {unknown[0][:40]!r} (known: {', '.join(_FIELDS)})")
        head = dump_session(replace(self._session, devices=(), recorded=None))
        # Its record, if any, ends the text; a device may stand anywhere.
        text = "\n".join([head, *lines("[[device]]", {k: v for k, v in fields.items() if v is not None})])
        session = parse_session(text, "the new device")
        kept, refusals = permitted(replace(session, devices=session.devices[-1:]))
        if not kept:
            raise ControlError("; ".join(refusals) or "the new device: nothing of it may be recorded")
        return kept[0]

    def _replaces(self, device: Device) -> list[tuple[Any, str]]:
        streams = device.definition.streams if device.definition is not None else ()
        return self._intake.assigning.of(device.role, {s.modality for s in streams} - set(_BESIDE))

    def look(self, now: float) -> None:
        """Let devices that are open by now take over, and give up on those that never came."""
        for search in list(self._searches):
            for item in search.driver.drain():  # what it sends before it takes over is nobody's
                if isinstance(item, ClockOffset):
                    self._intake.assigning.note(item)
            if search.driver.ready():
                self._searches.remove(search)
                self._take_over(search, now)
            elif now > search.until:
                self._searches.remove(search)
                search.driver.stop()
                what = f"{search.device.title}: not found within {PATIENCE:g} s; nothing was replaced"
                self._intake.notice(Notice(time=now, kind="health", role=search.device.role, message=what))

    def _take_over(self, search: _Search, now: float) -> None:
        infos = [i for i in search.driver.streams() if self._intake.consented(i)]
        words = f"{search.device.title} takes over from now"
        self._assign(self._intake.assigning.replaced(now, infos, self._replaces(search.device), words))
        self._drivers.append(search.driver)

    def close(self) -> None:
        """Stop searching."""
        for search in self._searches:
            search.driver.stop()
