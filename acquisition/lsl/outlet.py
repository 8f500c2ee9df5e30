"""Outlets: publish a stream over LSL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pylsl
from numpy.typing import NDArray

from acquisition.errors import StreamError
from acquisition.lsl.confinement import Confinement, open_sockets, possible
from acquisition.lsl.exposure import data_ports
from acquisition.lsl.network import configured_scope
from acquisition.stream import FloatArray, StreamInfo
from acquisition.xdf.header import TYPES

BUFFER = 360
"""Seconds (irregular streams: hundreds of samples) that wait for a slow receiver."""
FACTS = ("manufacturer", "model", "serial_number", "firmware")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Hold what a stream says of itself; `labels` and `units` are per channel, `sfreq` is 0 if irregular."""

    name: str
    type: str
    sfreq: float
    format: str
    labels: tuple[str, ...]
    units: tuple[str, ...]
    source_id: str
    facts: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it as messages call it."""
        return f"{self.name} ({self.type}, source_id {self.source_id})"


def announce(info: StreamInfo) -> Announcement:
    """Return the announcement of a stream of ours; without a source_id it gets one."""
    return Announcement(
        name=info.name,
        type=TYPES[info.modality],
        sfreq=info.sfreq if np.isfinite(info.sfreq) else 0.0,
        format=info.format,
        labels=info.channels,
        units=tuple(map(info.unit_of, info.channels)),
        source_id=info.source_id or default_source_id(info),
        facts=info.metadata,
    )


def default_source_id(info: StreamInfo) -> str:
    """Return an identity for a stream that has none; it is the same after every restart."""
    return f"attunement-{info.role}-{info.device or info.modality}-{info.modality}"


class Outlet:
    """Publish one stream until `close`; no further than LSL was told to look. Call `lsl.configure` first.

    Parameters
    ----------
    insist : bool
        Whether a stream that cannot be kept on this machine is not to be published at all.

    Raises
    ------
    StreamError
        If it is to stay on this machine, and this system cannot see to that.
    """

    def __init__(self, announcement: Announcement, *, insist: bool = True) -> None:
        self.announcement = announcement
        before = open_sockets()
        self._outlet: pylsl.StreamOutlet | None = pylsl.StreamOutlet(_description(announcement), 0, BUFFER)
        self._confined: Confinement | None = None
        if configured_scope() == "machine" and (insist or possible()):
            try:
                self._confined = Confinement(before)
            except StreamError:
                self.close()
                raise
        self._began = False

    def push(self, times: FloatArray, samples: NDArray[Any]) -> None:
        """Send samples, shape (n_samples, n_channels), with their stamps [s, LSL clock] as they are."""
        if self._outlet is None or len(times) == 0:
            return
        if not self._began and self._confined is not None:
            self._confined.shut_out()
        self._began = True
        text = self.announcement.format == "string"
        # LSL reads the stamp 0 as "now".
        stamps = np.where(times == 0.0, np.nextafter(0.0, 1.0), times)
        self._outlet.push_chunk([str(v) for v in samples.ravel()] if text else samples, stamps.tolist())

    @property
    def ports(self) -> list[int]:
        """Return the ports from which its data come; none once it is closed."""
        return [] if self._outlet is None else data_ports(self._outlet.get_info().as_xml())

    @property
    def heard(self) -> bool:
        """Tell whether anybody receives the stream."""
        return self._outlet is not None and self._outlet.have_consumers()

    def close(self) -> None:
        """Withdraw the stream; what was not sent yet is lost."""
        self._outlet = None


def _description(a: Announcement) -> pylsl.StreamInfo:
    made = pylsl.StreamInfo(a.name, a.type, len(a.labels), a.sfreq, a.format, a.source_id)
    desc = made.desc()
    for key in FACTS:
        if a.facts.get(key):
            desc.append_child_value(key, a.facts[key])
    channels = desc.append_child("channels")
    for label, unit in zip(a.labels, a.units, strict=True):
        channel = channels.append_child("channel")
        for key, value in (("label", label), ("unit", unit), ("type", a.type)):
            channel.append_child_value(key, value)
    return made
