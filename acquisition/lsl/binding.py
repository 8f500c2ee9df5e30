"""Which stream on the network a device of session.toml means, and what it is called in the recording."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from acquisition.errors import StreamError
from acquisition.lsl.network import FORMATS, MAX_CHANNELS, Description, Remote, channel_number
from acquisition.session.session import Device
from acquisition.stream import CONTACT, LATENESS, Modality, Role, StreamInfo, of_beats
from acquisition.text import clean_line
from acquisition.units import CANONICAL, known
from acquisition.voice.rows import is_sound

SINGLE = frozenset((Modality.ECG, Modality.EDA, Modality.RR, Modality.PPI, Modality.RESP, Modality.MARKERS))
"""Modalities of one channel: of a stream with several, one must be chosen."""
MOST = {Modality.RATING: 2}
"""Most channels of others: a rating has one axis or two."""
MAX_SFREQ = 1e6
MAX_VALUES = 2e6
"""Rate [Hz], and values a second, of the fastest stream that is opened: liblsl keeps minutes of them."""
CHOICES = {
    Modality.ECG: "mV, uV or V",
    Modality.EDA: "uS, nS, S or kOhm",
    Modality.RR: "ms or s",
    Modality.PPI: "ms or s",
    Modality.ACC: "g, mg or m/s2",
    Modality.RATING: "LOW..HIGH, such as -1..1 or 0..100, or unbounded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Bind a stream to a role: one entry of the allow list.

    Parameters
    ----------
    place : str
        How messages call the device.
    source_id, name : str
        At least one of them; all that are given must agree, also `type` and `host`.
    channel : str or int or None
        Label, or number from 0.
    unit : str
        Only for a stream that does not say its own.
    channels : tuple of str
        What the profile says; () where it leaves that to the sender.
    """

    place: str
    role: Role
    modality: Modality
    source_id: str = ""
    name: str = ""
    type: str = ""
    host: str = ""
    channel: str | int | None = None
    unit: str = ""
    channels: tuple[str, ...] = ()
    lateness: float = LATENESS
    profile: str = ""
    listened: bool = False
    """Speech may be bound as voice: it is turned into rows before anyone sees it."""

    @property
    def wanted(self) -> str:
        """Return what is looked for, in words."""
        parts = (("source_id", self.source_id), ("name", self.name), ("type", self.type), ("host", self.host))
        return " and ".join(f"{key} {value!r}" for key, value in parts if value)

    def matches(self, remote: Remote) -> bool:
        """Tell whether a stream on the network is the one that is meant."""
        pairs = (
            (self.source_id, remote.source_id),
            (self.name, remote.name),
            (self.type, remote.type),
            (self.host, remote.host),
        )
        return all(not wanted or wanted == there for wanted, there in pairs)


def bindings_of(devices: Sequence[Device]) -> list[Binding]:
    """Return the allow list of a session's LSL devices.

    Raises
    ------
    StreamError
        If a device names neither source_id nor name, or the same channel of a stream is bound twice.
    """
    bindings = [
        Binding(
            place=f"{device.title}, device {number}",
            role=device.role,
            modality=stream.modality,
            source_id=device.source_id,
            name=device.name,
            type=str(device.settings.get("type", "")),
            host=str(device.settings.get("host", "")),
            channel=device.channel,
            unit=device.unit or stream.unit,
            channels=stream.channels,
            lateness=device.definition.latency,
            profile=device.profile,
        )
        for number, device in enumerate(devices, 1)
        if device.definition is not None
        for stream in device.definition.streams
    ]
    _check(bindings)
    return bindings


def _check(bindings: Sequence[Binding]) -> None:
    owners: dict[tuple[str, ...], str] = {}
    for b in bindings:
        if not (b.source_id or b.name):
            raise StreamError(f"{b.place}: neither source_id nor name: no stream is matched by its type")
        key = (b.source_id or f"name {b.name}", b.host, "" if b.channel is None else str(b.channel))
        if owners.setdefault(key, b.place) != b.place:
            channel = "" if b.channel is None else f", channel {b.channel!r}"
            raise StreamError(f"{b.place}: {b.wanted}{channel} is bound twice, also by {owners[key]}")


def provisional(binding: Binding) -> StreamInfo:
    """Describe the stream of a binding as far as it is known before it is found."""
    name = binding.source_id or binding.name
    name += "" if binding.channel is None else f" {binding.channel}"
    return StreamInfo(
        name=name if binding.modality in name.casefold() else f"{name} {binding.modality}",
        role=binding.role,
        modality=binding.modality,
        sfreq=math.nan,
        unit=binding.unit,
        channels=(str(binding.channel or 0),),
        lateness=binding.lateness,
        source_id=binding.source_id,
        device=binding.profile,
    )


def choose(binding: Binding, seen: Iterable[Remote], refused: Collection[str]) -> Remote | None:
    """Return the one stream that a binding means, None if it is not there.

    Parameters
    ----------
    seen : iterable of Remote
        What is on the network.
    refused : collection of str
        uids of outlets that are not taken.

    Raises
    ------
    StreamError
        If several outlets answer to the binding or share the source_id, or there is none.
    """
    there = [r for r in seen if r.uid not in refused]
    hits = [r for r in there if binding.matches(r)]
    if not hits:
        return None
    if len(hits) > 1:
        where = "; ".join(f"{r} {r.outlet}" for r in hits)
        raise StreamError(f"{len(hits)} outlets answer to {binding.wanted}, so neither is used: {where}")
    if not hits[0].source_id:
        raise StreamError(
            f"stream {hits[0]} is refused: it could not be found again after a loss; set its source_id"
        )
    twins = [r for r in there if r.source_id == hits[0].source_id]
    if len(twins) > 1:
        where = "; ".join(f"{r} {r.outlet}" for r in twins)
        raise StreamError(
            f"{len(twins)} outlets share source_id {hits[0].source_id!r}, so neither is used: {where}"
        )
    return hits[0]


def check_shape(binding: Binding, remote: Remote) -> None:
    """Refuse a stream that cannot be what its profile says, before it is opened and takes memory.

    Raises
    ------
    StreamError
        If it has too many channels, no rate, a rate that no sensor has, or text where numbers belong.
    """
    n, sfreq = remote.n_channels, remote.sfreq
    if not 1 <= n <= MAX_CHANNELS:
        raise StreamError(f"stream {remote} is refused: {n} channels (allowed: 1 to {MAX_CHANNELS})")
    if not 0 <= sfreq <= MAX_SFREQ or n * sfreq > MAX_VALUES:
        raise StreamError(
            f"stream {remote} is refused: {n} channels at {sfreq:g} Hz (allowed: {MAX_SFREQ:g} Hz, and "
            f"{MAX_VALUES:g} values a second)"
        )
    if remote.format not in FORMATS.values():
        raise StreamError(f"stream {remote} is refused: its format is unknown")
    _check_text(binding, remote)
    if binding.channels and binding.channel is None and n != len(binding.channels):
        raise StreamError(
            f"stream {remote} is refused: {n} channels, the profile says {len(binding.channels)} "
            f"({', '.join(binding.channels)})"
        )
    if isinstance(binding.channel, int) and binding.channel >= n:
        raise StreamError(f"stream {remote} is refused: no channel {binding.channel} of {n}")


def _check_text(binding: Binding, remote: Remote) -> None:
    if remote.format == "string" and binding.modality is not Modality.MARKERS:
        raise StreamError(f"stream {remote} holds text, which cannot be {binding.modality}")


def fit(binding: Binding, remote: Remote, said: Description) -> tuple[StreamInfo, int | None]:
    """Describe the stream of a binding as found; also the channel that is taken, None for all.

    Raises
    ------
    StreamError
        If it has not the channel, needs one to be chosen, or nobody says its unit.
    """
    column: int | None = None
    if binding.channel is not None:
        column = channel_number(said.labels, binding.channel)
    elif len(said.labels) > _most(binding.modality) and not of_beats(binding.modality, said.labels):
        choices = ", ".join(f"{i} {label!r}" for i, label in enumerate(said.labels))
        raise StreamError(f"stream {remote} has several channels: choose one with channel = ... ({choices})")
    columns = range(len(said.labels)) if column is None else [column]
    info = StreamInfo(
        name=provisional(binding).name,
        role=binding.role,
        modality=binding.modality,
        sfreq=remote.sfreq,
        unit=_unit(binding, remote, _units(binding, said, columns)),
        channels=tuple(said.labels[i] for i in columns),
        # Numbers become texts: a marker is an event, whatever its sender writes.
        format="string" if binding.modality is Modality.MARKERS else remote.format,
        lateness=binding.lateness,
        source_id=clean_line(remote.source_id),
        device=binding.profile,
        metadata=said.facts,
    )
    if is_sound(info) and binding.listened:
        if len(info.channels) > 1:
            raise StreamError(f"stream {remote} is sound of several channels: choose one with channel = ...")
    elif is_sound(info):
        raise StreamError(
            f"stream {remote} is sound ({info.sfreq:g} Hz): voice takes rows of prosody, not speech"
        )
    _check_text(binding, remote)
    return info, column


def _most(modality: Modality) -> int:
    """Return how many channels of a stream are taken where none is chosen."""
    return 1 if modality in SINGLE else MOST.get(modality, MAX_CHANNELS)


def _units(binding: Binding, said: Description, columns: Sequence[int]) -> set[str]:
    """Return the units of channels; contact with the skin, beside intervals, has none."""
    beats = len(columns) > 1 and of_beats(binding.modality, said.labels)
    return {said.units[i] for i in columns if not (beats and said.labels[i] == CONTACT)}


def _unit(binding: Binding, remote: Remote, units: set[str]) -> str:
    """Return the unit the stream says, else that of the session; an unknown spelling counts as unsaid."""
    modality = binding.modality
    if modality not in CANONICAL:
        return units.pop() if len(units) == 1 and any(units) else binding.unit
    said = {u for u in units if u and known(u, modality)}
    if len(said) > 1 or (said and len(said) < len(units)):
        raise StreamError(
            f"stream {remote} mixes units ({', '.join(sorted(map(repr, units)))}): choose a channel"
        )
    unit = said.pop() if said else binding.unit
    if unit:
        return unit
    strange = (
        f"says {', '.join(sorted(map(repr, units - {''})))}, which is not known"
        if any(units)
        else "says none"
    )
    raise StreamError(
        f"the unit of {modality} is not known: stream {remote} {strange}; set unit = {CHOICES[modality]}"
    )
