"""What is near, and whether what a stream sends can be that of a worn sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from acquisition.drivers.ble_radio import Near, Radio, no_bluetooth, shared_radio
from acquisition.errors import DeviceError, UnitError
from acquisition.session.profile import load_profile, shipped
from acquisition.stream import FloatArray, Modality, StreamInfo
from acquisition.units import convert

STANDARD = "-0000-1000-8000-00805f9b34fb"
"""How the UUIDs of standard services end: less is known of a device by them than by its maker's own."""
TYPES = {
    "gsr": "lsl_eda",
    **{
        kind: f"lsl_{kind}"
        for kind in ("ecg", "eda", "rr", "ppi", "acc", "resp", "rating", "markers", "audio")
    },
}
"""Type of an LSL stream → profile."""
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
