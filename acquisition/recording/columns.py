"""Gather one stream's sample chunks and decode them in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.recording.slices import Column, PlacedOffset
from acquisition.stream import FloatArray, StreamInfo
from acquisition.xdf.form import NUMPY_FORMATS, Stream
from acquisition.xdf.items import Rows, Samples, decode_rows


@dataclass(slots=True, eq=False)
class ColumnBuilder:
    """Collect chunks, the slice of each, and clock offsets; `info` is None if its modality is unknown."""

    stream: Stream
    info: StreamInfo | None
    got: list[Rows | Samples] = field(default_factory=list)
    slices: list[int] = field(default_factory=list)
    n: int = 0
    offsets: list[PlacedOffset] = field(default_factory=list)

    def build(self) -> Column | None:
        """Return what was collected."""
        if self.info is None:
            return None
        counts = [g.n if isinstance(g, Rows) else len(g.times) for g in self.got]
        times, samples = self._decode()
        return Column(
            self.info, times, samples, np.repeat(np.array(self.slices, np.int64), counts), self.offsets
        )

    def _decode(self) -> tuple[FloatArray, NDArray[Any]]:
        rows = [g.body for g in self.got if type(g) is Rows]
        if self.stream.dtype is not None and len(rows) == len(self.got):
            table = np.frombuffer(bytearray().join(rows), self.stream.dtype)
            return table["t"].copy(), table["v"].copy()
        parts = [decode_rows(g) if isinstance(g, Rows) else g for g in self.got]
        kind: Any = object if self.stream.dtype is None else NUMPY_FORMATS[self.stream.format]
        empty = np.empty((0, self.stream.n_channels), kind)
        return (
            np.concatenate([np.empty(0), *(p.times for p in parts)]),
            np.concatenate([empty, *(p.samples for p in parts)]),
        )
