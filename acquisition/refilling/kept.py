"""What is wanted of a device's memory, and what it holds: the words that drivers and the refill share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.ble_link import Link
from acquisition.session.session import Device
from acquisition.stream import IntArray, StreamInfo


@dataclass(frozen=True, slots=True)
class Span:
    """Bound what is missing on the device's clock [ns]: after one stamp, before another."""

    after: int
    before: int


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Say which stretches of a stream are missing; `around` [ns] is what is compared on either side."""

    info: StreamInfo
    spans: tuple[Span, ...]
    around: int


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Hold samples of a stream as they would have been streamed; nan is what the driver would have left out.

    Parameters
    ----------
    stamps : ndarray of int64, shape (n_samples,)
        On the device's clock [ns].
    samples : ndarray, shape (n_samples, n_channels)
    """

    stamps: IntArray
    samples: NDArray[Any]


def nothing(n_channels: int) -> Kept:
    """Return no samples."""
    return Kept(np.empty(0, np.int64), np.empty((0, n_channels), np.float32))


class FromFiles(Protocol):
    """Read what a device kept from files of its card; raise DeviceError where there are none."""

    def __call__(self, folder: Path, device: Device, wanted: Sequence[Wanted]) -> list[Kept]:
        """Return what was found for each stream."""


class OverTheAir(Protocol):
    """Fetch what a device kept over its connection; may be called again after one that broke."""

    def __call__(self, link: Link, told: Callable[[str], None]) -> Awaitable[list[Kept]]:
        """Return what was found for each stream."""
