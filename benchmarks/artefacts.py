"""Score what the gates call invalid in any recording against stretches that a person labelled.

    python -m benchmarks.artefacts FILE LABELS

FILE is an .npz or .csv with `ecg` [mV] or `eda` [µS] (see benchmarks.labels), LABELS a .csv or .tsv with
the columns start, end, label in seconds on the clock of the recording, one row a stretch. A stretch labelled
good, clean or ok is none; any other is an artefact. The gate is what the pipeline gives: a second is refused
when `ecg_quality` or `eda_quality` is below 0.5, or missing. Printed are the share of labelled seconds that
were refused, the share of refused seconds that were labelled, F1 and Cohen's kappa over seconds, for all
labels and for each kind; and how many labelled stretches had at least one refused second.

For EDA the rules of Kleckner et al. (2018, doi:10.1109/TBME.2017.2758643) stand alone beside it; NeuroKit2
and BioSPPy have no gate for EDA.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acquisition.stream import BoolArray, Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.labelled_eda import CLEAN
from benchmarks.labels import Labelled, read_recording
from processing.config import PipelineConfig
from processing.heart.heart import Heart
from processing.index import IndexSample
from processing.skin.skin import Skin

UNITS = {"ecg": (Modality.ECG, "mV"), "eda": (Modality.EDA, "uS")}


def refused(recording: Labelled, signal: str) -> tuple[FloatArray, BoolArray]:
    """Return whole seconds [s], and which of them the pipeline refuses."""
    modality, unit = UNITS[signal]
    info = StreamInfo(
        name=signal, role=Role.CLIENT, modality=modality, sfreq=recording.sfreq, unit=unit, channels=(signal,)
    )
    config, times = PipelineConfig(), np.asarray(recording.times, float)
    estimator: Skin | Heart = (
        Skin("client", config=config.skin)
        if signal == "eda"
        else Heart("client", modality, config=config.heart, hears_breathing=False)
    )
    source, index = ("skin", "eda_quality") if signal == "eda" else ("heart", "ecg_quality")
    ticks = np.arange(np.floor(times[0]) + 0.1, times[-1] + 30.0, 0.1)
    rows: list[IndexSample] = []
    ends = np.append(np.arange(300, len(ticks), 300), len(ticks))
    done, begun = 0, 0
    for end in ends.tolist():
        upto = int(np.searchsorted(times, ticks[end - 1], side="right"))
        if upto > done:
            estimator.update(Chunk(info, times[done:upto], recording.signals[signal][done:upto, None]))
        rows += estimator.advance(ticks[begun:end], {source: ticks[begun:end]})
        done, begun = upto, end
    kept = [r for r in rows if r.index == index and times[0] <= r.time <= times[-1]]
    return np.array([r.time for r in kept]), np.array([not r.value >= 0.5 for r in kept], bool)


def labelled(times: FloatArray, recording: Labelled, kind: str | None = None) -> BoolArray:
    """Tell which seconds lie mostly in a stretch labelled as an artefact, or as one kind of it."""
    labels, out = recording.labels, np.zeros(len(times), bool)
    for start, end, name in zip(labels.starts.tolist(), labels.ends.tolist(), labels.stretches, strict=True):
        if name.lower() not in CLEAN and kind in (None, name):
            out |= (times >= start) & (times < max(end, start + 1.0))
    return out


def kappa(a: BoolArray, b: BoolArray) -> float:
    """Return Cohen's kappa of two classings; nan where both are of one kind only."""
    agreed = float(np.mean(a == b))
    chance = float(a.mean() * b.mean() + (~a).mean() * (~b).mean())
    return (agreed - chance) / (1.0 - chance) if chance < 1.0 else float("nan")


def line(name: str, gate: BoolArray, truth: BoolArray, hit: str) -> str:
    """Return a row of the table."""
    both = int(np.count_nonzero(gate & truth))
    found, right = 100.0 * both / max(1, truth.sum()), 100.0 * both / max(1, gate.sum())
    f1 = 200.0 * both / max(1, truth.sum() + gate.sum())
    cells = (found, right, f1)
    counts = f"| {name} | {truth.sum()} | {gate.sum()} | "
    return counts + " | ".join(f"{v:.1f}" for v in cells) + f" | {kappa(gate, truth):.2f} | {hit} |"


def kleckner(recording: Labelled, times: FloatArray) -> BoolArray:
    """Return the seconds that the rules of Kleckner et al. (2018) refuse, without additions."""
    t, eda = np.asarray(recording.times, float), recording.signals["eda"]
    slope = np.abs(np.gradient(eda, t))
    with np.errstate(invalid="ignore"):
        bad = t[(eda < 0.05) | (eda > 60.0) | (slope > 10.0) | ~np.isfinite(eda)]
    first, last = np.searchsorted(bad, times - 5.0), np.searchsorted(bad, times + 5.0)
    return np.asarray(last > first)


def table(recording: Labelled) -> Iterator[str]:
    """Yield the table of one recording."""
    yield "| gate and label | labelled s | refused s | found % | right % | F1 % | kappa | stretches met |"
    yield "|---|---|---|---|---|---|---|---|"
    labels = recording.labels
    for signal in (s for s in UNITS if s in recording.signals):
        times, gate = refused(recording, signal)
        kinds = sorted({name for name in labels.stretches if name.lower() not in CLEAN})
        for kind in (None, *(kinds if len(kinds) > 1 else ())):
            met = [
                bool(gate[(times >= start - 0.5) & (times < max(end, start + 1.0))].any())
                for start, end, name in zip(labels.starts, labels.ends, labels.stretches, strict=True)
                if name.lower() not in CLEAN and kind in (None, name)
            ]
            truth = labelled(times, recording, kind)
            yield line(f"{signal}_quality: {kind or 'all'}", gate, truth, f"{sum(met)} of {len(met)}")
        if signal == "eda":
            yield line(
                "range, slope ± 5 s alone: all", kleckner(recording, times), labelled(times, recording), "–"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="recording, .npz or .csv")
    parser.add_argument("labels", type=Path, help="table of start, end, label, .csv or .tsv")
    options = parser.parse_args()
    try:
        recording = read_recording(options.file, options.labels)
    except (OSError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    if not set(UNITS) & set(recording.signals):
        parser.exit(1, f"{options.file}: no ecg or eda (has: {', '.join(recording.signals) or 'nothing'})\n")
    if not recording.labels.stretches:
        parser.exit(1, f"{options.labels}: no stretch (needed: start,end,label)\n")
    for text in table(recording):
        print(text, flush=True)


if __name__ == "__main__":
    main()
