"""Exports, imported again: each sample where it was, none where none was, each mark once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.commands.importing import import_command
from acquisition.stream import Modality
from processing.export.export import export_edf, export_mne
from processing.export.tracks import Track, Tracks, on_even_grid, read_tracks
from tests.processing.simulated_hour import infos, write_hour

HOLES = (5, 8, 9, 200, 202, 700)
"""Samples that are missing, single ones too."""


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Tracks:
    path = tmp_path_factory.mktemp("x") / "D01_S01"
    write_hour(path, streams=infos(leave_out=[Modality.VOICE]))
    return read_tracks(path)


def with_holes(track: Track) -> Track:
    keep = ~np.isin(np.arange(len(track.times)), HOLES)
    return replace(track, times=track.times[keep], samples=track.samples[keep])


def imported(*words: object) -> str:
    result = CliRunner().invoke(import_command, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result.output


def grid_of(tracks: Tracks, modality: Modality, role: str = "client") -> np.ndarray:
    (one,) = (t for t in tracks.streams if (t.info.role, t.info.modality) == (role, modality))
    return on_even_grid(one, tracks.begin, tracks.end)


@pytest.mark.parametrize("asked", ["by --stream", "by --as"])
def test_what_is_missing_in_an_edf_of_ours_is_missing_again(
    tracks: Tracks, tmp_path: Path, asked: str
) -> None:
    mine = tuple(with_holes(t) for t in tracks.streams if t.info.role == "client" and t.info.sfreq > 0)
    holed = replace(tracks, streams=mine)
    (path,) = export_edf(holed, tmp_path)
    said = ["--as", "client", path]
    if asked == "by --stream":
        said = [path, "--stream", "client:ecg:mV=ECG C", "--stream", "client:eda:uS=EDA C"]
    imported(*said, "--out", tmp_path / "R")
    back = read_tracks(tmp_path / "R")
    for modality in (Modality.ECG, Modality.EDA):
        before, after = grid_of(holed, modality), grid_of(back, modality)
        assert np.isnan(before).sum() >= len(HOLES)  # so the holes were made
        n = min(len(before), len(after))
        assert np.isnan(before[n:]).all()
        step = np.ptp(before[np.isfinite(before)]) / 65_000
        assert np.array_equal(np.isnan(before[:n]), np.isnan(after[:n]))
        np.testing.assert_allclose(after[:n], before[:n], atol=step)


def test_a_channel_that_is_missing_alone_is_missing_again(tracks: Tracks, tmp_path: Path) -> None:
    (ecg,) = (t for t in tracks.streams if t.name == "client_ecg")
    two = np.column_stack([ecg.samples, ecg.samples]).astype(float)
    two[300:340, 1] = np.nan
    info = replace(ecg.info, channels=("ECG I", "ECG II"))
    (path,) = export_edf(replace(tracks, streams=(replace(ecg, info=info, samples=two),)), tmp_path)
    imported(path, "--stream", "client:ecg:mV=ECG I C", "--out", tmp_path / "R1")
    imported(path, "--stream", "client:ecg:mV=ECG II C", "--out", tmp_path / "R2")
    one, other = (grid_of(read_tracks(tmp_path / r), Modality.ECG) for r in ("R1", "R2"))
    assert np.isfinite(one[300:340]).all()
    assert np.isnan(other[300:340]).all()
    assert np.isfinite(other[[299, 340]]).all()


def test_marks_that_each_file_of_an_export_repeats_come_once_and_it_is_said(
    tracks: Tracks, tmp_path: Path
) -> None:
    files = export_mne(tracks, tmp_path)
    mine, theirs = ([f for f in files if f.name.startswith(r)] for r in ("client", "therapist"))
    assert len(mine) + len(theirs) > 2
    said = imported("--as", "client", *mine, "--as", "therapist", *theirs, "--out", tmp_path / "R")
    assert said.count("in several files, taken once") == 1
    assert said.count("kept as texts: no baseline or pause comes of them") == 1
    assert "baseline_rest" in said.split("kept as texts")[0].splitlines()[-1]
    held = Counter((round(e.time, 6), e.code, e.phase) for e in read_tracks(tmp_path / "R").events)
    assert {n for (_, code, _), n in held.items() if not code.startswith("BAD")} == {1}
    assert sum("baseline_rest" in code for _, code, _ in held) == 2  # its begin and its end


def test_marks_of_one_file_are_all_kept_and_two_recorders_marks_of_other_times_too(tmp_path: Path) -> None:
    for name, shift in (("a", 0.0), ("b", 0.25)):
        rows = [f"{k / 4:.2f},{k % 7}" for k in range(400)]
        (tmp_path / f"{name}.csv").write_text("time,eda\n" + "\n".join(rows) + "\n", "utf-8")
        marks = "time,mark\n" + "".join(f"{at + shift:.2f},tap\n" for at in (10, 10, 20))
        (tmp_path / f"{name}_marks.csv").write_text(marks, "utf-8")
    said = imported(
        *(tmp_path / n for n in ("a.csv", "b.csv", "a_marks.csv", "b_marks.csv")),
        *(x for k in range(1, 5) for x in ("--time", f"{k}#time")),
        *("--stream", "client:eda:uS:4=1#eda", "--stream", "therapist:eda:uS:4=2#eda"),
        *("--stream", "dyad:markers:=3#mark", "--stream", "dyad:markers:=4#mark", "--align", "none"),
        *("--out", tmp_path / "R"),
    )
    assert "taken once" not in said
    assert "kept as texts" not in said
    assert len(read_tracks(tmp_path / "R").events) == 6
