"""The same models in R: lme4, survival, and what is written out in the scripts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from processing.cohort.models.r_scripts import write_r_scripts

REFERENCE = Path(__file__).with_name("reference_r.csv")
"""What the scripts gave for the cohort of `conftest` (R 4.2, lme4 1.1-31, survival 3.5-3)."""
KEYS = ["model", "outcome", "entity", "term"]


def joined(fitted: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    return theirs.merge(fitted, on=KEYS, how="left", suffixes=("_r", ""), validate="one_to_one")


def agree(both: pd.DataFrame) -> None:
    away = (both["estimate"] - both["estimate_r"]).abs() / np.maximum(1.0, both["estimate_r"].abs())
    assert (away < 1e-3).all(), both[~(away < 1e-3)][[*KEYS, "estimate", "estimate_r"]]
    known = both[both["se_r"].notna()]
    assert (known["se"] / known["se_r"] - 1.0).abs().max() < 0.05
    ends = both[both["ci_low_r"].notna()]
    width = ends["ci_high_r"] - ends["ci_low_r"]
    for end in ("ci_low", "ci_high"):
        assert ((ends[end] - ends[f"{end}_r"]).abs() < 2e-3 * width).all()


def test_estimates_and_standard_errors_are_those_of_r(fitted: pd.DataFrame) -> None:
    reference = pd.read_csv(REFERENCE)
    assert set(reference["model"]) == {f"M{k}" for k in range(1, 9)}
    agree(joined(fitted, reference))
    mixed = reference[reference["ci_low"].notna()]
    assert set(mixed["model"]) == {"M3", "M7"}


def has_r() -> bool:
    program = shutil.which("Rscript")
    asked = ["-e", 'quit(status = !all(sapply(c("lme4", "survival"), requireNamespace, quietly = TRUE)))']
    return program is not None and subprocess.run([program, *asked], capture_output=True).returncode == 0


@pytest.mark.parametrize("model", ["M3", "M5"])
def test_the_scripts_run_in_r(
    model: str,
    tables: Mapping[str, pd.DataFrame],
    compared: pd.DataFrame,
    fitted: pd.DataFrame,
    tmp_path: Path,
) -> None:
    if not has_r():
        pytest.skip("Rscript with lme4 and survival is not installed")
    write_r_scripts(tables, tmp_path, compared)
    ran = subprocess.run(["Rscript", str(tmp_path / f"{model}.R")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    agree(joined(fitted, pd.read_csv(tmp_path / f"{model}_r.csv")))
