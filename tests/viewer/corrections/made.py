"""A recording of twelve minutes, with beats to correct; opened in the correction editor."""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from acquisition.stream import Modality
from tests.processing.simulated_hour import infos, write_hour
from viewer.corrections.bench import Bench, Lane, read_bench
from viewer.corrections.desk import CorrectionDesk
from viewer.model.trace import Trace

LEFT_OUT = set(Modality) - {Modality.ECG, Modality.EDA}


@cache
def recording() -> Path:
    """Return the recording; what is corrected goes elsewhere."""
    return write_hour(Path(mkdtemp()) / "D01_S01", streams=infos(leave_out=LEFT_OUT))


@cache
def read() -> Bench:
    """Return what was found in it."""
    return read_bench(recording(), quality)


def quality(entity: str, index: str) -> Trace:
    """Return a quality that is low in seconds 60 to 62, 130 and 400."""
    made = Trace(2.0)
    times = np.arange(0.5, 700.0)
    low = np.isin(np.floor(times), [60.0, 61.0, 130.0, 400.0])
    values = np.where(low, 0.2, 1.0)
    made.append(times, values, times + 1.0, ["noise" if bad else "" for bad in low.tolist()])
    return made


def bench() -> Bench:
    """Return it again, with nothing corrected."""
    lanes = {}
    for key, lane in read().lanes.items():
        lanes[key] = Lane(
            key=key,
            signal=lane.signal,
            detected=lane.detected,
            before=lane.before,
            after=lane.before,
            found=lane.found,
            places=lane.places,
            low=lane.low,
        )
    return Bench(begin=read().begin, end=read().end, lanes=lanes)


def desk(folder: Path, who: str = "R2") -> CorrectionDesk:
    """Return a desk whose corrections go into a folder."""
    numbers = count()
    made = CorrectionDesk(folder, bench(), clock=lambda: f"2026-11-23T10:00:00.{next(numbers):06d}", who=who)
    made.take_who(who)
    return made
