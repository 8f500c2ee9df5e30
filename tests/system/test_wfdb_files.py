"""Records in the WFDB format are read as they were written, and labels laid where the beats are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.stream import FloatArray, IntArray
from benchmarks.label_times import laid, with_early, with_paused
from benchmarks.labelled import at_rate, early, first_lead, intervals_of, read
from benchmarks.labelled_beats import Result
from benchmarks.labels import Labelled, Labels
from benchmarks.leads import row
from benchmarks.wfdb_files import BEATS, SKIP, read_beats, read_leads, read_signals

RATE = 250.0
CODES = {symbol: code for code, symbol in BEATS.items()}


def packed(pairs: IntArray) -> bytes:
    """Return samples of two leads in format 212, twelve bits each."""
    first, second = (pairs & 0xFFF).T
    high = first >> 8 | (second >> 8) << 4
    return np.stack((first & 0xFF, high, second & 0xFF), axis=1).astype(np.uint8).tobytes()


def annotated(beats: list[tuple[int, str]]) -> bytes:
    """Return beats in the MIT format, with a rhythm and its text, a subtype and steps that need more bits."""
    words, last = [28 << 10 | 5, 63 << 10 | 3, 0x4128, 0x0046], 5
    for at, symbol in beats:
        step = at - last
        if step > 1023:
            words += [SKIP << 10, step >> 16, step & 0xFFFF]
            step = 0
        words += [CODES[symbol] << 10 | step, 61 << 10 | 1]
        last = at
    return np.array([*words, 0], "<u2").tobytes()


def written(folder: Path, table: IntArray, kind: str, beats: list[tuple[int, str]]) -> Path:
    """Write a record of two leads, 200 counts a mV about 10 and 250 about -20."""
    raw = packed(table) if kind == "212" else b"\0" * 512 + table.astype("<i2").tobytes()
    (folder / "r.dat").write_bytes(raw)
    form = kind if kind == "212" else "16+512"
    lines = ["# made", f"r 2 250/250(0) {len(table)}"]
    lines += [f"r.dat {form} 200(10)/mV 12 0 0 0 0 II", f"r.dat {form} 250 12 -20 0 0 0 V5"]
    (folder / "r.hea").write_text("\n".join(lines))
    (folder / "r.atr").write_bytes(annotated(beats))
    return folder / "r.hea"


def heart(beats: FloatArray, n: int) -> FloatArray:
    time, out = np.arange(n) / RATE, np.zeros(n)
    for at in beats.tolist():
        out += np.exp(-0.5 * ((time - at) / 0.011) ** 2) - 0.3 * np.exp(
            -0.5 * ((time - at - 0.03) / 0.011) ** 2
        )
    return out


@pytest.mark.parametrize("kind", ["212", "16"])
def test_signals_and_beats_are_read_as_they_were_written(tmp_path: Path, kind: str) -> None:
    table = np.random.default_rng(0).integers(-2048, 2048, (401, 2))
    beats = [(30, "N"), (300, "V"), (300 + 1023, "N"), (2400, "A"), (90_000, "F")]
    path = written(tmp_path, table, kind, beats)
    signals = read_signals(path)
    assert (signals.sfreq, signals.leads) == (250.0, ["II", "V5"])
    assert signals.samples == pytest.approx((table - [10, -20]) / [200, 250])
    assert read_beats(tmp_path / "r.atr") == beats
    two = read_leads(path)
    assert [one.name for one in two] == ["r II", "r V5"]
    assert two[0].labels.names == list("NVNAF") and two[1].labels.times[1] == 300 / RATE


def test_what_nobody_labelled_is_left_out(tmp_path: Path) -> None:
    table = np.zeros((30_000, 2), np.int64)
    table[20_000] = 100
    path = written(tmp_path, table, "16", [(20_000, "N"), (20_200, "N")])
    assert read_leads(path, whole=True)[1].labels.times == pytest.approx([80.0, 80.8])
    lead = read_leads(path)[0]
    assert lead.labels.times == pytest.approx([0.5, 1.3])
    assert np.flatnonzero(lead.signals["ecg"] > 0.3).tolist() == [125]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "no WFDB header"),
        ("r 1 250\nr.dat 80 200 12 0 0 0 0 I", "format 80"),
        ("r 2 250\nr.dat 16 200 12 0 0 0 0 I\ns.dat 16 200 12 0 0 0 0 II", "several files"),
    ],
)
def test_other_headers_are_refused(tmp_path: Path, header: str, said: str) -> None:
    (tmp_path / "r.hea").write_text(header)
    with pytest.raises(ValueError, match=said):
        read_signals(tmp_path / "r.hea")


def test_labels_are_laid_where_the_beats_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    beats = 1.0 + np.cumsum(0.8 + 0.02 * rng.standard_normal(60))
    n = round(52 * RATE)
    ecg = heart(beats, n)
    table = np.stack((300 * ecg, 100 * ecg + 15 * rng.standard_normal(n)), axis=1).round().astype(np.int64)
    marked = beats + 0.012 * rng.standard_normal(60)
    path = written(tmp_path, table, "212", [(round(t * RATE), "N") for t in marked.tolist()])
    for lead in read(path, None, to_beats=True):
        off = lead.labels.times - beats
        assert np.abs(off - np.median(off)).max() < 0.0015
        slow = at_rate(lead, 130.0)
        assert (slow.sfreq, len(slow.times)) == (130.0, len(slow.signals["ecg"])) and slow.times[-1] < 52.1
    few = [one._replace(labels=one.labels._replace(names=["V"] * 60)) for one in read_leads(path)]
    assert laid(few) is few


def test_an_early_normal_beat_is_an_atrial_one_where_labels_know_none() -> None:
    times = np.cumsum([0.8] * 10 + [0.59, 1.0] + [0.8] * 3 + [0.5, 1.1] + [0.61, 0.9] + [0.8] * 8)
    names = ["N"] * len(times)
    names[15] = "V"
    assert [k for k, name in enumerate(with_early(times, names)) if name == "A"] == [10]


def test_the_leads_of_a_heart_are_held_against_each_other() -> None:
    def lead(rmssd: float) -> Result:
        beats, none = np.arange(50.0), np.full(50, np.nan)
        level = np.where(beats < 20, np.nan, rmssd)
        return Result(beats, np.ones(50, np.bool_), level, none, none, none, np.ones(50, np.bool_))

    assert row("a", lead(10.0), [lead(11.0), lead(20.0)]) == "| a | 60.0 | 100.0 | 10.0 | 0 |"
    assert row("b", lead(11.0), [lead(10.0), lead(11.5)]) == "| b | 60.0 | 0.0 | 11.0 | 0 |"
    other = lead(11.0)
    assert row("c", lead(11.0), [other._replace(beats=other.beats + 0.3)]) == "| c | 60.0 | nan | 11.0 | 50 |"


def recordings(steps: list[float], names: str) -> list[Labelled]:
    """Return two leads of one record with these labels."""
    beats = np.cumsum([1.0, *steps])
    labels = Labels(beats, list(names), np.empty(0), np.empty(0), [])
    times = np.arange(1000) / RATE
    return [Labelled(f"I99 {lead}", times, RATE, {"ecg": np.zeros(1000)}, labels) for lead in ("I", "aVF")]


def test_early_beats_with_a_pause_are_early_whatever_their_label() -> None:
    steps = [0.8] * 8 + [0.66, 0.9] + [0.8] * 6 + [0.66, 0.8] + [0.8] * 4
    leads = recordings(steps, "N" * 23)
    assert with_paused(leads[0].labels.times, leads[0].labels.names) == list("N" * 9 + "A" + "N" * 13)
    assert early(leads[0]).labels.names[9] == "A"


def test_the_first_lead_that_a_record_has_stands_for_it() -> None:
    leads = recordings([0.8] * 4, "NNNNN")
    assert first_lead(leads, ["II", "AVF", "I"]) == [leads[1]]
    assert first_lead(leads, ["V5"]) == leads == first_lead(leads, [])


def test_intervals_of_labels_end_at_each_but_the_first() -> None:
    (alone,) = intervals_of(recordings([0.8, 0.7, 0.9], "NNNN"))
    assert alone.name == "I99 intervals"
    assert alone.times == pytest.approx([1.8, 2.5, 3.4])
    assert alone.signals["rr"] == pytest.approx([800.0, 700.0, 900.0])
