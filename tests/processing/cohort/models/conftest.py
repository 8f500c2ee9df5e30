"""One simulated cohort for the tests of all models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from processing.cohort.models import everything
from processing.cohort.models.coupling import coupling
from processing.cohort.models.row import frame
from processing.cohort.simulated.cohort import simulated
from processing.cohort.simulated.pairs import simulated_pairs
from processing.cohort.simulated.truth import Truth
from tests.once import once

TRUTH = Truth(
    dyads=12, sessions=8, dyads_of_therapist=3, coupling=0.01, dropped=0.05, within=0.05, steadiness=0.2
)
SEED = 7


@pytest.fixture(scope="session")
def tables() -> Mapping[str, pd.DataFrame]:
    return simulated(TRUTH, np.random.default_rng(SEED))


@pytest.fixture(scope="session")
def compared() -> pd.DataFrame:
    return simulated_pairs(TRUTH, np.random.default_rng(SEED))


@pytest.fixture(scope="session")
def fitted(
    tables: Mapping[str, pd.DataFrame], compared: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    """All models of the cohort, coupling from its own rows."""

    def fit(folder: Path) -> None:
        found = [r for name, make in everything.MODELS.items() if name != "M4" for r in make(tables)]
        frame([*found, *coupling(tables, compared)]).to_pickle(folder / "rows")

    rows = pd.read_pickle(once(tmp_path_factory, "fitted", fit) / "rows")
    assert isinstance(rows, pd.DataFrame)
    return rows
