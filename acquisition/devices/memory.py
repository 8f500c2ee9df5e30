"""Whether a device kept what a trial's broken connection cost, and how long it takes to fetch it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from acquisition.drivers import Assumption
from acquisition.drivers.ble import BleDriver
from acquisition.errors import DeviceError
from acquisition.refilling.fetching import fetch
from acquisition.refilling.hint import memory_of
from acquisition.refilling.kept import Span, Wanted
from acquisition.stream import Chunk, StreamInfo

AROUND = 1_000_000_000
"""Nanoseconds on either side that are fetched too."""


def of_memory(
    driver: BleDriver,
    info: StreamInfo,
    chunks: Sequence[Chunk],
    broken: float,
    clock: Callable[[], float],
    said: Callable[[str], None],
) -> list[Assumption]:
    """Return what a device's memory holds of the connection that was broken on purpose.

    Parameters
    ----------
    chunks : sequence of Chunk
        Rows of stamp and arrival [ns] and number of samples.
    broken : float
        When the connection was broken [s, LSL clock].
    """
    device = next(k.device for k in driver.keepers if info.key in {i.key for i in k.infos()})
    memory = memory_of(device)
    if memory is None or memory.KEEPS != "samples" or not chunks or math.isnan(broken):
        return []
    rows = np.concatenate([c.samples for c in chunks]).astype(np.int64)
    k = int((rows[:, 1] * 1e-9 < broken).sum())
    if not 0 < k < len(rows) or rows[k, 0] <= rows[k - 1, 0]:
        return []
    period = 1e9 / info.sfreq
    span = Span(int(rows[k - 1, 0]), int(rows[k, 0] - (rows[k, 2] - 1) * period))
    due = round((span.before - span.after) / period) - 1
    begun = clock()
    said("fetching from its memory what the broken connection cost")
    try:
        asked = [Wanted(info, (span,), AROUND)]
        (kept,) = fetch(device, asked, memory.over_the_air, radio=driver.radio, clock=clock, said=said)
    except DeviceError as error:
        return [
            Assumption(f"{info.name}: its memory", f"holds {due} samples of the drop-out", str(error), False)
        ]
    inside = (kept.stamps > span.after + period / 2) & (kept.stamps < span.before - period / 2)
    n, seconds = int(inside.sum()), clock() - begun
    text = f"{n} in it, {len(kept.stamps)} fetched in {seconds:.1f} s with finding and connecting"
    return [Assumption(f"{info.name}: its memory", f"holds {due} samples of the drop-out", text, n == due)]
