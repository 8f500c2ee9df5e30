"""How fast stamped samples came, and which stamps cannot be used."""

from __future__ import annotations

import numpy as np

from acquisition.importing.stamps import BURST, PAUSE, UNIX
from acquisition.plausible import stamped
from acquisition.stream import BoolArray, FloatArray, Modality
from acquisition.timebase.beginning import UNITS
from acquisition.timebase.lay import lay
from acquisition.timebase.manner import Manner, look

LAG = 64
"""Samples over which a step is taken, so that rounded stamps give the rate they stand for."""
UNEVEN = 0.5
"""Share of a step by which stamps of an even stream may be off: rounding and jitter."""
FIRM = 0.05
"""Share of many steps by which as many later stamps may be off: jitter does not add up."""
HOLED = 0.1
"""The same as `UNEVEN` where steps are multiples of one because samples are missing."""
SHARE = 0.9
FEW_STAMPS, MANY = 20, 2000
"""Stamps that packets are sought in."""
FEW, MANY_IN_A_ROW = 0.01, 4
"""Share of samples that may be left out for their stamps, and how many in a row."""
BLANK = 0.2
"""Share of blank rows above which they are those of another device."""
NEAR = 0.1
"""Share by which a rate may differ from the one that a stream says, and tell the unit of its stamps."""
LONGEST = 3600.0
"""An interval between beats is no longer [s]."""
IRREGULAR = frozenset((Modality.RR, Modality.PPI, Modality.MARKERS))


def rate_of(times: FloatArray) -> float:
    """Return the rate of evenly stamped samples [Hz]; 0 if they are not even."""
    if len(times) < 3:
        return 0.0
    lag = max(1, min(LAG, len(times) // 4))
    long = times[lag:] - times[:-lag]
    step, steps = float(np.median(long)) / lag, np.diff(times)
    alone = step > 0 and not _in_bursts(steps, step)
    if alone and np.mean(np.abs(steps - step) <= UNEVEN * step) >= SHARE:
        return float(f"{1 / step:.6g}")
    if found := _of_packets(times) or _with_holes(steps):
        return found
    firm = alone and np.mean(np.abs(long - lag * step) <= FIRM * lag * step) >= SHARE
    return float(f"{1 / step:.6g}") if firm else 0.0


def per_second(times: FloatArray, nominal: float) -> float:
    """Return how many of the unit of stamps make a second: 1 where nothing tells.

    Stamps that are Unix time in a smaller unit are so large that they are no seconds of any clock; others are
    of a smaller unit if they run as many times slower than the stream says.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Stamps as they were sent.
    nominal : float
        The rate that the stream says [Hz]; 0 if it says none.
    """
    there = times[np.isfinite(times)]
    if not len(there):
        return 1.0
    middle = float(np.median(there))
    rate = rate_of(times) if nominal else 0.0
    for by in UNITS:
        if UNIX[0] < middle / by < UNIX[1] or (rate and abs(rate * by / nominal - 1) <= NEAR):
            return by
    return 1.0


def _in_bursts(steps: FloatArray, step: float) -> bool:
    """Tell whether stamps lie so much closer than they come on the whole that most are within a packet."""
    forward = steps[steps > 0]
    return len(forward) > 0 and float(np.minimum(forward, PAUSE).sum()) > BURST * step * len(steps)


def _of_packets(times: FloatArray) -> float:
    """Return the rate of samples whose stamps tell of packets [Hz]; 0 if they do not."""
    known = np.flatnonzero(np.isfinite(times[:MANY]))
    if len(known) < FEW_STAMPS or look(known, times[known]).manner is not Manner.PACKETS:
        return 0.0
    sfreq = lay(times, 0.0).account.sfreq
    return float(f"{sfreq:.6g}") if np.isfinite(sfreq) else 0.0


def _with_holes(steps: FloatArray) -> float:
    """Return the rate of even samples of which many are missing [Hz]; 0 if steps are no multiples of one."""
    least = float(np.median(steps))
    if not least > 0:
        return 0.0
    times = np.rint(steps / least)
    few = (times >= 1) & (times <= 10)
    if np.mean(few) < SHARE:
        return 0.0
    step = float(steps[few].sum() / times[few].sum())
    off = np.abs(steps[few] / step - times[few])
    return float(f"{1 / step:.6g}") if np.mean(off <= HOLED) >= SHARE else 0.0


def filled(samples: FloatArray, *, always: bool) -> tuple[BoolArray, str]:
    """Return which rows hold a value, and what is said of the others: rows of another device are blank.

    Parameters
    ----------
    always : bool
        Leave out single blank rows too; else they are samples that are missing, where they are few.
    """
    blank: BoolArray = np.asarray(np.isnan(samples).all(axis=1))
    if blank.any() and not blank.all() and (always or blank.mean() > BLANK):
        return ~blank, f"{int(blank.sum())} of {len(blank)} rows without a value left out"
    return np.ones(len(samples), bool), ""


def complete(times: FloatArray, values: FloatArray) -> tuple[BoolArray | None, str]:
    """Return which rows hold a value where these alone come evenly and without holes, and what is said of the
    others, which are another device's; None where blank rows may be samples that are missing."""
    there, said = filled(values[:, np.newaxis], always=False)
    own = times[there & stamped(times)]
    if not said or len(own) < FEW_STAMPS:
        return None, ""
    rate = rate_of(own)
    return (there, said) if rate * float(own[-1] - own[0]) <= len(own) / SHARE and rate > 0 else (None, "")


def usable(times: FloatArray, *, equal: bool) -> tuple[BoolArray, str]:
    """Return which stamps can be kept, and what is said of the others.

    Stamps that are none are never kept. Single ones that repeat or step back are left out and counted; where
    there are many they are how this device stamps, and all are kept, as where they do so in a row: the clock
    was set back, or rows came again or in another order, and what is missing then the time base tells.

    Parameters
    ----------
    equal : bool
        Equal stamps are allowed: markers, beats.
    """
    keep = stamped(times)
    n_bad = int(len(times) - keep.sum())
    said = [f"{n_bad} of {len(times)} rows without a time left out"] if n_bad else []
    there = np.where(keep, times, -np.inf)
    top = np.maximum.accumulate(np.concatenate([[-np.inf], there[:-1]])) if len(times) else there
    back = keep & ((there < top) if equal else (there <= top))
    # A stamp far ahead of all that follow it is the wrong one, not they.
    if back.sum() > FEW * len(times):
        wild = keep & _wild(there)
        if 0 < wild.sum() <= max(1, FEW * len(times)):
            keep = keep & ~wild
            rest, told = usable(np.where(keep, times, np.nan), equal=equal)
            return rest, f"{int(wild.sum())} stamps far from their neighbours left out" + (
                f"; {told}" if told and "without a time" not in told else ""
            )
    n_back = int(back.sum())
    alone = equal or _longest_run(back) <= MANY_IN_A_ROW
    if n_back and alone and n_back <= max(1.0, FEW * len(times)):
        keep &= ~back
        said.append(f"{n_back} of {len(times)} samples left out: stamps that repeat or step back")
    elif n_back:
        said.append(f"{n_back} of {len(times)} stamps repeat or step back")
    return keep, "; ".join(said)


def _longest_run(true: BoolArray) -> int:
    """Return how many are true in a row at most."""
    others = np.flatnonzero(~np.concatenate(([False], true, [False])))
    return int(np.diff(others).max()) - 1


def _wild(times: FloatArray) -> BoolArray:
    """Tell which stamps are far from those before and after, which are near each other."""
    wild = np.zeros(len(times), bool)
    if len(times) < 3:
        return wild
    before, here, after = times[:-2], times[1:-1], times[2:]
    with np.errstate(invalid="ignore"):
        near = np.abs(after - before)
        wild[1:-1] = (np.abs(here - before) > 10.0 + 10 * near) & (np.abs(here - after) > 10.0 + 10 * near)
        # The first and the last have neighbours on one side only, and may stand before or after a gap.
        for end, one, other, back in ((0, 1, 2, 1.0), (-1, -2, -3, -1.0)):
            wild[end] = back * (times[end] - times[one]) > 10.0 + 10 * np.abs(times[one] - times[other])
    return wild
