"""The same recording gives the same results on a machine without the newer instructions of this one."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing.commands.process import process_recording
from processing.config import PipelineConfig
from tests.processing.simulated_hour import marks, write_hour

OLD = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENBLAS_NUM_THREADS": "1",
    # Names of numpy 2.4 and of those before it; a name that is not known is warned of.
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F AVX512CD AVX512_SKX",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-AVX2_Usable,-FMA_Usable",
}
"""Makes BLAS, numpy and the C library do as they do on a machine of 2008."""
WORK = """
import json, sys
from pathlib import Path
from processing.config import PipelineConfig
from processing.commands.process import process_recording
from tests.processing.test_other_machine import newer
process_recording(Path(sys.argv[1]), Path(sys.argv[2]), config=PipelineConfig())
print(json.dumps(newer()))
"""


def newer() -> bool:
    """Tell whether numpy uses instructions that came after 2008."""
    home = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    found = importlib.import_module(f"{home}._multiarray_umath").__cpu_features__
    return bool(found.get("X86_V3", found.get("AVX2", False)))


def differing(one: pa.Table, two: pa.Table) -> list[tuple[str, str]]:
    """Return (column, row) of everything that differs by more than 1e-9 of its value."""
    assert one.num_rows == two.num_rows
    assert one.column_names == two.column_names
    names = one["index" if "index" in one.column_names else "metric"].to_pylist()
    out = []
    for column in one.column_names:
        a, b = one[column], two[column]
        if pa.types.is_floating(a.type):
            x, y = a.to_numpy(), b.to_numpy()
            near = np.isclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True)
        else:
            near = np.array([p == q for p, q in zip(a.to_pylist(), b.to_pylist(), strict=True)])
        out += [(column, names[k]) for k in np.flatnonzero(~near)]
    return out


@pytest.mark.skipif(not newer(), reason="this machine has no newer instructions to go without")
def test_a_machine_without_newer_instructions_gives_the_same_results(tmp_path: Path) -> None:
    path = write_hour(tmp_path / "D01_S01", past=4.0, minutes=1.0, events=marks(1, 1.0))
    here, there = tmp_path / "here", tmp_path / "there"
    process_recording(path, here, config=PipelineConfig())
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(path), str(there)],
        env=os.environ | OLD,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) is False, "the instructions must have been taken away"
    for name in ("indices.parquet", "metrics.parquet"):
        one, two = (pq.read_table(out / "D01_S01" / name) for out in (here, there))
        assert differing(one, two) == [], name
    assert (there / "D01_S01" / "events.csv").read_bytes() == (here / "D01_S01" / "events.csv").read_bytes()
