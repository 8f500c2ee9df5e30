"""Signals of any recording and what a person labelled in them, from plain files.

A signal file is an .npz with `ecg` [mV], `eda` [µS] or `rr` [ms] and either `time` [s] or `sfreq` [Hz], or a
.csv with the columns time, ecg, eda or rr. A table of labels is a .csv or .tsv with the columns

    time,label          beats (N, V, A, F ... as in the MIT-BIH database) or peaks of responses (scr)
    start,end,label     stretches, such as an artefact

in seconds on the clock of `time`, or from the first sample where there is none. An .npz may hold its labels
itself: `beats` (sample numbers) or `beats_s` [s], with `symbols`.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray


class Labels(NamedTuple):
    """Hold labelled moments and stretches [s], each with a name."""

    times: FloatArray
    names: list[str]
    starts: FloatArray
    ends: FloatArray
    stretches: list[str]


class Labelled(NamedTuple):
    """Hold one recording: `times` [s] of each signal, `signals` by name (ecg, eda, rr), and its labels."""

    name: str
    times: FloatArray
    sfreq: float
    signals: dict[str, FloatArray]
    labels: Labels


def read_labels(path: Path) -> Labels:
    """Read a table of labels.

    Raises
    ------
    ValueError
        If a column is missing or a time is no number, with the line.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        columns = set(table.fieldnames or ())
        if not ({"time", "label"} <= columns or {"start", "end", "label"} <= columns):
            raise ValueError(f"{path}: columns {sorted(columns)}; needed: time,label or start,end,label")
        rows = list(table)
    points, stretches = list[tuple[float, str]](), list[tuple[float, float, str]]()
    for number, row in enumerate(rows, 2):
        try:
            if row.get("time"):
                points.append((float(row["time"]), row["label"].strip()))
            else:
                stretches.append((float(row["start"]), float(row["end"]), row["label"].strip()))
        except (TypeError, ValueError, KeyError):
            raise ValueError(f"{path}, line {number}: {row} is no time and label") from None
    return _sorted(points, stretches)


def _sorted(points: list[tuple[float, str]], stretches: list[tuple[float, float, str]]) -> Labels:
    points, stretches = sorted(points), sorted(stretches)
    return Labels(
        np.array([time for time, _ in points], np.float64),
        [name for _, name in points],
        np.array([start for start, _, _ in stretches], np.float64),
        np.array([end for _, end, _ in stretches], np.float64),
        [name for _, _, name in stretches],
    )


def read_recording(path: Path, labels: Path | None = None) -> Labelled:
    """Read signals, and labels from a table or from the file itself.

    Raises
    ------
    ValueError
        If the file holds no signal that is known, or no time.
    """
    columns = _npz(path) if path.suffix == ".npz" else _csv(path)
    signals: dict[str, FloatArray] = {n: columns[n] for n in ("ecg", "eda", "rr") if n in columns}
    if not signals:
        raise ValueError(f"{path}: no signal named ecg, eda or rr (found: {', '.join(columns)})")
    if "time" in columns:
        times = columns["time"]
        sfreq = float(columns["sfreq"]) if "sfreq" in columns else 1.0 / float(np.median(np.diff(times)))
    elif "sfreq" in columns:
        sfreq = float(columns["sfreq"])
        times = np.arange(len(next(iter(signals.values())))) / sfreq
    else:
        raise ValueError(f"{path}: neither time nor sfreq")
    own = Labels(np.empty(0), [], np.empty(0), np.empty(0), [])
    if labels is not None:
        own = read_labels(labels)
    elif {"beats", "beats_s"} & set(columns):
        beats = columns["beats_s"] if "beats_s" in columns else times[columns["beats"].astype(np.int64)]
        symbols = columns["symbols"].tolist() if "symbols" in columns else ["N"] * len(beats)
        own = own._replace(times=beats, names=[str(symbol) for symbol in symbols])
    return Labelled(path.stem, times, sfreq, signals, own)


def _npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    numbers = {name: np.asarray(v, np.float64) for name, v in found.items() if v.dtype.kind in "fiu"}
    return numbers | {name: v for name, v in found.items() if name == "symbols"}


def _csv(path: Path) -> dict[str, np.ndarray]:
    table = np.genfromtxt(path, delimiter=",", names=True, encoding="utf-8")
    return {name: np.asarray(table[name], np.float64) for name in table.dtype.names or ()}
