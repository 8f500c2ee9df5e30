"""What is near, which stream moves when a sensor is tapped, and whether a session could begin now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from acquisition.drivers.ble_radio import Near, Radio, no_bluetooth, shared_radio
from acquisition.errors import DeviceError, UnitError
from acquisition.session.profile import load_profile, shipped
from acquisition.stream import Chunk, FloatArray, Modality, StreamInfo
from acquisition.units import convert

STANDARD = "-0000-1000-8000-00805f9b34fb"
"""How the UUIDs of standard services end: less is known of a device by them than by its maker's own."""
TYPES = {
    "gsr": "lsl_eda",
    **{kind: f"lsl_{kind}" for kind in ("ecg", "eda", "rr", "ppi", "acc", "resp", "markers", "audio")},
}
"""Type of an LSL stream → profile."""
RECENT, BEFORE = 1.0, 10.0
"""Seconds that are looked at for a tap, and that they are compared with."""
LAG = 0.05
"""Seconds between readings that are compared: a tap bends a signal that quickly, a skin response does not."""
MOVES = 4.0
"""How many times more than before a stream must bend to count as the one that moved."""
LEAST = {Modality.ECG: 0.3, Modality.EDA: 0.1, Modality.ACC: 0.1}
"""By how much it must bend at least [mV, µS, g]: the noise of a quiet sensor also has its moments."""
RANGES = {Modality.ECG: (0.15, 12.0), Modality.EDA: (0.002, 30.0)}
"""Swing within a few seconds that a worn sensor shows [mV, µS]."""
LEVELS = {Modality.EDA: (0.05, 80.0)}
"""Values that a worn sensor shows [µS]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device or stream that is near.

    Parameters
    ----------
    kind : str
        "ble" or "lsl".
    identity : str
        Address or source id: what goes into the session file.
    profile : str
        The profile that fits, "" if none is known.
    rssi : int or None
        Signal strength [dBm].
    """

    kind: str
    name: str
    identity: str
    profile: str
    rssi: int | None = None


def fitting(near: Near) -> str:
    """Return the profile that fits a device, "" if none does."""
    profiles = [load_profile(name) for name in shipped()]
    for profile in profiles:
        if near.name.startswith(profile.names):
            return profile.name
    offered = [
        (uuid.endswith(STANDARD), p.name) for p in profiles for uuid in p.services if uuid in near.services
    ]
    return min(offered, default=(False, ""))[1]


def scan_ble(seconds: float, radio: Radio | None = None) -> list[Found]:
    """Return the Bluetooth LE devices in range, the strongest first.

    Raises
    ------
    DeviceError
        If there is no Bluetooth.
    """
    from bleak.exc import BleakError

    radio = radio or shared_radio()
    runner = radio.acquire()
    try:
        future = runner.submit(radio.scan(seconds))
        runner.finish(future, seconds + 10.0)
        near: list[Near] = future.result(0)
    except (BleakError, OSError, EOFError, AssertionError) as error:
        raise DeviceError(no_bluetooth(error)) from error
    finally:
        radio.release()
    return [Found(kind="ble", name=n.name, identity=n.address, profile=fitting(n), rssi=n.rssi) for n in near]


def scan_lsl(seconds: float, scope: str = "machine") -> list[Found]:
    """Return the LSL streams that answer on this machine, or as far as `scope` reaches."""
    from acquisition.lsl.network import configure, resolve

    configure(scope=scope)
    return [
        Found(kind="lsl", name=r.name, identity=r.source_id, profile=_lsl_profile(r.name, r.type))
        for r in resolve(seconds)
    ]


def _lsl_profile(name: str, kind: str) -> str:
    return "opensignals" if name == "OpenSignals" else TYPES.get(kind.casefold(), "")


@dataclass(slots=True, eq=False)
class Activity:
    """How a stream moves: the last second against the seconds before."""

    info: StreamInfo
    times: FloatArray = field(default_factory=lambda: np.empty(0))
    values: FloatArray = field(default_factory=lambda: np.empty(0))
    _least: float = 0.0

    def hear(self, chunk: Chunk) -> None:
        """Take in a chunk; several channels count as the length of their vector."""
        x, self._least = _comparable(chunk)
        one = x[:, 0] if x.shape[1] == 1 else np.sqrt((x * x).sum(axis=1))
        self.times = np.concatenate([self.times, chunk.times])
        self.values = np.concatenate([self.values, one])
        keep = self.times > self.times[-1] - BEFORE - RECENT
        self.times, self.values = self.times[keep], self.values[keep]

    def ratio(self) -> float:
        """Return how many times more the signal bends in the last second than before.

        nan before three seconds were heard, and for intervals between beats, which a tap does not move.
        """
        if not self.info.sfreq > 0 or not len(self.times) or self.times[-1] - self.times[0] < 3.0 * RECENT:
            return math.nan
        lag = max(1, round(LAG * self.info.sfreq))
        bends = np.abs(self.values[2 * lag :] - 2 * self.values[lag:-lag] + self.values[: -2 * lag])
        age = self.times[-1] - self.times[lag:-lag]
        most = []
        for k in range(int(BEFORE / RECENT) + 1):
            part = bends[(age >= k * RECENT) & (age < (k + 1) * RECENT)]
            most.append(float(part.max()) if len(part) else math.nan)
        before = float(np.nanmedian(most[1:])) if np.isfinite(most[1:]).any() else math.nan
        if math.isnan(before) or math.isnan(most[0]):
            return math.nan
        if most[0] < self._least:
            return min(1.0, most[0] / before) if before > 0 else 0.0
        return most[0] / before if before > 0 else math.inf


def _comparable(chunk: Chunk) -> tuple[FloatArray, float]:
    """Return samples in the canonical unit, if theirs is known, and the least bend that counts in it."""
    x = np.asarray(chunk.samples, np.float64)
    try:
        return convert(x, chunk.info.unit, chunk.info.modality), LEAST.get(chunk.info.modality, 0.0)
    except UnitError:
        return x, 0.0


def moving(activities: Sequence[Activity]) -> Activity | None:
    """Return the stream that moved most, None if none moved clearly."""
    known = [(a.ratio(), a) for a in activities if not math.isnan(a.ratio())]
    if not known:
        return None
    ratio, most = max(known, key=lambda pair: pair[0])
    return most if ratio >= MOVES else None


def verdict(info: StreamInfo, samples: FloatArray, seconds: float) -> tuple[bool, str]:
    """Return whether a stream looks like a worn sensor, and what it looks like.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        What came within `seconds`, in the unit of the stream.
    """
    if not len(samples):
        return False, "no samples"
    text = f"{len(samples) / seconds:.1f} Hz" if seconds > 0 else ""
    if info.sfreq > 0:
        text += f" of {info.sfreq:g}"
        if abs(len(samples) / seconds / info.sfreq - 1.0) > 0.15:
            return False, f"{text}: samples are missing"
    if info.modality not in RANGES:
        return True, text
    try:
        x = convert(np.asarray(samples[:, 0], np.float64), info.unit, info.modality)
    except UnitError as error:
        return False, str(error)
    return _plausible(info.modality, x, text)


def _plausible(modality: Modality, x: Any, text: str) -> tuple[bool, str]:
    unit = {Modality.ECG: "mV", Modality.EDA: "µS"}[modality]
    swing, middle = float(np.nanmax(x) - np.nanmin(x)), float(np.nanmedian(x))
    low, high = RANGES[modality]
    text += f", median {middle:.3g} {unit}, swing {swing:.3g} {unit}"
    if swing == 0.0:
        return False, f"{text}: flat, electrode off?"
    bottom, top = LEVELS.get(modality, (-math.inf, math.inf))
    if not bottom <= middle <= top:
        return False, f"{text}: outside {bottom:g} to {top:g} {unit}, electrode off?"
    if swing < low and modality is Modality.ECG:
        return False, f"{text}: too small for ECG"
    if swing > high:
        return False, f"{text}: too large, loose contact?"
    return True, text
