"""Whose microphone it is, and which streams come of it: what a session's devices ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acquisition.errors import DeviceError
from acquisition.session.session import Device
from acquisition.session.toml_table import Scalar
from acquisition.stream import PEOPLE, Modality, Role, StreamInfo
from acquisition.voice.models import HOP, SFREQ, versions
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Bind a microphone to a person.

    Parameters
    ----------
    title : str
        How messages call it.
    device : str
        Name or number of the sound device, or path of a file; "" is the system's own choice.
    channel : int
        Counted from 0.
    gain : float
        Calibration [dB], see `acquisition.voice.calibration`.
    quality : bool
        Whether harmonicity, jitter and shimmer are measured.
    rows, turns, audio : StreamInfo or None
        What may be stored; audio is speech itself, at 16 kHz.
    """

    title: str
    role: Role
    device: str
    channel: int
    gain: float
    quality: bool = False
    rows: StreamInfo | None
    turns: StreamInfo | None
    audio: StreamInfo | None

    @property
    def infos(self) -> list[StreamInfo]:
        """Return the streams."""
        return [info for info in (self.rows, self.turns, self.audio) if info is not None]


def places_of(devices: Sequence[Device], settings: Sequence[str] = ()) -> list[Place]:
    """Return the microphones of a session; `settings` are known beside gain_db and quality.

    Raises
    ------
    DeviceError
        On a setting, channel or stream that makes no sense, or a microphone that two people would share.
    """
    places = [_place(device, ("gain_db", "quality", *settings)) for device in devices]
    for i, place in enumerate(places):
        for other in places[:i]:
            if place.role is other.role:
                raise DeviceError(
                    f"{place.title}: a second microphone of the same person (also {other.title})"
                )
            if (place.device, place.channel) == (other.device, other.channel):
                which = repr(place.device) if place.device else "the default device"
                raise DeviceError(
                    f"{place.title}: channel {place.channel} of {which} is also that of {other.title}: "
                    "give each person a channel (channel = 0, channel = 1)"
                )
    return places


def _place(device: Device, known: Sequence[str]) -> Place:
    values = settings_of(device, known)
    if device.role not in PEOPLE:
        raise DeviceError(f"{device.title}: a microphone is one person's (role {' or '.join(PEOPLE)})")
    streams = {info.name: info for info in _infos(device)}
    voice = [i for i in streams.values() if i.modality is Modality.VOICE]
    return Place(
        title=device.title,
        role=Role(device.role),
        device=device.address or device.name,
        channel=_channel(device),
        gain=_gain(device, values),
        quality=_quality(device, values),
        rows=next((i for i in voice if i.channels == ROW_CHANNELS), None),
        turns=next((i for i in voice if i.channels == TURN_CHANNELS), None),
        audio=next((i for i in streams.values() if i.modality is Modality.AUDIO), None),
    )


def settings_of(device: Device, known: Sequence[str]) -> dict[str, Scalar]:
    """Return the settings of a device over those of its profile.

    Raises
    ------
    DeviceError
        On a key that is not known.
    """
    values = {**(device.definition.settings if device.definition else {}), **device.settings}
    for key in values:
        if key not in known:
            raise DeviceError(f"{device.title}: no setting {key!r} (known: {', '.join(known)})")
    return values


def _gain(device: Device, values: dict[str, Scalar]) -> float:
    gain = values.get("gain_db", 0.0)
    if isinstance(gain, bool) or not isinstance(gain, int | float) or not -60 <= gain <= 60:
        raise DeviceError(f"{device.title}: gain_db = {gain!r}: must be a number of dB from -60 to 60")
    return float(gain)


def _quality(device: Device, values: dict[str, Scalar]) -> bool:
    quality = values.get("quality", False)
    if not isinstance(quality, bool):
        raise DeviceError(f"{device.title}: quality = {quality!r}: must be true or false")
    return quality


def _channel(device: Device) -> int:
    channel: object = device.channel
    if isinstance(channel, str):
        channel = {"left": 0, "right": 1}.get(
            channel.casefold(), int(channel) if channel.isdecimal() else None
        )
    if channel is None and device.channel is None:
        return 0
    if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < 64:
        raise DeviceError(
            f"{device.title}: channel = {device.channel!r}: must be left, right or a number from 0"
        )
    return channel


def _infos(device: Device) -> list[StreamInfo]:
    definition = device.definition
    if definition is None:
        return []
    out = []
    for stream in definition.streams:
        kinds = {Modality.VOICE: (ROW_CHANNELS, TURN_CHANNELS), Modality.AUDIO: (stream.channels,)}
        if stream.modality not in kinds or stream.channels not in kinds[stream.modality]:
            raise DeviceError(
                f"{device.title}: stream {stream.name or stream.modality}: a microphone delivers voice rows "
                f"({', '.join(ROW_CHANNELS)}), turns ({', '.join(TURN_CHANNELS)}) and audio"
            )
        sound = stream.modality is Modality.AUDIO
        out.append(
            StreamInfo(
                name=stream.name or str(stream.modality),
                role=Role(device.role),
                modality=stream.modality,
                sfreq=float(SFREQ) if sound else 0.0,
                unit=stream.unit,
                channels=stream.channels or ("Microphone",),
                format="int16" if sound else "float32",
                lateness=definition.latency,
                source_id=device.source_id or f"attunement-{device.role}-{definition.driver}-{stream.name}",
                device=device.profile,
                metadata={} if sound else {"frame": f"{HOP}/{SFREQ} s", **versions()},
            )
        )
    return out
