"""What is assumed of any device, against what its streams turned out to be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.devices.nearby import verdict
from acquisition.drivers import Assumption
from acquisition.event import Notice
from acquisition.stream import Chunk, FloatArray, IntArray, StreamInfo

RATE_TOLERANCE = 0.005
"""Share by which the rate on the device's own clock may differ from what the profile says."""
MAX_SKEW = 0.025
"""Crystals are within so much; the fit of stamps allows no more."""
RR_SECONDS = (0.3, 2.0)
SETTLING_RR = 1.5
"""Seconds by which the first stamps of beats may still be corrected."""
SETTLING = 12.0
"""Seconds after a connection within which beats are found out to be missing from before it."""


def of_stream(info: StreamInfo, chunks: Sequence[Chunk], seconds: float) -> list[Assumption]:
    """Return what is assumed of any stream.

    Parameters
    ----------
    chunks : sequence of Chunk
        What came of it.
    seconds : float
        For how long the device streamed.
    """
    title = f"{info.name}:"
    if not chunks:
        return [Assumption(f"{title} samples", "come", "none came", False)]
    times = np.concatenate([c.times for c in chunks])
    values = np.concatenate([c.samples for c in chunks])
    back = int((np.diff(times) <= 0).sum()) if info.sfreq > 0 else int((np.diff(times) < 0).sum())
    found = [Assumption(f"{title} stamps", "run forwards", f"{back} steps back", back == 0)]
    if info.sfreq > 0:
        ok, text = verdict(info, values, len(values) / info.sfreq)
        found.append(
            Assumption(f"{title} values", f"those of a worn sensor, in {info.unit or 'no unit'}", text, ok)
        )
        missing = int(np.isnan(values).any(axis=1).sum())
        found.append(Assumption(f"{title} values that are missing", "few", f"{missing} of {len(values)}"))
        return found
    return found + _intervals(info, times, values[:, 0].astype(np.float64))


def _intervals(info: StreamInfo, times: FloatArray, values: FloatArray) -> list[Assumption]:
    factor = {"ms": 1e-3, "1/1024 s": 1 / 1024}.get(info.unit, math.nan)
    lengths = values * factor
    usual = float(np.nanmedian(lengths))
    plausible = RR_SECONDS[0] <= usual <= RR_SECONDS[1]
    near = np.diff(times) < 1.5 * usual
    told, gone = float(np.nansum(lengths[1:][near])), float(np.diff(times)[near].sum())
    return [
        Assumption(f"{info.name}: unit", info.unit, f"median {usual * 1e3:.0f} ms in it", plausible),
        Assumption(
            f"{info.name}: intervals", "add up to the time between stamps", f"{told:.1f} s of {gone:.1f} s",
            bool(near.any() and abs(told - gone) < SETTLING_RR + 0.05 * gone),
        ),
    ]  # fmt: skip


def of_clock(info: StreamInfo, of: StreamInfo, chunks: Sequence[Chunk], broken: float) -> list[Assumption]:
    """Return what is assumed of a device's own stamps.

    Parameters
    ----------
    info, of : StreamInfo
        The stream of stamps, and that which they are of.
    chunks : sequence of Chunk
        Rows of stamp and arrival [ns] and number of samples.
    broken : float
        When the connection was broken [s, LSL clock], nan if it was not.
    """
    if not chunks or not of.sfreq > 0:
        return []
    rows = np.concatenate([c.samples for c in chunks]).astype(np.int64)
    lsl = np.concatenate([c.times for c in chunks])
    device, arrival, n = rows[:, 0], rows[:, 1], rows[:, 2]
    before = arrival * 1e-9 < broken if math.isfinite(broken) else np.ones(len(rows), bool)
    found = [*_rate(of, device[before], n[before]), *_packets(of, arrival[before], n[before])]
    found += _skew(of, device[before], arrival[before])
    late = arrival * 1e-9 - lsl
    found.append(
        Assumption(
            f"{of.name}: packets", f"are at most {of.lateness:g} s late",
            f"{1e3 * float(np.median(late)):.0f} ms, at most {1e3 * float(late.max()):.0f} ms",
            bool(late.max() <= of.lateness),
        )
    )  # fmt: skip
    if before.any() and not before.all():
        found.append(_over_the_break(of, device, arrival, int(before.sum())))
    return found


def _rate(of: StreamInfo, device: IntArray, n: IntArray) -> list[Assumption]:
    if len(n) < 10:
        return []
    periods = np.diff(device) * 1e-9 / n[1:]
    sfreq = 1.0 / float(np.median(periods[periods > 0])) if (periods > 0).any() else math.nan
    return [
        Assumption(
            f"{of.name}: rate by its own clock", f"{of.sfreq:.3f} Hz", f"{sfreq:.3f} Hz",
            bool(abs(sfreq / of.sfreq - 1.0) < RATE_TOLERANCE),
        )
    ]  # fmt: skip


def _packets(of: StreamInfo, arrival: IntArray, n: IntArray) -> list[Assumption]:
    between = np.diff(arrival) * 1e-6
    every = f", every {float(np.median(between)):.0f} ms" if len(between) else ""
    return [Assumption(f"{of.name}: samples in a packet", "any number", f"{n.min()} to {n.max()}{every}")]


def _skew(of: StreamInfo, device: IntArray, arrival: IntArray) -> list[Assumption]:
    span = float(device[-1] - device[0]) * 1e-9 if len(device) > 10 else 0.0
    if span < 10.0:
        return []
    late = (arrival - device).astype(np.float64) * 1e-9
    third = len(late) // 3
    skew = (late[-third:].min() - late[:third].min()) / (span * 2 / 3)
    sure = 0.02 / (span * 2 / 3)
    return [
        Assumption(
            f"{of.name}: its clock", f"within {MAX_SKEW:.1%} of this computer's",
            f"{abs(skew):.2%} {'slow' if skew > 0 else 'fast'}, to within {sure:.2%}",
            bool(abs(skew) < MAX_SKEW),
        )
    ]  # fmt: skip


def _over_the_break(of: StreamInfo, device: IntArray, arrival: IntArray, k: int) -> Assumption:
    by_device, here = (device[k] - device[k - 1]) * 1e-9, (arrival[k] - arrival[k - 1]) * 1e-9
    goes_on = abs(by_device - here) < 0.5 + 0.03 * here
    text = f"{by_device:.2f} s by its clock, {here:.2f} s here"
    return Assumption(f"{of.name}: its clock over a drop-out", "goes on, or begins anew",
                      f"{'goes on' if goes_on else 'begins anew'} ({text})")  # fmt: skip


def of_losses(notices: Sequence[Notice], making: Sequence[tuple[float, float]]) -> list[Assumption]:
    """Return what was lost, but for what the making of connections costs, in these spans [s, LSL clock]."""
    gaps = [n for n in notices if n.kind == "gap"]
    others = [n for n in gaps if not any(a <= n.time <= b + SETTLING for a, b in making)]
    text = "; ".join(f"{n.stream}: {n.message}" for n in others[:6]) or "none"
    return [Assumption("gaps while it was in range", "none", text, not others)]
