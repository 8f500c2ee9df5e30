"""Outlets: publish a stream over LSL."""

from __future__ import annotations

from typing import Any

import numpy as np
import pylsl
from numpy.typing import NDArray

from acquisition.lsl import LSL_TYPES
from acquisition.stream import FloatArray, StreamInfo

BUFFER = 360
"""Seconds (irregular streams: hundreds of samples) that wait for a slow receiver."""


class Outlet:
    """Publish one stream until `close`. Call `lsl.configure` first.

    Parameters
    ----------
    info : StreamInfo
        Name, rate, format, unit, labels and source_id of the stream.
    type_ : str
        Content type; the usual one of the modality if empty.
    """

    def __init__(self, info: StreamInfo, type_: str = "") -> None:
        self.info = info
        self._outlet: pylsl.StreamOutlet | None = pylsl.StreamOutlet(_description(info, type_), 0, BUFFER)

    def push(self, times: FloatArray, samples: NDArray[Any]) -> None:
        """Send samples, shape (n_samples, n_channels), with their stamps [s, LSL clock] as they are."""
        if self._outlet is None or len(times) == 0:
            return
        values = [str(v) for v in samples.ravel()] if self.info.format == "string" else samples
        # LSL reads the stamp 0 as "now".
        stamps = np.where(times == 0.0, np.nextafter(0.0, 1.0), times)
        self._outlet.push_chunk(values, stamps.tolist())

    @property
    def heard(self) -> bool:
        """Tell whether anybody receives the stream."""
        return self._outlet is not None and self._outlet.have_consumers()

    def close(self) -> None:
        """Withdraw the stream; what was not sent yet is lost."""
        self._outlet = None


def default_source_id(info: StreamInfo) -> str:
    """Return the identity of a stream of ours that has none; the same after every restart."""
    return f"attunement-{info.role}-{info.device or info.modality}-{info.modality}"


def _description(info: StreamInfo, type_: str) -> pylsl.StreamInfo:
    made = pylsl.StreamInfo(
        info.name,
        type_ or LSL_TYPES[info.modality],
        len(info.channels),
        info.sfreq if np.isfinite(info.sfreq) else 0.0,
        info.format,
        info.source_id or default_source_id(info),
    )
    desc = made.desc()
    for key in ("manufacturer", "model", "serial_number", "firmware"):
        if info.metadata.get(key):
            desc.append_child_value(key, info.metadata[key])
    channels = desc.append_child("channels")
    for label in info.channels:
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", info.unit)
        channel.append_child_value("type", type_ or LSL_TYPES[info.modality])
    return made
