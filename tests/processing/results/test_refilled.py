"""Rows that rest on what was refilled are marked, in tables and exports; others are not."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from acquisition.event import Notice
from acquisition.recording.refill import NOTHING
from acquisition.refilling.refilling import refill
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from processing.cohort.known import Ledger
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from processing.export.bids import export_bids
from processing.export.export import export_csv
from processing.export.tracks import read_tracks
from processing.index import IndexSample
from processing.results.refilled import Refills, refills
from tests.acquisition.refilling.synthetic import BEGIN, GAP, card, written
from tests.processing.sessions import INFOS, START, Samples, run, session

AWAY = (START + 430.0, START + 445.0)
"""A drop-out of two sensors of the client [s]."""
WINDOWS = (
    "hr",
    "ibi",
    "lnrmssd",
    "rmssd",
    "sdnn",
    "scr",
    "scr_amp",
    "scr_rate",
    "eda_quality",
    "arousal_channels",
)
"""Indices that depend on their window and on nothing that was learnt before."""
CUT = [i for i in INFOS if i.role is Role.CLIENT and i.modality in (Modality.ECG, Modality.EDA)]


def told(message: str = "7 samples refilled", infos: list[StreamInfo] = CUT) -> list[Notice]:
    """Return the notices of a refill."""
    start, stop = AWAY
    return [
        Notice(
            time=stop, kind="refilled", role=i.role, stream=i.name, message=message, start=start, stop=stop
        )
        for i in infos
    ]


def found(notices: list[Notice]) -> Refills:
    """Return what they say of the simulated session."""
    return refills(notices, INFOS, PipelineConfig(), passed=False)


def without(info: StreamInfo, times: FloatArray, samples: FloatArray) -> Samples:
    """Leave out what did not come."""
    keep = (times < AWAY[0]) | (times > AWAY[1]) | (info not in CUT)
    return times[keep], samples[keep]


@pytest.fixture(scope="module")
def whole() -> list[IndexSample]:
    """Return the rows of the whole session."""
    return run(session())


def test_every_row_that_a_refill_changes_is_marked_and_few_others(whole: list[IndexSample]) -> None:
    live = {(s.entity, s.index, s.time): s.value for s in run(session().changed(without))}
    marked = found(told()).of(whole)
    before = np.array([live.get((s.entity, s.index, s.time), np.inf) for s in whole])
    after = np.array([s.value for s in whole])
    differs = (before != after) & ~(np.isnan(before) & np.isnan(after))
    for index in WINDOWS:
        mine = np.array([s.entity == "client" and s.index == index for s in whole])
        assert differs[mine].any(), index
        assert not (differs & ~marked)[mine].any(), index
        assert (marked & ~differs)[mine].sum() <= 40, index  # the edge of its window, and what changes little
    assert not marked[[s.entity == "therapist" for s in whole]].any()
    assert marked[[s.entity == "dyad" and s.index == "sync_hr" for s in whole]].any()


def test_nothing_is_marked_without_a_refill_or_by_one_that_found_nothing_or_that_feeds_nothing(
    whole: list[IndexSample],
) -> None:
    whole = whole[:20_000]
    assert not found([]).of(whole).any()
    assert not found(told(f"{NOTHING}: 7 samples without a value")).of(whole).any()
    voice = [i for i in INFOS if i.modality is Modality.VOICE and i.role is Role.CLIENT][:1]
    assert not {s.index for s, m in zip(whole, found(told(infos=voice)).of(whole), strict=True) if m} & {
        "hr",
        "scl",
    }


@pytest.fixture(scope="module")
def refilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a recording that was processed, refilled and processed again, and its results."""
    parent = tmp_path_factory.mktemp("refilled")
    path = written(parent / "rec")
    first = process_recording(path, parent / "out", config=PipelineConfig())
    assert "refilled" not in pq.read_table(first.directory / "indices.parquet").column_names
    ledger = Ledger(parent / "ledger")
    before = ledger.known(path)
    refill(path, folder=card(parent / "card"))
    assert ledger.known(path).input != before.input  # a store finds out
    again = process_recording(path, parent / "out", config=PipelineConfig())
    assert not again.skipped
    assert process_recording(path, parent / "out", config=PipelineConfig()).skipped
    return path, again.directory


def test_results_made_again_say_which_rows_were_refilled(refilled: tuple[Path, Path]) -> None:
    table = pq.read_table(refilled[1] / "indices.parquet").to_pandas()
    marked = table[table.refilled]
    assert set(marked.entity) == {"client"}
    assert marked.time.min() > BEGIN + GAP[0] - 130.0
    inside = table[(table.time > BEGIN + GAP[0]) & (table.time < BEGIN + GAP[1])]
    assert len(inside) > 10
    assert inside.refilled.all()


def test_exports_say_which_samples_were_refilled(refilled: tuple[Path, Path], tmp_path: Path) -> None:
    tracks = read_tracks(refilled[0])
    (tmp_path / "csv").mkdir()
    export_csv(tracks, tmp_path / "csv")
    with (tmp_path / "csv" / "client_shimmer_eda.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = np.array([float(r["time"]) for r in rows])
    said = np.array([r["refilled"] == "1" for r in rows])
    assert np.array_equal(said, (times > BEGIN + GAP[0]) & (times < BEGIN + GAP[1]))
    export_bids(tracks, tmp_path / "bids")
    (about,) = (tmp_path / "bids").rglob("*recording-eda_physio.json")
    ((onset, length),) = json.loads(about.read_text())["Refilled"]["Spans"]
    assert onset == pytest.approx(GAP[0], abs=0.2)
    assert onset + length == pytest.approx(GAP[1], abs=0.2)


def test_where_a_device_changed_hands_rows_of_both_people_are_marked(tmp_path: Path) -> None:
    path = written(tmp_path / "rec", swaps=[(50.0, Role.THERAPIST)])
    refill(path, folder=card(tmp_path / "card"))
    done = process_recording(path, tmp_path / "out", config=PipelineConfig())
    table = pq.read_table(done.directory / "indices.parquet").to_pandas()
    marked = table[table.refilled & (table["index"] == "eda_quality")]
    for who, low, high in (("client", 40.0, 50.0), ("therapist", 50.0, 60.0)):
        mine = marked[marked.entity == who]
        assert len(mine) >= 8
        assert mine.time.min() > BEGIN + low - 2.0
        assert mine.time.max() < BEGIN + high + 2.0
    session = json.loads((done.directory / "session.json").read_text())
    assert {r["stream"].split("/")[0] for r in session["refilled"]} == {"client", "therapist"}
