"""Shimmer3R units, and Shimmer3 units whose board has Bluetooth LE: EDA (GSR+ board) or ECG (ExG board).

A unit streams and writes the same samples to its card. A drop-out stops the streaming only, so that a unit
found again is measuring still: it goes on with the same clock, and its card holds what was missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from acquisition.drivers import Assumption
from acquisition.drivers.ble import Opener, check_settings, refuse_other, stream_info
from acquisition.drivers.ble_link import Link
from acquisition.drivers.ble_stream import Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.drivers.shimmer.frames import LEADS, FrameStream, Reading, ecg, skin_conductance
from acquisition.drivers.shimmer.talk import Refused, Talk
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.shimmer import (
    AUTO_RANGE,
    BOARDS,
    SHIMMER3R,
    TICKS,
    Op,
    Sensor,
    divisor,
    exg_registers,
    get_exg,
    rate,
    same_registers,
    set_clock,
    set_exg,
    set_rate,
    set_sensors,
)
from acquisition.gatt.shimmer_answers import Inquiry, Status, Version, battery_mv, clock_ticks
from acquisition.gatt.shimmer_reader import DataFrame
from acquisition.gatt.shimmer_values import EXG1_CH1, EXG1_CH2, EXG1_STATUS, GSR, Layout, gain, layout
from acquisition.session.profile import DeviceProfile
from acquisition.session.session import Device
from acquisition.stream import Modality, StreamInfo

SETTINGS: dict[str, type | tuple[type, ...]] = {"gsr_range": int, "lead": str, "card": str}
"""`gsr_range`: 0 (8-63 kOhm) to 3 (0.7-4.7 MOhm), 4 where the unit is to choose. `lead`: which ECG.
`card`: "on" where the unit is to write to its card too, which heals gaps afterwards, else "off"."""
CLOCK_FAULT, CLOCK_SEEN = 0.002, 120.0
"""Share by which a unit's clock may be wrong before its crystal counts as failed, and seconds until told."""
_CHANNELS = {Modality.EDA: (GSR,), Modality.ECG: (EXG1_STATUS, EXG1_CH1, EXG1_CH2)}
_SENSORS = {Modality.EDA: Sensor.GSR, Modality.ECG: Sensor.EXG1}
_BOARD_OF = {Modality.EDA: "GSR+", Modality.ECG: "ExG"}
_UNITS = {Modality.EDA: "uS", Modality.ECG: "mV"}


class Unit:
    """One unit.

    Parameters
    ----------
    wall : callable
        Seconds since 1970, which the unit's clock is set to.
    """

    patience = 8.0

    def __init__(
        self, device: Device, profile: DeviceProfile, out: Outbox, wall: Callable[[], float] = time.time
    ) -> None:
        self._settings = check_settings(device, SETTINGS)
        refuse_other(device, profile, (Modality.EDA, Modality.ECG))
        if len(profile.streams) != 1:
            raise DeviceError(f"{device.title}: a unit has one board, for EDA or for ECG: one [[stream]]")
        self._range, self._lead, self._card = _checked(device, self._settings)
        self._modality = profile.streams[0].modality
        try:
            self._ticks = divisor(profile.streams[0].sfreq)
        except PacketError as error:
            raise DeviceError(f"{device.title}: {error}") from error
        self.sfreq = rate(self._ticks)
        label = "EDA" if self._modality is Modality.EDA else self._lead
        info = stream_info(
            device,
            profile.streams[0],
            unit=_UNITS[self._modality],
            sfreq=self.sfreq,
            channels=(label,),
            format="float32",
        )
        self._clock = DeviceClock()
        self._stream = PacketStream(info, self._clock, out)
        self._talk, self._frames, self._wall = Talk(), None, wall
        self._told: Callable[[str], None] = lambda _: None
        self._began = self._warned = -1.0
        self._battery = ""

    _frames: FrameStream | None

    def infos(self) -> list[StreamInfo]:
        """Return the stream, and beside it its device stamps."""
        return [self._stream.info, self._stream.time_info]

    async def begin(self, link: Link) -> None:
        """Set the unit as the profile says and start it; join one that measures so already."""
        talk, self._told = self._talk, link.told
        talk.frames, self._frames = self._heard, None
        await talk.open(link)
        await talk.hello()
        await self._identify()
        status = await talk.look()
        joined = status.sensing and await self._is_as_wanted()
        if not joined:
            if status.sensing:
                await talk.ask(bytes([Op.STOP]))
            await self._configure()
            if self._began >= 0.0:
                self._stream.restart("the unit was started anew")
        if not await talk.check_sums():
            self._told("its firmware sends no checksums: damaged frames are not all seen")
        await self._start(joined)

    async def _identify(self) -> None:
        """Learn firmware and board.

        Raises
        ------
        DeviceError
            If the board cannot measure what the profile wants.
        """
        talk, facts = self._talk, self._stream.info.metadata
        version = Version.from_bytes(await talk.ask(bytes([Op.VERSION])))
        facts["firmware"] = f"{talk.generation.name} {version}"
        said = await talk.ask(bytes([Op.BOARD, 3, 0]))
        wanted, number = _BOARD_OF[self._modality], said[0] if said else 0xFF
        facts["board"] = BOARDS.get(number, f"number {number}")
        if number == 0xFF:
            self._told(f"it does not say which board it has; a {wanted} board is needed")
        elif BOARDS.get(number) != wanted:
            raise DeviceError(
                f"it has the board {facts['board']}: {self._modality} needs a {wanted} board "
                "(profiles: shimmer3r_gsr for EDA, shimmer3r_exg for ECG)"
            )

    async def _is_as_wanted(self) -> bool:
        """Tell whether a unit that measures already does what the profile wants."""
        try:
            inquiry = await self._inquire()
            if (inquiry.ticks, inquiry.channels) != (self._ticks, _CHANNELS[self._modality]):
                return False
            if self._modality is Modality.EDA:
                return inquiry.config[3] >> 1 & 0x07 == self._range
            registers = await self._talk.ask(get_exg(0))
        except (PacketError, Refused, TimeoutError):
            return False
        return same_registers(exg_registers(0, self.sfreq), registers)

    async def _inquire(self) -> Inquiry:
        talk = self._talk
        return Inquiry.from_bytes(await talk.ask(bytes([Op.INQUIRY])), talk.generation.config_bytes)

    async def _configure(self) -> None:
        """Write every setting: what the factory or another program left is not relied on."""
        talk = self._talk
        await talk.ask(bytes([Op.SET_POWER, 1]))
        await talk.ask(set_rate(self._ticks))
        await talk.ask(set_sensors(_SENSORS[self._modality]))
        if self._modality is Modality.EDA:
            await talk.ask(bytes([Op.SET_GSR_RANGE, self._range]))
        else:
            for chip in (0, 1):
                await talk.ask(set_exg(chip, exg_registers(chip, self.sfreq)))
            read = await talk.ask(get_exg(0))
            if not same_registers(exg_registers(0, self.sfreq), read):
                raise DeviceError(
                    f"it did not take the settings of its ECG (it says {read.hex(' ').upper()})"
                )
        await talk.ask(set_clock(round(self._wall() * TICKS)))

    async def _start(self, joined: bool) -> None:
        """Start it, or its streaming alone, and see whether it did."""
        talk = self._talk
        inquiry = await self._inquire()
        of = layout(inquiry.channels)
        if set(_CHANNELS[self._modality]) - set(inquiry.channels):
            raise DeviceError(
                f"it does not send what was asked for (channels {bytes(inquiry.channels).hex(' ')})"
            )
        if rate(inquiry.ticks) != self.sfreq:
            raise DeviceError(
                f"it samples at {rate(inquiry.ticks):g} Hz, not at {self.sfreq:g} Hz as was asked"
            )
        near = clock_ticks(await talk.ask(bytes([Op.GET_CLOCK])))
        self._frames = FrameStream(self._stream, self._reading(of), self._ticks, near)
        talk.reader.layout = of
        both = self._card == "on" and not joined
        await talk.ask(bytes([Op.STREAM_AND_LOG if both else Op.STREAM]))
        status = await talk.look()
        if not (status.sensing and status.streaming):
            raise DeviceError(f"it understood the start, and does not send (status {status.flags:02X})")
        self._began = max(self._began, 0.0)
        with suppress(TimeoutError, Refused):
            self._battery = f"{battery_mv(await talk.ask(bytes([Op.BATTERY]))):.0f} mV"
        if self._card == "on":
            await self._tell_card(status)

    def _reading(self, of: Layout) -> Reading:
        if self._modality is Modality.ECG:
            return ecg(of, self._lead, gain(exg_registers(0, self.sfreq)[3]))
        return skin_conductance(of, self.sfreq, None if self._range == AUTO_RANGE else self._range)

    async def _tell_card(self, status: Status) -> None:
        if not status.logging:
            why = "it lies in its dock or hangs on a cable" if status.docked else "no card, or a faulty one"
            self._told(f"it does not write to its card ({why}): what a drop-out costs is lost")
            return
        folder = b""
        with suppress(TimeoutError, Refused):
            folder = await self._talk.ask(bytes([Op.FOLDER]))
        text = folder.decode("ascii", errors="replace")
        self._stream.info.metadata["folder"] = text
        also = "" if self._talk.generation is SHIMMER3R else "; it is to be read in its dock"
        self._told(f"writes to its card, too: {text or 'where, it does not say'}{also}")

    def _heard(self, frames: Sequence[DataFrame], now: float) -> None:
        if self._frames is None:
            return
        if self._began <= 0.0:
            self._began = now
        try:
            self._frames.take(frames, now)
        finally:
            self._watch_clock(now)

    def _watch_clock(self, now: float) -> None:
        """Tell once of a clock that no crystal makes; samples are stamped by what it does nevertheless."""
        skew = self._clock.skew
        if self._warned < 0.0 and now - self._began > CLOCK_SEEN and abs(skew) > CLOCK_FAULT:
            self._warned = now
            way = "slow" if skew > 0 else "fast"
            self._told(
                f"its clock is {abs(skew):.1%} {way}: its crystal may have failed; let the makers see it"
            )

    def assumptions(self) -> list[Assumption]:
        """Return what the protocol leaves open, and what this unit turned out to do."""
        talk, facts = self._talk, self._stream.info.metadata
        pipe, reader = talk.pipe, talk.reader
        logs = talk.status.logging
        found = [
            Assumption(
                "commands",
                f"taken from {talk.generation.pipes[0]}",
                f"from {pipe}",
                pipe == talk.generation.pipes[0],
            ),
            Assumption("firmware", "LogAndStream, 1.01.009 or later", facts.get("firmware", "not said")),
            Assumption("board", _BOARD_OF[self._modality], facts.get("board", "not said")),
            Assumption("checksums", "can be switched on", "yes" if reader.checked else "no", reader.checked),
            Assumption("bytes that belong to no packet", "0", str(reader.damaged), reader.damaged == 0),
            Assumption("statuses that nobody asked for", "none, or one after the start", str(talk.unasked)),
            Assumption("battery (formula inferred)", "3500 to 4200 mV", self._battery or "not said"),
        ]
        if self._card == "on":
            text = f"yes, {facts.get('folder', '')}" if logs else "no"
            found.append(Assumption("writes to its card while it sends", "yes", text, logs))
        return found + (self._frames.assumptions() if self._frames is not None else [])

    async def end(self, link: Link) -> None:
        """Stop streaming and writing."""
        with suppress(TimeoutError, Refused):  # amid frames the answer may be late, and nobody needs it
            await self._talk.ask(bytes([Op.STOP]))
        if self._frames is not None:
            self._frames.flush()

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke."""
        if self._frames is not None:
            self._frames.flush()
        self._stream.lost(now, why)


def _checked(device: Device, settings: Mapping[str, object]) -> tuple[int, str, str]:
    chosen, lead = settings.get("gsr_range", AUTO_RANGE), settings.get("lead", "LL-RA")
    card = settings.get("card", "on")
    if not isinstance(chosen, int) or not 0 <= chosen <= AUTO_RANGE:
        raise DeviceError(f"{device.title}: gsr_range = {chosen!r}: 0 to 3, or 4 where the unit is to choose")
    if lead not in LEADS:
        raise DeviceError(f"{device.title}: lead = {lead!r}: no such lead (known: {', '.join(LEADS)})")
    if card not in ("on", "off"):
        raise DeviceError(f"{device.title}: card = {card!r}: must be on or off")
    return chosen, str(lead), str(card)


open_driver = Opener(Unit)
