"""Ratings in a dataset: as continuous recordings of the person they are of; the partner's word stays out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acquisition.ratings.files import RatingWriter, Sitting
from acquisition.ratings.whose import Whose
from acquisition.session.rating_settings import Axis
from acquisition.stream import Modality, Role
from processing.commands.export import export_command
from tests.processing.simulated_hour import START, infos, write_hour

SKIN = (Modality.ECG, Modality.VOICE, Modality.RESP, Modality.ACC)
BEGIN = START - 720.0
AXES = (Axis("closeness", "far", "near"), Axis("pace", "slow", "fast"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    home = tmp_path_factory.mktemp("rated")
    path = write_hour(home / "D01_S01", streams=infos(leave_out=SKIN))
    for rater, whose, turn in (
        ("R1", Whose(Role.CLIENT), 1),
        ("R1", Whose(Role.CLIENT), 2),
        ("R2", Whose(Role.DYAD), 1),
        ("C01", Whose(Role.CLIENT, Role.CLIENT), 1),
        ("T01", Whose(Role.CLIENT, Role.THERAPIST), 1),
    ):
        writer = RatingWriter(path, Sitting(rater=rater, whose=whose, axes=AXES, turn=turn, shown="speech"))
        for k in range(200):
            writer.add(BEGIN + 10.0 + k / 20.0, (0.25, k / 200.0))
        writer.close()
    words = [str(path), "--to", "bids", "--out", str(home / "out")]
    return home / "out", CliRunner().invoke(export_command, words)


def names(out: Path, subject: str) -> set[str]:
    files = (out / f"sub-{subject}").rglob("*recording-rating*_physio.tsv.gz")
    return {f.name.split("recording-")[1].removesuffix("_physio.tsv.gz") for f in files}


def test_a_rating_lies_with_the_person_it_is_of_and_not_with_the_partner(
    exported: tuple[Path, Result],
) -> None:
    out, _ = exported
    assert names(out, "C01") == {"ratingR1", "ratingR1turn2", "ratingR2", "ratingC01"}
    assert names(out, "T01") == {"ratingR2"}


def test_what_the_partner_said_stays_out_and_is_named(exported: tuple[Path, Result]) -> None:
    _, said = exported
    assert said.exit_code == 0, said.output
    assert "stays out: rating of T01: what the therapist said of the client" in said.output


def test_it_is_on_the_grid_of_the_session_with_its_words(exported: tuple[Path, Result]) -> None:
    out, _ = exported
    (file,) = (out / "sub-C01").rglob("*recording-ratingR1_physio.tsv.gz")
    about = json.loads(Path(str(file).replace(".tsv.gz", ".json")).read_text("utf-8"))
    assert (about["SamplingFrequency"], about["StartTime"]) == (20.0, 0.0)
    assert about["Columns"] == ["closeness", "pace"] and about["Rater"] == "R1"
    assert about["Axes"]["pace"]["Description"] == "slow to fast, from -1 to 1"
    with gzip.open(file, "rt") as opened:
        values = np.genfromtxt(opened, delimiter="\t", missing_values="n/a", filling_values=np.nan)
    assert values.shape == (719.95 * 20, 2)
    known = np.flatnonzero(np.isfinite(values[:, 0]))
    assert (known[0], known[-1], len(known)) == (200, 399, 200)
    np.testing.assert_allclose(values[known, 1], np.arange(200) / 200.0, atol=1e-6)
    (scans,) = (out / "sub-C01").rglob("*_scans.tsv")
    assert "recording-ratingR1_physio.tsv.gz" in scans.read_text("utf-8")
