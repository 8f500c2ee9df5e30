"""Recordings in the WFDB format of PhysioNet, without its package: header, signals, labels of beats.

Read are signal formats 16 and 212, of one file, and annotations in the MIT format (`.atr`). Each lead is a
recording of its own, with the labels of all.

References
----------
The WFDB Applications Guide, header(5), signal(5) and annot(5).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray, IntArray
from benchmarks.labels import Labelled, Labels

BEATS = dict(zip((*range(1, 14), 25, 30, 34, 35, 38, 41), "NLRaVFJASEj/QB?enfr", strict=True))
"""Codes of annotations that are of a beat, and their symbols."""
SKIP, NUMBER, SUBTYPE, CHANNEL, TEXT = 59, 60, 61, 62, 63
"""Codes that are no annotation: a longer step, and what belongs to the annotation before it."""
UNLABELLED = 60.0
"""Where labels begin so much later than the signal, what lies before them was not labelled [s]."""
LEAD_IN = 0.5
"""So much is kept of it [s]."""


class Signals(NamedTuple):
    """Hold the leads of a record: rate [Hz], names, and the samples [mV], shape (n_samples, n_leads)."""

    sfreq: float
    leads: list[str]
    samples: FloatArray


def read_signals(path: Path) -> Signals:
    """Read the signals that a header names.

    Raises
    ------
    ValueError
        If it is no such header, or of another format.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        n_leads, sfreq = int(lines[0][1]), float(lines[0][2].split("/")[0].split("(")[0])
        rows = lines[1 : 1 + n_leads]
        names, formats = {row[0] for row in rows}, {row[1] for row in rows}
        gains, bases = zip(*(_scale(row) for row in rows), strict=True)
    except (IndexError, ValueError):
        raise ValueError(f"{path}: no WFDB header") from None
    if len(names) != 1 or len(formats) != 1:
        raise ValueError(f"{path}: signals of several files or formats are not read")
    kind, _, skipped = formats.pop().partition("+")
    if kind not in ("16", "212"):
        raise ValueError(f"{path}: signal format {kind}; 16 and 212 are read")
    raw = (path.parent / names.pop()).read_bytes()[int(skipped or 0) :]
    counts = _pairs(raw) if kind == "212" else np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int64)
    table = counts[: len(counts) // n_leads * n_leads].reshape(-1, n_leads)
    leads = [" ".join(row[8:]) or str(k + 1) for k, row in enumerate(rows)]
    twice = len(set(leads)) < len(leads)
    return Signals(
        sfreq,
        [str(k + 1) for k in range(n_leads)] if twice else leads,
        (table - np.array(bases)) / np.array(gains),
    )


def _scale(row: list[str]) -> tuple[float, float]:
    """Return the gain [counts/mV] and the baseline [counts] of a lead."""
    found = re.match(r"([-\d.eE+]+)(?:\((-?\d+)\))?", row[2]) if len(row) > 2 else None
    gain = float(found[1]) if found else 0.0
    zero = float(found[2]) if found and found[2] else float(row[4]) if len(row) > 4 else 0.0
    return gain or 200.0, zero


def _pairs(raw: bytes) -> IntArray:
    """Return the samples of format 212: two of twelve bits in three bytes."""
    part = np.frombuffer(raw[: len(raw) // 3 * 3], np.uint8).reshape(-1, 3).astype(np.int64)
    first, second = part[:, 0] | (part[:, 1] & 0x0F) << 8, part[:, 2] | (part[:, 1] & 0xF0) << 4
    both = np.stack((first, second), axis=1).ravel()
    return np.where(both > 2047, both - 4096, both)


def read_beats(path: Path) -> list[tuple[int, str]]:
    """Read the sample number and the symbol of each labelled beat."""
    raw = path.read_bytes()
    words = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2").tolist()
    out, at, k = list[tuple[int, str]](), 0, 0
    while k < len(words) and words[k]:
        code, step = words[k] >> 10, words[k] & 1023
        k += 1
        if code == SKIP:
            long = words[k] << 16 | words[k + 1]
            at, k = at + (long - (1 << 32) if long >> 31 else long), k + 2
        elif code == TEXT:
            k += (step + 1) // 2
        elif code not in (NUMBER, SUBTYPE, CHANNEL):
            at += step
            if code in BEATS:
                out.append((at, BEATS[code]))
    return out


def read_leads(path: Path, *, whole: bool = False) -> list[Labelled]:
    """Return the leads of a record, labelled where an annotation file lies beside the header; from just
    before the first label on, if there is none in its first minute and it is not asked for as a `whole`.

    Raises
    ------
    ValueError
        If the record cannot be read.
    """
    signals, beside = read_signals(path), path.with_suffix(".atr")
    beats = read_beats(beside) if beside.exists() else []
    at = np.array([sample for sample, _ in beats], np.float64) / signals.sfreq
    late = len(at) > 0 and at[0] > UNLABELLED and not whole
    first = round((at[0] - LEAD_IN) * signals.sfreq) if late else 0
    labels = Labels(
        at - first / signals.sfreq, [name for _, name in beats], np.empty(0), np.empty(0), list[str]()
    )
    times = np.arange(len(signals.samples) - first) / signals.sfreq
    return [
        Labelled(f"{path.stem} {lead}", times, signals.sfreq, {"ecg": signals.samples[first:, k]}, labels)
        for k, lead in enumerate(signals.leads)
    ]
