"""Which input a heart has: that of the signal as it came, or the one that takes in its corrections."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from acquisition.stream import FloatArray
from processing.corrections.edits import Edits
from processing.heart.by_hand.ecg import CorrectedEcg
from processing.heart.by_hand.intervals import CorrectedIntervals
from processing.heart.ibi import MARKED
from processing.heart.input import EcgInput, IntervalInput
from processing.heart.table import BeatTable


class Input(Protocol):
    """Turn samples into beats of a table."""

    def update(self, times: FloatArray, values: FloatArray, /) -> None:
        """Take in samples: stamps [s], and mV or ms."""

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""


def ecg_input(sfreq: float, table: BeatTable, edits: Edits | None) -> Input:
    """Return what finds and judges the beats of an ECG.

    Raises
    ------
    ValueError
        If the rate is too low.
    """
    return EcgInput(sfreq, table) if edits is None else CorrectedEcg(sfreq, table, edits)


def interval_input(table: BeatTable, edits: Edits | None) -> Input:
    """Return what judges the beats of a stream of intervals."""
    return IntervalInput(table) if edits is None else CorrectedIntervals(table, edits)


def said_by_hand(
    edits: Edits, centres: FloatArray, quality: FloatArray, reasons: list[str]
) -> tuple[FloatArray, list[str]]:
    """Return quality and reasons of seconds of ECG where somebody has said what they are worth.

    A second with nothing recorded stays so.
    """
    marked, accepted = edits.marks(centres), edits.accepts(centres) & np.isfinite(quality)
    quality = np.where(marked, 0.0, np.where(accepted, 1.0, quality))
    pairs = zip(reasons, marked.tolist(), accepted.tolist(), strict=True)
    return quality, [MARKED if m else "" if a else reason for reason, m, a in pairs]
