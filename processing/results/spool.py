"""Index samples of a recording that is followed, kept out of memory until it ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from processing.index import IndexSample

WORDS = ("entity", "index", "unit", "reason")
ROW = np.dtype([(n, "<f8") for n in ("time", "available", "value", "quality")] + [(n, "<u4") for n in WORDS])
"""A sample as it is kept: its numbers as they are, its words by their number."""


class Spool:
    """Keep index samples in a file without a name, which is gone however its process ends.

    A follower that held an hour of samples as objects grew by some 80 MB; it needs none before the end.

    Parameters
    ----------
    directory : Path
        Whose disk is used; made if it is not there.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  # closed by __exit__
        self._words: dict[str, int] = {}

    def add(self, samples: Iterable[IndexSample]) -> None:
        """Keep samples, in their order."""
        rows = [
            (
                s.time,
                s.available,
                s.value,
                s.quality,
                *map(self._number, (s.entity, s.index, s.unit, s.reason)),
            )
            for s in samples
        ]
        if rows:
            self._file.write(np.array(rows, ROW).tobytes())

    def _number(self, word: str) -> int:
        return self._words.setdefault(word, len(self._words))

    def read(self) -> list[IndexSample]:
        """Return all samples, equal to the bit."""
        self._file.seek(0)
        rows = np.frombuffer(self._file.read(), ROW)
        words = list(self._words)
        columns = {name: rows[name].tolist() for name in ROW.names or ()}
        columns |= {name: [words[k] for k in columns[name]] for name in WORDS}
        return [IndexSample(*row) for row in zip(*(columns[n] for n in IndexSample._fields), strict=True)]

    def __enter__(self) -> Self:
        """Return the spool; its file is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, and with it give its room back."""
        self._file.close()
