"""A session rated by two people twice, through files and `attune process`: what they had comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.ratings.files import RatingWriter
from acquisition.stream import FloatArray, Modality
from processing.cli import process_command
from processing.config import PipelineConfig
from processing.ratings.simulated import Rater, rated_by
from processing.results.session_run import run_recording
from tests.processing.simulated_hour import infos, write_hour

QUICK = Rater(code="R1", lag=1.5, noise=0.5)
LATE = Rater(code="R2", lag=3.5, noise=0.5, gain=0.8, offset=0.1)
OTHERS = (Modality.ECG, Modality.VOICE, Modality.RESP, Modality.ACC)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("twice")
    path = write_hour(home / "D01_S01", minutes=12.0, streams=infos(leave_out=OTHERS))
    begin, truth = followed(path)
    rng = np.random.default_rng(8)
    for turn in (1, 2):
        for rater in (QUICK, LATE):
            rated = rated_by(rater, truth, begin, rng, turn=turn)
            writer = RatingWriter(path, rated.sitting)
            for time, value in zip(rated.times.tolist(), rated.values[:, 0].tolist(), strict=True):
                writer.add(time, (value,))
            writer.close()
    said = CliRunner().invoke(process_command, [str(path), "--out", str(home / "results")])
    assert said.exit_code == 0, said.output
    return home / "results" / "D01_S01"


def followed(path: Path) -> tuple[float, FloatArray]:
    """Return when skin conductance of the client is known from, and its course within minutes at 20 Hz."""
    rows = run_recording(path, config=PipelineConfig()).rows["client", "scl"]
    times, values = (np.array([s[k] for s in rows]) for k in (0, 4))
    known = np.isfinite(values)
    begin, end = float(np.ceil(times[known][0])), float(times[known][-1])
    scl = np.interp(np.arange(begin, end, 0.05), times[known], values[known])
    slow = np.convolve(scl, np.ones(1201) / 1201, mode="same")
    course = np.clip((scl - slow) / (scl - slow).std(), -1.5, 1.5)  # a scale has ends
    return begin, np.asarray((course - course.mean()) / course.std())


def table(results: Path, name: str) -> Any:
    return pq.read_table(results / name).to_pandas()


def test_the_lag_between_two_raters_comes_back_with_its_interval(results: Path) -> None:
    pairs = table(results, "ratings_agreement.parquet").set_index(["rater", "other"])
    assert len(pairs) == 6
    for a, b, lag in (("R1", "R2", 2.0), ("R1 (2)", "R2 (2)", 2.0), ("R1", "R1 (2)", 0.0)):
        pair = pairs.loc[a, b] if (a, b) in pairs.index else pairs.loc[b, a]
        sign = 1.0 if (a, b) in pairs.index else -1.0
        assert pair["lag"] == pytest.approx(sign * lag, abs=0.4)
        assert pair["lag_low"] <= sign * lag <= pair["lag_high"]


def test_agreement_and_retest_come_back(results: Path) -> None:
    metrics = table(results, "metrics.parquet")
    client = metrics[metrics["entity"] == "client"].set_index("metric")["value"]
    single = 1.0 / (1.0 + QUICK.noise**2)
    assert client["rating_closeness_retest"] == pytest.approx(single, abs=0.1)
    assert client["rating_closeness_icc"] == pytest.approx(2.0 * single / (1.0 + single), abs=0.1)
    assert client["rating_closeness_lag_spread"] == pytest.approx(2.0, abs=0.4)
    assert client["rating_closeness_icc"] > client["rating_closeness_icc_as_said"]


def test_the_delay_of_each_rater_comes_back_and_is_stated(results: Path) -> None:
    found = table(results, "ratings_relations.parquet")
    found = found[found["index"] == "scl"].set_index("rater")
    for rater in (QUICK, LATE):
        for name in (rater.code, f"{rater.code} (2)"):
            row = found.loc[name]
            assert (row["stated"], row["p_fdr"] <= 0.05) == (1.0, True)
            assert row["delay"] == pytest.approx(rater.lag, abs=0.6)
            assert row["lag_low"] - 0.1 <= rater.lag <= row["lag_high"] + 0.1
            assert row["r"] > row["chance_high"]
