"""A file with a faulty sensor, imported and processed as a user does, ends in words that name the fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.commands.importing import import_command
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Consent, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from processing.cli import process_command
from tests.processing.heart.test_heart import ecg
from tests.processing.skin_signals import respond

SECONDS, HEART, SKIN = 70.0, 130.0, 4.0
RNG = np.random.default_rng(2)
TIMES = np.arange(int(SECONDS * HEART)) / HEART
BEATS = np.cumsum(0.8 + 0.03 * RNG.standard_normal(100))
GOOD_ECG = ecg(BEATS, HEART, SECONDS, noise=0.01)
NOISE = RNG.standard_normal(len(TIMES))
GOOD_EDA = 5.0 + 0.002 * NOISE[:280] + respond(np.arange(280) / SKIN, 20.0, 0.5)


class Row(NamedTuple):
    """Hold one row of indices.parquet."""

    time: float
    value: float
    quality: float
    reason: str


class Result(NamedTuple):
    """Hold what a user gets: the printed text and the table."""

    text: str
    table: dict[tuple[str, str], list[Row]]


def result(folder: Path, **columns: tuple[str, FloatArray]) -> Result:
    """Import columns, name → (ROLE:MODALITY:UNIT:SFREQ, samples), and process the recording."""
    arrays: dict[str, Any] = {name: samples for name, (_, samples) in columns.items()}
    np.savez(folder / "file.npz", **arrays)
    streams = [word for name, (what, _) in columns.items() for word in ("--stream", f"{what}={name}")]
    done = CliRunner().invoke(
        import_command, [str(folder / "file.npz"), *streams, "--out", str(folder / "rec")]
    )
    assert done.exit_code == 0, done.output
    return processed(folder)


def processed(folder: Path) -> Result:
    done = CliRunner().invoke(process_command, [str(folder / "rec"), "--out", str(folder / "results")])
    assert done.exit_code == 0, done.output
    table = pq.read_table(folder / "results" / "rec" / "indices.parquet").to_pydict()
    rows: dict[tuple[str, str], list[Row]] = {}
    names = ("entity", "index", "time", "value", "quality", "reason")
    for entity, index, *row in zip(*(table[name] for name in names), strict=True):
        rows.setdefault((entity, index), []).append(Row(*row))
    return Result(done.output, rows)


def known(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.value == row.value]


def _hum(frequency: float) -> Callable[[FloatArray], FloatArray]:
    return lambda x: x + np.sin(2 * np.pi * frequency * TIMES)


ECG_FAULTS: dict[str, tuple[Callable[[FloatArray], FloatArray], str]] = {
    "constant": (lambda x: np.full_like(x, 0.7), "flat (all of the seconds)"),
    "zeros": (np.zeros_like, "flat (all of the seconds)"),
    "missing": (lambda x: np.full_like(x, np.nan), "no data (all of the seconds)"),
    "holes": (lambda x: np.where((TIMES // 10) % 3 == 1, np.nan, x), "no data ("),
    "clipped": (lambda x: np.clip(x, -0.37, 0.37), "saturated ("),
    "hum 50": (_hum(50.0), "line noise (all of the seconds)"),
    "hum 60": (_hum(60.0), "line noise (all of the seconds)"),
    "noise": (lambda x: 0.3 * NOISE, "electrode off (all of the seconds)"),
}
EDA_FAULTS: dict[str, tuple[Callable[[FloatArray], FloatArray], str]] = {
    "constant": (lambda x: np.full_like(x, 5.0), "EDA flat ("),
    "zeros": (np.zeros_like, "electrode off: below 0.05 µS, or not in µS (all of the seconds)"),
    "missing": (lambda x: np.full_like(x, np.nan), "no data (all of the seconds)"),
    "holes": (lambda x: np.where(np.arange(len(x)) % 120 < 40, np.nan, x), "no data ("),
    "clipped": (lambda x: np.minimum(x, 4.99), "EDA flat ("),
    "siemens": (lambda x: 1e-6 * x, "unit looks like S, not µS (all of the seconds)"),
    "nanosiemens": (lambda x: 1e3 * x, "unit looks like nS, or counts, not µS (all of the seconds)"),
    "counts": (lambda x: 100.0 * x, "above 60 µS: not in µS, or a short circuit (all of the seconds)"),
}


@pytest.mark.parametrize(("heart", "skin"), list(zip(ECG_FAULTS, EDA_FAULTS, strict=True)))
def test_a_fault_is_named_in_the_text_and_in_the_results(tmp_path: Path, heart: str, skin: str) -> None:
    spoil_ecg, said_of_ecg = ECG_FAULTS[heart]
    spoil_eda, said_of_eda = EDA_FAULTS[skin]
    done = result(
        tmp_path,
        ecg=("client:ecg:mV:130", spoil_ecg(GOOD_ECG)),
        eda=("therapist:eda:uS:4", spoil_eda(GOOD_EDA)),
    )
    assert f"client ECG: {said_of_ecg}" in done.text
    assert f"therapist EDA: {said_of_eda}" in done.text
    for entity, index, said in (("client", "ecg", said_of_ecg), ("therapist", "eda", said_of_eda)):
        reason = said.split(" (")[0]
        faulty = [row for row in done.table[entity, f"{index}_quality"] if row.reason == reason]
        assert faulty
        assert not [row for row in faulty if row.value > 0.5]
    missing = [row for rows in done.table.values() for row in rows if row.value != row.value]
    assert all(row.reason for row in missing)
    if heart not in ("holes", "clipped") and not heart.startswith("hum"):
        assert not known(done.table["client", "hr"])
    if skin not in ("holes", "clipped"):
        assert not known([row for row in done.table["therapist", "scl"] if row.time > 20])


def test_an_inverted_ecg_and_a_good_one_have_the_same_beats_and_no_words(tmp_path: Path) -> None:
    done = result(tmp_path, ecg=("client:ecg:mV:130", -GOOD_ECG), same=("therapist:ecg:mV:130", GOOD_ECG))
    assert "ECG:" not in done.text
    ways = [np.array([row.time for row in known(done.table[who, "ibi"])]) for who in ("client", "therapist")]
    assert len(ways[0]) == len(ways[1]) > 75
    assert np.abs(ways[0] - ways[1]).max() < 0.001


@pytest.mark.parametrize(
    ("scale", "unit", "said"),
    [
        (1e-3, "mV", "unit looks like V, not mV"),
        (1e3, "mV", "unit looks like µV, not mV"),
        (1.0, "V", "unit looks like mV, not V"),
    ],
)
def test_an_ecg_in_another_unit_keeps_its_times_and_says_so_with_each_of_them(
    tmp_path: Path, scale: float, unit: str, said: str
) -> None:
    done = result(tmp_path, ecg=(f"client:ecg:{unit}:130", scale * GOOD_ECG))
    assert f"client ECG: {said} (" in done.text
    for index in ("hr", "ibi", "rmssd"):
        values = known(done.table["client", index])
        assert len(values) > 20
        assert {(row.quality, row.reason) for row in values} == {(0.0, said)}
    heart_rate = np.mean([row.value for row in known(done.table["client", "hr"])])
    assert heart_rate == pytest.approx(75.0, abs=2.0)
    assert {row.value for row in done.table["client", "ecg_quality"] if row.reason == said} == {0.0}


def test_an_ecg_at_10_hz_is_refused_at_import_with_place_and_choices(tmp_path: Path) -> None:
    np.savez(tmp_path / "slow.npz", ecg=GOOD_ECG[::13])
    words = [str(tmp_path / "slow.npz"), "--stream", "client:ecg:mV:10=ecg", "--out", str(tmp_path / "rec")]
    done = CliRunner().invoke(import_command, words)
    assert done.exit_code == 1
    (line,) = done.output.strip().splitlines()
    assert "slow.npz: column 'ecg': ECG at 10 Hz: 100-1000 Hz are needed to place an R peak; give" in line
    assert "its beats as rr or ppi, or leave this stream out" in line
    assert not (tmp_path / "rec").exists()


def test_an_ecg_at_10_hz_that_was_recorded_is_refused_in_the_results(tmp_path: Path) -> None:
    info = StreamInfo(
        name="ECG", role=Role.CLIENT, modality=Modality.ECG, sfreq=10.0, unit="mV", channels=("ECG",)
    )
    store = RecordingStore(tmp_path / "rec", fsync=0.0)
    nobody, given = Participant("T01", Consent()), Participant("C01", Consent(version="1", ecg=True))
    session = Session(
        id="rec",
        crisis_contact="test desk",
        client=given,
        therapist=nobody,
        recorded=Recorded(started="2026-11-22T00:00:00+00:00", streams=(info,)),
    )
    (tmp_path / "rec" / "session.toml").write_text(dump_session(session), "utf-8")
    store.open_stream(info)
    for k in range(600):
        store.samples(info, np.array([0.1 * k]), GOOD_ECG[13 * k : 13 * k + 1, None])
        store.tick(0.1 * k, 1.7e9 + 0.1 * k)
    store.close()
    done = processed(tmp_path)
    said = "ECG at 10 Hz: 100-1000 Hz are needed to place an R peak"
    assert f"client ECG: {said} (all of the seconds)" in done.text
    for index in ("hr", "ibi", "rmssd", "hf", "resp_rate", "ecg_quality"):
        rows = done.table.get(("client", index), [])
        assert all(row.value != row.value and row.reason == said for row in rows if row.time > 5.0)
    assert done.table["client", "hr"]


def test_a_belt_in_a_file_gives_the_breathing_rate(tmp_path: Path) -> None:
    times = np.arange(25 * 70) / 25.0
    done = result(
        tmp_path,
        ecg=("client:ecg:mV:130", GOOD_ECG),
        belt=("client:resp:V:25", 2.0 + 0.3 * np.sin(2 * np.pi * 0.2 * times)),
    )
    rates = known(done.table["client", "resp_rate"])
    assert len(rates) >= 7
    assert "respiration:" not in done.text
    assert [row.value for row in rates] == pytest.approx([12.0] * len(rates), abs=0.2)


def test_a_belt_that_lay_still_is_named(tmp_path: Path) -> None:
    done = result(tmp_path, belt=("client:resp:V:25", np.full(25 * 70, 2.0)))
    assert "client respiration: flat (" in done.text
    assert not known(done.table["client", "resp_rate"])
