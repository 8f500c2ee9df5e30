"""Exports with corrections by hand: labelled in every format, beside signals that stay as recorded."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest
import pyxdf
from click.testing import CliRunner

from acquisition.events.corrections import Correction
from acquisition.events.corrections_file import append_corrections
from acquisition.stream import Modality
from processing.correcting.signals import detect, judged, read_signals
from processing.correcting.skin import responses
from processing.export.by_hand import CorrectedMarks, corrected_marks
from processing.export.export import FORMATS
from processing.export.tracks import Tracks, read_tracks
from tests.processing.simulated_hour import infos, write_hour
from viewer.cli import attune

SAID = "corrected by R2: 1 inserted, 2 rejected, 5.0 s marked"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return five minutes of two people, the client's beats and responses corrected."""
    path = tmp_path_factory.mktemp("made") / "D01_S01"
    write_hour(
        path, streams=infos(leave_out=set(Modality) - {Modality.ECG, Modality.EDA}), past=5.0, minutes=0.1
    )
    held = read_signals(path).held
    beats = judged(detect(held["client", "heart"])).rows.beats.times.tolist()
    peaks = responses(held["client", "skin"]).peaks.tolist()
    made = [
        ("insert", "heart", {"time": 0.5 * (beats[50] + beats[51])}, "missed beat"),
        ("reject", "heart", {"time": beats[100]}, "ectopic beat"),
        ("mark", "heart", {"start": beats[200], "stop": beats[200] + 5.0}, "movement"),
        ("reject", "skin", {"time": peaks[3]}, "no response"),
    ]
    append_corrections(
        path,
        [
            Correction(op=op, id=f"a{k}", role="client", signal=signal, who="R2", when="", why=why, **at)
            for k, (op, signal, at, why) in enumerate(made)
        ],
    )
    return path


WITHOUT_BEATS = ("elan",)
"""Formats of marks alone: corrections of beats and responses change nothing in them."""


@pytest.fixture(scope="module")
def marks(recording: Path) -> CorrectedMarks:
    return corrected_marks(recording, "R2")


@pytest.fixture(scope="module")
def tracks(recording: Path, marks: CorrectedMarks) -> Tracks:
    return replace(read_tracks(recording), corrected=marks)


def test_marks_are_the_beats_and_responses_that_count(recording: Path, marks: CorrectedMarks) -> None:
    held = read_signals(recording).held
    beats = [m for m in marks.of("client") if m.what == "beat"]
    found = judged(detect(held["client", "heart"])).rows.beats.times.tolist()
    assert len(beats) == len(found) + 1
    assert [m.by_hand for m in beats if m.by_hand] == ["inserted", "rejected"]
    assert [m.time for m in beats if m.by_hand != "inserted"] == found
    peaks = responses(held["client", "skin"]).peaks.tolist()
    assert [m.time for m in marks.of("client") if m.what == "response"] == [*peaks[:3], *peaks[4:]]
    assert [m.by_hand for m in marks.of("therapist") if m.by_hand] == []
    assert marks.said == SAID


def test_every_file_with_corrections_says_by_whom_and_none_replaces_one_without(
    tracks: Tracks, tmp_path: Path
) -> None:
    for kind, write in FORMATS.items():
        plain, corrected = tmp_path / kind, tmp_path / f"{kind}_R2"
        plain.mkdir()
        corrected.mkdir()
        before = {p.relative_to(plain): p for p in write(replace(tracks, corrected=None), plain)}
        after = {p.relative_to(corrected): p for p in write(tracks, corrected)}
        new = [path for path in after if path not in before]
        assert all("R2" in str(path) for path in new), kind
        assert bool(new) == (kind not in WITHOUT_BEATS), kind
        same = [path for path in after if path in before and path.name != "README"]
        assert all(after[path].read_bytes() == before[path].read_bytes() for path in same), kind
        assert same or kind not in ("csv", "bids")


def test_a_table_holds_who_did_what_and_why(tracks: Tracks, tmp_path: Path) -> None:
    FORMATS["csv"](tracks, tmp_path)
    with (tmp_path / "client_beats_and_responses__R2.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["editor"] for row in rows} == {"R2"}
    done = [(r["what"], r["by_hand"], r["why"]) for r in rows if r["by_hand"] or r["why"]]
    assert done == [
        ("beat", "inserted", "missed beat"),
        ("beat", "rejected", "ectopic beat"),
        ("marked", "", "movement"),
    ]
    assert SAID in (tmp_path / "corrections__R2.txt").read_text("utf-8")


def test_mne_and_edf_have_annotations_and_say_so(tracks: Tracks, tmp_path: Path) -> None:
    FORMATS["mne"](tracks, tmp_path)
    FORMATS["edf"](tracks, tmp_path)
    heart, skin = (
        mne.io.read_raw_fif(tmp_path / f"client_{name}__R2_raw.fif", verbose="error")
        for name in ("ecg", "eda")
    )
    assert SAID in heart.info["description"]
    assert "BAD_by_hand" in heart.annotations.description
    assert "BAD_by_hand" not in skin.annotations.description
    file = edfio.read_edf(tmp_path / "D01_S01__R2.edf")
    texts = [note.text for note in file.annotations]
    assert file.recording.additional == ("corrected_by_R2",)
    assert SAID in texts
    assert [t for t in texts if t.endswith(("inserted", "rejected"))] == [
        t for t in heart.annotations.description if t.endswith(("inserted", "rejected"))
    ]


def test_xdf_has_a_stream_of_marks_of_each_person(
    tracks: Tracks, marks: CorrectedMarks, tmp_path: Path
) -> None:
    [path] = FORMATS["xdf"](tracks, tmp_path)
    streams = {s["info"]["name"][0]: s for s in pyxdf.load_xdf(str(path))[0]}
    for role in ("client", "therapist"):
        stream = streams[f"{role} beats and responses corrected by R2"]
        assert stream["info"]["desc"][0]["attunement"][0]["corrected"] == [SAID]
        np.testing.assert_array_equal(stream["time_stamps"], [m.time for m in marks.of(role)])
        assert json.loads(stream["time_series"][0][0])["what"] == "beat"


def test_a_derivative_holds_them_in_bids(tracks: Tracks, tmp_path: Path) -> None:
    FORMATS["bids"](tracks, tmp_path)
    folder = tmp_path / "derivatives" / "corrected-R2"
    about = json.loads((folder / "dataset_description.json").read_text("utf-8"))
    assert about["DatasetType"] == "derivative" and SAID in about["Name"]
    assert "derivatives/corrected-R2" in (tmp_path / "README").read_text("utf-8")
    [table] = folder.glob("sub-C01/*/beh/*_desc-R2_events.tsv")
    assert json.loads(table.with_suffix(".json").read_text("utf-8"))["Corrected"] == SAID
    assert table.read_text("utf-8").startswith("onset\tduration\ttrial_type\t")


def test_who_has_corrected_nothing_is_answered_in_a_line(recording: Path, tmp_path: Path) -> None:
    said = ("export", str(recording), "--to", "csv", "--out", str(tmp_path / "out"), "--corrections")
    result = CliRunner().invoke(attune, [*said, "R9"])
    assert result.exit_code == 1
    assert "no corrections by R9 (known: R2)" in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
    done = CliRunner().invoke(attune, [*said, "R2"])
    assert done.exit_code == 0 and SAID in done.stdout
