"""Heart rate straps of any maker, by the standard service: RR intervals, stamped at their end.

The service has no stamps and tells of beats about once a second. The sum of the intervals is taken as the
strap's clock; what remains is a delay of the strap itself, which nobody can see from outside. Whether the
electrodes touch skin is a second channel: what comes while they do not is kept, and counts for nothing.
"""

from __future__ import annotations

import math

from acquisition.drivers.ble import (
    Opener,
    beats_info,
    check_settings,
    refuse_other,
)
from acquisition.drivers.ble_link import Link
from acquisition.drivers.ble_stream import BeatStream, Outbox
from acquisition.errors import DeviceError
from acquisition.gatt.heart_rate import MEASUREMENT, HeartRate
from acquisition.session.profile import DeviceProfile
from acquisition.session.session import Device
from acquisition.stream import CONTACT, Modality, StreamInfo

RR_UNIT = "1/1024 s"


class Strap:
    """A strap: one stream of RR intervals."""

    patience = 20.0

    def __init__(self, device: Device, profile: DeviceProfile, out: Outbox) -> None:
        check_settings(device, {})
        refuse_other(device, profile, (Modality.RR,))
        self._rr = BeatStream(rr_info(device, profile), out, seconds=1 / 1024)

    def infos(self) -> list[StreamInfo]:
        """Return the one stream."""
        return [self._rr.info]

    async def begin(self, link: Link) -> None:
        """Subscribe to the measurement."""
        await subscribe_rr(link, self._rr)

    async def end(self, link: Link) -> None:
        """Do nothing: a strap needs no command to stop."""

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke."""
        self._rr.lost(now, why)


open_driver = Opener(Strap)


def rr_info(device: Device, profile: DeviceProfile) -> StreamInfo:
    """Describe the RR stream that a profile asks for."""
    stream = next(s for s in profile.streams if s.modality is Modality.RR)
    return beats_info(device, stream, unit=RR_UNIT, channels=("RR", CONTACT))


async def subscribe_rr(link: Link, stream: BeatStream) -> None:
    """Feed a stream from the Heart Rate Measurement.

    Raises
    ------
    DeviceError
        If the device has no such service.
    """
    if not link.has(MEASUREMENT):
        raise DeviceError("it has no Heart Rate Service: not a heart rate strap, or its firmware hides it")

    touches = {True: 1.0, False: 0.0, None: math.nan}

    def heard(data: bytes, now: float) -> None:
        told = HeartRate.from_bytes(data)
        stream.intervals([(float(rr), touches[told.contact]) for rr in told.rr], told.rr, now)

    await link.subscribe(MEASUREMENT, heard)
