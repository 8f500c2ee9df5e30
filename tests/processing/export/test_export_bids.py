"""BIDS: names as the standard has them, values and stamps as recorded, each person's folder their own."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from acquisition.event import Event
from acquisition.stream import Modality
from processing.export.bids import export_bids
from processing.export.export import export_csv
from processing.export.tracks import Tracks, on_even_grid, read_tracks
from tests.acquisition.session.test_session_record import RECORD
from tests.processing.simulated_hour import START, infos, write_hour

NAME = re.compile(
    r"sub-[A-Za-z0-9]+_ses-[A-Za-z0-9]+_task-[a-z]+(_recording-[a-z0-9]+_physio|_events)\.(tsv|tsv\.gz|json)"
)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Tracks:
    """Return twelve minutes of the simulated dyad with a session record."""
    path = tmp_path_factory.mktemp("x") / "D01_S01"
    more = [Event(time=START + 1.0, code="suds", actor="client", value=40.0, id="s")]
    write_hour(path, streams=infos(leave_out=[Modality.VOICE]), minutes=0.1, events=more)
    with (path / "session.toml").open("a", encoding="utf-8") as file:
        file.write(RECORD)
    return read_tracks(path)


@pytest.fixture(scope="module")
def dataset(tracks: Tracks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return it as a dataset."""
    out = tmp_path_factory.mktemp("bids")
    assert {p for p in out.rglob("*") if p.is_file()} == set()
    written = export_bids(tracks, out)
    assert set(written) == {p for p in out.rglob("*") if p.is_file()}
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_file_has_a_name_of_the_standard(dataset: Path) -> None:
    names = [p.name for p in dataset.glob("sub-*/ses-*/beh/*")]
    assert len(names) == 14
    assert all(NAME.fullmatch(name) for name in names)
    top = {"README", "dataset_description.json", "participants.tsv", "participants.json"}
    assert top < {p.name for p in dataset.iterdir()}
    assert json.loads((dataset / "dataset_description.json").read_text("utf-8"))["BIDSVersion"] == "1.10.0"


def test_the_validator_of_the_standard_takes_every_name(dataset: Path) -> None:
    validator = pytest.importorskip(
        "bids_validator", reason="bids-validator is not installed"
    ).BIDSValidator()
    for path in (p for p in dataset.rglob("*") if p.is_file()):
        assert validator.is_bids(f"/{path.relative_to(dataset).as_posix()}"), path


def test_values_and_rate_are_those_of_the_recording(tracks: Tracks, dataset: Path) -> None:
    (path,) = dataset.glob("sub-C01/*/beh/*recording-ecg_physio.tsv.gz")
    about = json.loads(path.with_name(path.name.replace(".tsv.gz", ".json")).read_text("utf-8"))
    assert (about["SamplingFrequency"], about["StartTime"], about["Columns"]) == (130.0, 0.0, ["cardiac"])
    assert about["cardiac"] == {"Units": "mV"}
    with gzip.open(path, "rt") as file:
        got = np.array([np.nan if line == "n/a\n" else float(line) for line in file])
    track = next(t for t in tracks.streams if t.name == "client_ecg")
    want = on_even_grid(track, tracks.begin, tracks.end)[:, 0]
    assert np.allclose(got, want, rtol=1e-5, atol=1e-9, equal_nan=True)
    assert np.isnan(got).any()


def test_a_person_s_folder_holds_nothing_that_was_marked_of_the_partner(dataset: Path) -> None:
    (client,), (therapist,) = (list(dataset.glob(f"sub-{c}/*/beh/*_events.tsv")) for c in ("C01", "T01"))
    mine, theirs = rows(client), rows(therapist)
    assert {r["actor"] for r in mine} & {"client", "therapist"} == {"client"}
    assert {r["actor"] for r in theirs} & {"client", "therapist"} == {"therapist"}
    rest = next(r for r in mine if r["trial_type"] == "baseline_rest")
    assert (float(rest["onset"]), float(rest["duration"])) == pytest.approx((8.0, 304.0), abs=0.1)
    assert "Label/baseline_rest" in rest["HED"]
    marked = [r for r in mine if r["trial_type"] == "suds"][-1]
    assert marked["value"] == "40"
    assert float(marked["onset"]) == pytest.approx(721.0, abs=0.01)


def test_self_reports_carry_whether_they_are_validated(dataset: Path) -> None:
    (suds,), (gad7,) = (rows(dataset / "phenotype" / f"{name}.tsv") for name in ("suds", "gad7"))
    assert suds["participant_id"] == gad7["participant_id"] == "sub-C01"
    assert [v for k, v in suds.items() if "_" in k and k != "participant_id"] == ["70"]
    assert [v for k, v in gad7.items() if k != "participant_id"] == ["n/a"]
    said = json.loads((dataset / "phenotype" / "suds.json").read_text("utf-8"))
    assert {"MeasurementToolMetadata", *(k for k in suds if k != "participant_id")} == set(said)


def test_the_same_recording_gives_the_same_bytes(tracks: Tracks, dataset: Path, tmp_path: Path) -> None:
    for path in export_bids(tracks, tmp_path):
        assert path.read_bytes() == (dataset / path.relative_to(tmp_path)).read_bytes()


def test_what_was_noted_stands_beside_the_tables(tracks: Tracks, tmp_path: Path) -> None:
    export_csv(tracks, tmp_path)
    with (tmp_path / "session_record.csv").open(newline="") as file:
        noted = list(csv.reader(file))
    assert ["therapist, after the hour", "exploration", "4 of 4"] in noted
    assert ["client, after the hour", "GAD-7 sum", "left out: item 4"] in noted
