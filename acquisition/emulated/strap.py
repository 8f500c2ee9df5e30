"""An emulated heart rate strap: the standard service, beats told of once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np

from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Body
from acquisition.emulated.peripheral import Hardware, Peripheral, Signal, notifying, service
from acquisition.gatt import heart_rate as hrs
from acquisition.session.session import Device


async def beats(
    body: Peripheral,
    characteristic: Any,
    beat_times: Signal | None,
    touches: Callable[[], bool | None],
    *,
    intervals: bool = True,
) -> None:
    """Tell once a second of the beats that were since.

    Parameters
    ----------
    beat_times : callable, optional
        [from, to] in seconds since the device was switched on → times of the beats between; one a second
        if not given.
    touches : callable
        Whether the electrodes touch skin at that moment; None of one that cannot tell.
    intervals : bool
        Whether it tells of intervals, and not of the heart rate alone.
    """
    last, told = None, body.now() - body.switched_on
    while True:
        await asyncio.sleep(1.0)
        now = body.now() - body.switched_on
        since = np.array([told, now])
        times = np.arange(np.ceil(told), now) if beat_times is None else beat_times(since)
        rr = []
        for t in times.tolist():
            if last is not None:
                rr.append(round((t - last) * 1024))
            last = t
        told = now
        rate = round(60 * 1024 / rr[-1]) if rr else 60
        said = hrs.HeartRate(hr=min(rate, 255), contact=touches(), rr=tuple(rr) if intervals else ())
        body.notify(characteristic, bytes(said))


class EmulatedStrap:
    """A strap on the air."""

    def __init__(self, air: Air, hardware: Hardware, *, beat_times: Signal | None = None) -> None:
        self._hr, self._beats = notifying(hrs.MEASUREMENT), beat_times
        self.touches: bool | None = True
        """Whether its electrodes touch skin, as it says; it goes on telling of beats where they do not."""
        self.body = Peripheral(air, hardware, [service(hrs.SERVICE, [self._hr])], [hrs.SERVICE])
        self.body.connected = self._connected

    def _connected(self) -> None:
        self.body.run(beats(self.body, self._hr, self._beats, lambda: self.touches))

    async def start(self) -> None:
        """Switch on."""
        await self.body.start()


def twin(air: Air, hardware: Hardware, body: Body, device: Device) -> EmulatedStrap:
    """Return a strap that measures a simulated person."""
    return EmulatedStrap(air, hardware, beat_times=body.beats())
