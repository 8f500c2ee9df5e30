"""What a pulse band says of its intervals, in exports: each channel with its own unit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from acquisition.importing.assigning import import_as
from acquisition.importing.options import Options
from acquisition.stream import CONTACT, ERROR, Modality, Role, StreamInfo
from acquisition.xdf.header import header_xml
from processing.export.bids import export_bids
from processing.export.export import export_csv, export_xdf
from processing.export.tracks import Track, Tracks, read_tracks

INFO = StreamInfo(
    name="band",
    role=Role.CLIENT,
    modality=Modality.PPI,
    sfreq=0.0,
    unit="ms",
    channels=("PPI", ERROR, CONTACT),
)


@pytest.fixture
def tracks() -> Tracks:
    """Return three intervals of a band."""
    told = np.array([[800.0, 8.0, 1.0], [np.nan, 30.0, 1.0], [810.0, 9.0, np.nan]])
    track = Track(info=INFO, times=np.array([1.0, 1.8, 2.6]), samples=told)
    return Tracks(session_id="D01_S01", streams=(track,), events=(), begin=0.0, end=3.0)


def test_csv_gives_contact_no_unit(tracks: Tracks, tmp_path: Path) -> None:
    export_csv(tracks, tmp_path)
    head = (tmp_path / "client_band.csv").read_text("utf-8").splitlines()[0]
    assert head == "time,t,PPI [ms],error [ms],contact"


def test_bids_gives_contact_no_unit(tracks: Tracks, tmp_path: Path) -> None:
    (about,) = (p for p in export_bids(tracks, tmp_path) if p.name.endswith("acq-ppi_beh.json"))
    said = json.loads(about.read_text("utf-8"))
    units = [said[name]["Units"] for name in ("ppi", "error", "contact")]
    assert units == ["ms", "ms", "arbitrary"]


def test_the_header_of_a_recording_gives_contact_no_unit() -> None:
    text = header_xml(INFO).decode()
    assert text.count("<unit>ms</unit>") == 2


def test_errors_come_back_from_xdf(tracks: Tracks, tmp_path: Path) -> None:
    """Intervals alone would have an RMSSD of quality 1 again, whatever the band said of them."""
    (file,) = export_xdf(tracks, tmp_path)
    import_as([(Role.CLIENT, file)], out=tmp_path / "D01_S02", options=Options())
    (back,) = read_tracks(tmp_path / "D01_S02").streams
    assert back.info.channels == INFO.channels
    assert back.info.unit == "ms"
    assert np.array_equal(back.samples, tracks.streams[0].samples, equal_nan=True)
