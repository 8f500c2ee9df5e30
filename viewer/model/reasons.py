"""Reasons: a text for each row of a column, most of them like the one before. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.model.column import Column


class Reasons:
    """Hold a text a row as stretches of rows that share it, so that a text that stays takes no memory."""

    def __init__(self) -> None:
        self.n = 0
        self._starts = Column(np.int32, 0)
        self._codes = Column(np.int32, 0)
        self._texts: list[str] = []
        self._known: dict[str, int] = {}

    def extend(self, texts: Sequence[str]) -> None:
        """Append a text for each new row."""
        self._append(np.array([self._code(text) for text in texts], np.int32))

    def at(self, row: int) -> str:
        """Return the text of a row."""
        stretch = int(np.searchsorted(self._starts.data, np.int32(row), side="right")) - 1
        return self._texts[int(self._codes.data[stretch])]

    def reorder(self, order: NDArray[np.intp]) -> None:
        """Put the rows in another order."""
        lengths = np.diff(self._starts.data, append=np.int32(self.n))
        codes = np.repeat(self._codes.data, lengths)[order]
        self.n, self._starts.n, self._codes.n = 0, 0, 0
        self._append(codes)

    def _code(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = len(self._texts)
            self._texts.append(text)
        return self._known[text]

    def _append(self, codes: NDArray[np.int32]) -> None:
        if len(codes) == 0:
            return
        before = self._codes.data[-1] if self._codes.n else -1
        new = np.flatnonzero(np.diff(codes, prepend=np.int32(before)))
        self._starts.extend((new + self.n).astype(np.int32))
        self._codes.extend(codes[new])
        self.n += len(codes)
