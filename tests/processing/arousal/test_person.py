"""Person scaling: a later session is seen relative to the references of earlier ones."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.errors import SessionError
from acquisition.recording.recording import Recording
from acquisition.stream import Modality
from processing.arousal.baseline import Reference
from processing.arousal.person import codes, for_roles, read_people, to_json
from processing.cli import process_command
from processing.config import PipelineConfig
from tests.processing.simulated_hour import infos, write_hour

AROUSAL = PipelineConfig().arousal


def process(recording: Path, out: Path, *more: str | Path) -> str:
    """Run attune process; return what it said."""
    words = [str(recording), "--out", str(out), *map(str, more)]
    result = CliRunner().invoke(process_command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def arousal(results: Path) -> dict[str, list[float]]:
    """Return the index of each person."""
    table = pq.read_table(results / "indices.parquet", filters=[("index", "=", "arousal")]).to_pylist()
    return {
        who: [row["value"] for row in table if row["entity"] == who and row["value"] == row["value"]]
        for who in ("client", "therapist")
    }


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the results of a session with both baselines, and its recording."""
    folder = tmp_path_factory.mktemp("person")
    streams = infos(leave_out={Modality.VOICE, Modality.RESP, Modality.ACC})
    recording = write_hour(folder / "a", seed=1, streams=streams)
    process(recording, folder / "results")
    return folder / "results" / "a", recording


def test_a_session_leaves_a_reference_of_each_person(session: tuple[Path, Path]) -> None:
    held = json.loads((session[0] / "reference.json").read_text("utf-8"))
    people = read_people([session[0] / "reference.json"], AROUSAL)
    assert set(held["people"]) == set(people.by_code)
    assert all(r.scaling == "person" and r.rest and r.talk for r in people.by_code.values())


def test_its_own_reference_gives_the_same_band_from_the_first_second_on(
    session: tuple[Path, Path], tmp_path: Path
) -> None:
    results, first = session
    process(first, tmp_path, "--reference", results / "reference.json")
    plain, scaled = arousal(results), arousal(tmp_path / "a")
    for who in plain:
        assert len(scaled[who]) > len(plain[who])
        assert scaled[who][-60:] == pytest.approx(plain[who][-60:], abs=1e-4)
    assert "up to date" in process(first, tmp_path, "--reference", results / "reference.json")
    said = json.loads((tmp_path / "a" / "session.json").read_text("utf-8"))
    assert said["arousal"]["client"]["scaling"] == "person"
    assert said["arousal"]["client"]["from"] == "reference.json"
    assert (said["client"], said["therapist"], said["setting"]) == ("C01", "T01", None)
    assert said["started"].startswith("2026-11-22")


def test_an_anchored_session_begins_with_its_own_rest_and_names_its_scaling_in_every_row(
    session: tuple[Path, Path], tmp_path: Path
) -> None:
    results, first = session
    reference = results / "reference.json"
    process(first, tmp_path, "--reference", reference, "--scaling", "anchored")
    plain, scaled = arousal(results), arousal(tmp_path / "a")
    for who in plain:
        assert len(scaled[who]) == len(plain[who])
        # One rest alone: its own spread about its own median is the person's.
        assert scaled[who][-60:] == pytest.approx(plain[who][-60:], abs=1e-9)
    rows = pq.read_table(tmp_path / "a" / "metrics.parquet").to_pylist()
    assert {row["scaling"] for row in rows} == {"anchored"}
    offsets = {row["metric"]: row["value"] for row in rows if row["entity"] == "client"}
    assert offsets["day_offset_hr"] == pytest.approx(0.0, abs=1e-9)
    process(first, tmp_path, "--reference", reference)
    assert {r["scaling"] for r in pq.read_table(tmp_path / "a" / "metrics.parquet").to_pylist()} == {"person"}


def test_a_scaling_without_a_reference_is_wrong_usage(session: tuple[Path, Path], tmp_path: Path) -> None:
    words = [str(session[1]), "--out", str(tmp_path), "--scaling", "anchored"]
    result = CliRunner().invoke(process_command, words)
    assert result.exit_code == 2 and "needs --reference FILE" in result.output


def test_references_of_one_person_are_pooled(session: tuple[Path, Path]) -> None:
    path = session[0] / "reference.json"
    once, twice = read_people([path], AROUSAL), read_people([path, path], AROUSAL)
    for code, reference in twice.by_code.items():
        assert len(reference.rest) == 2 * len(once.by_code[code].rest)
        assert reference.scales["hr"].median == pytest.approx(once.by_code[code].scales["hr"].median)
    assert once.digest != twice.digest


def test_a_reference_of_otherwise_corrected_results_is_told(
    session: tuple[Path, Path], tmp_path: Path
) -> None:
    plain = session[0] / "reference.json"
    table = json.loads(plain.read_text("utf-8"))
    assert "corrected" not in table
    file = tmp_path / "reference.json"
    file.write_text(json.dumps(table | {"corrected": "R2"}), "utf-8")
    code = next(iter(table["people"]))
    told = read_people([file], AROUSAL).otherwise_corrected
    recorded = Recording(session[1]).session
    assert f"reference of {code}: made of results corrected by R2; these results are uncorrected" in told(
        recorded, ""
    )
    assert told(recorded, "R2") == read_people([plain], AROUSAL).otherwise_corrected(recorded, "") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no 'people'"),
        ("[", "not JSON"),
        ('{"v": 2, "people": {"C07": {}}}', "version 2"),
        ('{"v": 1, "people": {}}', "holds nobody's baselines"),
        ('{"v": 1, "people": {"C07": {"rest": 3}}}', "not a reference"),
    ],
)
def test_what_is_no_reference_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SessionError, match=r"wrong\.json") as caught:
        read_people([path], AROUSAL)
    assert said in str(caught.value)


def test_a_reference_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    empty = Reference.of([], [], AROUSAL)
    made = json.loads(to_json({"client": empty}, None))
    path.write_text(json.dumps({"v": 1, "people": {"C99": made["people"]["client"]}}), "utf-8")
    people = read_people([path], AROUSAL)
    with pytest.raises(SessionError, match="holds references of C99; here are client, therapist"):
        for_roles(people, None, tmp_path)


def test_without_a_session_file_a_role_stands_for_its_code() -> None:
    assert codes(None) == {"client": "client", "therapist": "therapist"}
