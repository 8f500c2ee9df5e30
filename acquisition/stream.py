"""The shared vocabulary of streams: whose, what, in which unit, and a stretch of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LATENESS = 2.0
"""Seconds a sample may arrive late unless a profile says otherwise."""

FORMATS = ("int8", "int16", "int32", "int64", "float32", "double64", "string")
"""Sample formats of LSL and XDF."""


class Role(StrEnum):
    """Whose file a stream or event belongs to; `dyad` is the room and both together."""

    CLIENT = "client"
    THERAPIST = "therapist"
    DYAD = "dyad"


PEOPLE = (Role.CLIENT, Role.THERAPIST)
ROLES = (Role.CLIENT, Role.THERAPIST, Role.DYAD)
"""Also the order of files within a slice."""


class Modality(StrEnum):
    """What a stream measures."""

    ECG = "ecg"
    EDA = "eda"
    RR = "rr"
    PPI = "ppi"
    ACC = "acc"
    RESP = "resp"
    VOICE = "voice"
    AUDIO = "audio"
    RATING = "rating"
    """What somebody says all the time, by a dial, slider or pointer: one or two axes."""
    MARKERS = "markers"
    DEVICE_TIME = "device_time"
    """Raw stamps of a device's own clock, beside the stream whose name it carries."""


ERROR, CONTACT = "error", "contact"
"""Labels of further channels of intervals: what the device thinks each is off by, in their unit; and whether
it was on the skin, 1 or 0, nan where it does not say."""
BESIDE = (ERROR, CONTACT)
"""All of them, in their order; a device gives both, one or none."""
COUNT = "samples"
"""Label of the channel of device stamps that says how many samples a packet held."""
_WITHOUT_UNIT = {Modality.RR: CONTACT, Modality.PPI: CONTACT, Modality.DEVICE_TIME: COUNT}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """Describe a stream.

    Parameters
    ----------
    name : str
        Unique within the file of its role.
    sfreq : float
        Nominal rate [Hz]; 0 for irregular streams; nan while unknown (a stream that never appeared).
    unit : str
        Unit of the samples as stored: what the device says, never converted; "" where there is none.
    channels : tuple of str
        Label of each channel.
    format : str
        One of `FORMATS`.
    lateness : float
        How late a sample may arrive [s] and still count.
    exact : bool
        Whether its stamps are the times of its samples, as whoever made them vouches for: a driver that
        counts samples on the device's clock, an import that counted them. Any other regular stream goes
        through the time base (`acquisition.timebase`).
    source_id, device : str
        Identity of the sender, and the name of the device profile that read it.
    metadata : dict
        Further facts for the stream header (maker, firmware, battery), all strings.
    """

    name: str
    role: Role
    modality: Modality
    sfreq: float
    unit: str
    channels: tuple[str, ...]
    format: str = "float32"
    lateness: float = LATENESS
    exact: bool = False
    source_id: str = ""
    device: str = ""
    metadata: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> tuple[Role, str]:
        """Identify the stream within its recording."""
        return self.role, self.name

    def unit_of(self, channel: str) -> str:
        """Return the unit of a channel: the stream's; a count has none, nor has contact with the skin."""
        return "" if channel == _WITHOUT_UNIT.get(self.modality) else self.unit


def of_beats(modality: Modality | None, labels: Sequence[str]) -> bool:
    """Tell whether a stream is one of intervals: one channel, and what a device says beside it."""
    beside = tuple(labels[1:])
    return modality in (Modality.RR, Modality.PPI) and beside in ((), (ERROR,), (CONTACT,), BESIDE)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Hold consecutive samples of one stream.

    Parameters
    ----------
    info : StreamInfo
    times : ndarray, shape (n_samples,)
        Stamps [s] on the LSL clock; in a recording the raw stamps of the sender, see `ClockOffset`.
    samples : ndarray, shape (n_samples, n_channels)
        Values in `info.unit`; an object array of str for string streams.
    """

    info: StreamInfo
    times: FloatArray
    samples: NDArray[Any]


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Say what to add to the stamps of a stream that follow in its file.

    `collected` is the moment of measurement on the sender's clock, `value` the seconds to add.
    """

    info: StreamInfo
    collected: float
    value: float
