"""From files beside a recording to tables, labels, report, and what a withdrawal leaves of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from acquisition.ratings.files import SFREQ, RatingWriter, Sitting
from acquisition.ratings.whose import Whose
from acquisition.stream import Modality, Role
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from processing.ratings.simulated import course
from processing.results.results import provenance
from processing.results.withdrawn import take_out_results
from tests.processing.simulated_hour import START, infos, write_hour

STUDY = "[rating]\n[rating.labels]\nover = 0.4\nok = 0.0\nseconds = 5\n"
RATERS = (("R1", None), ("R2", None), ("C01", Role.CLIENT), ("T01", Role.THERAPIST))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rated")
    (home / "study.toml").write_text(STUDY)
    path = write_hour(home / "D01_S01", streams=infos(leave_out=(Modality.VOICE, Modality.RESP)))
    rng = np.random.default_rng(3)
    truth = course(700.0, rng)
    for code, by in RATERS:
        writer = RatingWriter(path, Sitting(rater=code, whose=Whose(Role.CLIENT, by)))
        for k, value in enumerate((0.4 * np.clip(truth + 0.3 * course(700.0, rng), -2, 2)).tolist()):
            writer.add(START - 710.0 + k / SFREQ, (value,))
        writer.close()
    return path


@pytest.fixture(scope="module")
def results(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    return process_recording(recording, out, config=PipelineConfig(), report=True).directory


def test_tables_hold_every_second_each_pair_and_each_index(results: Path) -> None:
    seconds = pq.read_table(results / "ratings.parquet").to_pandas()
    assert set(seconds["rater"]) == {"R1", "R2", "C01", "T01"}
    assert set(seconds["person"]) == {"client"}
    assert seconds["mean"].abs().max() <= 1.0
    assert (seconds["quality"] == 1.0).mean() > 0.99
    pairs = pq.read_table(results / "ratings_agreement.parquet").to_pandas()
    assert len(pairs) == 3  # the therapist's word of the client is not among the raters
    assert (pairs["r"] > 0.7).all()
    related = pq.read_table(results / "ratings_relations.parquet").to_pandas()
    assert {"arousal", "scl"} < set(related["index"])
    assert (np.isfinite(related["chance_low"]) | (related["reason"] != "")).all()
    metrics = pq.read_table(results / "metrics.parquet").to_pandas()
    icc = metrics[(metrics["metric"] == "rating_rating_icc") & (metrics["entity"] == "client")]
    assert icc["value"].item() > 0.8


def test_labels_are_of_the_persons_own_rating_and_marked_as_derived(results: Path) -> None:
    labels = pq.read_table(results / "labels.parquet").to_pandas()
    derived = labels[labels["source"] == "derived"]
    assert set(derived["code"]) == {"felt_over", "felt_ok"}
    assert set(derived["person"]) == {"client"}
    said = json.loads((results / "session.json").read_text())
    assert any("by the thresholds of the study" in line for line in said["remarks"])
    assert said["provenance"]["labels"] == "over 0.4, ok 0, 5 s"


def test_the_report_has_a_section_of_them(results: Path) -> None:
    html = (results / "report.html").read_text()
    assert "Ratings: raters against each other" in html
    assert "A shared cause looks the same; what is rated" in html
    assert "What raters said, second by second" in html
    assert "Hollow triangles: labels derived from the person's own rating".replace("'", "&#39;") in html
    assert "ICC(2,k) of C01, R1, R2 0." in html


def test_results_are_made_again_once_somebody_rated(recording: Path) -> None:
    config = PipelineConfig()
    before = provenance(recording, config)
    writer = RatingWriter(recording, Sitting(rater="R1", whose=Whose(Role.CLIENT), turn=2))
    writer.add(START - 700.0, (0.5,))
    writer.close()
    assert provenance(recording, config)["input"] != before["input"]


def test_what_somebody_said_of_the_other_goes_with_them(recording: Path, results: Path) -> None:
    take_out_results(results, Role.THERAPIST, "T01")
    left = pq.read_table(results / "ratings.parquet").to_pandas()
    assert set(left["rater"]) == {"R1", "R2", "C01"}
    assert len(pq.read_table(results / "ratings_agreement.parquet")) > 0
