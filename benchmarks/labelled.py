"""Score what the pipeline finds in recordings against what people labelled in them.

    python -m benchmarks.labelled [FILE ...] [--labels TABLE] [--alone] [--each]

FILE is an .npz or .csv with signals, TABLE a .csv or .tsv with labels (see benchmarks.labels for both);
without FILE the MIT-BIH records of ../shared/data are scored. Beats and their classes are scored wherever
beats are labelled, beside NeuroKit2, sleepecg and BioSPPy with a Kubios-style correction in the same run; a
package that is not installed is left out; responses wherever moments are labelled scr in EDA, beside
NeuroKit2 and BioSPPy. Public sets with labels of every beat: MIT-BIH Arrhythmia, Noise
Stress and Normal Sinus Rhythm, and the European ST-T database on PhysioNet (`wfdb.rdrecord`, `wfdb.rdann`;
save the lead, its rate, `beats` and `symbols` as .npz).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from benchmarks import labelled_beats, labelled_eda
from benchmarks.ecg import DATA
from benchmarks.labels import Labelled, read_recording


class Scorer(Protocol):
    """Give the lines of a Markdown table; none where a recording holds no such labels."""

    def __call__(self, recordings: list[Labelled], *, alone: bool, each: bool) -> Iterator[str]: ...


SCORERS: tuple[Scorer, ...] = (labelled_beats.rows, labelled_eda.rows)


def main() -> None:
    """Print a table of each kind of label."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, help="recordings (default: MIT-BIH of ../shared/data)")
    parser.add_argument("--labels", type=Path, help="labels of the one recording")
    parser.add_argument("--alone", action="store_true", help="leave out the other packages")
    parser.add_argument("--each", action="store_true", help="a line for each recording, too")
    options = parser.parse_args()
    if options.labels and len(options.files) != 1:
        parser.error("--labels needs one recording")
    try:
        recordings = [
            read_recording(path, options.labels) for path in options.files or sorted(DATA.glob("mitdb_*.npz"))
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
