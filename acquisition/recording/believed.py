"""What of older recordings can be believed: they hold stamps and samples that a recorder drops today."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acquisition.plausible import LARGEST, LATEST, stamped
from acquisition.recording.slices import Block, Column
from acquisition.stream import Modality


def believed(block: Block) -> Block:
    """Return slices without samples whose stamps no clock shows, and with nan for what no sensor measures.

    An event or notice with such a stamp counts at the tick of its slice.
    """
    columns = {key: _column(column) for key, column in block.columns.items()}
    if all(columns[key] is column for key, column in block.columns.items()) and not _odd(block):
        return block
    return replace(
        block,
        columns=columns,
        events=[
            (k, e if abs(e.time) <= LATEST else replace(e, time=float(block.times[k])))
            for k, e in block.events
        ],
        notices=[
            (k, n if abs(n.time) <= LATEST else replace(n, time=float(block.times[k])))
            for k, n in block.notices
        ],
    )


def _odd(block: Block) -> bool:
    times = [e.time for _, e in block.events] + [n.time for _, n in block.notices]
    return not all(abs(time) <= LATEST for time in times)


def _column(column: Column) -> Column:
    times, samples = column.times, column.samples
    numbers = samples.dtype.kind == "f" and column.info.modality is not Modality.DEVICE_TIME
    if numbers and (absurd := np.abs(samples) >= LARGEST).any():
        column = replace(column, samples=np.where(absurd, np.nan, samples).astype(samples.dtype))
    keep = stamped(times)
    fit = [o for o in column.offsets if abs(o[2]) < np.inf and abs(o[3]) <= LATEST]
    if keep.all() and len(fit) == len(column.offsets):
        return column
    before = np.concatenate([[0], np.cumsum(keep)])
    return replace(
        column,
        times=times[keep],
        samples=column.samples[keep],
        slices=column.slices[keep],
        offsets=[(k, int(before[at]), collected, value) for k, at, collected, value in fit],
    )
