"""The pages on many sessions do what they say: their commands and their code are run on a small cohort."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processing.cohort.cohorts import cohort

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[3] / "docs"
HOWTO, STORE = DOCS / "howto" / "many-sessions.md", DOCS / "cohort.md"
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def table(page: str, first: str) -> str:
    """Return the indented lines of a page from the one that begins so."""
    lines = page.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(f"    {first}"))
    out = []
    for line in lines[start:]:
        if not line.startswith("    "):
            break
        out.append(line[4:])
    return "\n".join(out) + "\n"


def test_the_way_from_sessions_to_a_table(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = HOWTO.read_text("utf-8")
    monkeypatch.chdir(copy)
    Path("people.tsv").write_text(table(page, "participant_id"))
    Path("outcomes.csv").write_text(table(page, "dyad,session"))
    (command,) = [line.strip() for line in page.splitlines() if line.strip().startswith("attune cohort ")]
    result = cohort(*shlex.split(command)[2:])
    assert result.exit_code == 0, result.output
    names: dict[str, object] = {}
    for code in CODE.findall(page):
        exec(code, names)
    import pandas as pd

    paper = pd.read_csv("table.csv")
    assert list(paper["dyad"]) == ["D01", "D01", "D02", "D02"]
    assert list(paper["phq9"]) == [14, 12, 9, 7]
    assert list(paper["referral"]) == ["doctor", "doctor", "self", "self"]
    assert paper["client_hr_median"].between(40, 120).all() and paper["least_valid_pct"].between(0, 100).all()
    refused = names["refused"]
    assert isinstance(refused, pd.DataFrame) and len(refused) and refused["reason"].str.len().min() > 0


def test_every_reader_on_the_page_reads(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    lengths = set()
    for code in CODE.findall(STORE.read_text("utf-8")):
        if "polars" in code:
            pytest.importorskip("polars", reason="polars is not installed")
        names: dict[str, object] = {}
        exec(code, names)
        lengths.add(len(names["metrics"]))  # type: ignore[arg-type]
    assert len(lengths) == 1


def test_the_recipe_for_slurm_writes_a_job_that_starts_one_worker_of_one_thread(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    page = STORE.read_text("utf-8").replace("\n\n    cluster = SLURM", "\n    cluster = SLURM")
    recipe = table(page, "from dask_jobqueue import").partition("cluster.scale(")[0]
    script = tmp_path / "job.py"
    script.write_text(
        f"{recipe}print(cluster.job_script(), cluster.scheduler_address, sep='\\n')\ncluster.close()\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    assert "#SBATCH -p short" in lines and "#SBATCH -n 1" in lines and "#SBATCH --cpus-per-task=1" in lines
    assert "export OPENBLAS_NUM_THREADS=1" in lines
    (worker,) = [line for line in lines if "distributed.cli.dask_worker" in line]
    address = next(line for line in reversed(lines) if line)
    assert address.startswith("tcp://") and f" {address} " in worker and "--nthreads 1 " in worker
