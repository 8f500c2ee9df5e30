"""What the plane of a person may show: EDA level against vagal HRV, the last minutes, own baseline. No Qt.

Places in the plane have no names: it shows two measures, and where they were at rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, Role
from processing.arousal.band import MAD
from processing.indices import INDICES, VAGAL
from viewer.model.model import SessionModel
from viewer.model.reading import missing_kind
from viewer.model.readouts import OLD
from viewer.model.trace import Point

TRAIL = 120.0
"""Seconds of the past that are drawn."""
HELD = 10.0
"""A beat's value goes with the skin conductance of so many seconds after it at most [s]."""
NAMES = {VAGAL: INDICES[VAGAL].title, "scl": "EDA level"}
LOW = 0.5
"""Quality (0-1) under which the point is drawn hollow."""


@dataclass(frozen=True, slots=True)
class Cross:
    """Hold the middle and spread of both measures in the newest rest baseline that passed."""

    x: float
    y: float
    dx: float
    dy: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaneReading:
    """Say what a plane shows.

    Parameters
    ----------
    kind : str
        placed, "no data", "not reliable" or paused.
    word : str
        Shown large.
    x, y : float
        The vagal index [ln ms] and skin conductance level [µS]; nan where there is none.
    trail : ndarray, shape (n, 3)
        Age [s], x and y of the last two minutes, the oldest first; nan breaks the line.
    quality : float
        The lesser one of ECG and EDA, 0-1; nan where it is not known.
    """

    kind: str
    word: str
    note: str = ""
    x: float = math.nan
    y: float = math.nan
    trail: FloatArray
    cross: Cross | None = None
    quality: float = math.nan


_NOTHING = np.empty((0, 3))


def read_plane(model: SessionModel, role: Role, moment: float) -> PlaneReading:
    """Return what the plane of a person shows at a moment [s since the first tick]."""
    if model.is_paused(role, moment):
        return PlaneReading(kind="paused", word="paused", note="nothing is stored or shown", trail=_NOTHING)
    trail, cross = _trail(model, role, moment), _cross(model, role, moment)
    now = {index: _newest(model, role, index, moment) for index in NAMES}
    for index, sample in now.items():
        if sample is None:
            return PlaneReading(kind="no data", word="no data", note=NAMES[index], trail=trail, cross=cross)
    x, y = (sample for sample in now.values() if sample is not None)
    for index, sample in ((VAGAL, x), ("scl", y)):
        if not math.isfinite(sample.value):
            kind = missing_kind(sample.reason)
            note = f"{NAMES[index]}: {sample.reason or 'no reason given'}"
            return PlaneReading(kind=kind, word=kind, note=note, trail=trail, cross=cross)
    quality, note = _quality(model, role, moment)
    word = " · ".join(
        f"{value.value:.2f} {INDICES[name].unit_on_screen}" for name, value in ((VAGAL, x), ("scl", y))
    )
    return PlaneReading(
        kind="placed", word=word, note=note, x=x.value, y=y.value, trail=trail, cross=cross, quality=quality
    )


def _newest(model: SessionModel, role: Role, index: str, moment: float) -> Point | None:
    sample = model.known(role.value, index, moment)
    return None if sample is None or moment - sample.available > OLD else sample


def _quality(model: SessionModel, role: Role, moment: float) -> tuple[float, str]:
    """Return the lesser quality and both in words."""
    parts, least = [], math.nan
    for index, name in (("ecg_quality", "ECG"), ("eda_quality", "EDA")):
        sample = _newest(model, role, index, moment)
        if sample is not None and math.isfinite(sample.value):
            parts.append(f"{name} {sample.value:.2f}")
            least = sample.value if math.isnan(least) else min(least, sample.value)
    return least, "quality " + ", ".join(parts) if parts else "quality not known"


def _trail(model: SessionModel, role: Role, moment: float) -> FloatArray:
    """Return age, x and y once a second, as far as both were known at the moment."""
    times, levels = model.trace(role.value, "scl").between(moment - TRAIL, moment)
    beats, values = model.trace(role.value, VAGAL).between(moment - TRAIL - HELD, moment)
    if len(times) == 0 or len(beats) == 0:
        return _NOTHING
    last = np.searchsorted(beats, times, side="right") - 1
    there = (last >= 0) & (times - beats[np.maximum(last, 0)] <= HELD)
    x = np.where(there, values[np.maximum(last, 0)], np.nan)
    return np.column_stack([moment - times, x, np.where(np.isfinite(x), levels, np.nan)]).astype(np.float64)


def _cross(model: SessionModel, role: Role, moment: float) -> Cross | None:
    """Return the newest rest baseline that had passed by the moment, if it holds a minute of both."""
    for v in reversed(model.verdicts):
        known = v.entity == role.value and v.code == "baseline_rest" and v.time - model.t0 <= moment
        if not (known and v.accepted):
            continue
        parts = []
        for index in NAMES:
            _, values = model.trace(role.value, index).between(v.start - model.t0, v.stop - model.t0)
            values = values[np.isfinite(values)]
            if len(values) < 60:
                return None
            middle = float(np.median(values))
            parts.append((middle, MAD * float(np.median(np.abs(values - middle)))))
        (x, dx), (y, dy) = parts
        return Cross(x, y, dx, dy)
    return None
