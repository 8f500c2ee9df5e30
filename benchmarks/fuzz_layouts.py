"""Fuzz the readers of files with atheris, guided by coverage: only a refusal of one line may come out.

    pip install atheris        # Linux and macOS
    python benchmarks/fuzz_layouts.py -max_total_time=600 -max_len=4096

The first byte says which file of the tests is meant, by its name and first bytes; the rest is what it holds.
Readers that hand a file to a library (Avro, HDF5, MNE) are fuzzed by `fuzz_readers.py` only: the library
itself would be searched here.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# Imported here so that they are not instrumented.
import numpy as np  # noqa: F401
import pyarrow as pa  # noqa: F401

with atheris.instrument_imports(include=["acquisition.importing", "acquisition.xdf"]):
    from acquisition.errors import AttunementError
    from acquisition.importing.found import Found, FoundFile  # noqa: F401
    from acquisition.importing.recognition import recognised

from tests.acquisition.importing.layout_files import FILES

BY_LIBRARY = {"embrace avro", "opensignals h5", "fif", "e4 zip", "unisens"}
PLACE = Path(tempfile.mkdtemp(prefix="fuzz_layouts"))


def seeds() -> list[Path]:
    """Write a file of every layout that is ours to read."""
    out = []
    for name, (make, *_) in FILES.items():
        if name not in BY_LIBRARY:
            folder = PLACE / "seeds" / name.replace(" ", "_")
            folder.mkdir(parents=True)
            out.append(make(folder))
    return out


def one_input(data: bytes) -> None:
    """Read one file; what is no refusal comes out."""
    if not data:
        return
    path = PLACE / SEEDS[data[0] % len(SEEDS)].name
    path.write_bytes(data[1:])
    try:
        recognised(path)
    except AttunementError as error:
        said = str(error)
        assert "\n" not in said, f"more than a line: {said!r}"
        assert path.name in said, f"names no file: {said!r}"


SEEDS = seeds()

if __name__ == "__main__":
    corpus = PLACE / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS):
        content = seed.read_bytes()
        if len(content) < 65_536:
            (corpus / str(number)).write_bytes(bytes([number]) + content)
    atheris.Setup([*sys.argv, str(corpus)], one_input)
    atheris.Fuzz()
