"""Draw each kind of fault of a signal as it is, and what is made of it.

    python -m benchmarks.fault_plots OUT.png

Above what the stamps or samples say, below what the pipeline gives: packets, a change of manner and lost
samples on a simulated stream; ventricular beats and dips of an electrode on the cuts of ../shared/data, where
they are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.timebase.lay import lay
from benchmarks.ecg import DATA
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.index import IndexSample
from processing.skin.eda import Skin, SkinConfig
from tests.acquisition.timebase.stamped import Stamped, bursts, changing, even, stream

mpl.use("Agg")
import matplotlib.pyplot as plt


def intervals(axes: Any, sent: Stamped, title: str) -> None:
    """Draw intervals of a heart at 850 ms on raw stamps and on laid ones."""
    laid = lay(sent.stamps, sent.sfreq)
    beats = np.arange(sent.true[0] + 3.0, sent.true[-1] - 2.0, 0.85)
    at = beats[1:] - sent.true[0]
    for row, times in enumerate((np.maximum.accumulate(sent.stamps), laid.times)):
        known = np.isfinite(times)
        found = np.interp(beats, sent.true[known], times[known])
        axes[row].plot(at, 1e3 * np.diff(found), ".", ms=3, color=("tab:red", "tab:blue")[row])
        axes[row].set_ylim(200, 1500)
    axes[0].set_title(title, fontsize=9)


def rows_of(
    worker: Any, info: StreamInfo, times: FloatArray, values: FloatArray, of: str
) -> list[IndexSample]:
    """Return all rows of a signal."""
    worker.update(Chunk(info, times, values[:, None]))
    ticks = np.arange(times[0], times[-1] + 10.0, 0.1)
    return list(worker.advance(ticks, {of: ticks}))


def stream_of(modality: Modality, sfreq: float, unit: str) -> StreamInfo:
    """Return what a client's stream says."""
    return StreamInfo(name="s", role=Role.CLIENT, modality=modality, sfreq=sfreq, unit=unit, channels=("s",))


def ectopic(axes: Any, path: Path) -> None:
    """Draw a chest strap's intervals, and those that count."""
    with np.load(path) as file:
        times, ecg = file["time"].astype(float), file["ecg"].astype(float)
    heart = Heart("client", Modality.ECG, config=HeartConfig())
    rows = rows_of(heart, stream_of(Modality.ECG, 130.0, "mV"), times, ecg, "heart")
    kinds = {r.time: r.value for r in rows if r.index == "ibi_class"}
    beats = np.array(sorted(kinds))
    axes[0].plot(beats[1:] - times[0], 1e3 * np.diff(beats), ".", ms=3, color="tab:red")
    good = [(r.time - times[0], r.value) for r in rows if r.index == "ibi" and kinds.get(r.time) == 0.0]
    axes[1].plot(*np.array(good).T, ".", ms=3, color="tab:blue")
    given = [r for r in rows if r.index == "rmssd" and r.value == r.value]
    reasons = sorted({r.reason for r in rows if r.index == "rmssd" and r.reason})
    axes[1].set_xlabel(f"RMSSD: {len(given)} values; {', '.join(reasons)}", fontsize=7)
    axes[0].set_ylim(200, 1500)
    axes[0].set_title("chest strap, ectopic beats", fontsize=9)


def dips(axes: Any, path: Path) -> None:
    """Draw skin conductance with dips, its level and its responses."""
    with np.load(path) as file:
        eda, sfreq = file["eda"].astype(float), float(file["sfreq"])
    times = np.arange(len(eda)) / sfreq
    rows = rows_of(
        Skin("client", config=SkinConfig()), stream_of(Modality.EDA, sfreq, "uS"), times, eda, "skin"
    )
    for row in axes:
        row.plot(times, eda, color="0.6", lw=0.8)
    level = np.array([(r.time, r.value) for r in rows if r.index == "scl"])
    axes[1].plot(*level.T, color="tab:blue")
    for row in rows:
        if row.index == "scr" and row.value == row.value:
            axes[1].axvline(row.time, color="tab:green", lw=0.8)
    axes[0].set_title("wrist, dips of the electrode", fontsize=9)
    axes[1].set_xlabel("blue: level; green: responses", fontsize=7)


def main() -> None:
    """Draw into the file that is named."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    figure, axes = plt.subplots(2, 5, figsize=(17, 5), constrained_layout=True)
    intervals(axes[:, 0], stream(bursts, seconds=120.0), "packets, stamped one by one")
    intervals(axes[:, 1], changing(even, bursts), "even, packets after 60 s")
    intervals(axes[:, 2], stream(bursts, lost=73, seconds=120.0), "a packet lost every 20 s")
    cases = DATA.parent / "cases" / "signals"
    for k, (draw, name) in enumerate(((ectopic, "h10_trigeminy.npz"), (dips, "eda_dips.npz")), 3):
        if (cases / name).exists():
            draw(axes[:, k], cases / name)
        else:
            axes[0, k].set_title(f"no {name}", fontsize=9)
    for row, text in enumerate(("as it is", "what is made of it")):
        axes[row, 0].set_ylabel(f"{text}\ninterval [ms]")
    figure.savefig(sys.argv[1], dpi=90)


if __name__ == "__main__":
    main()
