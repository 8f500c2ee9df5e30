"""Whether two versions of the code give the same results: recordings made once, a digest of what each gives.

python benchmarks/same_results.py make DIR [--data SHARED/data]
python benchmarks/same_results.py process DIR OUT
python benchmarks/same_results.py digest OUT

`make`, once, with the older code: simulated sessions, and the reference recordings where they are. `process`
with both versions, then compare what `digest` prints: name, rows, SHA-256 of the values column by column, so
that neither the writer of the files nor provenance (version, hash of the parameters, time) matters.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np

PROVENANCE = ("version", "parameters")
ATTUNE = (sys.executable, "-m", "viewer.cli")


def make(folder: Path, data: Path | None) -> None:
    """Write two simulated sessions, and import the reference recordings."""
    from tests.processing.simulated_hour import marks, write_hour

    folder.mkdir(parents=True, exist_ok=True)
    write_hour(folder / "hour", seed=1, minutes=40.0, events=marks(1, 40.0))
    write_hour(folder / "short", seed=5, minutes=6.0, events=marks(5, 6.0))
    if data is None:
        return
    for kind, unit, names in (("ecg", "mV", ("ecg", "adc")), ("eda", "uS", ("eda",))):
        for file in sorted((data / kind).glob("*.npz")):
            with np.load(file) as arrays:
                column = next(name for name in names if name in arrays)
                stream = f"client:{kind}:{unit}:{float(arrays['sfreq']):g}={column}"
            command = [*ATTUNE, "import", str(file), "--stream", stream, "--out", str(folder / file.stem)]
            subprocess.run(command, check=True)


def process(folder: Path, out: Path) -> None:
    """Process every recording in a folder."""
    recordings = sorted(str(p.parent) for p in folder.glob("*/session.toml"))
    subprocess.run([*ATTUNE, "process", *recordings, "--out", str(out), "--force"], check=True)


def digest(out: Path) -> None:
    """Print what the tables of results hold, one line a table."""
    import pyarrow.parquet as pq

    for path in sorted(out.glob("*/*.parquet")):
        table = pq.read_table(path)
        state = hashlib.sha256()
        for column in table.column_names:
            if column not in PROVENANCE:
                state.update(column.encode() + repr(table[column].to_pylist()).encode())
        print(f"{path.parent.name}/{path.name}", table.num_rows, state.hexdigest()[:16])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("make", "process", "digest"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "make":
        make(arguments.folder, arguments.data)
    elif arguments.what == "process":
        process(arguments.folder, arguments.out or arguments.folder / "results")
    else:
        digest(arguments.folder)
